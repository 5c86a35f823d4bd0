CREATE VIEW tens AS SELECT window_time AS wt, COUNT(*) AS n, MAX(price) AS hi FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, window_time;

CREATE MATERIALIZED VIEW wj_hop (PRIMARY KEY (window_end, l, r) NOT ENFORCED) AS
SELECT a.window_start, a.window_end, a.id AS l, b.id AS r FROM (SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE auction = 1) AS a JOIN (SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE auction = 2) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.bidder = b.bidder;

CREATE MATERIALIZED VIEW wj_hop_left (PRIMARY KEY (window_end, l, r) NOT ENFORCED) AS
SELECT a.window_start, a.window_end, a.id AS l, b.id AS r FROM (SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE auction = 1) AS a LEFT JOIN (SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE auction = 2) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.bidder = b.bidder;

CREATE MATERIALIZED VIEW wj_hop_semi (PRIMARY KEY (id, window_end) NOT ENFORCED) AS
SELECT window_start, window_end, id FROM (SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE auction = 1) AS a WHERE a.bidder IN (SELECT bidder FROM (SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE auction = 2) AS b WHERE a.window_start = b.window_start AND a.window_end = b.window_end);

CREATE MATERIALIZED VIEW wj_hop_anti (PRIMARY KEY (id, window_end) NOT ENFORCED) AS
SELECT window_start, window_end, id FROM (SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE auction = 1) AS a WHERE NOT EXISTS (SELECT * FROM (SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE auction = 2) AS b WHERE a.bidder = b.bidder AND a.window_start = b.window_start AND a.window_end = b.window_end);

CREATE MATERIALIZED VIEW wt_hop (PRIMARY KEY (window_end, rn) NOT ENFORCED) AS
SELECT window_start, window_end, id, price, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY price DESC, id) AS rn FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE price IS NOT NULL) WHERE rn <= 2;

CREATE MATERIALIZED VIEW wd_hop_last (PRIMARY KEY (window_end, auction) NOT ENFORCED) AS
SELECT window_start, window_end, auction, id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, auction ORDER BY ts DESC) AS rn FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND))) WHERE rn = 1;

CREATE MATERIALIZED VIEW wd_hop_first (PRIMARY KEY (window_end, auction) NOT ENFORCED) AS
SELECT window_start, window_end, auction, id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, auction ORDER BY ts) AS rn FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND))) WHERE rn = 1;

CREATE MATERIALIZED VIEW wj_cumulate (PRIMARY KEY (window_end, l, r) NOT ENFORCED) AS
SELECT a.window_start, a.window_end, a.id AS l, b.id AS r FROM (SELECT * FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) WHERE auction = 1) AS a JOIN (SELECT * FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) WHERE auction = 2) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.bidder = b.bidder;

CREATE MATERIALIZED VIEW wj_cumulate_left (PRIMARY KEY (window_end, l, r) NOT ENFORCED) AS
SELECT a.window_start, a.window_end, a.id AS l, b.id AS r FROM (SELECT * FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) WHERE auction = 1) AS a LEFT JOIN (SELECT * FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) WHERE auction = 2) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.bidder = b.bidder;

CREATE MATERIALIZED VIEW wj_cumulate_semi (PRIMARY KEY (id, window_end) NOT ENFORCED) AS
SELECT window_start, window_end, id FROM (SELECT * FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) WHERE auction = 1) AS a WHERE a.bidder IN (SELECT bidder FROM (SELECT * FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) WHERE auction = 2) AS b WHERE a.window_start = b.window_start AND a.window_end = b.window_end);

CREATE MATERIALIZED VIEW wj_cumulate_anti (PRIMARY KEY (id, window_end) NOT ENFORCED) AS
SELECT window_start, window_end, id FROM (SELECT * FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) WHERE auction = 1) AS a WHERE NOT EXISTS (SELECT * FROM (SELECT * FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) WHERE auction = 2) AS b WHERE a.bidder = b.bidder AND a.window_start = b.window_start AND a.window_end = b.window_end);

CREATE MATERIALIZED VIEW wt_cumulate (PRIMARY KEY (window_end, rn) NOT ENFORCED) AS
SELECT window_start, window_end, id, price, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY price DESC, id) AS rn FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) WHERE price IS NOT NULL) WHERE rn <= 2;

CREATE MATERIALIZED VIEW wd_cumulate_last (PRIMARY KEY (window_end, auction) NOT ENFORCED) AS
SELECT window_start, window_end, auction, id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, auction ORDER BY ts DESC) AS rn FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND))) WHERE rn = 1;

CREATE MATERIALIZED VIEW wd_cumulate_first (PRIMARY KEY (window_end, auction) NOT ENFORCED) AS
SELECT window_start, window_end, auction, id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, auction ORDER BY ts) AS rn FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND))) WHERE rn = 1;

CREATE MATERIALIZED VIEW wj_right (PRIMARY KEY (window_start, window_end, l, r) NOT ENFORCED) AS
SELECT b.window_start, b.window_end, a.id AS l, b.id AS r FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) AS a RIGHT JOIN (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.bidder = b.bidder;

CREATE MATERIALIZED VIEW wj_full_hop (PRIMARY KEY (ws, we, l, r) NOT ENFORCED) AS
SELECT COALESCE(a.window_start, b.window_start) AS ws, COALESCE(a.window_end, b.window_end) AS we, a.id AS l, b.id AS r FROM (SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE auction = 1) AS a FULL JOIN (SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE auction = 2) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.bidder = b.bidder;

-- every row with every row of the window
CREATE MATERIALIZED VIEW wj_windows_only (PRIMARY KEY (l, r) NOT ENFORCED) AS
SELECT a.id AS l, b.id AS r FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) AS a JOIN (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 3) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end;

CREATE MATERIALIZED VIEW wj_residual (PRIMARY KEY (l, r) NOT ENFORCED) AS
SELECT a.id AS l, b.id AS r, a.price - b.price AS d FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) AS a JOIN (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.price < b.price;

CREATE MATERIALIZED VIEW wj_not_in (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) AS a WHERE a.id NOT IN (SELECT id FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2) AS b WHERE a.window_start = b.window_start AND a.window_end = b.window_end);

CREATE MATERIALIZED VIEW wj_exists (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) AS a WHERE EXISTS (SELECT * FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2) AS b WHERE a.bidder = b.bidder AND a.window_start = b.window_start AND a.window_end = b.window_end);

-- q5's shape: a group against its window
CREATE MATERIALIZED VIEW wj_aggs (PRIMARY KEY (window_start, auction) NOT ENFORCED) AS
SELECT a.window_start, a.window_end, a.auction, a.n, b.hi FROM (SELECT window_start, window_end, auction, COUNT(*) AS n, SUM(price) AS s FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE TRUE GROUP BY window_start, window_end, auction) AS a JOIN (SELECT window_start, window_end, MAX(price) AS hi FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end;

-- nexmark q5
CREATE MATERIALIZED VIEW wj_q5 (PRIMARY KEY (window_start, auction) NOT ENFORCED) AS
SELECT a.window_start, a.auction, a.n FROM (SELECT window_start, window_end, auction, COUNT(*) AS n, SUM(price) AS s FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE TRUE GROUP BY window_start, window_end, auction) AS a JOIN (SELECT MAX(n) AS top, window_start, window_end FROM (SELECT window_start, window_end, auction, COUNT(*) AS n, SUM(price) AS s FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE TRUE GROUP BY window_start, window_end, auction) GROUP BY window_start, window_end) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.n >= b.top;

-- aggregated by the bounds it was joined on
CREATE MATERIALIZED VIEW wj_then_agg AS
SELECT window_start, window_end, COUNT(*) AS n, SUM(p) AS s FROM (SELECT a.window_start, a.window_end, a.price + b.price AS p FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) AS a JOIN (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.bidder = b.bidder) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW wj_then_topn (PRIMARY KEY (window_start, rn) NOT ENFORCED) AS
SELECT window_start, l, r, p, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY p DESC, l, r) AS rn FROM (SELECT a.window_start, a.window_end, a.id AS l, b.id AS r, a.price + b.price AS p FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1 AND price IS NOT NULL) AS a JOIN (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2 AND price IS NOT NULL) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end)) WHERE rn <= 2;

CREATE MATERIALIZED VIEW wj_three (PRIMARY KEY (l, r, t) NOT ENFORCED) AS
SELECT a.id AS l, b.id AS r, c.id AS t FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1) AS a JOIN (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 2) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end JOIN (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 3) AS c ON a.window_start = c.window_start AND a.window_end = c.window_end;

CREATE MATERIALIZED VIEW wt_range (PRIMARY KEY (window_start, rn) NOT ENFORCED) AS
SELECT window_start, id, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY price, id) AS rn FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE price IS NOT NULL) WHERE rn BETWEEN 2 AND 3;

CREATE MATERIALIZED VIEW wt_no_rank (PRIMARY KEY (window_start, id) NOT ENFORCED) AS
SELECT window_start, id, price FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, auction ORDER BY price DESC, id) AS rn FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE price IS NOT NULL) WHERE rn <= 2;

CREATE MATERIALIZED VIEW wt_session_like (PRIMARY KEY (window_start, window_end, rn) NOT ENFORCED) AS
SELECT window_start, window_end, auction, n, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY n DESC, auction) AS rn FROM (SELECT window_start, window_end, auction, COUNT(*) AS n, SUM(price) AS s FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) WHERE TRUE GROUP BY window_start, window_end, auction)) WHERE rn <= 1;

CREATE MATERIALIZED VIEW w_two_levels_hop AS
SELECT window_start, window_end, COUNT(*) AS groups_, SUM(n) AS n, MAX(s) AS s FROM (SELECT window_start, window_end, auction, COUNT(*) AS n, SUM(price) AS s FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE TRUE GROUP BY window_start, window_end, auction) GROUP BY window_start, window_end;

-- windows over the results of windows
CREATE MATERIALIZED VIEW w_cascade AS
SELECT window_start, window_end, SUM(n) AS n FROM TABLE(HOP(TABLE tens, DESCRIPTOR(wt), INTERVAL '10' SECOND, INTERVAL '30' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW w_cascade_cumulate AS
SELECT window_start, window_end, SUM(n) AS n, MAX(hi) AS hi FROM TABLE(CUMULATE(TABLE tens, DESCRIPTOR(wt), INTERVAL '20' SECOND, INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW w_join_dim (PRIMARY KEY (window_start, auction) NOT ENFORCED) AS
SELECT w.window_start, w.auction, w.n, d.name FROM (SELECT window_start, window_end, auction, COUNT(*) AS n, SUM(price) AS s FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE TRUE GROUP BY window_start, window_end, auction) AS w JOIN (VALUES (1, 'one'), (2, 'two')) AS d (auction, name) ON w.auction = d.auction;

CREATE MATERIALIZED VIEW w_union (PRIMARY KEY (window_start, k) NOT ENFORCED) AS
SELECT window_start, 'a' AS k, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction = 1 GROUP BY window_start, window_end UNION ALL SELECT window_start, 'b', SUM(n) FROM (SELECT window_start, window_end, auction, COUNT(*) AS n, SUM(price) AS s FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE auction <> 1 GROUP BY window_start, window_end, auction) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW w_expression AS
SELECT window_start, window_end, auction, COUNT(*) + 1 AS n1, SUM(price) / COUNT(price) AS a, CASE WHEN MAX(price) > 30 THEN 'high' ELSE 'low' END AS k FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, auction;

CREATE MATERIALIZED VIEW w_any_values AS
SELECT window_start, window_end, MIN(bidder) AS a, MAX(ts) AS b, MIN(amount) AS c, MAX(x) AS d, COUNT(x) AS e, SUM(x) AS f, AVG(price) AS g FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) GROUP BY window_start, window_end;

CREATE MATERIALIZED VIEW w_distinct_hop AS
SELECT window_start, window_end, COUNT(DISTINCT auction) AS a, COUNT(DISTINCT bidder) AS b FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) GROUP BY window_start, window_end;

-- OVER by window_time
CREATE MATERIALIZED VIEW w_over_windows (PRIMARY KEY (window_start) NOT ENFORCED) AS
SELECT window_start, n, SUM(n) OVER (ORDER BY wt ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s3, MAX(n) OVER (ORDER BY wt ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS m3 FROM (SELECT window_start, window_time AS wt, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, window_time);

-- an ordinary aggregate over windows
CREATE MATERIALIZED VIEW w_group_after AS
SELECT auction, COUNT(*) AS windows, SUM(n) AS n, MAX(window_start) AS last_start FROM (SELECT window_start, window_end, auction, COUNT(*) AS n, SUM(price) AS s FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE TRUE GROUP BY window_start, window_end, auction) GROUP BY auction;
