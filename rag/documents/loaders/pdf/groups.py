"""The lines of a column become paragraphs.

A new one begins where the type changes, at a list item, after a wide gap, at an indent, or where the line before ended
early though the next word would have fitted. The numbers are shares of the line's height, chosen on the PDFs of
`evals/bench_formats.py`'s silver and gold sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median, median_low

from rag.documents.loaders.pdf.characters import Line
from rag.documents.loaders.pdf.scripts import CUT_WORD, ENDS, MARKER, runs_left

_OTHER_SIZE = 0.055
_LIKE_SIZE = 0.12
_GAP = 1.28  # of the usual pitch of lines of that size
_INDENT = 0.6
_UP = 0.5  # a line that stands higher than the one before it
_SINGLE, _WIDEST_PITCH = 1.45, 1.9
_ROW_PITCH = 2.0
_SHORT = 0.5  # of the column: a line so short ends a paragraph without a full stop too


def paragraphs(lines: Sequence[Line], within: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines of one column, from top to bottom, as paragraphs; `within` are all lines of the column."""
    column = _Column(within)
    current: list[Line] = []
    for line in lines:
        if current and column.begins(line, current):
            yield current
            current = []
        current.append(line)
    if current:
        yield current


class _Column:
    def __init__(self, lines: Sequence[Line]) -> None:
        self._left = min((line.left for line in lines), default=0.0)
        self._right = max((line.right for line in lines), default=0.0)
        self._pitches = [
            (above.height, _pitch(above, below)) for above, below in pairwise(lines) if _are_set_alike(above, below)
        ]

    def begins(self, line: Line, current: list[Line]) -> bool:
        """Whether `line` begins a paragraph after the lines of the current one."""
        before = current[-1]
        if _looks_other(before, line) or MARKER.match(line.text):
            return True
        if before.cells > 1 or line.cells > 1:
            return before.cells == 1 or line.cells == 1 or _pitch(before, line) > _ROW_PITCH * _lower(before, line)
        if self._is_far(line, current):
            return True
        if self._is_centred(before, line) or runs_left(line.text):
            return False
        return _is_indented(line, current) or self._ended_early(before, line)

    def _is_far(self, line: Line, current: list[Line]) -> bool:
        inner = [_pitch(above, below) for above, below in pairwise(current)]
        height, pitch = _lower(current[-1], line), _pitch(current[-1], line)
        return pitch > _GAP * (median(inner) if inner else self._usual_pitch(height)) + 0.5 or pitch < -_UP * height

    def _usual_pitch(self, height: float) -> float:
        alike = [pitch for size, pitch in self._pitches if abs(size - height) < _LIKE_SIZE * height]
        return min(median_low(alike), _WIDEST_PITCH * height) if len(alike) > 2 else _SINGLE * height

    def _is_centred(self, before: Line, line: Line) -> bool:
        height = _lower(before, line)
        off = abs(before.left + before.right - line.left - line.right)
        return off < height and line.left > self._left + 2 * height

    def _ended_early(self, before: Line, line: Line) -> bool:
        """Whether the line before was left though this one's first word would have fitted; never inside a word."""
        if CUT_WORD.search(before.text):
            return False
        height = _lower(before, line)
        word = line.text.split()[0] if line.text.split() else line.text
        width = line.width * len(word) / max(1, len(line.text))
        if before.right + width + 0.3 * height >= self._right - 0.2 * height:
            return False
        is_short = before.right < self._left + _SHORT * (self._right - self._left)
        return is_short or ENDS.search(before.text) is not None


def _pitch(above: Line, below: Line) -> float:
    return below.bottom - above.bottom


def _lower(before: Line, line: Line) -> float:
    return min(before.height, line.height)


def _are_set_alike(above: Line, below: Line) -> bool:
    is_next = 0.6 * above.height < _pitch(above, below) < 2.5 * above.height
    return is_next and abs(above.height - below.height) < _LIKE_SIZE * above.height


def _looks_other(before: Line, line: Line) -> bool:
    return abs(before.height - line.height) > _OTHER_SIZE * max(before.height, line.height) or before.bold != line.bold


def _is_indented(line: Line, current: list[Line]) -> bool:
    """In or out against the paragraph so far; the second line of a list item may go in, to its text."""
    before, step = current[-1], _INDENT * _lower(current[-1], line)
    is_item = MARKER.match(current[0].text) is not None
    if len(current) == 1:
        return line.left < before.left - step if is_item else line.left > before.left + step
    rest = min(other.left for other in current[1:])
    left = rest if is_item else min(rest, current[0].left)
    return line.left > left + step or line.left < rest - step
