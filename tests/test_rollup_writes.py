from datetime import date, datetime

import asyncpg
from visits import Visit, by_hand, record

DAY = date(2021, 5, 3)


async def cells(connection: asyncpg.Connection) -> list[tuple[object, ...]]:
    select = "SELECT grain, block, days_late, total, on_time, seconds FROM rollup_recent ORDER BY commit_id, grain"
    return [tuple(row) for row in await connection.fetch(select)]


async def test_a_visit_is_appended_at_each_level_and_one_that_comes_and_goes_is_not(
    connection: asyncpg.Connection,
) -> None:
    visit = Visit("Ana", "CE - SOBRAL", date(2021, 5, 2), datetime(2021, 5, 3, 10, 0))
    sums = (0, 1, 0, -(24 + 10) * 3600)
    await record(connection, by_hand(), added=[visit])
    await record(connection, by_hand(), added=[visit], removed=[visit])
    assert await cells(connection) == [
        (0, DAY, *sums),
        (2, date(2021, 5, 1), *sums),
        (4, date(2021, 1, 1), *sums),
        (5, DAY, 0, 1, 0, 0),
        (10, DAY, 1, 1, 0, 0),
    ]
    assert await connection.fetchval("SELECT sum(cells) FROM rollup_waiting") == 5


async def test_a_visit_not_made_yet_is_one_cell_of_its_deadline(connection: asyncpg.Connection) -> None:
    await record(connection, by_hand(), added=[Visit("Ana", "CE - SOBRAL", DAY, None)])
    assert await cells(connection) == [(6, DAY, 0, 1, 0, 0)]
