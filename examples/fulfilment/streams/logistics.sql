-- The replayed event log of a container terminal, and the clock that goes with it.
-- Written by: millrace replay examples/fulfilment/input/container-logistics.jsonl --topic logistics.events --clock clock
--   (`make run` does it). The record's own timestamp is the moment of sending; the event's time is in the payload.

-- One JSON object a record, as in the file. The topic has one partition: the log is one sequence, and dwell times are read
-- off it in arrival order. The watermark waits one second, because events of the same second arrive in any order.
CREATE TABLE logistics_events (
  event_id      STRING NOT NULL,
  event_type    STRING NOT NULL,
  occurred_at   TIMESTAMP_LTZ(3) NOT NULL,
  objects       ARRAY<ROW<
                  id STRING,
                  `type` STRING,
                  `role` STRING,
                  attributes MAP<STRING, STRING>,
                  belongs_to ARRAY<ROW<id STRING, `type` STRING, `as` STRING>>>>,
  src_partition INT METADATA FROM 'partition' VIRTUAL,
  src_offset    BIGINT METADATA FROM 'offset' VIRTUAL,
  sent_at       TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  arrived_at    AS PROCTIME(),
  WATERMARK FOR occurred_at AS occurred_at - INTERVAL '1' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'logistics.events',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601'
);

-- Nothing in SQL fires because time passes, so the replay also says what time it is: one record a simulated minute,
-- {"now": "2023-05-30T07:00:00Z"}, sent before the events of that minute.
CREATE TABLE clock (
  `now` TIMESTAMP_LTZ(3) NOT NULL,
  WATERMARK FOR `now` AS `now`
) WITH (
  'connector' = 'kafka',
  'topic' = 'clock',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601'
);

-- One row for each object of each event. The event's time stays a time attribute through UNNEST, as in Flink.
CREATE VIEW logistics_objects AS
SELECT e.event_id, e.event_type, e.occurred_at, e.arrived_at, e.src_partition, e.src_offset,
       o.id AS object_id, o.`type` AS object_type, o.`role` AS object_role, o.attributes
FROM logistics_events AS e
CROSS JOIN UNNEST(e.objects) AS o (id, `type`, `role`, attributes, belongs_to);

-- The container's part of each event, with its place on the way through the terminal. Steps are numbered because two of
-- them may share a second, where neither time nor file order tells which was first.
CREATE VIEW container_events AS
SELECT event_id, event_type, occurred_at, arrived_at, src_partition, src_offset,
       object_id AS container_id,
       CAST(attributes['Weight'] AS DOUBLE) AS weight,
       CASE event_type
         WHEN 'Pick Up Empty Container' THEN 1
         WHEN 'Load Truck' THEN 2
         WHEN 'Drive to Terminal' THEN 3
         WHEN 'Weigh' THEN 4
         WHEN 'Place in Stock' THEN 5
         WHEN 'Bring to Loading Bay' THEN 6
         WHEN 'Load to Vehicle' THEN 7
       END AS step
FROM logistics_objects
WHERE object_type = 'Container';

-- What a transport document says: which containers travel under it, for which customer order.
-- Container.belongs_to holds only trucks, so the link is read from the document's side.
CREATE VIEW document_links AS
SELECT c.id AS container_id, d.id AS document_id, r.id AS order_id, e.occurred_at, e.src_offset
FROM logistics_events AS e
CROSS JOIN UNNEST(e.objects) AS d (id, `type`, `role`, attributes, belongs_to)
CROSS JOIN UNNEST(d.belongs_to) AS c (id, `type`, `as`)
CROSS JOIN UNNEST(d.belongs_to) AS r (id, `type`, `as`)
WHERE d.`type` = 'Transport Document' AND c.`type` = 'Container' AND r.`type` = 'Customer Order';

-- Which vehicle was booked for a document: the two appear together in "Book Vehicle". (Vehicle.belongs_to would tell
-- more, but it already lists documents that are booked only later.)
CREATE VIEW vehicle_bookings AS
SELECT d.id AS document_id, v.id AS vehicle_id, TO_TIMESTAMP(v.attributes['Departure Date']) AS departure, e.occurred_at
FROM logistics_events AS e
CROSS JOIN UNNEST(e.objects) AS d (id, `type`, `role`, attributes, belongs_to)
CROSS JOIN UNNEST(e.objects) AS v (id, `type`, `role`, attributes, belongs_to)
WHERE e.event_type = 'Book Vehicle' AND d.`type` = 'Transport Document' AND v.`type` = 'Vehicle';
