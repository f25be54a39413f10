"""Where the words of documents stand on pages, kept in a small file for each revision beside the index.

Knows nothing of Chroma. What is kept here can only show a place, never an answer: a file that is missing or torn means
that no places are known, and is no error.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
import numpy.typing as npt

from rag.documents.layout import Layout, Place, Run
from rag.home import write_whole
from rag.index.records import document_part

_HEAD = b"ibid layout 1\n"
"""What each file begins with: a format of another number is not read."""

_UNITS = 50_000
"""Of a page's width or height, as rectangles are kept: .006 mm on A4, in 16 bits. Ten-thousandths come back exactly."""

_BYTES = 3 * 4 + 4 * 2
"""Of a run: start, end and page in 32 bits, four edges in 16."""


@dataclass(frozen=True, slots=True)
class Layouts:
    """The layouts in a folder, by the prefix of their revision's rows (see `rag.index.records`)."""

    folder: Path

    def write(self, prefix: str, layout: Layout) -> None:
        """Keep a layout in place of what was kept; of one without runs there is no file. Raises OSError."""
        path = self._path(prefix)
        if not layout:
            path.unlink(missing_ok=True)
            return
        self.folder.mkdir(exist_ok=True)
        write_whole(path, _HEAD + zlib.compress(_packed(layout)))

    def read(self, prefix: str) -> Layout:
        """What is kept; an empty layout where nothing is, or nothing that can be read."""
        try:
            data = self._path(prefix).read_bytes()
            return _unpacked(zlib.decompress(data.removeprefix(_HEAD))) if data.startswith(_HEAD) else Layout()
        except (OSError, zlib.error, ValueError):
            return Layout()

    def keep_only(self, prefixes: Collection[str], *, of: Collection[str]) -> None:
        """Delete what is kept of the documents with the prefixes `of`, in any revision, but for these `prefixes`.
        Raises OSError."""
        if not of or not self.folder.is_dir():
            return
        kept = {self._path(prefix).name for prefix in prefixes}
        documents = {document_part(prefix) for prefix in of}
        for path in self.folder.iterdir():
            if path.name not in kept and path.name.partition("-")[0] in documents:
                path.unlink(missing_ok=True)

    def _path(self, prefix: str) -> Path:
        return self.folder / f"{prefix.replace(':', '-')}.layout"


def _packed(layout: Layout) -> bytes:
    spans = np.array([(run.start, run.end, run.place.page) for run in layout.runs], dtype="<u4")
    edges = np.array([_edges(run.place) for run in layout.runs], dtype="<u2")
    # Column by column: neighbours are alike, so the file is half as long.
    return spans.T.tobytes() + edges.T.tobytes()


def _edges(place: Place) -> tuple[int, int, int, int]:
    """The rectangle in units; four zeros where there is none, as no rectangle is without width."""
    if place.rectangle is None:
        return 0, 0, 0, 0
    left, top = (min(max(round(edge * _UNITS), 0), _UNITS - 1) for edge in place.rectangle[:2])
    right, bottom = (min(max(round(edge * _UNITS), 1), _UNITS) for edge in place.rectangle[2:])
    # Rounding leaves no rectangle without width or height.
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _unpacked(data: bytes) -> Layout:
    """Raises ValueError for bytes that are no whole number of runs."""
    count, rest = divmod(len(data), _BYTES)
    if rest:
        raise ValueError(f"{len(data)} bytes are no layout")
    spans = np.frombuffer(data, "<u4", 3 * count).reshape(3, count)
    edges = np.frombuffer(data, "<u2", offset=12 * count).reshape(4, count)
    return Layout(_PackedRuns(spans, edges))


@dataclass(frozen=True, slots=True)
class _PackedRuns(Sequence[Run]):
    """Runs that are made when they are asked for: of the 100,000 words of a book a citation touches thirty. `spans` has
    three rows of integers, `edges` four of units, and a column for each run."""

    spans: npt.NDArray[np.uint32]
    edges: npt.NDArray[np.uint16]

    def __len__(self) -> int:
        return int(self.spans.shape[1])

    @overload
    def __getitem__(self, at: int) -> Run: ...

    @overload
    def __getitem__(self, at: slice) -> list[Run]: ...

    def __getitem__(self, at: int | slice) -> Run | list[Run]:
        if isinstance(at, slice):
            return [self[i] for i in range(len(self))[at]]
        start, end, page = self.spans[:, at].tolist()
        left, top, right, bottom = (self.edges[:, at] / _UNITS).tolist()
        return Run(start=start, end=end, place=Place(page, (left, top, right, bottom) if right else None))
