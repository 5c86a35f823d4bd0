CREATE TABLE kept WITH ('connector' = 'kafka', 'topic' = 'kept', 'format' = 'json') AS SELECT id, a, at FROM twin;

EXECUTE STATEMENT SET BEGIN
-- Twice into one topic.
INSERT INTO latest SELECT id, a FROM base /*+ OPTIONS('scan.startup.mode' = 'earliest-offset', 'strict' = 'true') */;
INSERT INTO latest (a, id) SELECT a, id FROM twin /*+ OPTIONS('strict' = 'true') */ WHERE a IS NOT NULL;
-- Each elsewhere.
INSERT INTO plain SELECT id, c FROM base;
INSERT INTO lake SELECT id, a, at FROM base;
INSERT INTO rollup_a SELECT a, COUNT(*) FROM base WHERE a IS NOT NULL GROUP BY a;
INSERT INTO seen SELECT id FROM latest;
END;
