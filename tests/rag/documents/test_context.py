"""What a paragraph is indexed under."""

from __future__ import annotations

import pytest

from rag.documents.context import context_of
from rag.domain import Paragraph, Role


@pytest.mark.parametrize(
    ("paragraph", "context"),
    [
        pytest.param(
            Paragraph(
                document_id="documents/a.txt", number=2, text="x", start=0, end=1, role=Role.BODY, heading=("Part",)
            ),
            "Title › Part",
            id="title and path",
        ),
        pytest.param(
            Paragraph(
                document_id="documents/a.txt",
                number=2,
                text="x",
                start=0,
                end=1,
                role=Role.COMMENT,
                heading=("9 Responses", "1"),
                page=None,
                speaker="Michael",
            ),
            "Title › 9 Responses › 1 › Michael",
            id="a comment says who wrote it",
        ),
        pytest.param(
            Paragraph(
                document_id="documents/a.txt",
                number=2,
                text="x",
                start=0,
                end=1,
                role=Role.BODY,
                speaker="Ann Lee",
                time="10:42",
            ),
            "Title › 10:42 › said by Ann Lee",
            id="a turn says who said it and when",
        ),
        pytest.param(
            Paragraph(document_id="documents/a.txt", number=1, text="x", start=0, end=1, role=Role.TITLE),
            "",
            id="the title needs none",
        ),
    ],
)
def test_the_context_for_indexing_names_title_headings_and_speaker(paragraph: Paragraph, context: str) -> None:
    assert context_of("Title", paragraph) == context
