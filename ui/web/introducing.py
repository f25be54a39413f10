"""What an empty conversation shows of a folder: some of its documents by what they say, and what they answer.

Made beside everything else, as each question is asked first, and anew when the documents change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from rag.answer.central import Telling
from rag.answer.guide import Guide
from rag.chatbot import Chatbot
from rag.errors import IbidError
from rag.index.records import Record
from ui.web.examples import examples, some_of

_MOST_SHOWN = 3
_CLOSED = -1


@dataclass(frozen=True, slots=True)
class Introduced:
    """A document, and a sentence of it that tells what it is about, if it has one."""

    record: Record
    telling: Telling | None


@dataclass(frozen=True, slots=True)
class Introduction:
    """`generation` is that of the documents that it was made of: it tells of no others."""

    documents: tuple[Introduced, ...] = ()
    questions: tuple[str, ...] = ()
    generation: str | None = None


class Introducing:
    """Keeps the `introduction` to the documents of a chatbot true, each time that it is told to `begin`."""

    def __init__(self, bot: Chatbot, guide_of: Callable[[Record], Guide]) -> None:
        self.introduction = Introduction()
        self._bot, self._guide_of = bot, guide_of
        self._lock = threading.Lock()
        self._wanted = 0
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None

    def begin(self) -> None:
        """Make it anew; what is being made of earlier documents ends."""
        with self._lock:
            self._wanted += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="ibid-introducing", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Wait for the end of what is being made, which comes soon."""
        with self._lock:
            self._wanted = _CLOSED
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        made = 0
        try:
            while self._is_wanted_after(made):
                made = self._wanted
                # A document may go meanwhile: then it is begun anew.
                with suppress(IbidError):
                    self._make(made)
        except BaseException:
            self._thread = None
            raise

    def _is_wanted_after(self, made: int) -> bool:
        """Whether there is more to do; if not, whoever wants more begins it."""
        with self._lock:
            if self._wanted in (made, _CLOSED):
                self._thread = None
            return self._thread is not None

    def _make(self, wanted: int) -> None:
        generation = self._generation
        documents = tuple(map(self._introduced, some_of(self._bot.documents, _MOST_SHOWN)))
        self.introduction = self._made_of(generation, Introduction(documents=documents))
        questions = examples(self._bot, is_over=lambda: wanted != self._wanted)
        self.introduction = self._made_of(generation, replace(self.introduction, questions=questions))

    @property
    def _generation(self) -> str:
        return self._bot.retriever.snapshot.generation

    def _made_of(self, generation: str, made: Introduction) -> Introduction:
        """Where documents came or went meanwhile, it is not known which it tells of."""
        return replace(made, generation=generation if generation == self._generation else None)

    def _introduced(self, record: Record) -> Introduced:
        return Introduced(record, next(iter(self._guide_of(record).central), None))
