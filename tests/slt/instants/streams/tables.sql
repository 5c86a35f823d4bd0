-- An instant (TIMESTAMP_LTZ) as event time, with a computed column and a watermark expression of its own.
CREATE TABLE ev (
  id INT NOT NULL, site STRING, at_ms BIGINT, v DOUBLE,
  t AS TO_TIMESTAMP_LTZ(at_ms, 3),
  WATERMARK FOR t AS t - INTERVAL '0.5' SECOND
) WITH ('connector' = 'kafka', 'topic' = 'ev', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
