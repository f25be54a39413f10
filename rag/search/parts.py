"""A question of several parts, taken apart. Pure.

"Where do I hand it in, and who reads it?" asks two things; "is it open on Mondays or not?" one.
"""

from __future__ import annotations

from typing import NamedTuple

import regex

from rag.search.followup import expand
from rag.text import language, terms
from rag.text.sentences import split_sentences

MOST_PARTS = 4

_ASKS = rf"(?:{language.pattern('questions.asks')})\b"
_GOES_ON = language.pattern("questions.goes_on")
_PLACED = language.pattern("questions.placed")
_BEGINS = regex.compile(rf"^\W*(?:{_GOES_ON}\W+)?(?:(?:\w+\W+){{0,5}}?,\s*|{_PLACED}\s+)?{_ASKS}", regex.IGNORECASE)
"""A question begins: "who …", "and in which year …", "in Portugal, how long …"."""
_JOINED = regex.compile(
    rf"\s*[,;]?\s+{language.pattern('questions.joins')}\s+(?=(?:{_PLACED}\s+)?{_ASKS}\s+\S+)", regex.IGNORECASE
)
_COMMA = regex.compile(rf",\s+(?=(?:{language.pattern('questions.asks_what')})\s+\S+)", regex.IGNORECASE)
_HOW_MANY = regex.compile(rf"\b{language.pattern('questions.how_many')}\b", regex.IGNORECASE)
_FEWEST_WORDS = 3


_LISTED = regex.compile(
    rf"^\W*(?P<items>[^:?!.–—]{{3,160}}?)\s*[:–—]\s+(?P<rest>{_ASKS}[^?]{{3,}}\??)\s*$", regex.IGNORECASE
)
_BETWEEN_ITEMS = regex.compile(
    rf"\s*,\s*(?:{language.pattern('questions.between')}\s+)?|\s+{language.pattern('questions.between')}\s+"
)
_EACH = regex.compile(rf"\b{language.pattern('questions.each')}\b", regex.IGNORECASE)
_MOST_WORDS_OF_ITEM = 5
_OF_SOMEBODY = regex.compile(
    rf"^\W*(?P<asks>(?:{language.pattern('questions.polar')})\s+{language.pattern('questions.anybody')})\s+"
    rf"(?P<one>[^?.!]+?)\s+{language.pattern('questions.between')}\s+(?P<other>[^?.!]+?)\s*\??\s*$",
    regex.IGNORECASE,
)
"""One thing and another that somebody may do: "Can I smoke in the hall and bring my dog?"."""
_FEWEST_OF_OTHER = 2


class Part(NamedTuple):
    """A part of a question, as it was asked and so that it stands alone; of one that `is_of_item` that is the name of a
    thing, "Yoga: what does it cost?"; it `is_listed` where things are named in front at all. Where it `may_be_none` the
    question may be one after all: "Can I eat and drink there?"."""

    asked: str
    alone: str
    is_of_item: bool = False
    is_listed: bool = False
    may_be_none: bool = False


def parts_of(question: str) -> tuple[Part, ...]:
    """What is asked, part for part; nothing where it is one question."""
    if (listed := _of_items(question)) or (listed := _of_somebody(question)):
        return listed
    sentences = [span.of(question).strip() for span in split_sentences(question)]
    asking = [one for one in sentences if _BEGINS.match(one)]
    told = " ".join(one for one in sentences if one not in asking)
    parts = [part for one in asking for part in _split(one)]
    if not 2 <= len(parts) <= MOST_PARTS:
        return ()
    alone = [parts[0], *(expand(part, parts[0]) or part for part in parts[1:])]
    return tuple(Part(asked, f"{told} {part}".strip()) for asked, part in zip(parts, alone, strict=True))


def _of_items(question: str) -> tuple[Part, ...]:
    """The same of several things that stand in front, "Yoga, pottery and Spanish: what does each cost?"; what asks
    which of them it is, with them and without."""
    found = _LISTED.match(question)
    items = [one for one in _BETWEEN_ITEMS.split(found["items"]) if one] if found else []
    if found is None or not 2 <= len(items) <= MOST_PARTS:
        return ()
    if any(len(one.split()) > _MOST_WORDS_OF_ITEM for one in items) or any(map(_BEGINS.match, items)):
        return ()
    rest = found["rest"].rstrip("? ")
    if not _EACH.search(rest):
        return tuple(Part(rest, alone, is_listed=True) for alone in (f"{rest}?", f"{rest}: {', '.join(items)}?"))
    return tuple(Part(one, f"{_of_item(rest, one)}?", is_of_item=True, is_listed=True) for one in items)


def _of_item(rest: str, item: str) -> str:
    """The question with a thing in the place of "each"."""
    return _EACH.sub(lambda _: item, rest, count=1)


def _of_somebody(question: str) -> tuple[Part, ...]:
    found = _OF_SOMEBODY.match(question)
    if found is None or len(found["other"].split()) < _FEWEST_OF_OTHER or regex.match(_ASKS, found["other"]):
        return ()
    if not (terms.content_words(found["one"]) and terms.content_words(found["other"])):
        return ()
    halves = [found["one"], found["other"]]
    return tuple(Part(one, f"{found['asks']} {one}?", may_be_none=True) for one in halves)


def _split(sentence: str) -> list[str]:
    """At each "and" that a question of its own follows; where there is one, at each comma too."""
    parts: list[str] = []
    rest = sentence
    joints = list(_JOINED.finditer(sentence))
    commas = _COMMA.finditer(sentence, 0, joints[-1].start()) if joints else ()
    for match in sorted([*joints, *commas], key=lambda one: one.start()):
        before = sentence[len(sentence) - len(rest) : match.start()]
        after = sentence[match.end() :]
        if _BEGINS.match(before) and _says_enough(before) and _says_enough(after):
            parts.append(before)
            rest = after
    return [*parts, rest]


def _says_enough(part: str) -> bool:
    is_asked = bool(terms.content_words(part)) or _HOW_MANY.search(part) is not None
    return len(part.split()) >= _FEWEST_WORDS and is_asked
