CREATE MATERIALIZED VIEW order_list (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, order_key, city, amount, price, placed, status, tags[1] AS tag, attributes['floor'] AS floor_no, customer.vip AS vip,
       channel, src_offset
FROM orders;

CREATE MATERIALIZED VIEW towns (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id, town, channel FROM renamed;

INSERT INTO totals SELECT id, city, CAST(price * 2 AS DECIMAL(12, 2)), CAST(placed AS TIMESTAMP(3)), tags FROM orders;
