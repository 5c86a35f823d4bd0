CREATE MATERIALIZED VIEW large_sales AS SELECT COUNT(*) AS n, SUM(doubled) AS s FROM large_sale;
