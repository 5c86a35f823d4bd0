-- What geo.c computes, for every file. The types are the library's; said here, they are checked.
CREATE FUNCTION distance_km (lat1 DOUBLE, lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE) RETURNS DOUBLE
  AS 'distance_km' LANGUAGE C USING LIBRARY 'geo.so';
CREATE FUNCTION gtin_ok AS 'gtin_ok' LANGUAGE C USING LIBRARY 'geo.so';
CREATE FUNCTION postcode AS 'postcode' LANGUAGE C USING LIBRARY 'geo.so';

CREATE TABLE stop (
  id STRING, van STRING, code STRING, gtin STRING,
  place ROW<lat DOUBLE, lon DOUBLE>, depot ROW<lat DOUBLE, lon DOUBLE>
) WITH ('connector' = 'kafka', 'topic' = 'stop', 'format' = 'json');
