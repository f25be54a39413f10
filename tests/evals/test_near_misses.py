"""Claims with one thing made wrong."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from evals.near_misses import (
    add_negation,
    borrow_number,
    glue,
    remove_negation,
    swap_day,
    swap_first_name,
    swap_month,
    swap_name,
    swap_number,
    swap_opposite,
    swap_unit,
    swap_year,
)

CITED = "On 18 October 2015 the convoy of Warren reached Aleppo with 13 trucks after four days."
CLAIM = "Warren led 13 trucks to Aleppo in four days, on 18 October 2015."


@pytest.mark.parametrize(
    ("swap", "kept"),
    [
        pytest.param(swap_number, "Warren led * trucks to Aleppo in * days, on 18 October 2015.", id="number"),
        pytest.param(swap_year, "Warren led 13 trucks to Aleppo in four days, on 18 October *.", id="year"),
        pytest.param(swap_month, "Warren led 13 trucks to Aleppo in four days, on 18 * 2015.", id="month"),
        pytest.param(swap_day, "Warren led 13 trucks to Aleppo in four days, on * October 2015.", id="day"),
        pytest.param(swap_unit, "Warren led 13 trucks to Aleppo in four *, on 18 October 2015.", id="unit"),
    ],
)
def test_one_value_is_exchanged_for_another_of_its_kind_that_stands_nowhere(swap: Any, kept: str) -> None:
    for seed in range(20):
        missed = swap(CLAIM, CITED, Random(seed))
        changed = [(new, old) for new, old in zip(missed.split(), CLAIM.split(), strict=True) if new != old]
        assert len(changed) == 1
        assert changed[0][0].strip(".,") not in CITED.rstrip(".").split()
        assert kept.split()[missed.split().index(changed[0][0])].strip(".,") == "*"


def test_what_holds_nothing_of_the_kind_is_left_out() -> None:
    for swap in (swap_number, swap_year, swap_month, swap_day, swap_unit, remove_negation):
        assert swap("The convoy went on and on.", "", Random(0)) is None
    assert swap_number("In May 2015 the 18 October was past.", "", Random(0)) is None


def test_a_value_that_the_cited_text_spells_otherwise_is_not_taken() -> None:
    cited = "One, two, three, four, five, six, seven, eight, nine, ten and twelve of them; the years 1616–17."
    assert swap_number("They were eleven.", cited, Random(0)) is None
    assert swap_year("It was 1616.", cited + " 1615, 1618, 1614, 1606 or 1626.", Random(0)) is None


def test_names_come_from_other_claims() -> None:
    assert (
        swap_name("The convoy met Warren there.", "Warren spoke.", Random(0), ["Miller"])
        == "The convoy met Miller there."
    )
    assert swap_name("The convoy met Warren there.", "Miller spoke.", Random(0), ["Miller"]) is None
    assert swap_first_name("Warren left.", "There Warren spoke.", Random(0), ["Miller"]) == "Miller left."
    assert swap_first_name("Trucks left.", "There Trucks and trucks left.", Random(0), ["Miller"]) is None


def test_denials_are_put_in_and_taken_out() -> None:
    assert add_negation("The road was opened.", "", Random(0)) == "The road was not opened."
    assert remove_negation("The road was not opened.", "", Random(0)) == "The road was opened."
    assert remove_negation("The road wasn’t opened.", "", Random(0)) == "The road was opened."


def test_a_word_is_made_the_opposite_of_what_the_text_says() -> None:
    assert swap_opposite("East of the town it fell.", "It lies east.", Random(0)) == "West of the town it fell."
    assert swap_opposite("It lies east of it.", "It is far away, or east or west.", Random(0)) is None


def test_halves_and_numbers_come_from_elsewhere() -> None:
    assert glue("a b c d", "", Random(0), ["a b c d", "w x y z"]) == "a b y z"
    assert borrow_number("13 trucks left.", "13 trucks and 60 men.", Random(0)) == "60 trucks left."
    assert borrow_number("13 trucks left.", "13 trucks.", Random(0)) is None
