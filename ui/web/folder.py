"""A folder as it is asked: its documents, what is told of them, and how far the ingest is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.answer.guide import MOST_LISTED, Guide, guide_to
from rag.chatbot import Chatbot
from rag.documents.left_out import LeftOut
from rag.domain import Key, Paragraph, Passage
from rag.index.records import Record
from rag.ingest import Progress, Report
from rag.settings import Settings
from ui.web.examples import questions_to
from ui.web.introducing import Introduction
from ui.web.leading import Leading
from ui.web.readers import Reader

_KEPT = 200
"""Documents whose guides are kept, each for its revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexing:
    """How far the ingest of a folder is, or what the last one did. `problem` says why one ended early, or
    what it could not finish. `progress` without one that is `running` is of one that was cut short, in another process
    that shares the index."""

    running: bool = False
    progress: Progress | None = None
    report: Report | None = None
    problem: str | None = None

    @property
    def to_come(self) -> int:
        """Files that are known not to be in yet."""
        return self.progress.to_come if self.progress else 0

    @property
    def so_far(self) -> str | None:
        """What an answer says that is given before all files are in; None where they are, as far as is known."""
        if self.progress is None or not self.to_come:
            return None
        reading = f"; {self.progress.reading} was being read" if self.progress.reading is not None else ""
        return f"{self.progress.files_done:,} of {self.progress.files:,} files had been read by then{reading}."

    @property
    def left_out(self) -> Sequence[LeftOut] | None:
        """The files that no loader reads, as of the last report; None where there is none."""
        return self.report.left_out if self.report else None


class Folder(ABC):
    """What a `reader` sees of a folder, and tells of it to nobody else."""

    def __init__(self, settings: Settings, bot: Chatbot, reader: Reader) -> None:
        self.settings = settings
        self.bot = bot
        self.reader = reader
        self.guide = lru_cache(_KEPT)(self._guide)
        self.questions = lru_cache(_KEPT)(self._questions)
        self.leading = Leading(bot)

    @property
    def key(self) -> str:
        """Names the folder in addresses: part of the hash of its path."""
        return self.settings.index.name

    @property
    def path(self) -> Path:
        return self.settings.documents

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call it."""

    @property
    @abstractmethod
    def indexing(self) -> Indexing:
        """How far the ingest is."""

    @property
    @abstractmethod
    def introduction(self) -> Introduction:
        """What an empty conversation shows."""

    @property
    @abstractmethod
    def is_introducing(self) -> bool:
        """Whether that is being made anew."""

    @abstractmethod
    def ingest(self, *, use_model: bool = True, again: bool = True) -> Report:
        """Bring the index in line with the folder. With `again` false, what could not be read or sent is left alone
        until it changes or somebody wants it. Raises what `Chatbot.ingest` raises."""

    @abstractmethod
    def ingest_beside(self, *, use_model: bool = True, again: bool = True) -> bool:
        """Start an ingest in the background, unless one runs; whether it was started."""

    @abstractmethod
    def brought_in_line(self, *, use_model: bool = True) -> Iterator[None]:
        """Before a question: look at the folder, unless that was done just now, and wait, a step at a time, for what
        changed to be in; not for much of it, but until there is something to ask."""

    @property
    def ids(self) -> frozenset[str]:
        """The documents that are in."""
        return frozenset(record.document_id for record in self.bot.documents)

    def record(self, document_id: str) -> Record | None:
        return next((record for record in self.bot.documents if record.document_id == document_id), None)

    def copies(self, record: Record) -> list[Record]:
        """The other documents whose files hold the very same bytes."""
        same = (one for one in self.bot.documents if one.revision == record.revision)
        return [one for one in same if one.document_id != record.document_id]

    def read(self, document_id: str, first: int, last: int) -> list[Passage]:
        """The paragraphs `first` to `last` of a document, in order; none where it is not in."""
        return self.bot.retriever.passages_of(document_id, range(max(first, 1), last + 1))

    def paragraph(self, document_id: str, number: int) -> Paragraph | None:
        found = self.read(document_id, number, number)
        return found[0].paragraph if found else None

    def paragraph_of(self, key: Key, revision: str) -> Paragraph | None:
        """A paragraph as it stands in a revision of its document; None where that is gone or has changed since."""
        record = self.record(key[0])
        return self.paragraph(*key) if record is not None and record.revision == revision else None

    def _guide(self, record: Record) -> Guide:
        """What a document is, before it is read."""
        return guide_to(self.read(record.document_id, 1, MOST_LISTED), weight_of=self.bot.retriever.rarity)

    def _questions(self, record: Record) -> tuple[str, ...]:
        """What a document answers by itself."""
        return questions_to(self.bot, record)
