"""Any loads of visits that wait, and customers in any order: as a row-by-row reading would have it."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import load_reference
import pytest
from chance import times
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from load_client import counts, empty_tables, load_file, rejects_of
from test_load_property import Site, sites

from logistics_indicators.running.embedded import EmbeddedPostgres

EXAMPLES = times(15, 400)
ROW = st.builds(
    "{};{};{};CE - X;2021-06-30;{}".format,
    st.integers(1, 5),
    st.integers(1, 5),
    st.sampled_from(["Ana", "Eva"]),
    st.sampled_from(["-", "2021-06-29 10:00:00", "2021-07-01 09:00:00"]),
)


@dataclass(frozen=True)
class Visits:
    content: str
    update: bool
    wait: bool


@dataclass(frozen=True)
class Customers:
    ids: frozenset[int]


@dataclass(frozen=True)
class Cancel:
    load: int
    """How many loads before the last one."""


Action = Visits | Customers | Cancel
VISITS = st.builds(
    Visits,
    st.lists(ROW, min_size=1, max_size=8).map("\n".join),
    st.booleans(),
    st.sampled_from([True, True, False]),
)
CUSTOMERS = st.builds(Customers, st.frozensets(st.integers(1, 5), min_size=1, max_size=3))
ACTIONS = st.lists(st.one_of(VISITS, VISITS, CUSTOMERS, st.builds(Cancel, st.integers(0, 2))), min_size=2, max_size=8)

TO_TRY = "SELECT EXISTS (SELECT FROM arrived_customers) OR EXISTS (SELECT FROM services_ready)"


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(server: EmbeddedPostgres, template_database: str, runner: asyncio.Runner) -> Iterator[Site]:
    """Each file is a chunk: customers of one file come together."""
    stack = AsyncExitStack()
    made = runner.run(stack.enter_async_context(sites(server, template_database, [(4096, 2)])))
    yield made[0]
    runner.run(stack.aclose())


def test_visits_that_waited_are_what_a_row_by_row_reading_gives(site: Site, runner: asyncio.Runner) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(done=ACTIONS)
    def check(done: list[Action]) -> None:
        runner.run(_check(site, done))

    check()


@dataclass
class Model:
    rows: dict[int, tuple[Any, ...]]
    customers: set[int]
    loads: dict[int, tuple[load_reference.Outcome, bool]]
    """By id, in order: what became of them, and whether they update."""

    def add_load(self, load_id: int, outcome: load_reference.Outcome, update: bool) -> None:
        self.loads[load_id] = outcome, update
        self.rows = outcome.rows

    def add_customers(self, ids: set[int]) -> None:
        self.customers |= ids
        for outcome, update in self.loads.values():
            load_reference.try_waiting(outcome, self.rows, self.customers, update)
            self.rows = outcome.rows

    def cancel(self, load_id: int) -> None:
        outcome, _ = self.loads[load_id]
        outcome.rejects += [(line, "id_cliente", "unknown_customer") for line, _, _ in outcome.waiting]
        outcome.rejects.sort(key=lambda reject: reject[0])
        outcome.waiting = []


async def _check(site: Site, done: list[Action]) -> None:
    await empty_tables(site.connection)
    assert (await site.client.post("/v1/indicators/rebuild")).status_code == 200
    model = Model({}, set(), {})
    for action in done:
        match action:
            case Visits(content, update, wait):
                load = await _load(site, content, update, wait)
                outcome = load_reference.load(
                    "services", content.encode(), model.rows, model.customers, update, wait=wait
                )
                model.add_load(load["id"], outcome, update)
            case Customers(ids):
                await _bring(site, sorted(ids - model.customers))
                model.add_customers(set(ids))
            case Cancel(place) if place < len(model.loads):
                load_id = list(model.loads)[-1 - place]
                assert (await site.client.delete(f"/v1/loads/{load_id}/waiting")).status_code == 200
                model.cancel(load_id)
        await _assert_as(site, model)
    assert (await site.client.get("/v1/indicators/verify")).json()["differences"] == 0


async def _load(site: Site, content: str, update: bool, wait: bool) -> dict[str, Any]:
    options = {"on_conflict": "update" if update else "reject", "unknown_customer": "wait" if wait else "reject"}
    load = await load_file(site.client, "services", content, header="none", **options)
    assert load["status"] == "completed"
    return load


async def _bring(site: Site, ids: list[int]) -> None:
    if ids:
        await load_file(site.client, "customers", "".join(f"{n};C;c{n}@mail.com;\n" for n in ids), header="none")


async def _assert_as(site: Site, model: Model) -> None:
    async with asyncio.timeout(60):
        while await site.connection.fetchval(TO_TRY):
            await asyncio.sleep(0.01)
    stored = await site.connection.fetch(f"SELECT {', '.join(load_reference.COLUMNS['services'])} FROM visits")
    assert {row[0]: tuple(row)[1:] for row in stored} == model.rows
    for load_id, (outcome, _) in model.loads.items():
        load = (await site.client.get(f"/v1/loads/{load_id}")).json()
        expected = (outcome.read, outcome.inserted, outcome.updated, outcome.unchanged, len(outcome.rejects))
        assert (counts(load), load["rows_waiting"]) == (expected, len(outcome.waiting))
        assert [reject[:3] for reject in await rejects_of(site.client, load_id)] == outcome.rejects
