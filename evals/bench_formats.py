"""How well files are read, as figures: paragraphs found, words in their place, broken files, encodings, time.

A paragraph counts as found where a block, or a line of one, is like it in nine of ten characters. *Silver* paragraphs
are docling's Markdown of its test files; *gold* ones are the text that PDFs were printed of.
"""

from __future__ import annotations

import ctypes
import gc
import html
import random
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pypdfium2
import regex
from pypdfium2 import raw
from rapidfuzz import fuzz, process

from evals.domain import Interval
from evals.figures import Figure
from evals.foreign import exact
from evals.intervals import wilson
from evals.printed import printed
from evals.summary import Limit
from rag.documents.layout import Rectangle, Run
from rag.documents.loaders.pdf.loading import load_pdf
from rag.documents.parsing import GARBAGE_AFTER
from rag.documents.reading import load
from rag.errors import DocumentError

_ALIKE = 90
_SILVER = {"pdf": (60, 112 / 117), "docx": (40, 91 / 100), "html": (40, 122 / 138)}
"""By kind: characters that a paragraph has at least, and the share to reach."""

_COMPARED = frozenset(
    "multi_page normal_4pages 2305.03393v1-pg9 code_and_formula amt_handbook_sample picture_classification".split()
)
"""The PDFs of which docling's Markdown is fit to compare with."""

_GOLD = 306 / 330
_WORDS, _FILES = 1_500, 20
_MOST_BESIDE = 4  # letters of its neighbours that PDFium finds in a word's rectangle
_BROKEN = 120
_HUNDRED_PAGES = "northwind-pdf/documents/Northwind_Standard_Benefits_Details.pdf"
_SLOWEST = 60.0  # seconds: longer is a hang
_DEVICE = 10_000


def format_figures(data: Path, *, home: Path) -> Iterator[Figure]:
    """Every figure of reading files, from the folder of the public sets."""
    for kind, (least, share) in _SILVER.items():
        value = _found(_silver(data, kind=kind, least=least))
        yield Figure(where=f"docling, {kind}, silver", what="paragraphs found", value=value, limit=Limit(least=share))
    gold = [(_texts(one.path), one.paragraphs) for one in printed(data, home=home / "printed")]
    yield Figure(where="printed PDFs, gold", what="paragraphs found", value=_found(gold), limit=Limit(least=_GOLD))
    yield Figure(
        where="PDFs of all sets",
        what="words read back from their place",
        value=_read_back(data),
        limit=Limit(least=1.0),
    )
    yield from _robust(data)
    yield _seconds(data)
    for key, value in exact(data).items():
        limit = Limit(least=0.98) if key == "all" else None
        yield Figure(where=f"pieces of text, {key}", what="encoding told, text exact", value=value, limit=limit)


def _silver(data: Path, *, kind: str, least: int) -> Iterator[tuple[list[str], list[str]]]:
    """Blocks of each file and the paragraphs of docling's Markdown of it."""
    folder = data / "docparse_docling" / kind
    for path in sorted((folder / "sources").iterdir()):
        names = (folder / "groundtruth" / f"{path.name}.md", folder / "groundtruth" / f"{path.stem}.md")
        markdown = next((name for name in names if name.exists()), None)
        if markdown is not None and (kind != "pdf" or path.stem in _COMPARED):
            yield _texts(path), _paragraphs(markdown.read_text(encoding="utf-8"), least=least)


def _paragraphs(markdown: str, *, least: int) -> list[str]:
    """Lines of Markdown without its marks; no tables, no pictures."""
    lines = (line for line in markdown.split("\n") if not line.strip().startswith(("|", "<!--", "![")))
    plain = (regex.sub(r"^[#\-*\s]+|\*\*|\\|`", "", line) for line in lines)
    texts = (_normal(html.unescape(regex.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line))) for line in plain)
    return [text for text in texts if len(text) > least]


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).replace("\u00ad", "").split())


def _texts(path: Path) -> list[str]:
    """A file's blocks, and the lines of those that have several."""
    loaded = load(path.read_bytes(), name=path.name)
    blocks = [loaded.text[block.start : block.end] for block in loaded.blocks]
    lines = [line for block in blocks if "\n" in block for line in block.split("\n")]
    return [_normal(text) for text in (*blocks, *lines)]


def _found(files: Iterator[tuple[list[str], Sequence[str]]] | Sequence[tuple[list[str], Sequence[str]]]) -> Interval:
    hits = [_is_found(_normal(paragraph), blocks) for blocks, paragraphs in files for paragraph in paragraphs]
    return wilson(sum(hits), n=len(hits))


def _is_found(paragraph: str, blocks: Sequence[str]) -> bool:
    return process.extractOne(paragraph, blocks, scorer=fuzz.ratio, score_cutoff=_ALIKE) is not None


def _read_back(data: Path) -> Interval:
    """Words drawn at random, and whether PDFium finds each inside its rectangle."""
    chance = random.Random(3)
    paths = sorted((*data.glob("docparse_*/**/*.pdf"), *data.glob("northwind-pdf/documents/*.pdf")))
    chance.shuffle(paths)
    hits: list[bool] = []
    files = 0
    for path in paths:
        runs = _runs(path)
        if files < _FILES and len(runs) >= _WORDS // _FILES:
            files += 1
            hits.extend(_are_inside(path, chance.sample(runs, _WORDS // _FILES)))
    return wilson(sum(hits), n=len(hits))


def _runs(path: Path) -> list[tuple[str, Run]]:
    try:
        loaded = load(path.read_bytes(), name=path.name)
    except DocumentError:
        return []
    return [(loaded.text[run.start : run.end], run) for run in loaded.layout.runs]


def _are_inside(path: Path, words: Sequence[tuple[str, Run]]) -> Iterator[bool]:
    document = pypdfium2.PdfDocument(path)
    for word, run in words:
        assert run.place.rectangle is not None
        found = _inside(document, page=run.place.page, rectangle=run.place.rectangle)
        # Each letter is there, in whatever order the script has, and hardly more than the word.
        missing = Counter(_letters(word)) - Counter(_letters(found))
        yield not missing and len(_letters(found)) <= len(_letters(word)) + _MOST_BESIDE
    document.close()


def _letters(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter.isalnum())


def _inside(document: Any, *, page: int, rectangle: Rectangle) -> str:
    opened = document[page - 1]
    left, top, right, bottom = (round(part * _DEVICE) for part in rectangle)
    corners: list[float] = []
    for x, y in ((left, top), (right, bottom)):
        page_x, page_y = ctypes.c_double(), ctypes.c_double()
        at = (ctypes.byref(page_x), ctypes.byref(page_y))
        raw.FPDF_DeviceToPage(opened.raw, 0, 0, _DEVICE, _DEVICE, 0, x, y, *at)
        corners.extend((page_x.value, page_y.value))
    box = min(corners[::2]), min(corners[1::2]), max(corners[::2]), max(corners[1::2])
    text = opened.get_textpage()
    found = str(text.get_text_bounded(*box))
    text.close()
    opened.close()
    return found


def _robust(data: Path) -> Iterator[Figure]:
    """Real files of all kinds and broken PDFs: each has text or a reason, in time."""
    figure = partial(Figure, what="text or a reason, in time", limit=Limit(least=1.0))
    files = [
        path for path in sorted(data.glob("docparse_*/**/*")) if path.is_file() and "groundtruth" not in path.parts
    ]
    fine = [_is_fine(path.read_bytes(), name=path.name) for path in files]
    yield figure(where="files of docparse_*", value=wilson(sum(fine), n=len(fine)))
    broken = [_is_fine(one, name="broken.pdf") for one in _broken(data)]
    yield figure(where="PDFs broken on purpose", value=wilson(sum(broken), n=len(broken)))


def _is_fine(content: bytes, *, name: str) -> bool:
    start = time.monotonic()
    try:
        is_told = bool(load(content, name=name).text.strip())
    except DocumentError as error:
        is_told = "break down" not in str(error)
    return is_told and time.monotonic() - start < _SLOWEST


def _broken(data: Path) -> Iterator[bytes]:
    """PDFs cut off, with bytes changed, pieces left out or doubled."""
    chance = random.Random(5)
    whole = [path.read_bytes() for path in sorted(data.glob("docparse_*/**/*.pdf"))]
    for i in range(_BROKEN):
        content = chance.choice(whole)
        first, second = sorted(chance.randrange(len(content)) for _ in range(2))
        noise = bytearray(content)
        for _ in range(50):
            noise[chance.randrange(len(noise))] = chance.randrange(256)
        cut = content[:second], content[:first] + content[second:], content[:second] + content[first:], bytes(noise)
        yield cut[i % len(cut)]


def _seconds(data: Path) -> Figure:
    """Processor time for 104 pages, in this process, set up as the one that files are read in."""
    content = (data / _HUNDRED_PAGES).read_bytes()
    before = gc.get_threshold()
    gc.set_threshold(GARBAGE_AFTER)
    try:
        spent = [_timed(content) for _ in range(3)]
    finally:
        gc.set_threshold(*before)
    value = Interval(value=min(spent), low=min(spent), high=max(spent), n=len(spent))
    return Figure(where="a PDF of 104 pages", what="processor time", value=value, limit=Limit(most=2.0), unit="s")


def _timed(content: bytes) -> float:
    start = time.process_time()
    assert load_pdf(content).blocks
    return time.process_time() - start
