"""The folders that the chat has open, and the ingest that runs beside each.

A folder opens when somebody first asks for it and stays open; each has its own index and its own lock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import FolderError, IbidError, IndexBusyError
from rag.index.embedding import MiniLM
from rag.index.watch import Watch
from rag.ingest import Progress, Report
from rag.opening import chat_model_of, embedding_of, open_chatbot
from rag.settings import Settings
from ui.web.folder import Folder, Indexing
from ui.web.introducing import Introducing, Introduction
from ui.web.listed import Listed
from ui.web.readers import Reader, Readers
from ui.web.roots import FORBIDDEN, Roots
from ui.web.seen import SeenFolder
from ui.web.who import User

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import LLM


_LONGEST_NAME = 80
_LOOK_AGAIN = 2.0
"""Seconds after which a question has the folder looked at again."""
_PATIENCE = 1.0
"""Seconds that a question waits for that look; what takes longer goes on beside it."""
_STEP = 0.05
_UNASKED = 3.0
"""Seconds between two looks at a folder whose index is on a server, where nobody asks."""
_SHARE = 10
_LONGEST_PAUSE = 60.0
"""Looking, and trying in vain, takes a tenth of the time at most, but for once a minute."""
_MOST_SEEN = 64
"""Users of whom it is remembered what they see; who comes back later has it made anew."""


class OpenFolder(Folder):
    """A folder that can be asked, while an ingest may run beside it: as whoever runs the chat sees it.

    Never more than one ingest runs at a time: a second one waits for the first and then sees what changed since.
    """

    def __init__(
        self,
        settings: Settings,
        embedder: MiniLM,
        llm: LLM | None,
        embedding: BaseEmbedding | None = None,
        *,
        name_of: Callable[[Path], str] = str,
    ) -> None:
        bot = open_chatbot(settings, "chat", wait=2.0, embedder=embedder, llm=llm, embedding=embedding)
        super().__init__(settings, bot, Reader(user=None))
        self._name_of = name_of
        self._indexing = Indexing()
        self._introducing = Introducing(self.bot, self.guide)
        self._seen: dict[Reader, SeenFolder] = {}
        self._seeing = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._beginning = threading.Lock()
        self._looked = -_LOOK_AGAIN
        self._generation: str | None = None
        self._background: threading.Thread | None = None
        self._closing = False
        self._next_look = time.monotonic() + _UNASKED
        self._watch = Watch(self._look_unasked) if settings.chroma_url else None

    @property
    def name(self) -> str:
        return self._name_of(self.path)

    @property
    def indexing(self) -> Indexing:
        own, told = self._indexing, self.bot.in_work
        if told is None or (own.running and own.progress is not None):
            return own
        return replace(own, running=own.running or not self.bot.is_in_charge, progress=told)

    @property
    def introduction(self) -> Introduction:
        return self._introducing.introduction

    @property
    def is_introducing(self) -> bool:
        return self._introducing.running

    def seen_by(self, reader: Reader) -> Folder:
        """The folder as somebody sees it, with what is made and remembered for them alone."""
        if reader.user is None:
            return self
        with self._seeing:
            # The last one to come last: where there are many, who has not come for longest is forgotten.
            seen = self._seen.pop(reader) if reader in self._seen else SeenFolder(self, reader)
            self._seen[reader] = seen
            too_many = [self._seen.pop(next(iter(self._seen))) for _ in range(len(self._seen) - _MOST_SEEN)]
        for one in too_many:
            one.close()
        return seen

    def ingest(
        self, progress: Callable[[Progress], None] | None = None, *, use_model: bool = True, again: bool = True
    ) -> Report:

        def check() -> None:
            if self._closing:
                raise _ClosingError

        def tell(told: Progress) -> None:
            self._indexing = replace(self._indexing, progress=told)
            if progress is not None:
                progress(told)

        with self._one_at_a_time:
            if self._closing:
                raise _ClosingError
            earlier, self._looked = self._indexing.report, time.monotonic()
            unsent = None if again or earlier is None else earlier.unfinished
            self._indexing = Indexing(running=True, report=earlier)
            try:
                report = self.bot.ingest(tell, check, offline=not use_model or unsent is not None, again=again)
                report = replace(report, unfinished=report.unfinished or unsent)
            except IndexBusyError as error:
                # Where another process on the server brings it in line nothing is wrong here.
                self._indexing = Indexing(report=earlier, problem=str(error) if self.bot.may_write else None)
                self._introduce()
                raise
            except IbidError as error:
                self._indexing = Indexing(problem=str(error))
                raise
            except BaseException:
                self._indexing = Indexing(problem="Indexing stopped unexpectedly. Try “Look for changes”.")
                raise
            self._introduce(anew=report.changed)
            self._indexing = Indexing(report=report, problem=report.unfinished)
        return report

    def _introduce(self, *, anew: bool = False) -> None:
        before, self._generation = self._generation, self.bot.retriever.snapshot.generation
        if anew or before != self._generation or not self._introducing.introduction.documents:
            self._introducing.begin()

    def ingest_beside(self, *, use_model: bool = True, again: bool = True) -> bool:
        def quietly() -> None:
            with suppress(IbidError):  # `indexing.problem` tells it
                self.ingest(use_model=use_model, again=again)

        with self._beginning:
            if self._background is not None and self._background.is_alive():
                return False
            self._background = threading.Thread(target=quietly, name="ibid-ingest-beside", daemon=True)
            self._background.start()
        return True

    def brought_in_line(self, *, use_model: bool = True) -> Iterator[None]:
        asked = time.monotonic()
        begun = asked - self._looked > _LOOK_AGAIN and self.ingest_beside(use_model=use_model, again=False)
        while self._is_reading and ((begun and time.monotonic() - asked < _PATIENCE) or not self.bot.documents):
            yield
            if begun and self._background is not None:
                self._background.join(_STEP)
            else:
                time.sleep(_STEP)

    def _look_unasked(self) -> None:
        """Take in what changed, go on with what another process left undone, and try again what failed."""
        begun = time.monotonic()
        if self._is_reading or begun < self._next_look:
            return
        try:
            if self._indexing.problem or self.bot.has_work():
                self.ingest(again=False)
                begun = time.monotonic()  # that was no look
        finally:
            ended = time.monotonic()
            self._next_look = ended + min(max(_UNASKED, (_SHARE - 1) * (ended - begun)), _LONGEST_PAUSE)

    @property
    def _is_reading(self) -> bool:
        return self._indexing.running or (self._background is not None and self._background.is_alive())

    def close(self) -> None:
        """End the ingest under way, of which what was committed stays, and give the index back."""
        self._closing = True
        if self._watch is not None:
            self._watch.end()
        if self._background is not None:
            self._background.join()
        # Whoever began one, nobody writes to the index any more once it is given back.
        with self._one_at_a_time:
            for seen in self._seen.values():
                seen.close()
            self._introducing.close()
            self.bot.close()


class _ClosingError(IbidError):
    """Ends an ingest in the middle."""

    def __str__(self) -> str:
        return "The chat is stopping. What was committed stays; start it again to go on."


class Folders:
    """The folders that may be asked, and those of them that are open.

    These are the one it was started with and the `named` ones, and those that people open beneath the `roots`. One that
    `remembers` also knows those of earlier runs: whoever sits at this machine may go back to them, whoever comes over a
    network was never shown them.
    """

    def __init__(
        self,
        settings: Settings,
        opened: Callable[[OpenFolder], None],
        named: Sequence[Path] = (),
        *,
        remembers: bool = True,
        roots: Roots | None = None,
    ) -> None:
        self._settings = settings
        self._named = (settings.documents, *named)
        self.remembers = remembers
        self.roots = roots or Roots([], home=settings.home)
        self._list = Listed(settings.home)
        self._readers = Readers(settings.readers)
        self._readers.expect_whole()
        self._embedder = MiniLM()
        self._llm = chat_model_of(settings)
        self._embedding = embedding_of(settings)
        self._opened = opened
        self._lock = threading.Lock()
        self._open: dict[str, OpenFolder] = {}
        self.default = settings.index.name
        self._list.begin(path.resolve() for path in self._named)

    def seen_by(self, user: User, key: str | None) -> Folder:
        """The folder of that key as a user may see it now, as `opened` otherwise."""
        return self.opened(key).seen_by(self.reader(user))

    def reader(self, user: User) -> Reader:
        """What a user may read now, in whichever folder."""
        return self._readers.reader(user)

    def opened(self, key: str | None) -> OpenFolder:
        """The open folder of that key, the one the chat was started with where there is none. Opens it if need
        be. Raises FolderError for a key that names no known folder."""
        key = key or self.default
        with self._lock:
            if key not in self._open:
                path = self.known().get(key)
                if path is None:
                    raise FolderError(f"No folder is known as {key}. Open it once with `ibid chat DIR`.")
                settings = self._of(path)
                folder = OpenFolder(settings, self._embedder, self._llm, self._embedding, name_of=self.name_of)
                self._open[key] = folder
                self._opened(folder)
                folder.ingest_beside()
            return self._open[key]

    def known(self) -> dict[str, Path]:
        """Every folder that may be asked and is still there, by key."""
        paths = [path.resolve() for path in self._named]
        paths += [path for path in self._list.paths() if self.remembers or self.roots.holds(path)]
        return {self._of(path).index.name: path for path in dict.fromkeys(paths) if path.is_dir()}

    def given_name(self, path: Path) -> str:
        """The name that somebody gave a folder; empty where nobody did."""
        return self._list.name_of(path.resolve())

    def name_of(self, path: Path) -> str:
        """What people call a folder."""
        return self.given_name(path) or path.name or str(path)

    def may_be_forgotten(self, path: Path) -> bool:
        """Whether it may be taken off the list: not one that the chat was started with."""
        return bool(self.roots) and path not in {one.resolve() for one in self._named}

    def add(self, typed: str, name: str | None = None) -> str:
        """Let a folder beneath the roots be asked, under that name, and one that is known be called so, or as it was;
        returns its key. Raises FolderError for one that may not be."""
        is_known = self.roots and Path(typed) in self.known().values()
        path = (Path(typed) if is_known else self.roots.checked(typed)).resolve()
        name = self._list.name_of(path) if name is None else " ".join(name.split())[:_LONGEST_NAME]
        self._list.put(path, name=name)
        return self._of(path).index.name

    def forget(self, key: str) -> str:
        """Take a folder off the list, and end what is under way in it; it and its index stay as they are. Raises
        FolderError for one that is not known or may not be forgotten."""
        path = self.known().get(key)
        if path is None or not self.may_be_forgotten(path):
            raise FolderError(FORBIDDEN if path else "That folder is off the list already.")
        self._list.take_off(path)
        with self._lock:
            folder = self._open.pop(key, None)
        if folder is not None:
            folder.close()
        return key

    def _of(self, path: Path) -> Settings:
        return self._settings.model_copy(update={"documents": path})

    def close(self) -> None:
        with self._lock:
            for folder in self._open.values():
                folder.close()
            self._open.clear()
