"""What a server of OpenAI's protocol sends, however it sends it: the pieces of an answer, and what it says in place of
one.

Servers leave out, add and name things as they like, and call a stream JSON or the other way round: what comes is told
by its own letters. Knows neither connections nor settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import regex

_LONGEST_LINE = 4_000_000
"""Bytes of one line, or of an answer in one piece, after which it is none."""
_LONGEST_WORDS = 200
"""Characters of what a server says of an error that are shown."""
_LOOKED_AT = 4_000
"""Characters of a text that are looked at; many more than are shown, which are cut when they are cleared of the key."""

_LINE_END = regex.compile(rb"\r\n|\n|\r")
_FIELD = regex.compile(r"(?P<name>data|event|id|retry|):(?P<value>.*)", regex.DOTALL)
_DONE = "[DONE]"

_ENDED = regex.compile(
    r"(?<![a-z])(?:stop(?:ped)?|end|eos|completed?|finish(?:ed)?|done|success|tools?|function|calls?)(?![a-z])"
)
_AT_ITS_LENGTH = regex.compile(r"length|max|limit|truncat")
_FILTERED = regex.compile(r"filter|safety|sensitive|recitation|block|prohibit|policy|refus|spii")

_TOO_LONG = regex.compile(
    r"(?i)context[ _](?:length|window|size)|maximum (?:context|prompt|input|token)|\bn_ctx\b"
    r"|(?:prompt|input|request)\W.{0,40}(?:too long|too large|exceeds)|too many (?:input )?tokens|exceed_context"
    r"|\binputs?\W.{0,60}\bmust (?:be|have)\b.{0,20}(?:<|less|fewer|at most|under|below)|_too_long\b"
    r"|exceed\w*\b.{0,40}\b(?:tokens?|context)\b|reduce the (?:length|size|number) of"
)
"""As OpenAI, Azure, vLLM, llama.cpp, LM Studio, Ollama, TGI, Groq, Gemini, Anthropic and Mistral call it."""
_TOO_LARGE = regex.compile(r"(?i)request too large|must be reduced|too (?:long|many tokens)")
"""The same beside a limit of so many tokens in a minute: that exceeds a limit too where less of it would not help."""
_PAID = r"\b(?:quota|credits?|balance)\b"
_SPENT = regex.compile(
    r"(?i)insufficient[ _](?:quota|credits?|balance|funds)|\bbilling\b|payment required|spend(?:ing)? limit"
    rf"|(?:exceeded|out of|no|used up|exhausted)\b.{{0,30}}{_PAID}"
    rf"|{_PAID}.{{0,40}}\b(?:exceeded|exhausted|used up|depleted|too low|insufficient|spent)\b"
)
"""As OpenAI, OpenRouter, DeepSeek, Together, Anthropic and gateways say that nothing is left of what was paid for."""
_FOR_A_WHILE = regex.compile(
    r"(?i)\bper[ _-]?(?:second|minute|hour|day|month)\b|\b(?:retry|try again|available) in\b|\b[rt]p[mdh]\b"
)
"""The same words beside a limit that passes by itself, as Gemini has it."""
_NO_SYSTEM = regex.compile(
    r"(?i)\bsystem\b.{0,40}\b(?:roles?|messages?|prompts?|instructions?)\b|\broles?\b.{0,60}\b(?:system|alternate)\b"
    r"|\bonly\b.{0,40}\broles?\b|\bdeveloper (?:roles?|messages?|instructions?)\b"
)
_NO_STREAM = regex.compile(
    r"(?i)\b(?:not?|cannot|can't|without|unsupported|disabled?|must)\b.{0,40}\bstream(?:s|ed|ing)?\b"
    r"|\bstream(?:s|ed|ing)?\b.{0,40}\b(?:not|unsupported|disabled|false)\b"
)
_NO_USAGE = regex.compile(r"(?i)stream_options|include_usage")
_NO_OPTION = regex.compile(
    r"(?i)\b(?:unknown|unexpected|unrecogni[sz]ed|unsupported|extra|additional)\b.{0,30}"
    r"\b(?:fields?|parameters?|arguments?|propert(?:y|ies)|inputs?|options?)\b"
    r"|\b(?:fields?|parameters?|arguments?|propert(?:y|ies)|inputs?|options?)\b.{0,60}"
    r"\bnot (?:allowed|permitted|supported|recogni[sz]ed|known)\b"
)
_LOADING = regex.compile(r"(?i)^(?!.*\b(?:fail|error|cannot|could not|unable)).*\b(?:loading|warming|starting)\b")

_WORDS = ("error", "errors", "detail", "details", "message", "msg", "error_message", "error_description", "reason")
"""Where servers put what they say of an error, what is nearest to it first."""
_CODES = ("code", "type", "error_type", "param", "status")
_TITLE = regex.compile(r"(?is)<title[^>]*>(.*?)</title>|<h1[^>]*>(.*?)</h1>")
_TAG = regex.compile(r"<[^<>]{0,2000}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of an answer: its text; the reason why it ended, with the last one; tokens and cost where they are told;
    a refusal in words of its own; what the model `thought`, in a field of its own; and whether it `reasoned` or
    `called` a tool instead of answering."""

    text: str = ""
    finish: str | None = None
    usage: Mapping[str, float] = field(default_factory=dict)
    refusal: str = ""
    thought: str = ""
    reasoned: bool = False
    called: bool = False

    @property
    def is_work(self) -> bool:
        """Whether the model did something: servers send empty pieces too, to keep a connection open."""
        return bool(self.text or self.refusal or self.reasoned or self.called)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a server says in place of an answer, with the HTTP status that it gives it, if any: its `words`, in one
    line, empty where it has none, and the `codes` beside them."""

    status: int | None
    words: str
    codes: str = ""

    @property
    def is_too_long(self) -> bool:
        if self.status == 429:
            return _TOO_LARGE.search(self.words) is not None
        return self.status == 413 or _TOO_LONG.search(f"{self.words} {self.codes}") is not None

    @property
    def is_spent(self) -> bool:
        """Whether a quota or credit is used up, which no other try brings back."""
        said = f"{self.words} {self.codes}"
        return self.status in (402, 429) and bool(_SPENT.search(said)) and not _FOR_A_WHILE.search(said)

    @property
    def is_loading(self) -> bool:
        """Whether the server has begun to load the model."""
        return self.status in (None, 503) and _LOADING.search(self.words) is not None

    @property
    def minds_system(self) -> bool:
        return self._may_mend and _NO_SYSTEM.search(self.words) is not None

    @property
    def minds_stream(self) -> bool:
        # Behind a 500 a stream may have failed for once.
        return self._may_mend and self.status != 500 and _NO_STREAM.search(self.words) is not None

    @property
    def minds_usage(self) -> bool:
        """Whether it does not know our option of a stream, or one that it does not name."""
        said = f"{self.words} {self.codes}"
        return self._may_mend and bool(_NO_USAGE.search(said) or _NO_OPTION.search(self.words))

    @property
    def _may_mend(self) -> bool:
        return self.status in (None, 400, 422, 500, 501)


class RefusedError(Exception):
    """A refusal where an answer was to come."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.words)
        self.refusal = refusal


class WebPageError(ValueError):
    """A page for people, where a program's answer was to come."""


class StreamReader:
    """The pieces of an answer out of the bytes of its server: events, lines of JSON or one object, whatever it is
    called.

    Raises RefusedError where the server says that it failed, and ValueError where it sends no answer at all.
    """

    def __init__(self) -> None:
        self._bytes = b""
        self._held = ""
        self._event = ""
        self._are_events = False
        self.has_ended = False
        self.is_done = False

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        *lines, self._bytes = _LINE_END.split(self._bytes + chunk)
        for line in lines:
            yield from self._read(line.decode("utf-8", "replace"))
        if len(self._bytes) + len(self._held) > _LONGEST_LINE:
            raise ValueError("a line without an end")

    def finish(self) -> Iterator[Piece]:
        """What is left, once nothing more comes: half an event is none, half an object is told as what it is."""
        yield from self._read(self._bytes.decode("utf-8", "replace"))
        if self._held and not self._are_events:
            raise ValueError(_begun(self._held))

    def _read(self, line: str) -> Iterator[Piece]:
        if self.is_done:
            return
        found = None if self._held and not self._are_events else _FIELD.match(line)
        if found is not None:
            self._are_events = True
            yield from self._field(found["name"], found["value"].removeprefix(" "))
        elif line.strip():
            # Not an event's: an object, over one line or many.
            yield from self._taken(line)
        elif self._are_events:
            if self._held.strip():
                raise ValueError(_begun(self._held))
            self._held, self._event = "", ""

    def _field(self, name: str, value: str) -> Iterator[Piece]:
        if name == "event":
            self._event = value.strip()
        elif name == "data" and value.lstrip().startswith(_DONE):
            self.is_done = True
            yield from self._end()
        elif name == "data" and value.strip():
            yield from self._taken(value)

    def _taken(self, line: str) -> Iterator[Piece]:
        if not self._held and line.lstrip().startswith("<"):
            raise WebPageError
        self._held += line
        told = _object_of(self._held)
        if told is not None:
            self._held = ""
            yield from self._told(told[0])
        elif self._event == "error":
            raise RefusedError(refusal_of(self._held))

    def _told(self, told: Any) -> Iterator[Piece]:
        self._refuse(told)
        choice = _choice_of(told)
        piece = _piece(told, choice) if isinstance(told, Mapping) else None
        if piece is None:
            return
        self.has_ended |= piece.finish is not None
        yield piece
        if choice is not None and "delta" not in choice and "message" in choice:
            # An answer in one piece is whole, whether it gives a reason or not.
            yield from self._end()

    def _refuse(self, told: Any) -> None:
        one = told[0] if isinstance(told, list) and told else told
        if not isinstance(one, Mapping):
            return
        is_called_so = "error" in (one.get("object"), one.get("type"), self._event)
        is_no_answer = "choices" not in one and (isinstance(one.get("message"), str) or one.get("detail"))
        if is_called_so or is_no_answer or one.get("error") or one.get("errors"):
            raise RefusedError(refusal_of(one))

    def _end(self) -> Iterator[Piece]:
        if not self.has_ended:
            self.has_ended = True
            yield Piece(finish="stop")


def rows_of(text: str) -> list[Mapping[str, Any]]:
    """What a list holds that is sent whole, such as of models or of vectors. Raises as a StreamReader does."""
    if text.lstrip().startswith("<"):
        raise WebPageError
    within = _object_of(text)
    told = within[0] if within else None
    rows = told.get("data") if isinstance(told, Mapping) else None
    if isinstance(told, Mapping) and not rows and _words_in(told):
        raise RefusedError(refusal_of(told))
    if not isinstance(told, Mapping) or not isinstance(rows or [], list):
        raise ValueError(_begun(text))
    return [row for row in rows or () if isinstance(row, Mapping)]


def how_ended(finish: str) -> str:
    """Why an answer ended: "stop" where it is whole (or a tool is called), "length", "content_filter", or "error" where
    the server gives another reason, so that it may not be whole."""
    reason = finish.lower()
    if _AT_ITS_LENGTH.search(reason):
        return "length"
    if _FILTERED.search(reason):
        return "content_filter"
    return "stop" if _ENDED.search(reason) else "error"


def refusal_of(told: Any, status: int | None = None) -> Refusal:
    """What a server says in an object, a list of them, or a text."""
    within = _object_of(told) if isinstance(told, str) else None
    told = within[0] if within else told
    codes = " ".join(dict.fromkeys(_codes_in(told)))
    named = [int(code) for code in codes.split() if regex.fullmatch(r"[45]\d\d", code)]
    return Refusal(status=status or next(iter(named), None), words=_words_in(told), codes=codes)


def shortened(words: str) -> str:
    return words if len(words) <= _LONGEST_WORDS else f"{words[: _LONGEST_WORDS - 1].rstrip()}…"


def _words_in(told: Any, depth: int = 0) -> str:
    """In one line."""
    if depth > 5 or told is None or isinstance(told, bool | int | float):
        return ""
    if isinstance(told, str):
        # Gateways put the whole object of another server into their message.
        within = _object_of(told)
        return (within and _words_in(within[0], depth + 1)) or _line(told)
    if isinstance(told, list):
        return "; ".join(filter(None, (_words_in(one, depth + 1) for one in told[:3])))
    if not isinstance(told, Mapping):
        return ""
    words = next(filter(None, (_words_in(told.get(name), depth + 1) for name in _WORDS)), "")
    place = told.get("loc")
    # As FastAPI says which part of a request it means.
    return f"{'.'.join(map(str, place))}: {words}" if words and isinstance(place, list) else words


def _line(text: str) -> str:
    """A text in one line, of a web page its title."""
    text = text[:_LOOKED_AT]
    if text.lstrip().startswith("<"):
        title = _TITLE.search(text)
        text = title[1] or title[2] or "" if title else _TAG.sub(" ", text)
    return " ".join(text.split())


def _codes_in(told: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(told, list):
        for one in told[:3]:
            yield from _codes_in(one, depth + 1)
    elif isinstance(told, Mapping) and depth <= 5:
        yield from (str(told[name]) for name in _CODES if isinstance(told.get(name), str | int))
        for name in _WORDS:
            yield from _codes_in(told.get(name), depth + 1)


def _object_of(text: str) -> tuple[Any] | None:
    """What JSON says, which may be null; None where it is none."""
    try:
        return (json.loads(text),)
    except (ValueError, RecursionError):
        return None


def _begun(text: str) -> str:
    """How a text begins, for telling what it is."""
    return _line(text) or "nothing"


def _choice_of(told: Any) -> Mapping[str, Any] | None:
    """The first of the answers in it; only one was asked for."""
    choices = told.get("choices") if isinstance(told, Mapping) else None
    found = choices if isinstance(choices, list) else ()
    return next((one for one in found if isinstance(one, Mapping) and one.get("index") in (None, 0, "0")), None)


def _piece(told: Mapping[str, Any], choice: Mapping[str, Any] | None) -> Piece:
    said = _said_in(choice or {})
    usage = told.get("usage")
    content = said.get("content")
    return Piece(
        text=_text_of(content),
        finish=" ".join(str((choice or {}).get("finish_reason") or "").split()) or None,
        # Tokens, and the cost where the server tells one (OpenRouter and LiteLLM do, in its own money).
        usage={
            name: usage[name]
            for name in ("prompt_tokens", "completion_tokens", "cost")
            if isinstance(usage.get(name), int | float)
        }
        if isinstance(usage, Mapping)
        else {},
        refusal=str(said.get("refusal") or ""),
        thought=_thought_in(said),
        reasoned=any(value and _is_thought(name) for name, value in said.items())
        or (isinstance(content, list) and any(map(_is_thought_part, content))),
        called=bool(said.get("tool_calls") or said.get("function_call")),
    )


def _said_in(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """The piece in a stream, or the whole where there is no stream; some send the whole once more at its end."""
    said = next((choice[name] for name in ("delta", "message") if name in choice), None)
    return said if isinstance(said, Mapping) else {}


def _is_thought(name: object) -> bool:
    return str(name).lower().startswith(("reason", "think", "thought"))


def _is_thought_part(part: Any) -> bool:
    return isinstance(part, Mapping) and _is_thought(part.get("type"))


def _thought_in(said: Mapping[str, Any]) -> str:
    """What the model thought, in whichever field its server puts it; some put it into two."""
    fields = (value for name, value in said.items() if _is_thought(name) and isinstance(value, str) and value)
    content = said.get("content")
    parts = filter(_is_thought_part, content if isinstance(content, list) else ())
    return next(fields, "") or "".join(_text_of(part.get("thinking")) or _text_in(part) for part in parts)


def _text_of(content: Any) -> str:
    """The text of a content, which may come in parts, those that are thoughts left out."""
    parts = content if isinstance(content, list) else [content]
    return "".join(_text_in(part) for part in parts if not _is_thought_part(part))


def _text_in(part: Any) -> str:
    text = part.get("text") if isinstance(part, Mapping) else part
    return text if isinstance(text, str) else ""
