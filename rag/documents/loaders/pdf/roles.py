"""What a paragraph is, seen against the whole document: running heads, page numbers, headings and their levels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import regex

from rag.documents.loaders.pdf.joining import Draft
from rag.documents.loaders.pdf.scripts import ENDS, MARKER
from rag.domain import Role

_EDGE = 0.1  # of the page's height, at its top and its foot
_LONGEST_EDGE = 200  # characters
_REPEATED = 0.3  # of the pages
_PAGE_NUMBER = regex.compile(r"\W*(?:page\s*)?\d+(?:\s*(?:of|/)\s*\d+)?\W*", regex.IGNORECASE)
_DIGITS = regex.compile(r"\d+")
_WORD = regex.compile(r"[^\W\d_]{2}")
_LARGER, _NOT_SMALLER = 1.12, 0.95  # of the usual height
_LONGEST_HEADING, _MOST_LINES = 160, 3
_LOWEST_LEVEL = 6
_MOST_NAMES, _LONGEST_NAME, _MOST_WORDS = 2, 90, 12
_NO_NAME = regex.compile(r"[.;,!:…][\"'”’»)\]]*$|^[^:]*\p{Ll}[^:]*:\s|\t")
"""The end of a sentence or a lead-in; "Owner: facilities", but not "SERVICES: Dialysis"."""


def give_roles(drafts: Sequence[Draft], pages: int) -> None:
    """Mark what repeats at the edges as boilerplate and what is set larger or bold as headings, with levels."""
    repeats = _edges(drafts)
    usual = _usual_height(drafts)
    for draft in drafts:
        if draft.cells is None and _is_at_edge(draft) and _is_furniture(draft, repeats, pages):
            draft.role = Role.BOILERPLATE
        elif not draft.tag and _is_heading(draft, usual):
            draft.role = Role.HEADING
    _give_levels([draft for draft in drafts if draft.role is Role.HEADING])
    _name_sections(drafts)


def _name_sections(drafts: Sequence[Draft]) -> None:
    """Short lines that are tagged like any paragraph, and name what follows: headings below the one that the author
    tagged. Several under one another are an address or a list."""
    read = [draft for draft in drafts if draft.role is not Role.BOILERPLATE]
    above = 0
    for may_name, run in groupby(read, key=_may_name):
        some = list(run)
        if may_name and above and len(some) <= _MOST_NAMES and some[-1] is not read[-1]:
            for draft in some:
                draft.role, draft.level = Role.HEADING, min(_LOWEST_LEVEL, above + 1)
        elif not may_name:
            above = next((draft.level for draft in reversed(some) if draft.role is Role.HEADING), above)


def _may_name(draft: Draft) -> bool:
    text = draft.text.strip()
    if draft.tag != "P" or draft.role is not Role.BODY or draft.count > 1 or len(text) > _LONGEST_NAME:
        return False
    if MARKER.match(text) or _NO_NAME.search(text) or len(text.split()) > _MOST_WORDS:
        return False
    first = next((letter for letter in text if letter.isalnum()), "")
    return bool(first) and not first.islower()


def _usual_height(drafts: Sequence[Draft]) -> float:
    sizes: Counter[float] = Counter()
    for draft in drafts:
        sizes[round(draft.height, 1)] += len(draft.glyphs)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _is_at_edge(draft: Draft) -> bool:
    return draft.depth < _EDGE or draft.depth > 1 - _EDGE


def _edges(drafts: Sequence[Draft]) -> Counter[str]:
    """On how many pages each text stands at an edge, numbers aside."""
    pages = {(_without_numbers(draft.text), draft.page) for draft in drafts if _is_at_edge(draft)}
    return Counter(text for text, _ in pages)


def _without_numbers(text: str) -> str:
    return str(_DIGITS.sub("#", text))


def _is_furniture(draft: Draft, repeats: Counter[str], pages: int) -> bool:
    text = draft.text
    if len(text) >= _LONGEST_EDGE:
        return False
    return repeats[_without_numbers(text)] >= max(2, _REPEATED * pages) or _PAGE_NUMBER.fullmatch(text) is not None


def _is_heading(draft: Draft, usual: float) -> bool:
    if draft.role not in (Role.BODY, Role.LIST) or draft.count > _MOST_LINES or len(draft.glyphs) >= _LONGEST_HEADING:
        return False
    if not (draft.height > _LARGER * usual or (draft.bold and draft.height >= _NOT_SMALLER * usual)):
        return False
    return not ENDS.search(draft.text) and _WORD.search(draft.text) is not None


def _give_levels(headings: Sequence[Draft]) -> None:
    """By the author's tag, else by rank of size among the headings."""
    sizes = sorted({_size(draft) for draft in headings}, reverse=True)
    for draft in headings:
        named = draft.tag[1:] if draft.tag.startswith("H") else ""
        draft.level = int(named) if named else min(_LOWEST_LEVEL, sizes.index(_size(draft)) + 1)


def _size(draft: Draft) -> int:
    return round(draft.height * 2)
