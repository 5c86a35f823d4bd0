CREATE MATERIALIZED VIEW j_inner (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, a.aid, b.price, a.seller FROM bid b JOIN auction a ON b.auction = a.aid;

CREATE MATERIALIZED VIEW j_left (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, a.aid, b.price, a.seller FROM bid b LEFT JOIN auction a ON b.auction = a.aid AND a.category = 10;

CREATE MATERIALIZED VIEW j_left_many (PRIMARY KEY (aid, id) NOT ENFORCED) AS
SELECT a.aid, b.id FROM auction a LEFT JOIN bid b ON a.aid = b.auction;

CREATE MATERIALIZED VIEW j_right (PRIMARY KEY (aid, id) NOT ENFORCED) AS
SELECT a.aid, b.id, b.price FROM bid b RIGHT JOIN auction a ON b.auction = a.aid AND b.price > 30;

CREATE MATERIALIZED VIEW j_full (PRIMARY KEY (aid, id) NOT ENFORCED) AS
SELECT a.aid, b.id FROM (SELECT * FROM bid WHERE auction < 3) b FULL JOIN (SELECT * FROM auction WHERE aid > 1) a ON b.auction = a.aid;

CREATE MATERIALIZED VIEW j_residual (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, a.aid FROM bid b JOIN auction a ON b.auction = a.aid AND b.price > a.reserve;

CREATE MATERIALIZED VIEW j_residual_left (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, a.aid, a.reserve FROM bid b LEFT JOIN auction a ON b.auction = a.aid AND b.price > a.reserve;

-- no equal key
CREATE MATERIALIZED VIEW j_nonequi (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT b.id, a.aid FROM (SELECT * FROM bid WHERE id < 12) b JOIN auction a ON b.price > a.reserve;

CREATE MATERIALIZED VIEW j_cross (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT b.id, a.aid FROM (SELECT * FROM bid WHERE id < 4) b CROSS JOIN (SELECT * FROM auction WHERE aid < 4) a;

CREATE MATERIALIZED VIEW j_comma (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, a.aid FROM bid b, auction a WHERE b.auction = a.aid AND a.category = 11;

CREATE MATERIALIZED VIEW j_using (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT auction, b.id, r.rate FROM bid b JOIN (SELECT auction, MAX(rate) AS rate FROM rate GROUP BY auction) r USING (auction);

CREATE MATERIALIZED VIEW j_self (PRIMARY KEY (id, other) NOT ENFORCED) AS
SELECT x.id, y.id AS other FROM bid x JOIN bid y ON x.auction = y.auction AND x.price = y.price AND x.id < y.id;

-- NULL never matches
CREATE MATERIALIZED VIEW j_null_keys (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT b.id, a.aid FROM bid b JOIN auction a ON b.bidder = a.seller;

CREATE MATERIALIZED VIEW j_null_keys_left (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT b.id, a.aid FROM bid b LEFT JOIN (SELECT * FROM auction WHERE category = 12) a ON b.bidder = a.seller;

CREATE MATERIALIZED VIEW j_null_safe (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT b.id, a.aid FROM bid b JOIN auction a ON b.bidder IS NOT DISTINCT FROM a.seller;

CREATE MATERIALIZED VIEW j_expr (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT b.id, a.aid FROM bid b JOIN auction a ON b.auction * 2 = a.aid + 1;

-- INT and BIGINT keys
CREATE MATERIALIZED VIEW j_types (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT b.id, a.aid FROM bid b JOIN auction a ON b.price = a.category;

CREATE MATERIALIZED VIEW j_three (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, a.aid, r.rate FROM bid b JOIN auction a ON b.auction = a.aid JOIN (SELECT auction, MIN(rate) AS rate FROM rate GROUP BY auction) r ON r.auction = b.auction;

-- join of aggregates
CREATE MATERIALIZED VIEW j_aggs (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT x.auction, x.n, y.m FROM (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction) x JOIN (SELECT auction, MAX(rate) AS m FROM rate GROUP BY auction) y ON x.auction = y.auction;

CREATE MATERIALIZED VIEW j_aggs_left (PRIMARY KEY (aid) NOT ENFORCED) AS
SELECT x.aid, y.n FROM auction x LEFT JOIN (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction) y ON x.aid = y.auction;

CREATE MATERIALIZED VIEW j_aggs_full (PRIMARY KEY (k, n, m) NOT ENFORCED) AS
SELECT COALESCE(x.k, y.k) AS k, x.n, y.m FROM (SELECT price AS k, COUNT(*) AS n FROM bid GROUP BY price) x FULL JOIN (SELECT reserve AS k, COUNT(*) AS m FROM auction GROUP BY reserve) y ON x.k = y.k;

CREATE MATERIALIZED VIEW j_then_group (PRIMARY KEY (category) NOT ENFORCED) AS
SELECT a.category, COUNT(*) AS n, SUM(b.price) AS s FROM bid b JOIN auction a ON b.auction = a.aid GROUP BY a.category;

-- nexmark q4
CREATE MATERIALIZED VIEW j_q4 (PRIMARY KEY (category) NOT ENFORCED) AS
SELECT Q.category, AVG(Q.final) AS a FROM (SELECT MAX(B.price) AS final, A.category FROM auction A, bid B WHERE A.aid = B.auction AND B.ts BETWEEN A.ats - INTERVAL '30' SECOND AND A.ats + INTERVAL '30' SECOND GROUP BY A.aid, A.category) Q GROUP BY Q.category;

-- nexmark q9
-- flink: differs
CREATE MATERIALIZED VIEW j_q9 (PRIMARY KEY (aid) NOT ENFORCED) AS
SELECT aid, id, price FROM (SELECT A.aid, B.id, B.price, ROW_NUMBER() OVER (PARTITION BY A.aid ORDER BY B.price DESC, B.id ASC) AS rownum FROM auction A, bid B WHERE A.aid = B.auction AND B.price IS NOT NULL AND CAST(B.ts AS TIMESTAMP(3)) BETWEEN CAST(A.ats AS TIMESTAMP(3)) - INTERVAL '30' SECOND AND CAST(A.ats AS TIMESTAMP(3)) + INTERVAL '60' SECOND) WHERE rownum <= 1;

-- interval join
CREATE MATERIALIZED VIEW j_interval (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, a.aid FROM bid b JOIN auction a ON b.auction = a.aid AND b.ts BETWEEN a.ats - INTERVAL '10' SECOND AND a.ats + INTERVAL '20' SECOND;

CREATE MATERIALIZED VIEW j_interval_left (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, a.aid FROM bid b LEFT JOIN auction a ON b.auction = a.aid AND a.ats BETWEEN b.ts - INTERVAL '10' SECOND AND b.ts + INTERVAL '20' SECOND;

CREATE MATERIALIZED VIEW j_interval_right (PRIMARY KEY (aid, id) NOT ENFORCED) AS
SELECT a.aid, b.id FROM bid b RIGHT JOIN auction a ON b.auction = a.aid AND b.ts BETWEEN a.ats AND a.ats + INTERVAL '5' SECOND;

CREATE MATERIALIZED VIEW j_interval_full (PRIMARY KEY (aid, id) NOT ENFORCED) AS
SELECT a.aid, b.id FROM (SELECT * FROM bid WHERE price > 20) b FULL JOIN auction a ON b.auction = a.aid AND b.ts BETWEEN a.ats AND a.ats + INTERVAL '5' SECOND;

CREATE MATERIALIZED VIEW j_interval_residual (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, a.aid FROM bid b JOIN auction a ON b.auction = a.aid AND b.ts >= a.ats - INTERVAL '30' SECOND AND b.ts < a.ats + INTERVAL '30' SECOND AND b.price >= a.reserve;

-- the version at the time of the row
CREATE MATERIALIZED VIEW j_temporal (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, b.auction, r.rate FROM bid b JOIN rates FOR SYSTEM_TIME AS OF b.ts AS r ON b.auction = r.auction;

CREATE MATERIALIZED VIEW j_temporal_left (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, b.auction, r.rate, r.rts FROM bid b LEFT JOIN rates FOR SYSTEM_TIME AS OF b.ts AS r ON b.auction = r.auction;

CREATE MATERIALIZED VIEW j_temporal_agg (PRIMARY KEY (rate) NOT ENFORCED) AS
SELECT r.rate, SUM(b.price * r.rate) AS s FROM bid b JOIN rates FOR SYSTEM_TIME AS OF b.ts AS r ON b.auction = r.auction GROUP BY r.rate;

CREATE MATERIALIZED VIEW j_semi_in (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE auction IN (SELECT aid FROM auction WHERE category = 11);

CREATE MATERIALIZED VIEW j_semi_exists (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid b WHERE EXISTS (SELECT * FROM auction a WHERE a.aid = b.auction AND a.reserve < b.price);

-- NULL keys stay
CREATE MATERIALIZED VIEW j_anti (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid b WHERE NOT EXISTS (SELECT * FROM auction a WHERE a.seller = b.bidder);

CREATE MATERIALIZED VIEW j_not_in (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE auction NOT IN (SELECT aid FROM auction WHERE category = 11);

-- a NULL in the list: nothing
CREATE MATERIALIZED VIEW j_not_in_null (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE bidder NOT IN (SELECT seller FROM auction);

CREATE MATERIALIZED VIEW j_in_expr (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE price + 5 IN (SELECT reserve FROM auction) AND id < 30;

CREATE MATERIALIZED VIEW j_in_agg (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE price IN (SELECT MAX(reserve) FROM auction GROUP BY category);

-- scalar subquery
CREATE MATERIALIZED VIEW j_scalar (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, price FROM bid WHERE price > (SELECT AVG(reserve) FROM auction);

CREATE MATERIALIZED VIEW j_scalar_select (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, price - (SELECT MIN(reserve) FROM auction) AS d FROM bid;

-- correlated scalar subquery
CREATE MATERIALIZED VIEW j_scalar_corr (PRIMARY KEY (aid) NOT ENFORCED) AS
SELECT a.aid, (SELECT COUNT(*) FROM bid b WHERE b.auction = a.aid) AS n FROM auction a;

CREATE MATERIALIZED VIEW j_scalar_corr_max (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id FROM bid b WHERE b.price = (SELECT MAX(x.price) FROM bid x WHERE x.auction = b.auction);

-- IN under OR
CREATE MATERIALIZED VIEW j_or_exists (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE id < 5 OR auction IN (SELECT aid FROM auction WHERE category = 12);
