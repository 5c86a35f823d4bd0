CREATE MATERIALIZED VIEW stops (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, postcode(code) AS code, gtin_ok(gtin) AS gtin_ok,
  ROUND(distance_km(place.lat, place.lon, depot.lat, depot.lon), 1) AS km,
  -- Only rows that take the branch are computed: of a place that is unknown nothing is asked.
  CASE WHEN place.lat IS NULL THEN 'unknown' WHEN distance_km(place.lat, place.lon, depot.lat, depot.lon) > 100 THEN 'far' ELSE 'near' END AS reach
FROM stop;

CREATE MATERIALIZED VIEW vans (PRIMARY KEY (van) NOT ENFORCED) AS
SELECT van, COUNT(*) AS stops, ROUND(SUM(distance_km(place.lat, place.lon, depot.lat, depot.lon)), 1) AS km
FROM stop WHERE gtin_ok(gtin) GROUP BY van;
