-- Orders as they come.
CREATE TABLE orders (
  id STRING NOT NULL, customer STRING, `value` DECIMAL(10, 2), ts TIMESTAMP(3) NOT NULL,
  WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector' = 'kafka', 'topic' = 'shop.orders', 'format' = 'json', 'strict' = 'true');

-- Declared before what it reads.
CREATE VIEW big_orders AS SELECT * FROM dear_orders WHERE `value` > 1000;
CREATE VIEW dear_orders AS SELECT id, customer, `value`, ts FROM shop.orders WHERE `value` > 100; -- a. qualified name
