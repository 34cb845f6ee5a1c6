-- Takes the delta rows $1 into every level; returns the (grain, block) pairs where cells may have become empty.
WITH taken AS (
    DELETE FROM rollup_deltas WHERE id = ANY($1::bigint[])
    RETURNING day, open, polo_id, angel_id, days_late, visits, seconds
), cells AS MATERIALIZED (
    SELECT c.*
    FROM taken, unnest(taken.day, taken.open, taken.polo_id, taken.angel_id, taken.days_late, taken.visits,
                       taken.seconds) AS c (day, open, polo_id, angel_id, days_late, visits, seconds)
), days AS MATERIALIZED (
    SELECT day, polo_id, angel_id, sum(visits)::integer AS total,
           COALESCE(sum(visits) FILTER (WHERE days_late <= 0), 0)::integer AS on_time, sum(seconds)::bigint AS seconds
    FROM cells WHERE NOT open GROUP BY 1, 2, 3
), eighths AS MATERIALIZED (
    SELECT date_trunc('month', day::timestamp)::date + LEAST((EXTRACT(day FROM day)::integer - 1) / 8, 3) * 8 AS block,
           polo_id, angel_id, sum(total)::integer AS total, sum(on_time)::integer AS on_time,
           sum(seconds)::bigint AS seconds
    FROM days GROUP BY 1, 2, 3
), months AS MATERIALIZED (
    SELECT date_trunc('month', block::timestamp)::date AS block, polo_id, angel_id, sum(total)::integer AS total,
           sum(on_time)::integer AS on_time, sum(seconds)::bigint AS seconds
    FROM eighths GROUP BY 1, 2, 3
), quarters AS MATERIALIZED (
    SELECT date_trunc('quarter', block::timestamp)::date AS block, polo_id, angel_id, sum(total)::integer AS total,
           sum(on_time)::integer AS on_time, sum(seconds)::bigint AS seconds
    FROM months GROUP BY 1, 2, 3
), years AS (
    SELECT date_trunc('year', block::timestamp)::date AS block, polo_id, angel_id, sum(total)::integer AS total,
           sum(on_time)::integer AS on_time, sum(seconds)::bigint AS seconds
    FROM quarters GROUP BY 1, 2, 3
), levels AS (
    SELECT 0 AS grain, * FROM days
    UNION ALL SELECT 1, * FROM eighths
    UNION ALL SELECT 2, * FROM months
    UNION ALL SELECT 3, * FROM quarters
    UNION ALL SELECT 4, * FROM years
), into_rollup AS (
    INSERT INTO rollup AS stored (grain, block, polo_id, angel_id, total, on_time, seconds)
    SELECT grain, day, polo_id, angel_id, total, on_time, seconds FROM levels
    WHERE total <> 0 OR on_time <> 0 OR seconds <> 0
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (grain, block, polo_id, angel_id) DO UPDATE
    SET total = stored.total + excluded.total, on_time = stored.on_time + excluded.on_time,
        seconds = stored.seconds + excluded.seconds
), late AS MATERIALIZED (
    SELECT day, polo_id, angel_id, days_late, sum(visits)::integer AS total
    FROM cells WHERE NOT open AND days_late >= 1 GROUP BY 1, 2, 3, 4 HAVING sum(visits) <> 0
), into_lateness AS (
    INSERT INTO rollup_lateness AS stored (grain, block, polo_id, angel_id, days_late, total)
    SELECT grain, block, polo_id, angel_id, days_late, sum(total)::integer
    FROM late, LATERAL (VALUES
        (0, day),
        (1, date_trunc('month', day::timestamp)::date + LEAST((EXTRACT(day FROM day)::integer - 1) / 8, 3) * 8),
        (2, date_trunc('month', day::timestamp)::date),
        (3, date_trunc('quarter', day::timestamp)::date),
        (4, date_trunc('year', day::timestamp)::date)
    ) AS level (grain, block)
    GROUP BY 1, 2, 3, 4, 5
    ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (grain, block, polo_id, angel_id, days_late) DO UPDATE SET total = stored.total + excluded.total
), into_open AS (
    INSERT INTO rollup_open AS stored (data_limite, polo_id, angel_id, total)
    SELECT day, polo_id, angel_id, sum(visits)::integer FROM cells WHERE open
    GROUP BY 1, 2, 3 HAVING sum(visits) <> 0
    ORDER BY 1, 2, 3
    ON CONFLICT (data_limite, polo_id, angel_id) DO UPDATE SET total = stored.total + excluded.total
), into_days AS (
    INSERT INTO rollup_days AS stored (day, total)
    SELECT day, sum(total) FROM days GROUP BY day HAVING sum(total) <> 0
    ON CONFLICT (day) DO UPDATE SET total = stored.total + excluded.total
), counted AS (
    UPDATE rollup_state SET folded = folded + (SELECT count(*) FROM taken)
)
SELECT array_agg(DISTINCT day) FROM cells WHERE visits < 0
