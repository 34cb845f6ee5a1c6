from datetime import date, datetime, time

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logistics_indicators.loads.parsing import dates
from logistics_indicators.loads.parsing.dates import (
    LONGEST_REMEMBERED,
    MOST_REMEMBERED,
    PARSED,
    Day,
    Moment,
    Remembered,
    moments_of,
    parse_column,
    parse_moment,
    parse_repeated,
)

SPELLINGS = [
    ("29/06/2021 10:15:27", date(2021, 6, 29), time(10, 15, 27), "DD/MM/YYYY HH:MM:SS"),
    ("29/06/2021 10:15", date(2021, 6, 29), time(10, 15), "DD/MM/YYYY HH:MM"),
    ("30/06/2021", date(2021, 6, 30), None, "DD/MM/YYYY"),
    ("30/062021 09:28", date(2021, 6, 30), time(9, 28), "DD/MMYYYY HH:MM"),
    ("27/06/21", date(2021, 6, 27), None, "DD/MM/YY"),
    ("28 /06 /2021 10:57:27", date(2021, 6, 28), time(10, 57, 27), "DD /MM /YYYY HH:MM:SS"),
    ("2021-06-26 10:31:14", date(2021, 6, 26), time(10, 31, 14), "YYYY-MM-DD HH:MM:SS"),
    ("2021-06-26T10:31:14", date(2021, 6, 26), time(10, 31, 14), "YYYY-MM-DDTHH:MM:SS"),
    ("2021-06-26", date(2021, 6, 26), None, "YYYY-MM-DD"),
    ("29/02/2020", date(2020, 2, 29), None, "DD/MM/YYYY"),
    ("9/6/2021", date(2021, 6, 9), None, "D/M/YYYY"),
    ("9/6/2021 3:15", date(2021, 6, 9), time(3, 15), "D/M/YYYY H:MM"),
    ("9/6/2021 13:15:08", date(2021, 6, 9), time(13, 15, 8), "D/M/YYYY HH:MM:SS"),
    ("09/6/21", date(2021, 6, 9), None, "D/M/YY"),
    ("9/12/2021", date(2021, 12, 9), None, "D/M/YYYY"),
    ("19/12/2021 3:15", date(2021, 12, 19), time(3, 15), "DD/MM/YYYY H:MM"),
    ("9 / 6 / 2021  3:15", date(2021, 6, 9), time(3, 15), "D /M /YYYY H:MM"),
    ("9/062021 3:15", date(2021, 6, 9), time(3, 15), "D/MYYYY H:MM"),
    ("2021-6-9 3:15:27", date(2021, 6, 9), time(3, 15, 27), "YYYY-M-D H:MM:SS"),
    ("2021-6-9T3:15", date(2021, 6, 9), time(3, 15), "YYYY-M-DTH:MM"),
    ("2021-06-26 10:31:14.5", date(2021, 6, 26), time(10, 31, 14), "YYYY-MM-DD HH:MM:SS.f"),
    ("2021-06-26T10:31:14.999999999", date(2021, 6, 26), time(10, 31, 14), "YYYY-MM-DDTHH:MM:SS.f"),
    ("29/06/2021 3:15:27,250", date(2021, 6, 29), time(3, 15, 27), "DD/MM/YYYY H:MM:SS.f"),
    ("28 /06/2021", date(2021, 6, 28), None, "DD /MM /YYYY"),
    ("28/ 06/2021", date(2021, 6, 28), None, "DD /MM /YYYY"),
    ("28/06 /2021", date(2021, 6, 28), None, "DD /MM /YYYY"),
    ("28/06/ 2021", date(2021, 6, 28), None, "DD /MM /YYYY"),
    ("01/01/1900 00:00:00", date(1900, 1, 1), time(0, 0), "DD/MM/YYYY HH:MM:SS"),
    ("2199-12-31 23:59:59", date(2199, 12, 31), time(23, 59, 59), "YYYY-MM-DD HH:MM:SS"),
]


@pytest.mark.parametrize(("text", "day", "at", "spelling"), SPELLINGS)
def test_every_spelling_of_the_contract_is_read(text: str, day: date, at: time | None, spelling: str) -> None:
    moment = parse_moment(text)
    assert moment is not None
    assert (moment.day, moment.at, moment.spelling) == (day, at, spelling)


NO_SPELLINGS = [
    *(
        "29/02/2021",
        "31/04/2021",
        "06/29/2021",
        "6/29/2021",
        "30/62021",
        "9/6/1",
        "9//2021",
        "2021/06/26",
        "29-06-2021",
        "30/0621",
        "30 / 062021x",
    ),
    *("29/06/2021 24:00:00", "29/06/2021 10:60", "29/06/2021 10", "29/06/2021T10:15", "29/06/202110:15", "", "-"),
    *("2021-06-26 10:31:14.", "2021-06-26 10:31.5", "2021-06-26 10:31:14.1234567890", "2021-06-26 10:31:14.5Z"),
    *(
        "29/06/2021 3:5",
        "29/06/2021 003:15",
        "2021-06-26 10:31:14Z",
        "00/06/2021",
        "٢٩/06/2021",
        "29/06/2021 ١٠:15",
    ),
    *("0000-01-01", "0206-06-26", "1899-12-31", "2200-01-01", "2921-06-26"),
    *("29/06/2021 10:15 11:20", "2021-06-26T10:15 11:20"),
    *("29/06/2021\t10:15", "29/06/2021\u00a010:15", "2021-06-26\t10:31:14"),
]


@pytest.mark.parametrize("text", NO_SPELLINGS)
def test_nothing_else_is_guessed(text: str) -> None:
    assert parse_moment(text) is None


def test_a_pair_that_could_be_swapped_is_ambiguous() -> None:
    texts = ("03/04/2021", "12/04/2021", "04/04/2021", "13/04/2021", "2021-04-03")
    found = [parse_moment(text) for text in texts]
    assert [moment is not None and moment.ambiguous for moment in found] == [True, True, False, False, False]


NEAR_TIME = r"([0-2]?[0-9]:[0-6][0-9](:[0-6][0-9]([.,][0-9]{1,3})?)?)?"
NEAR_DATES = st.from_regex(rf"[0-3]?[0-9] ?/ ?[01]?[0-9] ?/? ?(20|19|1)?[0-9]{{2}}[ T]{{0,2}}{NEAR_TIME}")
NEAR_ISO = st.from_regex(rf"(20|19)[0-9]{{2}} ?- ?[01]?[0-9] ?-[0-3]?[0-9][ T]{{0,3}}{NEAR_TIME}")


@settings(deadline=None)
@example([*(text for text, *_ in SPELLINGS), *NO_SPELLINGS])
@given(st.lists(st.one_of(NEAR_DATES, NEAR_ISO, st.text(max_size=20)).map(str.strip), max_size=30))
def test_a_column_is_read_as_its_texts_one_by_one(texts: list[str]) -> None:
    frame = parse_column(pl.Series(texts, dtype=pl.String))
    for text, row in zip(texts, frame.iter_rows(named=True), strict=True):
        moment = parse_moment(text)
        if moment is None:
            assert row == {"day": None, "seconds": None, "spelling": None, "ambiguous": None}, text
            continue
        seconds = None if moment.at is None else moment.at.hour * 3600 + moment.at.minute * 60 + moment.at.second
        expected = {"day": moment.day, "seconds": seconds, "spelling": moment.spelling, "ambiguous": moment.ambiguous}
        assert row == expected, text


@settings(deadline=None)
@given(st.lists(st.one_of(NEAR_DATES, NEAR_ISO, st.none()), min_size=1, max_size=20))
def test_a_column_of_texts_that_come_again_is_read_as_any_other(texts: list[str | None]) -> None:
    column = pl.Series(texts * 3, dtype=pl.String)
    assert parse_repeated(column).equals(parse_column(column))


def test_a_column_of_the_contracts_spellings_is_read_without_the_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(dates, "parse_moment", asked.append)
    frame = parse_column(pl.Series([text for text, *_ in SPELLINGS]))
    assert not asked
    assert frame.select("day", "spelling").rows() == [(day, spelling) for _, day, _, spelling in SPELLINGS]


def test_a_spelling_that_only_the_grammar_knows_is_read_in_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "noon": Moment(date(2021, 6, 29), time(12, 1, 2), "noon", True),
        "day": Moment(date(2021, 6, 30), None, "day", False),
    }
    monkeypatch.setattr(dates, "parse_moment", known.get)
    frame = parse_column(pl.Series(["day", "x", "2021-06-26", "noon", None, "day"]))
    assert frame.schema == dict(PARSED)
    day, nothing = (date(2021, 6, 30), None, "day", False), (None,) * 4
    iso = (date(2021, 6, 26), None, "YYYY-MM-DD", False)
    assert frame.rows() == [day, nothing, iso, (date(2021, 6, 29), 43262, "noon", True), nothing, day]


def test_a_date_without_a_time_is_its_midnight_and_a_day_keeps_no_time() -> None:
    frame = parse_column(pl.Series(["29/06/2021 10:15:27", "30/06/2021", "x", None]))
    moments, days = (moments_of(frame, "seen", dtype) for dtype in (pl.Datetime("us"), pl.Date))
    assert moments.name == days.name == "seen"
    assert [moments.dtype, days.dtype] == [pl.Datetime("us"), pl.Date]
    assert moments.to_list() == [datetime(2021, 6, 29, 10, 15, 27), datetime(2021, 6, 30), None, None]
    assert days.to_list() == [date(2021, 6, 29), date(2021, 6, 30), None, None]


def test_long_texts_and_more_than_a_bound_are_read_anew_and_not_remembered() -> None:
    asked: list[str] = []

    def read(texts: list[str]) -> pl.DataFrame:
        asked.extend(texts)
        return pl.DataFrame({"text": texts}, schema={"text": pl.String})

    table = Remembered("text", read)
    long = "x" * (LONGEST_REMEMBERED + 1)
    for _ in range(2):
        assert {long, "short"} <= set(table.of(pl.Series([long, "short", None]))["text"])
    assert asked == [long, "short", long]
    many = [str(number) for number in range(MOST_REMEMBERED)]
    for _ in range(2):
        assert table.of(pl.Series(many)).height == MOST_REMEMBERED + 1
    assert len(asked) == 3 + 2 * MOST_REMEMBERED
    assert table.of(pl.Series(["short"])).height == 1


@pytest.mark.parametrize("between", [" T", "T ", "  T", " T ", "TT", "t"])
def test_a_t_stands_alone_between_a_date_and_its_time(between: str) -> None:
    assert parse_moment(f"2021-06-26{between}10:31:14") is None


def test_a_column_of_a_spelling_with_letters_beyond_ascii_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    march = {"30/março/2021": Day(date(2021, 3, 30), "DD/mês/YYYY", ambiguous=False)}
    monkeypatch.setattr(dates, "parse_day", march.get)
    monkeypatch.setattr(dates, "_days_of", Remembered("d", dates._day_rows).of)
    one_by_one: list[str] = []
    monkeypatch.setattr(dates, "parse_moment", one_by_one.append)
    times = ["", " 10:15", "  10:15:27", " 3:15:27.5", " 10:15:ç7", "ç 10:15"]
    frame = parse_column(pl.Series([f"30/março/2021{time}" for time in times]))
    assert frame["seconds"].to_list() == [None, 36900, 36927, 11727, None, None]
    assert frame["day"].to_list() == 4 * [date(2021, 3, 30)] + [None, None]
    assert sorted(one_by_one) == ["30/março/2021 10:15:ç7", "30/março/2021ç 10:15"]
