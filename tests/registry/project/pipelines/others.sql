CREATE MATERIALIZED VIEW click_counts AS SELECT user_id, SUM(n) AS clicks FROM clicks GROUP BY user_id;
CREATE MATERIALIZED VIEW line_list (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id, name, weight FROM lines;
CREATE MATERIALIZED VIEW sensors AS SELECT sensor, SUM(reading) AS total, COUNT(*) AS readings FROM readings GROUP BY sensor;
INSERT INTO lines_out SELECT id, name, weight FROM lines;
CREATE MATERIALIZED VIEW parcel_list (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, name, counts[1] AS first_count, CARDINALITY(counts) AS counts, stock['a'] AS a, state, place.city AS city, place.code AS code FROM parcels;
CREATE MATERIALIZED VIEW parcel_hex AS SELECT HEX(DECODE(b, 'ISO-8859-1')) AS bytes, COUNT(*) AS n FROM parcel_bytes
GROUP BY HEX(DECODE(b, 'ISO-8859-1'));
INSERT INTO parcels SELECT * FROM parcels_in;
