-- Every level from rows_of_visits. A rebuilt rollup is a new version, whatever was wrong with the old one.
WITH gone AS (DELETE FROM rollup_waiting RETURNING id)
UPDATE rollup_state SET merged = merged + 1 + (SELECT count(*) FROM gone);
DELETE FROM rollup_recent;
DELETE FROM rollup;
DELETE FROM rollup_late;
INSERT INTO rollup (grain, block, {ids}, total, on_time, seconds)
SELECT level.grain, level.block, {ids},
       sum(total), COALESCE(sum(total) FILTER (WHERE days_late = 0), 0), sum(seconds)
FROM (SELECT *, day AS block FROM rows_of_visits) AS cell, LATERAL (VALUES {levels}) AS level (grain, block)
WHERE NOT open GROUP BY level.grain, level.block, {ids} ORDER BY level.grain, level.block, {ids};
INSERT INTO rollup_late (grain, block, {ids}, days_late, total)
SELECT level.grain, level.block, {ids}, days_late, sum(total)
FROM (SELECT *, day AS block FROM rows_of_visits) AS cell, LATERAL (VALUES {levels}) AS level (grain, block)
WHERE NOT open AND days_late > 0
GROUP BY level.grain, level.block, {ids}, days_late ORDER BY level.grain, level.block, {ids}, days_late;
INSERT INTO rollup (grain, block, {ids}, total, on_time, seconds)
SELECT 5, day, {no_ids}, sum(total), 0, 0 FROM rows_of_visits WHERE NOT open GROUP BY day
UNION ALL
SELECT 6, day, {ids}, sum(total), 0, 0 FROM rows_of_visits WHERE open GROUP BY day, {ids}
