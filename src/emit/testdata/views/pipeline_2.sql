SET 'table.exec.state.ttl' = '7 d';

-- How often each buys.
CREATE MATERIALIZED VIEW customers WITH ('view.retention' = '30 d', 'topic' = 'shop.customers') AS
SELECT customer, COUNT(*) AS n, MAX(ts) AS last_at -- the last one
FROM orders
GROUP BY customer;

-- Of those who buy often.
CREATE MATERIALIZED VIEW regulars (PRIMARY KEY (customer) NOT ENFORCED) AS
SELECT customers.customer, c.n FROM customers JOIN customers AS c ON c.customer = customers.customer WHERE c.n > 10;

CREATE MATERIALIZED VIEW minutes AS
SELECT window_start, window_end, window_time, SUM(`value`) AS total
FROM TABLE(TUMBLE(TABLE big_orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, window_time;
