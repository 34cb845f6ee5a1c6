"""The command line and the indicators: which it asks for, and `verify` and `rebuild` in a process of their own."""

import asyncpg
from command_line import Run
from visits import random_visits, store

from logistics_indicators.commands.questions import Question
from logistics_indicators.indicators.routes import INDICATORS
from logistics_indicators.rollup.merging import merge_everything


def test_the_command_line_asks_for_every_indicator() -> None:
    assert {indicator.name for indicator in INDICATORS} <= set(Question)


async def test_verify_and_rebuild_on_the_command_line(locally: Run, connection: asyncpg.Connection) -> None:
    await store(connection, random_visits(30, 200))
    await merge_everything(connection)
    sound = await locally("verify")
    assert (sound.code, sound.out.split(", version")[0]) == (0, "200 visits, 0 differences"), sound.err
    await connection.execute("DELETE FROM rollup WHERE grain = 4")
    damaged = await locally("verify")
    assert damaged.code == 1
    assert "  year 2020-01-01 " in damaged.out
    assert "found [0, 0, 0]" in damaged.out
    assert (await locally("rebuild")).out.startswith("Rebuilt from 200 visits, version ")
    assert (await locally("verify")).code == 0
