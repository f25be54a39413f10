"""Where sentences begin and end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import split_sentences

PIECES = ["Oct.", "U.S.", "J.", "Col.", "He", "left", "18.", "Oktober", "z.", "B.", "…", "?!", "”", "“", "(", ")", "。",
          "।", "\n", "\r\n", "\u2028", "\x00", "\xa0", "\u200b", " ", "3.5", "a.m.", "。」", "No.", "."]  # fmt: skip

Within = Callable[[float], AbstractContextManager[None]]


def sentences(text: str) -> list[str]:
    return [span.of(text) for span in split_sentences(text)]


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(["On Oct. 18, it began.", "It ended."], id="a month before its day"),
        pytest.param(["The U.S. forces left.", "They won."], id="initials before a noun"),
        pytest.param(["He left the U.S.", "The army stayed."], id="initials before a beginning"),
        pytest.param(["Army Col. Steve Warren spoke.", "He left."], id="a rank"),
        pytest.param(["J. R. Smith wrote it.", "Nobody read it."], id="a person's initials"),
        pytest.param(["Mr. and Mrs. Smith vs. the State.", "It won."], id="titles and versus"),
        pytest.param(["“We won.”", "She left."], id="the closing quote belongs to the sentence"),
        pytest.param(["He said “stop.” and left."], id="a quoted stop before a small letter"),
        pytest.param(["(It ended.)", "Then rain."], id="a closing bracket"),
        pytest.param(["What?!", "No!", "Yes."], id="question and exclamation"),
        pytest.param(["What we have seen, though … we have seen [X].", "Yes."], id="an ellipsis that goes on"),
        pytest.param(["It ended …", "Then rain."], id="an ellipsis that ends"),
        pytest.param(["It cost 3.5 million.", "Then 4."], id="a fraction"),
        pytest.param(["He was born in 1990.", "Then he moved."], id="a year at the end"),
        pytest.param(["He came at 5 p.m.", "The door was shut."], id="an hour at the end"),
        pytest.param(["He came at 5 p.m. Monday."], id="an hour before a day"),
        pytest.param(["No. 5 is alive."], id="number five"),
        pytest.param(["No.", "It is not."], id="a plain no"),
        pytest.param(["They met in Jan.", "They left."], id="a month at the end"),
        pytest.param(["I saw the sun.", "Birds sang."], id="a word that is also a short day"),
        pytest.param(["1. One piece.", "Two."], id="a list number belongs to its sentence"),
        pytest.param(["Version 1.2.3 is out.", "See example.com."], id="dots inside words"),
        pytest.param(["Smith et al. Found it.", "So."], id="et al."),
        pytest.param(["Am 18. Oktober begann es.", "Es war kalt."], id="a German ordinal"),
        pytest.param(["Das gilt z.B. Für Hunde."], id="a German abbreviation"),
        pytest.param(["Auch z. B. Katzen.", "Und so."], id="the same, spaced"),
        pytest.param(["¿Qué pasa?", "Nada."], id="Spanish"),
        pytest.param(["युद्ध समाप्त हुआ।", "सेना लौटी।"], id="Hindi danda"),
        pytest.param(["Is it over؟", "Yes."], id="Arabic question mark"),
        pytest.param(["no end mark at all"], id="no end mark"),
    ],
)
def test_abbreviations_do_not_end_a_sentence_and_end_marks_do(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("敵は逃げた。戦いは終わった。", ["敵は逃げた。", "戦いは終わった。"], id="Japanese"),
        pytest.param("「敵は逃げた。」戦い。", ["「敵は逃げた。」", "戦い。"], id="with its closing bracket"),
        pytest.param("你好！再见？", ["你好！", "再见？"], id="wide exclamation and question mark"),
        pytest.param("One.\n\nTwo.\r\nThree", ["One.", "Two.", "Three"], id="line ends are white space"),
        pytest.param("\u2003One. \xa0", ["One."], id="wide spaces are trimmed"),
        pytest.param("", [], id="nothing"),
        pytest.param(" \n\t", [], id="white space"),
        pytest.param("...", ["..."], id="only dots"),
    ],
)
def test_sentences_of_unspaced_scripts_and_odd_texts(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(
    st.one_of(
        st.text(), st.lists(st.sampled_from(PIECES)).map("".join), st.lists(st.sampled_from(PIECES)).map(" ".join)
    )
)
def test_sentences_hold_every_character_that_is_not_white_space_in_order(text: str) -> None:
    end = 0
    for span in split_sentences(text):
        assert text[end : span.start].strip() == ""
        assert span.of(text) == span.of(text).strip() != ""
        end = span.end
    assert text[end:].strip() == ""


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param("a", id="one word"),
        pytest.param("a ", id="no stops"),
        pytest.param("a. ", id="stops before small letters"),
        pytest.param("A. ", id="initials"),
        pytest.param("1. ", id="numbers"),
        pytest.param("18. Oktober ", id="German dates"),
        pytest.param("Hello World. ", id="sentences"),
        pytest.param(".", id="dots"),
        pytest.param('"', id="quotes"),
        pytest.param(" ", id="spaces"),
        pytest.param("e.g. ", id="abbreviations"),
        pytest.param("Mr. ", id="titles"),
    ],
)
def test_a_long_text_takes_no_quadratic_time(piece: str, within: Within) -> None:
    text = piece * (200_000 // len(piece))
    with within(3.0):  # a half on a busy machine; what is quadratic takes minutes
        split_sentences(text)


def test_months_and_weekdays_cut_short_end_no_sentence_in_any_language() -> None:
    for text in ("It fell on Oct. 18 there.", "Es fiel am 5. Okt. 2015 dort.", "Es fiel am 5. Dez. 2015 dort."):
        assert [span.of(text) for span in split_sentences(text)] == [text]


def test_the_number_of_a_clause_begins_one() -> None:
    text = "Be quiet from 10 p.m. until 7 a.m. 1.2 Musical instruments are played until 8 p.m. 1.3 Dogs stay out."
    assert [span.of(text) for span in split_sentences(text)] == [
        "Be quiet from 10 p.m. until 7 a.m.",
        "1.2 Musical instruments are played until 8 p.m.",
        "1.3 Dogs stay out.",
    ]
