CREATE TABLE click (who STRING, page STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'click', 'format' = 'json');
-- Flink could not read this one back.
CREATE VIEW visits (a, b, who, page, n) AS
SELECT window_start, window_end, who, page, COUNT(*)
FROM TABLE(SESSION(TABLE click PARTITION BY (who, page), DESCRIPTOR(ts), INTERVAL '5' MINUTE))
GROUP BY window_start, window_end, who, page;
