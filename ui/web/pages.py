"""A document in the source pane as its pages look, with the cited words marked on them.

Pure functions from nouns to markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.documents.layout import Layout, Rectangle
from rag.documents.page_image import PageImage
from rag.index.records import Record
from ui.web.markup import attribute, escaped, exact, original_address, page_address
from ui.web.prose import Mark
from ui.web.reading import reader_section


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Page `number` of a document, counted from 1. `own` is the page of the place that somebody came for, `paragraph` the
    paragraph of it, and `words` what is cited there."""

    image: PageImage
    number: int
    own: int
    paragraph: int
    words: str = ""


def paged_html(
    folder: str,
    record: Record,
    sheet: Sheet,
    layout: Layout,
    *,
    marks: Sequence[Mark],
    notice: str | None,
    beside: str = "",
) -> str:
    """A page of a document, with boxes over the marks that stand on it. `beside` is markup of what is told of the
    file."""
    body = (
        f'<div class="page" tabindex="0" role="region" aria-label="Page {sheet.number} of the document">'
        f'<div class="sheet target" data-paragraph="{sheet.paragraph}" role="group" '
        f'aria-label="Page {sheet.number}" tabindex="-1">'
        f"{_image_html(folder, record, sheet)}"
        f'<div class="boxes">{"".join(_boxes(sheet, layout, marks))}</div></div></div>'
    )
    tools = f"{_pager_html(sheet)}{as_button('text')}{download_link(folder, record)}"
    facts = f' data-page="{sheet.number}" data-own="{sheet.own}"'
    return reader_section(record, body, marks, notice, tools=tools, facts=facts, beside=beside)


def as_button(kind: str) -> str:
    """Shows the document the other way: as its `text`, or as its `page`."""
    return f'<button type="button" class="act" data-act="as" data-as="{kind}">As {kind}</button>'


def download_link(folder: str, record: Record) -> str:
    address = original_address(folder, record.document_id, record.revision)
    return f'<a class="act" href="{attribute(address)}" download>Download<span class="where"> the original</span></a>'


def _image_html(folder: str, record: Record, sheet: Sheet) -> str:
    address = page_address(folder, record.document_id, record.revision, sheet.number)
    alternative = f"Page {sheet.number} of {sheet.image.pages} of {record.title}, as a picture; “As text” has its words"
    return (
        f'<img src="{exact(address)}" alt="{attribute(alternative)}" '
        f'width="{sheet.image.width}" height="{sheet.image.height}">'
    )


def _pager_html(sheet: Sheet) -> str:
    return (
        f'<nav class="pager" aria-label="Pages">{_turn_html("Previous page (←)", "‹", sheet.number - 1, sheet)}'
        f'<span class="page-count">page {sheet.number} of {sheet.image.pages}</span>'
        f"{_turn_html('Next page (→)', '›', sheet.number + 1, sheet)}</nav>"
    )


def _turn_html(name: str, sign: str, to: int, sheet: Sheet) -> str:
    kind = "previous" if to < sheet.number else "next"
    off = "" if 1 <= to <= sheet.image.pages else " disabled"
    return (
        f'<button type="button" class="act" data-act="page" data-page="{to}" data-turn="{kind}" '
        f'aria-label="{name}"{off}>{sign}</button>'
    )


def _boxes(sheet: Sheet, layout: Layout, marks: Sequence[Mark]) -> Iterator[str]:
    """Those of other citations first: where boxes overlap, the current one lies above."""
    words = sheet.words
    for mark in sorted(marks, key=lambda one: one.current):
        for rectangle in _on_page(layout, mark, sheet.number):
            yield _box_html(rectangle, mark, words if mark.current else "")
            words = "" if mark.current else words


def _on_page(layout: Layout, mark: Mark, page: int) -> list[Rectangle]:
    places = layout.places(mark.start, mark.end)
    return [place.rectangle for place in places if place.page == page and place.rectangle is not None]


def _box_html(rectangle: Rectangle, mark: Mark, words: str) -> str:
    left, top, right, bottom = (100 * edge for edge in rectangle)
    style = f"left:{left:.3f}%;top:{top:.3f}%;width:{right - left:.3f}%;height:{bottom - top:.3f}%"
    how = ' class="hit" tabindex="-1"' if mark.current else ""
    # What a box lies over nobody hears who does not see it.
    heard = f'<span class="unseen">{escaped(words)}</span>' if words else ""
    return f'<mark{how} style="{style}">{heard}</mark>'
