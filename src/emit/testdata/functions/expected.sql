-- shop for Apache Flink SQL, written by: millrace compile --target flink
-- What differs on Flink: docs/flink.md of millrace.
SET 'execution.runtime-mode' = 'streaming';
SET 'table.local-time-zone' = 'UTC';

-- Results become visible with each checkpoint.
SET 'execution.checkpointing.interval' = '1000 ms';
SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE';

CREATE TEMPORARY TABLE `click` (id INT NOT NULL, page INT, who STRING, `value` INT, `at` TIMESTAMP(3)) WITH (
  'connector' = 'kafka',
  'topic' = 'click',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'scan.startup.mode' = 'latest-offset',
  'properties.group.id' = 'shop',
  'properties.isolation.level' = 'read_committed'
);

-- pipelines/pipeline_1.sql: one job.
SET 'pipeline.name' = 'shop.pipeline_1';

CREATE TEMPORARY TABLE `named` (
  `id` INT,
  `i` STRING,
  `q` BIGINT,
  `value` INT,
  `end_` INT,
  `day` INT,
  PRIMARY KEY (`id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'named',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'key.json.encode.decimal-as-plain-number' = 'true',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.named',
  'properties.transaction.timeout.ms' = '900000'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `named`
SELECT id, CAST(UPPER(SUBSTRING(CAST(who AS STRING), 1, 1)) || '.' AS STRING) AS i, CAST(CAST((CAST(CAST(CAST(CAST((page + 1) * 2 AS INT) AS INT) + CAST(CAST((page + 1) * 2 AS INT) AS INT) AS BIGINT) + 1 AS INT)) AS INT) + CAST((CAST(CAST(CAST(CAST((page + 1) * 2 AS INT) AS INT) + CAST(CAST((page + 1) * 2 AS INT) AS INT) AS BIGINT) + 1 AS INT)) AS INT) AS BIGINT) AS q,
       click.`value` AS `value`, `value` + 1 AS end_, CAST(ROW(1, 'a') AS ROW<`value` INT, `day` STRING>).`value` AS `day`
FROM click AS click;

END;

RESET 'pipeline.name';
