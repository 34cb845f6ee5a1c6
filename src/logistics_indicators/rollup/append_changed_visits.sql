-- Appends what changed_visits does to the rollup, the cells that cells.py makes of such visits: part of the statements
-- that change visits.
cells (grain, block, {keys}, {sums}) AS (
    {cells}
), changed AS (
    SELECT * FROM cells WHERE {changed}
), waiting AS (
    INSERT INTO rollup_waiting (cells) SELECT count(*) FROM changed HAVING count(*) > 0 RETURNING id
), appended AS (
    INSERT INTO rollup_recent (commit_id, grain, block, {keys}, {sums})
    SELECT waiting.id, changed.* FROM changed, waiting ORDER BY grain, block
)
