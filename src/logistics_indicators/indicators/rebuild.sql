-- Every level from rows_of_visits. A rebuilt rollup is a new version, whatever was wrong with the old one.
WITH gone AS (DELETE FROM rollup_waiting RETURNING id)
UPDATE rollup_state SET merged = merged + 1 + (SELECT count(*) FROM gone);
DELETE FROM rollup_recent;
{tables}
