"""Numbers, shares and times of a text."""

from __future__ import annotations

import pytest

from rag.text.values import Amount, Clock, amounts, find_amounts, offered, stated


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("13 days", [Amount(13, "day")], id="unit"),
        pytest.param("four million", [Amount(4_000_000, None)], id="scale"),
        pytest.param("4,000,000 tanks", [Amount(4_000_000, "tank")], id="thousands"),
        pytest.param("3.5 million", [Amount(3_500_000, None)], id="fraction of a scale"),
        pytest.param("1.000.000", [Amount(1_000_000, None)], id="German thousands"),
        pytest.param("1,5 Liter", [Amount(1.5, "liter")], id="German fraction"),
        pytest.param("twenty-five tanks", [Amount(25, "tank")], id="compound"),
        pytest.param("two hundred thousand tanks", [Amount(200_000, "tank")], id="hundred and scale"),
        pytest.param("a dozen eggs", [Amount(12, "egg")], id="dozen"),
        pytest.param("60% or 60 percent", [Amount(60, "%"), Amount(60, "percent")], id="percent"),
        pytest.param("5km", [Amount(5, "km")], id="no space"),
        pytest.param("no one else", [Amount(1, "els")], id="one is counted, to be on the safe side"),
        pytest.param("often someone tensed", [], id="number words inside words"),
    ],
)
def test_amounts_are_read_with_their_units(text: str, expected: list[Amount]) -> None:
    assert amounts(text) == expected


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        pytest.param("$5", "dollar", id="a sign"),
        pytest.param("5 pounds", "pound", id="a word"),
        pytest.param("£5", "pound", id="a pound is money or weight"),
        pytest.param("5 kilometers", "km", id="another spelling"),
        pytest.param("13-day", "day", id="a hyphen"),
        pytest.param("13 long weeks", "week", id="an adjective between"),
        pytest.param("13 of the weeks", None, id="a part of them"),
        pytest.param("5 per cent", "%", id="two words"),
        pytest.param("5 tanks", None, id="a thing"),
    ],
)
def test_measures_have_one_name_for_all_spellings(text: str, measure: str | None) -> None:
    (amount,) = amounts(text)
    assert amount.measure == measure


def test_what_is_stated_is_read_narrowly_and_what_is_offered_widely() -> None:
    assert stated("one of them, half, first").amounts == stated("one of them, half, first").shares == ()
    assert offered("one of them, half").numbers == {1.0, 0.5, 50.0}
    assert stated("a third of them, three-quarters").shares == ((0.33, 33.0), (0.75, 75.0))
    assert stated("the third of May, a third cousin").shares == ()


def test_times_are_read_on_a_dial_of_twelve_hours() -> None:
    assert stated("at 3 pm, 15:00, 3.30 p.m.").clocks == (Clock(3, 0), Clock(3, 0), Clock(3, 30))
    assert stated("um 15 Uhr, um 3.30 Uhr").clocks == (Clock(3, 0), Clock(3, 30))
    assert stated("3.5 miles, 43:48, 25:30").clocks == ()


def test_ordinals_are_apart_from_counts() -> None:
    assert stated("the third and 21st, the thirty-second").ordinals == (3, 32, 21)
    assert offered("the third and 4th").ordinals == {3, 4}
    assert offered("the third and 4th").numbers == set()


def test_amounts_are_found_where_their_numbers_stand() -> None:
    text = "They lost 1,190 tanks and two million pounds."
    assert [span.of(text) for span, _ in find_amounts(text)] == ["1,190", "two million"]
