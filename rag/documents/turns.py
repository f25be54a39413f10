"""Lines that begin what somebody says, by their shape alone: "[10:42] Ann: …", "<ann> …", "Ann Lee  0:12".

Whether there is a conversation at all is not told by one line: see `rag.documents.conversations`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import regex

from rag.documents.speakers import HANDLE, NAME, is_handle, is_speaker
from rag.text import language

CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[.,]\d{1,3})?(?:\s?[aApP]\.?[mM]\b\.?)?"
_DAY = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
_MARKS = r"[\u200e\u200f\u202a-\u202e\ufeff]*"  # what WhatsApp puts around names and times
_ADDED = r"(?:\s*[(\[][^()\[\]\n]{1,40}[)\]])?"


class Layout(Enum):
    """How a conversation is written down; one conversation has one. In order, from what tells most."""

    DATED = auto()
    TIMED = auto()
    NICK = auto()
    ABOVE = auto()
    THREAD = auto()
    NAMED = auto()


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a line, up to `end`, that says who speaks and when. `speaker` is None where it is the program
    that tells something, or where a label stands in a speaker's place."""

    layout: Layout
    end: int
    speaker: str | None = None
    time: str | None = None
    is_program_written: bool = False


_ACCOUNT = r"[\p{L}\p{N}](?:[\p{L}\p{N}]|[-_.](?=[\p{L}\p{N}])){1,38}"
"""A pattern: "rjensen-ops", as people are called who write to a tracker."""

_THREAD = regex.compile(
    rf"\W{{0,2}}?(?P<bold>\*\*|__)@?(?P<name>{HANDLE})(?P=bold){_ADDED}"
    rf"(?:,|\s+{language.pattern('turns.wrote')}(?:\s\p{{L}}{{2,4}})?)\s+(?P<time>(?=[^\n]*\d)[^\n:*]{{4,40}}?):?\s*",
    regex.IGNORECASE,
)
"""A line of its own: "**dagny-t** (maintainer), 12 Apr 2026:", "**opalfrog** commented on 2 Sep 2025"."""
_DATED = regex.compile(
    rf"{_MARKS}(?:\[(?P<time>{_DAY},?\s+{CLOCK})\]|(?P<time>{_DAY},?\s+{CLOCK}))(?P<dash>\s+[-–])?:?\s+{_MARKS}"
)
_TIMED = regex.compile(rf"(?:\[(?P<time>{CLOCK})\]|\((?P<time>{CLOCK})\)|(?P<time>{CLOCK}))(?:\s+[-–—])?\s+")
_FROM = regex.compile(rf"From\s+(?P<name>{HANDLE})(?:\s+to\s+[^:\n]{{1,60}}?)?\s*:\s+(?=\S)", regex.IGNORECASE)
_HANDLE = regex.compile(rf"(?P<name>{HANDLE})\s?[:：]\s+{_MARKS}(?=\S)")
_NICK = regex.compile(r"<[@+%&~! ]?(?P<name>[\p{L}\p{N}_|`^{}\[\]\\.-]{1,30})>\s+(?=\S)")
_ACTION = regex.compile(r"\*\s+(?=(?P<name>[\p{L}\p{N}_|`^{}\[\]\\-]{1,30})\s+\S)")
_LONGEST_ALONE = 300
"""Letters of a line that only says who speaks and when."""
_EVENT = regex.compile(r"(?:-!-|\*\*\*|-->|<--|→|←|—>|<—)\s+")
_NAMED = regex.compile(
    rf"(?:(?P<bold>\*\*|__)(?:(?P<name>{NAME})|@?(?P<handle>{_ACCOUNT})){_ADDED}(?::(?P=bold)|(?P=bold){_ADDED}:)"
    rf"|(?P<name>{NAME})(?:\s*[(\[](?:(?P<time>{CLOCK})|[^()\[\]\n]{{1,40}})[)\]])?[:：])(?:\s+|(?<=：))(?=\S)"
)
_LETTERED = regex.compile(r"(?P<name>[QA])\.\s+(?=\p{Lu})")
_ABOVE = regex.compile(
    rf"(?P<name>{HANDLE}){_ADDED}(?:(?:\s{{2,}}|\t)(?P<time>{CLOCK})|\s+[(\[](?P<time>{CLOCK})[)\]]"
    rf"|\s+(?P<time>\d{{1,2}}[:.]\d\d\s?[aApP]\.?[mM]\.?|\d{{1,2}}:\d\d:\d\d)"
    rf"|\s+[—–-]\s+(?P<time>(?:\p{{L}}+\s+){{0,2}}{CLOCK}))\s*"
)
_ALONE = regex.compile(rf"\s*(?P<name>{NAME})\s*")
_CLOCK_ALONE = regex.compile(rf"\s*(?P<time>{CLOCK})\s*")
_FROM_ABOVE = regex.compile(
    rf"\s*(?P<time>{CLOCK})\s+From\s+(?P<name>{HANDLE})\s+to\s+[^:\n]{{1,60}}:\s*", regex.IGNORECASE
)
"""As Zoom saves a chat."""
_TIME_ABOVE = regex.compile(rf"\[(?P<time>{CLOCK})\]\s+(?P<name>{NAME})\s*")


def head_of(line: str) -> Head | None:
    """What a line begins with, if that may be who speaks; None for any other line."""
    indent = len(line) - len(line.lstrip())
    for reads in (_dated, _nick, _above, _thread, _timed, _named):
        head = reads(line, indent)
        if head is not None:
            return head
    return None


def _dated(line: str, at: int) -> Head | None:
    when = _DATED.match(line, at)
    if when is None:
        return None
    # "12/03/2024, 21:05 - " and "[12.03.24, 21:05:12] " are what programs write that write down who speaks.
    is_written = "," in when["time"] and (when["dash"] is not None or line[at:].lstrip("\u200e\ufeff").startswith("["))
    return _behind(Layout.DATED, when, line, is_written=is_written)


def _timed(line: str, at: int) -> Head | None:
    when = _TIMED.match(line, at)
    return _behind(Layout.TIMED, when, line, is_written=False) if when else None


def _behind(layout: Layout, when: regex.Match[str], line: str, *, is_written: bool) -> Head:
    """Who speaks behind a time; nobody where no name stands there."""
    time, at = when["time"], when.end()
    is_name: Callable[[str], bool] = is_handle if is_written else is_speaker
    for pattern, fits in ((_NICK, is_handle), (_FROM, is_handle), (_HANDLE, is_name)):
        found = pattern.match(line, at)
        if found and fits(found["name"].strip()):
            return Head(layout, found.end(), found["name"].strip(), time, is_written or pattern is not _HANDLE)
    event = _EVENT.match(line, at)
    return Head(layout, event.end() if event else at, None, time, is_written)


def _nick(line: str, at: int) -> Head | None:
    found = _NICK.match(line, at) or _ACTION.match(line, at)
    if found:
        return Head(Layout.NICK, found.end(), found["name"], is_program_written=line[at] == "<")
    event = _EVENT.match(line, at)
    return Head(Layout.NICK, event.end()) if event else None


def _named(line: str, at: int) -> Head | None:
    found = _NAMED.match(line, at) or _LETTERED.match(line, at)
    if found is None:
        return None
    told = found.groupdict()
    if account := told.get("handle"):
        return Head(Layout.NAMED, found.end(), account if is_handle(account) else None)
    name = found["name"]
    speaker = name if found.re is _LETTERED or is_speaker(name) else None
    return Head(Layout.NAMED, found.end(), speaker, told.get("time"))


def _alone(pattern: regex.Pattern[str], line: str, at: int) -> regex.Match[str] | None:
    """The whole line from there on, where it is short enough to say nothing but who speaks and when."""
    return pattern.fullmatch(line, at) if len(line) - at <= _LONGEST_ALONE else None


def _above(line: str, at: int) -> Head | None:
    found = _alone(_FROM_ABOVE, line, at) or _alone(_ABOVE, line, at) or _alone(_TIME_ABOVE, line, at)
    if found is None:
        return None
    name = found["name"].strip()
    is_name = is_handle(name) and name[0].isalpha() and not (name[0].islower() and " " in name)
    return Head(Layout.ABOVE, len(line), name if is_name else None, found["time"], found.re is not _ABOVE)


def _thread(line: str, at: int) -> Head | None:
    found = _alone(_THREAD, line, at)
    if found is None:
        return None
    name = found["name"].strip()
    return Head(Layout.THREAD, len(line), name if is_handle(name) else None, found["time"].strip())


def head_over(line: str, below: str) -> Head | None:
    """Who speaks and when in two lines, as Slack copies them; it ends with the second."""
    when = _alone(_CLOCK_ALONE, below, 0)
    who = _alone(_ALONE, line, 0) if when else None
    if who is None or when is None or not is_speaker(who["name"]):
        return None
    return Head(Layout.ABOVE, len(below), who["name"], when["time"])
