-- Events of about 2 KB, of which a tenth of the fields is read.
CREATE TABLE events (
  slot STRING NOT NULL, `sequence` BIGINT NOT NULL, amount DOUBLE, kind STRING, sent BIGINT
) WITH (
  'connector' = 'kafka', 'topic' = 'bench.events', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json'
);
