CREATE MATERIALIZED VIEW json_value (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  JSON_VALUE(js, '$.a') AS c0,
  JSON_VALUE(js, '$.s') AS c1,
  JSON_VALUE(js, '$.b[0]') AS c2,
  JSON_VALUE(js, '$.b') AS c3,
  JSON_VALUE(js, 'lax $.t') AS c4,
  JSON_VALUE(js, '$.n') AS c5,
  JSON_VALUE(js, '$.big') AS c6,
  JSON_VALUE(js, '$.a.b.c') AS c7,
  JSON_VALUE(js, '$.missing') AS c8,
  JSON_VALUE(js, '$') AS c9,
  JSON_VALUE(js, '$.u') AS c10,
  JSON_VALUE(js, '$[''x y'']') AS c11,
  JSON_VALUE(js, '$.arr[1].id') AS c12
FROM v;

CREATE MATERIALIZED VIEW json_exists (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  JSON_EXISTS(js, '$.a') AS c0,
  JSON_EXISTS(js, '$.n') AS c1,
  JSON_EXISTS(js, '$.b[5]') AS c2,
  JSON_EXISTS(js, 'strict $.missing' FALSE ON ERROR) AS c3,
  JSON_EXISTS(js, 'strict $.missing' TRUE ON ERROR) AS c4,
  JSON_EXISTS(js, 'strict $.missing' UNKNOWN ON ERROR) AS c5
FROM v;

