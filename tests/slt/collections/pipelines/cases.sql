CREATE MATERIALIZED VIEW arr_basic (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  CARDINALITY(arr) AS c0,
  arr[1] AS c1,
  arr[2] AS c2,
  arr[5] AS c3,
  CARDINALITY(sarr) AS c4,
  sarr[1] AS c5,
  ARRAY[i, ti] AS c6,
  ARRAY['a', s] AS c7,
  CARDINALITY(ARRAY[1, 2, 3]) AS c8,
  ARRAY[1, 2][2] AS c9,
  ELEMENT(ARRAY[i]) AS c10,
  ARRAY[ARRAY[1], ARRAY[i]] AS c11
FROM v;

CREATE MATERIALIZED VIEW arr_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  ARRAY_CONTAINS(arr, 1) AS c0,
  ARRAY_CONTAINS(sarr, 'a') AS c1,
  ARRAY_CONTAINS(arr, CAST(NULL AS INT)) AS c2,
  ARRAY_POSITION(arr, 5) AS c3,
  ARRAY_DISTINCT(arr) AS c4,
  ARRAY_DISTINCT(sarr) AS c5,
  ARRAY_REVERSE(arr) AS c6,
  ARRAY_REMOVE(arr, 5) AS c7,
  ARRAY_REMOVE(sarr, CAST(NULL AS STRING)) AS c8,
  ARRAY_APPEND(arr, 9) AS c9,
  ARRAY_PREPEND(arr, 9) AS c10,
  ARRAY_APPEND(arr, CAST(NULL AS INT)) AS c11
FROM v;

CREATE MATERIALIZED VIEW arr_set (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  ARRAY_UNION(arr, ARRAY[1, 9]) AS c0,
  ARRAY_CONCAT(arr, ARRAY[9]) AS c1,
  ARRAY_CONCAT(arr, arr) AS c2,
  ARRAY_INTERSECT(arr, ARRAY[1, 5]) AS c3,
  ARRAY_EXCEPT(arr, ARRAY[1, 5]) AS c4,
  ARRAY_UNION(sarr, sarr) AS c5,
  ARRAY_INTERSECT(sarr, ARRAY['a']) AS c6
FROM v;

CREATE MATERIALIZED VIEW arr_agg (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  ARRAY_MAX(arr) AS c0,
  ARRAY_MIN(arr) AS c1,
  ARRAY_MAX(sarr) AS c2,
  ARRAY_MIN(sarr) AS c3,
  ARRAY_JOIN(sarr, ',') AS c4,
  ARRAY_JOIN(sarr, ',', '?') AS c5,
  ARRAY_SLICE(arr, 1, 2) AS c6,
  ARRAY_SLICE(arr, -2, -1) AS c7,
  ARRAY_SLICE(arr, 2) AS c8,
  ARRAY_SORT(arr) AS c9,
  ARRAY_SORT(arr, FALSE) AS c10,
  ARRAY_SORT(arr, TRUE, FALSE) AS c11,
  ARRAY_SORT(sarr) AS c12,
  ARRAY_SLICE(arr, 0, 1) AS c13,
  ARRAY_SLICE(arr, 5, 9) AS c14
FROM v;

CREATE MATERIALIZED VIEW map_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  CARDINALITY(m) AS c0,
  m['a'] AS c1,
  m['nope'] AS c2,
  MAP_KEYS(m) AS c3,
  MAP_VALUES(m) AS c4,
  MAP['a', i, 'b', 2] AS c5,
  MAP['x', 'y']['x'] AS c6,
  MAP_ENTRIES(m) AS c7,
  MAP_UNION(m, MAP['q', 1]) AS c8,
  MAP_FROM_ARRAYS(ARRAY['a', 'b'], ARRAY[1, 2]) AS c9,
  MAP[1, s] AS c10,
  m[s] AS c11
FROM v WHERE id <> 7;

CREATE MATERIALIZED VIEW row_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  r.x AS c0,
  r.y AS c1,
  ROW(i, s) AS c2,
  (i, s, b) AS c3,
  ROW(1, 'a') AS c4,
  r.x + 1 AS c5,
  r.x IS NULL AS c6,
  CAST(ROW(i, s) AS ROW<a INT, b STRING>).a AS c7
FROM v;

CREATE MATERIALIZED VIEW nested_cmp (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  arr = ARRAY[3, 1, 2] AS c0,
  arr <> ARRAY[1] AS c1,
  m = MAP['a', 1, 'b', 2] AS c2,
  arr IS NULL AS c3,
  m IS NOT NULL AS c4,
  r IS NULL AS c5
FROM v;
