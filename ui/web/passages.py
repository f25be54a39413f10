"""Passages as HTML: a link to the place, and how each begins; links to sentences and words of them.

Pure functions from nouns to markup.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rag.answer.central import Telling
from rag.answer.timeline import Event
from rag.documents.context import display
from rag.domain import Citation, Key, Paragraph, Passage, Role
from rag.index.records import Record
from ui.web.markup import attribute, escaped, exact, place_address
from ui.web.prose import prose_html
from ui.words import ROLE_NAMES, excerpt

_EXCERPT = 420

ParagraphOf = Callable[[Key, str], Paragraph | None]
"""A paragraph as it stands in a revision of its document; None where that is gone or has changed since."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What answers are rendered with: the folder their links lead to, and where paragraphs come from that the browser kept without their text."""

    folder: str
    paragraph_of: ParagraphOf


def passage_html(passage: Passage, shelf: Shelf, question: str) -> str:
    """The link to a passage, and the part of it that is about the question."""
    paragraph = passage.paragraph if passage.paragraph.text else _stored(passage, shelf)
    shown = excerpt(paragraph.text, _EXCERPT, about=question) if paragraph else "This passage has changed since."
    said_by = f'<span class="speaker">{escaped(passage.paragraph.said_by)}</span> ' if passage.paragraph.said_by else ""
    return f'{place_link(passage, shelf)}<span class="excerpt" dir="auto">{said_by}{prose_html(shown, passage.paragraph.document_id)}</span>'


def _stored(passage: Passage, shelf: Shelf) -> Paragraph | None:
    return shelf.paragraph_of(passage.paragraph.key, passage.source.revision)


def place_link(passage: Passage, shelf: Shelf) -> str:
    """A link that opens a passage in its document."""
    paragraph = passage.paragraph
    address = place_address(shelf.folder, paragraph.document_id, paragraph.number)
    is_telling = paragraph.role in (Role.COMMENT, Role.CAPTION, Role.TABLE)
    badge = f' <span class="badge">{ROLE_NAMES[paragraph.role]}</span>' if is_telling else ""
    return (
        f'<a class="place" href="{attribute(address)}" data-document="{exact(paragraph.document_id)}" '
        f'data-paragraph="{paragraph.number}"><span class="title">{escaped(passage.source.title)}</span> '
        f'<span class="number">{escaped(paragraph.place)}</span></a>{badge}'
    )


def paragraph_link(folder: str, passage: Passage, inside: str) -> str:
    """A link to a paragraph, `inside` as its markup."""
    paragraph = passage.paragraph
    return _link(place_address(folder, *paragraph.key), *paragraph.key, inside)


def document_link(folder: str, record: Record, *, kind: str = "place") -> str:
    """A document's title as the link to its beginning."""
    key = record.document_id, 1
    return _link(place_address(folder, *key), *key, escaped(record.title), kind=kind)


def words_link(folder: str, one: Telling, inside: str) -> str:
    """A link to some words, which are marked then, `inside` as its markup."""
    key, start, end = one.passage.paragraph.key, one.span.start, one.span.end
    marked = (
        f' data-start="{start}" data-end="{end}" data-revision="{attribute(one.passage.source.revision)}" '
        f'data-quote="{exact(one.text)}"'
    )
    address = place_address(folder, *key, start, end, revision=one.passage.source.revision)
    return _link(address, *key, inside, more=marked)


def citation_address(folder: str, citation: Citation) -> str:
    """The page with the very span of a citation marked."""
    key, revision = citation.paragraph.key, citation.source.revision
    return place_address(folder, *key, citation.start, citation.end, revision=revision)


def _link(address: str, document_id: str, number: int, inside: str, *, kind: str = "place", more: str = "") -> str:
    return (
        f'<a class="{kind}" dir="auto" href="{attribute(address)}" data-document="{exact(document_id)}" '
        f'data-paragraph="{number}"{more}>{inside}</a>'
    )


def sentence_link(folder: str, one: Telling) -> str:
    """A sentence as the link to itself."""
    return words_link(folder, one, prose_html(display(one.text), one.passage.paragraph.document_id))


def event_html(folder: str, event: Event) -> str:
    """A line of a timeline."""
    return f"<li><b>{escaped(event.when)}</b> {sentence_link(folder, event.telling)}</li>"
