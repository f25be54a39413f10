"""From a page's characters to pieces of its lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median, median_low

from rag.documents.loaders.pdf.pdfium import Character, Page
from rag.documents.loaders.pdf.scripts import NO_SPACES, is_mark
from rag.documents.loaders.pdf.tags import Tag

SPACE = Character(" ")
TAB = Character("\t")

_FAR = 1.3
"""Of the line's height: a wider gap parts two pieces of a line, since no space between words is that wide."""

_SAME_LINE = 0.25
"""Of the lower one's height, what two characters of a line share (superscripts share little)."""

_TALL = 0.8
"""Of the usual height: lower characters (superscripts) do not say where the line stands."""

_CLOSE = 0.12
"""Of the height: a gap before a vowel sign that is narrower is no space, though PDFium says so (Thai, Hindi)."""


@dataclass(slots=True)
class Line:
    """A line of text or a piece of one. Its height and foot are those of its usual characters.

    `cells` counts what is set far apart on it; `tag` is its place in the author's own structure.
    """

    characters: list[Character]
    bold: bool = False
    cells: int = 1
    tag: Tag | None = None
    text: str = field(init=False)
    left: float = field(init=False)
    right: float = field(init=False)
    top: float = field(init=False)
    bottom: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        self.text = "".join(character.text for character in self.characters)
        sized = [character for character in self.characters if character.right > character.left] or self.characters
        self.left = min(character.left for character in sized)
        self.right = max(character.right for character in sized)
        self.height = median([character.bottom - character.top for character in sized])
        tall = [character for character in sized if character.bottom - character.top > _TALL * self.height] or sized
        self.bottom = median_low([character.bottom for character in tall])
        self.top = self.bottom - self.height

    @property
    def width(self) -> float:
        return self.right - self.left


def pieces_of(page: Page, characters: Iterable[Character]) -> list[Line]:
    """The pieces of lines in the order given: cut at line ends, wide gaps, a change of height on the page, and where
    the author's structure goes from one block to the next."""
    cutting = _Cutting(page)
    for character in characters:
        cutting.add(character)
    cutting.end()
    for line in cutting.lines:
        middle = len(line.characters) // 2
        line.bold = all(page.is_bold(line.characters[i].number) for i in (0, middle, -1))
    return cutting.lines


class _Cutting:
    def __init__(self, page: Page) -> None:
        self.lines: list[Line] = []
        self._page = page
        self._tagged = bool(page.tags.by_content)
        self._current: list[Character] = []
        self._last: Character | None = None
        self._tag: Tag | None = None

    def add(self, character: Character) -> None:
        if character.text == "\n":
            self.end()
        elif character.text == " ":
            if self._current and self._current[-1].text != " ":
                self._current.append(character)
        else:
            self._add_sized(character)

    def _add_sized(self, character: Character) -> None:
        # One question a word: nothing changes its block inside one.
        if self._last is not None and _is_apart(self._last, character):
            self.end()
        if self._tagged and (not self._current or self._current[-1].text == " "):
            self._enter(self._page.tag_of(character.number))
        if len(self._current) > 1 and self._current[-1].text == " ":
            self._drop_false_space(character)
        self._current.append(character)
        self._last = character

    def _enter(self, tag: Tag | None) -> None:
        if self._current and tag != self._tag:
            self.end()
        self._tag = tag

    def _drop_false_space(self, character: Character) -> None:
        before, space = self._current[-2:]
        if not (is_mark(character.text) or is_mark(before.text)):
            return
        gap = (character.left - before.right) / max(character.bottom - character.top, 1)
        # No sign of these scripts ends a word that a space follows, other than a typed one.
        if gap < _CLOSE or (gap < 1 and NO_SPACES.match(before.text) and self._page.is_guessed(space.number)):
            self._current.pop()

    def end(self) -> None:
        while self._current and self._current[-1].text == " ":
            self._current.pop()
        if self._current:
            self.lines.append(Line(self._current, tag=self._tag))
        self._current, self._last = [], None


def _is_apart(last: Character, character: Character) -> bool:
    _, _, last_left, last_top, last_right, last_bottom = last
    _, _, left, top, right, bottom = character
    height, last_height = bottom - top, last_bottom - last_top
    lower, higher = (height, last_height) if height < last_height else (last_height, height)
    gap = left - last_right if left - last_right > last_left - right else last_left - right
    if gap > 1 and gap > _FAR * higher:
        return True
    shared = (bottom if bottom < last_bottom else last_bottom) - (top if top > last_top else last_top)
    return shared < _SAME_LINE * lower
