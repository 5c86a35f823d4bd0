CREATE VIEW auctions AS SELECT DISTINCT auction FROM bid;
CREATE VIEW priced AS SELECT * FROM bid WHERE price IS NOT NULL;

-- the documentation's Top-N by LATERAL
CREATE MATERIALIZED VIEW l_top (PRIMARY KEY (auction, id) NOT ENFORCED) AS
SELECT a.auction, t.id, t.price FROM auctions AS a, LATERAL (SELECT id, price FROM bid AS b WHERE b.auction = a.auction ORDER BY price DESC LIMIT 2) AS t;

-- flink: differs: it cannot plan it (unexpected correlate variable)
CREATE MATERIALIZED VIEW l_top_left (PRIMARY KEY (aid, id) NOT ENFORCED) AS
SELECT a.aid, t.id, t.price FROM auction AS a LEFT JOIN LATERAL (SELECT id, price FROM priced AS b WHERE b.auction = a.aid ORDER BY price, id LIMIT 1) AS t ON TRUE;

-- without a limit: a join
CREATE MATERIALIZED VIEW l_cross (PRIMARY KEY (aid, id) NOT ENFORCED) AS
SELECT a.aid, t.id FROM auction AS a CROSS JOIN LATERAL (SELECT id, price FROM priced AS b WHERE b.auction = a.aid AND b.price > 30) AS t;

CREATE MATERIALIZED VIEW l_expr (PRIMARY KEY (aid, id) NOT ENFORCED) AS
SELECT a.aid, t.id, t.p2 FROM auction AS a CROSS JOIN LATERAL (SELECT id, price * 2 AS p2 FROM priced AS b WHERE b.auction = a.aid) AS t WHERE t.p2 > 50;

CREATE MATERIALIZED VIEW l_columns (PRIMARY KEY (aid, x) NOT ENFORCED) AS
SELECT a.aid, t.x, t.y FROM auction AS a CROSS JOIN LATERAL (SELECT id, price FROM priced AS b WHERE b.auction = a.aid AND b.price BETWEEN 20 AND 30) AS t (x, y);

CREATE MATERIALIZED VIEW l_nonequi (PRIMARY KEY (aid, id) NOT ENFORCED) AS
SELECT a.aid, t.id FROM auction AS a CROSS JOIN LATERAL (SELECT id FROM priced AS b WHERE b.auction = a.aid AND b.price > a.reserve) AS t;

CREATE MATERIALIZED VIEW l_left_rows (PRIMARY KEY (aid, id) NOT ENFORCED) AS
SELECT a.aid, t.id FROM auction AS a LEFT JOIN LATERAL (SELECT id FROM priced AS b WHERE b.auction = a.aid AND b.price > 35) AS t ON TRUE;

-- an aggregate has a row where nothing fits
-- flink: differs: it has no row, or no count of 0, where nothing fits
CREATE MATERIALIZED VIEW l_max (PRIMARY KEY (aid) NOT ENFORCED) AS
SELECT a.aid, t.hi FROM auction AS a CROSS JOIN LATERAL (SELECT MAX(price) AS hi FROM priced AS b WHERE b.auction = a.aid) AS t;

-- flink: differs: it has no row, or no count of 0, where nothing fits
CREATE MATERIALIZED VIEW l_count (PRIMARY KEY (aid) NOT ENFORCED) AS
SELECT a.aid, t.n, t.s FROM auction AS a LEFT JOIN LATERAL (SELECT COUNT(*) AS n, SUM(price) AS s FROM priced AS b WHERE b.auction = a.aid) AS t ON TRUE;

-- flink: differs: it cannot plan it (unexpected correlate variable)
CREATE MATERIALIZED VIEW l_two (PRIMARY KEY (aid, lo, hi) NOT ENFORCED) AS
SELECT a.aid, t.id AS lo, u.id AS hi FROM auction AS a, LATERAL (SELECT id FROM priced AS b WHERE b.auction = a.aid ORDER BY price, id LIMIT 1) AS t, LATERAL (SELECT id FROM priced AS b WHERE b.auction = a.aid ORDER BY price DESC, id LIMIT 1) AS u;

CREATE MATERIALIZED VIEW l_uncorrelated (PRIMARY KEY (aid, hi) NOT ENFORCED) AS
SELECT a.aid, t.hi FROM auction AS a CROSS JOIN LATERAL (SELECT MAX(price) AS hi FROM priced) AS t;

-- flink: differs: it cannot plan it (unexpected correlate variable)
CREATE MATERIALIZED VIEW l_offset (PRIMARY KEY (aid, id) NOT ENFORCED) AS
SELECT a.aid, t.id FROM auction AS a, LATERAL (SELECT id, price FROM priced AS b WHERE b.auction = a.aid ORDER BY price DESC, id LIMIT 2 OFFSET 1) AS t;
