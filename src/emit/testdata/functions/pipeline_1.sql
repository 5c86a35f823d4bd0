CREATE FUNCTION twice (n INT) RETURNS BIGINT AS $$ n + n $$;
CREATE FUNCTION twice_and_one (n INT) AS $$ CAST(twice(n) + 1 AS INT) $$;

CREATE MATERIALIZED VIEW named (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, initials(who) AS i, TWICE(twice_and_one((page + 1) * 2)) AS q,
       click.value AS value, value + 1 AS end_, CAST(ROW(1, 'a') AS ROW<value INT, `day` STRING>).value AS day
FROM click AS click;
