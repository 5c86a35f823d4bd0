CREATE TABLE a (id BIGINT NOT NULL, k STRING NOT NULL, v BIGINT NOT NULL)
WITH ('connector' = 'kafka', 'topic' = 'a', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset');
CREATE TABLE b (id BIGINT NOT NULL, k STRING NOT NULL, v BIGINT NOT NULL)
WITH ('connector' = 'kafka', 'topic' = 'b', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset');
CREATE TABLE c (id BIGINT NOT NULL, k STRING NOT NULL, v BIGINT NOT NULL)
WITH ('connector' = 'kafka', 'topic' = 'c', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset');

CREATE VIEW events AS
SELECT id, k, v FROM a UNION ALL SELECT id, k, v FROM b UNION ALL SELECT id, k, v FROM c;

CREATE TABLE copied (id BIGINT, k STRING, v BIGINT) WITH ('connector' = 'kafka', 'topic' = 'copied', 'format' = 'json');
CREATE TABLE per_key (k STRING, n BIGINT, total BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'warehouse');
