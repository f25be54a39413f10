"""What reading a file gives beside its text: here of formats made for the purpose."""

from __future__ import annotations

import pytest

from rag.documents import reading
from rag.documents.layout import Layout, Place, Run
from rag.documents.loaders.formats import Kind
from rag.documents.loaders.loaded import Loaded
from rag.documents.reading import read_document
from rag.domain import Block

FIRST, SECOND = "Bread came in at night.", "Water came by day."
TEXT = f"{FIRST}\n\n{SECOND}"
LAYOUT = Layout(
    [
        Run(start=0, end=len(FIRST), place=Place(4, (0.1, 0.1, 0.9, 0.2))),
        Run(start=len(FIRST) + 2, end=len(TEXT), place=Place(5, (0.1, 0.1, 0.9, 0.2))),
    ]
)


def pages_of(monkeypatch: pytest.MonkeyPatch, page: int | None, layout: Layout) -> list[int | None]:
    """The pages of the paragraphs in a format that names this page for each block, and this layout."""
    blocks = [Block(start=0, end=len(FIRST), page=page), Block(start=len(FIRST) + 2, end=len(TEXT), page=page)]
    monkeypatch.setitem(reading._HERE, Kind.PLAIN, lambda _: Loaded(text=TEXT, blocks=blocks, layout=layout))
    parsed = read_document("documents/a.txt", TEXT.encode())
    assert parsed.layout is layout
    return [paragraph.page for paragraph in parsed.paragraphs]


def test_a_paragraph_is_on_the_page_where_the_layout_shows_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pages_of(monkeypatch, None, LAYOUT) == [4, 5]


def test_the_page_that_a_block_names_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pages_of(monkeypatch, 9, LAYOUT) == [9, 9]


def test_where_nothing_is_known_of_pages_a_paragraph_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pages_of(monkeypatch, None, Layout()) == [None, None]
    assert pages_of(monkeypatch, None, Layout(LAYOUT.runs[:1])) == [4, None]
