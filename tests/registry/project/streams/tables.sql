-- Key and value by Confluent's AvroSerializer; the key is a bare string.
CREATE TABLE orders (
  order_key STRING,
  id BIGINT NOT NULL, city STRING, amount DOUBLE, price DECIMAL(10, 2), placed TIMESTAMP_LTZ(3), status STRING,
  tags ARRAY<STRING>, attributes MAP<STRING, INT>, customer ROW<name STRING, vip BOOLEAN>, channel STRING,
  src_offset BIGINT METADATA FROM 'offset' VIRTUAL
) WITH (
  'connector' = 'kafka', 'topic' = 'orders', 'key.format' = 'avro-confluent', 'key.fields' = 'order_key',
  'value.format' = 'avro-confluent', 'value.avro-confluent.url' = 'http://127.0.0.1:8081', 'value.fields-include' = 'EXCEPT_KEY'
);

-- A reader's schema: a renamed field by its alias, a default for what old records lack.
CREATE TABLE renamed (id BIGINT, town STRING, channel STRING) WITH (
  'connector' = 'kafka', 'topic' = 'orders', 'format' = 'avro-confluent',
  'avro-confluent.schema' = '{"type":"record","name":"order","fields":[{"name":"id","type":"long"},
    {"name":"town","type":"string","aliases":["city"]},{"name":"channel","type":"string","default":"unknown"}]}'
);

CREATE TABLE totals (
  id BIGINT NOT NULL, city STRING, doubled DECIMAL(12, 2), placed TIMESTAMP(3), tags ARRAY<STRING>,
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka', 'topic' = 'totals', 'key.format' = 'avro-confluent', 'value.format' = 'avro-confluent',
  'value.avro-confluent.subject' = 'totals-record', 'value.fields-include' = 'EXCEPT_KEY'
);

-- Confluent's JSONSerializer puts a frame before the text.
CREATE TABLE clicks (user_id STRING NOT NULL, n INT) WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'json');

CREATE TABLE lines (id INT NOT NULL, name STRING, weight DOUBLE) WITH (
  'connector' = 'kafka', 'topic' = 'lines', 'format' = 'csv', 'csv.field-delimiter' = ';', 'csv.null-literal' = 'n/a',
  'csv.allow-comments' = 'true'
);

CREATE TABLE readings (sensor STRING, reading INT) WITH (
  'connector' = 'kafka', 'topic' = 'readings', 'key.format' = 'raw', 'key.fields' = 'sensor', 'value.format' = 'raw',
  'value.raw.endianness' = 'little-endian', 'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE news (n INT NOT NULL) WITH (
  'connector' = 'kafka', 'topic' = 'news', 'format' = 'json', 'scan.startup.mode' = 'latest-offset');

CREATE TABLE lines_out (id INT, name STRING, weight DOUBLE) WITH (
  'connector' = 'kafka', 'topic' = 'lines-out', 'format' = 'csv', 'csv.null-literal' = '-');

CREATE TABLE parcels_in (
  id BIGINT NOT NULL, name STRING, counts ARRAY<INT>, stock MAP<STRING, BIGINT>, state STRING, place ROW<city STRING, code INT>
) WITH ('connector' = 'kafka', 'topic' = 'parcels-in', 'format' = 'json');

-- Written by one statement, read by another.
CREATE TABLE parcels (
  id BIGINT NOT NULL, name STRING, counts ARRAY<INT>, stock MAP<STRING, BIGINT>, state STRING, place ROW<city STRING, code INT>
) WITH (
  'connector' = 'kafka', 'topic' = 'parcels', 'format' = 'protobuf', 'protobuf.message-class-name' = 'com.acme.Shop$Parcel',
  'protobuf.schema' = '
    syntax = "proto3";
    package shop;
    message Parcel {
      int64 id = 1;
      string name = 2;
      repeated int32 counts = 4;
      map<string, sint64> stock = 5;
      enum State { NEW = 0; SENT = 1; LOST = 7; }
      State state = 6;
      Place place = 7;
      bool paid = 9;
    }
    message Place { string city = 1; fixed32 code = 2; }'
);

CREATE TABLE parcel_bytes (b BYTES) WITH ('connector' = 'kafka', 'topic' = 'parcels', 'format' = 'raw');
