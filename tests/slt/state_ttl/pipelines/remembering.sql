CREATE MATERIALIZED VIEW all_pages AS SELECT who, COUNT(*) AS n FROM clicks GROUP BY who;
CREATE MATERIALIZED VIEW hinted AS SELECT /*+ STATE_TTL('clicks' = '3 h') */ who, COUNT(*) AS n FROM clicks GROUP BY who;
