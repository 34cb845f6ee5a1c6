-- Part of rebuild.sql, for each table of sums.
DELETE FROM {table};
INSERT INTO {table} (grain, block, {keys}, {sums})
SELECT level.grain, level.block, {keys}, {added}
FROM (SELECT *, day AS block FROM rows_of_visits) AS cell, LATERAL (VALUES {levels}) AS level (grain, block)
WHERE NOT open AND {visits} GROUP BY level.grain, level.block, {keys} ORDER BY level.grain, level.block, {keys}
