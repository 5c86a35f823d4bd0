-- What is kept: the processed events (a topic for downstream storage, and the lake) and the rollups in the warehouse.
-- A pipeline of its own, so that nothing slow on this side can hold back the floor.

CREATE VIEW stored_links AS
SELECT container_id, document_id, order_id, occurred_at
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY container_id ORDER BY occurred_at DESC) AS rn FROM document_links)
WHERE rn = 1;

CREATE VIEW stored_bookings AS
SELECT document_id, vehicle_id, departure, occurred_at
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY document_id ORDER BY occurred_at DESC) AS rn FROM vehicle_bookings)
WHERE rn = 1;

-- One row for each event that concerns a container.
CREATE VIEW stored AS
SELECT c.event_id, c.event_type, c.occurred_at, c.container_id, c.weight, l.document_id, l.order_id, b.vehicle_id, b.departure
FROM container_events AS c
LEFT JOIN stored_links FOR SYSTEM_TIME AS OF c.occurred_at AS l ON c.container_id = l.container_id
LEFT JOIN stored_bookings FOR SYSTEM_TIME AS OF c.occurred_at AS b ON l.document_id = b.document_id;

EXECUTE STATEMENT SET BEGIN

INSERT INTO processed_events
SELECT event_id, event_type, occurred_at, container_id, weight, document_id, order_id, vehicle_id, departure FROM stored;

INSERT INTO lake_processed_events
SELECT event_id, event_type, occurred_at, container_id, weight, document_id, order_id, vehicle_id, departure FROM stored;

INSERT INTO rollup_minute
SELECT window_start, window_end, event_type, COUNT(*), COUNT(DISTINCT objects[1].id)
FROM TABLE(TUMBLE(TABLE logistics_events, DESCRIPTOR(occurred_at), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, event_type;

INSERT INTO rollup_hour
SELECT window_start, window_end, event_type, COUNT(*), COUNT(DISTINCT objects[1].id)
FROM TABLE(TUMBLE(TABLE logistics_events, DESCRIPTOR(occurred_at), INTERVAL '1' HOUR))
GROUP BY window_start, window_end, event_type;

END;
