"""Words found in the document that is open: where they stand, and the field for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import regex

from rag.domain import Passage, Span

MOST = 500
"""Places that are told of one document."""

_LONGEST = 200
_ALIKE = {"'": "['’‘]", "’": "['’‘]", '"': '["“”„«»]', "-": "[-‐‑–—]"}
"""Signs that are typed otherwise than they are printed."""


def finding_html() -> str:
    """The field, and the ways from place to place; the page's script fills it again when another place is open."""
    return (
        '<form class="finding" role="search"><input type="search" class="find" maxlength="200" autocomplete="off" '
        'aria-label="Find in this document" placeholder="Find in this document">'
        '<span class="find-count" role="status"></span>'
        '<button type="button" class="act" data-act="find-before" aria-label="Place before" hidden>‹</button>'
        '<button type="button" class="act" data-act="find-after" aria-label="Next place" hidden>›</button></form>'
    )


def places_of(words: str, passages: Iterable[Passage]) -> list[tuple[int, Span]]:
    """Where words stand, as paragraph number and span in the document's text, in order, at most `MOST`: in any case
    and over any white space."""
    parts = words[:_LONGEST].split()
    if not parts:
        return []
    pattern = r"\s+".join("".join(_ALIKE.get(sign) or regex.escape(sign) for sign in part) for part in parts)
    return list(islice(_found(regex.compile(pattern, regex.IGNORECASE), passages), MOST))


def _found(pattern: regex.Pattern[str], passages: Iterable[Passage]) -> Iterator[tuple[int, Span]]:
    for passage in passages:
        paragraph = passage.paragraph
        for match in pattern.finditer(paragraph.text):
            yield paragraph.number, Span(*match.span()).shifted(paragraph.start)
