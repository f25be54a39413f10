"""Asking a language model once, of whatever make: an instruction and a text in, what it says and uses out.

The instruction is the system's message, the text the user's. What a foreign model raises is a ChatModelError; our
own speaks of its errors itself.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.llms import LLM

from rag.errors import ChatModelError, translated
from rag.servers.protocol import how_ended
from rag.servers.thoughts import ONLY_THOUGHT, Thoughts


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model says, in whole or a piece of it, without what it thinks aloud. `usage` is what its server told of
    tokens and cost; nothing with most foreign models, nor with most pieces. `starts_over` where all that came before
    turned out to be a thought; `cut` is the reason where the answer was cut off; `thought` is all that was thought
    aloud, with the last piece."""

    text: str
    usage: Mapping[str, float] = field(default_factory=dict)
    starts_over: bool = False
    cut: str | None = None
    thought: str = ""


def ask_once(llm: LLM, *, instruction: str, text: str) -> Reply:
    """The whole reply. Raises ChatModelError, and ContextTooLongError where less has to be sent."""
    with translated(ChatModelError, "The model"):
        answered = llm.chat(_messages(instruction, text))
    thoughts = Thoughts()
    first = thoughts.without(answered.message.content or "")
    return Reply(first.text + thoughts.rest().text, _usage_of(answered))


def stream_once(llm: LLM, *, instruction: str, text: str) -> Generator[Reply, None, None]:
    """The reply piece by piece; closing it ends the request. Raises what `ask_once` does, and ChatModelError where the
    model thought and said nothing."""
    thoughts, has_spoken, thought = Thoughts(), False, ""
    with translated(ChatModelError, "The model"):
        stream = llm.stream_chat(_messages(instruction, text))
        try:
            for piece in stream:
                said = thoughts.without(piece.delta or "")
                thought += str(piece.additional_kwargs.get("thought") or "")
                has_spoken = bool(said.text.strip()) or (has_spoken and not said.starts_over)
                yield Reply(said.text, _usage_of(piece), said.starts_over, _cut_of(piece))
        finally:
            # Whoever stops reading ends the request too; a foreign model's stream need not be a generator.
            if close := getattr(stream, "close", None):
                close()
    rest = thoughts.rest()
    if thoughts.were_there and not (has_spoken or rest.text.strip()):
        raise ChatModelError(f"{llm.metadata.model_name} {ONLY_THOUGHT}")
    thought = (thought + thoughts.aloud).strip()
    if rest.text or rest.starts_over or thought:
        yield Reply(rest.text, starts_over=rest.starts_over, thought=thought)


def _messages(instruction: str, text: str) -> list[ChatMessage]:
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=instruction),
        ChatMessage(role=MessageRole.USER, content=text),
    ]


def _usage_of(answered: ChatResponse) -> Mapping[str, float]:
    told = answered.additional_kwargs.get("usage")
    return told if isinstance(told, Mapping) else {}


def _cut_of(answered: ChatResponse) -> str | None:
    """Why a server ended an answer that was not at its end."""
    reason = answered.additional_kwargs.get("finish_reason")
    ended = how_ended(reason) if isinstance(reason, str) and reason else None
    return ended if ended in ("length", "content_filter") else None
