-- Sums up the months and years of the commits $1 under the number $2, which is one of them: while a load goes on, readers
-- walk over fewer cells. The commits are merged together from now on. Days stay as they are.
WITH taken AS (
    DELETE FROM rollup_recent WHERE commit_id = ANY($1::bigint[]) AND grain IN ({grains})
    RETURNING grain, block, {keys}, {sums}
), marked AS (
    UPDATE rollup_waiting SET gathered_by = $2 WHERE id = ANY($1::bigint[])
)
INSERT INTO rollup_recent (commit_id, grain, block, {keys}, {sums})
SELECT $2, grain, block, {keys}, {added}
FROM taken GROUP BY grain, block, {keys}
HAVING {changed}
ORDER BY grain, block
