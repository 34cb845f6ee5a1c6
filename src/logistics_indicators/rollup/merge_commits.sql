-- Merges the cells of the commits $1 into rollup and rollup_late, at every level, and takes them out of rollup_recent.
-- Answers the blocks in which a cell came to nothing.
WITH taken AS (
    DELETE FROM rollup_recent WHERE commit_id = ANY($1::bigint[])
    RETURNING grain, block, {ids}, days_late, total, on_time, seconds
), leveled AS (
    SELECT level.grain, level.block, {ids}, total, on_time, seconds
    FROM taken AS cell, LATERAL (VALUES {levels}) AS level (grain, block)
    WHERE cell.grain = 0
    UNION ALL
    SELECT grain, block, {ids}, total, on_time, seconds FROM taken WHERE grain IN (5, 6)
), stored AS (
    INSERT INTO rollup AS old (grain, block, {ids}, total, on_time, seconds)
    SELECT grain, block, {ids}, sum(total), sum(on_time), sum(seconds)
    FROM leveled GROUP BY grain, block, {ids}
    HAVING sum(total) <> 0 OR sum(on_time) <> 0 OR sum(seconds) <> 0
    ORDER BY grain, block, {ids}
    ON CONFLICT (grain, block, {ids}) DO UPDATE
    SET total = old.total + excluded.total, on_time = old.on_time + excluded.on_time,
        seconds = old.seconds + excluded.seconds
    RETURNING grain, block, total = 0 AS empty
), late AS (
    INSERT INTO rollup_late AS old (grain, block, {ids}, days_late, total)
    SELECT level.grain, level.block, {ids}, days_late, sum(total)
    FROM taken AS cell, LATERAL (VALUES {levels}) AS level (grain, block)
    WHERE cell.grain = 10
    GROUP BY level.grain, level.block, {ids}, days_late HAVING sum(total) <> 0
    ORDER BY level.grain, level.block, {ids}, days_late
    ON CONFLICT (grain, block, {ids}, days_late) DO UPDATE SET total = old.total + excluded.total
    RETURNING grain, block, total = 0 AS empty
), gone AS (
    DELETE FROM rollup_waiting WHERE id = ANY($1::bigint[]) RETURNING id
), counted AS (
    UPDATE rollup_state SET merged = merged + (SELECT count(*) FROM gone)
)
SELECT grain, block FROM stored WHERE empty
UNION
SELECT grain, block FROM late WHERE empty
