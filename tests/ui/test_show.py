"""Answers as lines for a terminal."""

from __future__ import annotations

import pytest

from rag.domain import Answer, Citation, Paragraph, Role, Source, Statement, Verdict
from ui.show import answer_lines

PARAGRAPH = Paragraph("documents/a.md", 1, "It rained\n  for 13 days.", 0, 24, Role.BODY)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("It rained for 13 days.", "“It rained for 13 days.” ", id="the very words of a document"),
        pytest.param("Rain fell for 13 days.", "Rain fell for 13 days. ", id="what a model wrote"),
    ],
)
def test_only_the_very_words_of_a_document_stand_in_quotation_marks(text: str, line: str) -> None:
    statement = Statement(text, (Citation(1, PARAGRAPH, Source("A", "3-a"), 0, 24),), Verdict.VERIFIED)
    first, *_ = answer_lines(Answer("Why?", statements=(statement,)))
    assert first.startswith(line)
