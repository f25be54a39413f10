"""Text from anywhere as HTML that cannot do anything, and addresses of places in documents.

The one way by which text of documents, questions and models reaches the page.
"""

from __future__ import annotations

import html
from urllib.parse import quote, urlencode

import regex

REORDERING = regex.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""Embeddings and overrides make text read in another order than it stands; marks (U+200E, U+200F) are harmless."""

TELLING = 16
"""Signs of a revision in an address: enough to tell it from any other of its document."""

_CONTROL = regex.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")


def escaped(text: str) -> str:
    """`text` as HTML: nothing in it is markup, nothing reorders what stands around it, and what cannot be seen is
    shown by its number."""
    safe = html.escape(_CONTROL.sub("�", text), quote=True)
    return REORDERING.sub(lambda found: f'<span class="hidden-sign">U+{ord(found.group()):04X}</span>', safe)


def attribute(text: str) -> str:
    """`text` for an attribute in double quotes."""
    return html.escape(REORDERING.sub("", _CONTROL.sub("�", text)), quote=True)


def exact(text: str) -> str:
    """`text` to the letter for an attribute that the page hands back, in double quotes; never shown."""
    return html.escape(text, quote=True)


def place_address(
    folder: str,
    document: str,
    paragraph: int,
    start: int | None = None,
    end: int | None = None,
    *,
    revision: str | None = None,
) -> str:
    """The page with a document open at a paragraph, and a span of it marked; with the `revision` that has the span, it
    is marked in no other."""
    place: dict[str, str | int] = {"folder": folder, "document": document, "paragraph": paragraph}
    if start is not None and end is not None:
        place |= {"start": start, "end": end} | ({"revision": revision[:TELLING]} if revision else {})
    return f"?{urlencode(place)}"


def page_address(folder: str, document: str, revision: str, page: int) -> str:
    """A page of a document as a picture."""
    return f"pages/{folder}/{quote(document)}/{page}.webp?{urlencode({'revision': revision})}"


def original_address(folder: str, document: str, revision: str) -> str:
    """The file of a document, to be downloaded."""
    return f"original/{folder}/{quote(document)}?{urlencode({'revision': revision})}"
