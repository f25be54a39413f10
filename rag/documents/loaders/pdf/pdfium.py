"""PDFium: a file's pages and their characters. With `tags` the only file that imports pypdfium2.

Everything it says of a place is in points on the page as it is shown, turned and cropped, from its top left corner.
PDFium is not thread-safe: one thread of a process at a time.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import pypdfium2
from pypdfium2 import raw
from regex import compile as pattern

from rag.documents.loaders.pdf.tags import NO_TAGS, Tag, tags_of
from rag.errors import DocumentError

SOFT_HYPHEN = "\u00ad"
"""What PDFium gives as U+0002 or U+FFFE: a hyphen that only the line end asked for."""

_HYPHENS = {0x02, 0xFFFE, 0xAD}
_DEVICE = 1_000_000  # units: fine enough that rounding does not matter
_BOLD_NAME = pattern(rb"(?i)bold|black|heavy|semib|-bd|CMBX")
_BOLD_WEIGHT = 600
_NO_PASSWORD_FITS = 4  # FPDF_ERR_PASSWORD

_DEEPEST = 4  # forms inside forms
_MOST_PATHS, _MOST_SEGMENTS = 3_000, 6_000
"""A page of more is a drawing or a map: reading its lines would take longer than all the rest, and tell no table."""

_MOST_IN_ONE = 400  # segments of a path that is no letter, no drawing
_THIN = 3.0  # points: a filled box so thin is a line
_QUARTER = math.pi / 2

_Box: TypeAlias = tuple[float, float, float, float]
_Matrix: TypeAlias = tuple[float, float, float, float, float, float]


class Character(NamedTuple):
    """One code point; `number` is PDFium's for it, -1 where it was put in by us. Spaces have no size."""

    text: str
    number: int = -1
    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


@contextmanager
def opened(data: bytes) -> Iterator[Any]:
    """The file as PDFium has it. Raises DocumentError where it cannot be opened."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(_reason(error)) from error
    try:
        yield document
    finally:
        document.close()


def _reason(error: pypdfium2.PdfiumError) -> str:
    if getattr(error, "err_code", None) == _NO_PASSWORD_FITS:
        return "needs a password: save a copy without one, and add that"
    return "is damaged: no PDF reader can open it. Export or download it again"


class Picture(NamedTuple):
    """A page as grey dots, a byte each; `stride` bytes a row."""

    data: bytes
    width: int
    height: int
    stride: int


class Colours(NamedTuple):
    """A page in colours, three bytes a dot: blue, green, red; `stride` bytes a row."""

    data: bytes
    width: int
    height: int
    stride: int


def drawn(document: Any, number: int, *, dots_an_inch: int, most: int) -> Colours:
    """A page as it is shown, its forms and notes too, at most so many dots wide and high. Raises DocumentError where
    there is no such page, or it cannot be read."""
    if not 1 <= number <= len(document):
        raise DocumentError(f"ends with page {len(document)}, and has no page {number}")
    try:
        page = document[number - 1]
        scale = min(dots_an_inch / 72, most / max(page.get_size()))
        bitmap = page.render(scale=scale)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(f"page {number} is damaged") from error
    return Colours(bytes(bitmap.buffer), bitmap.width, bitmap.height, bitmap.stride)


class Frame(NamedTuple):
    """A page as somebody sees it who reads text that makes `turn` quarter turns clockwise on it: coordinates count
    from the top left corner that it then has. `width` and `height` are those of the page as shown, in points."""

    width: float
    height: float
    turn: int = 0

    @property
    def depth(self) -> float:
        """From top to bottom for its reader."""
        return self.width if self.turn % 2 else self.height

    def turned(self, box: _Box) -> _Box:
        """A box on the page as shown, as its reader sees it."""
        left, top, right, bottom = box
        if self.turn == 1:
            return top, self.width - right, bottom, self.width - left
        if self.turn == 2:
            return self.width - right, self.height - bottom, self.width - left, self.height - top
        return (self.height - bottom, left, self.height - top, right) if self.turn == 3 else box

    def shown(self, box: _Box) -> _Box:
        """The way back."""
        back = Frame(self.height, self.width, 4 - self.turn) if self.turn % 2 else self
        return back.turned(box)


class Page:
    """One page. `number` counts from 1. Raises DocumentError where the page cannot be read."""

    def __init__(self, document: Any, number: int) -> None:
        self.number = number
        try:
            self._page = document[number - 1]
            self._text = self._page.get_textpage()
        except pypdfium2.PdfiumError as error:
            raise DocumentError(f"page {number} is damaged") from error
        self.width, self.height = self._page.get_size()
        self._raw = self._text.raw
        self._matrix = _to_shown(self._page, self.width, self.height)
        self._rotation = self._page.get_rotation() // 90
        self.tags = tags_of(self._page) if raw.FPDFCatalog_IsTagged(document.raw) else NO_TAGS

    def close(self) -> None:
        self._text.close()
        self._page.close()

    def picture_share(self) -> float:
        """How much of the page its pictures cover, at most 1: a scan is a picture as large as the page."""
        boxes = [
            one.get_bounds() for one in self._page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST)
        ]
        area: float = sum((right - left) * (top - bottom) for left, bottom, right, top in boxes)
        return min(1.0, area / float(self.width * self.height))

    def rules(self) -> list[_Box]:
        """The straight lines drawn on the page, level or upright, as thin boxes: strokes, thin areas, and the edges of
        others. None of a page that holds too many to be one of text."""
        lines: list[_Box] = []
        budget = _Budget(_MOST_PATHS, _MOST_SEGMENTS)
        for path, matrix in self._paths(self._page.raw, _AS_IT_IS, 0, budget):
            lines.extend(self._box(matrix, line) for line in _lines_of(path, budget))
        return [] if budget.is_spent else lines

    def _paths(self, holder: Any, matrix: _Matrix, depth: int, budget: _Budget) -> Iterator[tuple[Any, _Matrix]]:
        """The paths of a page or a form that are painted, with the way from their points to the page's."""
        count, at = (
            (raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject)
            if depth
            else (raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject)
        )
        for index in range(count(holder)):
            one = at(holder, index)
            kind = raw.FPDFPageObj_GetType(one)
            if kind == raw.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
                yield from self._paths(one, _times(_matrix_of(one), matrix), depth + 1, budget)
            elif kind == raw.FPDF_PAGEOBJ_PATH:
                budget.paths -= 1
                yield one, _times(_matrix_of(one), matrix)
            if budget.is_spent:
                return

    def _box(self, matrix: _Matrix, line: _Box) -> _Box:
        """A line where it is shown."""
        whole = _times(matrix, self._matrix)
        (x0, y0), (x1, y1) = _moved(whole, line[0], line[1]), _moved(whole, line[2], line[3])
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    def picture(self, dots_an_inch: int) -> Picture:
        bitmap = self._page.render(scale=dots_an_inch / 72, grayscale=True)
        picture = Picture(bytes(bitmap.buffer), bitmap.width, bitmap.height, bitmap.stride)
        bitmap.close()
        return picture

    def characters(self) -> dict[Frame, list[Character]]:
        """Those on the visible page by the way they are turned, most first, in PDFium's order; `\n` where it ends a
        line, one space for any white space."""
        found: dict[int, list[Character]] = {}
        current, begins = found.setdefault(0, []), True
        for character in self._all():
            if character.text in " \n":
                begins = True
            elif begins:
                # One question a word: nothing turns inside one.
                current, begins = found.setdefault(self._turn_of(character.number), []), False
            current.append(character)
        by_count = sorted(found.items(), key=lambda item: -len(item[1]))
        frames = ((Frame(self.width, self.height, turn), some) for turn, some in by_count)
        return {frame: _seen(frame, some) for frame, some in frames}

    def _all(self) -> Iterator[Character]:
        index, count = 0, raw.FPDFText_CountChars(self._raw)
        unicode, box, rectangle = raw.FPDFText_GetUnicode, raw.FPDFText_GetLooseCharBox, raw.FS_RECTF()
        pointer = ctypes.byref(rectangle)
        while index < count:
            at, code = index, unicode(self._raw, index)
            text = chr(code) if 32 < code < 127 else self._code_point(code, index, count)
            index += 2 if text > "\uffff" else 1
            if text <= " " or text.isspace():
                yield Character("\n" if text in "\r\n" else " ", at)
            elif box(self._raw, at, pointer) and (character := self._shown(text, at, rectangle)) is not None:
                yield character

    def _code_point(self, code: int, index: int, count: int) -> str:
        """The code point at `index`; one outside the first plane takes two of PDFium's characters."""
        if code in _HYPHENS:
            return SOFT_HYPHEN
        if not 0xD800 <= code < 0xE000:
            return chr(code) if code <= 0xFFFF else "\ufffd"
        low = raw.FPDFText_GetUnicode(self._raw, index + 1) if index + 1 < count else 0
        if code < 0xDC00 <= low < 0xE000:
            return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
        return "\ufffd"

    def _shown(self, text: str, index: int, box: Any) -> Character | None:
        """The character where it is shown; None outside the visible page."""
        a, b, c, d, e, f = self._matrix
        x0, y0, x1, y1 = box.left, box.bottom, box.right, box.top
        if b or c:
            left, top, right, bottom = (
                a * x0 + c * y0 + e,
                b * x0 + d * y0 + f,
                a * x1 + c * y1 + e,
                b * x1 + d * y1 + f,
            )
        else:  # upright, as nearly all pages are
            left, top, right, bottom = a * x0 + e, d * y1 + f, a * x1 + e, d * y0 + f
        if left > right:
            left, right = right, left
        if top > bottom:
            top, bottom = bottom, top
        if right <= 0 or bottom <= 0 or left >= self.width or top >= self.height:
            return None
        return Character(text, index, left, top, right, bottom)

    def _turn_of(self, index: int) -> int:
        """Quarter turns clockwise of a character on the page as shown."""
        angle = raw.FPDFText_GetCharAngle(self._raw, index)
        return int((round(angle / _QUARTER) if angle >= 0 else 0) + self._rotation) % 4

    def is_bold(self, index: int) -> bool:
        name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
        raw.FPDFText_GetFontInfo(self._raw, index, name, 128, ctypes.byref(flags))
        return bool(_BOLD_NAME.search(name.value)) or raw.FPDFText_GetFontWeight(self._raw, index) >= _BOLD_WEIGHT

    def is_guessed(self, index: int) -> bool:
        """Whether PDFium put the character in by itself: a space where it saw a gap."""
        return bool(raw.FPDFText_IsGenerated(self._raw, index) == 1)

    def tag_of(self, index: int) -> Tag | None:
        """The tag of a character; None where the tree does not hold it."""
        text = raw.FPDFText_GetTextObject(self._raw, index)
        return self.tags.by_content.get(raw.FPDFPageObj_GetMarkedContentID(text)) if text else None


def _seen(frame: Frame, characters: list[Character]) -> list[Character]:
    if frame.turn == 0:
        return characters
    return [one if one.text in " \n" else Character(*one[:2], *frame.turned(one[2:])) for one in characters]


_AS_IT_IS: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(slots=True)
class _Budget:
    """How many paths, and segments of paths, may still be looked at."""

    paths: int
    segments: int

    @property
    def is_spent(self) -> bool:
        return self.paths < 0 or self.segments < 0


def _lines_of(path: Any, budget: _Budget) -> Iterator[_Box]:
    """The straight lines of a path, in its own points."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    count = raw.FPDFPath_CountSegments(path)
    raw.FPDFPath_GetDrawMode(path, ctypes.byref(fill), ctypes.byref(stroke))
    if count > _MOST_IN_ONE or not (fill.value or stroke.value):
        return
    budget.segments -= count
    for points in _polygons(path, count):
        xs, ys = [x for x, _ in points], [y for _, y in points]
        box = min(xs), min(ys), max(xs), max(ys)
        if min(box[2] - box[0], box[3] - box[1]) <= _THIN:
            yield box
        elif stroke.value or len(points) in (4, 5):
            yield from ((*one, *other) for one, other in pairwise(points) if one[0] == other[0] or one[1] == other[1])


def _polygons(path: Any, count: int) -> Iterator[list[tuple[float, float]]]:
    """The corners of each piece of a path, the first again where it is closed; none of one that has a curve."""
    points: list[tuple[float, float]] = []
    is_straight = True
    x, y = ctypes.c_float(), ctypes.c_float()
    at = ctypes.byref(x), ctypes.byref(y)
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            if len(points) > 1 and is_straight:
                yield points
            points, is_straight = [], True
        is_straight = is_straight and kind != raw.FPDF_SEGMENT_BEZIERTO
        raw.FPDFPathSegment_GetPoint(segment, *at)
        points.append((x.value, y.value))
        if raw.FPDFPathSegment_GetClose(segment) and points[0] != points[-1]:
            points.append(points[0])
    if len(points) > 1 and is_straight:
        yield points


def _matrix_of(one: Any) -> _Matrix:
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(one, ctypes.byref(matrix))
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _times(first: _Matrix, then: _Matrix) -> _Matrix:
    a, b, c, d, e, f = first
    along = [(x * then[0] + y * then[2], x * then[1] + y * then[3]) for x, y in ((a, b), (c, d))]
    return (*along[0], *along[1], *_moved(then, e, f))


def _moved(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _to_shown(page: Any, width: float, height: float) -> _Matrix:
    """From the page's own points to points as it is shown, as PDFium maps three of them."""

    def shown(x: float, y: float) -> tuple[float, float]:
        device_x, device_y = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, _DEVICE, _DEVICE, 0, x, y, ctypes.byref(device_x), ctypes.byref(device_y))
        return device_x.value / _DEVICE * width, device_y.value / _DEVICE * height

    (e, f), (right, down), (up, along) = shown(0, 0), shown(1000, 0), shown(0, 1000)
    return (right - e) / 1000, (down - f) / 1000, (up - e) / 1000, (along - f) / 1000, e, f
