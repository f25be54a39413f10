"""Passages as HTML: a link to the place, and how each begins.

Pure functions from nouns to markup.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rag.domain import Passage, Role
from ui.web.markup import attribute, escaped, exact, place_address
from ui.web.prose import prose_html
from ui.words import ROLE_NAMES, excerpt

_EXCERPT = 420

TextOf = Callable[[Passage], str | None]
"""The text of a passage that came back without it, or None where the document has changed since."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What answers are rendered with: the folder their links lead to, and where passages' texts come from."""

    folder: str
    text_of: TextOf


def passage_html(passage: Passage, shelf: Shelf, question: str) -> str:
    """The link to a passage, and the part of it that is about the question."""
    text = passage.paragraph.text or shelf.text_of(passage)
    shown = excerpt(text, _EXCERPT, about=question) if text else "This passage has changed since."
    said_by = f'<span class="speaker">{escaped(passage.paragraph.said_by)}</span> ' if passage.paragraph.said_by else ""
    return f'{place_link(passage, shelf)}<span class="excerpt" dir="auto">{said_by}{prose_html(shown, passage.paragraph.document_id)}</span>'


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
