"""Chroma's vector files as they lie on the disk: are they whole, and which of them can be given up for nothing.

Chroma writes them in place, so a kill may leave them half written, and it ends the whole process on some damage: they
are looked at before it opens them. Of an index that was closed in order a seal holds their checksums; of one that was
killed the graph itself is gone through. Knows the files and the two tables that tell whose they are, not Chroma.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sqlite3
import struct
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.home import write_whole
from rag.index.lexical import checksum_of

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]
Stamps = dict[str, tuple[int, int, int]]
"""Checksum, size and time in nanoseconds, by the name of a file below Chroma's folder."""

LOST = "vectors-lost"
"""The file that says that vectors are being made anew: until it is gone they are not all there."""

SEAL = "vectors.json"
"""The checksums of the vector files, there while the index is closed and was closed in order."""

_NAMES = "index_metadata.pickle"
_HEADER, _LEVEL0, _LENGTHS, _LINKS = "header.bin", "data_level0.bin", "length.bin", "link_lists.bin"
_LAYOUT = struct.Struct("<i6Q2i3QdQ")
_PIECE = 1 << 20
"""Bytes that are looked at together."""
_AT_ONCE = 8_192
"""Elements that are looked at together: some 15 MB."""


UNREADABLE = (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, struct.error, pickle.PickleError)
"""What reading files raises that are not what they should be."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The vectors of one collection: files in a folder of their own, once there are enough of them. `is_saved` says
    that Chroma counts on the files: what stands in them it has struck from its log."""

    folder: Path
    collection: str
    is_saved: bool

    @property
    def has_lengths(self) -> bool:
        """Whether its vectors are compared by their angle, as a second embedder's are, which may be of any length: only
        then are their lengths written."""
        return self.collection.startswith("vectors-")

    @property
    def has_names(self) -> bool:
        return (self.folder / _NAMES).is_file()


@dataclass(frozen=True, slots=True)
class _Header:
    """The header of hnswlib's files as Chroma writes them: where links, vectors and labels stand in an element."""

    version: int
    links: int
    room: int
    count: int
    size: int
    label: int
    vector: int
    top_level: int
    entry: int
    upper_links: int
    level0_links: int
    links_wanted: int
    scale: float
    effort: int


def segments(chroma: Path) -> list[Segment]:
    """The vectors of every collection; none where the database cannot be read, which Chroma will tell."""
    if not (chroma / "chroma.sqlite3").is_file():
        return []
    query = (
        "SELECT s.id, c.name, (SELECT count(*) FROM max_seq_id m WHERE m.segment_id = s.id) "
        "FROM segments s JOIN collections c ON c.id = s.collection WHERE s.scope = 'VECTOR'"
    )
    try:
        with closing(sqlite3.connect(chroma / "chroma.sqlite3")) as database:
            return [Segment(chroma / key, name, bool(saved)) for key, name, saved in database.execute(query)]
    except sqlite3.Error:
        return []


def clear_unsaved(chroma: Path) -> None:
    """Delete half-written files that Chroma does not count on yet: all of it still stands in its log, and it makes
    them anew from there."""
    for segment in segments(chroma):
        if not segment.is_saved and (segment.has_names or not _is_new(segment.folder)):
            shutil.rmtree(segment.folder)


def broken(chroma: Path, sealed: Mapping[str, int] | None) -> tuple[list[Segment], Stamps]:
    """The segments whose vectors cannot be used, and the stamps of the files of the others. `sealed` are the checksums
    that `write_seal` noted; None where the index was not closed in order."""
    found: list[Segment] = []
    stamps: Stamps = {}
    for segment in segments(chroma):
        if not segment.is_saved:
            continue
        try:
            here = _stamps(segment.folder) if segment.has_names else {}
            is_whole = bool(here) and (_is_sound(segment) if sealed is None else _is_sealed(here, sealed))
        except UNREADABLE:
            is_whole = False
        if is_whole:
            stamps |= here
        else:
            found.append(segment)
    return found, stamps


def forget(segment: Segment) -> None:
    """Delete the files, so that Chroma begins this segment anew from what stands in its log."""
    with closing(sqlite3.connect(segment.folder.parent / "chroma.sqlite3")) as database, database:
        database.execute("DELETE FROM max_seq_id WHERE segment_id = ?", (segment.folder.name,))
    shutil.rmtree(segment.folder, ignore_errors=True)


def read_seal(seal: Path) -> dict[str, int] | None:
    """The checksums of an index that was closed in order."""
    try:
        told = json.loads(seal.read_text())
        return {str(name): int(checksum) for name, checksum in told.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def blank_unused(chroma: Path) -> None:
    """Zeros over all that stands behind the last element of closed files: Chroma keeps room there and writes memory
    that it never set, with whatever the process had in it before, a key of a model's server among it."""
    for segment in segments(chroma):
        with suppress(*UNREADABLE):
            header = _header(segment.folder)
            _blank(segment.folder / _LEVEL0, header.count * header.size)
            _blank(segment.folder / _LENGTHS, header.count * 4)


def _blank(path: Path, start: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        while piece := file.read(_PIECE):
            if any(piece):
                file.seek(-len(piece), os.SEEK_CUR)
                file.write(bytes(len(piece)))


def write_seal(seal: Path, chroma: Path, known: Stamps) -> None:
    """Note the checksums of a closed index, unless what was written since `known` is not whole: a full disk leaves
    such files too."""
    stamps: Stamps = {}
    for segment in segments(chroma):
        if segment.is_saved:
            here = _stamps(segment.folder, known)
            if any(known.get(name) != stamp for name, stamp in here.items()) and not _is_sound(segment):
                return
            stamps |= here
    write_whole(seal, json.dumps({name: checksum for name, (checksum, _, _) in stamps.items()}).encode())


def _stamps(folder: Path, known: Stamps | None = None) -> Stamps:
    found: Stamps = {}
    for path in sorted(folder.iterdir()):
        name, status = f"{folder.name}/{path.name}", path.stat()
        before = (known or {}).get(name)
        if before is not None and before[1:] == (status.st_size, status.st_mtime_ns):
            found[name] = before
        else:
            found[name] = checksum_of(path), status.st_size, status.st_mtime_ns
    return found


def _is_sealed(stamps: Stamps, sealed: Mapping[str, int]) -> bool:
    return all(sealed.get(name) == checksum for name, (checksum, _, _) in stamps.items())


def _is_new(folder: Path) -> bool:
    """Whether there is nothing yet, or what Chroma begins with: a header of no elements and room for some."""
    if not folder.is_dir():
        return True
    try:
        header = _header(folder)
        sizes = [(folder / name).stat().st_size for name in (_LEVEL0, _LENGTHS, _LINKS)]
    except (OSError, struct.error):
        return False
    return header.count == 0 and sizes == [header.room * header.size, header.room * 4, 0]


def _is_sound(segment: Segment) -> bool:
    """Whether names, vectors and graph fit together, so that Chroma reads all of it and nothing beside it."""
    folder = segment.folder
    header = _header(folder)
    labels = _labels(folder)
    layout = (
        header.links == 0
        and header.vector == 4 + 4 * header.level0_links
        and header.vector < header.label
        and header.size == header.label + 8
        and header.count <= header.room
    )
    if not layout or not labels or max(labels) > header.count * 2**20:
        return False
    if (folder / _LEVEL0).stat().st_size < header.count * header.size:
        return False
    if (folder / _LENGTHS).stat().st_size < header.count * 4:
        return False
    levels = _levels(folder, header)
    return levels is not None and _is_level0_sound(segment, header, labels)


def _header(folder: Path) -> _Header:
    return _Header(*_LAYOUT.unpack((folder / _HEADER).read_bytes()))


class _Plain(pickle.Unpickler):
    """Reads dictionaries, texts and numbers, and runs nothing."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} has no place in it")


def _labels(folder: Path) -> set[int]:
    """The labels of the elements that have a name."""
    with (folder / _NAMES).open("rb") as file:
        told = _Plain(file).load()
    return {int(label) for label in told["id_to_label"].values()}


def _is_level0_sound(segment: Segment, header: _Header, labels: set[int]) -> bool:
    """Links lead to elements that exist, vectors are of length one where their own length was something, and each named
    element is there once."""
    folder = segment.folder
    elements = np.memmap(folder / _LEVEL0, np.uint8, "r", shape=(header.count, header.size))
    lengths = np.fromfile(folder / _LENGTHS, "<f4", header.count)
    seen = np.zeros(header.count, dtype=np.uint64)
    for start in range(0, header.count, _AT_ONCE):
        some = np.ascontiguousarray(elements[start : start + _AT_ONCE])
        if not _are_linked(some[:, : header.vector], header.level0_links, header.count):
            return False
        vectors = np.ascontiguousarray(some[:, header.vector : header.label]).view("<f4")
        with np.errstate(all="ignore"):
            norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        here = lengths[start : start + _AT_ONCE]
        has_length = np.isfinite(here) & (here > 0) if segment.has_lengths else np.ones(len(some), dtype=bool)
        if not np.all(np.where(has_length, np.abs(norms - 1) < 1e-2, (norms == 0) & (here == 0))):
            return False
        seen[start : start + _AT_ONCE] = np.ascontiguousarray(some[:, header.label :]).view("<u8")[:, 0]
    return bool(seen.min() > 0) and len(np.unique(seen)) == header.count and labels <= set(seen.tolist())


def _are_linked(rows: Bytes, most: int, below: int, levels: npt.NDArray[np.int64] | None = None, at: int = 0) -> bool:
    """Whether rows of links, each after their number, lead to elements `below` a number and at least on level `at`."""
    words = np.ascontiguousarray(rows).view("<u4")
    counts = words[:, 0] & 0xFFFF
    if counts.max(initial=0) > most:
        return False
    targets = words[:, 1:][np.arange(most) < counts[:, None]]
    if targets.max(initial=0) >= below:
        return False
    return levels is None or bool(np.all(levels[targets] >= at))


def _levels(folder: Path, header: _Header) -> npt.NDArray[np.int64] | None:
    """On how many levels above the lowest each element stands; None where the links there lead elsewhere."""
    words = np.fromfile(folder / _LINKS, dtype="<u4")
    row = 1 + header.upper_links
    levels = np.zeros(header.count, dtype=np.int64)
    blocks: list[tuple[int, int]] = []
    at = element = 0
    # Each element: the size of its links in bytes, nearly always nothing, and that many bytes.
    for place in np.flatnonzero(words).tolist():
        if place < at:
            continue
        element += place - at
        size = int(words[place])
        if element >= header.count or size % (4 * row) or place + 1 + size // 4 > len(words):
            return None
        levels[element] = size // (4 * row)
        blocks += [(place + 1 + level * row, level + 1) for level in range(size // (4 * row))]
        at, element = place + 1 + size // 4, element + 1
    is_closed = element + len(words) - at == header.count and 0 <= header.entry < header.count
    if not is_closed or levels.max(initial=0) != header.top_level or levels[header.entry] != header.top_level:
        return None
    for level in range(1, header.top_level + 1):
        starts = np.array([place for place, on in blocks if on == level], dtype=np.int64)
        rows = words[starts[:, None] + np.arange(row)]
        if not _are_linked(rows.view(np.uint8), header.upper_links, header.count, levels, level):
            return None
    return levels
