"""The guide to a document as HTML: what it tells, what it is made of, and where each of it stands.

Pure functions from nouns to markup. Everything in it is a link to its place in the document.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer.guide import MOST_LISTED, MOST_READ, Guide, Heading
from rag.documents.context import display
from rag.index.records import Record
from ui.web.markup import escaped
from ui.web.passages import event_html, paragraph_link, sentence_link, words_link
from ui.web.prose import prose_html

_FOLDED_FROM = 12
"""Headings, from which on the table of contents is folded."""


def guide_frame_html() -> str:
    """Where the guide of the document that is open comes to stand, folded and empty: it takes its place at once, so that
    no text moves under the eyes of who reads it."""
    return '<details class="guide"><summary>Guide <span class="gist" dir="auto"></span></summary><div class="guide-body"></div></details>'


def guide_html(folder: str, record: Record, guide: Guide) -> str:
    """What stands in the guide of a document; nothing where there is nothing to tell."""
    if not guide:
        return ""
    told = "".join(f"<li>{sentence_link(folder, one)}</li>" for one in guide.central)
    dates = "".join(event_html(folder, one) for one in guide.dates)
    names = "".join(
        f'<li>{words_link(folder, one.first, escaped(one.text))} <span class="count">{one.count}×</span></li>'
        for one in guide.names
    )
    return (
        f"{_part('What it says', 'central', told)}"
        '<section class="guide-part questions" hidden><h3>What it answers</h3><ul class="asks"></ul></section>'
        f"{_contents_html(folder, guide.headings)}{_part('Dates', 'dates', dates)}"
        f"{_part('Names', 'names', names)}{_bound_html(record)}"
    )


def _part(title: str, kind: str, items: str) -> str:
    return f'<section class="guide-part"><h3>{title}</h3><ul class="{kind}">{items}</ul></section>' if items else ""


def _bound_html(record: Record) -> str:
    if record.paragraphs <= MOST_READ:
        return ""
    listed = f"; headings of the first {MOST_LISTED:,}" if record.paragraphs > MOST_LISTED else ""
    made = f"Sentences, dates and names are of the first {MOST_READ} of {record.paragraphs:,} paragraphs{listed}."
    return f'<p class="facts">{made}</p>'


def _contents_html(folder: str, headings: Sequence[Heading]) -> str:
    if not headings:
        return ""
    is_open = " open" if len(headings) <= _FOLDED_FROM else ""
    return (
        '<section class="guide-part"><h3>Contents</h3>'
        f'<details class="contents"{is_open}><summary>{len(headings)} heading{"s" * (len(headings) > 1)}</summary>'
        f"{_nested_html(folder, headings)}</details></section>"
    )


def _nested_html(folder: str, headings: Sequence[Heading]) -> str:
    """Headings as a list, those of deeper levels in lists inside; a level that is skipped is none."""
    parts: list[str] = []
    levels: list[int] = []
    for heading in headings:
        while levels and levels[-1] > heading.level:
            parts.append("</li></ul>")
            levels.pop()
        if levels and levels[-1] == heading.level:
            parts.append("</li>")
        else:
            parts.append("<ul>")
            levels.append(heading.level)
        paragraph = heading.passage.paragraph
        inside = prose_html(display(paragraph.text), paragraph.document_id)
        parts.append(f"<li>{paragraph_link(folder, heading.passage, inside)}")
    return "".join(parts) + "</li></ul>" * len(levels)
