-- One row of values a line, with NULLs and edge values: tests/v.jsonl.
CREATE TABLE v (
  id INT NOT NULL, b BOOLEAN, ti TINYINT, si SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE,
  `dec` DECIMAL(10, 2), dec2 DECIMAL(20, 6), big DECIMAL(38, 10), s STRING, s2 STRING, c CHAR(5), vc VARCHAR(8),
  dt DATE, dt2 DATE, tm TIME, ts TIMESTAMP(3), ts2 TIMESTAMP(3), ts6 TIMESTAMP(6), ltz TIMESTAMP_LTZ(3),
  arr ARRAY<INT>, sarr ARRAY<STRING>, m MAP<STRING, INT>, r ROW<x INT, y STRING>, js STRING
) WITH ('connector' = 'kafka', 'topic' = 'v', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
