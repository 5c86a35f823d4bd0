-- shop for Apache Flink SQL, written by: millrace compile --target flink
-- What differs on Flink: docs/flink.md of millrace.
SET 'execution.runtime-mode' = 'streaming';
SET 'table.local-time-zone' = 'UTC';

-- Results become visible with each checkpoint.
SET 'execution.checkpointing.interval' = '1000 ms';
SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE';

-- Orders as they come.
CREATE TEMPORARY TABLE `orders` (
  id STRING NOT NULL, customer STRING, `value` DECIMAL(10, 2), ts TIMESTAMP(3) NOT NULL,
  WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'shop.orders',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'scan.startup.mode' = 'earliest-offset',
  'properties.group.id' = 'shop',
  'properties.isolation.level' = 'read_committed',
  'scan.watermark.emit.strategy' = 'on-event'
);

CREATE TEMPORARY VIEW `dear_orders` AS SELECT id, customer, `value`, ts FROM `orders` WHERE `value` > 100;

-- Declared before what it reads.
CREATE TEMPORARY VIEW `big_orders` AS SELECT * FROM dear_orders WHERE `value` > 1000;

-- pipelines/pipeline_2.sql: one job.
SET 'pipeline.name' = 'shop.pipeline_2';
SET 'table.exec.state.ttl' = '7 d';

-- view.retention and view.max-rows: say it with the topic's retention
-- a key of Flink's is never NULL: a row without customer fails the job
CREATE TEMPORARY TABLE `customers` (
  `customer` STRING,
  `n` BIGINT,
  `last_at` TIMESTAMP(3),
  PRIMARY KEY (`customer`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'shop.customers',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'key.json.encode.decimal-as-plain-number' = 'true',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'properties.group.id' = 'shop',
  'properties.isolation.level' = 'read_committed',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.customers',
  'properties.transaction.timeout.ms' = '900000'
);

-- How often each buys.
CREATE TEMPORARY VIEW `customers__rows` AS
SELECT customer, COUNT(*) AS n, MAX(ts) AS last_at -- the last one
FROM orders
GROUP BY customer;

-- a key of Flink's is never NULL: a row without customer fails the job
CREATE TEMPORARY TABLE `regulars` (
  `customer` STRING,
  `n` BIGINT,
  PRIMARY KEY (`customer`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'regulars',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'key.json.encode.decimal-as-plain-number' = 'true',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.regulars',
  'properties.transaction.timeout.ms' = '900000'
);

CREATE TEMPORARY TABLE `minutes` (
  `window_start` TIMESTAMP(3),
  `window_end` TIMESTAMP(3),
  `window_time` TIMESTAMP(3),
  `total` DECIMAL(38, 2),
  PRIMARY KEY (`window_start`, `window_end`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'minutes',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'key.json.encode.decimal-as-plain-number' = 'true',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.minutes',
  'properties.transaction.timeout.ms' = '900000'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `customers`
SELECT * FROM `customers__rows`;

-- Of those who buy often.
INSERT INTO `regulars`
SELECT customers.customer, c.n FROM `customers__rows` AS `customers` JOIN `customers__rows` AS c ON c.customer = customers.customer WHERE c.n > 10;

INSERT INTO `minutes`
SELECT window_start, window_end, window_time, SUM(`value`) AS total
FROM TABLE(TUMBLE(TABLE big_orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, window_time;

END;

RESET 'pipeline.name';
RESET 'table.exec.state.ttl';

-- pipelines/pipeline_1.sql: one job.
SET 'pipeline.name' = 'shop.pipeline_1';

CREATE TEMPORARY TABLE `regions` (
  `n` BIGINT,
  `customers` BIGINT,
  PRIMARY KEY (`n`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'regions',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'key.json.encode.decimal-as-plain-number' = 'true',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.regions',
  'properties.transaction.timeout.ms' = '900000'
);

EXECUTE STATEMENT SET BEGIN

-- Reads what another file makes.
INSERT INTO `regions`
SELECT customers.n, COUNT(*) AS customers FROM customers WHERE n IS NOT NULL GROUP BY customers.n;

END;

RESET 'pipeline.name';
