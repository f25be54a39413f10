"""A language model behind any OpenAI-compatible server, as a LlamaIndex `LLM`.

Speaks chat.completions, as every such server does; usage and stream options are taken where the server knows
them. Times out rather than hangs, and closes the stream when nobody reads on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms import LLM
from pydantic import PrivateAttr

from rag.errors import ChatModelError, ContextTooLongError
from rag.servers.model_server import ModelServer, Named
from rag.servers.protocol import Piece, how_ended, shortened
from rag.servers.thoughts import ONLY_THOUGHT

FROM_SETTINGS = Named(model="IBID_CHAT_MODEL")
WAIT_SECONDS = 120.0
"""The longest wait for the first piece, and the longest silence after it: a server that loads its model first takes
long to begin."""
WHOLE_SECONDS = 600.0
"""The longest an answer may take from its first piece on, thoughts included: a model that reasons for minutes is at
work, and one that never ends is not read for ever."""


class ChatModel(LLM):
    """One model on one server.

    >>> model = ChatModel("gpt-5-mini", api_key="…")
    >>> model.host
    'api.openai.com'
    """

    model: str
    host: str
    _server: ModelServer = PrivateAttr()
    _whole: float = PrivateAttr()

    def __init__(
        self,
        model: str,
        api_key: str,
        base_url: str | None = None,
        silent_seconds: float = WAIT_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
        *,
        named: Named = FROM_SETTINGS,
    ) -> None:
        server = ModelServer(model, named, api_key, base_url, silent_seconds)
        super().__init__(model=model, host=server.host)
        self._server = server
        self._whole = whole_seconds

    @classmethod
    def class_name(cls) -> str:
        return "IbidChatModel"

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model, is_chat_model=True)

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """The answer piece by piece. `additional_kwargs` of the last ones holds the tokens as "usage", where told, and
        "finish_reason", which is not "stop" where the answer was cut off, and what it thought as "thought".

        Raises ChatModelError, in words a person can act on, and ContextTooLongError where fewer passages help; the
        first behind the pieces that came, too, where the answer broke off.
        """
        return self._stream(_described(messages), kwargs)

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        pieces = list(self.stream_chat(messages, **kwargs))
        return pieces[-1] if pieces else ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=""))

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: ARG002
        answered = self.chat([ChatMessage(role=MessageRole.USER, content=prompt)], **kwargs)
        return CompletionResponse(text=answered.message.content or "", additional_kwargs=answered.additional_kwargs)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: ARG002
        for piece in self.stream_chat([ChatMessage(role=MessageRole.USER, content=prompt)], **kwargs):
            yield CompletionResponse(text=piece.message.content or "", delta=piece.delta)

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self.chat(messages, **kwargs)

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return self.complete(prompt, formatted, **kwargs)

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        async def pieces() -> ChatResponseAsyncGen:
            for piece in self.stream_chat(messages, **kwargs):
                yield piece

        return pieces()

    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        async def pieces() -> CompletionResponseAsyncGen:
            for piece in self.stream_complete(prompt, formatted, **kwargs):
                yield piece

        return pieces()

    def say_something(self) -> None:
        """Ask it for a word, and wait for the first piece. Raises ChatModelError where none comes."""
        with closing(self._stream([{"role": "user", "content": "Reply with the word yes."}], {})) as pieces:
            next(pieces)

    def _stream(self, messages: list[dict[str, str]], options: Mapping[str, Any]) -> ChatResponseGen:
        said, finish, deadline = "", None, float("inf")
        instead = Piece()
        with (
            self._server.translating(ChatModelError, ContextTooLongError),
            closing(self._server.stream(messages, options)) as pieces,
        ):
            for piece in pieces:
                deadline = min(deadline, time.monotonic() + self._whole)
                if time.monotonic() > deadline:
                    raise ChatModelError(f"{self} took longer than {self._whole:.0f} seconds. Ask less at once.")
                said += piece.text
                finish = piece.finish or finish
                instead = _both(instead, piece)
                if piece.text or piece.usage or piece.finish or piece.thought:
                    told = {"usage": piece.usage, "finish_reason": piece.finish, "thought": piece.thought}
                    yield ChatResponse(
                        message=ChatMessage(role=MessageRole.ASSISTANT, content=said),
                        delta=piece.text,
                        additional_kwargs={name: value for name, value in told.items() if value},
                    )
        if not said:
            raise ChatModelError(f"{self} {self._server.cleared(_done(instead, finish))}")
        if not finish or how_ended(finish) == "error":
            why = f" ({shortened(self._server.cleared(finish))})" if finish else ""
            raise ChatModelError(f"{self} broke off{why}. Try again, or turn the model off.")

    def __str__(self) -> str:
        return str(self._server)


def _described(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    return [{"role": message.role.value, "content": message.content or ""} for message in messages]


def _both(before: Piece, piece: Piece) -> Piece:
    """What a model did in place of an answer, up to here."""
    return Piece(
        refusal=before.refusal + piece.refusal,
        reasoned=before.reasoned or piece.reasoned,
        called=before.called or piece.called,
    )


def _done(instead: Piece, finish: str | None) -> str:
    """What a model did in place of an answer."""
    if instead.refusal:
        return f"declined: {shortened(' '.join(instead.refusal.split()))}"
    if instead.called:
        return "called a tool instead of answering. Choose a model, or a server, without tools."
    ended = how_ended(finish) if finish else None
    if ended == "content_filter":
        return "wrote nothing that its filter let through. Ask in other words."
    if instead.reasoned:
        return ONLY_THOUGHT
    if ended == "length":
        return "had no room left to write an answer. Give it a longer context, or less with IBID_CONTEXT_TOKENS."
    why = f" ({finish})" if finish and ended == "error" else ""
    return f"sent nothing{why}. Try again, or turn the model off."
