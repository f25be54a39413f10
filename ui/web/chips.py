"""Citations as HTML: a numbered link to the very words, with a card that shows them in their paragraph.

Pure functions from nouns to markup.
"""

from __future__ import annotations

from rag.domain import Citation, Paragraph, Role
from ui.web.markup import attribute, escaped, exact
from ui.web.passages import Shelf, citation_address
from ui.web.prose import prose_html
from ui.words import ROLE_NAMES, also_text

_CARD = 380
"""Letters of a paragraph that a card has room for."""

_LEAST_AROUND = 40
"""Letters on one side of a quote: fewer would say nothing."""


def chip_html(citation: Citation, name: str, shelf: Shelf) -> str:
    """The link, with a card that shows on hover and on focus; `name` tells its answer from others of the page."""
    paragraph = citation.paragraph
    card = f"card-{name}-{citation.mark}"
    label = f"Source {citation.mark}: {citation.source.title}, paragraph {paragraph.number}"
    address = citation_address(shelf.folder, citation)
    return (
        f'<span class="cite"><a class="chip" href="{attribute(address)}" data-cite="{name}.{citation.mark}" '
        f'data-document="{exact(paragraph.document_id)}" data-paragraph="{paragraph.number}" '
        f'data-start="{citation.start}" data-end="{citation.end}" data-revision="{attribute(citation.source.revision)}" '
        f'data-quote="{exact(citation.quote)}" aria-label="{attribute(label)}" aria-describedby="{card}">'
        f"{citation.mark}</a>"
        f'<span class="card" role="tooltip" id="{card}"><span class="card-text" dir="auto">{_words_html(citation, shelf)}</span>'
        f'<span class="card-place">{escaped(citation.source.title)}</span>'
        f'<span class="card-facts">{escaped(_facts(citation))}</span></span></span>'
    )


def _words_html(citation: Citation, shelf: Shelf) -> str:
    """The quote, marked, in as much of its paragraph as there is room for."""
    document_id = citation.paragraph.document_id
    bold = citation.bold.shifted(-citation.start) if citation.bold else None
    quote = f'<mark class="card-quote">{prose_html(citation.quote, document_id, bold=bold)}</mark>'
    before, after = (
        f'<span class="card-around">{prose_html(text, document_id)}</span>' if text else ""
        for text in _around(citation, shelf)
    )
    return f"{before}{quote}{after}"


def _around(citation: Citation, shelf: Shelf) -> tuple[str, str]:
    """What stands before and behind a quote in its paragraph; nothing where that has changed, or is a table."""
    whole = _whole(citation, shelf)
    room = _CARD - len(citation.quote)
    if whole is None or whole.role is Role.TABLE or room < _LEAST_AROUND:
        return "", ""
    before = whole.text[: citation.start - whole.start]
    after = whole.text[citation.end - whole.start :]
    most = max(room // 2, room - len(after))
    before = _ending(before, most)
    return before, _beginning(after, room - len(before))


def _whole(citation: Citation, shelf: Shelf) -> Paragraph | None:
    """The paragraph of a citation, which came back from the browser with nothing of it but the quote."""
    paragraph = citation.paragraph
    if len(paragraph.text) > len(citation.quote):
        return paragraph
    stored = shelf.paragraph_of(paragraph.key, citation.source.revision)
    if stored is None or stored.text[citation.start - stored.start : citation.end - stored.start] != citation.quote:
        return None
    return stored


def _beginning(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    whole, space, _ = cut.rpartition(" ")
    return f"{whole if space and len(whole) > len(cut) // 2 else cut}…"


def _ending(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    cut = text[len(text) - most + 1 :]
    _, space, whole = cut.partition(" ")
    return f"…{whole if space and len(whole) > len(cut) // 2 else cut}"


def _facts(citation: Citation) -> str:
    paragraph = citation.paragraph
    facts = [paragraph.place, ROLE_NAMES[paragraph.role], citation.source.day, also_text(citation)]
    return " · ".join(fact for fact in facts if fact)
