"""The blocks of a plain text, found by its blank lines, indents and repeats.

Knows nothing of files and gives no roles but those that the shape of the lines shows. The rules are general; none is
made for one document.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import regex

from rag.documents.boilerplate import is_boilerplate
from rag.documents.front_matter import is_byline, is_date_line
from rag.documents.voices import header_name, is_comment_heading, is_quoted
from rag.domain import Block, Role

UNWRAPPED = 120
"""A line longer than this was not wrapped by hand (mail and text files wrap at 60 to 100 columns)."""

NARROWEST_WRAP = 60
"""Nobody wraps prose below this, so a break after a shorter line is meant."""

BULLET = r"(?:[•▪●◦‣⁃·*–—\-]|o(?=\s{2}))"
_MARKER = regex.compile(rf"\s*(?:{BULLET}|\(?\d{{1,3}}[.)]|\(?[a-zA-Z][.)])\s+(?=\S)")
_NUMBERED = regex.compile(r"\s*\(?(\d{1,3})[.)]\s+\S")
_AMOUNT = regex.compile(r"\s*\d[\d.,/]*\s*\p{L}")  # "80 g butter": lists need no bullets
_SENTENCE_END = regex.compile(r"[.!?。！？।॥؟][\"'”’»)\]]*$")
_LETTERS = regex.compile(r"\p{L}")
_FEWEST_CAPITALS = 6
_CELLS = regex.compile(r"\S *\t+\s*\S|\S {3,}\S.*\S {3,}\S")
_FIELD = regex.compile(r"\s*\p{Lu}[\p{L}-]{1,15}:\s")
_ADDRESS = regex.compile(r"https?://[^\s()<>]++|\]\([^\s()]++\)")
_UNDERLINE = regex.compile(r"\s*(?:=|-|~|\*|_|#|\+){3,}\s*")


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()

    @property
    def width(self) -> int:
        return len(self.text.rstrip())

    @property
    def width_of_words(self) -> int:
        """Without what no editor wraps: an address may be longer than a line."""
        return len(_ADDRESS.sub("", self.text.rstrip())) if self.width > UNWRAPPED else self.width

    @property
    def is_item(self) -> bool:
        return is_item(self.text)

    @property
    def is_in_capitals(self) -> bool:
        """Whether it is a headline in capitals, which belongs to nothing below it."""
        text = self.text.strip()
        return text.isupper() and len(_LETTERS.findall(text)) >= _FEWEST_CAPITALS and not text.endswith((".", ":", ","))

    @property
    def is_row(self) -> bool:
        return self.text.count("|") >= 2 or (not self.is_item and bool(_CELLS.search(self.text.strip())))


def text_blocks(text: str, *, is_markup: bool = False) -> list[Block]:
    """The blocks of a plain text: runs of lines without a blank line between them.

    Inside a run a new block begins at a list item, at an unwrapped line, at a repeat of the line before,
    at a line that names who speaks or is page furniture, and where quoted lines or table rows begin or end. In a
    language of markup a line end is none of a paragraph, however long the lines are.
    """
    blocks: list[Block] = []
    for run in _runs_of_lines(text):
        for piece in _pieces_of_run(run, is_markup=is_markup):
            blocks.append(Block(start=piece[0].start, end=piece[-1].end, role=_role_by_shape(piece)))
    return blocks


def _role_by_shape(piece: list[_Line]) -> Role | None:
    if len(piece) > 1 and all(line.is_row for line in piece):
        return Role.TABLE
    if any(line.width >= NARROWEST_WRAP or ends_sentence(line.text.rstrip()) for line in piece):
        return None
    amounts = sum(_AMOUNT.match(line.text) is not None for line in piece)
    return Role.LIST if amounts >= 2 and amounts * 2 >= len(piece) else None


def _runs_of_lines(text: str) -> Iterator[list[_Line]]:
    run: list[_Line] = []
    for line in _lines(text):
        if line.is_blank:
            if run:
                yield run
            run = []
        else:
            run.append(line)
    if run:
        yield run


def _lines(text: str) -> Iterator[_Line]:
    position = 0
    for line in text.splitlines(keepends=True):
        yield _Line(position, position + len(line), line)
        position += len(line)


def _pieces_of_run(run: list[_Line], *, is_markup: bool) -> Iterator[list[_Line]]:
    width = max(NARROWEST_WRAP, *(line.width_of_words for line in run))
    if is_markup:
        width = min(width, UNWRAPPED)
    piece = [run[0]]
    for before, line in pairwise(run):
        if _begins_block(before, line, run[0], width):
            yield piece
            piece = []
        piece.append(line)
    yield piece


def _begins_block(before: _Line, line: _Line, first: _Line, width: int) -> bool:
    if before.is_row or line.is_row:
        return not (before.is_row and line.is_row)
    if line.text.strip() == before.text.strip() or is_quoted(line.text) != is_quoted(before.text):
        return True
    if width > UNWRAPPED:
        return not _goes_on(before, line)
    if before is first and before.is_in_capitals and not line.is_in_capitals and not is_underline(line.text):
        return True
    if is_underline(line.text) or (_FIELD.match(before.text) and _FIELD.match(line.text)):
        return False
    room_was_left = before.width_of_words + 1 + len(line.text.split()[0]) <= width
    if line.is_item:
        return first.is_item or room_was_left or before.text.rstrip().endswith((":", ";"))
    sentence_ended = ends_sentence(before.text.rstrip())
    return (room_was_left and (_stands_alone(line) or _announces(before))) or (
        sentence_ended and is_boilerplate(line.text)
    )


def _goes_on(before: _Line, line: _Line) -> bool:
    """Whether a line ends in the middle of a sentence, and the next one goes on with it."""
    return (
        before.width >= NARROWEST_WRAP and not ends_sentence(before.text.rstrip()) and line.text.lstrip()[0].islower()
    )


def _stands_alone(line: _Line) -> bool:
    return _announces(line) or is_boilerplate(line.text) or is_comment_heading(line.text)


def _announces(line: _Line) -> bool:
    return header_name(line.text) is not None or is_date_line(line.text) or is_byline(line.text)


def is_item(text: str) -> bool:
    """Whether it begins as an item of a list does: with a bullet, a number or a letter."""
    return _MARKER.match(text) is not None


def number_of(text: str) -> int | None:
    """The number that an item, or a heading, begins with: 3 of "3. Sign the book."."""
    numbered = _NUMBERED.match(text)
    return int(numbered[1]) if numbered else None


def without_marker(text: str) -> str:
    """An item without its bullet, number or letter; any other text as it is."""
    marker = _MARKER.match(text)
    return text[marker.end() :] if marker else text


def is_underline(text: str) -> bool:
    """Whether it is a line of strokes, as stands under a heading."""
    return _UNDERLINE.fullmatch(text) is not None


def ends_sentence(text: str) -> bool:
    """Whether it ends as a sentence does, whatever closes behind the full stop."""
    return _SENTENCE_END.search(text) is not None
