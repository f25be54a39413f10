"""What a loader gives: a text as a person would select it, the blocks its format names, and where its words stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import regex

from rag.documents.layout import Layout, Run
from rag.domain import Block, Role

_UNFIT = regex.compile(r"[\x00\p{Cs}]")
_ROWS = (Role.TABLE, Role.LIST)
_TITLE_WITHIN = 3
_LOWEST_TITLE = 2

FOLDED = 7
"""The level of a heading behind which a part of a page is folded away, below all others; its part has an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """`text[block.start:block.end]` is a block's text; blocks are in reading order, do not overlap, and only white
    space stands between them. `title` is one that does not stand in the text."""

    text: str
    blocks: Sequence[Block]
    warning: str | None = None
    layout: Layout = field(default_factory=Layout)
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A row of one `table`, empty cells too. `names_columns` where its format says so; `may_name_columns` where the
    first row of the table is set off, as programs do with any table that nobody changes. `spans` are the columns and
    rows that each cell goes over, 0 rows where it goes on with the one above; without them each is one column's.
    `is_spanned` where that cannot be told, so that places tell no columns. `runs` of each cell, from its own beginning,
    where the piece has runs."""

    texts: tuple[str, ...]
    table: object
    names_columns: bool = False
    may_name_columns: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    is_spanned: bool = False
    runs: tuple[Sequence[Run], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A block that has no place in a text yet. The runs count from the piece's own beginning; a piece that has runs
    neither begins nor ends with white space. `cells` where it is a row whose format tells them apart."""

    text: str
    role: Role | None = None
    level: int = 0
    speaker: str | None = None
    time: str | None = None
    is_literal: bool = False
    runs: Sequence[Run] = ()
    cells: Cells | None = None


def assembled(pieces: Iterable[Piece], warning: str | None = None) -> Loaded:
    """The pieces as one text: rows and list items under one another, a blank line between others. Pieces of white
    space are left out, and what no store takes (NUL, half a surrogate pair) becomes �."""
    text = _Text()
    blocks: list[Block] = []
    runs: list[Run] = []
    before: Role | None = None
    for piece in pieces:
        words = piece.text if piece.runs else piece.text.strip()
        if not words.strip():
            continue
        start = text.add(_fit(words), "\n" if before in _ROWS and piece.role == before else "\n\n")
        blocks.append(_block(piece, start, start + len(words)))
        runs.extend(replace(run, start=start + run.start, end=start + run.end) for run in piece.runs)
        before = piece.role
    return Loaded(text=text.whole(), blocks=blocks, warning=warning, layout=Layout(runs))


def with_title(pieces: Iterable[Piece]) -> list[Piece]:
    """A heading of the first or second level that begins the document is its title, unless the format names one."""
    found = list(pieces)
    if any(piece.role is Role.TITLE for piece in found):
        return found
    read = [i for i, piece in enumerate(found) if piece.role is not Role.BOILERPLATE]
    first = next((i for i in read[:_TITLE_WITHIN] if found[i].role is Role.HEADING), None)
    if first is not None and found[first].level <= _LOWEST_TITLE:
        found[first] = replace(found[first], role=Role.TITLE)
    return found


class _Text:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0

    def add(self, words: str, gap: str) -> int:
        """Where `words` begin."""
        for part in (gap if self._parts else "", words):
            self._parts.append(part)
            self._length += len(part)
        return self._length - len(words)

    def whole(self) -> str:
        return "".join(self._parts)


def _block(piece: Piece, start: int, end: int) -> Block:
    return Block(
        start=start,
        end=end,
        role=piece.role,
        level=piece.level,
        speaker=piece.speaker,
        time=piece.time,
        is_literal=piece.is_literal,
    )


def _fit(text: str) -> str:
    return str(_UNFIT.sub("�", text))
