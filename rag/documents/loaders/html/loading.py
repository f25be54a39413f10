"""A web page: its bytes to text in the encoding that it names, and its blocks."""

from __future__ import annotations

from dataclasses import replace

import regex

from rag.documents.loaders.decoding import decode, usual_name
from rag.documents.loaders.html.signs import hide_as_told
from rag.documents.loaders.html.walking import pieces_of
from rag.documents.loaders.loaded import Loaded, assembled, with_title
from rag.documents.loaders.markup import html_tree
from rag.domain import Role

_CHARSET = regex.compile(rb"""(?i)(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""")
_HEAD = 4_096  # bytes, in which a page names its encoding


def load_html(data: bytes) -> Loaded:
    """Raises DocumentError where the page is empty or no text."""
    text, warning = page_text(data)
    root = html_tree(text)
    hide_as_told(root)
    pieces = pieces_of(root)
    if all(piece.role is Role.BOILERPLATE for piece in pieces):
        # A page that is nothing but lists of links is about them.
        pieces = [replace(piece, role=None) for piece in pieces]
    return assembled(with_title(pieces), warning)


def page_text(data: bytes) -> tuple[str, str | None]:
    """A page's markup, and a warning where its encoding was guessed. UTF-8 goes before what the page says of itself:
    wrong names are common, and text that is UTF-8 by chance is not."""
    if b"\0" in data[:_HEAD]:
        return decode(data)
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        pass
    named = _CHARSET.search(data[:_HEAD])
    if named is not None:
        try:
            return data.decode(usual_name(named[1].decode("ascii"))), None
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)
