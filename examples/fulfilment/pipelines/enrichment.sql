-- Each container event with its transport document, customer order, booked vehicle and departure, as known when it happened;
-- and how long containers stand between weighing and loading.

-- The newest link of a container and the newest booking of a document: versioned tables, by keep-last on the event time.
CREATE VIEW link_versions AS
SELECT container_id, document_id, order_id, occurred_at
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY container_id ORDER BY occurred_at DESC) AS rn FROM document_links)
WHERE rn = 1;

CREATE VIEW booking_versions AS
SELECT document_id, vehicle_id, departure, occurred_at
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY document_id ORDER BY occurred_at DESC) AS rn FROM vehicle_bookings)
WHERE rn = 1;

-- As of the event's own time, so a replay gives the same answer. An event and a link of the same second match, whichever came first.
CREATE VIEW enriched AS
SELECT c.event_id, c.event_type, c.occurred_at, c.src_partition, c.src_offset, c.container_id, c.step, c.weight,
       l.document_id, l.order_id, b.vehicle_id, b.departure
FROM container_events AS c
LEFT JOIN link_versions FOR SYSTEM_TIME AS OF c.occurred_at AS l ON c.container_id = l.container_id
LEFT JOIN booking_versions FOR SYSTEM_TIME AS OF c.occurred_at AS b ON l.document_id = b.document_id;

-- Features of a container by key: 485 of the log's 510 containers have a document. Where a container has two events in one
-- second, the later arrival is the one shown (document, order and vehicle are the same for both).
CREATE MATERIALIZED VIEW container_details AS
SELECT container_id, event_id, event_type, occurred_at, src_partition, src_offset, weight,
       document_id, order_id, vehicle_id, departure
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY container_id ORDER BY occurred_at DESC) AS rn FROM enriched)
WHERE rn = 1;

-- How far each customer order has come.
CREATE MATERIALIZED VIEW order_progress AS
SELECT order_id,
       COUNT(DISTINCT container_id) AS containers,
       COUNT(DISTINCT container_id) FILTER (WHERE step >= 3) AS arrived,
       COUNT(DISTINCT container_id) FILTER (WHERE step = 7) AS loaded,
       MAX(weight) AS heaviest, MIN(departure) AS first_departure, MAX(occurred_at) AS last_at
FROM enriched
WHERE order_id IS NOT NULL
GROUP BY order_id;

-- Dwell: from "Weigh" to "Load to Vehicle" where the two follow each other in the container's arrival order. This one does
-- depend on the order inside a second: "Bring to Loading Bay" and "Load to Vehicle" share theirs, and a load counts here where
-- it comes first. 311 over the log, 40.72 h on average. (Ordered by processing time, which is arrival; ordered by occurred_at,
-- Flink lets LAG see all rows of a second at once.) Whole seconds, so that the sums below are exact.
CREATE VIEW container_steps AS
SELECT event_id, container_id, event_type, occurred_at, src_partition, src_offset,
       LAG(event_type) OVER w AS previous_type,
       LAG(CAST(occurred_at AS TIMESTAMP(3))) OVER w AS previous_at
FROM container_events
WINDOW w AS (PARTITION BY container_id ORDER BY arrived_at);

CREATE VIEW dwell_times AS
SELECT event_id, container_id, occurred_at, src_partition, src_offset, previous_at AS weighed_at,
       TIMESTAMPDIFF(SECOND, previous_at, CAST(occurred_at AS TIMESTAMP(3))) AS dwell_s
FROM container_steps
WHERE event_type = 'Load to Vehicle' AND previous_type = 'Weigh';

CREATE MATERIALIZED VIEW dwell (PRIMARY KEY (event_id) NOT ENFORCED) WITH ('view.retention' = '400 d') AS
SELECT event_id, container_id, weighed_at, occurred_at AS loaded_at, dwell_s, CAST(dwell_s AS DOUBLE) / 3600 AS dwell_h
FROM dwell_times;

CREATE MATERIALIZED VIEW dwell_summary AS
SELECT k, COUNT(*) AS loads, AVG(CAST(dwell_s AS DOUBLE)) / 3600 AS mean_h, MAX(dwell_s) / 3600.0 AS longest_h
FROM (SELECT 1 AS k, dwell_s FROM dwell_times)
GROUP BY k;

-- Beyond three deviations of the last 51 loads, itself included: 8 over the log.
CREATE VIEW dwell_scored AS
SELECT event_id, container_id, occurred_at, src_partition, src_offset, weighed_at, dwell_s,
       COUNT(*) OVER w AS seen,
       AVG(CAST(dwell_s AS DOUBLE)) OVER w AS mean_s,
       STDDEV_POP(CAST(dwell_s AS DOUBLE)) OVER w AS sd_s
FROM dwell_times
WINDOW w AS (ORDER BY occurred_at ROWS BETWEEN 50 PRECEDING AND CURRENT ROW);

CREATE MATERIALIZED VIEW dwell_anomalies (PRIMARY KEY (event_id) NOT ENFORCED) WITH ('view.retention' = '400 d') AS
SELECT event_id, container_id, weighed_at, occurred_at AS loaded_at, src_partition, src_offset,
       CAST(dwell_s AS DOUBLE) / 3600 AS dwell_h, mean_s / 3600 AS mean_h,
       (CAST(dwell_s AS DOUBLE) - mean_s) / sd_s AS sigmas
FROM dwell_scored
WHERE seen >= 10 AND sd_s > 0 AND ABS(CAST(dwell_s AS DOUBLE) - mean_s) > 3 * sd_s;
