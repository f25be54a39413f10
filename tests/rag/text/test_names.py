"""What in a text is a name, and which names of a statement a text does not hold."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text import terms
from rag.text.names import find_whole_names, missing_names, named_in, names

WORDS = (
    *"Bob Warren Aleppo Canada Canadian Swedish FBI U.S. NATO O’Neill Anne-Marie Łódź Éric Москва Monday March".split(),
    *"the of and was left in who said 12 1,190 is. it! “so” (he) …".split(),
)
PROSE = st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), max_size=14).map(" ".join)


def missing(statement: str, *cited: str) -> list[str]:
    stems = frozenset(stem for text in cited for stem in terms.stems(text))
    return missing_names(statement, cited, stems)


def test_names_are_words_with_a_capital_inside_a_sentence() -> None:
    assert names("Yesterday Bob met Anne-Marie O’Neill. He saw NATO.") == {"bob", "anne", "marie", "neill", "nato"}
    assert names("Bob left. “Then he returned,” it says.") == set()


def test_whole_names_are_words_with_a_capital_in_a_row() -> None:
    text = "Then Bob Warren of West Aleppo met “Anna”, Éric and NATO. Nobody else came."
    assert [span.of(text) for span in find_whole_names(text)] == ["Bob Warren", "West Aleppo", "Éric", "NATO"]


def test_a_question_names_by_every_capital_but_its_first() -> None:
    assert named_in("Who flew the F16 to Aleppo with Mr X?") == ["F16", "Aleppo", "Mr", "X"]


@pytest.mark.parametrize(
    ("statement", "cited", "expected"),
    [
        pytest.param("It was Bob Warren.", "It was Bob.", ["Warren"], id="one word of two"),
        pytest.param("It fell to Aleppo.", "aleppo fell.", [], id="in small letters"),
        pytest.param("He met Éric there.", "He met Eric.", [], id="without its accent"),
        pytest.param("It is Canadian.", "It is in Canada.", [], id="a people for its country"),
        pytest.param("It is in Sweden.", "A Swedish town.", [], id="a country for its people"),
        pytest.param("It is in Austria.", "It is in Australia.", ["Austria"], id="another country"),
        pytest.param("It won the Olympics.", "An Olympic sport.", [], id="one for many"),
        pytest.param(
            "They told the FBI.", "The Federal Bureau of Investigation knew.", [], id="initials for the whole"
        ),
        pytest.param(
            "He is of the Federal Bureau of Investigation.", "He is of the FBI.", [], id="the whole for its initials"
        ),
        pytest.param("It left the United States.", "U.S. forces left.", [], id="a country’s initials"),
        pytest.param("A Colonel Warren spoke.", "Col. Warren spoke.", [], id="a rank cut short"),
        pytest.param("On Tuesday it fell.", "On Tue. it fell.", [], id="a weekday cut short"),
        pytest.param("It fell in October.", "It fell.", [], id="a month is a value and no name"),
        pytest.param("Warren was there.", "Somebody was there.", ["Warren"], id="a first word in front of a verb"),
        pytest.param("Bob Warren left.", "Somebody left.", ["Bob", "Warren"], id="a first word in front of a name"),
        pytest.param("Bob, who left, won.", "Somebody who left won.", ["Bob"], id="a first word in front of who"),
        pytest.param("Construction was slow.", "Building took long.", [], id="a first word that is none"),
        pytest.param("Prices rose.", "It cost more.", [], id="many of a thing"),
        pytest.param("In Aleppo, Anna fell. Anna rose.", "", ["Aleppo", "Anna"], id="each once"),
    ],
)
def test_names_that_no_cited_text_holds_are_missing(statement: str, cited: str, expected: list[str]) -> None:
    assert sorted(missing(statement, cited)) == sorted(expected)


def test_the_cited_texts_hold_a_name_together() -> None:
    assert missing("There was Bob Warren of Aleppo.", "Bob left.", "One Warren came.") == ["Aleppo"]


@given(PROSE)
def test_a_text_holds_every_name_of_its_own(text: str) -> None:
    assert missing(text, text) == []


@given(PROSE, PROSE, PROSE)
def test_what_is_cited_besides_takes_no_name_away(statement: str, one: str, other: str) -> None:
    assert set(missing(statement, one, other)) <= set(missing(statement, one))


@given(PROSE, PROSE)
def test_a_missing_name_is_spelled_as_the_statement_spells_it(statement: str, cited: str) -> None:
    for name in missing(statement, cited):
        assert name in statement
        assert not set(terms.words(name)) <= set(terms.words(cited))


@given(PROSE)
def test_whole_names_are_slices_in_order_that_begin_with_a_capital_and_never_with_the_text(text: str) -> None:
    found = list(find_whole_names(text))
    assert all(span.of(text)[0].isupper() and span.start > 0 for span in found)
    assert all(before.end <= after.start for before, after in pairwise(found))


@given(PROSE)
def test_the_words_of_whole_names_are_the_names(text: str) -> None:
    whole = {word for span in find_whole_names(text) for word in terms.words(span.of(text)) if len(word) > 1}
    assert names(text) == whole
