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
