"""A server that speaks OpenAI's protocol: how long it may take, and its errors in words a person can act on.

What the chat model and the remote embedder share. Knows neither prompts nor passages. The only file that imports
openai. The key goes to the server and nowhere else: what a server says back is cleared of it.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from math import ceil, isfinite
from typing import Any, TypeVar
from urllib.parse import urlsplit

import openai
from openai import OpenAI

from rag.errors import IbidError
from rag.servers.protocol import (
    Piece,
    Refusal,
    RefusedError,
    StreamReader,
    WebPageError,
    refusal_of,
    rows_of,
    shortened,
)

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 30.0
"""The longest silence between two pieces of an answer."""
LIST_SECONDS = 10.0
"""For the list of a server's models."""
RETRIES = 2
"""On 429, 5xx and connection errors. What did not answer in time is not asked again: it may still be at work."""
_PAUSE = 0.5
"""Seconds before the second try, and twice as many before each one after it, where the server asks for none."""
_LOADING_PAUSE = 1.0
"""The same where it has begun to load the model; then it is asked for as long as it may be silent."""
_NEARLY = 0.9
"""Of a silence that is over: clocks differ."""

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
        self._silent_seconds = silent_seconds
        self._takes_system, self._takes_usage, self._takes_stream = True, True, True
        # It refers to itself in a circle, and would keep its connections open until that is collected.
        weakref.finalize(self, self._client.close)

    def __str__(self) -> str:
        return f"{self.model} at {self.host}" if self.model else self.host

    def stream(self, messages: Sequence[Mapping[str, str]], options: Mapping[str, Any]) -> Generator[Piece, None, None]:
        """The answer of chat.completions piece by piece, with the usage at its end where the server knows that option.
        Where it knows no message of the system, that stands in front of the user's; where it sends no streams, the
        answer is one piece. Closes the connection at the end.

        The first piece, and each after another, may take as long as a silence may; a server that keeps the connection
        open and says nothing is silent.
        """
        tries = _Tries(until=time.monotonic() + self._silent_seconds)
        while True:
            has_written = False
            try:
                with closing(self._answered(messages, options, until=tries.until)) as pieces:
                    for piece in pieces:
                        has_written |= bool(piece.text)
                        yield piece
                return
            except (openai.APIError, RefusedError) as error:
                if has_written and isinstance(error, RefusedError):
                    # Whatever it minds: asked anew it would begin anew.
                    raise BrokenOffError(error.refusal.words) from error
                if has_written:
                    raise
                if not self._gives_up_an_option(_refusal_in(error), messages):
                    tries.wait_after(error)

    def _answered(
        self, messages: Sequence[Mapping[str, str]], options: Mapping[str, Any], *, until: float
    ) -> Generator[Piece, None, None]:
        create: Any = self._client.chat.completions.with_streaming_response.create
        request = {"model": self.model, "messages": self._as_taken(messages), "stream": self._takes_stream, **options}
        if self._takes_usage and self._takes_stream:
            request["stream_options"] = {"include_usage": True}
        reader = StreamReader()
        with create(**request) as response:
            try:
                for chunk in self._chunks(response):
                    for piece in reader.feed(chunk):
                        yield piece
                        # Without the time that whoever reads takes.
                        until = time.monotonic() + self._silent_seconds if piece.is_work else until
                    if reader.is_done:
                        return
                    if time.monotonic() > until:
                        raise openai.APITimeoutError(response.http_request)
            except (openai.APITimeoutError, BrokenOffError):
                # What comes behind the end is missed by nobody.
                if not reader.has_ended:
                    raise
        yield from reader.finish()

    def _chunks(self, response: Any) -> Iterator[bytes]:
        """The bytes as they come. Errors of the transport, which openai leaves as they are here, are told as its own
        where nothing came in time, else as a BrokenOffError."""
        heard = time.monotonic()
        try:
            for chunk in response.iter_bytes():
                yield chunk
                heard = time.monotonic()
        except Exception as error:
            if time.monotonic() - heard >= self._silent_seconds * _NEARLY:
                raise openai.APITimeoutError(response.http_request) from error
            raise BrokenOffError("the connection was cut") from error

    def _gives_up_an_option(self, refusal: Refusal | None, messages: Sequence[Mapping[str, str]]) -> bool:
        """Whether the server minds something in the request that can be left out, which it then is from now on."""
        if refusal is None or refusal.is_too_long:
            return False
        if self._takes_usage and self._takes_stream and refusal.minds_usage:
            self._takes_usage = False
        elif self._takes_stream and refusal.minds_stream:
            self._takes_stream = False
        elif self._takes_system and refusal.minds_system and any(one["role"] == "system" for one in messages):
            self._takes_system = False
        else:
            return False
        return True

    def _as_taken(self, messages: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
        if self._takes_system:
            return list(messages)
        first = "\n\n".join(one["content"] for one in messages)
        return [{"role": "user", "content": first}]

    def models(self) -> list[str]:
        """The names of the models that the server tells of, in its order; none where it knows no such list."""
        client = self._client.with_options(timeout=LIST_SECONDS)
        try:
            rows = rows_of(client.models.with_raw_response.list().http_response.text)
        except (openai.NotFoundError, WebPageError):
            return []
        return [row["id"] for row in rows if isinstance(row.get("id"), str)]

    def embeddings(self, texts: Sequence[str], within: float | None = None) -> list[list[float]]:
        """What the server sends for each text, in their order. `within` so many seconds and at the first try, where
        somebody waits for it."""
        client = self._client if within is None else self._client.with_options(timeout=within)

        def send() -> str:
            # As numbers: not every server knows the base64 that the openai package asks for by itself.
            create = client.embeddings.with_raw_response.create
            return create(model=self.model, input=list(texts), encoding_format="float").http_response.text

        answered = self._tried(send) if within is None else send()
        rows = rows_of(answered)
        if not all(_is_vector(row.get("embedding")) for row in rows):
            raise ValueError("rows without a vector")
        # Numbered, where they are numbered at all.
        places = [row["index"] if isinstance(row.get("index"), int) else place for place, row in enumerate(rows)]
        return [rows[i]["embedding"] for i in sorted(range(len(rows)), key=places.__getitem__)]

    def _tried(self, send: Callable[[], T]) -> T:
        """What it brings, tried again where that may help."""
        tries = _Tries(until=time.monotonic() + self._silent_seconds)
        while True:
            try:
                return send()
            except openai.APIError as error:
                tries.wait_after(error)

    @contextmanager
    def translating(self, failure: type[IbidError], too_long: type[IbidError]) -> Iterator[None]:
        """The server's errors as `failure`, in one line; as `too_long` where less has to be sent."""
        try:
            yield
        except (openai.OpenAIError, RefusedError, ValueError) as error:  # what is no JSON is a ValueError
            kind, line = self._told(error, failure, too_long)
            # An error that quotes the key is not carried along: whoever logs a chain of errors would log it.
            raise kind(line) from (None if self._holds_key(str(error)) else error)

    def _told(
        self, error: Exception, failure: type[IbidError], too_long: type[IbidError]
    ) -> tuple[type[IbidError], str]:
        refusal = _refusal_in(error)
        said = self.cleared(refusal.words if refusal else str(error).partition("\n")[0])
        said = shortened(said).removesuffix(".") or type(error).__name__
        if refusal and refusal.is_too_long:
            return too_long, f"What was sent is too long for {self}: “{said}”"
        if refusal and refusal.is_spent:
            spent = f"{self.host} answers no more for this key: its quota or credit is used up ({said})."
            return failure, f"{spent} Add to it, or choose another model. Check {self._named.key}."
        if isinstance(error, WebPageError):
            return failure, f"{self} sent a web page; check {self._named.address}, which often ends in /v1."
        names = {"who": self, "model": self.model, "host": self.host, "named": self._named}
        for kind, advice in _ADVICE:
            if isinstance(error, kind):
                return failure, advice.format(**names, said=said, later=_later(error))
        return failure, f"{self} sent what is no answer ({said})."

    def _holds_key(self, text: str) -> bool:
        return len(self._key) >= _SHORTEST_KEY and self._key in text

    def cleared(self, text: str) -> str:
        """A text of the server without the key."""
        return text.replace(self._key, "…") if self._holds_key(text) else text


class BrokenOffError(ValueError):
    """A connection that ended before its answer."""


_ADVICE: tuple[tuple[type[Exception], str], ...] = (
    # Without what it says, which may hold a part of the key.
    (openai.AuthenticationError, "{host} refuses the key. Check {named.key}."),
    (
        openai.PermissionDeniedError,
        "{host} does not let this key use {model} ({said}). Check {named.model} and the key.",
    ),
    (openai.NotFoundError, "{host} knows no model {model} ({said}). Check {named.model} and {named.address}."),
    (
        openai.RateLimitError,
        "{host} has had too many requests ({said}). Try again {later}.",
    ),
    (openai.APITimeoutError, "{who} did not answer in time. Try again, or turn the model off."),
    (openai.APIConnectionError, "{host} cannot be reached. Check {named.address} and that the server runs."),
    (openai.InternalServerError, "{host} failed ({said}). Try again {later}."),
    (openai.APIStatusError, "{host} does not take the request ({said})."),
    (openai.APIError, "{who} broke off ({said}). Try again."),
    (BrokenOffError, "{who} broke off ({said}). Try again."),
    (RefusedError, "{who} failed ({said}). Try again {later}."),
)


@dataclass(slots=True)
class _Tries:
    """How often something was tried, `until` when."""

    until: float
    _made: int = 0

    def wait_after(self, error: openai.APIError | RefusedError) -> None:
        """Wait as long as the server asks for, else longer each time. Raises the error where another try does not help,
        and where it would come too late."""
        seconds = _asked_pause(error)
        pause = _PAUSE * float(2**self._made) if seconds is None else seconds
        refusal = _refusal_in(error)
        if refusal is not None and refusal.is_loading:
            pause = _LOADING_PAUSE if seconds is None else seconds
        elif self._made >= RETRIES or not _may_pass(error, refusal):
            raise error
        if time.monotonic() + pause > self.until:
            raise error
        time.sleep(pause)
        self._made += 1


def _is_vector(told: Any) -> bool:
    return isinstance(told, list) and all(isinstance(one, int | float) for one in told)


def _may_pass(error: Exception, refusal: Refusal | None) -> bool:
    """Whether the same request may be answered later. What did not answer in time may still be at work."""
    if refusal is not None:
        return not (refusal.is_too_long or refusal.is_spent) and (refusal.status == 429 or (refusal.status or 0) >= 500)
    return isinstance(error, openai.APIConnectionError) and not isinstance(error, openai.APITimeoutError)


def _refusal_in(error: Exception) -> Refusal | None:
    if isinstance(error, RefusedError):
        return error.refusal
    if not isinstance(error, openai.APIStatusError):
        return None
    refusal = refusal_of(error.response.text, error.status_code)
    return refusal if refusal.words else replace(refusal, words=f"status {error.status_code}")


def _asked_pause(error: Exception) -> float | None:
    """The seconds that the server asks to wait, which it says as a number or as a time; None where it does not."""
    headers = error.response.headers if isinstance(error, openai.APIStatusError) else {}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with suppress(ValueError):
            seconds = float(headers.get(name, "")) * unit
            if isfinite(seconds):
                return max(seconds, 0.0)
    with suppress(ValueError, TypeError, OverflowError):
        at = parsedate_to_datetime(headers.get("retry-after", ""))
        return max(at.timestamp() - time.time(), 0.0)
    return None


def _later(error: Exception) -> str:
    seconds = _asked_pause(error)
    return f"in {ceil(seconds)} seconds" if seconds else "later"
