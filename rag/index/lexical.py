"""Two inverted indexes with BM25 scores: one over stemmed words, one over words and character 4-grams.

A disposable derivative of the store: arrays in memory-mapped files, stamped with the generation of the store they were
made from and with their checksums, and built anew whenever either does not match. While a process runs, it is patched
from what changed.
"""

from __future__ import annotations

import json
import shutil
import zlib
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.domain import Role
from rag.errors import StorageError
from rag.index.inverted import Leg, LegBuilder, Mask, Places, hash_of
from rag.text import terms

LAYOUT = 9
_ROLES = list(Role)
_FACTS = ("roles", "twins", "texts", "shredding")
_WINDOWS = ("windows", "holders")
_PARTS = ("hashes", "offsets", "postings", "impacts", "counts", "lengths")
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
    below zero where it is gone, and these texts are `at` theirs. It is to the bit what `build_index` makes of all,
    as long as those that stay keep their order, and `at` rises."""
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
    """Write the index beside the old one and swap: a kill in between leaves an index without this stamp. Raises
    StorageError where there is no room."""
    temporary = folder.with_name(folder.name + ".new")
    legs = (("words", index.words), ("grams", index.grams))
    arrays = {f"{name}-{part}": getattr(leg, part) for name, leg in legs for part in _PARTS}
    arrays |= {fact: getattr(index, fact) for fact in (*_FACTS, *_WINDOWS)}
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        for name, values in arrays.items():
            np.save(temporary / f"{name}.npy", values)
        sums = {name: checksum_of(temporary / f"{name}.npy") for name in arrays}
        told = {"stamp": stamp, "layout": LAYOUT, "size": index.size, "checksums": sums}
        (temporary / "stamp.json").write_text(json.dumps(told))
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
    except OSError as error:
        # numpy has words of its own for a full disk, and no number.
        raise StorageError(
            f"Cannot write to {folder.parent}: {error.strerror or error}. Nothing is lost: free space and try again."
        ) from error


def checksum_of(path: Path) -> int:
    """CRC-32: finds damage, 2 GB a second; nobody has to be kept from forging what only its owner can write."""
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
    return checksum


def open_index(folder: Path, stamp: str) -> LexicalIndex | None:
    """The index in `folder` if it carries this stamp; None where there is none, another, or a damaged one."""
    try:
        described = json.loads((folder / "stamp.json").read_text())
        if described.get("stamp") != stamp or described.get("layout") != LAYOUT:
            return None
        if any(checksum_of(folder / f"{name}.npy") != told for name, told in described["checksums"].items()):
            return None
        size = int(described["size"])
        words, grams = (_open_leg(folder, name) for name in ("words", "grams"))
        roles, twins, texts, shredding = (np.load(folder / f"{fact}.npy", mmap_mode="r") for fact in _FACTS)
        windows, holders = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in _WINDOWS)
    except Exception:  # whatever is wrong with it, and numpy has many words for that, it can be made anew
        return None
    is_whole = all(
        leg.size == size
        and len(leg.offsets) == len(leg.hashes) + 1
        and leg.offsets[-1] == len(leg.postings) == len(leg.impacts) == len(leg.counts)
        for leg in (words, grams)
    )
    if (
        not is_whole
        or any(len(fact) != size for fact in (roles, twins, texts, shredding))
        or len(windows) != len(holders)
    ):
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


def _open_leg(folder: Path, name: str) -> Leg:
    return Leg(*(np.load(folder / f"{name}-{part}.npy", mmap_mode="r") for part in _PARTS))
