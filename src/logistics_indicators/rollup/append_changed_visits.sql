-- Appends what changed_visits does to the rollup: the cells that cells.py makes of such visits.
WITH leveled AS (
    SELECT level.grain, level.block, polo_id, angel_id, days_late, total, seconds
    FROM changed_visits, LATERAL (VALUES {levels}) AS level (grain, block)
    WHERE NOT open
), cells (grain, block, polo_id, angel_id, days_late, total, on_time, seconds) AS (
    SELECT grain, block, polo_id, angel_id, 0,
           sum(total), COALESCE(sum(total) FILTER (WHERE days_late = 0), 0), sum(seconds)
    FROM leveled GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT 10, day, polo_id, angel_id, days_late, total, 0, 0 FROM changed_visits WHERE NOT open AND days_late > 0
    UNION ALL
    SELECT 5, day, 0, 0, 0, sum(total), 0, 0 FROM changed_visits WHERE NOT open GROUP BY day
    UNION ALL
    SELECT 6, day, polo_id, angel_id, 0, sum(total), 0, 0 FROM changed_visits WHERE open GROUP BY day, polo_id, angel_id
), changed AS (
    SELECT * FROM cells WHERE total <> 0 OR on_time <> 0 OR seconds <> 0
), waiting AS (
    INSERT INTO rollup_waiting (cells) SELECT count(*) FROM changed HAVING count(*) > 0 RETURNING id
)
INSERT INTO rollup_recent (commit_id, grain, block, polo_id, angel_id, days_late, total, on_time, seconds)
SELECT waiting.id, changed.* FROM changed, waiting ORDER BY grain, block
