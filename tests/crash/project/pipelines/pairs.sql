INSERT INTO pairs SELECT a.pair, a.id, b.id FROM a JOIN b ON a.pair = b.pair;
INSERT INTO seconds
SELECT window_start, COUNT(*), SUM(v)
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY window_start, window_end;
