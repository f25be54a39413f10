"""A server that speaks OpenAI's protocol: how long it may take, and its errors in words a person can act on.

What the chat model and the remote embedder share. Knows neither prompts nor passages. The only file that imports
openai. The key goes to the server and nowhere else: what a server says back is cleared of it.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import openai
from openai import OpenAI

from rag.errors import IbidError

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 30.0
"""The longest silence between two pieces of an answer."""
RETRIES = 2
"""On 429, 5xx and connection errors, with back-off; the openai package honours Retry-After."""

_OPENAI = "https://api.openai.com/v1"
_SHORTEST_KEY = 8
"""Characters. What people put where a server wants no key ("x", "none") is no secret, and may be part of any word."""


class ModelServer:
    """One model on one server. `setting` is the one that names the model, for telling what to check.

    >>> ModelServer("gpt-5-mini", "IBID_CHAT_MODEL", api_key="…").host
    'api.openai.com'
    """

    def __init__(
        self,
        model: str,
        setting: str,
        api_key: str,
        base_url: str | None = None,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        url = base_url or _OPENAI
        self.model = model
        # Without the user and the password that an address may hold.
        self.host = urlsplit(url).netloc.rpartition("@")[2] or url
        self._setting = setting
        self._key = api_key
        timeout = openai.Timeout(silent_seconds, connect=CONNECT_SECONDS)
        # Servers without keys still want the header.
        self._client = OpenAI(api_key=api_key or "none", base_url=url, timeout=timeout, max_retries=RETRIES)
        # It refers to itself in a circle, and would keep its connections open until that is collected.
        weakref.finalize(self, self._client.close)

    def __str__(self) -> str:
        return f"{self.model} at {self.host}"

    def stream(self, messages: Sequence[Mapping[str, str]], options: Mapping[str, Any]) -> Any:
        """An open stream of chat.completions chunks, with the usage at its end where the server knows that option."""
        create: Any = self._client.chat.completions.create
        request = {"model": self.model, "messages": list(messages), "stream": True, **options}
        try:
            return create(**request, stream_options={"include_usage": True})
        except openai.BadRequestError as error:
            if "stream_options" not in str(error):
                raise
            return create(**request)

    def embeddings(self, texts: Sequence[str], within: float | None = None) -> list[list[float]]:
        """What the server sends for each text, in their order. `within` so many seconds and at the first try, where
        somebody waits for it."""
        client = self._client if within is None else self._client.with_options(timeout=within, max_retries=0)
        # As numbers: not every server knows the base64 that the openai package asks for by itself.
        answered = client.embeddings.create(model=self.model, input=list(texts), encoding_format="float")
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
                told = advice.format(model=self.model, host=self.host, setting=self._setting, said=said)
                return failure, told
        return failure, f"{self} sent what is no answer ({said})."

    def _holds_key(self, text: str) -> bool:
        return len(self._key) >= _SHORTEST_KEY and self._key in text

    def _cleared(self, text: str) -> str:
        return text.replace(self._key, "…") if self._holds_key(text) else text


_ADVICE: tuple[tuple[type[Exception], str], ...] = (
    (openai.AuthenticationError, "{host} refuses the key. Check OPENAI_API_KEY."),
    (openai.PermissionDeniedError, "{host} does not let this key use {model}. Check {setting} and the key."),
    (openai.NotFoundError, "{host} knows no model {model}. Check {setting} and OPENAI_BASE_URL."),
    (openai.RateLimitError, "{host} has had too many requests, or the account no credit left. Try again later."),
    (openai.APITimeoutError, "{model} at {host} did not answer in time. Try again, or turn the model off."),
    (openai.APIConnectionError, "{host} cannot be reached. Check OPENAI_BASE_URL and that the server runs."),
    (openai.BadRequestError, "{host} does not take the request ({said})."),
    (openai.APIStatusError, "{host} failed ({said}). Try again later."),
    (openai.APIError, "{model} at {host} broke off ({said}). Try again."),
)


def _is_too_long(error: openai.APIStatusError) -> bool:
    said = str(error).lower()
    return "context_length" in said or "context length" in said or "context window" in said or error.status_code == 413
