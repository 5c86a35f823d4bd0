-- LEAD and what else reads rows behind the row: Flink refuses them on streams
CREATE MATERIALIZED VIEW sale_places (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, LEAD(v, 1, CAST(-1 AS BIGINT)) OVER w AS later, LAG(v) OVER w AS before, NTILE(2) OVER w AS half, CUME_DIST() OVER w AS c,
  PERCENT_RANK() OVER w AS p, NTH_VALUE(v, 2) OVER w AS second, COUNT(*) OVER (PARTITION BY g) AS n, SUM(v) OVER (PARTITION BY g ORDER BY v, id ROWS 1 PRECEDING) AS pair
FROM sale WINDOW w AS (PARTITION BY g ORDER BY v, id);

-- of rows that change
CREATE MATERIALIZED VIEW sale_running (PRIMARY KEY (g) NOT ENFORCED) AS
SELECT g, total, SUM(total) OVER (ORDER BY total, g) AS running, LEAD(g) OVER (ORDER BY total, g) AS above FROM (SELECT g, SUM(v) AS total FROM sale GROUP BY g);

-- a table made of a query, and tables like another one
CREATE TABLE large_sale WITH ('connector' = 'kafka', 'topic' = 'large_sale', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json') AS
SELECT id, v * 2 AS doubled FROM sale WHERE v > 15;

CREATE MATERIALIZED VIEW returns AS SELECT COUNT(*) AS n, SUM(v) AS v FROM returned;

CREATE MATERIALIZED VIEW returns_by_hint AS SELECT COUNT(*) AS n, MAX(id) AS hi FROM sale /*+ OPTIONS('topic' = 'returned') */;

CREATE MATERIALIZED VIEW sales_and_returns (PRIMARY KEY (kind) NOT ENFORCED) AS
SELECT kind, COUNT(*) AS n FROM (SELECT 'sale' AS kind FROM sale UNION ALL SELECT 'return' FROM sale /*+ OPTIONS('topic' = 'returned') */) AS t GROUP BY kind;
