-- A tick a line, with late ones, NULLs and equal times; kind is a letter, so that patterns can be written as words.
CREATE TABLE tick (
  id BIGINT NOT NULL, symbol STRING, kind STRING, price INT, tax DECIMAL(6, 2), qty BIGINT,
  ts TIMESTAMP(3) NOT NULL, WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
) WITH ('connector' = 'kafka', 'topic' = 'tick', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
