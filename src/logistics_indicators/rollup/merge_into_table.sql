-- Part of merge_commits.sql: the cells of one table of sums, by the names that tables.py gives.
-- Days are summed up first, and eighths from them: so the levels above have few rows to go through.
days_of_{table} AS MATERIALIZED (
    SELECT block, {keys}, {added} FROM taken WHERE grain = {recent_grain} GROUP BY block, {keys} HAVING {changed}
), eighths_of_{table} AS MATERIALIZED (
    SELECT {eighth} AS block, {keys}, {added} FROM days_of_{table} GROUP BY 1, {keys} HAVING {changed}
), merged_{table} AS (
    INSERT INTO {table} AS old (grain, block, {keys}, {sums})
    SELECT {day_grain}, block, {keys}, {sums} FROM days_of_{table}
    UNION ALL
    SELECT {eighth_grain}, block, {keys}, {sums} FROM eighths_of_{table}
    UNION ALL
    SELECT grain, block, {keys}, {added}
    FROM (
        SELECT level.grain, level.block, {keys}, {sums}
        FROM eighths_of_{table} AS cell, LATERAL (VALUES {levels_above}) AS level (grain, block) {own_cells}
    ) AS leveled
    GROUP BY grain, block, {keys}
    HAVING {changed}
    ORDER BY 1, block, {keys}
    ON CONFLICT (grain, block, {keys}) DO UPDATE SET {updated}
    RETURNING grain, block, {empty} AS empty
)
