-- `pair` is id / 2: two events share one, and may meet in the join of a and b. `ts` follows the id.
CREATE TABLE a (id BIGINT NOT NULL, k STRING NOT NULL, v BIGINT NOT NULL, pair BIGINT NOT NULL, ts TIMESTAMP_LTZ(3) NOT NULL,
                WATERMARK FOR ts AS ts - INTERVAL '20' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'a', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset');
CREATE TABLE b (id BIGINT NOT NULL, k STRING NOT NULL, v BIGINT NOT NULL, pair BIGINT NOT NULL, ts TIMESTAMP_LTZ(3) NOT NULL,
                WATERMARK FOR ts AS ts - INTERVAL '20' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'b', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset');
CREATE TABLE c (id BIGINT NOT NULL, k STRING NOT NULL, v BIGINT NOT NULL, pair BIGINT NOT NULL, ts TIMESTAMP_LTZ(3) NOT NULL,
                WATERMARK FOR ts AS ts - INTERVAL '20' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'c', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset');

CREATE VIEW events AS
SELECT id, k, v, ts FROM a UNION ALL SELECT id, k, v, ts FROM b UNION ALL SELECT id, k, v, ts FROM c;

CREATE TABLE copied (id BIGINT, k STRING, v BIGINT) WITH ('connector' = 'kafka', 'topic' = 'copied', 'format' = 'json');
CREATE TABLE pairs (pair BIGINT, left_id BIGINT, right_id BIGINT) WITH ('connector' = 'kafka', 'topic' = 'pairs', 'format' = 'json');
CREATE TABLE seconds (window_start TIMESTAMP(3), n BIGINT, total BIGINT) WITH ('connector' = 'kafka', 'topic' = 'seconds', 'format' = 'json');
CREATE TABLE per_key (k STRING, n BIGINT, total BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'warehouse');
CREATE TABLE stored (id BIGINT, k STRING, v BIGINT, ts TIMESTAMP_LTZ(3)) WITH ('connector' = 'iceberg');
