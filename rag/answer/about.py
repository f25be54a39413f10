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


@dataclass(frozen=True, slots=True)
class Request:
    """`which` are places in the list of documents, from 0; empty means all of them. `topic` is what they are compared
    in, where that is said."""

    kind: Kind
    which: tuple[int, ...] = ()
    topic: str | None = None


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
    )
)
_COMPARISON = _whole(language.pattern("requests.comparison"))
_PAIR = _whole(language.pattern("requests.pair"))
# These mean documents by an `object`.
_OF_DOCUMENTS = tuple(
    (kind, _whole(language.pattern(f"requests.{kind}")))
    for kind in (Kind.SUMMARY, Kind.AUTHOR, Kind.DATE, Kind.TIMELINE, Kind.NEWEST, Kind.OLDEST, Kind.CHANGES)
)
_BY_DATE = (Kind.NEWEST, Kind.OLDEST)
_EITHER = regex.compile(rf"\s+{language.pattern('questions.either')}\s+", regex.IGNORECASE)
_VAGUE = _whole(language.pattern("requests.vague"))
_NAMED = regex.compile(r"\W*[“\"„«](?P<name>[^“”\"„«»]+)[”\"“»]\W*")
_PLACES = language.numbered("requests.places")
_LAST = frozenset(language.words("requests.last"))
_KIND_STEMS = frozenset(terms.stemmed(list(language.words("requests.document_kinds"))))
_DOCUMENT_STEMS = frozenset(terms.stemmed(list(language.words("requests.document_words"))))


def classify(question: str, titles: Sequence[str]) -> Request | None:
    """The kind of request about the collection, or None for a question about a fact. `titles` describe the
    documents: title, file name and author of each.

    "Summarise the siege" is a question about a fact unless a document's title or place is meant.
    """
    for kind, pattern in _PATTERNS:
        if pattern.match(question):
            return Request(kind)
    if compared := _comparison(question, titles):
        return compared
    for kind, pattern in _OF_DOCUMENTS:
        match = pattern.match(question)
        meant = _several_meant if kind in _BY_DATE else _documents_meant
        which = meant(match.group("object") or "", titles) if match else None
        if which is not None:
            return Request(kind, which)
    return None


def _comparison(question: str, titles: Sequence[str]) -> Request | None:
    if match := _COMPARISON.match(question):
        return Request(Kind.COMPARISON, (), match.group("topic"))
    if match := _PAIR.match(question):
        one, other = (_documents_meant(match.group(name), titles) for name in ("one", "other"))
        # A vague one ("this article") could be any.
        if one and other and not set(one) & set(other):
            return Request(Kind.COMPARISON, tuple(sorted({*one, *other})))
    return None


def _several_meant(about: str, titles: Sequence[str]) -> tuple[int, ...] | None:
    """Places of the documents of which one is the newest: "the lease or its annex"; None where they are not several."""
    meant = [_documents_meant(one, titles) for one in _EITHER.split(about)]
    which = sorted({place for places in meant for place in places or ()})
    return tuple(which) if None not in meant and len(which) != 1 else None


def _documents_meant(about: str, titles: Sequence[str]) -> tuple[int, ...] | None:
    """Places of the documents that a phrase means; empty for all of them, None where it means none."""
    words = about.lower().split()
    if _VAGUE.match(about):
        place = next((_PLACES[word] for word in words if word in _PLACES), None)
        if place is None and not _LAST.isdisjoint(words):
            place = len(titles) - 1
        return () if place is None else ((place,) if 0 <= place < len(titles) else None)
    if named := _NAMED.fullmatch(about):
        called = regex.compile(rf"(?<!\w){regex.escape(named['name'])}(?!\w)", regex.IGNORECASE)
        return tuple(i for i, title in enumerate(titles) if called.search(title)) or None
    asked = set(terms.content_stems(about)) - _DOCUMENT_STEMS
    # "The mail about the minibus" may not call itself a mail.
    return next((which for words in (asked, asked - _KIND_STEMS) if (which := _fitting(words, titles))), None)


def _fitting(asked: Set[str], titles: Sequence[str]) -> tuple[int, ...]:
    """Places of the titles with most of these words, if that is most of them."""
    fits = [len(asked & set(terms.stems(title))) / len(asked) if asked else 0.0 for title in titles]
    best = max(fits, default=0.0)
    return tuple(i for i, fit in enumerate(fits) if fit == best) if best >= 0.6 else ()
