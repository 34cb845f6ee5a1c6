"""What becomes of a row whose key was there before, one row at a time: inserted, updated, unchanged or rejected."""

import pytest

from logistics_indicators.loads.merging.resolving import Resolution, Resolve, Stored, resolve_by_id, resolve_customers

ANA, BIA, EVA = ("Ana", "ana@mail.com", None), ("Bia", "bia@mail.com", None), ("Eva", "eva@mail.com", None)
ANNA, BIA_AS_ANA = ("Anna", "ana@mail.com", None), ("Bia", "ANA@mail.com", None)
DUPLICATE_ID, DUPLICATE_EMAIL = ("id", "duplicate_id"), ("email", "duplicate_email")

BOTH = [resolve_by_id, resolve_customers]


def stored(*rows: tuple[int, tuple[str | None, ...]], touched: bool = False) -> dict[int, Stored]:
    return {row_id: Stored(values, touched) for row_id, values in rows}


def of(
    resolve: Resolve, before: dict[int, Stored], *rows: tuple[int, tuple[str | None, ...]], update: bool
) -> Resolution:
    """The outcome of the rows; their positions are 10, 11 and so on."""
    return resolve([(10 + n, *row) for n, row in enumerate(rows)], before, update=update)


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize("resolve", BOTH)
def test_a_new_row_is_inserted_and_the_next_of_its_id_is_the_same_or_loses(resolve: Resolve, update: bool) -> None:
    before = stored()
    outcome = of(resolve, before, (1, ANA), (2, BIA), (1, ANA), (1, ANNA), (1, ANA), update=update)
    assert outcome == Resolution(inserted=[10, 11], unchanged=2, rejected=[(13, *DUPLICATE_ID)])
    assert before == stored((1, ANA), (2, BIA), touched=True)


@pytest.mark.parametrize("resolve", BOTH)
def test_without_update_a_stored_row_stays(resolve: Resolve) -> None:
    before = stored((1, ANA), (2, BIA))
    outcome = of(resolve, before, (2, BIA), (1, ANNA), (1, ANA), update=False)
    assert outcome == Resolution(unchanged=2, rejected=[(11, *DUPLICATE_ID)])
    assert before == stored((1, ANA), (2, BIA))


@pytest.mark.parametrize("resolve", BOTH)
def test_with_update_the_first_row_of_an_id_counts(resolve: Resolve) -> None:
    before = stored((1, ANA), (2, BIA))
    outcome = of(resolve, before, (1, ANNA), (2, BIA), (1, ANNA), (1, ANA), (2, EVA), (2, BIA), update=True)
    assert outcome == Resolution(
        updated=[(10, ANA)],
        touched_ids=[1, 2],
        unchanged=3,
        rejected=[(13, *DUPLICATE_ID), (14, *DUPLICATE_ID)],
    )
    assert before == stored((1, ANNA), (2, BIA), touched=True)


@pytest.mark.parametrize("resolve", BOTH)
def test_what_an_earlier_chunk_dealt_with_is_not_dealt_with_again(resolve: Resolve) -> None:
    before = stored((1, ANA), touched=True)
    outcome = of(resolve, before, (1, ANNA), (1, ANA), update=True)
    assert outcome == Resolution(unchanged=1, rejected=[(10, *DUPLICATE_ID)])


@pytest.mark.parametrize("update", [False, True])
def test_an_address_is_of_one_customer_whatever_its_case(update: bool) -> None:
    before = stored((1, ANA))
    outcome = of(resolve_customers, before, (2, BIA_AS_ANA), (3, EVA), (4, EVA), (2, BIA), update=update)
    assert outcome == Resolution(inserted=[11, 13], rejected=[(10, *DUPLICATE_EMAIL), (12, *DUPLICATE_EMAIL)])
    assert set(before) == {1, 2, 3}


def test_an_address_goes_from_one_customer_to_another() -> None:
    before = stored((1, ANA), (2, BIA))
    taken = of(resolve_customers, before, (2, BIA_AS_ANA), (1, EVA), (2, BIA_AS_ANA), (3, BIA), update=True)
    assert taken == Resolution(
        updated=[(11, ANA), (12, BIA)],
        touched_ids=[1, 2],
        inserted=[13],
        rejected=[(10, *DUPLICATE_EMAIL)],
    )
    assert before == stored((1, EVA), (2, BIA_AS_ANA), (3, BIA), touched=True)


def test_a_customer_changes_the_case_of_the_own_address_and_all_else() -> None:
    before = stored((1, ANA), (2, BIA))
    other_case = ("Anna", "ANA@mail.com", "1")
    outcome = of(resolve_customers, before, (1, other_case), (3, ANNA), update=True)
    assert outcome == Resolution(updated=[(10, ANA)], touched_ids=[1], rejected=[(11, *DUPLICATE_EMAIL)])


def test_customers_who_shared_an_address_before_case_meant_nothing_keep_it_until_they_change_it() -> None:
    """Each may change the rest of its row; who leaves the address does not give it away, for the other still has it."""
    before = stored((1, ANA), (2, BIA_AS_ANA))
    kept = ("Beatriz", "ANA@mail.com", None)
    outcome = of(resolve_customers, before, (2, kept), (1, EVA), (3, ANNA), update=True)
    assert outcome == Resolution(
        updated=[(10, BIA_AS_ANA), (11, ANA)], touched_ids=[2, 1], rejected=[(12, *DUPLICATE_EMAIL)]
    )
