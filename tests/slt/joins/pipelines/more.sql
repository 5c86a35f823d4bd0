CREATE VIEW near_ AS SELECT a.ts, a.id FROM bid AS a JOIN auction AS b ON a.auction = b.aid AND a.ts BETWEEN b.ats - INTERVAL '10' SECOND AND b.ats + INTERVAL '10' SECOND;

CREATE MATERIALIZED VIEW j2_full_null (PRIMARY KEY (l, r) NOT ENFORCED) AS
SELECT a.id AS l, b.aid AS r FROM bid AS a FULL JOIN auction AS b ON a.auction = b.aid AND a.price > 30;

CREATE MATERIALIZED VIEW j2_left_left (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT a.id, b.seller, c.n FROM bid AS a LEFT JOIN auction AS b ON a.auction = b.aid LEFT JOIN (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction) AS c ON a.auction = c.auction;

CREATE MATERIALIZED VIEW j2_two_keys (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT a.id, b.aid FROM bid AS a JOIN auction AS b ON a.auction = b.aid AND a.auction = b.category;

CREATE MATERIALIZED VIEW j2_cast_key (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT a.id, b.aid FROM bid AS a JOIN auction AS b ON CAST(a.auction AS STRING) = CAST(b.aid AS STRING);

CREATE MATERIALIZED VIEW j2_expr_both (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT a.id, b.aid FROM bid AS a JOIN auction AS b ON a.auction + 1 = b.aid * 2;

CREATE MATERIALIZED VIEW j2_or (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT a.id, b.aid FROM bid AS a JOIN auction AS b ON a.auction = b.aid OR a.price = b.reserve WHERE a.price > 25;

CREATE MATERIALIZED VIEW j2_distinct AS
SELECT DISTINCT a.auction, b.seller FROM bid AS a JOIN auction AS b ON a.auction = b.aid;

CREATE MATERIALIZED VIEW j2_group_join (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT a.auction, COUNT(*) AS n, SUM(a.price) AS s, MIN(b.seller) AS m FROM bid AS a LEFT JOIN auction AS b ON a.auction = b.aid GROUP BY a.auction;

CREATE MATERIALIZED VIEW j2_having_in (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction HAVING auction IN (SELECT CAST(aid AS INT) FROM auction);

CREATE MATERIALIZED VIEW j2_exists_two (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid AS a WHERE EXISTS (SELECT 1 FROM auction AS b WHERE b.aid = a.auction AND b.reserve < a.price);

CREATE MATERIALIZED VIEW j2_not_exists_cond (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid AS a WHERE NOT EXISTS (SELECT 1 FROM auction AS b WHERE b.aid = a.auction AND b.reserve < a.price);

CREATE MATERIALIZED VIEW j2_in_and_in (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE auction IN (SELECT CAST(aid AS INT) FROM auction) AND price IN (SELECT reserve FROM auction);

CREATE MATERIALIZED VIEW j2_scalar_where (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE price > (SELECT AVG(price) FROM bid);

CREATE MATERIALIZED VIEW j2_scalar_minus (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, price - (SELECT MIN(price) FROM bid) AS d FROM bid;

CREATE MATERIALIZED VIEW j2_union_join (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT t.id, b.aid FROM (SELECT id, auction FROM bid WHERE price < 20 UNION ALL SELECT id, auction FROM bid WHERE price > 40) AS t JOIN auction AS b ON t.auction = b.aid;

CREATE MATERIALIZED VIEW j2_interval_between (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT a.id, b.aid FROM bid AS a JOIN auction AS b ON a.auction = b.aid AND a.ts BETWEEN b.ats - INTERVAL '5' SECOND AND b.ats + INTERVAL '20' SECOND;

CREATE MATERIALIZED VIEW j2_interval_one_way (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT a.id, b.aid FROM bid AS a, auction AS b WHERE a.auction = b.aid AND a.ts >= b.ats AND a.ts < b.ats + INTERVAL '15' SECOND;

CREATE MATERIALIZED VIEW j2_interval_nokey (PRIMARY KEY (id, aid) NOT ENFORCED) AS
SELECT a.id, b.aid FROM bid AS a JOIN auction AS b ON a.ts BETWEEN b.ats AND b.ats + INTERVAL '1' SECOND WHERE a.id <> 22;

-- an interval join keeps the time
CREATE MATERIALIZED VIEW j2_interval_agg AS
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE near_, DESCRIPTOR(ts), INTERVAL '20' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW j2_temporal_expr (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, b.price * r.rate AS v FROM bid AS b JOIN rates FOR SYSTEM_TIME AS OF b.ts AS r ON b.auction = r.auction;

CREATE MATERIALIZED VIEW j2_temporal_where (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT b.id, r.rate FROM bid AS b LEFT JOIN rates FOR SYSTEM_TIME AS OF b.ts AS r ON b.auction = r.auction WHERE b.price > 20;

CREATE MATERIALIZED VIEW j2_natural AS
SELECT n, hi, COUNT(*) AS c FROM (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction) AS b NATURAL JOIN (SELECT auction, MAX(rate) AS hi FROM rate GROUP BY auction) AS r GROUP BY n, hi;

CREATE MATERIALIZED VIEW j2_any (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM bid WHERE price = ANY (SELECT reserve FROM auction) AND auction <> ALL (SELECT CAST(category AS INT) FROM auction WHERE category IS NOT NULL);
