"""The folders that the chat has open, and the ingest that runs beside each.

A folder opens when somebody first asks for it and stays open; each has its own index and its own lock.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import FolderError, IbidError, IndexBusyError
from rag.index.embedding import MiniLM
from rag.ingest import Progress, Report
from rag.opening import chat_model_of, embedding_of, open_chatbot
from rag.settings import Settings
from ui.web.folder import Folder, Indexing
from ui.web.introducing import Introducing
from ui.web.readers import Reader, Readers
from ui.web.seen import SeenFolder
from ui.web.who import User

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import LLM


_KNOWN = "folders.json"
_LOOK_AGAIN = 2.0
"""Seconds after which a question has the folder looked at again."""
_PATIENCE = 1.0
"""Seconds that a question waits for that look; what takes longer goes on beside it."""
_STEP = 0.05
_MOST_SEEN = 64
"""Users of whom it is remembered what they see; who comes back later has it made anew."""


class OpenFolder(Folder):
    """A folder that can be asked, while an ingest may run beside it: as whoever runs the chat sees it.

    Never more than one ingest runs at a time: a second one waits for the first and then sees what changed since.
    """

    def __init__(
        self, settings: Settings, embedder: MiniLM, llm: LLM | None, embedding: BaseEmbedding | None = None
    ) -> None:
        bot = open_chatbot(settings, "chat", wait=2.0, embedder=embedder, llm=llm, embedding=embedding)
        super().__init__(settings, bot, Reader(user=None))
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

    @property
    def indexing(self) -> Indexing:
        return self._indexing

    @property
    def introducing(self) -> Introducing:
        return self._introducing

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
            except IndexBusyError:
                # On a server another process brings it in line: nothing is wrong here.
                self._indexing = Indexing(report=earlier)
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

    @property
    def _is_reading(self) -> bool:
        return self._indexing.running or (self._background is not None and self._background.is_alive())

    def close(self) -> None:
        """End the ingest under way, of which what was committed stays, and give the index back."""
        self._closing = True
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

    These are the one it was started with and the `named` ones. One that `remembers` also knows those of earlier runs:
    whoever sits at this machine may go back to them, whoever comes over a network was never shown them.
    """

    def __init__(
        self,
        settings: Settings,
        opened: Callable[[OpenFolder], None],
        named: Sequence[Path] = (),
        remembers: bool = True,
    ) -> None:
        self._settings = settings
        self._named = (settings.documents, *named)
        self.remembers = remembers
        self._readers = Readers(settings.readers)
        self._readers.expect_whole()
        self._embedder = MiniLM()
        self._llm = chat_model_of(settings)
        self._embedding = embedding_of(settings)
        self._opened = opened
        self._lock = threading.Lock()
        self._open: dict[str, OpenFolder] = {}
        self.default = settings.index.name
        self._remember()

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
                settings = self._settings.model_copy(update={"documents": path})
                folder = OpenFolder(settings, self._embedder, self._llm, self._embedding)
                self._open[key] = folder
                self._opened(folder)
                folder.ingest_beside()
            return self._open[key]

    def known(self) -> dict[str, Path]:
        """Every folder that may be asked and is still there, by key."""
        paths = [path.resolve() for path in self._named] + (self._earlier() if self.remembers else [])
        return {
            self._settings.model_copy(update={"documents": path}).index.name: path
            for path in dict.fromkeys(paths)
            if path.is_dir()
        }

    def _earlier(self) -> list[Path]:
        try:
            listed = json.loads((self._settings.home / _KNOWN).read_text(encoding="utf-8"))
            return [Path(path) for path in listed]
        except (OSError, ValueError, TypeError, RecursionError):
            return []

    def _remember(self) -> None:
        paths = [path.resolve() for path in self._named] + [path for path in self._earlier() if path.is_dir()]
        known = list(dict.fromkeys(str(path) for path in paths))
        self._settings.home.mkdir(parents=True, exist_ok=True)
        (self._settings.home / _KNOWN).write_text(json.dumps(known, ensure_ascii=False, indent=1), encoding="utf-8")

    def close(self) -> None:
        with self._lock:
            for folder in self._open.values():
                folder.close()
            self._open.clear()
