-- Operators forget what nobody has written for an hour. Flink's answer depends on its clock, so these are written by hand.
SET 'table.exec.state.ttl' = '1 h';
CREATE MATERIALIZED VIEW pages_by_user AS SELECT who, COUNT(*) AS n, COUNT(DISTINCT page) AS pages FROM clicks GROUP BY who;
CREATE MATERIALIZED VIEW last_page AS
SELECT who, page FROM (SELECT who, page, ROW_NUMBER() OVER (PARTITION BY who ORDER BY page DESC) AS r FROM clicks) WHERE r = 1;
CREATE MATERIALIZED VIEW shipped (PRIMARY KEY (id, carrier) NOT ENFORCED) AS
SELECT o.id, o.item, s.carrier FROM orders AS o JOIN shipments AS s ON o.id = s.id;
-- Orders for a day, whatever the setting says; shipments for ever.
CREATE MATERIALIZED VIEW shipped_late (PRIMARY KEY (id, carrier) NOT ENFORCED) AS
SELECT /*+ STATE_TTL('o' = '1 d', 's' = '0') */ o.id, o.item, s.carrier FROM orders AS o JOIN shipments AS s ON o.id = s.id;
-- A partition of OVER is forgotten as a whole.
CREATE MATERIALIZED VIEW running (PRIMARY KEY (who, ts) NOT ENFORCED) AS
SELECT who, ts, SUM(n) OVER w AS total, ROW_NUMBER() OVER w AS place, LAG(n) OVER w AS before
FROM visits WINDOW w AS (PARTITION BY who ORDER BY ts);
CREATE MATERIALIZED VIEW last_two (PRIMARY KEY (who, ts) NOT ENFORCED) AS
SELECT who, ts, SUM(n) OVER (PARTITION BY who ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS two FROM visits;
CREATE MATERIALIZED VIEW by_size (PRIMARY KEY (who, ts) NOT ENFORCED) AS
SELECT who, ts, SUM(n) OVER (PARTITION BY who ORDER BY n DESC) AS larger FROM visits;
