-- Part of merge_commits.sql: the cells of one table of sums, by the names that tables.py gives.
merged_{table} AS (
    INSERT INTO {table} AS old (grain, block, {keys}, {sums})
    SELECT grain, block, {keys}, {added}
    FROM (
        SELECT level.grain, level.block, {keys}, {sums}
        FROM taken AS cell, LATERAL (VALUES {levels}) AS level (grain, block)
        WHERE cell.grain = {recent_grain} {own_cells}
    ) AS leveled
    GROUP BY grain, block, {keys}
    HAVING {changed}
    ORDER BY grain, block, {keys}
    ON CONFLICT (grain, block, {keys}) DO UPDATE SET {updated}
    RETURNING grain, block, total = 0 AS empty
)
