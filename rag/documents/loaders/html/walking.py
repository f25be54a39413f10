"""A walk through a page's elements that gathers its blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import regex

from rag.documents.loaders.formulas import on_one_line, raised
from rag.documents.loaders.html.signs import BLOCKS, ROLES, is_heading, is_unread, speaker_of, voice_of
from rag.documents.loaders.loaded import FOLDED, Cells, Piece
from rag.documents.loaders.markup import Element, below, child, holder, name_of, span_in
from rag.documents.loaders.rows import with_names
from rag.domain import Role

_SPACES = regex.compile(r"[ \t\r\f\v\u200b\u00a0]+")
_WHITE = regex.compile(r"\s+")
_BLANK_LINE = regex.compile(r"\n[ \t\r\xa0]*\n")
_MOST_BREAKS = 2
_MOST_SPANNED = 100
"""Columns or rows of a cell: more is a slip, or meant to take memory."""
_OPEN_LISTS = ("ol", "ul", "table")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """Where the walk is: who speaks, what the current block is, whether its line ends are kept."""

    voice: Role = Role.BODY
    role: Role = Role.BODY
    level: int = 0
    verbatim: bool = False
    speaker: str | None = None


def pieces_of(root: Element) -> list[Piece]:
    """The page's blocks in reading order."""
    walk = _Walk()
    walk.through(root)
    return with_names(walk.pieces)


class _Walk:
    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._buffer: list[str] = []
        self._contexts = [_Context()]
        self._items: Counter[Element] = Counter()
        self._is_unfolded = False

    def through(self, root: Element) -> None:
        """Without recursion: pages nest as deep as they like."""
        stack: list[tuple[Element, Iterator[Element]]] = []
        self._open(root)
        stack.append((root, iter(root)))
        while stack:
            element, children = stack[-1]
            inner = next(children, None)
            if inner is None:
                stack.pop()
                self._close(element)
            elif is_unread(inner) or self._took_whole(inner):
                self._add(inner.tail)
            elif name_of(inner) == "math":
                self._buffer.append(on_one_line(inner))
                self._add(inner.tail)
            elif name_of(inner) == "sup" and not len(inner):
                self._buffer.append(raised(inner.text or ""))
                self._add(inner.tail)
            else:
                self._open(inner)
                stack.append((inner, iter(inner)))

    def _open(self, element: Element) -> None:
        is_block = name_of(element) in BLOCKS
        if is_block:
            self._end_block()
        self._contexts.append(_entered(element, self._contexts[-1], is_block))
        if name_of(element) == "br":
            self._buffer.append("\n")
        if name_of(element) == "li":
            self._buffer.append(self._number(element))
        self._add(element.text)

    def _close(self, element: Element) -> None:
        if name_of(element) in BLOCKS:
            self._end_block()
        self._is_unfolded |= name_of(element) == "details"
        self._contexts.pop()
        self._add(element.tail)

    def _number(self, item: Element) -> str:
        """The number that a reader sees before an item of a numbered list."""
        holder = item.getparent()
        if holder is None or name_of(holder) != "ol":
            return ""
        start = str(holder.get("start") or "1")
        before = self._items[holder]
        self._items[holder] += 1
        return f"{(int(start) if start.lstrip('-').isdigit() else 1) + before}. "

    def _add(self, text: str | None) -> None:
        if text:
            self._buffer.append(text if self._contexts[-1].verbatim else _WHITE.sub(" ", text))

    def _end_block(self) -> None:
        """What was gathered, as blocks of the current kind: blank lines part them, as readers see it."""
        context, text = self._contexts[-1], "".join(self._buffer)
        self._buffer.clear()
        for part in _BLANK_LINE.split(text):
            words = part.strip("\n") if context.verbatim else _clean(part)
            if words.strip(" .•0123456789") or (words.strip() and context.role is not Role.LIST):
                self._take(_piece(words, context))

    def _take(self, piece: Piece) -> None:
        """Add a piece; the first behind what can be folded away stands no more under the heading of that."""
        ends = self._is_unfolded and piece.role is not Role.HEADING
        self.pieces.append(replace(piece, level=FOLDED) if ends else piece)
        self._is_unfolded = False

    def _took_whole(self, element: Element) -> bool:
        """A table row without blocks of its own in its cells is one block, cells separated by tabs; so is a term with
        what a list tells of it."""
        if name_of(element) == "dl":
            return self._took_terms(element)
        if name_of(element) != "tr" or not _is_plain_row(element):
            return False
        self._end_block()
        context = _entered(element, self._contexts[-1], is_block=True)
        cells = [_in_line(cell) for cell in element if name_of(cell)]
        text = "\t".join(cells).strip()
        if text:
            self._take(replace(_piece(text, context), cells=_cells_of(element, cells)))
        return True

    def _took_terms(self, listed: Element) -> bool:
        told = [one for one in below(listed, "dt", "dd") if not is_unread(one)]
        context = _entered(listed, self._contexts[-1], is_block=True)
        if context.role is not Role.BODY or not all(map(_is_plain, told)) or not _begin_with_terms(told):
            return False
        self._end_block()
        for items in _by_terms(told):
            terms = ", ".join(filter(None, (_in_line(one) for one in items if name_of(one) == "dt")))
            meanings = "\n".join(filter(None, (_in_line(one) for one in items if name_of(one) == "dd")))
            gap = "\n" if terms.endswith("?") else " " if terms.endswith(":") else ": "
            text = gap.join(filter(None, (terms, meanings)))
            if text:
                self._take(_piece(text, replace(context, role=Role.LIST)))
        return True


def _by_terms(told: Sequence[Element]) -> list[list[Element]]:
    """The terms that stand over one meaning, or several, with these."""
    groups: list[list[Element]] = []
    for before, one in zip([None, *told], told, strict=False):
        if name_of(one) == "dt" and (before is None or name_of(before) != "dt"):
            groups.append([])
        groups[-1].append(one)
    return groups


def _begin_with_terms(told: Sequence[Element]) -> bool:
    return len(told) > 1 and name_of(told[0]) == "dt" and any(name_of(one) == "dd" for one in told)


def _is_plain(element: Element) -> bool:
    """Whether a term or a meaning is one text, and not several, or a list of its own."""
    return _paragraphs(element) < 2 and not any(name_of(one) in BLOCKS - {"p"} for one in element.iterdescendants())


def _in_line(element: Element) -> str:
    return " ".join(_words(element).split())


def _entered(element: Element, above: _Context, is_block: bool) -> _Context:
    voice = voice_of(element, above.voice)
    speaker = above.speaker
    if voice is Role.COMMENT and (above.voice is not Role.COMMENT or is_block):
        speaker = speaker_of(element, speaker)
    if not is_block:
        return _Context(voice=voice, role=above.role, level=above.level, verbatim=above.verbatim, speaker=speaker)
    verbatim = above.verbatim or name_of(element) == "pre"
    if voice is not Role.BODY:
        return _Context(voice=voice, role=voice, verbatim=verbatim, speaker=speaker)
    if is_heading(element):
        return _Context(role=Role.HEADING, level=int(name_of(element)[1]), verbatim=verbatim)
    if name_of(element) == "summary" or above.level == FOLDED:
        return _Context(role=Role.HEADING, level=FOLDED, verbatim=verbatim)
    return _Context(role=ROLES.get(name_of(element), Role.BODY), verbatim=verbatim)


def _piece(words: str, context: _Context) -> Piece:
    speaker = context.speaker if context.role is Role.COMMENT else None
    return Piece(text=words, role=context.role, level=context.level, speaker=speaker)


def _clean(text: str) -> str:
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _is_plain_row(row: Element) -> bool:
    """Not the row of a layout table, which holds whole texts."""
    if next(below(row, *_OPEN_LISTS), None) is not None:
        return False
    if sum(1 for _ in below(row, "br")) > _MOST_BREAKS or any(_paragraphs(cell) > 1 for cell in row):
        return False
    return child(row, "td") is not None or child(row, "th") is not None


def _cells_of(row: Element, texts: list[str]) -> Cells:
    held = [cell for cell in row if name_of(cell)]
    return Cells(
        texts=tuple(texts),
        table=holder(row, "table"),
        names_columns=bool(held) and all(name_of(cell) == "th" for cell in held),
        spans=tuple(
            (
                span_in(cell.get("colspan"), most=_MOST_SPANNED),
                span_in(cell.get("rowspan"), most=_MOST_SPANNED),
            )
            for cell in held
        ),
    )


def _paragraphs(cell: Element) -> int:
    return sum(1 for _ in below(cell, "p")) if name_of(cell) else 0


def _words(element: Element) -> str:
    """The text of a cell; a block or a line break in it is a space."""
    if is_unread(element):
        return ""
    parts = [element.text or ""]
    for inner in element:
        gap = " " if name_of(inner) in BLOCKS or name_of(inner) == "br" else ""
        parts.extend((gap, _words(inner), gap, inner.tail or ""))
    return "".join(parts)
