"""What a folder tells as a whole: the time that its documents speak of, and whom and what they mention most. Pure.

Made of the guides to the documents, so it tells nothing that none of these knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answer.central import Telling
from rag.answer.guide import Guide, Name, key_of
from rag.answer.timeline import Event, spread

MOST_EVENTS, MOST_MENTIONS = 30, 24
_FEWEST = 3
"""Times that a name stands in a single document, to be told of the folder."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A name, how often it stands in the documents, and where first in each of them."""

    text: str
    count: int
    places: tuple[Telling, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """`events` in the order of time; `mentions` with those of most documents first, then the most frequent."""

    events: tuple[Event, ...] = ()
    mentions: tuple[Mention, ...] = ()


def survey(guides: Sequence[Guide]) -> Survey:
    """What the documents tell that these are the guides to."""
    told = {event.telling.text: event for guide in guides for event in guide.every_date}
    return Survey(
        events=tuple(spread(list(told.values()), most=MOST_EVENTS)),
        mentions=tuple(_mentions(guides)[:MOST_MENTIONS]),
    )


def _mentions(guides: Sequence[Guide]) -> list[Mention]:
    found: dict[str, list[Name]] = {}
    for guide in guides:
        for name in guide.every_name:
            found.setdefault(key_of(name.text), []).append(name)
    every = [_mention(names) for names in found.values()]
    kept = [one for one in every if len(one.places) > 1 or one.count >= _FEWEST]
    return sorted(kept, key=lambda one: (-len(one.places), -one.count))


def _mention(names: Sequence[Name]) -> Mention:
    return Mention(names[0].text, sum(one.count for one in names), tuple(one.first for one in names))
