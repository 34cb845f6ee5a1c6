-- Sums up the months and years of the commits $1 under the number $2, which is one of them: while a load goes on, readers
-- walk over fewer cells. The commits are merged together from now on. Late cells stay as they are: few ask for them.
WITH taken AS (
    DELETE FROM rollup_recent WHERE commit_id = ANY($1::bigint[]) AND grain IN (2, 4)
    RETURNING grain, block, {ids}, total, on_time, seconds
), marked AS (
    UPDATE rollup_waiting SET gathered_by = $2 WHERE id = ANY($1::bigint[])
)
INSERT INTO rollup_recent (commit_id, grain, block, {ids}, days_late, total, on_time, seconds)
SELECT $2, grain, block, {ids}, 0, sum(total), sum(on_time), sum(seconds)
FROM taken GROUP BY grain, block, {ids}
HAVING sum(total) <> 0 OR sum(on_time) <> 0 OR sum(seconds) <> 0
ORDER BY grain, block
