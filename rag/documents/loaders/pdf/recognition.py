"""Text recognition in scanned pages: Tesseract's words, lines and paragraphs. The only file that imports tesserocr,
which comes with the extra `ocr`; the languages are those whose packages (`tessdata-fast-…`) are installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from rag.documents.loaders.pdf.characters import SPACE, Line
from rag.documents.loaders.pdf.joining import Draft, draft_of
from rag.documents.loaders.pdf.pdfium import Character, Frame, Page
from rag.documents.loaders.pdf.scripts import MARKER
from rag.domain import Role

DOTS_AN_INCH = 150
"""More finds no more words on scanned letters and reports."""

_LEAST_SURE = 50.0
"""Of 100, on average over a paragraph: below are the letters that Tesseract sees in photographs."""

_ORIENTATION = "osd"  # not a language


class _Word(NamedTuple):
    text: str
    box: tuple[int, int, int, int]
    line: tuple[int, int, int, int]
    sure: float
    begins_line: bool
    begins_paragraph: bool


def is_available() -> bool:
    """Whether the extra and a language are installed."""
    return _tesseract() is not None


def recognised(page: Page) -> list[Draft]:
    """The paragraphs that a page's picture shows; none where they cannot be told."""
    frame = Frame(page.width, page.height)
    drafts = [_draft(words, page, frame) for words in _paragraphs(_words(page)) if _is_sure(words)]
    if drafts:
        drafts[0].is_first = True
    return drafts


@cache
def _tesseract() -> Any:
    try:
        import tesserocr
    except ImportError:
        return None
    folder = Path(sys.prefix) / "share" / "tessdata"
    languages = sorted(path.stem for path in folder.glob("*.traineddata") if path.stem != _ORIENTATION)
    return tesserocr.PyTessBaseAPI(path=str(folder), lang="+".join(languages)) if languages else None


def _words(page: Page) -> Iterator[_Word]:
    from tesserocr import RIL, iterate_level

    api, picture = _tesseract(), page.picture(DOTS_AN_INCH)
    api.SetImageBytes(picture.data, picture.width, picture.height, 1, picture.stride)
    api.SetSourceResolution(DOTS_AN_INCH)
    api.Recognize()
    found = api.GetIterator()
    for word in iterate_level(found, RIL.WORD) if found is not None else ():
        if word.Empty(RIL.WORD):
            continue
        boxes = word.BoundingBox(RIL.WORD), word.BoundingBox(RIL.TEXTLINE)
        begins = word.IsAtBeginningOf(RIL.TEXTLINE), word.IsAtBeginningOf(RIL.PARA)
        yield _Word(word.GetUTF8Text(RIL.WORD).strip(), *boxes, word.Confidence(RIL.WORD), *begins)


def _paragraphs(words: Iterator[_Word]) -> Iterator[list[_Word]]:
    current: list[_Word] = []
    for word in words:
        if current and word.begins_paragraph:
            yield current
            current = []
        if word.text:
            current.append(word)
    if current:
        yield current


def _is_sure(words: list[_Word]) -> bool:
    return fmean(word.sure for word in words) >= _LEAST_SURE


def _draft(words: list[_Word], page: Page, frame: Frame) -> Draft:
    lines: list[list[_Word]] = []
    for word in words:
        if word.begins_line or not lines:
            lines.append([])
        lines[-1].append(word)
    made = [_line(line) for line in lines]
    draft = draft_of(made, made, page=page.number, frame=frame)
    draft.role = Role.LIST if MARKER.match(draft.text) else Role.BODY
    return draft


def _line(words: list[_Word]) -> Line:
    characters: list[Character] = []
    for word in words:
        characters.extend([SPACE, *_characters(word)] if characters else _characters(word))
    return Line(characters)


def _characters(word: _Word) -> list[Character]:
    """A word's letters share its width; the height is the line's, so that all of it is set alike."""
    points = 72 / DOTS_AN_INCH
    left, _, right, _ = (side * points for side in word.box)
    _, top, _, bottom = (side * points for side in word.line)
    step = (right - left) / len(word.text)
    return [
        Character(letter, -1, left + i * step, top, left + (i + 1) * step, bottom) for i, letter in enumerate(word.text)
    ]
