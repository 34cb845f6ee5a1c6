"""The data generator: what it promises of its files holds when they are read row by row."""

import csv
import io
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

GENERATOR = Path(__file__).parents[1] / "scripts" / "generate_data.py"
SHAPES_OF_THE_SAMPLES = {
    "data_limite": {"99/99/9999", "9999-99-99", "9999-99-99 99:99:99", "99/99/99"},
    "data_de_atendimento": {
        "9999-99-99 99:99:99", "99/99/9999 99:99:99", "99/99/9999 99:99", "99/99/9999", "99/99/99",
        "99 /99 /9999 99:99:99", "99/999999 99:99", "-", "",
    },
}  # fmt: skip


def generate(*arguments: object) -> bytes:
    command = [sys.executable, str(GENERATOR), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode()), delimiter=";"))


def day_of(text: str) -> datetime:
    text = re.sub(r"(\d\d)/(\d\d)(\d{4})", r"\1/\2/\3", text.replace(" /", "/"))
    day = re.split("[ T]", text)[0]
    for spelling in ("%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d"):
        try:
            return datetime.strptime(day, spelling)
        except ValueError:
            continue
    raise AssertionError(text)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first = generate("services", "--rows", 500, "--seed", 3)
    assert generate("services", "--rows", 500, "--seed", 3) == first
    assert generate("services", "--rows", 500, "--seed", 4) != first


def test_a_block_border_does_not_show() -> None:
    assert [int(row["id_atendimento"]) for row in rows_of(generate("services", "--rows", 45_000))] == [
        *range(1, 45_001)
    ]


@pytest.mark.parametrize(("rows", "customers"), [(1000, 547), (1000, 1000), (1000, 1), (1, 1)])
def test_exactly_the_asked_number_of_customers_occurs(rows: int, customers: int) -> None:
    visits = rows_of(generate("services", "--rows", rows, "--customers", customers))
    assert len({row["id_cliente"] for row in visits}) == customers
    assert len(visits) == rows


def test_more_customers_than_rows_are_refused_with_a_sentence() -> None:
    command = [sys.executable, str(GENERATOR), "services", "--rows", "10", "--customers", "11"]
    completed = subprocess.run(command, capture_output=True, text=True)
    assert completed.returncode != 0
    assert completed.stderr.strip() == "11 customers do not fit into 10 good rows."


def test_dates_have_the_spellings_of_the_samples() -> None:
    visits = rows_of(generate("services", "--rows", 20_000))
    for column, shapes in SHAPES_OF_THE_SAMPLES.items():
        assert shapes <= {re.sub(r"\d", "9", row[column]) for row in visits}


def test_the_truth_is_what_a_count_of_the_rows_gives(tmp_path: Path) -> None:
    truth_file = tmp_path / "truth.json"
    visits = rows_of(generate("services", "--rows", 5000, "--angels", 40, "--polos", 7, "--truth", truth_file))
    truth = json.loads(truth_file.read_text())
    counts: dict[str, Counter[str]] = {key: Counter() for key in ("angel", "polo", "angel on time", "polo on time")}
    for row in visits:
        if row["data_de_atendimento"] in ("-", ""):
            counts["angel"]["nobody: open"] += 1
            continue
        for key in ("angel", "polo"):
            counts[key][row[key]] += 1
            counts[f"{key} on time"][row[key]] += day_of(row["data_de_atendimento"]) <= day_of(row["data_limite"])
    assert truth["open"] == counts["angel"].pop("nobody: open")
    for key in ("angel", "polo"):
        assert truth[key] == {name: [n, counts[f"{key} on time"][name]] for name, n in counts[key].items()}
    assert len(truth["polo"]) == 7
    assert truth["stored"] == truth["attended"] + truth["open"] == 5000


def test_every_angel_belongs_to_one_polo() -> None:
    pairs = {(row["angel"], row["polo"]) for row in rows_of(generate("services", "--rows", 5000, "--angels", 50))}
    assert len(pairs) == len({angel for angel, _ in pairs}) == 50


def test_dirty_rows_are_counted_and_the_others_are_good(tmp_path: Path) -> None:
    truth_file = tmp_path / "truth.json"
    data = generate("services", "--rows", 4000, "--dirty", 0.02, "--truth", truth_file)
    truth = json.loads(truth_file.read_text())
    assert sum(truth["rejected"].values()) == 80
    assert truth["stored"] == 3920
    assert set(truth["rejected"].values()) == {10}
    widths = Counter(len(line.split(";")) for line in data.decode().splitlines()[1:])
    assert widths[7] == truth["rejected"]["extra_column"]
    assert widths[3] + widths[4] + widths[5] == truth["rejected"]["missing_column"]


def test_customers_are_those_of_the_services_file_less_the_unknown(tmp_path: Path) -> None:
    services, truth_file = tmp_path / "services.csv", tmp_path / "truth.json"
    generate("services", "--rows", 3000, "--customers", 900, "--dirty", 0.05, "--output", services)
    people = generate("customers", "--from", services, "--below", 1_000_000_000, "--truth", truth_file).decode()
    rows = [line.split(";") for line in people.splitlines()]
    assert len({row[0] for row in rows}) == len({row[2] for row in rows}) == len(rows) == 900
    assert all(len(row) == 4 and re.fullmatch(r"\d{11}", row[3]) for row in rows)
    assert json.loads(truth_file.read_text()) == {"rows": 900, "stored": 900, "rejected": {}}


def test_dirty_customers_cost_no_good_one(tmp_path: Path) -> None:
    services, truth_file = tmp_path / "services.csv", tmp_path / "truth.json"
    generate("services", "--rows", 3000, "--customers", 900, "--output", services)
    people = generate("customers", "--from", services, "--dirty", 0.1, "--truth", truth_file).decode()
    truth = json.loads(truth_file.read_text())
    assert truth["stored"] == 900
    assert len(truth["rejected"]) == 8
    assert len(people.splitlines()) == truth["rows"] == 900 + sum(truth["rejected"].values())


def test_encodings_and_line_ends_can_be_chosen() -> None:
    data = generate("services", "--rows", 50, "--encoding", "cp1252", "--line-end", "crlf", "--no-header")
    assert data.count(b"\r\n") == 50
    assert "ã" in data.decode("cp1252") or "É" in data.decode("cp1252")
    with pytest.raises(UnicodeDecodeError):
        data.decode()
    assert generate("services", "--rows", 5, "--encoding", "utf-8-sig").startswith(b"\xef\xbb\xbfid_atendimento")
