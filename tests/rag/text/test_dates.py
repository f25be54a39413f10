"""The dates that a text tells."""

from __future__ import annotations

import pytest

from rag.text.dates import WHEN, Day, find_dates, find_whole_dates, find_years, relative_years


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("on Oct. 18", [Day(None, 10, 18)], id="month first"),
        pytest.param("the 18th of October, 2015", [Day(2015, 10, 18)], id="day first"),
        pytest.param("October 18, 2015", [Day(2015, 10, 18)], id="with a year"),
        pytest.param("am 18. Oktober 2015", [Day(2015, 10, 18)], id="German"),
        pytest.param("18 octobre 2015, 18 de octubre de 2015", [Day(2015, 10, 18)] * 2, id="French and Spanish"),
        pytest.param("2015-10-18", [Day(2015, 10, 18)], id="ISO"),
        pytest.param("3/4/2015", [Day(2015, 3, 4), Day(2015, 4, 3)], id="day and month cannot be told apart"),
        pytest.param("3.4.2015", [Day(2015, 4, 3)], id="full stops: the day first"),
        pytest.param("10.18.2015", [Day(2015, 10, 18)], id="full stops: the day, if it can be one"),
        pytest.param("5 may 2015", [Day(2015, 5, 5)], id="may with a day and a year, in small letters too"),
        pytest.param("Sept 16, 17 and 19", [Day(None, 9, 16), Day(None, 9, 17), Day(None, 9, 19)], id="a list"),
        pytest.param("18–20 May", [Day(None, 5, 18), Day(None, 5, 20)], id="a range"),
        pytest.param("May 5, 17 people", [Day(None, 5, 5)], id="a count behind a date"),
        pytest.param("15 Feb 19", [Day(19, 2, 15)], id="a year of two digits"),
        pytest.param("March 2015", [Day(2015, 3)], id="no day"),
        pytest.param("in May, you may, 5 may be", [Day(None, 5)], id="may is no month in small letters"),
        pytest.param("2018–19", [Day(2018), Day(2019)], id="a season"),
        pytest.param("2018-2020", [Day(2018), Day(2020)], id="years"),
        pytest.param("’04", [Day(4)], id="an apostrophe for the century"),
        pytest.param("1,990, $1990, 1990.5, 1990%, no. 31990", [], id="numbers that are no years"),
    ],
)  # fmt: skip
def test_dates_are_read_as_people_write_them(text: str, expected: list[Day]) -> None:
    assert [day for dated in find_dates(text) for day in dated.readings] == expected


def test_decades_are_no_years() -> None:
    assert [dated.decade for dated in find_dates("the 1980s and the 2000’s")] == [1980, 2000]
    assert [dated.readings for dated in find_dates("the 1980s")] == [()]


def test_dates_agree_where_what_both_tell_is_the_same() -> None:
    assert Day(2015, 10).agrees(Day(None, 10, 18))
    assert Day(15, 10).agrees(Day(2015))
    assert not Day(2015, 10).agrees(Day(2014, 10, 18))
    assert not Day(None, 10, 18).agrees(Day(None, 10, 19))


def test_years_are_told_from_the_year_of_the_document() -> None:
    assert list(relative_years("Last year it fell, next summer it rises; last week it rained.", 2018)) == [2017, 2019]


def test_whole_dates_are_days_of_the_calendar_in_their_order() -> None:
    text = "On 18 October 2015, on 2015-10-19, on 3/4/2015; not on Oct. 20, in 2015, on February 30, 2015 or 1/2/15."
    assert [one.span.of(text) for one in find_whole_dates(text)] == ["18 October 2015", "2015-10-19", "3/4/2015"]


def test_years_are_found_inside_dates_too() -> None:
    text = "In 2015, on 18 October 2016, 1,990 people paid $1990."
    assert [span.of(text) for span in find_years(text)] == ["2015", "2016"]


@pytest.mark.parametrize(
    "text", ["on Oct. 18", "im Oktober", "le lundi", "in 476", "two years ago", "the 19th century"]
)
def test_whatever_tells_a_time_may_answer_when(text: str) -> None:
    assert WHEN.search(text)


@pytest.mark.parametrize("text", ["at home", "1 of 12", "a marching band"])
def test_other_things_do_not_answer_when(text: str) -> None:
    assert not WHEN.search(text)


@pytest.mark.parametrize(
    "text", ["from the fourth day on", "within 14 days", "two weeks before the end", "every three months", "at noon"]
)
def test_a_day_counted_from_something_answers_when(text: str) -> None:
    assert WHEN.search(text)


def test_an_amount_alone_does_not_answer_when() -> None:
    assert not WHEN.search("He paid 3 pounds for 2 eggs.")
