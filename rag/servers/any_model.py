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


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model says, in whole or a piece of it. `usage` is what its server told of tokens and cost; nothing with
    most foreign models, nor with most pieces."""

    text: str
    usage: Mapping[str, float] = field(default_factory=dict)


def ask_once(llm: LLM, *, instruction: str, text: str) -> Reply:
    """The whole reply. Raises ChatModelError, and ContextTooLongError where less has to be sent."""
    with translated(ChatModelError, "The model"):
        answered = llm.chat(_messages(instruction, text))
    return Reply(answered.message.content or "", _usage_of(answered))


def stream_once(llm: LLM, *, instruction: str, text: str) -> Generator[Reply, None, None]:
    """The reply piece by piece; closing it ends the request. Raises what `ask_once` does."""
    with translated(ChatModelError, "The model"):
        stream = llm.stream_chat(_messages(instruction, text))
        try:
            for piece in stream:
                yield Reply(piece.delta or "", _usage_of(piece))
        finally:
            # Whoever stops reading ends the request too; a foreign model's stream need not be a generator.
            if close := getattr(stream, "close", None):
                close()


def _messages(instruction: str, text: str) -> list[ChatMessage]:
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=instruction),
        ChatMessage(role=MessageRole.USER, content=text),
    ]


def _usage_of(answered: ChatResponse) -> Mapping[str, float]:
    told = answered.additional_kwargs.get("usage")
    return told if isinstance(told, Mapping) else {}
