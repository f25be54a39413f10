"""The words of a page into the cells of its grids."""

from __future__ import annotations

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from rag.documents.loaders.pdf.grids import Cell, Grid
from rag.documents.loaders.pdf.pdfium import Character

_Box: TypeAlias = tuple[float, float, float, float]
_Spot: TypeAlias = tuple[int, Cell]

_BREAK = Character("\n")
_CLOSE = 0.15  # of the height: letters so near are of one word
_CUT = 0.02  # of the words: lines that go through more of them are no borders


@dataclass(frozen=True, slots=True)
class Filled:
    """For each character of a page the number of its grid and its cell there; white space goes with what it follows."""

    characters: Sequence[Character]
    spots: Sequence[_Spot | None]
    cut: Counter[int]

    def cells(self) -> dict[int, dict[Cell, list[Character]]]:
        """The characters of each cell, by the number of its grid. A grid whose lines go through words has none."""
        found: dict[int, dict[Cell, list[Character]]] = defaultdict(lambda: defaultdict(list))
        before: _Spot | None = None
        for character, spot in zip(self.characters, self.spots, strict=True):
            if spot is not None:
                found[spot[0]][spot[1]].extend([character] if spot == before else [_BREAK, character])
            before = spot
        return {number: cells for number, cells in found.items() if self.cut[number] <= _CUT * _word_count(cells)}

    def outside(self, grids: frozenset[int]) -> list[Character]:
        """The characters that are in none of these grids; a line ends where one begins."""
        pairs = zip(self.characters, self.spots, strict=True)
        left = (character if spot is None or spot[0] not in grids else _BREAK for character, spot in pairs)
        return list(left)


def filled(grids: Sequence[Grid], characters: Sequence[Character]) -> Filled:
    """A word is in the cell that its middle is in, however far it goes beyond."""
    places = [{at: cell for cell in grid.cells for at in _parts(cell)} for grid in grids]
    spots: list[_Spot | None] = []
    cut: Counter[int] = Counter()
    spot: _Spot | None = None
    for word in words_of(characters):
        if word[0].text not in " \n":
            found = [_spot(grids, places, character) for character in word]
            spot = found[len(found) // 2]
            cut.update({one[0] for one in found if one is not None} if len(set(found)) > 1 else ())
        spots.extend([spot] * len(word))
    return Filled(characters, spots, cut)


def words_of(characters: Sequence[Character]) -> Iterator[list[Character]]:
    """Letters that touch one another; each white space is a word by itself."""
    word: list[Character] = []
    for character in characters:
        if word and not _touch(word[-1], character):
            yield word
            word = []
        word.append(character)
    if word:
        yield word


def boxes_of(characters: Sequence[Character]) -> list[_Box]:
    """What the words of a page cover."""
    return [
        (min(c.left for c in word), min(c.top for c in word), max(c.right for c in word), max(c.bottom for c in word))
        for word in words_of(characters)
        if word[0].text not in " \n"
    ]


def _touch(one: Character, other: Character) -> bool:
    if one.text in " \n" or other.text in " \n":
        return False
    height = min(one.bottom - one.top, other.bottom - other.top)
    gap = max(other.left - one.right, one.left - other.right)
    return gap < _CLOSE * height and min(one.bottom, other.bottom) > max(one.top, other.top)


def _word_count(cells: dict[Cell, list[Character]]) -> int:
    return sum(sum(1 for word in words_of(some) if word[0].text not in " \n") for some in cells.values())


def _parts(cell: Cell) -> Iterator[tuple[int, int]]:
    return product(range(cell.row, cell.row + cell.height), range(cell.column, cell.column + cell.width))


def _spot(grids: Sequence[Grid], places: Sequence[dict[tuple[int, int], Cell]], character: Character) -> _Spot | None:
    x, y = (character.left + character.right) / 2, (character.top + character.bottom) / 2
    for number, grid in enumerate(grids):
        if grid.xs[0] < x < grid.xs[-1] and grid.ys[0] < y < grid.ys[-1]:
            return number, places[number][bisect(grid.ys, y) - 1, bisect(grid.xs, x) - 1]
    return None
