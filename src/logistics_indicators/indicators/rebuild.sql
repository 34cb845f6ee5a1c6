-- Every level from rows_of_visits. A rebuilt rollup is a new version, whatever was wrong with the old one.
WITH gone AS (DELETE FROM rollup_waiting RETURNING id)
UPDATE rollup_state SET merged = merged + 1 + (SELECT count(*) FROM gone);
DELETE FROM rollup_recent;
{tables};
INSERT INTO rollup (grain, block, {ids}, total, on_time, seconds)
SELECT 5, day, {no_ids}, sum(total), 0, 0 FROM rows_of_visits WHERE NOT open GROUP BY day
UNION ALL
SELECT 6, day, {ids}, sum(total), 0, 0 FROM rows_of_visits WHERE open GROUP BY day, {ids}
