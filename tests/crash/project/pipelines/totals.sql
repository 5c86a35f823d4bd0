CREATE MATERIALIZED VIEW totals AS SELECT k, COUNT(*) AS n, SUM(v) AS total FROM events GROUP BY k;
INSERT INTO copied SELECT id, k, v FROM events;
INSERT INTO per_key SELECT k, COUNT(*), SUM(v) FROM events GROUP BY k;
INSERT INTO stored SELECT id, k, v, ts FROM events;
