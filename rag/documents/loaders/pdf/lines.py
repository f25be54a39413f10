"""Pieces that stand beside one another become one line; lines from right to left are put in reading order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

from rag.documents.loaders.pdf.characters import SPACE, TAB, Line
from rag.documents.loaders.pdf.pdfium import Character
from rag.documents.loaders.pdf.scripts import MARKER, is_left_to_right, is_right_to_left, runs_left

_BESIDE = 0.5
"""Of the lower one's height, what two pieces share that stand on one line."""

_CELL = 1.3
"""Of the height: the gap between two cells of a table."""

_WORD = 0.12
"""Of the height: the narrowest gap between two words."""

_MIRRORED = dict(zip("()[]{}«»<>", ")(][}{»«><", strict=True))
_ALEFS = "اأإآ"

_Item = TypeVar("_Item")


def lines_of(pieces: Sequence[Line], *, tagged: bool) -> list[Line]:
    """Lines from top to bottom. Inside one tag the pieces keep their order, as a paragraph over two columns needs, and
    wide gaps do not part cells: a cell has a tag of its own."""
    rows: list[list[Line]] = []
    for piece in pieces if tagged else sorted(pieces, key=lambda piece: piece.top + piece.bottom):
        if rows and _is_beside(rows[-1][0], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [_line(row, has_cells=not tagged) for row in rows]


def _is_beside(one: Line, other: Line) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared > _BESIDE * min(one.height, other.height)


def _line(row: list[Line], *, has_cells: bool) -> Line:
    if len(row) == 1 and not runs_left(row[0].text):
        return row[0]
    row.sort(key=lambda piece: piece.left, reverse=runs_left("".join(piece.text for piece in row)))
    cells = [list(row[0].characters)]
    for before, piece in pairwise(row):
        gap = max(piece.left - before.right, before.left - piece.right)
        if has_cells and gap > _CELL * max(before.height, piece.height) and _may_be_cell(before):
            cells.append([])
        elif gap > _WORD * before.height:
            cells[-1].append(SPACE)
        cells[-1].extend(piece.characters)
    ordered = [_in_reading_order(cell) if runs_left(_text(cell)) else cell for cell in cells]
    characters = [character for cell in ordered for character in (TAB, *cell)][1:]
    return Line(characters, all(piece.bold for piece in row), len(cells), row[0].tag)


def _text(characters: Iterable[Character]) -> str:
    return "".join(character.text for character in characters)


def _may_be_cell(piece: Line) -> bool:
    return len(piece.text) > 3 and not MARKER.match(piece.text + " ")


def _in_reading_order(characters: Iterable[Character]) -> list[Character]:
    """A line from right to left: PDFium's words, with their order and that of their letters by where they stand."""
    words = sorted(_words(characters), key=lambda word: -max(letter.right for letter in word))
    ordered = _turned((_keeps_direction(word), _letters(word)) for word in words)
    return [letter for word in ordered for letter in (SPACE, *word)][1:]


def _words(characters: Iterable[Character]) -> list[list[Character]]:
    words: list[list[Character]] = [[]]
    for character in characters:
        if character.text not in " \t":
            words[-1].append(character)
        elif words[-1]:
            words.append([])
    return [word for word in words if word]


def _is_foreign(word: list[Character]) -> bool:
    return not any(is_right_to_left(character.text) for character in word)


def _keeps_direction(word: list[Character]) -> bool:
    return _is_foreign(word) and any(is_left_to_right(character.text) for character in word)


def _letters(word: list[Character]) -> list[Character]:
    if _is_foreign(word):
        return _foreign(sorted(word, key=lambda letter: letter.left))
    word = sorted(word, key=lambda letter: -letter.left - letter.right)
    found: list[Character] = []
    for letter in _turned((_is_run(word, i), letter) for i, letter in enumerate(word)):
        # PDFium gives the ligature of lam and alef as two letters in one box, the wrong way round.
        if found and letter.text == "ل" and found[-1].text in _ALEFS and found[-1][2:] == letter[2:]:
            found.insert(-1, letter)
        else:
            found.append(_mirrored(letter))
    return found


def _foreign(word: list[Character]) -> list[Character]:
    """A word that keeps its direction; the points and brackets at its ends go the way of the line."""
    first = next((i for i, letter in enumerate(word) if is_left_to_right(letter.text)), len(word))
    last = next((i for i in range(len(word), first, -1) if is_left_to_right(word[i - 1].text)), first)
    before, after = word[last:], word[:first]
    return [*map(_mirrored, reversed(before)), *word[first:last], *map(_mirrored, reversed(after))]


def _mirrored(letter: Character) -> Character:
    return letter._replace(text=_MIRRORED.get(letter.text, letter.text))


def _is_run(word: Sequence[Character], i: int) -> bool:
    """Whether a letter keeps its direction: so do digits and what stands between two of them."""
    around = "".join(letter.text for letter in word[max(0, i - 1) : i + 2])
    if is_left_to_right(word[i].text):
        return True
    return len(around) == 3 and around[0].isdigit() and around[2].isdigit() and not is_right_to_left(around[1])


def _turned(items: Iterable[tuple[bool, _Item]]) -> list[_Item]:
    """Items from right to left, but runs of those that keep their direction from left to right."""
    ordered: list[_Item] = []
    run: list[_Item] = []
    for keeps_direction, item in items:
        if keeps_direction:
            run.append(item)
        else:
            ordered.extend([*reversed(run), item])
            run = []
    return [*ordered, *reversed(run)]
