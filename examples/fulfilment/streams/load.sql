-- The generated load: what a fulfilment company of 20 sites sends, 0.8 to 3.2 KB of JSON an event.
-- Written by: millrace generate fulfilment --rate 14 --burst 120 (seeded: the same seed gives the same events).
-- Every event of all three topics has the same envelope; `sequence` counts up by one over the whole load, so that a reader can tell
-- that an event has arrived. Extra fields (addresses, scans, free text) pad the records and are read by nobody here.
--   site_id "S01".."S20", zone "A".."F", currency "EUR"; three partitions a topic; the record key is order_id.
-- Event types
--   fulfilment.operations  pick_started pick_completed pack_completed label_printed sorted loaded shipped scan_exception
--   fulfilment.orders      order_placed order_changed order_cancelled
--   fulfilment.payments    payment_authorised payment_captured payment_refunded payment_failed

-- Operational events: at-least-once is enough, a duplicate scan changes no decision.
CREATE TABLE operations (
  event_id STRING NOT NULL, event_type STRING NOT NULL, occurred_at TIMESTAMP_LTZ(3) NOT NULL, `sequence` BIGINT NOT NULL,
  site_id STRING NOT NULL, zone STRING, order_id STRING,
  worker_id STRING, station_id STRING, sku STRING, quantity INT, duration_ms DOUBLE,
  src_partition INT METADATA FROM 'partition' VIRTUAL, src_offset BIGINT METADATA FROM 'offset' VIRTUAL,
  sent_at TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR occurred_at AS occurred_at - INTERVAL '1' SECOND
) WITH (
  'connector' = 'kafka', 'topic' = 'fulfilment.operations', 'scan.startup.mode' = 'earliest-offset',
  'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601'
);

-- Financial events: the topics are fsync (millrace.yaml), the tables strict (watermarks follow the records alone, so that a replay
-- gives the same windows), and every reader deduplicates by event_id: producers may send twice.
CREATE TABLE orders (
  event_id STRING NOT NULL, event_type STRING NOT NULL, occurred_at TIMESTAMP_LTZ(3) NOT NULL, `sequence` BIGINT NOT NULL,
  site_id STRING NOT NULL, zone STRING, order_id STRING NOT NULL,
  customer_id STRING, currency STRING, total DECIMAL(12, 2), promised_at TIMESTAMP_LTZ(3),
  items ARRAY<ROW<sku STRING, quantity INT, unit_price DECIMAL(12, 2)>>,
  arrived_at AS PROCTIME(),
  WATERMARK FOR occurred_at AS occurred_at - INTERVAL '1' SECOND
) WITH (
  'connector' = 'kafka', 'topic' = 'fulfilment.orders', 'scan.startup.mode' = 'earliest-offset', 'strict' = 'true',
  'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601'
);

CREATE TABLE payments (
  event_id STRING NOT NULL, event_type STRING NOT NULL, occurred_at TIMESTAMP_LTZ(3) NOT NULL, `sequence` BIGINT NOT NULL,
  site_id STRING NOT NULL, zone STRING, order_id STRING NOT NULL,
  payment_id STRING, `method` STRING, currency STRING, amount DECIMAL(12, 2) NOT NULL,
  arrived_at AS PROCTIME(),
  WATERMARK FOR occurred_at AS occurred_at - INTERVAL '1' SECOND
) WITH (
  'connector' = 'kafka', 'topic' = 'fulfilment.payments', 'scan.startup.mode' = 'earliest-offset', 'strict' = 'true',
  'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601'
);

-- Each financial event once, the first that arrived.
CREATE VIEW orders_once AS
SELECT event_id, event_type, occurred_at, `sequence`, site_id, zone, order_id, customer_id, currency, total, promised_at, items
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY arrived_at ASC) AS rn FROM orders)
WHERE rn = 1;

CREATE VIEW payments_once AS
SELECT event_id, event_type, occurred_at, `sequence`, site_id, zone, order_id, payment_id, `method`, currency, amount
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY arrived_at ASC) AS rn FROM payments)
WHERE rn = 1;
