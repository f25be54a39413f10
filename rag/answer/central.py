"""The sentences that tell what a text is about, the dates it tells, and whom and what it names. Pure.

A sentence is central where its words are those that the paragraphs of its document share (degree centrality: Erkan and
Radev 2004, LexRank), and chosen beside others where it says something else (maximal marginal relevance: Carbonell and
Goldstein 1998).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import log

import regex

from rag.answer.leaning import with_what_it_leans_on
from rag.documents.signatures import is_signature
from rag.domain import Passage, Role, Span
from rag.text import language, terms
from rag.text.dates import find_dates, masked
from rag.text.overlap import view_sentences

_FEWEST_WORDS, _MOST_WORDS = 6, 45
"""Of a sentence that can stand alone for what a document is about."""
_FEWEST_SAID = 3
_LEAST_SHARE = 0.6
"""Of its words that are letters: a line of figures tells little."""
_LEANING = 0.4
"""Of its weight, what a sentence keeps that leans on the one before ("however", "it")."""
_SAID = 0.4
"""Of a word's weight, what it takes away where it is said already."""
_LEANS = regex.compile(
    rf"^\W*(?:{language.pattern('telling.leans')}|{language.pattern('questions.pronouns')}|{language.pattern('questions.owners')})\b",
    regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Telling:
    """A sentence of a passage, `span` in the document's coordinates."""

    passage: Passage
    span: Span

    @property
    def text(self) -> str:
        return self.span.shifted(-self.passage.paragraph.start).of(self.passage.paragraph.text)

    def overlaps(self, other: Telling) -> bool:
        """Whether both tell the same words of their document."""
        return self.span.start < other.span.end and other.span.start < self.span.end


def central_sentences(passages: Sequence[Passage], *, weight_of: Callable[[str], float], most: int) -> list[Telling]:
    """At most so many of a document's sentences, in its order; `weight_of` says how much a stem tells."""
    held = Counter(stem for one in passages for stem in set(terms.content_stems(one.paragraph.text)))
    weight = {stem: weight_of(stem) * log(1 + count) for stem, count in held.items() if count > 1}
    prose = _prose(passages)
    every = [one for passage in prose for one in _sentences(passage)]
    # Of a document without one whole sentence, what it begins with.
    left = [one for passage in prose for one in _telling(passage)] or every[:1]
    # Authors say first what it is about.
    chosen = [one for one in left[:1] if not _LEANS.match(one.text)]
    said = {stem for one in chosen for stem in _stems(one)}
    while len(chosen) < most and (left := [one for one in left if not any(map(one.overlaps, chosen))]):
        best = max(left, key=lambda one: _score(one, weight, said))
        if chosen and _score(best, weight, said) <= 0:
            break
        chosen.append(best)
        said |= _stems(best)
    return sorted(chosen, key=lambda one: (one.passage.paragraph.number, one.span.start))


def _prose(passages: Sequence[Passage]) -> list[Passage]:
    """What the document says itself in whole sentences; of a conversation, what its speakers say."""
    body = [one for one in passages if one.paragraph.role is Role.BODY]
    spoken = [one for one in body if one.paragraph.speaker]
    is_conversation = 2 * len(spoken) > len(body)
    return (spoken if is_conversation else [one for one in body if not one.paragraph.speaker]) or list(passages)


def _sentences(passage: Passage) -> list[Telling]:
    views = view_sentences(passage.paragraph.text, False)
    return [Telling(passage, one.span.shifted(passage.paragraph.start)) for one in views]


def _telling(passage: Passage) -> Iterator[Telling]:
    """Its whole sentences. One that leans on the one before comes with it, where both together are short enough, and
    else not at all: it would be read of another thing."""
    views = view_sentences(passage.paragraph.text, False)
    for i, view in enumerate(views):
        span = with_what_it_leans_on(views, i)
        if tells(view.text) and tells(span.of(passage.paragraph.text)):
            yield Telling(passage, span.shifted(passage.paragraph.start))


def _stems(one: Telling) -> frozenset[str]:
    return frozenset(terms.content_stems(one.text))


def tells(text: str) -> bool:
    """Whether a sentence is whole, and neither a label nor a row of figures."""
    words = text.split()
    letters = sum(any(map(str.isalpha, word)) for word in words)
    return (
        _FEWEST_WORDS <= len(words) <= _MOST_WORDS
        and letters >= _LEAST_SHARE * len(words)
        and text.rstrip(' "”’)]*_')[-1:] in ".!。！।"
    )


def is_said(text: str) -> bool:
    """Whether somebody says something with it: it is not a name, nor when something was written."""
    rest = masked(text, (dated.span for dated in find_dates(text)))
    told = [word for word in terms.words(rest) if len(word) > 1 and word.isalpha()]
    return len(told) >= _FEWEST_SAID and not text.endswith(":") and not is_signature(text)


def _score(one: Telling, weight: Mapping[str, float], said: AbstractSet[str]) -> float:
    """How much it tells that is not said yet, for its length."""
    stems = _stems(one)
    told = sum(weight.get(stem, 0.0) * (-_SAID if stem in said else 1.0) for stem in stems) / (len(stems) + 6)
    leans = _LEANS.match(one.text) or len(view_sentences(one.text, False)) > 1
    return told * (_LEANING if told > 0 and leans else 1.0)
