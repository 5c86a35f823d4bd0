-- A bid a line, with late ones, NULLs and equal times.
CREATE TABLE bid (
  id BIGINT NOT NULL, auction INT, bidder STRING, price BIGINT, amount DECIMAL(10, 2), x DOUBLE,
  ts TIMESTAMP(3) NOT NULL, WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
) WITH ('connector' = 'kafka', 'topic' = 'bid', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');

CREATE TABLE auction (
  aid BIGINT NOT NULL, seller STRING, category INT, reserve BIGINT,
  ats TIMESTAMP(3) NOT NULL, WATERMARK FOR ats AS ats - INTERVAL '2' SECOND
) WITH ('connector' = 'kafka', 'topic' = 'auction', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');

CREATE TABLE rate (
  auction INT NOT NULL, rate INT, rts TIMESTAMP(3) NOT NULL, WATERMARK FOR rts AS rts
) WITH ('connector' = 'kafka', 'topic' = 'rate', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW rates AS SELECT auction, rate, rts FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY rts DESC) AS rn FROM rate) WHERE rn = 1;
