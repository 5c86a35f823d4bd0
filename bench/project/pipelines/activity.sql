-- A filter that keeps every event (so that each one changes the view) and a GROUP BY.
CREATE MATERIALIZED VIEW activity AS
SELECT slot, COUNT(*) AS events, SUM(amount) AS amount, MAX(`sequence`) AS last_sequence
FROM events
WHERE amount >= 0 AND kind <> 'void'
GROUP BY slot;
