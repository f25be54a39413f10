"""A server that speaks OpenAI's protocol: how long it may take, and its errors in words a person can act on.

What the chat model and the remote embedder share. Knows neither prompts nor passages. The only file that imports
openai. The key goes to the server and nowhere else: what a server says back is cleared of it.
"""

from __future__ import annotations

import json
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import openai
import regex
from openai import OpenAI

from rag.errors import IbidError

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 30.0
"""The longest silence between two pieces of an answer."""
LIST_SECONDS = 10.0
"""For the list of a server's models."""
RETRIES = 2
"""On 429, 5xx and connection errors. What did not answer in time is not asked again: it may still be at work."""
_LONGEST_PAUSE = 20.0
"""Seconds that a server may ask us to wait before we try again."""

_OPENAI = "https://api.openai.com/v1"
_SHORTEST_KEY = 8
"""Characters. What people put where a server wants no key ("x", "none") is no secret, and may be part of any word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """By what people find what to check: the model, the key and the address of a server."""

    model: str
    key: str = "OPENAI_API_KEY"
    address: str = "OPENAI_BASE_URL"


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of an answer: its text; the reason why it ended, with the last one; tokens and cost where they are told;
    a refusal in words of its own; and whether the model `reasoned` or `called` a tool instead of answering."""

    text: str = ""
    finish: str | None = None
    usage: Mapping[str, float] = field(default_factory=dict)
    refusal: str = ""
    reasoned: bool = False
    called: bool = False


class ModelServer:
    """One model on one server, `named` for telling what to check.

    >>> ModelServer("gpt-5-mini", Named(model="IBID_CHAT_MODEL"), api_key="…").host
    'api.openai.com'
    """

    def __init__(
        self,
        model: str,
        named: Named,
        api_key: str,
        base_url: str | None = None,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        url = base_url or _OPENAI
        self.model = model
        # Without the user and the password that an address may hold.
        self.host = urlsplit(url).netloc.rpartition("@")[2] or url
        self._named = named
        self._key = api_key
        timeout = openai.Timeout(silent_seconds, connect=CONNECT_SECONDS)
        # Servers without keys still want the header.
        self._client = OpenAI(api_key=api_key or "none", base_url=url, timeout=timeout, max_retries=0)
        self._takes_system, self._takes_usage = True, True
        # It refers to itself in a circle, and would keep its connections open until that is collected.
        weakref.finalize(self, self._client.close)

    def __str__(self) -> str:
        return f"{self.model} at {self.host}"

    @contextmanager
    def stream(self, messages: Sequence[Mapping[str, str]], options: Mapping[str, Any]) -> Iterator[Iterator[Piece]]:
        """An open stream of chat.completions, with the usage at its end where the server knows that option. Where it
        knows no message of the system, that stands in front of the user's. Closes the connection at the end."""
        with self._opened(messages, options) as stream:
            kind = stream.response.headers.get("content-type", "")
            if "html" in kind:
                raise ValueError(f"a web page; check {self._named.address}, which often ends in /v1")
            if "json" in kind:
                # Asked for a stream, some answer in one piece.
                stream.response.read()
                yield iter([_piece(json.loads(stream.response.text))])
            else:
                yield (_piece(chunk.model_dump(warnings=False)) for chunk in stream)

    def _opened(self, messages: Sequence[Mapping[str, str]], options: Mapping[str, Any]) -> Any:
        create: Any = self._client.chat.completions.create
        while True:
            request = {"model": self.model, "messages": self._as_taken(messages), "stream": True, **options}
            usage = {"stream_options": {"include_usage": True}} if self._takes_usage else {}
            try:
                return _tried(partial(create, **request, **usage))
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                said = str(error)
                if self._takes_usage and "stream_options" in said:
                    self._takes_usage = False
                elif self._takes_system and _NO_SYSTEM.search(said):
                    self._takes_system = False
                else:
                    raise

    def _as_taken(self, messages: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
        if self._takes_system:
            return list(messages)
        first = "\n\n".join(one["content"] for one in messages)
        return [{"role": "user", "content": first}]

    def models(self) -> list[str]:
        """The names of the models that the server tells of, in its order; none where it knows no such list."""
        client = self._client.with_options(timeout=LIST_SECONDS)
        try:
            return [str(one.id) for one in client.models.list().data or ()]
        except openai.NotFoundError:
            return []

    def embeddings(self, texts: Sequence[str], within: float | None = None) -> list[list[float]]:
        """What the server sends for each text, in their order. `within` so many seconds and at the first try, where
        somebody waits for it."""
        client = self._client if within is None else self._client.with_options(timeout=within)

        def send() -> Any:
            # As numbers: not every server knows the base64 that the openai package asks for by itself.
            return client.embeddings.create(model=self.model, input=list(texts), encoding_format="float")

        answered = _tried(send) if within is None else send()
        return [list(one.embedding) for one in sorted(answered.data, key=lambda one: one.index)]

    @contextmanager
    def translating(self, failure: type[IbidError], too_long: type[IbidError]) -> Iterator[None]:
        """The server's errors as `failure`, in one line; as `too_long` where less has to be sent."""
        try:
            yield
        except (openai.OpenAIError, ValueError) as error:  # what is no JSON is a ValueError
            kind, line = self._told(error, failure, too_long)
            # An error that quotes the key is not carried along: whoever logs a chain of errors would log it.
            raise kind(line) from (None if self._holds_key(str(error)) else error)

    def _told(
        self, error: Exception, failure: type[IbidError], too_long: type[IbidError]
    ) -> tuple[type[IbidError], str]:
        if isinstance(error, openai.APIStatusError) and _is_too_long(error):
            return too_long, f"What was sent is too long for {self}."
        said = self._cleared(str(error)).partition("\n")[0][:160] or type(error).__name__
        for kind, advice in _ADVICE:
            if isinstance(error, kind):
                told = advice.format(model=self.model, host=self.host, named=self._named, said=said)
                return failure, told
        return failure, f"{self} sent what is no answer ({said})."

    def _holds_key(self, text: str) -> bool:
        return len(self._key) >= _SHORTEST_KEY and self._key in text

    def _cleared(self, text: str) -> str:
        return text.replace(self._key, "…") if self._holds_key(text) else text


_ADVICE: tuple[tuple[type[Exception], str], ...] = (
    (openai.AuthenticationError, "{host} refuses the key. Check {named.key}."),
    (openai.PermissionDeniedError, "{host} does not let this key use {model}. Check {named.model} and the key."),
    (openai.NotFoundError, "{host} knows no model {model}. Check {named.model} and {named.address}."),
    (openai.RateLimitError, "{host} has had too many requests, or the account no credit left. Try again later."),
    (openai.APITimeoutError, "{model} at {host} did not answer in time. Try again, or turn the model off."),
    (openai.APIConnectionError, "{host} cannot be reached. Check {named.address} and that the server runs."),
    (openai.BadRequestError, "{host} does not take the request ({said})."),
    (openai.APIStatusError, "{host} failed ({said}). Try again later."),
    (openai.APIError, "{model} at {host} broke off ({said}). Try again."),
)


_NO_SYSTEM = regex.compile(r"(?i)\bsystem\b.{0,40}\b(?:roles?|messages?|prompts?)\b|\broles?\b.{0,60}\bsystem\b")
_TOO_LONG = regex.compile(
    r"(?i)context[ _](?:length|window|size)|maximum (?:context|prompt|input|token)|\bn_ctx\b"
    r"|(?:prompt|input|request)\W.{0,40}(?:is too long|too large|exceeds)|too many (?:input )?tokens|exceed_context"
)
"""As OpenAI, Azure, vLLM, llama.cpp, LM Studio, Ollama, TGI, Anthropic and Mistral call it."""


def _is_too_long(error: openai.APIStatusError) -> bool:
    return error.status_code == 413 or (error.status_code < 500 and _TOO_LONG.search(str(error)) is not None)


def _tried(send: Callable[[], T]) -> T:
    """What it brings, tried again where that may help."""
    for attempt in range(RETRIES):
        try:
            return send()
        except openai.APITimeoutError:
            raise
        except (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError) as error:
            time.sleep(_pause(error, attempt))
    return send()


def _pause(error: openai.APIError, attempt: int) -> float:
    """Seconds to wait: as many as the server asks for, within limits, else more each time."""
    headers = error.response.headers if isinstance(error, openai.APIStatusError) else {}
    try:
        return min(max(float(headers.get("retry-after", "")), 0.0), _LONGEST_PAUSE)
    except ValueError:
        return 0.5 * float(2**attempt)


def _piece(told: Mapping[str, Any]) -> Piece:
    """Of a chunk, or of an answer in one piece, what it says; servers leave out and add fields as they like."""
    if told.get("error"):
        raise ValueError(str(told["error"])[:160])
    choice: Mapping[str, Any] = next(iter(told.get("choices") or ()), {})
    said: Mapping[str, Any] = choice.get("delta") or choice.get("message") or {}
    usage = told.get("usage") or {}
    return Piece(
        text=_text_of(said.get("content")),
        finish=choice.get("finish_reason"),
        # Tokens, and the cost where the server tells one (OpenRouter and LiteLLM do, in its own money).
        usage={
            name: usage[name]
            for name in ("prompt_tokens", "completion_tokens", "cost")
            if isinstance(usage.get(name), int | float)
        },
        refusal=str(said.get("refusal") or ""),
        reasoned=bool(said.get("reasoning_content") or said.get("reasoning")),
        called=bool(said.get("tool_calls")),
    )


def _text_of(content: Any) -> str:
    """The text of a content, which may come in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return str(content or "")
