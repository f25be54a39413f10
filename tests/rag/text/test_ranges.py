"""Ranges of measures, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.ranges import ranges_of
from rag.text.values import amounts


def holds(text: str, amount: str) -> bool:
    (asked,) = amounts(amount)
    return any(one.holds(asked) for one in ranges_of(text))


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("Spay under 20 kg", "19 kg", "20 kg"),
        ("Spay 20 kg and over", "20 kg", "19.5 kg"),
        ("A parcel of more than 20 kg", "21 kilos", "20 kg"),
        ("A parcel of up to 20 kg", "20 kg", "21 kg"),
        ("5 to 20 kg", "5 kg", "4 kg"),
        ("5–20 kg", "12 kg", "21 kg"),
        ("between 5 kg and 20 kg", "20 kg", "21 kg"),
        ("Children under 6 years", "5 years", "6 years"),
        ("at least 3 days", "3 days", "2 days"),
        ("2 GB or more", "3 GB", "1 GB"),
        ("Hunde unter 20 kg", "12 kg", "20 kg"),
        ("ab 20 kg", "20 kg", "19 kg"),
        ("moins de 20 kg", "12 kg", "20 kg"),
        ("más de 20 kg", "21 kg", "20 kg"),
    ],
)
def test_an_amount_is_inside_or_outside(text: str, inside: str, outside: str) -> None:
    assert holds(text, inside)
    assert not holds(text, outside)


@pytest.mark.parametrize(
    "text", ["20 kg", "over 20 minutes", "up to 3 animals", "from Monday to Friday", "room 5 to 20", ""]
)
def test_what_names_no_range_of_a_weight_holds_none(text: str) -> None:
    assert not holds(text, "21 kg")
    assert not holds(text, "20 kg")


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    for one in ranges_of(text):
        assert one.measure


@given(low=st.integers(1, 500), more=st.integers(1, 500), asked=st.integers(1, 1_200))
def test_brackets_side_by_side_hold_an_amount_once(low: int, more: int, asked: int) -> None:
    high = low + more
    rows = [f"under {low} kg", f"{low} kg to {high} kg", f"over {high} kg"]
    assert sum(holds(row, f"{asked} kg") for row in rows) == 1
