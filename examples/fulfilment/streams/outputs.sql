-- Where results go, apart from the materialised views: two topics, as the Flink job this replaces had (one for the
-- dashboard's readers, one for storage), the lake and the warehouse. Raw events need no table here: the archive copies raw
-- topics into the lake by itself (millrace.yaml, `archive`).

-- For anyone who wants the live events in a flat shape: browsers of other teams, a notifier, kcat.
CREATE TABLE dashboard_events (
  event_id STRING, event_type STRING, occurred_at TIMESTAMP_LTZ(3), objects INT, subject STRING, subject_type STRING
) WITH ('connector' = 'kafka', 'topic' = 'logistics.dashboard', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601');

-- Events enriched with document, order and vehicle, for downstream storage.
CREATE TABLE processed_events (
  event_id STRING, event_type STRING, occurred_at TIMESTAMP_LTZ(3), container_id STRING, weight DOUBLE,
  document_id STRING, order_id STRING, vehicle_id STRING, departure TIMESTAMP(3)
) WITH ('connector' = 'kafka', 'topic' = 'logistics.processed', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601');

-- The same rows in the Iceberg lake, partitioned by the hour of the time column.
CREATE TABLE lake_processed_events (
  event_id STRING, event_type STRING, occurred_at TIMESTAMP_LTZ(3), container_id STRING, weight DOUBLE,
  document_id STRING, order_id STRING, vehicle_id STRING, departure TIMESTAMP(3)
) WITH ('connector' = 'iceberg', 'catalog-database' = 'logistics', 'catalog-table' = 'processed_events', 'time-column' = 'occurred_at');

-- Rollups in the warehouse (DuckDB), kept for two years: minute and hour, per event type.
CREATE TABLE rollup_minute (
  window_start TIMESTAMP(3) NOT NULL, window_end TIMESTAMP(3) NOT NULL, event_type STRING NOT NULL, events BIGINT, containers BIGINT,
  PRIMARY KEY (window_start, window_end, event_type) NOT ENFORCED
) WITH ('connector' = 'warehouse', 'table' = 'logistics_minute', 'time-column' = 'window_start', 'retention' = '730 d');

CREATE TABLE rollup_hour (
  window_start TIMESTAMP(3) NOT NULL, window_end TIMESTAMP(3) NOT NULL, event_type STRING NOT NULL, events BIGINT, containers BIGINT,
  PRIMARY KEY (window_start, window_end, event_type) NOT ENFORCED
) WITH ('connector' = 'warehouse', 'table' = 'logistics_hour', 'time-column' = 'window_start', 'retention' = '730 d');

-- The generated load: takings by the minute and the hour.
CREATE TABLE payments_rollup_minute (
  window_start TIMESTAMP(3) NOT NULL, window_end TIMESTAMP(3) NOT NULL, site_id STRING NOT NULL, event_type STRING NOT NULL,
  payments BIGINT, amount DECIMAL(38, 2),
  PRIMARY KEY (window_start, window_end, site_id, event_type) NOT ENFORCED
) WITH ('connector' = 'warehouse', 'table' = 'payments_minute', 'time-column' = 'window_start', 'retention' = '730 d');

CREATE TABLE payments_rollup_hour (
  window_start TIMESTAMP(3) NOT NULL, window_end TIMESTAMP(3) NOT NULL, site_id STRING NOT NULL, event_type STRING NOT NULL,
  payments BIGINT, amount DECIMAL(38, 2),
  PRIMARY KEY (window_start, window_end, site_id, event_type) NOT ENFORCED
) WITH ('connector' = 'warehouse', 'table' = 'payments_hour', 'time-column' = 'window_start', 'retention' = '730 d');

CREATE TABLE lake_payments (
  event_id STRING, event_type STRING, occurred_at TIMESTAMP_LTZ(3), site_id STRING, order_id STRING, payment_id STRING,
  amount DECIMAL(12, 2), currency STRING
) WITH ('connector' = 'iceberg', 'catalog-database' = 'fulfilment', 'catalog-table' = 'payments', 'time-column' = 'occurred_at');
