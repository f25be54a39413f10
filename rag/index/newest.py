"""The newest snapshot of a store: whole, or as somebody sees it who may not read all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from rag.index.snapshot import MayRead, Snapshot, open_snapshot
from rag.index.store import Store


class Newest(Protocol):
    @property
    def snapshot(self) -> Snapshot:
        """What a query that begins now sees."""

    def take_up(self) -> None:
        """See from now on what was committed since."""


class Whole:
    """Of all documents, with the lexical index in `folder`."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._folder = store, folder
        self.snapshot = open_snapshot(store, folder)

    def take_up(self) -> None:
        if self.snapshot.generation != self._store.generation:
            self.snapshot = open_snapshot(self._store, self._folder, self.snapshot)


class Seen:
    """Of the documents that somebody may read; made once of each whole one."""

    def __init__(self, whole: Newest, may_read: MayRead) -> None:
        self._whole, self._may_read = whole, may_read
        self._made: tuple[Snapshot, Snapshot] | None = None

    @property
    def snapshot(self) -> Snapshot:
        made, whole = self._made, self._whole.snapshot
        if made is None or made[0] is not whole:
            made = self._made = (whole, whole.narrowed(self._may_read))
        return made[1]

    def take_up(self) -> None:
        self._whole.take_up()
