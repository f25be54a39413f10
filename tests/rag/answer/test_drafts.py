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
        pytest.param("It fell. [[P1]](#p2-5)", [Draft("It fell.", (1,))], id="nested brackets"),
        pytest.param("**Fall**\n\nIt fell. [P1]", [Draft("It fell.", (1,))], id="a bold heading"),
        pytest.param("**It fell**", [Draft("It fell", ())], id="bold, and all there is"),
        pytest.param("When did it fall?\nIt fell. [P1]\nWould you like to know more?", [Draft("It fell.", (1,))], id="questions"),
        pytest.param("- What fell? [P1]\n- Who left?", [Draft("What fell?", (1,), "•"), Draft("Who left?", (), "•")], id="questions that are items"),
        pytest.param("You asked when it fell. It fell. [P1]", [Draft("It fell.", (1,))], id="the question told again"),
        pytest.param("> It fell. [P1]", [Draft("It fell.", (1,))], id="a quotation"),
        pytest.param("<p>It <b>fell</b>. [P1]<br>He left. [P2]</p>", [Draft("It fell.", (1,)), Draft("He left.", (2,))], id="markup"),
        pytest.param("Run it in <folder>. [P1]", [Draft("Run it in <folder>.", (1,))], id="no markup"),
        pytest.param("$\\boxed{It fell.}$ [P1]", [Draft("It fell.", (1,))], id="a formula"),
        pytest.param("Step 1: Open it. [P1]\n**Step 2:** Shut it. [P2]", [Draft("Open it.", (1,), "1."), Draft("Shut it.", (2,), "2.")], id="numbered steps"),
        pytest.param("Final answer: It fell. [P1]", [Draft("It fell.", (1,))], id="a label"),
        pytest.param('{"name": "search", "arguments": {"q": "what fell on us"}}', [], id="a call of a tool"),
        pytest.param('<tool_call>\n{"name": "search", "arguments": {"q": "what fell on us"}}\n</tool_call>', [], id="a call in tags"),
        pytest.param('[TOOL_CALLS][{"name": "search", "arguments": {"q": "what fell on us"}}]', [], id="calls of tools"),
        pytest.param('Here it is:\n{"answer": "It fell. [P1]", "sources": ["P2"]}', [Draft("It fell.", (1,))], id="an object behind words"),
        pytest.param('So:\n```json\n{\n  "answer": "It fell. [P1]",\n  "sources": ["P1"]\n}\n```', [Draft("It fell.", (1,))], id="an object in lines"),
        pytest.param('"Fall": it fell. [P1]', [Draft('"Fall": it fell.', (1,))], id="a word in quotation marks"),
        pytest.param("It fell. [P1]\n\nReferences\n1. P1: The fall of it all", [Draft("It fell.", (1,))], id="a list of references"),
        pytest.param("It fell. [P1]\nsources:\n- P1\n- P2", [Draft("It fell.", (1,))], id="a list of numbers"),
        pytest.param("It fell. [P1", [Draft("It fell. [P1", ())], id="a mark that never closes"),
        pytest.param(" \n\n ", [], id="nothing"),
    ],
)  # fmt: skip
def test_sentences_keep_their_marks(text: str, expected: list[Draft]) -> None:
    assert drafts(text) == expected


MARKS = {
    "[P9]": (9,), "[p9]": (9,), "[P 9]": (9,), "[P.9]": (9,), "[P-9]": (9,), "[#9]": (9,), "[¶9]": (9,), "[doc9]": (9,),
    "[Document 9]": (9,), "[Paragraph 9]": (9,), "[citation:9]": (9,), "［9］": (9,), "（P9）": (9,), "(see P9)": (9,),
    "[[9]]": (9,), r"\[P9\]": (9,), "{P9}": (9,), "<P9>": (9,), "<sup>9</sup>": (9,), "<sup>[9]</sup>": (9,),
    "<cite>P9</cite>": (9,), '<ref name="x">P9</ref>': (9,), "<source>P9</source>": (9,), "P9": (9,), "— P9": (9,),
    "【4:9†source】": (9,), "【9†L1-L2】": (9,), "【9†003_92a.txt】": (9,), "[P9](https://example.org/2015/10/18)": (9,),
    "[9](file:///docs/003_1_2_3.txt)": (9,), "[P9: 18 days of siege]": (9,), "[P9, The siege, 18 Oct 2015]": (9,),
    "[P9, 3]": (9, 3), "(Paragraphs 9 and 3)": (9, 3),
}  # fmt: skip


@pytest.mark.parametrize("mark", MARKS)
def test_of_a_mark_only_its_label_is_read(mark: str) -> None:
    expected = [Draft("It fell.", MARKS[mark]), Draft("He left.", (2,))]
    assert drafts(f"It fell. {mark} He left. [P2]") == expected
    assert drafts(*f"It fell. {mark} He left. [P2]") == expected
    assert drafts(f"It fell. {mark}") == expected[:1]


@pytest.mark.parametrize(
    "front",
    ["According to paragraph P9, ", "As stated in paragraph 9, ", "[P9]: ", "P9: ", "[P9] says that ", "P9 states that ",
     "Paragraph P9 states that ", "In [P9] it is said that ", "According to [P9](#9), "],
)  # fmt: skip
def test_a_phrase_that_names_the_passage_is_no_part_of_the_statement(front: str) -> None:
    assert drafts(f"{front}it fell. He left. [P2]") == [Draft("It fell.", (9,)), Draft("He left.", (2,))]


@pytest.mark.parametrize(
    "said",
    ["It fell in [3, 18 Oct].", "It is 5 m<sup>2</sup> wide.", "It left gate P9.", "In P9 it fell.", "It fell (9).",
     "P9 reads the tape.", "It has 9 [nine] doors.", "It costs {9}.", "[§ 9] holds."],
)  # fmt: skip
def test_what_only_looks_like_a_mark_stays_in_the_statement(said: str) -> None:
    assert drafts(said) == [Draft(said.replace("<sup>", "").replace("</sup>", ""), ())]


WORDS = st.sampled_from(
    ["It lasted 13 days.", "Col. Warren left", "on Oct. 18", "[P1]", "[P1, P2]", "[ 3 ]", "[", "]", "[P", "12]", "\n", "- ",
     "He said “no.”", "U.S. forces", "etc.", "Why?", "：。", "：", "…", "a", " ", "  ", "[P1][P2]", "【2†x】", ":",
     "P2", "— P3", "<br>", "<cite>", "P4</cite>", "P1: ", "**x**", "According to", "says that", "(see P1)", "<", "</p>", "{P1}",
     "[P2](http://x.org/3)"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=25), st.data())
@settings(max_examples=400, deadline=None)
def test_however_the_stream_is_cut_the_statements_are_the_same(parts: list[str], data: st.DataObject) -> None:
    text = " ".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=30).map(sorted))
    pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    assert drafts(*pieces) == drafts(text) == drafts(*text)


@pytest.mark.parametrize(
    "hostile",
    [
        "[" + "1" * 50_000,
        "[P1," * 5_000,
        "[" * 50_000,
        "[P1 " + " " * 50_000,
        "a." * 20_000,
        "<" * 50_000,
        "<cite>" * 9_000,
        "(see " * 9_000,
        "a. P1 " * 2_000,
        "[P1: " + "x" * 50_000,
        "According to P1 " * 1_000,
    ],
)
def test_no_stream_takes_long(hostile: str, within: Any) -> None:
    with within(5.0):
        drafts(hostile)


@pytest.mark.parametrize(
    "fragment",
    [" Water", " Water service has been", " [P", "\n- Water", "\n- Water service. It"],
    ids=["a word", "words", "half a mark", "an item", "a sentence in an item"],
)
def test_where_an_answer_was_cut_only_the_fragment_at_its_end_is_left_out(fragment: str) -> None:
    parser = DraftParser()
    said = f"- Kweires is east of Aleppo [P1]\n- The siege lasted 13 days. [P2]{fragment}"
    drafts = [*parser.feed(said), *parser.finish(is_cut=True)]
    whole = ["Kweires is east of Aleppo", "The siege lasted 13 days.", "Water service."]
    assert [draft.text for draft in drafts] == whole[: 3 if "service." in fragment else 2]
    assert [draft.ids for draft in drafts][:2] == [(1,), (2,)]


TABLE = "| Boat | Berth | Source |\n| --- | :-: | --- |\n| Alma | 3, new | P1 |\n| **Knot** | 4 [P2] | [P3] |"
ROWS = [
    Draft("boat: Alma; berth: 3, new", (1,), cells=(("Boat", "Alma"), ("Berth", "3, new"))),
    Draft("boat: Knot; berth: 4", (2, 3), cells=(("Boat", "Knot"), ("Berth", "4"))),
]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_each_row_of_a_table_is_a_statement_under_the_names_of_its_columns(size: int) -> None:
    text = f"Here is the table:\n\n{TABLE}\n\nIt fell. [P1]"
    assert drafts(*(text[i : i + size] for i in range(0, len(text), size))) == [*ROWS, Draft("It fell.", (1,))]


def test_a_table_without_names_has_rows_and_one_without_rows_nothing() -> None:
    assert drafts("| Alma | 3 | [P1]\n| Knot | 4 | [P2]") == [
        Draft("Alma; 3", (1,), cells=(("", "Alma"), ("", "3"))),
        Draft("Knot; 4", (2,), cells=(("", "Knot"), ("", "4"))),
    ]
    assert drafts("| Boat | Berth |\n|---|---|\n") == []


def test_of_a_table_that_was_cut_the_row_at_its_end_is_left_out() -> None:
    parser = DraftParser()
    found = [*parser.feed(f"{TABLE}\n| Skua | 5"), *parser.finish(is_cut=True)]
    assert found == ROWS
