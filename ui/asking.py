"""Who answers a command: a chatbot of this process, or that of the process which holds the index (`remote`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from rag.domain import Answer, Passage, Question, Turn
from rag.errors import FolderError, IndexBusyError
from rag.settings import Settings
from ui.folder import require_documents
from ui.notices import WAY_OUT, say_changes, say_reading, say_second, say_set_aside, say_to_come
from ui.remote import Remote, find_owner
from ui.show import safe
from ui.terminal import bars, err

if TYPE_CHECKING:
    from rag.chatbot import Chatbot

LOCK_WAIT = 5.0
"""Seconds that a command waits for another one to be done with the index."""


class Answering(Protocol):
    """What `ask` and `search` need of a chatbot, wherever it runs. Documents are named as people type them."""

    @property
    def writer(self) -> str | None:
        """The model that answers and its host; None where sentences of the documents do."""

    def ask(self, question: str, turns: Sequence[Turn], documents: Sequence[str], use_model: bool) -> Answer:
        """Raises QuestionError and ScopeError."""

    def search(
        self, question: str, documents: Sequence[str], limit: int, use_model: bool
    ) -> tuple[list[Passage], bool]:
        """The passages, best first, and whether the dense leg took part."""


class Own:
    """The chatbot of this process."""

    def __init__(self, bot: Chatbot) -> None:
        self._bot = bot

    @property
    def writer(self) -> str | None:
        return self._bot.writer

    def ask(self, question: str, turns: Sequence[Turn], documents: Sequence[str], use_model: bool) -> Answer:
        from rag.answer.foreign import PREPARING  # heavy: kept out of `ibid --help`

        scope = self._bot.resolve_scope(documents)
        for answer in self._bot.stream(Question(question, turns=turns, scope=scope, offline=not use_model)):
            if err.is_terminal and answer.notice == PREPARING and not answer.complete:
                err.print(f"[dim]{PREPARING}[/dim]")
        return answer

    def search(
        self, question: str, documents: Sequence[str], limit: int, use_model: bool
    ) -> tuple[list[Passage], bool]:
        scope = self._bot.resolve_scope(documents)
        found = self._bot.search(Question(question, scope=scope, offline=not use_model), limit=limit)
        return list(found.passages), found.by_meaning


@contextmanager
def answering(settings: Settings, *, doing: str, use_model: bool) -> Iterator[Answering]:
    """The chatbot over an index that is in line with its folder. Where the folder is gone, what is in the
    index still answers, and a line says so. While the chat runs, it is the chat that answers. Without `use_model`
    nothing is sent to a second embedder, and before anything is, a line says so. Raises FolderError where there is
    neither folder nor index."""
    require_documents(settings)
    if owner := find_owner(settings.index):
        _bring_in_line(owner, use_model=use_model)
        yield owner
        return
    with _opened(settings, doing=doing, use_model=use_model) as bot:
        yield Own(bot)


def _bring_in_line(owner: Remote, *, use_model: bool) -> None:
    if use_model:
        say_second(owner.second, way_out=WAY_OUT)
    if not owner.is_indexing:
        # On a server another process may be the one that brings it in line: then what is in answers.
        with suppress(IndexBusyError):
            say_changes(owner.ingest(use_model, again=False))
            return
    say_to_come(owner.to_come)


@contextmanager
def _opened(settings: Settings, *, doing: str, use_model: bool) -> Iterator[Chatbot]:
    from rag.opening import chat_model_of, embedding_of, open_chatbot  # heavy: kept out of `ibid --help`

    llm, embedding = chat_model_of(settings), embedding_of(settings) if use_model else None
    with open_chatbot(settings, doing, wait=LOCK_WAIT, llm=llm, embedding=embedding) as bot:
        say_set_aside(bot)
        say_second(bot.second.name if bot.second else None, way_out=WAY_OUT)
        try:
            with bars("indexing") as shown:
                report = bot.ingest(shown[0].ingest if shown else None, again=False)
            say_changes(report)
        except IndexBusyError:  # as above
            if bot.in_work is not None:
                say_reading(bot.in_work.files_done, bot.in_work.files)
        except FolderError as error:
            if not bot.documents:
                raise
            err.print(f"[yellow]{safe(str(error))} Answering from the index as it was.[/yellow]")
        yield bot
