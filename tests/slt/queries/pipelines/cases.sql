CREATE VIEW dear AS SELECT * FROM bid WHERE price > 20;
CREATE VIEW dear2 (auction, p) AS SELECT auction, SUM(price) FROM dear GROUP BY auction;
CREATE VIEW both_streams AS SELECT ts AS t FROM bid UNION ALL SELECT ats FROM auction;

CREATE MATERIALIZED VIEW q_project (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, price * 2 AS p, UPPER(bidder) AS b, ts FROM bid;

CREATE MATERIALIZED VIEW q_star (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT * FROM bid;

CREATE MATERIALIZED VIEW q_alias_star (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.*, b.price + 1 AS p1 FROM bid AS b WHERE b.price >= 10;

CREATE MATERIALIZED VIEW q_where (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE price > 10 AND (bidder = 'ann' OR bidder IS NULL) AND NOT auction = 2;

-- NULL is not TRUE
CREATE MATERIALIZED VIEW q_where_null (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE NOT (price > 10);

CREATE MATERIALIZED VIEW q_with (PRIMARY KEY (auction) NOT ENFORCED) AS
WITH lots AS (SELECT * FROM bid WHERE price > 10), by_auction AS (SELECT auction, COUNT(*) AS n FROM lots GROUP BY auction) SELECT auction, n FROM by_auction WHERE n > 2;

CREATE MATERIALIZED VIEW q_with_cols (PRIMARY KEY (i) NOT ENFORCED) AS
WITH lots (i, p) AS (SELECT id, price FROM bid) SELECT i, p FROM lots WHERE p = 50;

CREATE MATERIALIZED VIEW q_nested (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT k, SUM(n) AS s FROM (SELECT auction AS k, n FROM (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction) WHERE n > 1) GROUP BY k;

CREATE MATERIALIZED VIEW q_union_all (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, price FROM bid WHERE price < 10 UNION ALL SELECT id + 1000, price FROM bid WHERE price > 30;

CREATE MATERIALIZED VIEW q_union (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT auction AS k FROM bid UNION SELECT CAST(aid AS INT) FROM auction;

-- the type both meet in
CREATE MATERIALIZED VIEW q_union_types (PRIMARY KEY (k, v) NOT ENFORCED) AS
SELECT auction AS k, 1 AS v FROM bid WHERE id = 1 UNION ALL SELECT aid, reserve * 1.5 FROM auction;

CREATE MATERIALIZED VIEW q_intersect (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT auction AS k FROM bid INTERSECT SELECT CAST(aid AS INT) FROM auction;

CREATE MATERIALIZED VIEW q_except (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT CAST(aid AS INT) AS k FROM auction EXCEPT SELECT auction FROM bid;

-- NULLs are equal
CREATE MATERIALIZED VIEW q_intersect_all (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT k, COUNT(*) AS n FROM (SELECT bidder AS k FROM bid INTERSECT ALL SELECT seller FROM auction) GROUP BY k;

CREATE MATERIALIZED VIEW q_except_all (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT k, COUNT(*) AS n FROM (SELECT bidder AS k FROM bid EXCEPT ALL SELECT seller FROM auction) GROUP BY k;

CREATE MATERIALIZED VIEW q_except_null (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT bidder AS k FROM bid EXCEPT SELECT seller FROM auction;

CREATE MATERIALIZED VIEW q_union_group (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT k, COUNT(*) AS n, SUM(v) AS s FROM (SELECT bidder AS k, price AS v FROM bid UNION ALL SELECT seller, reserve FROM auction) GROUP BY k;

-- the watermark is the minimum of both
-- flink: differs
CREATE MATERIALIZED VIEW q_union_window (PRIMARY KEY (window_start, window_end) NOT ENFORCED) AS
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE both_streams, DESCRIPTOR(t), INTERVAL '20' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW q_values (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT * FROM (VALUES (1, 'a', 1.5), (2, 'bc', 2.25), (3, CAST(NULL AS STRING), CAST(NULL AS DECIMAL(3, 2)))) AS t (id, nam, v);

CREATE MATERIALIZED VIEW q_values_join (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, v.name FROM bid b JOIN (VALUES (1, 'one'), (2, 'two')) AS v (k, name) ON b.auction = v.k;

CREATE MATERIALIZED VIEW q_values_group (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT k, SUM(v) AS s FROM (VALUES ('a', 1), ('b', 2), ('a', 3)) AS t (k, v) GROUP BY k;

CREATE MATERIALIZED VIEW q_view_of_view (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, p FROM dear2 WHERE p > 60;

CREATE MATERIALIZED VIEW q_distinct (PRIMARY KEY (bidder) NOT ENFORCED) AS
SELECT DISTINCT bidder FROM bid WHERE price > 5;

CREATE MATERIALIZED VIEW q_case_names (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, `price` AS `Price`, auction AS `a b` FROM bid WHERE id < 5;

-- ORDER BY a time attribute drops late rows
CREATE MATERIALIZED VIEW q_order_ts (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, ts FROM bid ORDER BY ts;

CREATE MATERIALIZED VIEW q_between_ts (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE ts BETWEEN TIMESTAMP '2024-01-01 00:00:10' AND TIMESTAMP '2024-01-01 00:00:30';

CREATE MATERIALIZED VIEW q_const (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, 1 AS uno, 'x' AS x, CAST(NULL AS INT) AS n, TRUE AS tt FROM bid WHERE id < 3;

CREATE MATERIALIZED VIEW q_unnest (PRIMARY KEY (id, e) NOT ENFORCED) AS
SELECT id, t.e FROM bid CROSS JOIN UNNEST(ARRAY[price, auction]) AS t (e) WHERE id < 10 AND t.e IS NOT NULL AND t.e <> price;

CREATE MATERIALIZED VIEW q_unnest_left (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, t.e FROM bid LEFT JOIN UNNEST(CASE WHEN id > 3 THEN ARRAY[auction] ELSE CAST(NULL AS ARRAY<INT>) END) AS t (e) ON TRUE WHERE id < 8;

CREATE MATERIALIZED VIEW q_unnest_ord (PRIMARY KEY (id, o) NOT ENFORCED) AS
SELECT id, t.e, t.o FROM bid CROSS JOIN UNNEST(ARRAY[price, price * 2, price * 3]) WITH ORDINALITY AS t (e, o) WHERE id < 5;

CREATE MATERIALIZED VIEW q_unnest_map (PRIMARY KEY (id, k) NOT ENFORCED) AS
SELECT id, k, v FROM bid CROSS JOIN UNNEST(MAP['p', price, 'a', auction]) AS t (k, v) WHERE id < 5;

CREATE MATERIALIZED VIEW q_unnest_row (PRIMARY KEY (id, p, q) NOT ENFORCED) AS
SELECT id, p, q FROM bid CROSS JOIN UNNEST(ARRAY[ROW(price, bidder), ROW(1, 'x')]) AS t (p, q) WHERE id < 5;

CREATE MATERIALIZED VIEW q_group_unnest (PRIMARY KEY (w) NOT ENFORCED) AS
SELECT t.w, COUNT(*) AS n FROM bid CROSS JOIN UNNEST(SPLIT(CAST(price AS STRING), '0')) AS t (w) GROUP BY t.w;

CREATE MATERIALIZED VIEW q_watermark (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, CURRENT_WATERMARK(ts) AS wm FROM bid;

-- rows that are not late
CREATE MATERIALIZED VIEW q_late (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE CURRENT_WATERMARK(ts) IS NULL OR ts > CURRENT_WATERMARK(ts);

CREATE MATERIALIZED VIEW q_dup_cols (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT a.id, b.id AS id2 FROM bid a JOIN bid b ON a.id = b.id WHERE a.id < 4;

CREATE MATERIALIZED VIEW q_q1 (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, auction, bidder, 0.908 * price AS price, ts FROM bid;

CREATE MATERIALIZED VIEW q_q2 (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, auction, price FROM bid WHERE MOD(auction, 3) = 0;

CREATE MATERIALIZED VIEW q_q14 (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, 0.908 * price AS price, CASE WHEN HOUR(ts) >= 8 AND HOUR(ts) <= 18 THEN 'dayTime' WHEN HOUR(ts) <= 6 OR HOUR(ts) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bidTimeType FROM bid WHERE 0.908 * price > 10 AND 0.908 * price < 50;

CREATE MATERIALIZED VIEW q_q21 (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, CASE WHEN LOWER(bidder) = 'ann' THEN '0' WHEN LOWER(bidder) = 'bob' THEN '1' ELSE REGEXP_EXTRACT('x&channel_id=' || bidder, '(&|^)channel_id=([^&]*)', 2) END AS channel_id FROM bid WHERE REGEXP_EXTRACT('x&channel_id=' || bidder, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL OR LOWER(bidder) IN ('ann', 'bob');
