CREATE TABLE base (
  id INT NOT NULL, a INT, raw_offset BIGINT METADATA FROM 'offset', `timestamp` TIMESTAMP_LTZ(3) METADATA VIRTUAL,
  b AS a + 1, c AS b * 2, at TIMESTAMP(3),
  WATERMARK FOR at AS at
) COMMENT 'what comes' WITH (
  'connector' = 'kafka', 'topic' = 'base', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true', 'key.format' = 'raw', 'key.fields' = 'id',
  'properties.bootstrap.servers' = 'elsewhere:9092', 'partitions' = '3', 'idle-timeout' = '30 s');
CREATE TABLE twin WITH ('topic' = 'twin') LIKE base (EXCLUDING WATERMARKS);
CREATE TABLE latest (id INT NOT NULL, a INT, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'latest', 'key.format' = 'json', 'format' = 'avro-confluent');
CREATE TABLE plain (id INT, a INT) WITH ('connector' = 'kafka', 'format' = 'csv', 'csv.field-delimiter' = ';', 'sink.delivery-guarantee' = 'at-least-once');
CREATE TABLE lake (id INT, a INT, at TIMESTAMP(3)) WITH ('connector' = 'iceberg', 'catalog-database' = 'd', 'time-column' = 'at', 'retention' = '30 d');
CREATE TABLE rollup_a (a INT NOT NULL, n BIGINT, PRIMARY KEY (a) NOT ENFORCED) WITH ('connector' = 'warehouse', 'table' = 'rollup');
CREATE TABLE seen (id INT) WITH ('connector' = 'print');
