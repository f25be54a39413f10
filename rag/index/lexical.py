"""Two inverted indexes with BM25 scores: one over stemmed words, one over words and character 4-grams.

A disposable derivative of the store: arrays in memory-mapped files, stamped with the generation of the store they were
made from and with their checksums, and built anew whenever either does not match. While a process runs, it is patched
from what changed, and only the segments that are new are written.
"""

from __future__ import annotations

import json
import shutil
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.domain import Role
from rag.errors import StorageError
from rag.index.inverted import Leg, LegBuilder, Mask, Placed, Places, Segment, hash_of
from rag.text import terms

LAYOUT = 14
_ROLES = list(Role)
_FACTS = ("roles", "twins", "texts", "shredding")
_WINDOWS = ("windows", "holders")
_PARTS = ("hashes", "offsets", "postings", "counts", "lengths")
_PLACES = "places"
WINDOW_HASH = 32
"""Characters of a window's hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalText:
    """What one paragraph is indexed under: its own text and the title and headings above it. `windows` are the hashes
    of the texts that the store keeps vectors of for it."""

    text: str
    context: str
    role: Role = Role.BODY
    shredding: float = 0.0
    windows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalIndex:
    """Both legs over the same paragraphs, in the order they were given, and what else ranking asks of each:
    its role (an index into `list(Role)`), the first paragraph with the same text, a hash of that text, and how finely
    the embedder's vocabulary cuts it. `windows` are the hashes of all their windows, sorted, as often as they are held,
    and `holders` the paragraph that holds each."""

    words: Leg
    grams: Leg
    roles: npt.NDArray[np.uint8]
    twins: npt.NDArray[np.int32]
    texts: npt.NDArray[np.uint64]
    shredding: npt.NDArray[np.float32]
    windows: npt.NDArray[np.bytes_]
    holders: npt.NDArray[np.int32]

    @property
    def size(self) -> int:
        return self.words.size

    def narrowed(self, seen: Mask) -> LexicalIndex:
        """As `Leg.narrowed`, both legs; what is told of the others is asked by nobody."""
        return replace(self, words=self.words.narrowed(seen), grams=self.grams.narrowed(seen))


def build_index(texts: Iterable[LexicalText], progress: Callable[[int], None] | None = None) -> LexicalIndex:
    words, grams = LegBuilder(), LegBuilder()
    roles, hashes, shredding = array("B"), array("Q"), array("f")
    held: list[tuple[bytes, int]] = []
    for i, text in enumerate(texts):
        roles.append(_ROLES.index(text.role))
        hashes.append(hash_of(" ".join(text.text.split())))
        shredding.append(text.shredding)
        held += [(window.encode(), i) for window in text.windows]
        of_words, of_grams = _terms_of(f"{text.context}\n{text.text}")
        words.add(of_words)
        grams.add(of_grams)
        if progress is not None and i % 1000 == 0:
            progress(i)
    held.sort()
    windows = np.array([window for window, _ in held], dtype=f"S{WINDOW_HASH}")
    holders = np.array([holder for _, holder in held], dtype=np.int32)
    return LexicalIndex(
        words=words.build(),
        grams=grams.build(),
        roles=np.array(roles, np.uint8),
        twins=_twins(np.array(hashes, np.uint64)),
        texts=np.array(hashes, np.uint64),
        shredding=np.array(shredding, np.float32),
        windows=windows,
        holders=holders,
    )


def patched(old: LexicalIndex, places: Places, texts: Iterable[LexicalText], at: Places) -> LexicalIndex:
    """The index of other paragraphs, without reading those again that are in the old one: each is at its new place,
    below zero where it is gone, and these texts are `at` theirs. What it tells is to the bit what one that
    `build_index` makes of all tells, as long as those that stay keep their order, and `at` rises."""
    added, stays = build_index(texts), places >= 0

    def both(kept: npt.NDArray[Any], new: npt.NDArray[Any]) -> npt.NDArray[Any]:
        whole = np.zeros(int(stays.sum()) + added.size, kept.dtype)
        whole[places[stays]], whole[at] = kept[stays], new
        return whole

    moved = places[old.holders]
    windows = np.concatenate([old.windows[moved >= 0], added.windows])
    holders = np.concatenate([moved[moved >= 0], at[added.holders]]).astype(np.int32)
    order = np.lexsort((holders, windows))
    hashes = both(old.texts, added.texts)
    return LexicalIndex(
        words=old.words.patched(places, added.words, at),
        grams=old.grams.patched(places, added.grams, at),
        roles=both(old.roles, added.roles),
        twins=_twins(hashes),
        texts=hashes,
        shredding=both(old.shredding, added.shredding),
        windows=windows[order],
        holders=holders[order],
    )


def _twins(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """The first place of each text."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int32)


@lru_cache(maxsize=64)
def _terms_of(text: str) -> tuple[list[str], list[str]]:
    """Stems and grams; remembered, as a text that comes again mostly comes soon, and thousands of times."""
    tokens, compounds = terms.written(text), terms.joined(text)
    return [*terms.stemmed(tokens), *compounds], [*terms.with_grams(tokens), *compounds]


def save_index(index: LexicalIndex, folder: Path, stamp: str) -> None:
    """Write the index beside the old one and swap: a kill in between leaves an index without this stamp. A segment that
    is there is not written again. Raises StorageError where there is no room."""
    temporary = folder.with_name(folder.name + ".new")
    arrays: dict[str, npt.NDArray[Any]] = {fact: getattr(index, fact) for fact in (*_FACTS, *_WINDOWS)}
    segments: dict[str, npt.NDArray[Any]] = {}
    for name, leg in _legs(index):
        for placed in leg.segments:
            named = f"{name}-{placed.segment.name}"
            arrays[f"{named}-{_PLACES}"] = placed.places
            segments |= {f"{named}-{part}": getattr(placed.segment, part) for part in _PARTS}
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        before = _described(folder).get("checksums", {})
        sums = {name: before[name] for name in segments if name in before and _linked(folder, temporary, name)}
        for name, values in (arrays | {name: segments[name] for name in segments if name not in sums}).items():
            np.save(temporary / f"{name}.npy", values)
            sums[name] = checksum_of(temporary / f"{name}.npy")
        legs = {name: [placed.segment.name for placed in leg.segments] for name, leg in _legs(index)}
        told = {"stamp": stamp, "layout": LAYOUT, "size": index.size, "legs": legs, "checksums": sums}
        (temporary / "stamp.json").write_text(json.dumps(told))
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
    except OSError as error:
        # numpy has words of its own for a full disk, and no number.
        raise StorageError(
            f"Cannot write to {folder.parent}: {error.strerror or error}. Nothing is lost: free space and try again."
        ) from error


def _legs(index: LexicalIndex) -> tuple[tuple[str, Leg], ...]:
    return ("words", index.words), ("grams", index.grams)


def _linked(folder: Path, temporary: Path, name: str) -> bool:
    """Whether a file of the old index is one of the new one as well."""
    try:
        (temporary / f"{name}.npy").hardlink_to(folder / f"{name}.npy")
        return True
    except OSError:
        return False  # not every file system has links: it is written


def _described(folder: Path) -> dict[str, Any]:
    """What is said of the index in `folder`; nothing where that cannot be read, or is of another layout."""
    try:
        described = json.loads((folder / "stamp.json").read_text())
        return described if described.get("layout") == LAYOUT else {}
    except (OSError, ValueError, AttributeError):
        return {}


def checksum_of(path: Path) -> int:
    """CRC-32: finds damage, 2 GB a second; nobody has to be kept from forging what only its owner can write."""
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
    return checksum


def open_index(folder: Path, stamp: str) -> LexicalIndex | None:
    """The index in `folder` if it carries this stamp; None where there is none, another, or a damaged one."""
    described = _described(folder)
    try:
        if described.get("stamp") != stamp:
            return None
        if any(checksum_of(folder / f"{name}.npy") != told for name, told in described["checksums"].items()):
            return None
        size = int(described["size"])
        words, grams = (_open_leg(folder, name, described["legs"][name], size=size) for name in ("words", "grams"))
        roles, twins, texts, shredding = (_mapped(folder / f"{fact}.npy") for fact in _FACTS)
        windows, holders = (_mapped(folder / f"{name}.npy") for name in _WINDOWS)
    except Exception:  # whatever is wrong with it, and numpy has many words for that, it can be made anew
        return None
    if words is None or grams is None or len(windows) != len(holders):
        return None
    if any(len(fact) != size for fact in (roles, twins, texts, shredding)):
        return None
    return LexicalIndex(
        words=words,
        grams=grams,
        roles=roles,
        twins=twins,
        texts=texts,
        shredding=shredding,
        windows=windows,
        holders=holders,
    )


def _open_leg(folder: Path, leg: str, names: Sequence[str], *, size: int) -> Leg | None:
    """None where the segments do not make up `size` paragraphs."""
    segments = []
    for name in names:
        parts = {part: _mapped(folder / f"{leg}-{name}-{part}.npy") for part in _PARTS}
        segment, places = Segment(**parts, name=name), _mapped(folder / f"{leg}-{name}-{_PLACES}.npy")
        if not segment.is_whole or len(places) != segment.size:
            return None
        segments.append(Placed.at(segment, places))
    held = np.concatenate([one.places[one.stays] for one in segments]) if segments else np.zeros(0, np.int32)
    return Leg.of(segments, size=size) if np.array_equal(np.sort(held), np.arange(size)) else None


def _mapped(path: Path) -> npt.NDArray[Any]:
    try:
        mapped: npt.NDArray[Any] = np.load(path, mmap_mode="r")
    except ValueError:
        mapped = np.load(path)  # an array of nothing cannot be mapped
    return mapped
