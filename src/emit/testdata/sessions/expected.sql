-- shop for Apache Flink SQL, written by: millrace compile --target flink
-- What differs on Flink: docs/flink.md of millrace.
SET 'execution.runtime-mode' = 'streaming';
SET 'table.local-time-zone' = 'UTC';

-- Results become visible with each checkpoint.
SET 'execution.checkpointing.interval' = '1000 ms';
SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE';

CREATE TEMPORARY TABLE `click` (who STRING, page STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH (
  'connector' = 'kafka',
  'topic' = 'click',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'scan.startup.mode' = 'earliest-offset',
  'properties.group.id' = 'shop',
  'properties.isolation.level' = 'read_committed',
  'scan.watermark.emit.strategy' = 'on-event',
  'scan.watermark.idle-timeout' = '5000 ms'
);

-- pipelines/pipeline_1.sql: one job.
SET 'pipeline.name' = 'shop.pipeline_1';

CREATE TEMPORARY VIEW `local_name` AS SELECT who FROM click;

-- a key of Flink's is never NULL: a row without who, page fails the job
CREATE TEMPORARY TABLE `long_visits` (
  `a` TIMESTAMP(3),
  `b` TIMESTAMP(3),
  `who` STRING,
  `page` STRING,
  `n` BIGINT,
  PRIMARY KEY (`a`, `b`, `who`, `page`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'long_visits',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'key.json.encode.decimal-as-plain-number' = 'true',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.long_visits',
  'properties.transaction.timeout.ms' = '900000'
);

-- a key of Flink's is never NULL: a row without who fails the job
CREATE TEMPORARY TABLE `names` (
  `who` STRING,
  `n` BIGINT,
  PRIMARY KEY (`who`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'names',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'key.json.encode.decimal-as-plain-number' = 'true',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.names',
  'properties.transaction.timeout.ms' = '900000'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `long_visits`
SELECT * FROM (SELECT * FROM (SELECT window_start, window_end, who, page, COUNT(*)
FROM TABLE(SESSION(TABLE click PARTITION BY (who, page), DESCRIPTOR(ts), INTERVAL '5' MINUTE))
GROUP BY window_start, window_end, who, page) AS `visits` (`a`, `b`, `who`, `page`, `n`)) AS `visits` WHERE n > 3;

INSERT INTO `names`
SELECT who, COUNT(*) AS n FROM local_name GROUP BY who;

END;

RESET 'pipeline.name';

-- pipelines/pipeline_2.sql: one job.
SET 'pipeline.name' = 'shop.pipeline_2';

DROP TEMPORARY VIEW `local_name`;

CREATE TEMPORARY VIEW `local_name` AS SELECT page FROM click;

CREATE TEMPORARY TABLE `pages` (
  `window_start` TIMESTAMP(3),
  `window_end` TIMESTAMP(3),
  `n` BIGINT,
  PRIMARY KEY (`window_start`, `window_end`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'pages',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'key.json.encode.decimal-as-plain-number' = 'true',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.pages',
  'properties.transaction.timeout.ms' = '900000'
);

-- a key of Flink's is never NULL: a row without page fails the job
CREATE TEMPORARY TABLE `page_names` (
  `page` STRING,
  `n` BIGINT,
  PRIMARY KEY (`page`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'page_names',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'key.json.encode.decimal-as-plain-number' = 'true',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.page_names',
  'properties.transaction.timeout.ms' = '900000'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `pages`
SELECT window_start, window_end, COUNT(*) AS n
FROM TABLE(TUMBLE( (SELECT ts, page FROM click WHERE page <> ''), DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY window_start, window_end;

INSERT INTO `page_names`
SELECT page, COUNT(*) AS n FROM local_name GROUP BY page;

END;

RESET 'pipeline.name';
