CREATE MATERIALIZED VIEW concat_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  s || s2 AS c0,
  s || '!' AS c1,
  CONCAT(s, s2) AS c2,
  CONCAT(s, '-', s2, '-', c) AS c3,
  CONCAT_WS(',', s, s2, vc) AS c4,
  CONCAT_WS(s2, 'a', 'b') AS c5,
  CONCAT('x', CAST(i AS STRING)) AS c6,
  c || vc AS c7,
  CONCAT_WS('-', CAST(NULL AS STRING), 'z') AS c8
FROM v;

CREATE MATERIALIZED VIEW length_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  CHAR_LENGTH(s) AS c0,
  CHARACTER_LENGTH(s2) AS c1,
  CHAR_LENGTH(c) AS c2,
  CHAR_LENGTH(vc) AS c3,
  CHAR_LENGTH(s || c) AS c4
FROM v;

CREATE MATERIALIZED VIEW case_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  UPPER(s) AS c0,
  LOWER(s) AS c1,
  UPPER(vc) AS c2,
  LOWER(c) AS c3,
  INITCAP(s) AS c4,
  INITCAP(vc) AS c5,
  INITCAP('hELLO wORLD-foo_bar') AS c6
FROM v;

CREATE MATERIALIZED VIEW trim_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  TRIM(s) AS c0,
  TRIM(BOTH 'h' FROM s) AS c1,
  TRIM(LEADING ' ' FROM s) AS c2,
  TRIM(TRAILING 'd' FROM s) AS c3,
  LTRIM(s) AS c4,
  RTRIM(s) AS c5,
  BTRIM(s) AS c6,
  LTRIM(s, 'h ') AS c7,
  RTRIM(s, 'dl') AS c8,
  BTRIM(s, ' p') AS c9,
  TRIM(BOTH s2 FROM s) AS c10
FROM v;

CREATE MATERIALIZED VIEW substring_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  SUBSTRING(s, 1, 3) AS c0,
  SUBSTRING(s, 3) AS c1,
  SUBSTRING(s, -3) AS c2,
  SUBSTRING(s, -3, 2) AS c3,
  SUBSTRING(s, 0, 2) AS c4,
  SUBSTRING(s FROM 2 FOR 4) AS c5,
  SUBSTRING(s, 100) AS c6,
  SUBSTR(s, 2) AS c7,
  SUBSTRING(s, 2, 0) AS c8,
  SUBSTRING(s, -100, 3) AS c9,
  SUBSTRING(s, 1, i) AS c10,
  SUBSTR(s, ti, 2) AS c11
FROM v;

CREATE MATERIALIZED VIEW left_right (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  LEFT(s, 3) AS c0,
  RIGHT(s, 3) AS c1,
  LEFT(s, 0) AS c2,
  RIGHT(s, 100) AS c3,
  LEFT(s, -1) AS c4,
  LEFT(s, ti) AS c5,
  RIGHT(vc, 2) AS c6
FROM v;

CREATE MATERIALIZED VIEW pos_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  POSITION('o' IN s) AS c0,
  POSITION(s2 IN s) AS c1,
  LOCATE('o', s) AS c2,
  LOCATE('o', s, 6) AS c3,
  INSTR(s, 'o') AS c4,
  INSTR(s, s2) AS c5,
  POSITION('' IN s) AS c6,
  LOCATE('', s) AS c7,
  INSTR(s, 'o', 1, 2) AS c8,
  INSTR(s, 'o', -1, 1) AS c9
FROM v;

CREATE MATERIALIZED VIEW replace_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  REPLACE(s, 'o', '0') AS c0,
  REPLACE(s, s2, '*') AS c1,
  REPLACE(s, '', 'x') AS c2,
  OVERLAY(s PLACING 'XX' FROM 3) AS c3,
  OVERLAY(s PLACING 'XX' FROM 3 FOR 1) AS c4,
  OVERLAY(s PLACING '' FROM 1 FOR 2) AS c5,
  TRANSLATE(s, 'lo', '01') AS c6,
  TRANSLATE(s, 'lo', '0') AS c7,
  REPEAT(s2, 3) AS c8,
  REPEAT(s, 0) AS c9,
  REPEAT(s2, -1) AS c10,
  REVERSE(s) AS c11
FROM v;

CREATE MATERIALIZED VIEW pad_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  LPAD(s, 5, '*') AS c0,
  LPAD(s, 15, '*-') AS c1,
  RPAD(s, 15, 'ab') AS c2,
  LPAD(s, 0, 'x') AS c3,
  RPAD(s, -1, 'x') AS c4,
  LPAD(s, 12, '') AS c5,
  LPAD(vc, 10, '日') AS c6,
  RPAD(s2, 3, s) AS c7
FROM v;

CREATE MATERIALIZED VIEW chr_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  ASCII(s) AS c0,
  ASCII(s2) AS c1,
  CHR(65) AS c2,
  CHR(ti + 66) AS c3,
  CHR(si + 300) AS c4,
  CHR(300) AS c5,
  CHR(-1) AS c6,
  ASCII('') AS c7,
  ASCII('é') AS c8
FROM v;

CREATE MATERIALIZED VIEW split_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  SPLIT_INDEX(s, ' ', 0) AS c0,
  SPLIT_INDEX(s, ' ', 1) AS c1,
  SPLIT_INDEX(s, ',', 1) AS c2,
  SPLIT_INDEX(s, 'o', 2) AS c3,
  SPLIT_INDEX(s, s2, 0) AS c4,
  SPLIT_INDEX(s, ' ', -1) AS c5,
  SPLIT_INDEX(s, ' ', 5) AS c6,
  SPLIT_INDEX(s, '', 0) AS c7,
  SPLIT_INDEX(s, 44, 0) AS c8
FROM v;

CREATE MATERIALIZED VIEW split_arr (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  SPLIT(s, ' ') AS c0,
  SPLIT(s, s2) AS c1,
  SPLIT(s, '') AS c2,
  SPLIT('a,b,,c', ',') AS c3
FROM v;

-- no default escape
CREATE MATERIALIZED VIEW like_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  s LIKE '%o%' AS c0,
  s LIKE 'h_llo%' AS c1,
  s NOT LIKE '%o%' AS c2,
  s LIKE '%\_%' ESCAPE '\' AS c3,
  s LIKE '100!%%' ESCAPE '!' AS c4,
  s LIKE '100%%' AS c5,
  s LIKE '' AS c6,
  s LIKE '%' AS c7,
  s LIKE s2 AS c8,
  s LIKE '%_under!_%' ESCAPE '!' AS c9,
  s LIKE '日%' AS c10,
  s LIKE '______' AS c11
FROM v;

CREATE MATERIALIZED VIEW similar_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  s SIMILAR TO '%(o|e)%' AS c0,
  s SIMILAR TO '[a-z ]+' AS c1,
  s NOT SIMILAR TO '%o%' AS c2,
  s SIMILAR TO 'h%d' AS c3,
  vc SIMILAR TO '[a-zA-Z]{5,7}' AS c4,
  s SIMILAR TO '_{7}' AS c5
FROM v;

CREATE MATERIALIZED VIEW regexp_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  REGEXP(s, 'o') AS c0,
  REGEXP_EXTRACT(s, '(\w+) (\w+)', 2) AS c1,
  REGEXP_EXTRACT(s, '(\w+) (\w+)') AS c2,
  REGEXP_EXTRACT(s, '([a-z])([a-z])', 0) AS c3,
  REGEXP_REPLACE(s, '[aeiou]', '*') AS c4,
  REGEXP_REPLACE(s, '(\w+) (\w+)', '$2 $1') AS c5,
  REGEXP_COUNT(s, 'o') AS c6,
  REGEXP_EXTRACT(s, 'zzz', 0) AS c7,
  REGEXP_EXTRACT(s, 'h', 3) AS c8,
  REGEXP_COUNT(s, '') AS c9,
  REGEXP_REPLACE(s, '', '-') AS c10
FROM v;

CREATE MATERIALIZED VIEW regexp2_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  REGEXP_EXTRACT_ALL(s, 'o') AS c0,
  REGEXP_EXTRACT_ALL(s, '([a-z])([a-z])', 2) AS c1,
  REGEXP_INSTR(s, 'o') AS c2,
  REGEXP_INSTR(s, 'zz') AS c3,
  REGEXP_SUBSTR(s, 'o.') AS c4,
  REGEXP_SUBSTR(s, 'zz') AS c5,
  REGEXP(s, '^h.*d$') AS c6
FROM v;

CREATE MATERIALIZED VIEW starts_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  STARTSWITH(s, 'he') AS c0,
  ENDSWITH(s, 'ld') AS c1,
  STARTSWITH(s, '') AS c2,
  ENDSWITH(s, s2) AS c3,
  STARTSWITH(s, s2) AS c4
FROM v;

CREATE MATERIALIZED VIEW elt_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  ELT(1, s, s2) AS c0,
  ELT(2, s, s2) AS c1,
  ELT(3, s, s2) AS c2,
  ELT(0, s, s2) AS c3,
  ELT(CAST(ti AS INT), 'a', 'b', 'c') AS c4
FROM v;

CREATE MATERIALIZED VIEW b64_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  TO_BASE64(s) AS c0,
  FROM_BASE64(TO_BASE64(s)) AS c1,
  FROM_BASE64('aGVsbG8=') AS c2,
  URL_ENCODE(s) AS c3,
  URL_DECODE(URL_ENCODE(s)) AS c4,
  URL_DECODE('a%20b+c') AS c5,
  URL_DECODE('%zz') AS c6
FROM v;

CREATE MATERIALIZED VIEW hash_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  MD5(s) AS c0,
  SHA1(s) AS c1,
  SHA224(s) AS c2,
  SHA256(s) AS c3,
  SHA2(s, 256) AS c4,
  SHA2(s, 512) AS c5
FROM v;

CREATE MATERIALIZED VIEW hash2_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  SHA384(s) AS c0,
  SHA512(s) AS c1
FROM v;

CREATE MATERIALIZED VIEW url_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  PARSE_URL('http://user:pw@facebook.com:80/path/p1.php?query=1&k=v#ref', 'HOST') AS c0,
  PARSE_URL('http://facebook.com/path/p1.php?query=1&k=v', 'QUERY', 'k') AS c1,
  PARSE_URL('http://facebook.com/path?x=1', 'PATH') AS c2,
  PARSE_URL('http://facebook.com/path?x=1', 'NOPE') AS c3,
  PARSE_URL(s, 'HOST') AS c4,
  PARSE_URL('https://a.b/c?d=e#f', 'REF') AS c5,
  PARSE_URL('https://u:p@a.b/c', 'USERINFO') AS c6,
  PARSE_URL('https://u:p@a.b:1/c?d', 'AUTHORITY') AS c7,
  PARSE_URL('https://a.b/c?d=e', 'FILE') AS c8,
  PARSE_URL('https://a.b/c', 'PROTOCOL') AS c9
FROM v;

CREATE MATERIALIZED VIEW compare_str (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  s = s2 AS c0,
  s < s2 AS c1,
  s >= 'h' AS c2,
  c = 'abc' AS c3,
  c = 'abc  ' AS c4,
  vc = 'varchar' AS c5,
  s <> '' AS c6,
  s = '' AS c7,
  c < vc AS c8
FROM v;

CREATE MATERIALIZED VIEW in_str (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  s IN ('hello world', '') AS c0,
  s NOT IN ('x', 'y') AS c1,
  vc IN ('varchar', 'MiXeD') AS c2,
  s IN ('a', NULL) AS c3,
  c IN ('abc', 'x') AS c4
FROM v;

CREATE MATERIALIZED VIEW printf_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  PRINTF('%d-%s', i, s) AS c0,
  PRINTF('%05d', i) AS c1,
  PRINTF('%.2f', d) AS c2,
  PRINTF('%s', s) AS c3,
  PRINTF('no args') AS c4
FROM v;

CREATE MATERIALIZED VIEW encode_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  ENCODE(s, 'UTF-8') AS c0,
  DECODE(ENCODE(s, 'UTF-16BE'), 'UTF-16BE') AS c1,
  ENCODE(s, 'US-ASCII') AS c2,
  DECODE(X'E697A5', 'UTF-8') AS c3,
  DECODE(ENCODE(s, 'ISO-8859-1'), 'ISO-8859-1') AS c4
FROM v;

CREATE MATERIALIZED VIEW str_to_map_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  STR_TO_MAP('k1=v1,k2=v2') AS c0,
  STR_TO_MAP('k1:v1;k2:v2', ';', ':') AS c1,
  STR_TO_MAP(s) AS c2,
  STR_TO_MAP('a=1,b') AS c3,
  STR_TO_MAP('') AS c4
FROM v;

CREATE MATERIALIZED VIEW quote_fn (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id,
  s || 'it''s' AS c0,
  U&'\00e9' AS c1,
  '日本' || vc AS c2
FROM v;
