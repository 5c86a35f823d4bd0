CREATE TABLE click (id INT NOT NULL, page INT, who STRING, value INT, at TIMESTAMP(3))
WITH ('connector' = 'kafka', 'topic' = 'click', 'scan.startup.mode' = 'latest-offset', 'format' = 'json');
CREATE FUNCTION initials (name STRING) RETURNS STRING AS $$ UPPER(SUBSTRING(name, 1, 1)) || '.' $$;
