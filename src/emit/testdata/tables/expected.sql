-- shop for Apache Flink SQL, written by: millrace compile --target flink
-- What differs on Flink: docs/flink.md of millrace.
SET 'execution.runtime-mode' = 'streaming';
SET 'table.local-time-zone' = 'UTC';

-- Results become visible with each checkpoint.
SET 'execution.checkpointing.interval' = '1000 ms';
SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE';

CREATE TEMPORARY TABLE `base` (
  id INT NOT NULL, a INT, raw_offset BIGINT METADATA FROM 'offset' VIRTUAL, `timestamp` TIMESTAMP_LTZ(3) METADATA VIRTUAL,
  b AS a + 1, c AS (a + 1) * 2, `at` TIMESTAMP(3),
  WATERMARK FOR `at` AS `at`
) COMMENT 'what comes' WITH (
  'connector' = 'kafka',
  'topic' = 'base',
  'properties.bootstrap.servers' = 'elsewhere:9092',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'scan.startup.mode' = 'earliest-offset',
  'key.fields' = 'id',
  'properties.group.id' = 'shop',
  'properties.isolation.level' = 'read_committed',
  'scan.watermark.emit.strategy' = 'on-event',
  'scan.watermark.idle-timeout' = '30 s'
);

CREATE TEMPORARY TABLE `twin` WITH (
  'connector' = 'kafka',
  'topic' = 'twin',
  'properties.bootstrap.servers' = 'elsewhere:9092',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'scan.startup.mode' = 'earliest-offset',
  'key.fields' = 'id',
  'properties.group.id' = 'shop',
  'properties.isolation.level' = 'read_committed'
) LIKE `base` (EXCLUDING WATERMARKS EXCLUDING OPTIONS);

CREATE TEMPORARY TABLE `latest` (id INT NOT NULL, a INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'latest',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'key.json.encode.decimal-as-plain-number' = 'true',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = 'http://registry:8081',
  'properties.group.id' = 'shop',
  'properties.isolation.level' = 'read_committed',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.latest',
  'properties.transaction.timeout.ms' = '900000'
);

CREATE TEMPORARY TABLE `plain` (id INT, a INT) WITH (
  'connector' = 'kafka',
  'topic' = 'plain',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'csv',
  'csv.field-delimiter' = ';',
  'sink.delivery-guarantee' = 'at-least-once'
);

-- connector 'iceberg' of millrace: the rows go to the topic lake
CREATE TEMPORARY TABLE `lake` (id INT, a INT, `at` TIMESTAMP(3)) WITH (
  'connector' = 'kafka',
  'topic' = 'lake',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'json.encode.decimal-as-plain-number' = 'true',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.lake',
  'properties.transaction.timeout.ms' = '900000'
);

-- connector 'warehouse' of millrace: the rows go to the topic rollup_a
CREATE TEMPORARY TABLE `rollup_a` (a INT NOT NULL, n BIGINT, PRIMARY KEY (a) NOT ENFORCED) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'rollup_a',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.rollup_a',
  'properties.transaction.timeout.ms' = '900000'
);

CREATE TEMPORARY TABLE `seen` (id INT) WITH (
  'connector' = 'print'
);

-- pipelines/pipeline_1.sql: one job.
SET 'pipeline.name' = 'shop.pipeline_1';

CREATE TEMPORARY TABLE `kept` (`id` INT NOT NULL, `a` INT, `at` TIMESTAMP(3)) WITH (
  'connector' = 'kafka',
  'topic' = 'kept',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.encode.decimal-as-plain-number' = 'true',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.kept',
  'properties.transaction.timeout.ms' = '900000'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `kept` (`id`, `a`, `at`)
SELECT `id`, `a`, `at` FROM (
SELECT id, a, `at` FROM twin
);

-- Twice into one topic.
INSERT INTO `latest` /*+ OPTIONS('sink.transactional-id-prefix' = 'shop.latest.1') */
SELECT id, a FROM base /*+ OPTIONS('scan.startup.mode' = 'earliest-offset') */;

INSERT INTO `latest` /*+ OPTIONS('sink.transactional-id-prefix' = 'shop.latest.2') */ (a, id)
SELECT a, id FROM twin  WHERE a IS NOT NULL;

-- Each elsewhere.
INSERT INTO `plain`
SELECT id, c FROM base;

INSERT INTO `lake`
SELECT id, a, `at` FROM base;

INSERT INTO `rollup_a`
SELECT a, COUNT(*) FROM base WHERE a IS NOT NULL GROUP BY a;

INSERT INTO `seen`
SELECT id FROM latest;

END;

RESET 'pipeline.name';
