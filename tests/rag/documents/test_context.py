"""What a paragraph is indexed under."""

from __future__ import annotations

import pytest

from rag.documents.context import context_of
from rag.domain import Paragraph, Role


@pytest.mark.parametrize(
    ("paragraph", "context"),
    [
        pytest.param(
            Paragraph("documents/a.txt", 2, "x", 0, 1, Role.BODY, ("Part",)), "Title › Part", id="title and path"
        ),
        pytest.param(
            Paragraph("documents/a.txt", 2, "x", 0, 1, Role.COMMENT, ("9 Responses", "1"), None, "Michael"),
            "Title › 9 Responses › 1 › Michael",
            id="a comment says who wrote it",
        ),
        pytest.param(Paragraph("documents/a.txt", 1, "x", 0, 1, Role.TITLE), "", id="the title needs none"),
    ],
)
def test_the_context_for_indexing_names_title_headings_and_speaker(paragraph: Paragraph, context: str) -> None:
    assert context_of("Title", paragraph) == context
