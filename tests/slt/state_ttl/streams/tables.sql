CREATE TABLE clicks (who STRING NOT NULL, page STRING) WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'json');
CREATE TABLE orders (id INT NOT NULL, item STRING) WITH ('connector' = 'kafka', 'topic' = 'orders', 'format' = 'json');
CREATE TABLE shipments (id INT NOT NULL, carrier STRING) WITH ('connector' = 'kafka', 'topic' = 'shipments', 'format' = 'json');
CREATE TABLE visits (who STRING NOT NULL, n INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'visits', 'format' = 'json');
