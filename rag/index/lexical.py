"""Two inverted indexes with BM25 scores: one over stemmed words, one over words and character 4-grams.

A disposable derivative of the store: arrays in memory-mapped files, stamped with the generation of the store they were
made from and with their checksums, and built anew whenever either does not match. Terms are kept
as 64-bit hashes, so that no vocabulary needs loading; two of a million terms collide with a chance of 3e-8.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.domain import Role
from rag.errors import StorageError
from rag.text import terms

Scores = npt.NDArray[np.float32]

LAYOUT = 7
_ROLES = list(Role)
_FACTS = ("roles", "twins", "shredding")
_WINDOWS = ("windows", "holders")
_PARTS = ("hashes", "offsets", "postings", "impacts")
WINDOW_HASH = 32
"""Characters of a window's hash."""

K1, B = 1.2, 0.75
"""BM25's usual constants (Robertson & Zaragoza 2009, The Probabilistic Relevance Framework)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalText:
    """What one paragraph is indexed under: its own text and the title and headings above it. `windows` are the hashes
    of the texts that the store keeps vectors of for it."""

    text: str
    context: str
    role: Role = Role.BODY
    shredding: float = 0.0
    windows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leg:
    """One inverted index: for each term hash a run of (paragraph, BM25 impact) pairs."""

    hashes: npt.NDArray[np.uint64]
    offsets: npt.NDArray[np.int64]
    postings: npt.NDArray[np.int32]
    impacts: npt.NDArray[np.float32]
    size: int

    def scores(self, query: Sequence[str]) -> Scores:
        """The BM25 score of every paragraph, `[size]`, zero where no term of the query stands."""
        scores = np.zeros(self.size, dtype=np.float32)
        for term, times in Counter(query).items():
            run = self._run(term)
            scores[self.postings[run]] += times * self.impacts[run]
        return scores

    def document_frequency(self, term: str) -> int:
        run = self._run(term)
        return int(run.stop - run.start)

    def inverse_document_frequency(self, term: str) -> float:
        """`ln(1 + (N - n + .5) / (n + .5))`, never negative."""
        n = self.document_frequency(term)
        return float(np.log1p((self.size - n + 0.5) / (n + 0.5)))

    def _run(self, term: str) -> slice:
        hashed = np.uint64(_hash(term))
        at = int(np.searchsorted(self.hashes, hashed))
        if at == len(self.hashes) or self.hashes[at] != hashed:
            return slice(0, 0)
        return slice(int(self.offsets[at]), int(self.offsets[at + 1]))


class LegBuilder:
    """Collects the terms of paragraphs, one after the other, and turns them into a Leg."""

    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = {}
        self._terms = array("i")
        self._counts = array("H")
        self._distinct = array("i")
        self._lengths = array("i")

    def add(self, paragraph_terms: list[str]) -> None:
        counted = Counter(paragraph_terms)
        vocabulary = self._vocabulary
        self._terms.extend([vocabulary.setdefault(term, len(vocabulary)) for term in counted])
        self._counts.extend([min(count, 65_535) for count in counted.values()])
        self._distinct.append(len(counted))
        self._lengths.append(len(paragraph_terms))

    def build(self) -> Leg:
        size = len(self._lengths)
        term_ids = np.frombuffer(self._terms, dtype=np.int32) if len(self._terms) else np.zeros(0, np.int32)
        counts = np.frombuffer(self._counts, dtype=np.uint16) if len(self._counts) else np.zeros(0, np.uint16)
        lengths = np.array(self._lengths, dtype=np.float32)
        paragraphs = np.repeat(np.arange(size, dtype=np.int32), np.array(self._distinct, dtype=np.int64))
        hashes = np.array([_hash(term) for term in self._vocabulary], dtype=np.uint64)
        by_hash = np.argsort(hashes)
        place = np.empty(len(hashes), dtype=np.int32)
        place[by_hash] = np.arange(len(hashes), dtype=np.int32)
        order = np.argsort(place[term_ids], kind="stable")
        frequency = np.bincount(place[term_ids], minlength=len(hashes))
        offsets = np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64)
        weight = np.log1p((size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        normal = K1 * (1 - B + B * lengths / max(float(lengths.mean()) if size else 1.0, 1e-9))
        postings = paragraphs[order]
        counted = counts[order].astype(np.float32)
        impacts = np.repeat(weight, frequency) * counted * (K1 + 1) / (counted + normal[postings])
        return Leg(hashes[by_hash], offsets, postings, impacts.astype(np.float32), size)


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalIndex:
    """Both legs over the same paragraphs, in the order they were given, and what else ranking asks of each:
    its role (an index into `list(Role)`), the first paragraph with the same text, and how finely the
    embedder's vocabulary cuts it. `windows` are the hashes of all their windows, sorted, as often as they are held,
    and `holders` the paragraph that holds each."""

    words: Leg
    grams: Leg
    roles: npt.NDArray[np.uint8]
    twins: npt.NDArray[np.int32]
    shredding: npt.NDArray[np.float32]
    windows: npt.NDArray[np.bytes_]
    holders: npt.NDArray[np.int32]

    @property
    def size(self) -> int:
        return self.words.size


def build_index(texts: Iterable[LexicalText], progress: Callable[[int], None] | None = None) -> LexicalIndex:
    words, grams = LegBuilder(), LegBuilder()
    roles, twins, shredding = array("B"), array("i"), array("f")
    first_with: dict[str, int] = {}
    held: list[tuple[bytes, int]] = []
    for i, text in enumerate(texts):
        roles.append(_ROLES.index(text.role))
        twins.append(first_with.setdefault(" ".join(text.text.split()), i))
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
        twins=np.array(twins, np.int32),
        shredding=np.array(shredding, np.float32),
        windows=windows,
        holders=holders,
    )


@lru_cache(maxsize=64)
def _terms_of(text: str) -> tuple[list[str], list[str]]:
    """Stems and grams; remembered, as a text that comes again mostly comes soon, and thousands of times."""
    tokens = terms.written(text)
    return terms.stemmed(tokens), terms.with_grams(tokens)


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
        words, grams = (_open_leg(folder, name, size) for name in ("words", "grams"))
        roles, twins, shredding = (np.load(folder / f"{fact}.npy", mmap_mode="r") for fact in _FACTS)
        windows, holders = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in _WINDOWS)
    except Exception:  # whatever is wrong with it, and numpy has many words for that, it can be made anew
        return None
    is_whole = all(
        len(leg.offsets) == len(leg.hashes) + 1 and leg.offsets[-1] == len(leg.postings) == len(leg.impacts)
        for leg in (words, grams)
    )
    if not is_whole or any(len(fact) != size for fact in (roles, twins, shredding)) or len(windows) != len(holders):
        return None
    return LexicalIndex(
        words=words, grams=grams, roles=roles, twins=twins, shredding=shredding, windows=windows, holders=holders
    )


def _open_leg(folder: Path, name: str, size: int) -> Leg:
    hashes, offsets, postings, impacts = (np.load(folder / f"{name}-{part}.npy", mmap_mode="r") for part in _PARTS)
    return Leg(hashes, offsets, postings, impacts, size)


def _hash(term: str) -> int:
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
