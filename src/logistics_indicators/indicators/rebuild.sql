-- Every level from rows_of_visits. A rebuilt rollup is a new version, whatever was wrong with the old one.
WITH gone AS (DELETE FROM rollup_waiting RETURNING id)
UPDATE rollup_state SET merged = merged + 1 + (SELECT count(*) FROM gone);
DELETE FROM rollup_recent;
DELETE FROM rollup;
DELETE FROM rollup_late;
INSERT INTO rollup (grain, block, polo_id, angel_id, total, on_time, seconds)
SELECT level.grain, level.block, polo_id, angel_id,
       sum(total), COALESCE(sum(total) FILTER (WHERE days_late = 0), 0), sum(seconds)
FROM (SELECT *, day AS block FROM rows_of_visits) AS cell, LATERAL (VALUES {levels}) AS level (grain, block)
WHERE NOT open GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;
INSERT INTO rollup_late (grain, block, polo_id, angel_id, days_late, total)
SELECT level.grain, level.block, polo_id, angel_id, days_late, sum(total)
FROM (SELECT *, day AS block FROM rows_of_visits) AS cell, LATERAL (VALUES {levels}) AS level (grain, block)
WHERE NOT open AND days_late > 0 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5;
INSERT INTO rollup (grain, block, polo_id, angel_id, total, on_time, seconds)
SELECT 5, day, 0, 0, sum(total), 0, 0 FROM rows_of_visits WHERE NOT open GROUP BY day
UNION ALL
SELECT 6, day, polo_id, angel_id, sum(total), 0, 0 FROM rows_of_visits WHERE open GROUP BY day, polo_id, angel_id
