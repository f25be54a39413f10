"""What every door says in the same words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import Answer, Citation, Paragraph, Role, Source, Statement, Verdict
from rag.text.units import rows_of
from ui.show import answer_lines
from ui.web.export import place_of
from ui.web.foot import plain_text
from ui.web.passages import Shelf
from ui.web.render import answer_html
from ui.words import ROLE_NAMES, also_text, excerpt, verdict_text

PARAGRAPH = Paragraph(
    document_id="documents/a.md", number=1, text="It rained for 13 days.", start=0, end=22, role=Role.BODY
)
QUOTED = Statement(
    text=PARAGRAPH.text,
    citations=(Citation(mark=1, paragraph=PARAGRAPH, source=Source(title="A", revision="3-a"), start=0, end=22),),
    verdict=Verdict.VERIFIED,
)
AGAIN = replace(QUOTED.citations[0], also=tuple((f"documents/{name}.md", 1) for name in ("shared/copy", "b", "c", "d")))
MARKED = Statement(text="It snowed.", citations=(), verdict=Verdict.UNSUPPORTED)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, ""),
        (1, "also in shared/copy.md"),
        (2, "also in shared/copy.md and b.md"),
        (3, "also in shared/copy.md, b.md and c.md"),
        (4, "also in shared/copy.md, b.md, c.md and others"),
    ],
)
def test_every_door_names_the_other_documents_that_have_the_text(count: int, said: str) -> None:
    citation = replace(AGAIN, also=AGAIN.also[:count])
    answer = Answer(question="?", statements=(replace(QUOTED, citations=(citation,)),))
    assert also_text(citation) == said
    doors = (
        " ".join(answer_lines(answer)),
        answer_html(answer, "1", Shelf("0123456789ab", lambda *_: None)),
        place_of(citation),
        plain_text(answer),
    )
    assert [said in door and ("also in" in door) == bool(count) for door in doors] == [True] * 4


def test_every_role_has_a_name_and_only_the_body_needs_none() -> None:
    assert set(ROLE_NAMES) == set(Role)
    assert [role for role, name in ROLE_NAMES.items() if not name] == [Role.BODY]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(question="?", statements=(QUOTED,)), "Quoted word for word"),
        (Answer(question="?", statements=(QUOTED,), is_uncertain=True), "May answer it"),
        (Answer(question="?", statements=(QUOTED,), mode="generative"), "1 of 1 statement verified"),
        (
            Answer(question="?", statements=(QUOTED, MARKED), mode="generative", model="m at h"),
            "1 of 2 statements verified · written by m at h",
        ),
    ],
    ids=["quoted", "possible", "written", "by whom"],
)
def test_what_was_checked_and_what_was_only_quoted_are_told_apart(answer: Answer, said: str) -> None:
    assert verdict_text(answer) == said


def test_an_excerpt_ends_at_a_word() -> None:
    assert excerpt("It rained for 13 days.", 12) == "It rained…"
    assert excerpt("It rained.", 12) == "It rained."


LONG = "The meadow was dry. The mill was old. The siege of the town lasted thirteen days. Then it rained."


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("How long did the siege last?", "…The siege of the town lasted thirteen…"),
        ("Was the meadow dry?", "The meadow was dry. The mill was old.…"),
        ("Who sings?", "The meadow was dry. The mill was old.…"),
        ("", "The meadow was dry. The mill was old.…"),
        ("Did it rain?", "…Then it rained."),
    ],
)
def test_an_excerpt_begins_where_the_question_is_spoken_of(about: str, expected: str) -> None:
    assert excerpt(LONG, 41, about=about) == expected


BERTHS = "| Boat | Berth |\n| --- | --- |\n| Sigrid | B-12 |\n| Alma | C-03 |\n| Tern | D-07 |"


def test_an_excerpt_of_a_table_is_the_row_that_is_spoken_of_behind_the_names_of_its_columns() -> None:
    assert excerpt(BERTHS, about="Where does the Alma lie?") == "Boat | Berth: … Alma | C-03 · Tern | D-07"
    assert excerpt(BERTHS, 30) == "Boat | Berth: Sigrid | B-12…"
    assert excerpt("<table><tr><td>Sigrid</td><td>B-12</td></tr></table>") == "Sigrid B-12"


@given(st.text(max_size=300), st.integers(5, 60), st.text(max_size=30))
def test_an_excerpt_is_never_longer_than_wanted(text: str, most: int, about: str) -> None:
    shown = excerpt(text, most, about=about)
    assert len(shown) <= most
    assert rows_of(text) is not None or shown.strip("…") in " ".join(text.split())
