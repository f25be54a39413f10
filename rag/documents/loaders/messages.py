"""Conversations that programs export as JSON: Slack, Telegram, Discord, and lists of messages of one simple form.

A list is a conversation where nearly all of its objects have words, an author and a time, at least two authors come
back, and nothing else in them would be lost; any other list is data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import regex

from rag.documents.loaders.loaded import Piece
from rag.domain import Role

_WORDS = ("text", "content", "message", "body")
_AUTHORS = (
    "user_profile",
    "from",
    "author",
    "sender",
    "speaker",
    "username",
    "user",
    "name",
    "role",
    "from_name",
    "actor",
)
_NAMES = ("real_name", "display_name", "nickname", "global_name", "name", "username")
_FILE_NAMES = ("title", "name", "fileName", "filename")
_TIMES = ("date", "timestamp", "ts", "time", "created_at", "createdAt", "sent_at", "datetime")
_BESIDE = frozenset(
    "id type subtype edited is_edited user_id author_id channel thread_id thread_ts parent_id reply_to reactions"
    " attachments files client_msg_id team blocks date_unixtime from_id actor_id text_entities lang seen read".split()
)
"""What else messages of a simple form have, and nobody asks about."""

_SLACK_TIME = regex.compile(r"\d{9,11}\.\d{4,6}")
_ISO = regex.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_MENTION = regex.compile(r"<@(?P<id>\w+)(?:\|(?P<name>[^>]+))?>")
_LINK = regex.compile(r"<(?P<address>(?:https?|mailto):[^|>\s]+)(?:\|(?P<name>[^>]+))?>")
_FEWEST = 3
_NEARLY_ALL = 0.8


class _Message(NamedTuple):
    words: str
    author: str | None
    time: str


def message_pieces(value: Any) -> list[Piece] | None:
    """The messages as turns, in the order of the file; None where the value is no conversation."""
    messages, title = _list_in(value)
    objects = [one for one in messages if isinstance(one, Mapping)]
    if len(objects) < _FEWEST or len(objects) < len(messages):
        return None
    read = [_message(one) for one in objects]
    if not (_is_of_program(value, objects) or all(_is_simple(one) for one in objects)) or not _is_conversation(read):
        return None
    names = {
        str(one["user"]): said.author for one, said in zip(objects, read, strict=True) if said.author and "user" in one
    }
    return [*_titled(title), *(_piece(one, names) for one in read)]


def _list_in(value: Any) -> tuple[Sequence[Any], str | None]:
    """The messages, and what their chat is called."""
    if isinstance(value, list):
        return value, None
    if not isinstance(value, Mapping) or not isinstance(value.get("messages"), list):
        return [], None
    channel = value.get("channel")
    name = value.get("name") or value.get("title") or (channel.get("name") if isinstance(channel, Mapping) else channel)
    return value["messages"], name if isinstance(name, str) else None


def _is_of_program(value: Any, objects: Sequence[Mapping[str, Any]]) -> bool:
    """Whether Slack, Telegram or Discord wrote it: their messages have dozens of fields for programs."""
    if all(isinstance(one.get("ts"), str) and _SLACK_TIME.fullmatch(one["ts"]) for one in objects):
        return True
    if not isinstance(value, Mapping):
        return False
    is_telegram = all("date" in one and one.get("type") in ("message", "service") for one in objects)
    is_discord = all("timestamp" in one and isinstance(one.get("author"), Mapping) for one in objects)
    return is_telegram or (is_discord and "channel" in value)


def _is_simple(one: Mapping[str, Any]) -> bool:
    """Whether words, author and time are all that it tells."""
    told = {_first(one, names) for names in (_WORDS, _AUTHORS, _TIMES)}
    return None not in told and set(one) - told <= _BESIDE


def _is_conversation(messages: Sequence[_Message]) -> bool:
    said = [one for one in messages if one.words and one.author and one.time]
    often = [turns for turns in Counter(one.author for one in said).values() if turns > 1]
    return len(said) >= _NEARLY_ALL * sum(1 for one in messages if one.author) and len(often) > 1


def _first(one: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The first of the fields that an object has with something in it."""
    return next((name for name in names if one.get(name)), None)


def _message(one: Mapping[str, Any]) -> _Message:
    is_told_by_program = one.get("type") == "service" or str(one.get("subtype") or "").endswith(("_join", "_leave"))
    author = _author(one)
    words = _plain(one.get(_first(one, _WORDS) or "")) or _attached(one)
    if one.get("type") == "service":
        words = words or " ".join(filter(None, (author, str(one.get("action") or "").replace("_", " "))))
    return _Message(words, None if is_told_by_program else author, _told(one.get(_first(one, _TIMES) or "")))


def _author(one: Mapping[str, Any]) -> str | None:
    for name in _AUTHORS:
        value = one.get(name)
        if isinstance(value, Mapping):
            value = value.get(_first(value, _NAMES) or "")
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _plain(value: Any) -> str:
    """Words as people see them; Telegram keeps them in pieces."""
    if isinstance(value, list):
        return "".join(map(_plain, value))
    if isinstance(value, Mapping):
        return _plain(value.get("text"))
    return value.strip("\r\n") if isinstance(value, str) else ""


def _attached(one: Mapping[str, Any]) -> str:
    """The names of files that came without words."""
    kept = [one[name] for name in ("files", "attachments") if isinstance(one.get(name), list)]
    files = [file for several in kept for file in several if isinstance(file, Mapping)]
    return ", ".join(str(file[name]) for file in files if (name := _first(file, _FILE_NAMES)))


def _told(value: Any) -> str:
    """A time to the minute; seconds since 1970 are told in UTC."""
    text = str(value).strip()
    if _ISO.match(text):
        return text[:16].replace("T", " ")
    try:
        seconds = float(text)
        seconds = seconds / 1_000 if seconds > 1e11 else seconds
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC" if seconds > 1e8 else text
    except (ValueError, OverflowError, OSError):
        return text[:40]


def _titled(title: str | None) -> Iterator[Piece]:
    if title:
        yield Piece(text=title, role=Role.TITLE)


def _piece(message: _Message, names: Mapping[str, str | None]) -> Piece:
    def named(found: regex.Match[str]) -> str:
        return f"@{found['name'] or names.get(found['id']) or found['id']}"

    words = _LINK.sub(lambda found: found["name"] or found["address"], _MENTION.sub(named, message.words))
    return Piece(text=words, role=Role.BODY, speaker=message.author, time=message.time or None)
