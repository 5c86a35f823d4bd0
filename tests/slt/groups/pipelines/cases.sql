CREATE MATERIALIZED VIEW g_all AS
SELECT auction, COUNT(*) AS n, COUNT(price) AS np, SUM(price) AS s, AVG(price) AS a, MIN(price) AS lo, MAX(price) AS hi FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_null_key (PRIMARY KEY (bidder) NOT ENFORCED) AS
SELECT bidder, COUNT(*) AS n, SUM(amount) AS s FROM bid GROUP BY bidder;

CREATE MATERIALIZED VIEW g_global (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT 1 AS k, n, s FROM (SELECT COUNT(*) AS n, SUM(price) AS s FROM bid);

-- no row ever came: no row in streaming
CREATE MATERIALIZED VIEW g_global_empty (PRIMARY KEY (k) NOT ENFORCED) AS
SELECT 1 AS k, n, s FROM (SELECT COUNT(*) AS n, SUM(price) AS s FROM bid WHERE id < 0);

CREATE MATERIALIZED VIEW g_types AS
SELECT auction, SUM(amount) AS s, AVG(amount) AS a, SUM(x) AS sx, AVG(x) AS ax, AVG(CAST(price AS INT)) AS ai, SUM(CAST(price AS INT)) AS si, SUM(CAST(price AS TINYINT)) AS st, AVG(CAST(x AS FLOAT)) AS af, MIN(ts) AS mt, MAX(bidder) AS mb FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_stats AS
SELECT auction, STDDEV_POP(x) AS sp, STDDEV_SAMP(x) AS ss, VAR_POP(x) AS vp, VAR_SAMP(x) AS vs, STDDEV_POP(price) AS spp, STDDEV_SAMP(amount) AS ssa, VAR_POP(amount) AS vpa, VARIANCE(price) AS v FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_distinct AS
SELECT auction, COUNT(DISTINCT bidder) AS d, SUM(DISTINCT price) AS s, AVG(DISTINCT price) AS a, COUNT(DISTINCT price) AS dp, MAX(DISTINCT price) AS m FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_filter AS
SELECT auction, COUNT(*) FILTER (WHERE price > 10) AS n, SUM(price) FILTER (WHERE bidder = 'ann') AS s, COUNT(DISTINCT bidder) FILTER (WHERE price > 10) AS d, MAX(x) FILTER (WHERE x < 0) AS m FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_having (PRIMARY KEY (auction, bidder) NOT ENFORCED) AS
SELECT auction, bidder, COUNT(*) AS n FROM bid GROUP BY auction, bidder HAVING COUNT(*) > 3 OR SUM(price) > 100;

CREATE MATERIALIZED VIEW g_expr (PRIMARY KEY (k, b) NOT ENFORCED) AS
SELECT MOD(id, 3) AS k, UPPER(bidder) AS b, SUM(price + 1) + 1 AS s, MAX(price) - MIN(price) AS spread FROM bid GROUP BY MOD(id, 3), UPPER(bidder);

CREATE MATERIALIZED VIEW g_first_last AS
SELECT auction, FIRST_VALUE(bidder) AS f, LAST_VALUE(bidder) AS l, FIRST_VALUE(price) AS fp, LAST_VALUE(price) AS lp FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_listagg AS
SELECT auction, LISTAGG(bidder) AS g, LISTAGG(DISTINCT bidder, '-') AS d, LISTAGG(CAST(price AS STRING), ';') AS p FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_collect AS
SELECT auction, ARRAY_AGG(price) AS a, ARRAY_AGG(DISTINCT bidder) AS d FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_json AS
SELECT auction, JSON_ARRAYAGG(price) AS a, JSON_OBJECTAGG(KEY CAST(id AS STRING) VALUE price) AS o FROM bid WHERE id < 8 GROUP BY auction;

CREATE MATERIALIZED VIEW g_json_null AS
SELECT auction, JSON_ARRAYAGG(price NULL ON NULL) AS a, JSON_OBJECTAGG(KEY CAST(id AS STRING) VALUE bidder ABSENT ON NULL) AS o FROM bid WHERE id < 8 GROUP BY auction;

CREATE MATERIALIZED VIEW g_percentile AS
SELECT auction, PERCENTILE(price, 0.5) AS p, PERCENTILE(x, ARRAY[0.25, 0.75]) AS q FROM bid GROUP BY auction;

-- aggregates over aggregates take rows back
CREATE MATERIALIZED VIEW g_of_g AS
SELECT n, COUNT(*) AS c, SUM(s) AS total FROM (SELECT bidder, auction, COUNT(*) AS n, SUM(price) AS s FROM bid GROUP BY bidder, auction) GROUP BY n;

CREATE MATERIALIZED VIEW g_of_g_minmax AS
SELECT MOD(auction, 2) AS k, MAX(n) AS hi, MIN(n) AS lo, AVG(n) AS a, COUNT(DISTINCT n) AS d, STDDEV_POP(n) AS sd FROM (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction) GROUP BY MOD(auction, 2);

CREATE MATERIALIZED VIEW g_of_g_filter AS
SELECT MOD(auction, 2) AS k, COUNT(*) AS c, SUM(s) AS t FROM (SELECT auction, bidder, SUM(amount) AS s FROM bid GROUP BY auction, bidder) WHERE s > 50 GROUP BY MOD(auction, 2);

CREATE MATERIALIZED VIEW g_retract_double AS
SELECT n, SUM(sx) AS t, AVG(sx) AS a FROM (SELECT bidder, COUNT(*) AS n, SUM(x) AS sx FROM bid GROUP BY bidder) GROUP BY n;

CREATE MATERIALIZED VIEW g_distinct_rows (PRIMARY KEY (auction, bidder) NOT ENFORCED) AS
SELECT DISTINCT auction, bidder FROM bid;

CREATE MATERIALIZED VIEW g_distinct_expr (PRIMARY KEY (p2) NOT ENFORCED) AS
SELECT DISTINCT price * 2 AS p2 FROM bid;

CREATE MATERIALIZED VIEW g_distinct_of_group (PRIMARY KEY (n) NOT ENFORCED) AS
SELECT DISTINCT n FROM (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction, bidder);

CREATE MATERIALIZED VIEW g_count_many AS
SELECT auction, COUNT(DISTINCT price) AS d, COUNT(bidder) AS c, COUNT(1) AS o FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_sets (PRIMARY KEY (auction, bidder, ga, gb) NOT ENFORCED) AS
SELECT auction, bidder, COUNT(*) AS n, GROUPING(auction) AS ga, GROUPING(bidder) AS gb FROM bid GROUP BY GROUPING SETS ((auction, bidder), (auction), (bidder), ());

CREATE MATERIALIZED VIEW g_cube (PRIMARY KEY (auction, bidder, gi) NOT ENFORCED) AS
SELECT auction, bidder, SUM(price) AS n, GROUPING_ID(auction, bidder) AS gi FROM bid GROUP BY CUBE (auction, bidder);

CREATE MATERIALIZED VIEW g_rollup (PRIMARY KEY (auction, bidder, gi) NOT ENFORCED) AS
SELECT auction, bidder, SUM(price) AS n, GROUPING_ID(auction, bidder) AS gi FROM bid GROUP BY ROLLUP (auction, bidder);

CREATE MATERIALIZED VIEW g_rollup_partial (PRIMARY KEY (auction, bidder, o, gb) NOT ENFORCED) AS
SELECT auction, bidder, MOD(id, 2) AS o, COUNT(*) AS n, GROUPING(bidder) AS gb FROM bid GROUP BY auction, MOD(id, 2), ROLLUP (bidder);

CREATE MATERIALIZED VIEW g_sets_having (PRIMARY KEY (auction, bidder) NOT ENFORCED) AS
SELECT auction, bidder, COUNT(*) AS n FROM bid GROUP BY GROUPING SETS ((auction), (bidder)) HAVING COUNT(*) > 12;

CREATE MATERIALIZED VIEW g_constant AS
SELECT k, COUNT(*) AS n, MAX(ts) AS t FROM (SELECT 'all' AS k, ts FROM bid) GROUP BY k;

CREATE MATERIALIZED VIEW g_case AS
SELECT CASE WHEN price < 20 THEN 'low' WHEN price >= 20 THEN 'high' ELSE 'none' END AS c, COUNT(*) AS n FROM bid GROUP BY CASE WHEN price < 20 THEN 'low' WHEN price >= 20 THEN 'high' ELSE 'none' END;

CREATE MATERIALIZED VIEW g_q15 AS
SELECT DATE_FORMAT(ts, 'yyyy-MM-dd') AS `day`, COUNT(*) AS total, COUNT(*) FILTER (WHERE price < 20) AS r1, COUNT(DISTINCT bidder) AS b, COUNT(DISTINCT bidder) FILTER (WHERE price < 20) AS b1, COUNT(DISTINCT auction) FILTER (WHERE price >= 20) AS a3 FROM bid GROUP BY DATE_FORMAT(ts, 'yyyy-MM-dd');

CREATE MATERIALIZED VIEW g_any AS
SELECT auction, SUM(CASE WHEN price > 10 THEN 1 ELSE 0 END) AS n, COUNT(CASE WHEN price > 10 THEN 1 END) AS m, MAX(CASE WHEN bidder IS NULL THEN price END) AS o FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_ts AS
SELECT auction, MIN(ts) AS a, MAX(ts) AS b, TIMESTAMPDIFF(SECOND, MIN(ts), MAX(ts)) AS d FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_sum0 AS
SELECT auction, COALESCE(SUM(price) FILTER (WHERE price > 1000), 0) AS s, SUM(CAST(NULL AS INT)) AS n FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_collect_ms AS
SELECT auction, COUNT(*) AS c FROM bid GROUP BY auction;

CREATE MATERIALIZED VIEW g_dec_sum AS
SELECT auction, SUM(amount * price) AS s, AVG(amount * 2) AS a, MAX(amount / 3) AS m FROM bid GROUP BY auction;
