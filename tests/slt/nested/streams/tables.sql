-- Orders with lines in arrays of rows, tags, attributes in a map, and rows in rows.
CREATE TABLE orders (
  id INT NOT NULL,
  customer ROW<name STRING, address ROW<city STRING, zip STRING>>,
  lines ARRAY<ROW<sku STRING, qty INT, price DECIMAL(8, 2), opts ARRAY<ROW<k STRING, v STRING>>>>,
  tags ARRAY<STRING>,
  attrs MAP<STRING, STRING>,
  ts TIMESTAMP(3) NOT NULL,
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'kafka', 'topic' = 'orders', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
