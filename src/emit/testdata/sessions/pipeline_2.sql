CREATE VIEW local_name AS SELECT page FROM click;
CREATE MATERIALIZED VIEW pages AS
SELECT window_start, window_end, COUNT(*) AS n
FROM TABLE(TUMBLE(TABLE (SELECT ts, page FROM click WHERE page <> ''), DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY window_start, window_end;
CREATE MATERIALIZED VIEW page_names AS SELECT page, COUNT(*) AS n FROM local_name GROUP BY page;
