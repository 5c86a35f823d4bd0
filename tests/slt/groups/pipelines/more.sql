CREATE MATERIALIZED VIEW g2_min_max_retract (PRIMARY KEY (n) NOT ENFORCED) AS
SELECT n, MIN(auction) AS lo, MAX(auction) AS hi, COUNT(*) AS c FROM (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction) GROUP BY n;

CREATE MATERIALIZED VIEW g2_sum_retract AS
SELECT SUM(n) AS s, AVG(n) AS a, COUNT(*) AS c, MIN(n) AS lo, MAX(n) AS hi FROM (SELECT bidder, COUNT(*) AS n FROM bid GROUP BY bidder);

CREATE MATERIALIZED VIEW g2_stats_retract AS
SELECT STDDEV_POP(n) AS a, VAR_SAMP(n) AS b FROM (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction);

CREATE MATERIALIZED VIEW g2_distinct_retract AS
SELECT COUNT(DISTINCT n) AS d, SUM(DISTINCT n) AS s FROM (SELECT bidder, COUNT(*) AS n FROM bid GROUP BY bidder);

CREATE MATERIALIZED VIEW g2_filter_many (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, COUNT(*) FILTER (WHERE price > 20) AS a, SUM(price) FILTER (WHERE bidder = 'ann') AS b, MIN(price) FILTER (WHERE x > 0.5) AS c, COUNT(DISTINCT bidder) FILTER (WHERE price > 20) AS d FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g2_case_sum (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, SUM(CASE WHEN price > 20 THEN 1 ELSE 0 END) AS a, COUNT(CASE WHEN price > 20 THEN 1 END) AS b, MAX(CASE WHEN bidder = 'ann' THEN price END) AS c FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g2_bool AS
SELECT MIN(price > 20) AS a, MAX(price > 20) AS b FROM (SELECT price FROM bid WHERE price IS NOT NULL);

CREATE MATERIALIZED VIEW g2_text_minmax (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, MIN(bidder) AS a, MAX(bidder) AS b, COUNT(bidder) AS c FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g2_time_minmax (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, MIN(ts) AS a, MAX(ts) AS b, COUNT(DISTINCT ts) AS c FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g2_decimals (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, SUM(amount) AS a, AVG(amount) AS b, MIN(amount) AS c, MAX(amount) AS d, SUM(amount * price) AS e, COUNT(DISTINCT amount) AS f FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g2_doubles (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, MIN(x) AS a, MAX(x) AS b, COUNT(x) AS c, SUM(x) AS d FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g2_group_expr (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT price / 10 AS k, COUNT(*) AS n FROM bid WHERE price IS NOT NULL GROUP BY price / 10;

CREATE MATERIALIZED VIEW g2_group_case (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT CASE WHEN price > 30 THEN 'high' WHEN price > 15 THEN 'mid' ELSE 'low' END AS k, COUNT(*) AS n FROM bid GROUP BY CASE WHEN price > 30 THEN 'high' WHEN price > 15 THEN 'mid' ELSE 'low' END;

CREATE MATERIALIZED VIEW g2_group_time (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT DATE_FORMAT(ts, 'HH:mm') AS k, COUNT(*) AS n FROM bid GROUP BY DATE_FORMAT(ts, 'HH:mm');

CREATE MATERIALIZED VIEW g2_group_two (PRIMARY KEY (auction, bidder) NOT ENFORCED) AS
SELECT auction, bidder, COUNT(*) AS n, SUM(price) AS s FROM bid GROUP BY auction, bidder;

CREATE MATERIALIZED VIEW g2_having_count (PRIMARY KEY (bidder) NOT ENFORCED) AS
SELECT bidder, COUNT(*) AS n FROM bid GROUP BY bidder HAVING COUNT(*) BETWEEN 5 AND 12;

CREATE MATERIALIZED VIEW g2_having_other (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, MAX(price) AS hi FROM bid GROUP BY auction HAVING MIN(price) < 15 AND COUNT(DISTINCT bidder) > 2;

-- groups come and go
CREATE MATERIALIZED VIEW g2_having_leaves (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, SUM(CASE WHEN price > 20 THEN 1 ELSE -1 END) AS s FROM bid GROUP BY auction HAVING SUM(CASE WHEN price > 20 THEN 1 ELSE -1 END) > 0;

CREATE MATERIALIZED VIEW g2_three_levels (PRIMARY KEY (c) NOT ENFORCED) AS
SELECT c, COUNT(*) AS n FROM (SELECT n, COUNT(*) AS c FROM (SELECT bidder, COUNT(*) AS n FROM bid GROUP BY bidder) GROUP BY n) GROUP BY c;

CREATE MATERIALIZED VIEW g2_cube_three (PRIMARY KEY (a, b, c, gi) NOT ENFORCED) AS
SELECT auction AS a, bidder AS b, price / 20 AS c, GROUPING_ID(auction, bidder, price / 20) AS gi, COUNT(*) AS n FROM bid GROUP BY CUBE (auction, bidder, price / 20);

CREATE MATERIALIZED VIEW g2_sets_mixed (PRIMARY KEY (auction, bidder, g) NOT ENFORCED) AS
SELECT auction, bidder, GROUPING(bidder) AS g, COUNT(*) AS n, COUNT(DISTINCT price) AS d FROM bid GROUP BY GROUPING SETS ((auction, bidder), (auction));

CREATE MATERIALIZED VIEW g2_rollup_filter (PRIMARY KEY (auction, bidder, g) NOT ENFORCED) AS
SELECT auction, bidder, GROUPING_ID(auction, bidder) AS g, SUM(price) FILTER (WHERE price > 20) AS s FROM bid GROUP BY ROLLUP (auction, bidder);

CREATE MATERIALIZED VIEW g2_sets_retract (PRIMARY KEY (n, g) NOT ENFORCED) AS
SELECT n, GROUPING(n) AS g, COUNT(*) AS c FROM (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction) GROUP BY ROLLUP (n);

CREATE MATERIALIZED VIEW g2_first_last_retract (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, FIRST_VALUE(n) AS f FROM (SELECT auction, bidder, COUNT(*) AS n FROM bid WHERE bidder = 'ann' GROUP BY auction, bidder) GROUP BY auction;

CREATE MATERIALIZED VIEW g2_listagg_distinct (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, CHAR_LENGTH(LISTAGG(DISTINCT bidder)) AS n FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g2_array_agg (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, CARDINALITY(ARRAY_AGG(price)) AS n, CARDINALITY(ARRAY_AGG(DISTINCT bidder)) AS d FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g2_json_agg (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, JSON_ARRAYAGG(price) AS j, JSON_ARRAYAGG(bidder NULL ON NULL) AS b FROM bid WHERE id < 20 GROUP BY auction;

CREATE MATERIALIZED VIEW g2_empty AS
SELECT COUNT(*) AS n, SUM(price) AS s FROM bid WHERE price > 100000;

CREATE MATERIALIZED VIEW g2_empty_group (PRIMARY KEY (auction) NOT ENFORCED) AS
SELECT auction, COUNT(*) AS n FROM bid WHERE price > 100000 GROUP BY auction;

CREATE MATERIALIZED VIEW g2_distinct_star (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT DISTINCT id, auction, bidder FROM bid WHERE price > 30;
