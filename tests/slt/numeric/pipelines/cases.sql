-- the type two numbers meet in
CREATE MATERIALIZED VIEW add_types (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  si + ti AS c0,
  si + si AS c1,
  si + i AS c2,
  si + l AS c3,
  si + f AS c4,
  si + d AS c5,
  si + `dec` AS c6,
  si + dec2 AS c7
FROM v;

CREATE MATERIALIZED VIEW add_long (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  l + ti AS c0,
  l + si AS c1,
  l + i AS c2,
  l + l AS c3,
  l + f AS c4,
  l + d AS c5,
  l + `dec` AS c6,
  l + dec2 AS c7
FROM v;

CREATE MATERIALIZED VIEW add_decimal (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  `dec` + ti AS c0,
  `dec` + si AS c1,
  `dec` + i AS c2,
  `dec` + l AS c3,
  `dec` + f AS c4,
  `dec` + d AS c5,
  `dec` + `dec` AS c6,
  `dec` + dec2 AS c7,
  `dec` - dec2 AS c8,
  dec2 - `dec` AS c9
FROM v;

CREATE MATERIALIZED VIEW mul_types (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  i * ti AS c0,
  i * l AS c1,
  i * `dec` AS c2,
  `dec` * dec2 AS c3,
  dec2 * dec2 AS c4,
  big * `dec` AS c5,
  f * d AS c6,
  si * f AS c7,
  ti * d AS c8,
  d * f AS c9,
  f + d AS c10,
  d - f AS c11,
  `dec` * 0.908 AS c12
FROM v;

CREATE MATERIALIZED VIEW div_types (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  i / 2 AS c0,
  l / 3 AS c1,
  d / 2 AS c2,
  f / 3 AS c3,
  `dec` / 3 AS c4,
  dec2 / 7 AS c5,
  `dec` / 1.5 AS c6,
  i / 2.0 AS c7,
  l / CAST(7 AS SMALLINT) AS c8,
  ti / CAST(2 AS TINYINT) AS c9,
  d / 0 AS c10,
  CAST(1 AS DOUBLE) / si AS c11
FROM v;

CREATE MATERIALIZED VIEW div_decimal (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  `dec` / NULLIF(dec2, 0) AS c0,
  dec2 / NULLIF(`dec`, 0) AS c1,
  big / 3 AS c2,
  `dec` / CAST(4 AS BIGINT) AS c3
FROM v;

-- MOD takes the sign of the left side
CREATE MATERIALIZED VIEW mod_ops (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  MOD(i, 7) AS c0,
  MOD(l, 10) AS c1,
  MOD(-7, 3) AS c2,
  i % 4 AS c3,
  MOD(`dec`, 3) AS c4,
  MOD(si, CAST(3 AS SMALLINT)) AS c5,
  MOD(dec2, 1.5) AS c6,
  MOD(ti, CAST(5 AS TINYINT)) AS c7
FROM v;

-- overflow wraps
CREATE MATERIALIZED VIEW wrap (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  i + 1 AS c0,
  i - 1 AS c1,
  l + 1 AS c2,
  l - 1 AS c3,
  ti + ti AS c4,
  si * si AS c5,
  i * i AS c6,
  l * 2 AS c7,
  -i AS c8,
  -l AS c9,
  -ti AS c10
FROM v;

CREATE MATERIALIZED VIEW unary (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  -`dec` AS c0,
  -dec2 AS c1,
  -d AS c2,
  -f AS c3,
  +i AS c4,
  +`dec` AS c5,
  ABS(i) AS c6,
  ABS(l) AS c7,
  ABS(`dec`) AS c8,
  ABS(d) AS c9,
  ABS(ti) AS c10,
  ABS(f) AS c11
FROM v;

CREATE MATERIALIZED VIEW sign_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  SIGN(i) AS c0,
  SIGN(l) AS c1,
  SIGN(d) AS c2,
  SIGN(`dec`) AS c3
FROM v;

-- half up
CREATE MATERIALIZED VIEW round_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  ROUND(d, 1) AS c0,
  ROUND(d, 2) AS c1,
  ROUND(`dec`, 1) AS c2,
  ROUND(dec2, 2) AS c3,
  ROUND(i, -1) AS c4,
  ROUND(l, -2) AS c5,
  ROUND(d) AS c6,
  ROUND(`dec`) AS c7,
  ROUND(dec2, 0) AS c8,
  ROUND(f, 1) AS c9,
  ROUND(dec2, 3) AS c10,
  ROUND(i) AS c11
FROM v;


CREATE MATERIALIZED VIEW floor_ceil (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  FLOOR(d) AS c0,
  CEIL(d) AS c1,
  FLOOR(`dec`) AS c2,
  CEIL(`dec`) AS c3,
  FLOOR(dec2) AS c4,
  CEILING(dec2) AS c5,
  FLOOR(i) AS c6,
  CEIL(l) AS c7,
  FLOOR(f) AS c8,
  CEIL(f) AS c9
FROM v;

CREATE MATERIALIZED VIEW power_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  POWER(si, 2) AS c0,
  POWER(d, 0.5) AS c1,
  POWER(2, ABS(ti) / 8) AS c2,
  SQRT(ABS(d)) AS c3,
  SQRT(ABS(`dec`)) AS c4,
  POWER(`dec`, 2) AS c5,
  SQRT(l) AS c6,
  POWER(f, 2) AS c7
FROM v;

CREATE MATERIALIZED VIEW exp_log (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  EXP(ti) AS c0,
  LN(ABS(d)) AS c1,
  LOG10(ABS(d)) AS c2,
  LOG2(ABS(d)) AS c3,
  LOG(ABS(d)) AS c4,
  LOG(2, ABS(d)) AS c5,
  LN(si) AS c6,
  LOG10(i) AS c7,
  EXP(d) AS c8
FROM v;

CREATE MATERIALIZED VIEW trig (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  ROUND(SIN(ti), 9) AS c0,
  ROUND(COS(ti), 9) AS c1,
  ROUND(TAN(ti), 9) AS c2,
  ROUND(COT(ti + 1000), 9) AS c3,
  ROUND(ASIN(ti / 200.0), 9) AS c4,
  ROUND(ACOS(ti / 200.0), 9) AS c5,
  ROUND(ATAN(i), 9) AS c6,
  ROUND(ATAN2(ti, si), 9) AS c7,
  ROUND(SINH(ti / 30.0), 6) AS c8,
  ROUND(COSH(ti / 30.0), 6) AS c9,
  ROUND(TANH(ti), 9) AS c10
FROM v;

CREATE MATERIALIZED VIEW trig2 (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  ROUND(DEGREES(f), 6) AS c0,
  ROUND(RADIANS(ti), 9) AS c1,
  ROUND(PI(), 9) AS c2,
  ROUND(E(), 9) AS c3
FROM v;

CREATE MATERIALIZED VIEW bin_hex (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  BIN(i) AS c0,
  BIN(l) AS c1,
  BIN(ti) AS c2,
  HEX(i) AS c3,
  HEX(l) AS c4,
  HEX(s) AS c5,
  HEX(s2) AS c6
FROM v;

CREATE MATERIALIZED VIEW unhex_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  UNHEX(HEX(s)) AS c0,
  CAST(UNHEX(HEX(s)) AS STRING) AS c1,
  UNHEX('4D7953514C') AS c2,
  UNHEX('zz') AS c3,
  UNHEX('F') AS c4
FROM v;

-- NULL if one is
CREATE MATERIALIZED VIEW greatest_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  GREATEST(i, ti) AS c0,
  LEAST(i, ti) AS c1,
  GREATEST(d, i) AS c2,
  LEAST(COALESCE(`dec`, 5), 1) AS c3,
  GREATEST(s, s2) AS c4,
  LEAST(s, s2) AS c5,
  GREATEST(dt, dt2) AS c6,
  LEAST(ts, ts2) AS c7,
  GREATEST(l, i, 7) AS c8
FROM v;

CREATE MATERIALIZED VIEW compare_num (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  i = l AS c0,
  i < `dec` AS c1,
  d > f AS c2,
  `dec` >= dec2 AS c3,
  ti <> si AS c4,
  l <= d AS c5,
  i = 3.0 AS c6,
  `dec` = 12.34 AS c7,
  d = 2.25 AS c8,
  f = 1.5 AS c9
FROM v;

CREATE MATERIALIZED VIEW between_num (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  i BETWEEN 0 AND 10 AS c0,
  `dec` BETWEEN -1 AND 3 AS c1,
  d NOT BETWEEN 0 AND 1 AS c2,
  l BETWEEN ti AND si AS c3,
  i BETWEEN SYMMETRIC 10 AND 0 AS c4,
  i NOT BETWEEN SYMMETRIC 5 AND -5 AS c5
FROM v;

CREATE MATERIALIZED VIEW in_num (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  i IN (3, 5, 1000) AS c0,
  i NOT IN (3, 5) AS c1,
  i IN (3, NULL) AS c2,
  i NOT IN (3, NULL) AS c3,
  `dec` IN (12.34, 0) AS c4,
  d IN (0.5, 2.25) AS c5,
  l IN (4, 5.0) AS c6
FROM v;

CREATE MATERIALIZED VIEW literals (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  0.908 AS c0,
  1e3 AS c1,
  100 AS c2,
  9999999999 AS c3,
  123456789012345678 AS c4,
  -5 AS c5,
  'text' AS c6,
  1.0E0 AS c7,
  x'4d' AS c8,
  -0.5 AS c9,
  1.50 AS c10
FROM v;

-- precision and scale
CREATE MATERIALIZED VIEW decimal_prec (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  `dec` * 10 AS c0,
  `dec` + 1 AS c1,
  `dec` + 1.5 AS c2,
  dec2 * 1.05 AS c3,
  CAST(1 AS DECIMAL(38, 10)) + CAST(1 AS DECIMAL(38, 2)) AS c4,
  CAST(2 AS DECIMAL(38, 18)) * CAST(3 AS DECIMAL(38, 18)) AS c5,
  CAST(2 AS DECIMAL(20, 10)) / CAST(3 AS DECIMAL(20, 10)) AS c6,
  CAST(7 AS DECIMAL(5, 1)) / CAST(3 AS DECIMAL(5, 1)) AS c7,
  MOD(CAST(7.5 AS DECIMAL(5, 1)), CAST(2 AS DECIMAL(5, 2))) AS c8,
  `dec` * i AS c9,
  `dec` * l AS c10,
  ti * `dec` AS c11
FROM v;

CREATE MATERIALIZED VIEW decimal_prec2 (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  CAST(`dec` AS DECIMAL(12, 4)) AS c0,
  CAST(`dec` AS DECIMAL(9, 1)) AS c1,
  CAST(dec2 AS DECIMAL(22, 2)) AS c2,
  TRY_CAST(`dec` AS DECIMAL(5, 2)) AS c3,
  TRY_CAST(i AS DECIMAL(5, 2)) AS c4,
  TRY_CAST(d AS DECIMAL(10, 3)) AS c5,
  TRY_CAST(s AS DECIMAL(10, 3)) AS c6,
  CAST(i AS DECIMAL(12, 2)) AS c7,
  CAST(l AS DECIMAL(20, 0)) AS c8
FROM v;

-- types only
CREATE MATERIALIZED VIEW rand_seed (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  RAND() >= 0 AS c0,
  RAND_INTEGER(5) < 5 AS c1,
  UUID() IS NOT NULL AS c2,
  CHAR_LENGTH(UUID()) AS c3
FROM v;
