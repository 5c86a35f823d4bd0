-- What the floor looks at: counts, rates, who is working. Everything here changes with every event or every closed window.

-- Thirteen running counts.
CREATE MATERIALIZED VIEW events_by_type AS
SELECT event_type, COUNT(*) AS events, MAX(occurred_at) AS last_at
FROM logistics_events
GROUP BY event_type;

-- The day's figures; "today" is the newest day.
CREATE MATERIALIZED VIEW events_by_day WITH ('view.retention' = '400 d') AS
SELECT CAST(occurred_at AS DATE) AS `day`,
       COUNT(*) AS events,
       COUNT(*) FILTER (WHERE event_type = 'Register Customer Order') AS orders,
       COUNT(*) FILTER (WHERE event_type = 'Collect Goods') AS units_collected,
       COUNT(*) FILTER (WHERE event_type = 'Drive to Terminal') AS containers_arrived,
       COUNT(*) FILTER (WHERE event_type = 'Load to Vehicle') AS containers_loaded,
       COUNT(*) FILTER (WHERE event_type = 'Depart') AS departures,
       COUNT(DISTINCT event_type) AS kinds,
       MAX(occurred_at) AS last_at
FROM logistics_events
GROUP BY CAST(occurred_at AS DATE);

-- The hour that is going on counts too: no window, so every event shows at once.
CREATE MATERIALIZED VIEW throughput_live WITH ('view.retention' = '400 d') AS
SELECT FLOOR(occurred_at TO HOUR) AS `hour`, event_type, COUNT(*) AS events
FROM logistics_events
GROUP BY FLOOR(occurred_at TO HOUR), event_type;

-- Finished hours, per type: 3,241 rows over the whole log.
CREATE VIEW hourly AS
SELECT window_start, window_end, window_time, event_type, COUNT(*) AS events
FROM TABLE(TUMBLE(TABLE logistics_events, DESCRIPTOR(occurred_at), INTERVAL '1' HOUR))
GROUP BY window_start, window_end, window_time, event_type;

CREATE MATERIALIZED VIEW throughput_hourly (PRIMARY KEY (window_start, window_end, event_type) NOT ENFORCED)
WITH ('view.retention' = '400 d') AS
SELECT window_start, window_end, event_type, events
FROM hourly;

-- Each finished hour against the last 25 rows of its type, itself included.
CREATE VIEW hourly_scored AS
SELECT window_start, window_end, event_type, events,
       COUNT(*) OVER w AS seen,
       AVG(CAST(events AS DOUBLE)) OVER w AS mean_events,
       STDDEV_POP(CAST(events AS DOUBLE)) OVER w AS sd_events
FROM hourly
WINDOW w AS (PARTITION BY event_type ORDER BY window_time ROWS BETWEEN 24 PRECEDING AND CURRENT ROW);

-- Rates far outside their own recent past: 57 over the whole log.
CREATE MATERIALIZED VIEW rate_anomalies (PRIMARY KEY (window_start, window_end, event_type) NOT ENFORCED)
WITH ('view.retention' = '400 d') AS
SELECT window_start, window_end, event_type, events, mean_events, sd_events,
       (CAST(events AS DOUBLE) - mean_events) / sd_events AS sigmas
FROM hourly_scored
WHERE seen >= 10 AND sd_events > 0 AND ABS(CAST(events AS DOUBLE) - mean_events) > 3 * sd_events;

-- Work of trucks and forklifts.
CREATE VIEW resource_events AS
SELECT event_id, event_type, occurred_at, src_offset, object_id AS resource_id, object_type AS kind
FROM logistics_objects
WHERE object_type IN ('Truck', 'Forklift');

-- A session ends with 60 minutes without work: 1,702 over the whole log. (One partition column: Flink cannot read back a view
-- whose SESSION has two. A resource has one kind, so MAX is only a way to carry it along.)
CREATE MATERIALIZED VIEW work_sessions WITH ('view.retention' = '400 d') AS
SELECT window_start, window_end, resource_id, MAX(kind) AS kind, COUNT(*) AS events
FROM TABLE(SESSION(TABLE resource_events PARTITION BY resource_id, DESCRIPTOR(occurred_at), INTERVAL '60' MINUTE))
GROUP BY window_start, window_end, resource_id;

-- A session shows only once it is over, so this says what each one is doing now: the last event, at once. Where a truck or
-- forklift has two events in one second, the later arrival is shown.
CREATE MATERIALIZED VIEW current_work AS
SELECT resource_id, kind, event_type, occurred_at, event_id, src_offset
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY resource_id ORDER BY occurred_at DESC) AS rn
  FROM resource_events)
WHERE rn = 1;

-- How much each has done, the busiest first on the dashboard.
CREATE MATERIALIZED VIEW work_by_resource AS
SELECT resource_id, kind, COUNT(*) AS events, COUNT(DISTINCT CAST(occurred_at AS DATE)) AS days, MAX(occurred_at) AS last_at
FROM resource_events
GROUP BY resource_id, kind;

-- Where every container is, by its furthest step (steps of one second have no order, MAX needs none).
CREATE MATERIALIZED VIEW containers AS
SELECT container_id, MAX(step) AS step, MAX(weight) AS weight, MIN(occurred_at) AS first_at, MAX(occurred_at) AS last_at,
       COUNT(*) AS events, MAX(src_offset) AS src_offset
FROM container_events
GROUP BY container_id;

CREATE MATERIALIZED VIEW containers_by_step AS
SELECT step,
       CASE step WHEN 1 THEN 'picked up' WHEN 2 THEN 'being filled' WHEN 3 THEN 'at the terminal' WHEN 4 THEN 'weighed'
                 WHEN 5 THEN 'in stock' WHEN 6 THEN 'at the bay' WHEN 7 THEN 'loaded' END AS stage,
       COUNT(*) AS containers
FROM containers
GROUP BY step;

-- One row: what is on the premises. (A constant key makes the row's identity plain.)
CREATE MATERIALIZED VIEW terminal AS
SELECT k, COUNT(*) AS containers,
       COUNT(*) FILTER (WHERE step < 7) AS open_containers,
       COUNT(*) FILTER (WHERE step BETWEEN 3 AND 6) AS on_site,
       COUNT(*) FILTER (WHERE step = 7) AS loaded
FROM (SELECT 1 AS k, step FROM containers)
GROUP BY k;

-- What time it is in the replayed world.
CREATE MATERIALIZED VIEW world_clock AS
SELECT k, MAX(`now`) AS `now`, COUNT(*) AS ticks
FROM (SELECT 1 AS k, `now` FROM clock)
GROUP BY k;

-- When the newest event was sent, so that a page can say how long it took from there to the eye.
CREATE MATERIALIZED VIEW last_sent AS
SELECT k, MAX(sent_at) AS sent_at, MAX(occurred_at) AS occurred_at, COUNT(*) AS events
FROM (SELECT 1 AS k, sent_at, occurred_at FROM logistics_events)
GROUP BY k;

-- The first of the two outputs: the flat live feed.
INSERT INTO dashboard_events
SELECT event_id, event_type, occurred_at, CARDINALITY(objects), objects[1].id, objects[1].`type`
FROM logistics_events;
