"""Whether what seem to be turns are a conversation: speakers come back in turn, and speak as people do.

Settings, agendas, logs, glossaries and lists of questions have lines of the same shapes. Shares here are set by hand on
chats and on such texts, on the side of missing a conversation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from rag.documents.speakers import is_called_by_role, is_of_oneself, is_personal, is_speech, is_thing
from rag.documents.turns import Layout

FEWEST_TURNS = 3
"""Of a conversation whose lines a program wrote; of others one more."""
_SHORT = 6
"""Turns. In fewer that a program wrote somebody must ask, or speak of oneself or to somebody, whoever comes back."""

_WRITTEN = (Layout.DATED, Layout.TIMED, Layout.ABOVE)
_LEAST_SPEECH = {
    Layout.DATED: 0.1,
    Layout.TIMED: 0.2,
    Layout.NICK: 0.1,
    Layout.NAMED: 0.25,
    Layout.ABOVE: 0.15,
    Layout.THREAD: 0.1,
}
"""Share of turns that ask or speak of oneself or to somebody; the less a layout says, the more."""

_LEAST_PERSONAL = 0.15
"""The same of turns that ask or speak of oneself, where only a name stands in front."""

_DIGITS = regex.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn: `words` is its first line without what names the speaker."""

    speaker: str
    time: str | None
    words: str
    is_program_written: bool


def is_conversation(layout: Layout, turns: Sequence[Spoken], *, labels: int, things: frozenset[str]) -> bool:
    """Whether turns of one layout are one. `labels` counts lines between them with a label in a speaker's place;
    `things` are words that the text has for things."""
    is_written = layout in _WRITTEN and all(turn.is_program_written for turn in turns)
    if is_written and FEWEST_TURNS <= len(turns) < _SHORT and any(is_speech(turn.words) for turn in turns):
        is_between = len({turn.speaker for turn in turns}) in range(2, len(turns))
    else:
        is_between = len(turns) > FEWEST_TURNS and _come_back(layout, turns)
    return (
        is_between
        and not _are_records(layout, turns, labels)
        and sum(not turn.words.strip() for turn in turns) * 5 <= len(turns)
        and _is_spoken(layout, turns)
        and (layout is not Layout.ABOVE or _times_go_on(turns))
        and (layout is not Layout.NAMED or (_are_names(turns, things) and _are_sentences(turns)))
    )


def _come_back(layout: Layout, turns: Sequence[Spoken]) -> bool:
    """At least two speakers, in turn; a group that writes in a program may have many who write once."""
    counted = Counter(turn.speaker for turn in turns)
    changes = sum(one.speaker != other.speaker for one, other in pairwise(turns))
    often = sum(count > 1 for count in counted.values())
    return often > 1 and changes > 2 and (layout is Layout.DATED or len(counted) * 3 <= len(turns) * 2)


def _are_records(layout: Layout, turns: Sequence[Spoken], labels: int) -> bool:
    """The same three labels or more, over and over in one order, or turns among many labels."""
    if layout is Layout.NAMED and labels * 3 > len(turns):
        return True
    speakers = [turn.speaker for turn in turns]
    cycle = len(set(speakers))
    if layout in (Layout.DATED, Layout.NICK) or cycle < 3:
        return False
    return all(one == other for one, other in zip(speakers, speakers[cycle:], strict=False))


def _is_spoken(layout: Layout, turns: Sequence[Spoken]) -> bool:
    if layout is Layout.DATED and all(turn.is_program_written and not turn.speaker[0].islower() for turn in turns):
        return True
    # A name in angle brackets behind a time, "[21:03] <moth>", says more than the time.
    is_nick = layout is Layout.TIMED and all(turn.is_program_written for turn in turns)
    speech = sum(is_speech(turn.words) for turn in turns)
    return speech >= max(1, len(turns) * _LEAST_SPEECH[Layout.NICK if is_nick else layout])


def _times_go_on(turns: Sequence[Spoken]) -> bool:
    """ "John 3:16" is no time. Once in ten it may be another day, and after 12:59 PM comes 1:00."""
    told = [turn.time or "" for turn in turns]
    if any(time.lower().rstrip(".").endswith("m") for time in told):
        return True
    times = [tuple(map(int, _DIGITS.findall(time))) for time in told]
    back = sum(one > other and len(one) == len(other) for one, other in pairwise(times))
    return back * 10 <= len(times)


def _are_names(turns: Sequence[Spoken], things: frozenset[str]) -> bool:
    counted = Counter(turn.speaker for turn in turns)
    if counted.keys() & {"Q", "A"} and not _is_questioning(turns):
        return False
    often = [one for one, count in counted.items() if count > 1 and not is_called_by_role(one)]
    return sum(is_thing(one, things) for one in often) * 2 < max(1, len(often))


def _is_questioning(turns: Sequence[Spoken]) -> bool:
    """Of "Q." and "A.": whether somebody answers of oneself, as no list of questions does, or others speak too."""
    if any(is_called_by_role(turn.speaker) or "." in turn.speaker for turn in turns):
        return True
    answers = [turn.words for turn in turns if turn.speaker == "A"]
    return sum(map(is_of_oneself, answers)) * 2 > len(answers)


def _are_sentences(turns: Sequence[Spoken]) -> bool:
    words = [turn.words.strip() for turn in turns]
    bare = sum(len(one.split()) == 1 and one[-1].isalnum() for one in words)
    return sum(map(is_personal, words)) >= max(2, len(words) * _LEAST_PERSONAL) and bare * 2 <= len(words)
