-- Merges the cells of the commits $1 into the tables of sums (merge_into_table.sql, for each), at every level, and takes
-- them out of rollup_recent. Answers the blocks in which a cell came to nothing.
WITH taken AS (
    DELETE FROM rollup_recent WHERE commit_id = ANY($1::bigint[])
    RETURNING grain, block, {keys}, {sums}
), {merged_tables}, gone AS (
    DELETE FROM rollup_waiting WHERE id = ANY($1::bigint[]) RETURNING id
), counted AS (
    UPDATE rollup_state SET merged = merged + (SELECT count(*) FROM gone)
)
{empty_blocks}
