"""A folder as a user sees it who may not read all of it, or not what others brought along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rag.ingest import Progress, Report
from ui.web.folder import Folder, Indexing
from ui.web.introducing import Introducing, Introduction
from ui.web.readers import Reader

_UNTOLD = "Not all of the folder could be brought in. Whoever runs this chat is told why."
"""What stopped an ingest names folders and files."""


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
        problem = _UNTOLD if told.problem and self.reader.is_restricted else told.problem
        progress, report = self._told_of(told.progress), self._their_own(told.report)
        return replace(told, progress=progress, report=report, problem=problem)

    @property
    def introduction(self) -> Introduction:
        """Made once somebody looks, as users are many. That of the whole folder is theirs only where it was made of
        the documents that they see now: one made before may tell of what they never might read."""
        whole, snapshot = self._whole.introduction, self.bot.retriever.snapshot
        if whole.generation == snapshot.generation and snapshot is self._whole.bot.retriever.snapshot:
            return whole
        if snapshot.generation != self._introduced and not self._whole.indexing.running:
            self._introduced = snapshot.generation
            self._introducing.begin()
        return self._introducing.introduction

    @property
    def is_introducing(self) -> bool:
        return self._introducing.running or self._whole.is_introducing

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
