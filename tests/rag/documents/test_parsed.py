"""What reading a file gives beside its text: here of formats made for the purpose."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.documents import reading
from rag.documents.layout import Layout, Place, Run
from rag.documents.loaders.formats import Kind
from rag.documents.loaders.loaded import Loaded
from rag.documents.reading import read_document
from rag.documents.roles import MAX_PARAGRAPH
from rag.domain import Block

FIRST, SECOND = "Bread came in at night.", "Water came by day."
TEXT = f"{FIRST}\n\n{SECOND}"
BLOCKS = [Block(start=0, end=len(FIRST)), Block(start=len(FIRST) + 2, end=len(TEXT))]
LAYOUT = Layout(
    [
        Run(start=0, end=len(FIRST), place=Place(4, (0.1, 0.1, 0.9, 0.2))),
        Run(start=len(FIRST) + 2, end=len(TEXT), place=Place(5, (0.1, 0.1, 0.9, 0.2))),
    ]
)


def pages_of(
    monkeypatch: pytest.MonkeyPatch, layout: Layout, text: str = TEXT, blocks: Sequence[Block] = BLOCKS
) -> list[int | None]:
    """The pages of the paragraphs in a format that gives these blocks and this layout."""
    monkeypatch.setitem(reading._HERE, Kind.PLAIN, lambda _: Loaded(text=text, blocks=blocks, layout=layout))
    parsed = read_document("documents/a.txt", text.encode())
    assert parsed.layout is layout
    return [paragraph.page for paragraph in parsed.paragraphs]


def test_a_paragraph_is_on_the_page_where_the_layout_shows_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pages_of(monkeypatch, LAYOUT) == [4, 5]


def test_of_a_block_too_long_for_a_paragraph_each_part_is_on_the_page_where_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = " ".join([FIRST] * 250)
    turn = MAX_PARAGRAPH - 500
    layout = Layout([Run(start=0, end=turn, place=Place(1)), Run(start=turn, end=len(text), place=Place(2))])
    assert pages_of(monkeypatch, layout, text, [Block(start=0, end=len(text))]) == [1, 2]


def test_where_nothing_is_known_of_pages_a_paragraph_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pages_of(monkeypatch, Layout()) == [None, None]
    assert pages_of(monkeypatch, Layout(LAYOUT.runs[:1])) == [4, None]
