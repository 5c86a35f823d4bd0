-- windows over processing time close as the clock passes their end
CREATE MATERIALIZED VIEW clicks_per_minute AS
SELECT window_start, window_end, page, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE click, DESCRIPTOR(p), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, page;

-- the title as it was when the click came
CREATE MATERIALIZED VIEW titled (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT c.id, c.page, t.title FROM click AS c JOIN page FOR SYSTEM_TIME AS OF c.p AS t ON c.page = t.page;

CREATE MATERIALIZED VIEW titled_left (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT c.id, t.title FROM click AS c LEFT JOIN page FOR SYSTEM_TIME AS OF c.p AS t ON c.page = t.page AND t.title <> 'Hidden';

CREATE FUNCTION twice (n INT) RETURNS BIGINT AS $$ n + n $$;

CREATE MATERIALIZED VIEW named (PRIMARY KEY (id) NOT ENFORCED) AS
SELECT id, initials(who) AS i, twice(page) AS t, TWICE(twice_and_one(page)) AS q FROM click;

CREATE FUNCTION twice_and_one (n INT) RETURNS INT AS $$ CAST(twice(n) + 1 AS INT) $$;
