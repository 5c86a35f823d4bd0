-- Rows from a generator and from files, by Flink's option names.
CREATE TABLE made (
  id BIGINT NOT NULL, code STRING, amount DECIMAL(6, 2), kind INT, tags ARRAY<STRING>, flag BOOLEAN,
  at TIMESTAMP_LTZ(3), WATERMARK FOR at AS at - INTERVAL '1' SECOND
) WITH (
  'connector' = 'datagen', 'rows-per-second' = '100', 'number-of-rows' = '250',
  'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '1000',
  'fields.code.length' = '6', 'fields.amount.min' = '1', 'fields.amount.max' = '9.99',
  'fields.kind.min' = '1', 'fields.kind.max' = '4', 'fields.tags.length' = '2', 'fields.tags.element.length' = '3');

CREATE TABLE parcel (id BIGINT, name STRING, weight DOUBLE, `day` STRING) PARTITIONED BY (`day`)
WITH ('connector' = 'filesystem', 'path' = 'files/parcels', 'format' = 'csv', 'csv.null-literal' = '');

CREATE TABLE reading (sensor STRING, `value` DOUBLE)
WITH ('connector' = 'filesystem', 'path' = 'files/readings', 'format' = 'json');

CREATE TABLE packed (id BIGINT, name STRING, source STRING NOT NULL METADATA FROM 'file.name' VIRTUAL, `file.size` BIGINT NOT NULL METADATA VIRTUAL,
  path STRING NOT NULL METADATA FROM 'file.path' VIRTUAL, changed TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'file.modification-time' VIRTUAL)
WITH ('connector' = 'filesystem', 'path' = 'files/packed', 'format' = 'json');
