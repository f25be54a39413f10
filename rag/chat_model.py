"""A language model behind any OpenAI-compatible server, as a LlamaIndex `LLM`. The only file that imports openai.

Speaks chat.completions, as every such server does; usage and stream options are taken where the server knows
them. Times out rather than hangs, and closes the stream when nobody reads on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import urlsplit

import openai
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
from openai import OpenAI
from pydantic import PrivateAttr

from rag.errors import ChatModelError, ContextTooLongError

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 30.0
"""The longest silence between two pieces of an answer."""
WHOLE_SECONDS = 120.0
"""The longest an answer may take in all."""
RETRIES = 2
"""On 429, 5xx and connection errors, with back-off; the openai package honours Retry-After."""

OPENAI = "https://api.openai.com/v1"


class ChatModel(LLM):
    """One model on one server.

    >>> model = ChatModel("gpt-5-mini", api_key="…")
    >>> model.host
    'api.openai.com'
    """

    model: str
    host: str
    _client: Any = PrivateAttr()
    _whole: float = PrivateAttr()

    def __init__(
        self,
        model: str,
        api_key: str,
        base_url: str | None = None,
        silent_seconds: float = SILENT_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        url = base_url or OPENAI
        super().__init__(model=model, host=urlsplit(url).netloc or url)
        self._whole = whole_seconds
        timeout = openai.Timeout(silent_seconds, connect=CONNECT_SECONDS)
        # Servers without keys still want the header.
        self._client = OpenAI(api_key=api_key or "none", base_url=url, timeout=timeout, max_retries=RETRIES)

    @classmethod
    def class_name(cls) -> str:
        return "IbidChatModel"

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model, is_chat_model=True)

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """The answer piece by piece; `additional_kwargs["usage"]` of the last one holds the tokens, where told.

        Raises ChatModelError, in words a person can act on, and ContextTooLongError where fewer passages help.
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

    def _stream(self, messages: list[dict[str, str]], options: Mapping[str, Any]) -> ChatResponseGen:
        deadline = time.monotonic() + self._whole
        said, is_finished = "", False
        try:
            with self._open(messages, options) as stream:
                for chunk in stream:
                    if time.monotonic() > deadline:
                        raise ChatModelError(f"{self} took longer than {self._whole:.0f} seconds. Ask less at once.")
                    delta = (chunk.choices[0].delta.content or "") if chunk.choices else ""
                    said += delta
                    is_finished |= bool(chunk.choices and chunk.choices[0].finish_reason)
                    usage = _usage(chunk)
                    if delta or usage:
                        yield ChatResponse(
                            message=ChatMessage(role=MessageRole.ASSISTANT, content=said),
                            delta=delta,
                            additional_kwargs={"usage": usage} if usage else {},
                        )
        except (openai.OpenAIError, json.JSONDecodeError, ValueError) as error:
            self._refuse(error)
        if not said or not is_finished:
            raise ChatModelError(f"{self} {'broke off' if said else 'sent nothing'}. Try again, or turn the model off.")

    def _open(self, messages: list[dict[str, str]], options: Mapping[str, Any]) -> Any:
        request = {"model": self.model, "messages": messages, "stream": True, **options}
        try:
            return self._client.chat.completions.create(**request, stream_options={"include_usage": True})
        except openai.BadRequestError as error:
            if "stream_options" not in str(error):
                raise
            return self._client.chat.completions.create(**request)

    def _refuse(self, error: Exception) -> NoReturn:
        text = _first_line(error)
        if isinstance(error, openai.APIStatusError) and _is_too_long(error):
            raise ContextTooLongError(f"The passages are too long for {self}. Fewer of them are needed.") from error
        for kind, advice in _ADVICE:
            if isinstance(error, kind):
                raise ChatModelError(advice.format(model=self.model, host=self.host, said=text)) from error
        raise ChatModelError(f"{self} sent what is no answer ({text}).") from error

    def __str__(self) -> str:
        return f"{self.model} at {self.host}"


_ADVICE: tuple[tuple[type[Exception], str], ...] = (
    (openai.AuthenticationError, "{host} refuses the key. Check OPENAI_API_KEY."),
    (openai.PermissionDeniedError, "{host} does not let this key use {model}. Check IBID_CHAT_MODEL and the key."),
    (openai.NotFoundError, "{host} knows no model {model}. Check IBID_CHAT_MODEL and OPENAI_BASE_URL."),
    (openai.RateLimitError, "{host} has had too many requests, or the account no credit left. Try again later."),
    (openai.APITimeoutError, "{model} at {host} did not answer in time. Try again, or turn the model off."),
    (openai.APIConnectionError, "{host} cannot be reached. Check OPENAI_BASE_URL and that the server runs."),
    (openai.BadRequestError, "{host} does not take the request ({said})."),
    (openai.APIStatusError, "{host} failed ({said}). Try again later."),
    (openai.APIError, "{model} at {host} broke off ({said}). Try again."),
)


def _described(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    return [{"role": message.role.value, "content": message.content or ""} for message in messages]


def _usage(chunk: Any) -> dict[str, int]:
    usage = getattr(chunk, "usage", None)
    if usage is None:
        return {}
    counted = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
    return {name: count for name, count in counted.items() if isinstance(count, int)}


def _is_too_long(error: openai.APIStatusError) -> bool:
    said = str(error).lower()
    return "context_length" in said or "context length" in said or "context window" in said or error.status_code == 413


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
