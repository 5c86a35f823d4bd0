CREATE VIEW tumbled AS SELECT window_time AS rowtime, auction, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, window_time, auction;

CREATE MATERIALIZED VIEW tumble AS
SELECT window_start, window_end, COUNT(*) AS n, SUM(price) AS s, MIN(price) AS lo, MAX(price) AS hi FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW tumble_key AS
SELECT window_start, window_end, auction, COUNT(*) AS n, SUM(price) AS s, MIN(price) AS lo, MAX(price) AS hi FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, auction;

-- a NULL key is a group
CREATE MATERIALIZED VIEW tumble_null_key (PRIMARY KEY (window_start, window_end, bidder) NOT ENFORCED) AS
SELECT window_start, window_end, bidder, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, bidder;

CREATE MATERIALIZED VIEW tumble_time AS
SELECT window_start, window_end, window_time, auction, AVG(price) AS a FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, window_time, auction;

-- flink: differs
CREATE MATERIALIZED VIEW tumble_offset AS
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '3' SECOND)) GROUP BY window_start, window_end;

-- flink: differs
CREATE MATERIALIZED VIEW tumble_neg_offset AS
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '-3' SECOND)) GROUP BY window_start, window_end;

-- flink: differs
CREATE MATERIALIZED VIEW tumble_named AS
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(DATA => TABLE bid, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '30' SECOND, `OFFSET` => INTERVAL '5' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW tumble_filter AS
SELECT window_start, window_end, COUNT(*) FILTER (WHERE price > 10) AS n, COUNT(DISTINCT bidder) AS d, COUNT(DISTINCT bidder) FILTER (WHERE price > 10) AS df, SUM(DISTINCT price) AS sd FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW tumble_having AS
SELECT window_start, window_end, auction, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, auction HAVING COUNT(*) > 1 AND MAX(price) > 10;

CREATE MATERIALIZED VIEW tumble_where AS
SELECT window_start, window_end, auction, SUM(amount) AS s FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE price IS NOT NULL GROUP BY window_start, window_end, auction;

CREATE MATERIALIZED VIEW tumble_stats AS
SELECT window_start, window_end, AVG(amount) AS a, AVG(x) AS ax, STDDEV_POP(x) AS sp, STDDEV_SAMP(x) AS ss, VAR_POP(x) AS vp, VAR_SAMP(x) AS vs FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW tumble_first_last AS
SELECT window_start, window_end, FIRST_VALUE(bidder) AS f, LAST_VALUE(bidder) AS l, LISTAGG(bidder) AS g, LISTAGG(DISTINCT bidder) AS gd, LISTAGG(bidder, '|') AS gs FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW hop AS
SELECT window_start, window_end, COUNT(*) AS n, SUM(price) AS s FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '15' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW hop_key AS
SELECT window_start, window_end, auction, COUNT(DISTINCT bidder) AS n, MAX(x) AS m FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '15' SECOND)) GROUP BY window_start, window_end, auction;

-- flink: differs
CREATE MATERIALIZED VIEW hop_offset AS
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '15' SECOND, INTERVAL '2' SECOND)) GROUP BY window_start, window_end;

-- rows on their own are never late
CREATE MATERIALIZED VIEW hop_rows (PRIMARY KEY (id, window_start) NOT ENFORCED) AS
SELECT id, window_start, window_end, window_time FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '15' SECOND));

CREATE MATERIALIZED VIEW tumble_rows (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, window_start, window_end, window_time, price * 2 AS p FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1;

CREATE MATERIALIZED VIEW cumulate AS
SELECT window_start, window_end, COUNT(*) AS n, SUM(price) AS s FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '60' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW cumulate_key AS
SELECT window_start, window_end, auction, COUNT(DISTINCT price) AS n, MIN(bidder) AS s FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '60' SECOND)) GROUP BY window_start, window_end, auction;

-- flink: differs
CREATE MATERIALIZED VIEW cumulate_offset AS
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '30' SECOND, INTERVAL '4' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW cumulate_rows (PRIMARY KEY (id, window_end) NOT ENFORCED) AS
SELECT id, window_start, window_end FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '30' SECOND));

CREATE MATERIALIZED VIEW session AS
SELECT window_start, window_end, COUNT(*) AS n, SUM(price) AS s FROM TABLE(SESSION(TABLE bid, DESCRIPTOR(ts), INTERVAL '4' SECOND)) GROUP BY window_start, window_end;

-- late rows merge into open sessions
CREATE MATERIALIZED VIEW session_key AS
SELECT window_start, window_end, auction, COUNT(*) AS n, LISTAGG(bidder) AS g FROM TABLE(SESSION(TABLE bid PARTITION BY auction, DESCRIPTOR(ts), INTERVAL '6' SECOND)) GROUP BY window_start, window_end, auction;

CREATE MATERIALIZED VIEW session_two (PRIMARY KEY (window_start, window_end, bidder) NOT ENFORCED) AS
SELECT window_start, window_end, bidder, COUNT(*) AS n FROM TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, bidder;

CREATE MATERIALIZED VIEW session_rows (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, window_start, window_end FROM TABLE(SESSION(TABLE bid PARTITION BY auction, DESCRIPTOR(ts), INTERVAL '6' SECOND));

CREATE MATERIALIZED VIEW legacy_tumble AS
SELECT TUMBLE_START(ts, INTERVAL '10' SECOND) AS ws, TUMBLE_END(ts, INTERVAL '10' SECOND) AS we, auction, COUNT(*) AS n FROM bid GROUP BY TUMBLE(ts, INTERVAL '10' SECOND), auction;

CREATE MATERIALIZED VIEW legacy_rowtime (PRIMARY KEY (wt) NOT ENFORCED) AS
SELECT TUMBLE_ROWTIME(ts, INTERVAL '10' SECOND) AS wt, COUNT(*) AS n FROM bid GROUP BY TUMBLE(ts, INTERVAL '10' SECOND);

CREATE MATERIALIZED VIEW legacy_hop AS
SELECT HOP_START(ts, INTERVAL '5' SECOND, INTERVAL '15' SECOND) AS ws, HOP_END(ts, INTERVAL '5' SECOND, INTERVAL '15' SECOND) AS we, COUNT(*) AS n FROM bid GROUP BY HOP(ts, INTERVAL '5' SECOND, INTERVAL '15' SECOND);

CREATE MATERIALIZED VIEW legacy_session (PRIMARY KEY (ws, we, bidder) NOT ENFORCED) AS
SELECT SESSION_START(ts, INTERVAL '6' SECOND) AS ws, SESSION_END(ts, INTERVAL '6' SECOND) AS we, bidder, COUNT(*) AS n FROM bid GROUP BY SESSION(ts, INTERVAL '6' SECOND), bidder;

CREATE MATERIALIZED VIEW legacy_no_bounds AS
SELECT auction, COUNT(*) AS n, MAX(TUMBLE_START) AS m FROM (SELECT auction, TUMBLE_START(ts, INTERVAL '10' SECOND) AS TUMBLE_START, COUNT(*) AS c FROM bid GROUP BY auction, TUMBLE(ts, INTERVAL '10' SECOND)) GROUP BY auction;

-- windows over window_time
CREATE MATERIALIZED VIEW window_of_window AS
SELECT window_start, window_end, COUNT(*) AS n, SUM(n) AS s FROM TABLE(TUMBLE(TABLE tumbled, DESCRIPTOR(rowtime), INTERVAL '30' SECOND)) GROUP BY window_start, window_end;

-- nexmark q5 shape
CREATE MATERIALIZED VIEW two_level AS
SELECT window_start, window_end, MAX(n) AS top FROM (SELECT window_start, window_end, auction, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, auction) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW sets (PRIMARY KEY (window_start, auction, bidder, n) NOT ENFORCED) AS
SELECT window_start, window_end, auction, bidder, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, GROUPING SETS ((auction), (bidder), ());

CREATE MATERIALIZED VIEW cubed (PRIMARY KEY (window_start, auction, bidder, ga, gb) NOT ENFORCED) AS
SELECT window_start, window_end, auction, bidder, SUM(price) AS n, GROUPING(auction) AS ga, GROUPING(bidder) AS gb FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, CUBE (auction, bidder);

CREATE MATERIALIZED VIEW rolled (PRIMARY KEY (window_start, auction, bidder, gi) NOT ENFORCED) AS
SELECT window_start, window_end, auction, bidder, COUNT(*) AS n, GROUPING_ID(auction, bidder) AS gi FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, ROLLUP (auction, bidder);

-- window Top-N
CREATE MATERIALIZED VIEW window_topn (PRIMARY KEY (window_start, rn) NOT ENFORCED) AS
SELECT window_start, window_end, id, price, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY price DESC, id) AS rn FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE price IS NOT NULL) WHERE rn <= 2;

CREATE MATERIALIZED VIEW window_topn_agg (PRIMARY KEY (window_start, rn) NOT ENFORCED) AS
SELECT window_start, window_end, auction, n, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY n DESC, auction) AS rn FROM (SELECT window_start, window_end, auction, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, auction)) WHERE rn <= 2;

CREATE MATERIALIZED VIEW window_topn_key (PRIMARY KEY (window_start, auction) NOT ENFORCED) AS
SELECT window_start, window_end, auction, id, price FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, auction ORDER BY price, id) AS rn FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE price IS NOT NULL) WHERE rn <= 1;

-- window deduplication, keep last
CREATE MATERIALIZED VIEW window_dedup_last (PRIMARY KEY (window_start, auction) NOT ENFORCED) AS
SELECT window_start, window_end, auction, id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, auction ORDER BY ts DESC) AS rn FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))) WHERE rn = 1;

CREATE MATERIALIZED VIEW window_dedup_first (PRIMARY KEY (window_start, auction) NOT ENFORCED) AS
SELECT window_start, window_end, auction, id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, auction ORDER BY ts) AS rn FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))) WHERE rn = 1;

-- window join
CREATE MATERIALIZED VIEW window_join (PRIMARY KEY (l, r) NOT ENFORCED) AS
SELECT a.window_start, a.window_end, a.id AS l, b.id AS r FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) a JOIN (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2) b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.bidder = b.bidder;

CREATE MATERIALIZED VIEW window_left_join (PRIMARY KEY (l, r) NOT ENFORCED) AS
SELECT a.window_start, a.window_end, a.id AS l, b.id AS r FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) a LEFT JOIN (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2) b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.bidder = b.bidder;

CREATE MATERIALIZED VIEW window_full_join (PRIMARY KEY (ws, l, r) NOT ENFORCED) AS
SELECT COALESCE(a.window_start, b.window_start) AS ws, a.id AS l, b.id AS r FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) a FULL JOIN (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2) b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.bidder = b.bidder;

CREATE MATERIALIZED VIEW window_semi_join (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT window_start, window_end, id FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) a WHERE a.bidder IN (SELECT bidder FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2) b WHERE a.window_start = b.window_start AND a.window_end = b.window_end);

CREATE MATERIALIZED VIEW window_anti_join (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT window_start, window_end, id FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) a WHERE NOT EXISTS (SELECT * FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2) b WHERE a.bidder = b.bidder AND a.window_start = b.window_start AND a.window_end = b.window_end);

CREATE MATERIALIZED VIEW window_expr_key (PRIMARY KEY (window_start, odd, who) NOT ENFORCED) AS
SELECT window_start, window_end, MOD(auction, 2) AS odd, UPPER(bidder) AS who, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, MOD(auction, 2), UPPER(bidder);

CREATE MATERIALIZED VIEW window_start_only AS
SELECT window_start, auction, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, auction;

CREATE MATERIALIZED VIEW big_window AS
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '1' DAY)) GROUP BY window_start, window_end;

-- aligned to the epoch
CREATE MATERIALIZED VIEW week_window AS
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '7' DAY)) GROUP BY window_start, window_end;
