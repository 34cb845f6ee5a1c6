"""Make files to load: visits in the real format, and fictitious customers for them.

    scripts/generate_data.py services --rows 1048575 --customers 573670 --output services.csv
    scripts/generate_data.py customers --from services.csv --output customers.csv

The same arguments give the same bytes. Rows are streamed; memory grows with the number of customers alone.
With --dirty, that share of the rows is bad, each in one way (every reason but `encoding`, which depends on the
encoding of the whole file); --truth says what a load must make of the file. Standard library only.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate, islice
from pathlib import Path
from typing import TextIO

BLOCK = 20_000
"""Rows drawn and written at a time."""

UNKNOWN_CUSTOMERS_FROM = 1_000_000_000
"""Ids from here on belong to no customer; `customers --below` leaves them out."""

LARGEST_ID = 9_007_199_254_740_991

HEADER = "id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento"
FIRST_NAMES = (  # noqa: SIM905 (a list would take a line for each)
    "Ana José Maria João Francisca Antônio Adriana Carlos Conceição Paulo Íris Luiz Zé Marcos D'Ávila "
    "Sergio Patrícia Rafael Aline Pedro Juliana Lucas Márcia Gabriel Letícia Daniel Camila Bruno "
    "Fernanda Thiago"
).split()
SURNAMES = (  # noqa: SIM905 (a list would take a line for each)
    "Wanderley Ferreira;da Silva;Souza;dos Santos;Pereira Lima;Araújo;Oliveira;Rodrigues;Almeida;"
    "Nascimento;Gonçalves;Barbosa;Ribeiro;Carvalho"
).split(";")
CITIES = (  # noqa: SIM905 (a list would take a line for each)
    "SP - SÃO PAULO;RJ - CAMPOS;MG - JUIZ DE FORA;RS - PELOTAS;PR - MARINGÁ;SC - SÃO JOSÉ;"
    "BA - FEIRA DE SANTANA;PE - OLINDA;CE - SOBRAL;GO - ANÁPOLIS;DF - GAMA;ES - VITÓRIA;PA - MARABÁ;"
    "AM - MANAUS;MT - SINOP;MS - DOURADOS"
).split(";")

# Spellings with their share in real files, in per mille; a visit's goes before its time of day.
LIMIT_SPELLINGS: Sequence[tuple[str, int]] = (
    ("%d/%m/%Y", 690),
    ("%Y-%m-%d", 150),
    ("%Y-%m-%d 00:00:00", 105),
    ("%d/%m/%y", 50),
    ("%Y-%m-%dT00:00:00", 5),
)
VISIT_SPELLINGS: Sequence[tuple[str, str, int]] = (
    ("%Y-%m-%d ", "seconds", 448),
    ("%d/%m/%Y ", "seconds", 303),
    ("%d/%m/%Y ", "minutes", 88),
    ("%d/%m/%Y", "none", 52),
    ("%d/%m/%y", "none", 41),
    ("%d /%m /%Y ", "seconds", 33),
    ("%d/%m%Y ", "minutes", 25),
    ("%Y-%m-%dT", "seconds", 5),
    ("%Y-%m-%d", "none", 5),
)
DAYS_EARLY = {0: 140, 1: 170, 2: 160, 3: 120, 4: 90, 5: 70, 6: 50, 7: 30, -1: 70, -2: 45, -3: 25, -5: 20, -9: 10}
"""Deadline minus visit, in days, with its weight: 83% are on time."""

BAD_DATES = ("31/02/2021", "2021-13-05", "hoje", "29/06/2021 25:10", "07-04-2021", "44376", "00/00/0000", "29/06")
BAD_IDS = ("x{id}", "{id}.5", "-{id}", "{id}A", "0", "9223372036854775808")
SERVICE_FAULTS = (
    "missing_column", "extra_column", "invalid_id", "empty_field", "too_long", "invalid_date",
    "unknown_customer", "duplicate_id",
)  # fmt: skip
CUSTOMER_FAULTS = (
    "missing_column", "extra_column", "invalid_id", "empty_field", "too_long", "invalid_email",
    "duplicate_id", "duplicate_email",
)  # fmt: skip


@dataclass
class Truth:
    """What a load of the file must end with; the keys of an angel or polo count attended visits and those on time."""

    first_day: date
    last_day: date
    open: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    visits: Counter[tuple[str, bool]] = field(default_factory=Counter)
    polo_of: dict[str, str] = field(default_factory=dict)

    def as_json(self, rows: int, customers: int) -> str:
        angel: dict[str, list[int]] = {}
        polo: dict[str, list[int]] = {}
        for (name, on_time), visits in self.visits.items():
            for counts, key in ((angel, name), (polo, self.polo_of[name])):
                pair = counts.setdefault(key, [0, 0])
                pair[0] += visits
                pair[1] += visits * on_time
        attended = self.visits.total()
        summary = {
            "rows": rows,
            "stored": attended + self.open,
            "attended": attended,
            "open": self.open,
            "rejected": dict(sorted(self.rejected.items())),
            "customers": customers,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "angel": angel,
            "polo": polo,
        }
        return json.dumps(summary, ensure_ascii=False, indent=1) + "\n"


class ServicesFile:
    """Rows of visits, drawn from a seed."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.rows: int = arguments.rows
        self.customers: int = arguments.customers or max(1, round(self.rows * 0.547))
        self.days: int = arguments.days
        self.start: date = arguments.start
        self.random = random.Random(arguments.seed)  # noqa: S311 (nothing here is a secret)
        self.truth = Truth(self.start, self.start + timedelta(days=self.days - 1))
        bad = round(self.rows * arguments.dirty)
        # The first row stays good, so that a repeated id always has a row to repeat.
        self.bad_rows = set(self.random.sample(range(1, self.rows), min(bad, self.rows - 1)))
        if self.customers > self.rows - len(self.bad_rows):
            raise SystemExit(f"{self.customers} customers do not fit into {self.rows - len(self.bad_rows)} good rows.")
        self._name_angels(arguments.angels, arguments.polos)
        self._spell_days()
        self.customer_ids = self.random.sample(range(1, UNKNOWN_CUSTOMERS_FROM), self.customers)
        self.seen_customers = 0
        self.good_rows_left = self.rows - len(self.bad_rows)
        self.last_good_id = 0

    def _name_angels(self, angels: int, polos: int) -> None:
        polo_names = [f"{CITIES[i % len(CITIES)]} {i:03d}" for i in range(polos)]
        for i in range(angels):
            first, last = FIRST_NAMES[i % len(FIRST_NAMES)], SURNAMES[i // len(FIRST_NAMES) % len(SURNAMES)]
            # The first angels fill every polo; the rest go where chance puts them.
            polo = polo_names[i] if i < polos else self.random.choice(polo_names)
            self.truth.polo_of[f"{first} {last} {i + 1:04d}"] = polo
        self.angels = list(self.truth.polo_of)
        self.angel_weights = list(accumulate(1 / (rank + 2) ** 0.9 for rank in range(angels)))

    def _spell_days(self) -> None:
        """Every day's text in every spelling, made once; a deadline may lie outside the range of the visits."""
        self.margin = max(abs(days) for days in DAYS_EARLY)
        around = [self.start + timedelta(days=i - self.margin) for i in range(self.days + 2 * self.margin)]
        inside = [self.start + timedelta(days=i) for i in range(self.days)]
        self.limits = [[day.strftime(spelling) for day in around] for spelling, _ in LIMIT_SPELLINGS]
        self.visit_days = [[day.strftime(spelling) for day in inside] for spelling, _, _ in VISIT_SPELLINGS]
        minutes = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(7 * 60, 22 * 60)]
        self.times = {
            "seconds": [f"{minute}:{second:02d}" for minute in minutes for second in range(60)],
            "minutes": [minute for minute in minutes for _ in range(60)],
            "none": [""] * len(minutes) * 60,
        }

    def lines(self) -> Iterator[str]:
        """The rows, without line ends, in file order."""
        first = 0
        while first < self.rows:
            size = min(BLOCK, self.rows - first)
            yield from self._block(first, size)
            first += size

    def _block(self, first: int, size: int) -> Iterator[str]:
        draw = self.random.choices
        angels = draw(range(len(self.angels)), cum_weights=self.angel_weights, k=size)
        days = draw(range(self.days), k=size)
        early = draw(list(DAYS_EARLY), list(DAYS_EARLY.values()), k=size)
        limit_spellings = draw(range(len(LIMIT_SPELLINGS)), [share for _, share in LIMIT_SPELLINGS], k=size)
        visit_spellings = draw(range(len(VISIT_SPELLINGS)), [share for *_, share in VISIT_SPELLINGS], k=size)
        seconds = draw(range(15 * 3600), k=size)
        chances = draw(range(2000), k=size)
        times = [self.times[precision] for _, precision, _ in VISIT_SPELLINGS]
        places = [f"{name};{polo}" for name, polo in self.truth.polo_of.items()]
        margin, visits = self.margin, self.truth.visits
        rows = zip(angels, days, early, limit_spellings, visit_spellings, seconds, chances, strict=True)
        for row, (angel, day, ahead, limit, spelling, second, chance) in enumerate(rows, first):
            due = self.limits[limit][day + ahead + margin]
            done = self.visit_days[spelling][day] + times[spelling][second]
            if row in self.bad_rows:
                yield self._bad_row(row, places[angel], due, done)
                continue
            customer = self._next_customer()
            if chance < 2:  # one in a thousand is not attended yet
                done = "-" if chance else ""
                self.truth.open += 1
            else:
                visits[self.angels[angel], ahead >= 0] += 1
            self.last_good_id = row + 1
            yield f"{row + 1};{customer};{places[angel]};{due};{done}"

    def _next_customer(self) -> int:
        """A new one or one seen before, such that every customer occurs by the last row."""
        new = self.random.random() * self.good_rows_left < self.customers - self.seen_customers
        self.good_rows_left -= 1
        if new or not self.seen_customers:
            self.seen_customers += 1
            return self.customer_ids[self.seen_customers - 1]
        return self._seen_customer()

    def _seen_customer(self) -> int:
        return self.customer_ids[int(self.random.random() * self.seen_customers)]

    def _bad_row(self, row: int, place: str, due: str, done: str) -> str:
        number = sum(self.truth.rejected.values())
        fault = SERVICE_FAULTS[number % len(SERVICE_FAULTS)]
        variant = number // len(SERVICE_FAULTS)
        self.truth.rejected[fault] += 1
        angel, polo = place.split(";")
        fields = [str(row + 1), str(self._seen_customer()), angel, polo, due, done]
        match fault:
            case "missing_column":
                del fields[5 - variant % 3 :]
            case "extra_column":
                fields.append("obs")
            case "invalid_id":
                fields[variant % 2] = BAD_IDS[variant % len(BAD_IDS)].format(id=fields[variant % 2])
            case "empty_field":
                fields[2 + variant % 2] = "" if variant % 4 < 2 else "  "
            case "too_long":
                fields[2 + variant % 2] += " X" * 500
            case "invalid_date":
                fields[4 + variant % 2] = BAD_DATES[variant % len(BAD_DATES)]
            case "unknown_customer":
                fields[1] = str(UNKNOWN_CUSTOMERS_FROM + row)
            case "duplicate_id":
                fields[0], fields[2] = str(self.last_good_id), f"{angel} bis"
        return ";".join(fields)


def customer_ids(services: Path, below: int) -> Iterator[int]:
    """Distinct id_cliente of a services file, by first appearance; what is no id is passed over."""
    seen: set[int] = set()
    with services.open(encoding="utf-8-sig", errors="replace") as lines:
        column = next(lines, "").replace('"', "").strip().split(";")
        place = column.index("id_cliente") if "id_cliente" in column else 1
        lines.seek(0)
        for line in lines:
            fields = line.split(";", place + 2)
            text = fields[place].strip().strip('"') if len(fields) > place else ""
            if not (text.isascii() and text.isdigit()):
                continue
            found = int(text)
            if 0 < found <= LARGEST_ID and found < below and found not in seen:
                seen.add(found)
                yield found


class CustomersFile:
    """Fictitious customers of the ids; bad rows come beside the good ones, so no visit loses its customer."""

    def __init__(self, ids: Iterable[int], seed: int, dirty: float) -> None:
        self.ids = ids
        self.dirty = dirty
        self.random = random.Random(seed)  # noqa: S311 (nothing here is a secret)
        self.rejected: Counter[str] = Counter()
        self.count = 0

    def lines(self) -> Iterator[str]:
        ids = iter(self.ids)
        while block := list(islice(ids, BLOCK)):
            first = self.random.choices(FIRST_NAMES, k=len(block))
            last = self.random.choices(SURNAMES, k=len(block))
            phones = self.random.choices(range(11_900_000_000, 99_999_999_999), k=len(block))
            for found, given, surname, phone in zip(block, first, last, phones, strict=True):
                fields = [str(found), f"{given} {surname}", f"{found}u{self.count}@mail.com", str(phone)]
                self.count += 1
                yield ";".join(fields)
                if self.dirty and self.random.random() < self.dirty:
                    yield self._bad_row(fields)

    def _bad_row(self, good: list[str]) -> str:
        """A row with one fault, right after the good row that it is made from."""
        number = self.rejected.total()
        fault = CUSTOMER_FAULTS[number % len(CUSTOMER_FAULTS)]
        variant = number // len(CUSTOMER_FAULTS)
        self.rejected[fault] += 1
        fields = [str(UNKNOWN_CUSTOMERS_FROM * 2 + number), good[1], f"bad{number}@mail.com", good[3]]
        match fault:
            case "missing_column":
                del fields[2:]
            case "extra_column":
                fields.append("obs")
            case "invalid_id":
                fields[0] = BAD_IDS[variant % len(BAD_IDS)].format(id=fields[0])
            case "empty_field":
                fields[1 + variant % 2] = ""
            case "too_long":
                fields[1] += " X" * 500
            case "invalid_email":
                fields[2] = ("sem-arroba.com", "a@", "@b.com", "a b@mail.com")[variant % 4]
            case "duplicate_id":
                fields[0] = good[0]
            case "duplicate_email":
                fields[2] = good[2]
        return ";".join(fields)

    def truth(self) -> str:
        summary = {
            "rows": self.count + self.rejected.total(),
            "stored": self.count,
            "rejected": dict(sorted(self.rejected.items())),
        }
        return json.dumps(summary, indent=1) + "\n"


def write_lines(lines: Iterator[str], output: TextIO, line_end: str) -> None:
    while block := list(islice(lines, BLOCK)):
        output.write(line_end.join(block) + line_end)


def services(arguments: argparse.Namespace) -> str:
    made = ServicesFile(arguments)
    with open_output(arguments) as output:
        if not arguments.no_header:
            output.write(HEADER + LINE_ENDS[arguments.line_end])
        write_lines(made.lines(), output, LINE_ENDS[arguments.line_end])
    return made.truth.as_json(made.rows, made.customers)


def customers(arguments: argparse.Namespace) -> str:
    made = CustomersFile(customer_ids(arguments.services, arguments.below), arguments.seed, arguments.dirty)
    with open_output(arguments) as output:
        write_lines(made.lines(), output, LINE_ENDS[arguments.line_end])
    return made.truth()


LINE_ENDS = {"lf": "\n", "crlf": "\r\n"}


def open_output(arguments: argparse.Namespace) -> TextIO:
    if arguments.output is None:
        return open(sys.stdout.fileno(), "w", encoding=arguments.encoding, newline="", closefd=False)
    path: Path = arguments.output
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding=arguments.encoding, newline="")


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 0.5:
        raise ValueError
    return number


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    commands = parser.add_subparsers(required=True)
    common = argparse.ArgumentParser(add_help=False, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    common.add_argument("--output", type=Path, help="file to write (default: standard output)")
    common.add_argument("--seed", type=int, default=7, help="another seed, another file (default: 7)")
    common.add_argument("--dirty", type=share, default=0, help="share of bad rows, 0 to 0.5 (default: 0)")
    common.add_argument("--truth", type=Path, help="JSON file for what a load must make of the file")
    common.add_argument("--encoding", default="utf-8", help="utf-8 (default), utf-8-sig or cp1252")
    common.add_argument("--line-end", choices=sorted(LINE_ENDS), default="lf")

    visits = commands.add_parser("services", parents=[common], help="visits, with a header")
    visits.set_defaults(make=services)
    visits.add_argument("--rows", type=positive, default=1_048_575, help="rows without the header (default: 1048575)")
    visits.add_argument("--customers", type=positive, help="distinct id_cliente (default: 54.7%% of the rows)")
    visits.add_argument("--angels", type=positive, default=1500)
    visits.add_argument("--polos", type=positive, default=140)
    visits.add_argument("--start", type=date.fromisoformat, default=date(2020, 7, 1), help="first day, YYYY-MM-DD")
    visits.add_argument("--days", type=positive, default=365)
    visits.add_argument("--no-header", action="store_true")

    people = commands.add_parser("customers", parents=[common], help="customers of a services file, no header")
    people.set_defaults(make=customers)
    people.add_argument("--from", dest="services", type=Path, required=True, help="the services file")
    people.add_argument(
        "--below",
        type=positive,
        default=LARGEST_ID + 1,
        help=f"leave out ids from here on; the unknown customers of --dirty start at {UNKNOWN_CUSTOMERS_FROM}",
    )
    return parser


def main(words: Sequence[str] | None = None) -> None:
    arguments = command_line().parse_args(words)
    truth = arguments.make(arguments)
    if arguments.truth:
        arguments.truth.write_text(truth, encoding="utf-8")
