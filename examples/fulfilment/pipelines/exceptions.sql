-- Containers that are not loaded four hours before their vehicle leaves, while somebody can still act on it.
-- Over the whole log 109 containers become an exception; 47 of them clear when they are loaded, 62 are never loaded.

-- The plan: which container leaves when. Plain joins of the newest facts, so the plan changes as bookings do. (Casting takes the
-- time attribute away, which a regular join must not carry.)
CREATE VIEW plan_links AS
SELECT container_id, document_id, order_id, src_offset
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY container_id ORDER BY occurred_at DESC) AS rn FROM document_links)
WHERE rn = 1;

CREATE VIEW plan_bookings AS
SELECT document_id, vehicle_id, departure
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY document_id ORDER BY occurred_at DESC) AS rn FROM vehicle_bookings)
WHERE rn = 1;

-- What has happened to each container so far (nothing yet: the event behind it is then its transport document's). The topic has one partition, so the greatest offset is the newest record.
CREATE VIEW container_state AS
SELECT container_id, MAX(step) AS step, CAST(MAX(occurred_at) AS TIMESTAMP(3)) AS last_at, MAX(src_offset) AS src_offset,
       CAST(MIN(occurred_at) FILTER (WHERE step = 7) AS TIMESTAMP(3)) AS loaded_at
FROM container_events
GROUP BY container_id;

CREATE VIEW container_plan AS
SELECT l.container_id, l.document_id, l.order_id, b.vehicle_id, b.departure, b.departure - INTERVAL '4' HOUR AS load_by,
       s.step, s.last_at, COALESCE(s.src_offset, l.src_offset) AS src_offset, s.loaded_at, 1 AS k
FROM plan_links AS l
JOIN plan_bookings AS b ON l.document_id = b.document_id
LEFT JOIN container_state AS s ON l.container_id = s.container_id;

-- Time, as the clock topic tells it: by the minute, and by the hour. (The hour straight from the clock: a maximum that does not move
-- says nothing, where one over changing rows would take its row back and give it again each minute.)
CREATE VIEW minute_now AS
SELECT k, CAST(MAX(`now`) AS TIMESTAMP(3)) AS `now`, FLOOR(CAST(MAX(`now`) AS TIMESTAMP(3)) TO HOUR) AS hour_at
FROM (SELECT 1 AS k, `now` FROM clock)
GROUP BY k;

CREATE VIEW hour_now AS
SELECT k, MAX(hour_at) AS hour_at
FROM (SELECT 1 AS k, FLOOR(CAST(`now` AS TIMESTAMP(3)) TO HOUR) AS hour_at FROM clock)
GROUP BY k;

-- Loaded containers are gone before any join with the clock.
CREATE VIEW not_loaded AS
SELECT * FROM container_plan WHERE loaded_at IS NULL;

-- Two moments matter for each container still waiting: four hours before its vehicle leaves, and the departure.
CREATE VIEW deadlines AS
SELECT container_id, load_by AS at, FLOOR(load_by TO HOUR) AS hour_at, k FROM not_loaded
UNION ALL
SELECT container_id, departure AS at, FLOOR(departure TO HOUR) AS hour_at, k FROM not_loaded;

-- How many of the two have passed. A comparison with the time costs a row for every row compared, at every tick; so a minute is
-- compared only with the deadlines of its own hour (an equal key: the others are not even looked at), and the hour with all before.
CREATE VIEW deadlines_passed AS
SELECT container_id, COUNT(*) AS passed
FROM (
  SELECT d.container_id, d.at FROM deadlines AS d JOIN hour_now AS h ON d.k = h.k AND d.hour_at < h.hour_at
  UNION ALL
  SELECT d.container_id, d.at FROM deadlines AS d JOIN minute_now AS n ON d.hour_at = n.hour_at AND d.at <= n.`now`
)
GROUP BY container_id;

-- The queue a supervisor works through: open now. A row leaves when the container is loaded; after departure it says "missed".
CREATE MATERIALIZED VIEW exceptions (PRIMARY KEY (container_id) NOT ENFORCED) AS
SELECT p.container_id, p.document_id, p.order_id, p.vehicle_id, p.departure, p.load_by,
       CASE WHEN d.passed >= 2 THEN 'missed' ELSE 'at risk' END AS status,
       CASE COALESCE(p.step, 0)
         WHEN 0 THEN 'not picked up' WHEN 1 THEN 'picked up' WHEN 2 THEN 'being filled' WHEN 3 THEN 'at the terminal'
         WHEN 4 THEN 'weighed' WHEN 5 THEN 'in stock' WHEN 6 THEN 'at the bay' END AS stage,
       p.last_at, 'logistics.events' AS src_topic, 0 AS src_partition, p.src_offset
FROM not_loaded AS p
JOIN deadlines_passed AS d ON p.container_id = d.container_id;

-- Every exception there has been, with when it cleared: 109 rows at the end, 47 of them cleared.
CREATE MATERIALIZED VIEW exception_history (PRIMARY KEY (container_id) NOT ENFORCED) AS
SELECT container_id, document_id, order_id, vehicle_id, departure, load_by, loaded_at AS cleared_at
FROM container_plan
WHERE loaded_at > load_by
UNION ALL
SELECT container_id, document_id, order_id, vehicle_id, departure, load_by, CAST(NULL AS TIMESTAMP(3)) AS cleared_at
FROM exceptions;

CREATE MATERIALIZED VIEW exceptions_by_status AS
SELECT status, COUNT(*) AS containers, COUNT(DISTINCT vehicle_id) AS vehicles
FROM exceptions
GROUP BY status;

-- The next departures and what is still missing on each.
CREATE MATERIALIZED VIEW departures AS
SELECT vehicle_id, MAX(departure) AS departure, COUNT(*) AS containers,
       COUNT(loaded_at) AS loaded, COUNT(*) - COUNT(loaded_at) AS missing
FROM container_plan
GROUP BY vehicle_id;
