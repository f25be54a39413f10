"""What a model writes, cut into sentences and the numbers that they name."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.answer.drafts import Draft, DraftParser


def drafts(*pieces: str) -> list[Draft]:
    parser = DraftParser()
    return [draft for piece in pieces for draft in parser.feed(piece)] + list(parser.finish())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("It lasted 13 days. [P1]", [Draft("It lasted 13 days.", (1,))], id="after the stop"),
        pytest.param("It lasted 13 days [P1].", [Draft("It lasted 13 days.", (1,))], id="before the stop"),
        pytest.param("It lasted. [P1, P3] [P2]", [Draft("It lasted.", (1, 3, 2))], id="several"),
        pytest.param("It lasted. [1; 3]", [Draft("It lasted.", (1, 3))], id="without the letter"),
        pytest.param("It lasted. 【3†source】", [Draft("It lasted.", (3,))], id="as other servers write them"),
        pytest.param("It lasted. [P1] It fell. [P2]", [Draft("It lasted.", (1,)), Draft("It fell.", (2,))], id="two"),
        pytest.param("It fell on Oct. 18 [P1]. He left.", [Draft("It fell on Oct. 18.", (1,)), Draft("He left.", ())], id="abbreviation"),
        pytest.param("- **Bold** one. [P1]\n- Two. [P2]", [Draft("Bold one.", (1,), "•"), Draft("Two.", (2,), "•")], id="bullets"),
        pytest.param("1. Open it. [P1]\n2) Shut it. [P2]", [Draft("Open it.", (1,), "1."), Draft("Shut it.", (2,), "2.")], id="steps"),
        pytest.param("Yes. It fell. [P1] It rose. [P2]", [Draft("Yes. It fell.", (1,)), Draft("It rose.", (2,))], id="yes and why"),
        pytest.param("No. [P1]\n\nIt stood. [P2]", [Draft("No. It stood.", (1, 2))], id="no, with a mark, and why"),
        pytest.param("Yes. [P1]", [Draft("Yes.", (1,))], id="yes alone"),
        pytest.param("Here it is:\nIt fell. [P1]", [Draft("It fell.", (1,))], id="what leads in states nothing"),
        pytest.param("See [2019] and [a].", [Draft("See [2019] and [a].", ())], id="brackets that are no marks"),
        pytest.param("It fell. [[P1]]", [Draft("It fell. []", (1,))], id="nested brackets"),
        pytest.param("It fell. [P1", [Draft("It fell. [P1", ())], id="a mark that never closes"),
        pytest.param(" \n\n ", [], id="nothing"),
    ],
)  # fmt: skip
def test_sentences_keep_their_marks(text: str, expected: list[Draft]) -> None:
    assert drafts(text) == expected


WORDS = st.sampled_from(
    ["It lasted 13 days.", "Col. Warren left", "on Oct. 18", "[P1]", "[P1, P2]", "[ 3 ]", "[", "]", "[P", "12]", "\n", "- ",
     "He said “no.”", "U.S. forces", "etc.", "Why?", "：。", "：", "…", "a", " ", "  ", "[P1][P2]", "【2†x】", ":"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=25), st.data())
@settings(max_examples=400, deadline=None)
def test_however_the_stream_is_cut_the_statements_are_the_same(parts: list[str], data: st.DataObject) -> None:
    text = " ".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=30).map(sorted))
    pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    assert drafts(*pieces) == drafts(text) == drafts(*text)


@pytest.mark.parametrize(
    "hostile", ["[" + "1" * 50_000, "[P1," * 5_000, "[" * 50_000, "[P1 " + " " * 50_000, "a." * 20_000]
)
def test_no_stream_takes_long(hostile: str, within: Any) -> None:
    with within(5.0):
        drafts(hostile)
