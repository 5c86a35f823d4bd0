CREATE MATERIALIZED VIEW made_total AS
SELECT COUNT(*) AS n, SUM(id) AS s, COUNT(DISTINCT kind) AS kinds, MIN(CHAR_LENGTH(code)) AS lo, MAX(CHAR_LENGTH(code)) AS hi,
  MIN(amount) >= 1 AND MAX(amount) <= 9.99 AS within, MIN(CARDINALITY(tags)) AS tags, COUNT(DISTINCT code) AS codes FROM made;

CREATE MATERIALIZED VIEW made_by_second AS
SELECT window_start, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE made, DESCRIPTOR(at), INTERVAL '1' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW parcels (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id, name, weight, `day` FROM parcel;

CREATE MATERIALIZED VIEW sensors AS SELECT sensor, COUNT(*) AS n, SUM(`value`) AS s FROM reading GROUP BY sensor;

-- Flink 2.2 has the same rows of the same files, but of c.json.zst, which it reads as plain text.
CREATE MATERIALIZED VIEW packed_rows (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, name, source, `file.size` AS bytes, path LIKE '%/files/packed/' || source AS at_path, changed > TIMESTAMP '2020-01-01 00:00:00' AS dated FROM packed;
