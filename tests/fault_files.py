"""Files for the fault tests, with the very rows and rejects that a load must make of them; and the check of that."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from load_client import Report, counts

from logistics_indicators.loads.kinds import KINDS, Kind

Row = tuple[Any, ...]
Get = Callable[[str], Awaitable[Any]]

POLOS = ["CE - SOBRAL", "SP - SANTOS", "BA - ILHÉUS", "SEM ESTADO"]
FIRST_DAY = date(2020, 12, 1)


@dataclass
class FaultFile:
    """A file in the making. `rows` is what its good lines store, by id; `rejects` are (line, reason)."""

    kind: str
    lines: list[str] = field(default_factory=list)
    rows: dict[int, Row] = field(default_factory=dict)
    rejects: list[tuple[int, str]] = field(default_factory=list)
    updated: int = 0
    unchanged: int = 0

    @property
    def content(self) -> bytes:
        return "".join(f"{line}\n" for line in self.lines).encode()

    @property
    def counts(self) -> tuple[int, int, int, int, int]:
        """(read, inserted, updated, unchanged, rejected)"""
        inserted = len(self.rows) - self.updated - self.unchanged
        return len(self.lines), inserted, self.updated, self.unchanged, len(self.rejects)

    def good(self, row: Row, spelling: str) -> None:
        self.lines.append(spelling)
        self.rows[row[0]] = row

    def bad(self, reason: str, line: str) -> None:
        self.lines.append(line)
        self.rejects.append((len(self.lines), reason))


def customers_file(chance: random.Random, number: int) -> FaultFile:
    """Customers 1 to `number` in disorder; about one line in fifty is bad."""
    file = FaultFile("customers")
    for key in chance.sample(range(1, number + 1), number):
        row = (key, f"Cliente {key}", f"c{key}@example.com", f"119{key:08d}")
        file.good(row, ";".join(map(str, row)))
        match chance.randrange(200):
            case 0:
                file.bad("duplicate_id", f"{chance.choice(list(file.rows))};Outro;outro{key}@example.com;1")
            case 1:
                file.bad("duplicate_email", f"{number + key};Outro;{row[2]};1")
            case 2:
                file.bad("invalid_email", f"{number + key};Outro;sem-arroba;1")
            case 3:
                file.bad("missing_column", f"{number + key};Outro")
    return file


def visits_file(chance: random.Random, number: int, customers: int, first_id: int = 1) -> FaultFile:
    """Visits with ids from `first_id` on, of customers 1 to `customers`; about one line in thirty is bad."""
    file = FaultFile("services")
    for key in range(first_id, first_id + number):
        row = random_visit(chance, key, customers)
        file.good(row, visit_line(row))
        if chance.randrange(30) == 0:
            add_bad_visit(chance, file, random_visit(chance, key + 10 * number, customers))
    return file


def update_of(chance: random.Random, stored: FaultFile, customers: int) -> FaultFile:
    """A file for on_conflict=update: visits that are stored, changed or not, some twice, and some new ones."""
    file = FaultFile("services")
    for key, before in stored.rows.items():
        row = random_visit(chance, key, customers) if chance.random() < 0.5 else before
        file.good(row, visit_line(row))
        file.updated += row != before
        file.unchanged += row == before
        if chance.randrange(10) == 0:  # the first row of an id wins, also where both would be updates
            again = random_visit(chance, chance.choice(list(file.rows)), customers)
            file.bad("duplicate_id", visit_line((*again[:2], "Anjo segundo", *again[3:])))
        if chance.randrange(10) == 0:
            new = random_visit(chance, 10**6 + key, customers)
            file.good(new, visit_line(new))
    return file


def random_visit(chance: random.Random, key: int, customers: int) -> Row:
    limit = FIRST_DAY + timedelta(days=chance.randrange(120))
    done = datetime(limit.year, limit.month, limit.day) + timedelta(seconds=chance.randrange(-400_000, 300_000))
    place = chance.choice(POLOS)
    angel = f"Anjo {chance.randrange(40):02d} Conceição"
    return (key, chance.randrange(1, customers + 1), angel, place, limit, None if chance.random() < 0.03 else done)


def visit_line(row: Row) -> str:
    key, customer, angel, polo, limit, done = row
    spelling = "%d/%m/%Y %H:%M:%S" if key % 2 else "%Y-%m-%d %H:%M:%S"
    return f"{key};{customer};{angel};{polo};{limit:%d/%m/%Y};{done.strftime(spelling) if done else '-'}"


def add_bad_visit(chance: random.Random, file: FaultFile, row: Row) -> None:
    key, _, angel, polo, limit, _ = row
    match chance.randrange(4):
        case 0:
            again = (chance.choice(list(file.rows)), row[1], "Anjo segundo", *row[3:])
            file.bad("duplicate_id", visit_line(again))
        case 1:
            file.bad("unknown_customer", visit_line((key, 10**9, *row[2:])))
        case 2:
            file.bad("invalid_date", f"{key};1;{angel};{polo};{limit};32/01/2021")
        case 3:
            file.bad("empty_field", visit_line((key, 1, "", *row[3:])))


# -- what must be true at the end --------------------------------------------------------------------------


async def assert_loaded_exactly(sql: Any, loads: list[tuple[int, FaultFile]], get: Get) -> None:
    """Every good row once, every bad one explained, counts exact, indicators equal to a GROUP BY.

    `sql` has fetch and fetchval as an asyncpg connection has; `get` asks the API. The files' rows are all that
    the database holds.
    """
    stored: dict[str, dict[int, Row]] = {"customers": {}, "services": {}}
    for load_id, file in loads:
        report = await get(f"/v1/loads/{load_id}")
        assert (report["status"], counts(report)) == ("completed", file.counts)
        await assert_rejected_exactly(sql, report, file)
        stored[file.kind] |= file.rows
    found = await sql.fetch("SELECT id, nome, email, telefone FROM customers ORDER BY id")
    assert [tuple(row) for row in found] == sorted(stored["customers"].values())
    visits = await sql.fetch("SELECT id, id_cliente, angel, polo, data_limite, data_de_atendimento FROM visits")
    assert len(visits) == len(stored["services"])
    assert {row["id"]: tuple(row) for row in visits} == stored["services"]
    await assert_indicators_are_exact(sql, get)
    assert await sql.fetchval("SELECT count(*) FROM loads") == len(loads)


async def assert_rejected_exactly(sql: Any, report: Report, file: FaultFile) -> None:
    select = "SELECT line, reason FROM load_rejects WHERE load_id = $1 ORDER BY line"
    assert [tuple(row) for row in await sql.fetch(select, report["id"])] == file.rejects
    summary = {entry["reason"]: entry["rows"] for entry in report["rejects"]}
    assert summary == Counter(reason for _, reason in file.rejects)


async def assert_indicators_are_exact(sql: Any, get: Get) -> None:
    for name in ("angel", "polo"):
        rows = await sql.fetch(
            f"""SELECT {name}, count(*) AS total,
                    count(*) FILTER (WHERE data_de_atendimento::date <= data_limite) AS on_time
                FROM visits WHERE data_de_atendimento IS NOT NULL GROUP BY {name}"""
        )
        answer = (await get(f"/v1/indicators/sla/{name}"))[f"sla_{name}"]
        totals = {r[name]: (r["total_de_atendimentos"], r["total_de_atendimentos_no_prazo"]) for r in answer}
        assert totals == {row[name]: (row["total"], row["on_time"]) for row in rows}
    await assert_mean_times_are_exact(sql, get)
    opened = "SELECT COALESCE(sum(total), 0) FROM {} WHERE grain = 6"
    backlog = await sql.fetchval(f"SELECT ({opened.format('rollup')}) + ({opened.format('rollup_recent')})")
    assert backlog == await sql.fetchval("SELECT count(*) FROM services WHERE data_de_atendimento IS NULL")


async def assert_mean_times_are_exact(sql: Any, get: Get) -> None:
    rows = await sql.fetch(
        """SELECT angel, avg(extract(epoch FROM data_limite::timestamp - data_de_atendimento)) AS seconds
           FROM visits WHERE data_de_atendimento IS NOT NULL GROUP BY angel"""
    )
    answer = (await get("/v1/indicators/productivity"))["produtividade"]
    found = {r["angel"]: r["tempo_medio_segundos"] for r in answer}
    assert found.keys() == {row["angel"] for row in rows}
    assert all(abs(found[row["angel"]] - row["seconds"]) <= 1 for row in rows)


async def leftovers(sql: Any) -> list[str]:
    """What of the loads' own making should be gone by now, or there again."""
    left = [
        table
        for table in ("load_chunks", "load_touched_ids")
        if await sql.fetchval(f"SELECT EXISTS (SELECT FROM {table})")
    ]
    valid = """SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
               WHERE i.indrelid = $1::text::regclass AND i.indisvalid AND i.indisready"""
    for kind in Kind:
        present = {row["relname"] for row in await sql.fetch(valid, str(kind))}
        left += [f"without {name}" for name in KINDS[kind].indexes if name not in present]
    return left
