"""What people type that is no question about a fact: greetings, "which documents do you have", "summarise …",
"compare …".

Pure: it tells the kind of such a question and which documents it means; `rag.answer.collection` answers it from the
catalogue and from the documents' own sentences.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

import regex

from rag.text import language, terms


class Kind(StrEnum):
    GREETING = "greeting"
    THANKS = "thanks"
    ABILITIES = "abilities"
    CATALOGUE = "catalogue"
    CONTENTS = "contents"
    SUMMARY = "summary"
    COMPARISON = "comparison"
    AUTHOR = "author"
    DATE = "date"
    TIMELINE = "timeline"
    NEWEST = "newest"
    OLDEST = "oldest"
    CHANGES = "changes"
    MENTIONS = "mentions"
    READERS = "readers"
    MORE = "more"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Request:
    """`which` are places in the list of documents, from 0; empty means all of them. `topic` is what they are compared
    in or asked for, where that is said, or who wrote them. It `points_back` to "one" document that was quoted last, or
    to "several"."""

    kind: Kind
    which: tuple[int, ...] = ()
    topic: str | None = None
    points_back: str | None = None

    @property
    def is_of_pronoun(self) -> bool:
        """Whether it asks which documents speak of somebody or something that was named before: "mention her"."""
        is_asked = self.kind in (Kind.MENTIONS, Kind.TOPIC) and self.topic is not None
        return is_asked and _PRONOUN.fullmatch(self.topic or "") is not None


def _whole(phrase: str) -> regex.Pattern[str]:
    return regex.compile(rf"^\W*(?:{phrase})\W*$", regex.IGNORECASE)


_PATTERNS = tuple(
    (kind, _whole(phrase))
    for kind, phrase in (
        (
            Kind.GREETING,
            rf"{language.pattern('requests.greeting')}(?:\s+{language.pattern('requests.everybody')})?",
        ),
        (Kind.THANKS, language.pattern("requests.thanks")),
        (Kind.ABILITIES, language.pattern("requests.abilities")),
        (Kind.CATALOGUE, language.pattern("requests.catalogue")),
        (Kind.MORE, language.pattern("requests.more")),
    )
)
_COMPARISON = _whole(language.pattern("requests.comparison"))
_PAIR = _whole(language.pattern("requests.pair"))
# These ask what is said of a `topic`.
_OF_TOPIC = tuple((kind, _whole(language.pattern(f"requests.{kind}"))) for kind in (Kind.READERS, Kind.MENTIONS))
_TOPIC = _whole(language.pattern("requests.topic_of"))
_OF_THOSE = regex.compile(rf"\b{language.pattern('requests.of_those')}\b", regex.IGNORECASE)
_WRITTEN_BY = _whole(language.pattern("requests.written_by"))
# These mean documents by an `object`.
_OF_DOCUMENTS = tuple(
    (kind, _whole(language.pattern(f"requests.{kind}")))
    for kind in (Kind.SUMMARY, Kind.AUTHOR, Kind.DATE, Kind.TIMELINE, Kind.NEWEST, Kind.OLDEST, Kind.CHANGES)
)
_BY_DATE = (Kind.NEWEST, Kind.OLDEST)
_EITHER = regex.compile(rf"\s+{language.pattern('questions.either')}\s+", regex.IGNORECASE)
_MANNERS = regex.compile(
    rf"^\W*(?:{language.pattern('requests.thanks')}\s*[,.!–—-]+|{language.pattern('requests.greeting')}(?:\s+{language.pattern('requests.everybody')})?(?:\s*[,.!–—-]+|\s))\s*(?:{language.pattern('questions.goes_on')}\s+)?(?=[\p{{L}}\p{{N}}])",
    regex.IGNORECASE,
)
"""What people say before they ask."""
_AND = regex.compile(rf"^\W*{language.pattern('questions.joins')}\s+(?=[\p{{L}}\p{{N}}])", regex.IGNORECASE)
_PRONOUN = regex.compile(rf"{language.pattern('questions.stand_for')}\W*", regex.IGNORECASE)
_COMPARED = _whole(language.pattern("requests.compared"))
_ONE, _SEVERAL = _whole(language.pattern("requests.that_one")), _whole(language.pattern("requests.those"))
_DATED_DOCUMENT = regex.compile(rf"{language.pattern('requests.dated_documents')}\b", regex.IGNORECASE)
_VERSION = regex.compile(r"(?i)\bv(?:er)?\.?\s?(?=\d)")
_OF_HEAD = regex.compile(r"(?P<head>.+?)\s+\S+(?:\s+\d+)?$")
_VAGUE = _whole(language.pattern("requests.vague"))
_NAMED = regex.compile(r"\W*[“\"„«](?P<name>[^“”\"„«»]+)[”\"“»]\W*")
_PLACES = language.numbered("requests.places")
_LAST = frozenset(language.words("requests.last"))
KIND_STEMS = frozenset(terms.stemmed(list(language.words("requests.document_kinds"))))
DOCUMENT_STEMS = frozenset(terms.stemmed(list(language.words("requests.document_words"))))


def classify(question: str, titles: Sequence[str], *, goes_on: bool = False) -> Request | None:
    """The kind of request about the collection, or None for a question about a fact. `titles` describe the
    documents: title, file name and author of each. Where it `goes_on` behind an answer, "it" and "these" mean the
    documents that were quoted there.

    "Summarise the siege" is a question about a fact unless a document's title or place is meant.
    """
    if begun := _MANNERS.match(question) or (_AND.match(question) if goes_on else None):
        of_rest = classify(question[begun.end() :], titles, goes_on=goes_on)
        if of_rest is not None:
            return of_rest
    for kind, pattern in _PATTERNS:
        if pattern.match(question) and (goes_on or kind is not Kind.MORE):
            return Request(kind)
    return (
        _of_topic(question, titles)
        or _by_author(question, titles)
        or _comparison(question, titles, goes_on=goes_on)
        or _of_documents(question, titles, goes_on=goes_on)
    )


def _of_topic(question: str, titles: Sequence[str]) -> Request | None:
    if match := _TOPIC.match(question):
        which = _documents_meant(match.group("topic"), titles)
        return Request(Kind.TOPIC, which or (), match.group("topic"))
    matches = ((kind, pattern.match(question)) for kind, pattern in _OF_TOPIC)
    return next((Request(kind, (), match.group("topic")) for kind, match in matches if match is not None), None)


def _by_author(question: str, titles: Sequence[str]) -> Request | None:
    match = _WRITTEN_BY.match(question)
    which = _all_in(match.group("author"), titles) if match else ()
    return Request(Kind.AUTHOR, which, match.group("author")) if match and which else None


def _of_documents(question: str, titles: Sequence[str], *, goes_on: bool) -> Request | None:
    for kind, pattern in _OF_DOCUMENTS:
        match = pattern.match(question)
        if match is None:
            continue
        about = match.group("object") or ""
        points_back = "one" if _ONE.match(about) else "several" if _SEVERAL.match(about) else None
        if goes_on and points_back is not None:
            return Request(kind, (), None, points_back)
        if goes_on and kind in _BY_DATE and (beside := _beside_the_last(_EITHER.split(about), titles)):
            return Request(kind, beside, None, "one")
        which = _several_meant(about, titles) if kind in _BY_DATE else _documents_meant(about, titles)
        if which is not None:
            is_of_those = goes_on and kind in _BY_DATE and not which and _OF_THOSE.search(question) is not None
            return Request(kind, which, None, "several" if is_of_those else None)
    return None


def _beside_the_last(named: Sequence[str], titles: Sequence[str]) -> tuple[int, ...]:
    """Places of the documents that are named beside the one that was quoted last: "this article or the one on bees"."""
    others = [one for one in named if not _ONE.match(one)]
    meant = [place for one in others for place in _documents_meant(one, titles) or ()]
    return tuple(meant) if others and len(others) < len(named) else ()


def _comparison(question: str, titles: Sequence[str], *, goes_on: bool) -> Request | None:
    if goes_on and _COMPARED.match(question):
        return Request(Kind.COMPARISON, (), None, "several")
    if match := _COMPARISON.match(question):
        return Request(Kind.COMPARISON, (), match.group("topic"))
    if match := _PAIR.match(question):
        if goes_on and (beside := _beside_the_last([match.group("one"), match.group("other")], titles)):
            return Request(Kind.COMPARISON, beside, None, "one")
        one, other = _pair_meant(match.group("one"), match.group("other"), titles)
        # A vague one ("this article") could be any.
        if one and other and not set(one) & set(other):
            return Request(Kind.COMPARISON, tuple(sorted({*one, *other})))
    return None


def _pair_meant(
    first: str, second: str, titles: Sequence[str]
) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
    """Places of the documents that two phrases mean; the second may leave out what both begin with, "the fees of 2024
    and 2025"."""
    head = _OF_HEAD.match(first)
    whole = _documents_meant(f"{head['head']} {second}", titles, least=0.75) if head else None
    other = whole if whole is not None and len(whole) == 1 else _half_meant(second, titles)
    return _half_meant(first, titles), other


def _half_meant(about: str, titles: Sequence[str]) -> tuple[int, ...] | None:
    """Places of the documents that a phrase means; half of its words will do where only one title has them."""
    which = _documents_meant(about, titles)
    half = _documents_meant(about, titles, least=0.5) if which is None else None
    return half if half is not None and len(half) == 1 else which


def _all_in(words: str, titles: Sequence[str]) -> tuple[int, ...]:
    """Places of the documents that are described by every one of the words."""
    asked = set(terms.stems(words))
    return tuple(i for i, title in enumerate(titles) if asked and asked <= set(terms.stems(title)))


def _several_meant(about: str, titles: Sequence[str]) -> tuple[int, ...] | None:
    """Places of the documents of which one is the newest: "the lease or its annex"; None where they are not several,
    but for the only ones of their kind, "the latest minutes"."""
    named = _EITHER.split(about)
    meant = [_documents_meant(one, titles) for one in named]
    which = sorted({place for places in meant for place in places or ()})
    is_only = len(named) == 1 and _DATED_DOCUMENT.match(about) is not None
    return tuple(which) if None not in meant and (len(which) != 1 or is_only) else None


def _documents_meant(about: str, titles: Sequence[str], *, least: float = 0.6) -> tuple[int, ...] | None:
    """Places of the documents that a phrase means; empty for all of them, None where it means none: where no title has
    at least that share of its words."""
    about = _VERSION.sub("version ", about)
    words = about.lower().split()
    if _VAGUE.match(about):
        place = next((_PLACES[word] for word in words if word in _PLACES), None)
        if place is None and not _LAST.isdisjoint(words):
            place = len(titles) - 1
        return () if place is None else ((place,) if 0 <= place < len(titles) else None)
    if named := _NAMED.fullmatch(about):
        called = regex.compile(rf"(?<!\w){regex.escape(named['name'])}(?!\w)", regex.IGNORECASE)
        return tuple(i for i, title in enumerate(titles) if called.search(title)) or None
    asked = set(terms.content_stems(about)) - DOCUMENT_STEMS
    # "The mail about the minibus" may not call itself a mail.
    return next(
        (which for words in (asked, asked - KIND_STEMS) if (which := _fitting(words, titles, least=least))), None
    )


def _fitting(asked: Set[str], titles: Sequence[str], *, least: float) -> tuple[int, ...]:
    """Places of the titles with most of these words, if that is at least such a share of them."""
    fits = [len(asked & set(terms.stems(title))) / len(asked) if asked else 0.0 for title in titles]
    best = max(fits, default=0.0)
    return tuple(i for i, fit in enumerate(fits) if fit == best) if best >= least else ()
