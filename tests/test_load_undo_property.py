"""Any loads, changes by hand and undoes in any order: the rows are those of a model that keeps each row's history."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import load_reference
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from load_client import empty_tables, load_file
from test_load_property import EXAMPLES, INSERT_CUSTOMERS, Site, sites

from logistics_indicators.loads.kinds import KINDS, Kind
from logistics_indicators.running.embedded import EmbeddedPostgres

BY_HAND = "by hand"
CUSTOMERS = {1, 2, 3, 4}

NAME = st.sampled_from(["Ana", "Eva", "Rui"])
ROWS = {
    "customers": st.builds("{};{};u{}@mail.com;{}".format, st.integers(1, 5), NAME, st.integers(1, 5), NAME),
    "services": st.builds(
        "{};{};{};CE - X;2021-06-30;{}".format,
        st.integers(1, 5),
        st.integers(1, 4),
        NAME,
        st.sampled_from(["-", "2021-06-29 10:00:00", "2021-07-01 09:00:00"]),
    ),
}


@dataclass(frozen=True)
class Load:
    content: str
    update: bool


@dataclass(frozen=True)
class Put:
    row: int
    name: str


@dataclass(frozen=True)
class Undo:
    load: int
    """How many loads before the last one."""


Action = Load | Put | Undo


def actions(kind: str) -> st.SearchStrategy[list[Action]]:
    loads = st.builds(Load, st.lists(ROWS[kind], min_size=1, max_size=6).map("\n".join), st.booleans())
    puts, undoes = st.builds(Put, st.integers(1, 5), NAME), st.builds(Undo, st.integers(0, 3))
    return st.lists(st.one_of(loads, loads, puts, undoes, undoes), min_size=2, max_size=10)


@dataclass
class Model:
    """What each row was, and by whom: the last entry is what it is."""

    kind: str
    history: dict[int, list[tuple[Any, tuple[Any, ...]]]] = field(default_factory=dict)

    @property
    def rows(self) -> dict[int, tuple[Any, ...]]:
        return {row_id: entries[-1][1] for row_id, entries in self.history.items()}

    def write(self, writer: Any, rows: dict[int, tuple[Any, ...]]) -> None:
        for row_id, values in rows.items():
            if self.rows.get(row_id) != values:
                self.history.setdefault(row_id, []).append((writer, values))

    def undo(self, load: Any) -> bool:
        """Whether it may be; then it is."""
        written = [entries for entries in self.history.values() if any(writer == load for writer, _ in entries)]
        if any(entries[-1][0] != load for entries in written):
            return False
        after = {row_id: [e for e in entries if e[0] != load] for row_id, entries in self.history.items()}
        after = {row_id: entries for row_id, entries in after.items() if entries}
        addresses = [entries[-1][1][1] for entries in after.values()] if self.kind == "customers" else []
        if len(addresses) != len(set(addresses)):
            return False
        self.history = after
        return True


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(server: EmbeddedPostgres, template_database: str, runner: asyncio.Runner) -> Iterator[Site]:
    stack = AsyncExitStack()
    made = runner.run(stack.enter_async_context(sites(server, template_database, [(64, 2)])))
    yield made[0]
    runner.run(stack.aclose())


@pytest.mark.parametrize("kind", ["customers", "services"])
def test_undoes_give_what_each_rows_history_gives(site: Site, runner: asyncio.Runner, kind: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(done=actions(kind))
    def check(done: list[Action]) -> None:
        runner.run(_check(site, kind, done))

    check()


async def _check(site: Site, kind: str, done: list[Action]) -> None:
    await empty_tables(site.connection)
    if kind == "services":
        await site.connection.execute(INSERT_CUSTOMERS)
        assert (await site.client.post("/v1/indicators/rebuild")).status_code == 200
    model, loads = Model(kind), []
    for action in done:
        match action:
            case Load(content, update):
                expected = load_reference.load(kind, content.encode(), model.rows, CUSTOMERS, update)
                options = {"header": "none", "on_conflict": "update" if update else "reject"}
                load = await load_file(site.client, kind, content, **options)
                model.write(load["id"], expected.rows)
                loads.append(load["id"])
            case Put(row_id, name) if row_id in model.rows:
                await _put(site, model, row_id, name)
            case Undo(place) if place < len(loads):
                load_id = loads[-1 - place]
                answer = await site.client.delete(f"/v1/loads/{load_id}")
                assert answer.status_code == (200 if model.undo(load_id) else 409), answer.text
                if answer.status_code == 200:
                    loads.remove(load_id)
        assert await _stored(site, kind) == model.rows
    if kind == "services":
        assert (await site.client.get("/v1/indicators/verify")).json()["differences"] == 0


async def _put(site: Site, model: Model, row_id: int, name: str) -> None:
    """Another name."""
    path, column = f"/v1/{model.kind}/{row_id}", {"customers": "nome", "services": "angel"}[model.kind]
    row = (await site.client.get(path)).json() | {column: name}
    assert (await site.client.put(path, json=row)).status_code == 200
    place = _columns(model.kind).index(column) - 1
    values = model.rows[row_id]
    model.write(BY_HAND, {row_id: (*values[:place], name, *values[place + 1 :])})


def _columns(kind: str) -> list[str]:
    return load_reference.COLUMNS[kind]


async def _stored(site: Site, kind: str) -> dict[int, tuple[date | datetime | int | str | None, ...]]:
    records = await site.connection.fetch(f"SELECT {', '.join(_columns(kind))} FROM {KINDS[Kind(kind)].rows}")
    return {record[0]: tuple(record)[1:] for record in records}
