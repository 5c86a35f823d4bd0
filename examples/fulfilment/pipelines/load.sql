-- The generated load: `millrace generate fulfilment`. Operational events as they come, financial events once each.

-- Everything that happens at a site, by type: up to 20 sites x 15 types = 300 rows, and every event changes one of them.
-- last_sequence tells a reader that an event it knows of is in.
CREATE VIEW load_events AS
SELECT event_id, event_type, occurred_at, `sequence`, site_id FROM operations
UNION ALL
SELECT event_id, event_type, occurred_at, `sequence`, site_id FROM orders_once
UNION ALL
SELECT event_id, event_type, occurred_at, `sequence`, site_id FROM payments_once;

CREATE MATERIALIZED VIEW site_activity AS
SELECT site_id, event_type, COUNT(*) AS events, MAX(`sequence`) AS last_sequence, MAX(occurred_at) AS last_at
FROM load_events
GROUP BY site_id, event_type;

CREATE MATERIALIZED VIEW load_by_minute WITH ('view.retention' = '2 d') AS
SELECT FLOOR(occurred_at TO MINUTE) AS `minute`, COUNT(*) AS events, COUNT(DISTINCT site_id) AS sites
FROM load_events
GROUP BY FLOOR(occurred_at TO MINUTE);

-- When the newest operational event was sent, so that a page can say how long it took from there to the eye.
CREATE MATERIALIZED VIEW load_last_sent AS
SELECT k, MAX(sent_at) AS sent_at, COUNT(*) AS events
FROM (SELECT 1 AS k, sent_at FROM operations)
GROUP BY k;

-- Sites, for the board: what is open and how long work takes.
CREATE MATERIALIZED VIEW sites AS
SELECT site_id,
       COUNT(*) AS events,
       COUNT(*) FILTER (WHERE event_type = 'shipped') AS shipped,
       COUNT(*) FILTER (WHERE event_type = 'scan_exception') AS scan_exceptions,
       AVG(duration_ms) AS mean_ms, MAX(duration_ms) AS max_ms, MAX(occurred_at) AS last_at
FROM operations
GROUP BY site_id;

-- The ten slowest picks of each site.
CREATE MATERIALIZED VIEW slowest_picks AS
SELECT site_id, rank_no, event_id, worker_id, station_id, duration_ms, occurred_at
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY site_id ORDER BY duration_ms DESC, event_id ASC) AS rank_no
  FROM operations WHERE event_type = 'pick_completed')
WHERE rank_no <= 10;

-- Work that took far longer than the last hundred of its kind at the site.
CREATE VIEW durations_scored AS
SELECT event_id, event_type, site_id, station_id, worker_id, order_id, occurred_at, duration_ms, src_partition, src_offset,
       COUNT(duration_ms) OVER w AS seen, AVG(duration_ms) OVER w AS mean_ms, STDDEV_POP(duration_ms) OVER w AS sd_ms
FROM operations
WHERE duration_ms IS NOT NULL
WINDOW w AS (PARTITION BY site_id, event_type ORDER BY occurred_at ROWS BETWEEN 99 PRECEDING AND CURRENT ROW);

CREATE MATERIALIZED VIEW slow_work (PRIMARY KEY (event_id) NOT ENFORCED) WITH ('view.retention' = '1 d', 'view.max-rows' = '5000') AS
SELECT event_id, event_type, site_id, station_id, worker_id, order_id, occurred_at, duration_ms, mean_ms,
       (duration_ms - mean_ms) / sd_ms AS sigmas, src_partition, src_offset
FROM durations_scored
WHERE seen >= 30 AND sd_ms > 0 AND duration_ms - mean_ms > 4 * sd_ms;

-- Money: running totals by type, takings by the minute, and the rollups of the warehouse. Every figure from payments_once.
CREATE MATERIALIZED VIEW payment_totals AS
SELECT event_type, COUNT(*) AS payments, SUM(amount) AS amount
FROM payments_once
GROUP BY event_type;

CREATE MATERIALIZED VIEW payments_by_minute WITH ('view.retention' = '2 d') AS
SELECT window_start, window_end, COUNT(*) AS payments, SUM(amount) AS amount
FROM TABLE(TUMBLE(TABLE payments_once, DESCRIPTOR(occurred_at), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end;

-- What customers ordered, by site.
CREATE MATERIALIZED VIEW order_value AS
SELECT site_id, COUNT(*) AS orders, SUM(total) AS amount
FROM orders_once
WHERE event_type = 'order_placed'
GROUP BY site_id;

EXECUTE STATEMENT SET BEGIN

INSERT INTO payments_rollup_minute
SELECT window_start, window_end, site_id, event_type, COUNT(*), SUM(amount)
FROM TABLE(TUMBLE(TABLE payments_once, DESCRIPTOR(occurred_at), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, site_id, event_type;

INSERT INTO payments_rollup_hour
SELECT window_start, window_end, site_id, event_type, COUNT(*), SUM(amount)
FROM TABLE(TUMBLE(TABLE payments_once, DESCRIPTOR(occurred_at), INTERVAL '1' HOUR))
GROUP BY window_start, window_end, site_id, event_type;

INSERT INTO lake_payments
SELECT event_id, event_type, occurred_at, site_id, order_id, payment_id, amount, currency FROM payments_once;

END;
