-- no two rows of one auction at one time: LAG of such rows differs (docs/sql/differences.md)
CREATE VIEW untied AS SELECT * FROM bid WHERE id NOT IN (19, 33, 43, 58);

CREATE VIEW lagged AS SELECT ts, price - LAG(price) OVER (PARTITION BY auction ORDER BY ts) AS d FROM untied AS bid;

CREATE MATERIALIZED VIEW o_unbounded (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, COUNT(*) OVER w AS n, SUM(amount) OVER w AS s FROM bid WINDOW w AS (PARTITION BY auction ORDER BY ts RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);

CREATE MATERIALIZED VIEW o_unbounded_rows (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, COUNT(*) OVER w AS n, SUM(amount) OVER w AS s FROM bid WINDOW w AS (PARTITION BY auction ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);

-- the default frame: RANGE UNBOUNDED PRECEDING
CREATE MATERIALIZED VIEW o_default (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, SUM(price) OVER (PARTITION BY auction ORDER BY ts) AS s FROM bid;

CREATE MATERIALIZED VIEW o_lag_diff (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, price - LAG(price) OVER (PARTITION BY auction ORDER BY ts) AS d, TIMESTAMPDIFF(SECOND, LAG(ts) OVER (PARTITION BY auction ORDER BY ts), ts) AS gap FROM untied AS bid;

CREATE MATERIALIZED VIEW o_row_number (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY ts) AS rn FROM bid;

-- over window_time
CREATE MATERIALIZED VIEW o_window_time (PRIMARY KEY (window_time) NOT ENFORCED) AS
SELECT window_time, n, SUM(n) OVER (ORDER BY window_time ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM (SELECT window_time, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, window_time);

CREATE MATERIALIZED VIEW o_window_time_range (PRIMARY KEY (window_time) NOT ENFORCED) AS
SELECT window_time, n, SUM(n) OVER (ORDER BY window_time RANGE BETWEEN INTERVAL '20' SECOND PRECEDING AND CURRENT ROW) AS s FROM (SELECT window_time, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, window_time);

-- windows after OVER keep the time attribute
CREATE MATERIALIZED VIEW o_then_window (PRIMARY KEY (window_start, window_end) NOT ENFORCED) AS
SELECT window_start, window_end, SUM(d) AS d FROM TABLE(TUMBLE(TABLE lagged, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;

