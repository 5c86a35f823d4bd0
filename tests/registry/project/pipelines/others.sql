CREATE MATERIALIZED VIEW click_counts AS SELECT user_id, SUM(n) AS clicks FROM clicks GROUP BY user_id;
CREATE MATERIALIZED VIEW line_list (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id, name, weight FROM lines;
CREATE MATERIALIZED VIEW sensors AS SELECT sensor, SUM(reading) AS total, COUNT(*) AS readings FROM readings GROUP BY sensor;
INSERT INTO lines_out SELECT id, name, weight FROM lines;
