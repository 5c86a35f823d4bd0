CREATE VIEW order_lines AS SELECT id, ts, sku, qty FROM orders CROSS JOIN UNNEST(lines) AS l (sku, qty, price, opts);

-- fields of rows in rows
CREATE MATERIALIZED VIEW n_fields (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, customer.name, customer.address.city, o.customer.address.zip AS zip, customer.address IS NULL AS no_address, attrs['channel'] AS channel, attrs['with space'] AS s FROM orders AS o;

-- elements of arrays of rows, from 1
CREATE MATERIALIZED VIEW n_items (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, lines[1].sku AS sku, lines[2].price AS price, lines[9].qty AS nothing, lines[1].opts[2].v AS size, tags[1] AS tag, CARDINALITY(lines) AS n, CARDINALITY(tags) AS t FROM orders;

CREATE MATERIALIZED VIEW n_unnest (PRIMARY KEY (id, sku) NOT ENFORCED) AS
SELECT id, sku, qty, price FROM orders CROSS JOIN UNNEST(lines) AS l (sku, qty, price, opts) WHERE sku IS NOT NULL;

CREATE MATERIALIZED VIEW n_unnest_all (PRIMARY KEY (id, o) NOT ENFORCED) AS
SELECT id, sku, qty, price, o FROM orders CROSS JOIN UNNEST(lines) WITH ORDINALITY AS l (sku, qty, price, opts, o) WHERE id <> 4;

-- an empty or missing array gives one padded row
CREATE MATERIALIZED VIEW n_left_unnest (PRIMARY KEY (id, sku, qty) NOT ENFORCED) AS
SELECT id, sku, qty FROM orders LEFT JOIN UNNEST(lines) AS l (sku, qty, price, opts) ON TRUE WHERE id <> 4;

-- correlated: an array inside an element of another
CREATE MATERIALIZED VIEW n_nested_unnest (PRIMARY KEY (id, sku, k) NOT ENFORCED) AS
SELECT id, sku, k, v FROM orders CROSS JOIN UNNEST(lines) AS l (sku, qty, price, opts) CROSS JOIN UNNEST(opts) AS p (k, v) WHERE sku IS NOT NULL;

CREATE MATERIALIZED VIEW n_tags (PRIMARY KEY (tag) NOT ENFORCED) AS
SELECT tag, COUNT(*) AS n FROM orders CROSS JOIN UNNEST(tags) AS t (tag) GROUP BY tag;

CREATE MATERIALIZED VIEW n_attrs (PRIMARY KEY (id, k) NOT ENFORCED) AS
SELECT id, k, v FROM orders CROSS JOIN UNNEST(attrs) AS t (k, v);

CREATE MATERIALIZED VIEW n_sum AS
SELECT id, COUNT(*) AS n, SUM(qty * price) AS total, SUM(qty) AS q FROM orders CROSS JOIN UNNEST(lines) AS l (sku, qty, price, opts) GROUP BY id;

-- the time attribute goes through UNNEST
CREATE MATERIALIZED VIEW n_window AS
SELECT window_start, window_end, sku, SUM(qty) AS q FROM TABLE(TUMBLE(TABLE order_lines, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE sku IS NOT NULL GROUP BY window_start, window_end, sku;

CREATE MATERIALIZED VIEW n_make (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, ROW(id, customer.name) AS r, ARRAY[customer.name, customer.address.city] AS a, MAP['id', CAST(id AS STRING), 'name', customer.name] AS m, lines, tags FROM orders;

CREATE MATERIALIZED VIEW n_group_row AS
SELECT customer.address.city AS city, COUNT(*) AS n FROM orders GROUP BY customer.address.city;

-- flink: differs
CREATE MATERIALIZED VIEW n_functions (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, ARRAY_CONTAINS(tags, 'vip') AS vip, ARRAY_JOIN(tags, '+') AS joined, ARRAY_DISTINCT(tags) AS d, MAP_KEYS(attrs) AS ks, MAP_VALUES(attrs) AS vs, CAST(customer AS STRING) AS c, JSON_STRING(customer) AS j, JSON_STRING(lines) AS jl FROM orders;

CREATE MATERIALIZED VIEW n_unnest_function (PRIMARY KEY (id, word) NOT ENFORCED) AS
SELECT id, word FROM orders CROSS JOIN UNNEST(SPLIT(attrs['note'], ' ')) AS t (word);

CREATE MATERIALIZED VIEW n_join_unnest (PRIMARY KEY (id, tag) NOT ENFORCED) AS
SELECT o.id, t.tag, n.label FROM orders AS o CROSS JOIN UNNEST(ARRAY_DISTINCT(o.tags)) AS t (tag) JOIN (VALUES ('vip', 'important'), ('new', 'first')) AS n (tag, label) ON n.tag = t.tag;
