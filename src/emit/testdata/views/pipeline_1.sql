-- Reads what another file makes.
CREATE MATERIALIZED VIEW regions (PRIMARY KEY (n) NOT ENFORCED) AS
SELECT customers.n, COUNT(*) AS customers FROM customers WHERE n IS NOT NULL GROUP BY customers.n;
