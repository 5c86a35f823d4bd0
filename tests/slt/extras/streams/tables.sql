-- What a bounded run of Flink cannot answer: processing time, lookups, functions written in SQL.
CREATE TABLE click (id INT NOT NULL, page INT, who STRING, p AS PROCTIME())
WITH ('connector' = 'kafka', 'topic' = 'click', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE page (page INT NOT NULL, title STRING, PRIMARY KEY (page) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'page', 'key.format' = 'json', 'value.format' = 'json');
CREATE FUNCTION initials (name STRING) RETURNS STRING AS $$ UPPER(SUBSTRING(name, 1, 1)) || '.' $$;
CREATE TABLE sale (id INT NOT NULL, g INT, v BIGINT)
WITH ('connector' = 'kafka', 'topic' = 'sale', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE returned WITH ('topic' = 'returned') LIKE sale;
CREATE TABLE step (id INT NOT NULL, who STRING, v INT, at TIMESTAMP(3) NOT NULL, WATERMARK FOR at AS at)
WITH ('connector' = 'kafka', 'topic' = 'step', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
