CREATE MATERIALIZED VIEW q0 (PRIMARY KEY (extra) NOT ENFORCED) AS
SELECT auction, bidder, price, `dateTime`, extra FROM bid;

CREATE MATERIALIZED VIEW q1 (PRIMARY KEY (extra) NOT ENFORCED) AS
SELECT auction, bidder, 0.908 * price AS price, `dateTime`, extra FROM bid;

-- the modulus is 123 at full size
CREATE MATERIALIZED VIEW q2 (PRIMARY KEY (extra) NOT ENFORCED) AS
SELECT auction, price, extra FROM bid WHERE MOD(auction, 13) = 0;

CREATE MATERIALIZED VIEW q3 (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT P.name, P.city, P.state, A.id FROM auction AS A INNER JOIN person AS P ON A.seller = P.id
WHERE A.category = 10 AND (P.state = 'OR' OR P.state = 'ID' OR P.state = 'CA');

CREATE MATERIALIZED VIEW q4 (PRIMARY KEY (category) NOT ENFORCED) AS
SELECT Q.category, AVG(Q.final) AS average FROM (
  SELECT MAX(B.price) AS final, A.category FROM auction A, bid B
  WHERE A.id = B.auction AND B.`dateTime` BETWEEN A.`dateTime` AND A.expires GROUP BY A.id, A.category) Q
GROUP BY Q.category;

CREATE MATERIALIZED VIEW q5 (PRIMARY KEY (auction, starttime) NOT ENFORCED) AS
SELECT AuctionBids.auction, AuctionBids.num, AuctionBids.starttime FROM (
  SELECT auction, COUNT(*) AS num, window_start AS starttime, window_end AS endtime
  FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' SECOND, INTERVAL '10' SECOND)) GROUP BY auction, window_start, window_end) AS AuctionBids
JOIN (
  SELECT MAX(CountBids.num) AS maxn, CountBids.starttime, CountBids.endtime FROM (
    SELECT COUNT(*) AS num, window_start AS starttime, window_end AS endtime
    FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' SECOND, INTERVAL '10' SECOND)) GROUP BY auction, window_start, window_end) AS CountBids
  GROUP BY CountBids.starttime, CountBids.endtime) AS MaxBids
ON AuctionBids.starttime = MaxBids.starttime AND AuctionBids.endtime = MaxBids.endtime AND AuctionBids.num >= MaxBids.maxn;

CREATE MATERIALIZED VIEW q7 (PRIMARY KEY (extra) NOT ENFORCED) AS
SELECT B.auction, B.price, B.bidder, B.`dateTime`, B.extra FROM bid B JOIN (
  SELECT MAX(price) AS maxprice, window_end AS `dateTime`
  FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND)) GROUP BY window_start, window_end) B1
ON B.price = B1.maxprice WHERE B.`dateTime` BETWEEN B1.`dateTime` - INTERVAL '10' SECOND AND B1.`dateTime`;

CREATE MATERIALIZED VIEW q8 (PRIMARY KEY (id, starttime) NOT ENFORCED) AS
SELECT P.id, P.name, P.starttime FROM (
  SELECT id, name, window_start AS starttime, window_end AS endtime
  FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND)) GROUP BY id, name, window_start, window_end) P
JOIN (
  SELECT seller, window_start AS starttime, window_end AS endtime
  FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND)) GROUP BY seller, window_start, window_end) A
ON P.id = A.seller AND P.starttime = A.starttime AND P.endtime = A.endtime;

-- flink: differs
CREATE MATERIALIZED VIEW q9 (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, category, auction, bidder, price, bid_dateTime FROM (
  SELECT A.id, A.category, B.auction, B.bidder, B.price, B.`dateTime` AS bid_dateTime,
    ROW_NUMBER() OVER (PARTITION BY A.id ORDER BY B.price DESC, B.`dateTime` ASC) AS rownum
  FROM auction A, bid B WHERE A.id = B.auction AND B.`dateTime` BETWEEN A.`dateTime` AND A.expires)
WHERE rownum <= 1;

-- the rows of the files
CREATE MATERIALIZED VIEW q10 (PRIMARY KEY (extra) NOT ENFORCED) AS
SELECT auction, bidder, price, `dateTime`, extra, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS dt, DATE_FORMAT(`dateTime`, 'HH:mm') AS hm FROM bid;

-- the gap is 10 seconds at full size
CREATE MATERIALIZED VIEW q11 (PRIMARY KEY (bidder, starttime) NOT ENFORCED) AS
SELECT B.bidder, COUNT(*) AS bid_count, SESSION_START(B.`dateTime`, INTERVAL '3' SECOND) AS starttime, SESSION_END(B.`dateTime`, INTERVAL '3' SECOND) AS endtime
FROM bid B GROUP BY B.bidder, SESSION(B.`dateTime`, INTERVAL '3' SECOND);

CREATE FUNCTION count_char (s STRING, ch STRING) RETURNS BIGINT AS $$ CHAR_LENGTH(s) - CHAR_LENGTH(REPLACE(s, ch, '')) $$;

-- flink: SELECT auction, bidder, 0.908 * price AS price, CASE WHEN HOUR(`dateTime`) >= 8 AND HOUR(`dateTime`) <= 18 THEN 'dayTime' WHEN HOUR(`dateTime`) <= 6 OR HOUR(`dateTime`) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bidTimeType, `dateTime`, extra, CAST(CHAR_LENGTH(extra) - CHAR_LENGTH(REPLACE(extra, 'c', '')) AS BIGINT) AS c_counts FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000
CREATE MATERIALIZED VIEW q14 (PRIMARY KEY (extra) NOT ENFORCED) AS
SELECT auction, bidder, 0.908 * price AS price,
  CASE WHEN HOUR(`dateTime`) >= 8 AND HOUR(`dateTime`) <= 18 THEN 'dayTime' WHEN HOUR(`dateTime`) <= 6 OR HOUR(`dateTime`) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bidTimeType,
  `dateTime`, extra, count_char(extra, 'c') AS c_counts
FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000;

CREATE MATERIALIZED VIEW q15 (PRIMARY KEY (day) NOT ENFORCED) AS
SELECT DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`, COUNT(*) AS total_bids, COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids, COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
  COUNT(DISTINCT bidder) AS total_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price < 10000) AS rank1_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS rank3_bidders,
  COUNT(DISTINCT auction) AS total_auctions, COUNT(DISTINCT auction) FILTER (WHERE price < 10000) AS rank1_auctions, COUNT(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_auctions, COUNT(DISTINCT auction) FILTER (WHERE price >= 1000000) AS rank3_auctions
FROM bid GROUP BY DATE_FORMAT(`dateTime`, 'yyyy-MM-dd');

CREATE MATERIALIZED VIEW q16 (PRIMARY KEY (channel, day) NOT ENFORCED) AS
SELECT channel, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`, MAX(DATE_FORMAT(`dateTime`, 'HH:mm')) AS `minute`, COUNT(*) AS total_bids, COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids, COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
  COUNT(DISTINCT bidder) AS total_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price < 10000) AS rank1_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS rank3_bidders,
  COUNT(DISTINCT auction) AS total_auctions, COUNT(DISTINCT auction) FILTER (WHERE price < 10000) AS rank1_auctions, COUNT(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_auctions, COUNT(DISTINCT auction) FILTER (WHERE price >= 1000000) AS rank3_auctions
FROM bid GROUP BY channel, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd');

CREATE MATERIALIZED VIEW q17 (PRIMARY KEY (auction, day) NOT ENFORCED) AS
SELECT auction, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`, COUNT(*) AS total_bids, COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids, COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
  MIN(price) AS min_price, MAX(price) AS max_price, AVG(price) AS avg_price, SUM(price) AS sum_price
FROM bid GROUP BY auction, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd');

CREATE MATERIALIZED VIEW q18 (PRIMARY KEY (bidder, auction) NOT ENFORCED) AS
SELECT auction, bidder, price, channel, `dateTime` FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY `dateTime` DESC) AS rank_number FROM bid) WHERE rank_number <= 1;

CREATE MATERIALIZED VIEW q19 (PRIMARY KEY (auction, rank_number) NOT ENFORCED) AS
SELECT auction, bidder, price, rank_number FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS rank_number FROM bid) WHERE rank_number <= 10;

CREATE MATERIALIZED VIEW q20 (PRIMARY KEY (extra) NOT ENFORCED) AS
SELECT B.auction, B.bidder, B.price, B.extra, A.itemName, A.initialBid, A.reserve, A.expires, A.seller, A.category
FROM bid AS B INNER JOIN auction AS A ON B.auction = A.id WHERE A.category = 10;

CREATE MATERIALIZED VIEW q21 (PRIMARY KEY (extra) NOT ENFORCED) AS
SELECT auction, bidder, price, channel, extra,
  CASE WHEN LOWER(channel) = 'apple' THEN '0' WHEN LOWER(channel) = 'google' THEN '1' WHEN LOWER(channel) = 'facebook' THEN '2' WHEN LOWER(channel) = 'baidu' THEN '3'
    ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END AS channel_id
FROM bid WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu');

CREATE MATERIALIZED VIEW q22 (PRIMARY KEY (extra) NOT ENFORCED) AS
SELECT auction, bidder, price, channel, extra, SPLIT_INDEX(url, '/', 3) AS dir1, SPLIT_INDEX(url, '/', 4) AS dir2, SPLIT_INDEX(url, '/', 5) AS dir3 FROM bid;
