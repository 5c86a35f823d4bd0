CREATE MATERIALIZED VIEW r_topn (PRIMARY KEY (auction, rn) NOT ENFORCED) AS
SELECT auction, id, price, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, id) AS rn FROM bid WHERE price IS NOT NULL) WHERE rn <= 3;

-- ties keep arrival order
CREATE MATERIALIZED VIEW r_topn_no_rank (PRIMARY KEY (auction, id) NOT ENFORCED) AS
SELECT auction, id, price FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS rn FROM bid WHERE price IS NOT NULL) WHERE rn <= 3;

-- NULLs are smallest
CREATE MATERIALIZED VIEW r_topn_nulls (PRIMARY KEY (auction, id) NOT ENFORCED) AS
SELECT auction, id, price FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price) AS rn FROM bid) WHERE rn <= 2;

CREATE MATERIALIZED VIEW r_topn_nulls_last (PRIMARY KEY (auction, id) NOT ENFORCED) AS
SELECT auction, id, price FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price NULLS LAST, id DESC) AS rn FROM bid) WHERE rn <= 2;

CREATE MATERIALIZED VIEW r_topn_range (PRIMARY KEY (auction, rn) NOT ENFORCED) AS
SELECT auction, id, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, id) AS rn FROM bid WHERE price IS NOT NULL) WHERE rn BETWEEN 2 AND 4;

-- Top-N over an aggregate
CREATE MATERIALIZED VIEW r_topn_agg (PRIMARY KEY (rn) NOT ENFORCED) AS
SELECT auction, n, rn FROM (SELECT auction, n, ROW_NUMBER() OVER (ORDER BY n DESC, auction) AS rn FROM (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction)) WHERE rn <= 2;

CREATE MATERIALIZED VIEW r_topn_agg_key (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT k, auction, s FROM (SELECT k, auction, s, ROW_NUMBER() OVER (PARTITION BY k ORDER BY s, auction) AS rn FROM (SELECT MOD(auction, 2) AS k, auction, SUM(price) AS s FROM bid GROUP BY MOD(auction, 2), auction)) WHERE rn <= 1;

-- keep last
CREATE MATERIALIZED VIEW r_last (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, id, price FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY ts DESC) AS rn FROM bid) WHERE rn = 1;

-- keep first
CREATE MATERIALIZED VIEW r_first (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, id, price FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY ts) AS rn FROM bid) WHERE rn = 1;

CREATE MATERIALIZED VIEW r_last_null_key (PRIMARY KEY (bidder) NOT ENFORCED) AS
SELECT bidder, id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder ORDER BY ts DESC) AS rn FROM bid) WHERE rn = 1;

-- filter after
CREATE MATERIALIZED VIEW r_last_two (PRIMARY KEY (auction, bidder) NOT ENFORCED) AS
SELECT auction, bidder, id, price FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction, bidder ORDER BY ts DESC) AS rn FROM bid) WHERE rn = 1 AND price > 10;

-- an aggregate over kept rows
CREATE MATERIALIZED VIEW r_last_agg (PRIMARY KEY (price) NOT ENFORCED) AS
SELECT price, COUNT(*) AS n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction, bidder ORDER BY ts DESC) AS rn FROM bid) WHERE rn = 1 GROUP BY price;

CREATE MATERIALIZED VIEW r_limit (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, price FROM bid ORDER BY price DESC, id LIMIT 5;

CREATE MATERIALIZED VIEW r_limit_offset (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, price FROM bid ORDER BY price, id DESC LIMIT 3 OFFSET 2;

CREATE MATERIALIZED VIEW r_limit_agg (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, n FROM (SELECT auction, SUM(price) AS n FROM bid GROUP BY auction) ORDER BY n DESC LIMIT 2;

CREATE MATERIALIZED VIEW r_fetch (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, amount FROM bid ORDER BY amount DESC, id FETCH FIRST 4 ROWS ONLY;

CREATE MATERIALIZED VIEW r_q18 (PRIMARY KEY (auction, bidder) NOT ENFORCED) AS
SELECT auction, bidder, price, id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY ts DESC) AS rank_number FROM bid) WHERE rank_number <= 1;

CREATE MATERIALIZED VIEW r_q19 (PRIMARY KEY (auction, rank_number) NOT ENFORCED) AS
SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, id) AS rank_number FROM bid) WHERE rank_number <= 10;

CREATE MATERIALIZED VIEW r_topn_expr (PRIMARY KEY (k, id) NOT ENFORCED) AS
SELECT k, id FROM (SELECT MOD(id, 3) AS k, id, ROW_NUMBER() OVER (PARTITION BY MOD(id, 3) ORDER BY ABS(x) DESC, id) AS rn FROM bid WHERE x IS NOT NULL) WHERE rn < 3;

CREATE MATERIALIZED VIEW r_top1_agg (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, s FROM (SELECT auction, s, ROW_NUMBER() OVER (ORDER BY s DESC, auction) AS rn FROM (SELECT auction, SUM(amount) AS s FROM bid GROUP BY auction)) WHERE rn = 1;

CREATE MATERIALIZED VIEW r_qualify (PRIMARY KEY (auction, rn) NOT ENFORCED) AS
SELECT auction, id, price, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, id) AS rn FROM bid WHERE price IS NOT NULL QUALIFY rn <= 2;

-- flink: differs: rows of an earlier rank 1 stay in the collected result
CREATE MATERIALIZED VIEW r_qualify_over (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, id, price FROM bid WHERE price IS NOT NULL QUALIFY ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, id) = 1;

CREATE MATERIALIZED VIEW r_qualify_sum (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, SUM(price) OVER (PARTITION BY auction ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM bid QUALIFY s > 60;

-- flink: differs: it cannot plan COUNT(*) below OVER with QUALIFY
CREATE MATERIALIZED VIEW r_qualify_group (PRIMARY KEY (rn) NOT ENFORCED) AS
SELECT auction, COUNT(*) AS n, ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC, auction) AS rn FROM bid GROUP BY auction QUALIFY rn <= 3;
