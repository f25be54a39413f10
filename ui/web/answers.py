"""The answer to the last question of a conversation as it grows, and what is told of it: of what it is, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rag.answer.outcomes import noted
from rag.domain import Answer, Question
from rag.errors import DocumentError, IbidError
from ui.web.conversation import Conversation
from ui.web.folder import Folder

if TYPE_CHECKING:
    from rag.servers.chat_model import ChatModel


def grown(
    folder: Folder,
    asked: Conversation,
    changes: Mapping[str, Any],
    *,
    use_model: bool,
    model_of: Callable[[], ChatModel | None],
) -> Iterator[Conversation]:
    """The conversation as the answer to its last question grows, with the `changes` that come meanwhile."""
    conversation = asked
    try:
        for _ in folder.brought_in_line(use_model=use_model):
            yield replace(conversation, **changes)
        scope = still_there(folder, asked.scope)
        question = Question(asked.exchanges[-1].question, turns=asked.turns, scope=scope, offline=not use_model)
        for answer in folder.bot.stream(question, llm=model_of() if use_model else None):
            told = _told_of_what(answer, folder, scope) if answer.complete else answer
            conversation = replace(conversation.answered(told), **changes)
            yield conversation
    except IbidError as error:
        yield replace(conversation.failed(str(error)), **changes)
    except Exception:
        yield replace(conversation, **changes).failed(
            "Something went wrong inside Ibid; its terminal says what. Ask again."
        )
        raise


def still_there(folder: Folder, scope: tuple[str, ...] | None) -> frozenset[str] | None:
    """The scope without documents that have left the folder since it was chosen. Raises DocumentError for an empty
    one."""
    if scope is None:
        return None
    if not scope:
        raise DocumentError("No document is chosen. Tick at least one under “Documents”.")
    there = folder.ids.intersection(scope)
    if not there:
        raise DocumentError("The chosen documents are not among yours any more. Choose others under “Documents”.")
    return there


def _told_of_what(answer: Answer, folder: Folder, scope: frozenset[str] | None) -> Answer:
    """An answer of some of the documents, or given before all were in, says so, also when it is read later."""
    if scope is not None:
        answer = noted(answer, f"Asked {len(scope):,} of {len(folder.ids):,} documents.")
    return noted(answer, folder.indexing.so_far)
