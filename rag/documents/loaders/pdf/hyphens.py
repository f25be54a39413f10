"""Hyphens at line ends: one that only the line end asked for goes, one of a compound stays.

Which is which, the rest of the document says: "fitness-related" stands on one line somewhere, "re-placed" does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import regex

from rag.documents.loaders.pdf.joining import Draft, Glyph
from rag.documents.loaders.pdf.pdfium import SOFT_HYPHEN

_COMPOUND = regex.compile(r"\p{L}+[-\u2010\u2011](?=(\p{L}+))")
_CUT = regex.compile(rf"(\p{{L}}+){SOFT_HYPHEN}(?=(\p{{L}}+))")


def settle_hyphens(drafts: Sequence[Draft]) -> None:
    """Decide on each soft hyphen between two letters: a hyphen, or nothing."""
    compounds = {_joined(found[0][:-1], found[1]) for draft in drafts for found in _COMPOUND.finditer(draft.text)}
    for draft in drafts:
        if SOFT_HYPHEN in draft.text:
            draft.glyphs = list(_settled(draft.glyphs, draft.text, compounds))


def _settled(glyphs: Sequence[Glyph], text: str, compounds: set[str]) -> Iterable[Glyph]:
    stays = {found.end() - 1: _joined(found[1], found[2]) in compounds for found in _CUT.finditer(text)}
    for i, glyph in enumerate(glyphs):
        if stays.get(i, True):
            yield glyph._replace(text="-") if i in stays else glyph


def _joined(first: str, second: str) -> str:
    return f"{first}-{second}".casefold()
