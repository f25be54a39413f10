"""From files that were read to rows of the index: embedded in groups and committed, while the next are being read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from rag.file_reader import Reading
from rag.index.embedder import Embedder, Vectors
from rag.index.records import Change, Piece
from rag.index.store import Store
from rag.index.windows import Window

T = TypeVar("T")
U = TypeVar("U")

GROUP = 256
"""Windows that are embedded and committed together: few commits, little to lose by a kill."""

_EMBEDDED_AT_ONCE = 2
"""Groups. Two, so that the processors never wait for the end of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Files that go in together: what was read of each, what is to be committed of them, and how many of the vectors
    were made and how many were there."""

    readings: Sequence[Reading]
    changes: Sequence[Change]
    embedded: int
    reused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """`committed` is called after each group that brought something. While a group is embedded, `embedded` is told its
    readings and how many of how many vectors are made, and `check` is called: what it raises ends the work, and what
    was committed stays."""

    store: Store
    embedder: Embedder
    embedded: Callable[[Sequence[Reading], int, int], None] | None = None
    committed: Callable[[], None] | None = None
    check: Callable[[], None] | None = None

    def taken_in(self, readings: Iterable[Reading]) -> Iterator[Group]:
        """The groups as they are in, in the order of the readings."""
        embedding = ahead(_groups(readings), self._embedded, hands=_EMBEDDED_AT_ONCE)
        with closing(embedding), closing(ahead(embedding, self._commit, hands=1)) as done:
            yield from done

    def _embedded(self, readings: Sequence[Reading]) -> Group:
        """The group with vectors for all windows: taken over where the same text is in the index, in whichever
        document."""
        windows = [window for reading in readings for window in _windows(reading)]
        vectors = self.store.vectors_by_hash(list({window.hash for window in windows}))
        fresh = {window.hash: window.text for window in windows if window.hash not in vectors}
        made = self.embedder.vectors(list(fresh.values()), partial(self._step, readings)) if fresh else ()
        vectors.update(zip(fresh, made, strict=True))
        changes = [_change(reading, vectors) for reading in readings if reading.content is not None]
        return Group(readings=readings, changes=changes, embedded=len(fresh), reused=len(windows) - len(fresh))

    def _step(self, readings: Sequence[Reading], done: int, total: int) -> None:
        if self.embedded is not None:
            self.embedded(readings, done, total)
        if self.check is not None:
            self.check()

    def _commit(self, group: Group) -> Group:
        if group.changes:
            self.store.commit(group.changes)
            if self.committed is not None:
                self.committed()
        return group


def _windows(reading: Reading) -> Sequence[Window]:
    return reading.content.windows if reading.content is not None else ()


def _groups(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    """The readings in groups of about GROUP windows."""
    group: list[Reading] = []
    size = 0
    for reading in readings:
        group.append(reading)
        size += reading.vectors
        if size >= GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


def _change(reading: Reading, vectors: Mapping[str, Vectors]) -> Change:
    content = reading.content
    assert content is not None, "what is committed was read"
    pieces = [
        Piece(
            paragraph=window.paragraph,
            part=window.part,
            text_hash=window.hash,
            vector=vectors[window.hash],
            shredding=window.shredding,
        )
        for window in content.windows
    ]
    parsed = content.parsed
    return Change(
        document=parsed.document,
        paragraphs=len(parsed.paragraphs),
        pieces=pieces,
        stamp=reading.stamp,
        warning=parsed.warning,
        layout=parsed.layout,
    )


def ahead(items: Iterable[T], work: Callable[[T], U], *, hands: int) -> Generator[U, None, None]:
    """What `work` makes of each item, in their order; so many are in work at a time while the last one is used and the
    next is fetched. What was begun is brought to its end, also where the caller leaves or an item cannot be had."""
    waiting: deque[Future[U]] = deque()
    with ThreadPoolExecutor(hands, "ibid-ingest") as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > hands:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
