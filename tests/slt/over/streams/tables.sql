-- A bid a line, with late ones, NULLs and equal times.
CREATE TABLE bid (
  id BIGINT NOT NULL, auction INT, bidder STRING, price BIGINT, amount DECIMAL(10, 2), x DOUBLE,
  ts TIMESTAMP(3) NOT NULL, WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
) WITH ('connector' = 'kafka', 'topic' = 'bid', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
