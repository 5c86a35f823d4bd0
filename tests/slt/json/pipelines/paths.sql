CREATE MATERIALIZED VIEW jp_lax_value_a (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_VALUE(js, 'lax $.a') AS c0, JSON_VALUE(js, 'lax $.b') AS c1, JSON_VALUE(js, 'lax $.b[0]') AS c2, JSON_VALUE(js, 'lax $.b[*]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_lax_value_b (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_VALUE(js, 'lax $.b[5]') AS c0, JSON_VALUE(js, 'lax $.s') AS c1, JSON_VALUE(js, 'lax $.t') AS c2, JSON_VALUE(js, 'lax $.n') AS c3, JSON_VALUE(js, 'lax $.missing') AS c4 FROM v;

CREATE MATERIALIZED VIEW jp_lax_value_c (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_VALUE(js, 'lax $.a.b') AS c0, JSON_VALUE(js, 'lax $.a.b.c') AS c1, JSON_VALUE(js, 'lax $.b[2].c') AS c2, JSON_VALUE(js, 'lax $.*') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_lax_value_d (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_VALUE(js, 'lax $..c') AS c0, JSON_VALUE(js, 'lax $') AS c1, JSON_VALUE(js, 'lax $.s.x') AS c2, JSON_VALUE(js, 'lax $[0]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_lax_exists_a (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_EXISTS(js, 'lax $.a') AS c0, JSON_EXISTS(js, 'lax $.b') AS c1, JSON_EXISTS(js, 'lax $.b[0]') AS c2, JSON_EXISTS(js, 'lax $.b[*]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_lax_exists_b (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_EXISTS(js, 'lax $.b[5]') AS c0, JSON_EXISTS(js, 'lax $.s') AS c1, JSON_EXISTS(js, 'lax $.t') AS c2, JSON_EXISTS(js, 'lax $.n') AS c3, JSON_EXISTS(js, 'lax $.missing') AS c4 FROM v;

CREATE MATERIALIZED VIEW jp_lax_exists_c (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_EXISTS(js, 'lax $.a.b') AS c0, JSON_EXISTS(js, 'lax $.a.b.c') AS c1, JSON_EXISTS(js, 'lax $.b[2].c') AS c2, JSON_EXISTS(js, 'lax $.*') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_lax_exists_d (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_EXISTS(js, 'lax $..c') AS c0, JSON_EXISTS(js, 'lax $') AS c1, JSON_EXISTS(js, 'lax $.s.x') AS c2, JSON_EXISTS(js, 'lax $[0]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_lax_query_a (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_QUERY(js, 'lax $.a') AS c0, JSON_QUERY(js, 'lax $.b') AS c1, JSON_QUERY(js, 'lax $.b[0]') AS c2, JSON_QUERY(js, 'lax $.b[*]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_lax_query_b (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_QUERY(js, 'lax $.b[5]') AS c0, JSON_QUERY(js, 'lax $.s') AS c1, JSON_QUERY(js, 'lax $.t') AS c2, JSON_QUERY(js, 'lax $.n') AS c3, JSON_QUERY(js, 'lax $.missing') AS c4 FROM v;

CREATE MATERIALIZED VIEW jp_lax_query_c (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_QUERY(js, 'lax $.a.b') AS c0, JSON_QUERY(js, 'lax $.a.b.c') AS c1, JSON_QUERY(js, 'lax $.b[2].c') AS c2, JSON_QUERY(js, 'lax $.*') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_lax_query_d (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_QUERY(js, 'lax $..c') AS c0, JSON_QUERY(js, 'lax $') AS c1, JSON_QUERY(js, 'lax $.s.x') AS c2, JSON_QUERY(js, 'lax $[0]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_strict_value_a (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_VALUE(js, 'strict $.a') AS c0, JSON_VALUE(js, 'strict $.b') AS c1, JSON_VALUE(js, 'strict $.b[0]') AS c2, JSON_VALUE(js, 'strict $.b[*]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_strict_value_b (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_VALUE(js, 'strict $.b[5]') AS c0, JSON_VALUE(js, 'strict $.s') AS c1, JSON_VALUE(js, 'strict $.t') AS c2, JSON_VALUE(js, 'strict $.n') AS c3, JSON_VALUE(js, 'strict $.missing') AS c4 FROM v;

CREATE MATERIALIZED VIEW jp_strict_value_c (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_VALUE(js, 'strict $.a.b') AS c0, JSON_VALUE(js, 'strict $.a.b.c') AS c1, JSON_VALUE(js, 'strict $.b[2].c') AS c2, JSON_VALUE(js, 'strict $.*') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_strict_value_d (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_VALUE(js, 'strict $..c') AS c0, JSON_VALUE(js, 'strict $') AS c1, JSON_VALUE(js, 'strict $.s.x') AS c2, JSON_VALUE(js, 'strict $[0]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_strict_exists_a (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_EXISTS(js, 'strict $.a') AS c0, JSON_EXISTS(js, 'strict $.b') AS c1, JSON_EXISTS(js, 'strict $.b[0]') AS c2, JSON_EXISTS(js, 'strict $.b[*]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_strict_exists_b (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_EXISTS(js, 'strict $.b[5]') AS c0, JSON_EXISTS(js, 'strict $.s') AS c1, JSON_EXISTS(js, 'strict $.t') AS c2, JSON_EXISTS(js, 'strict $.n') AS c3, JSON_EXISTS(js, 'strict $.missing') AS c4 FROM v;

CREATE MATERIALIZED VIEW jp_strict_exists_c (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_EXISTS(js, 'strict $.a.b') AS c0, JSON_EXISTS(js, 'strict $.a.b.c') AS c1, JSON_EXISTS(js, 'strict $.b[2].c') AS c2, JSON_EXISTS(js, 'strict $.*') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_strict_exists_d (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_EXISTS(js, 'strict $..c') AS c0, JSON_EXISTS(js, 'strict $') AS c1, JSON_EXISTS(js, 'strict $.s.x') AS c2, JSON_EXISTS(js, 'strict $[0]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_strict_query_a (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_QUERY(js, 'strict $.a') AS c0, JSON_QUERY(js, 'strict $.b') AS c1, JSON_QUERY(js, 'strict $.b[0]') AS c2, JSON_QUERY(js, 'strict $.b[*]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_strict_query_b (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_QUERY(js, 'strict $.b[5]') AS c0, JSON_QUERY(js, 'strict $.s') AS c1, JSON_QUERY(js, 'strict $.t') AS c2, JSON_QUERY(js, 'strict $.n') AS c3, JSON_QUERY(js, 'strict $.missing') AS c4 FROM v;

CREATE MATERIALIZED VIEW jp_strict_query_c (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_QUERY(js, 'strict $.a.b') AS c0, JSON_QUERY(js, 'strict $.a.b.c') AS c1, JSON_QUERY(js, 'strict $.b[2].c') AS c2, JSON_QUERY(js, 'strict $.*') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_strict_query_d (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_QUERY(js, 'strict $..c') AS c0, JSON_QUERY(js, 'strict $') AS c1, JSON_QUERY(js, 'strict $.s.x') AS c2, JSON_QUERY(js, 'strict $[0]') AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_default (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_VALUE(js, 'lax $.missing' DEFAULT 'none' ON EMPTY) AS c0, JSON_VALUE(js, 'strict $.missing' DEFAULT 'none' ON EMPTY DEFAULT 'bad' ON ERROR) AS c1, JSON_VALUE(js, 'lax $.b' DEFAULT 'none' ON EMPTY DEFAULT 'bad' ON ERROR) AS c2, JSON_VALUE(js, 'strict $.b' DEFAULT 'bad' ON ERROR) AS c3 FROM v;

CREATE MATERIALIZED VIEW jp_query_wrappers (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_QUERY(js, 'lax $.a' WITHOUT ARRAY WRAPPER) AS c0, JSON_QUERY(js, 'lax $.a' WITH CONDITIONAL ARRAY WRAPPER) AS c1, JSON_QUERY(js, 'strict $.a' WITH UNCONDITIONAL ARRAY WRAPPER) AS c2, JSON_QUERY(js, 'strict $.b' WITH UNCONDITIONAL ARRAY WRAPPER) AS c3, JSON_QUERY(js, 'lax $.missing' WITH UNCONDITIONAL ARRAY WRAPPER) AS c4 FROM v;

CREATE MATERIALIZED VIEW jp_query_empty (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_QUERY(js, 'lax $.s' EMPTY ARRAY ON ERROR) AS c0, JSON_QUERY(js, 'lax $.s' EMPTY OBJECT ON ERROR) AS c1, JSON_QUERY(js, 'lax $.missing' EMPTY ARRAY ON EMPTY) AS c2, JSON_QUERY(js, 'strict $.missing' EMPTY OBJECT ON ERROR) AS c3, JSON_QUERY(js, 'lax $.missing' NULL ON EMPTY) AS c4 FROM v;

CREATE MATERIALIZED VIEW jp_exists_error (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, JSON_EXISTS(js, 'lax $.missing' TRUE ON ERROR) AS c0, JSON_EXISTS(js, 'strict $.missing' FALSE ON ERROR) AS c1, JSON_EXISTS(js, 'strict $.a' TRUE ON ERROR) AS c2, JSON_EXISTS(js, 'strict $.b[9]' TRUE ON ERROR) AS c3, JSON_EXISTS(js, '$.n') AS c4 FROM v;
