from datetime import date, datetime

import asyncpg

from logistics_indicators.indicators.rollup import Visit, record


async def test_a_visit_added_and_removed_changes_the_version_and_no_cell(connection: asyncpg.Connection) -> None:
    visit = Visit("Ana", "CE - SOBRAL", date(2021, 5, 2), datetime(2021, 5, 3, 10, 0))
    await record(connection, added=[visit])
    await record(connection, added=[visit], removed=[visit])
    rows = await connection.fetch("SELECT * FROM rollup_deltas ORDER BY id")
    assert [row["visits"] for row in rows] == [[1], []]
    assert rows[0]["days_late"] == [1]
    assert rows[0]["seconds"] == [-(24 + 10) * 3600]
    assert rows[0]["day"] == [date(2021, 5, 3)]
