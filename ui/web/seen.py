"""A folder as a user sees it who may not read all of it, or not what others brought along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rag.ingest import Progress, Report
from ui.web.folder import Folder, Indexing
from ui.web.introducing import Introducing
from ui.web.readers import Reader


class SeenFolder(Folder):
    """Its chatbot, its guides and its questions know of no other document than the `reader` may read; the ingest is the
    one of the `whole`, of which they are told what is theirs."""

    def __init__(self, whole: Folder, reader: Reader) -> None:
        super().__init__(whole.settings, whole.bot.seen_by(reader.may_read), reader)
        self._whole = whole
        self._introducing = Introducing(self.bot, self.guide)
        self._introduced: str | None = None

    @property
    def name(self) -> str:
        return self._whole.name

    @property
    def indexing(self) -> Indexing:
        if self.reader.problem is not None:
            return Indexing(problem=self.reader.problem)
        told = self._whole.indexing
        return replace(told, progress=self._told_of(told.progress), report=self._their_own(told.report))

    @property
    def introducing(self) -> Introducing:
        """Made once somebody looks, as users are many."""
        snapshot = self.bot.retriever.snapshot
        if snapshot is self._whole.bot.retriever.snapshot:
            return self._whole.introducing
        if snapshot.generation != self._introduced and not self._whole.indexing.running:
            self._introduced = snapshot.generation
            self._introducing.begin()
        return self._introducing

    def ingest(self, *, use_model: bool = True, again: bool = True) -> Report:
        return self._whole.ingest(use_model=use_model, again=again).only(self.reader.may_read)

    def ingest_beside(self, *, use_model: bool = True, again: bool = True) -> bool:
        return self._whole.ingest_beside(use_model=use_model, again=again)

    def brought_in_line(self, *, use_model: bool = True) -> Iterator[None]:
        return self._whole.brought_in_line(use_model=use_model)

    def close(self) -> None:
        """What is made of it beside the questions ends."""
        self._introducing.close()

    def _told_of(self, progress: Progress | None) -> Progress | None:
        """How many files there are is said to those alone who may read what lies in the folder."""
        if progress is None or self.reader.is_restricted:
            return None
        return replace(progress, failed=(), reading=None)

    def _their_own(self, report: Report | None) -> Report | None:
        return report.only(self.reader.may_read) if report is not None else None
