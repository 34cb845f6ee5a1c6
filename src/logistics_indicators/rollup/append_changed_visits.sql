-- Appends what changed_visits does to the rollup: the cells that cells.py makes of such visits.
WITH leveled AS (
    SELECT level.grain, level.block, {ids}, days_late, total, seconds
    FROM changed_visits, LATERAL (VALUES {levels}) AS level (grain, block)
    WHERE NOT open
), cells (grain, block, {ids}, days_late, total, on_time, seconds) AS (
    SELECT grain, block, {ids}, 0,
           sum(total), COALESCE(sum(total) FILTER (WHERE days_late = 0), 0), sum(seconds)
    FROM leveled GROUP BY grain, block, {ids}
    UNION ALL
    SELECT 10, day, {ids}, days_late, total, 0, 0 FROM changed_visits WHERE NOT open AND days_late > 0
    UNION ALL
    SELECT 5, day, {no_ids}, 0, sum(total), 0, 0 FROM changed_visits WHERE NOT open GROUP BY day
    UNION ALL
    SELECT 6, day, {ids}, 0, sum(total), 0, 0 FROM changed_visits WHERE open GROUP BY day, {ids}
), changed AS (
    SELECT * FROM cells WHERE total <> 0 OR on_time <> 0 OR seconds <> 0
), waiting AS (
    INSERT INTO rollup_waiting (cells) SELECT count(*) FROM changed HAVING count(*) > 0 RETURNING id
)
INSERT INTO rollup_recent (commit_id, grain, block, {ids}, days_late, total, on_time, seconds)
SELECT waiting.id, changed.* FROM changed, waiting ORDER BY grain, block
