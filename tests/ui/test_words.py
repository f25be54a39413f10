"""What every door says in the same words."""

from __future__ import annotations

import pytest

from rag.domain import Answer, Citation, Paragraph, Role, Source, Statement, Verdict
from ui.words import ROLE_NAMES, excerpt, verdict_text

PARAGRAPH = Paragraph(
    document_id="documents/a.md", number=1, text="It rained for 13 days.", start=0, end=22, role=Role.BODY
)
QUOTED = Statement(
    text=PARAGRAPH.text,
    citations=(Citation(mark=1, paragraph=PARAGRAPH, source=Source(title="A", revision="3-a"), start=0, end=22),),
    verdict=Verdict.VERIFIED,
)
MARKED = Statement(text="It snowed.", citations=(), verdict=Verdict.UNSUPPORTED)


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
