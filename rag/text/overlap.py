"""How much of a question a piece of text covers: the features that rank paragraphs and choose sentences.

Pure functions of texts and term weights. `Inquiry` is a parsed question, taken apart once; `sentence_features`
describes one sentence against it, `paragraph_features` the best that a paragraph has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import regex

from rag.domain import Span
from rag.text import language, terms
from rag.text.dates import WHEN, Day, find_days, tells
from rag.text.names import NAME, named_in
from rag.text.units import as_line, names_above, rows_of, split_prose, without_stamp
from rag.text.values import HOW_MANY, NUMERAL, prices_of

Features = npt.NDArray[np.float32]

SENTENCE_FEATURES = (
    "coverage",  # share of the question's term weight that stands in the sentence
    "loose coverage",  # the same, where a term also counts without accents, or by five common letters at its beginning
    "pairs",  # share of the question's neighbouring term pairs that stand close together
    "names",  # share of the question's capitalised words and numbers that stand in the sentence
    "context coverage",  # coverage by the sentence before, the sentence and the title together
    "expected kind",  # a person, place, date or number as the question word asks for, else 0
    "kind missing",  # the question asks for such a kind and the sentence has none
    "length",  # words of the sentence over 40, at most 1
    "is question",
    "first",  # the first sentence of its paragraph
    "new words",  # share of the sentence's words that are not in the question
)
PARAGRAPH_FEATURES = (
    "best coverage",
    "best loose coverage",
    "best pairs",
    "best names",
    "best context coverage",
    "whole coverage",
    "whole pairs",
    "title coverage",
)

_KINDS = tuple(
    (kind, regex.compile(rf"\b{language.pattern(asking)}\b", regex.IGNORECASE))
    for kind, asking in (("number", "questions.how_many"), ("date", "questions.when"), ("name", "questions.who"))
)
_JOINS = frozenset(language.words("questions.also_join"))
_ASKS, _TELLS = frozenset(language.words("questions.asks")), frozenset(language.words("questions.before_asking"))
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}’'-]+|[^\s\p{L}\p{M}\p{N}]")
_KIND_FOUND = {"number": HOW_MANY, "date": WHEN, "name": NAME}
_PRICE = regex.compile(rf"\b{language.pattern('questions.price')}\b", regex.IGNORECASE)
_NEAR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A parsed question: its content stems with their weights, in order; the kind of answer it asks for.

    Where it is `truncated`, its stems are truncation stems, the first five letters of each word: for languages that the
    English stemmer does not know (for Turkish as good as a stemmer: Can et al. 2008, Information retrieval on Turkish
    texts). `days` are the days and months that it tells, and those of the week by their number, with the stems that
    tell them.
    """

    question: str
    weighted: tuple[tuple[str, float], ...]
    names: frozenset[str]
    kind: str | None
    truncated: bool = False
    days: tuple[tuple[Day | int, frozenset[str]], ...] = ()
    # What follows is derived, once per question instead of once per sentence.
    stems: tuple[str, ...] = field(init=False)
    beginnings: tuple[str, ...] = field(init=False)
    is_typed: bool = field(init=False)
    asks_for_price: bool = field(init=False)
    neighbours: tuple[tuple[str, str], ...] = field(init=False)
    weight: float = field(init=False)

    def __post_init__(self) -> None:
        stems = tuple(stem for stem, _ in self.weighted)
        object.__setattr__(self, "stems", stems)
        # As into a search box: no capital in front, no question mark. Such words are seldom those of the document.
        object.__setattr__(self, "is_typed", not self.question[:1].isupper() and "?" not in self.question)
        object.__setattr__(self, "asks_for_price", _PRICE.search(self.question) is not None)
        object.__setattr__(self, "beginnings", tuple(terms.truncation_stem(stem) for stem in stems))
        object.__setattr__(self, "neighbours", tuple(pairwise(stems)))
        object.__setattr__(self, "weight", sum(weight for _, weight in self.weighted))


def inquire(question: str, weight_of: Callable[[str], float], truncated: bool = False) -> Inquiry:
    """Take a question apart. `weight_of` gives a stem's rarity in the corpus (its inverse document frequency)."""
    stems = tuple(terms.content_stems(question)) or tuple(dict.fromkeys(terms.stems(question)))
    weighted = tuple((stem, weight_of(stem)) for stem in stems)
    named = [*named_in(question), *NUMERAL.findall(question)]
    names = frozenset(stem for name in named for stem in terms.stems(name)) & set(stems)
    kind = _kind_of(question)
    if truncated:
        weighted = tuple(
            {terms.truncation_stem(stem): (terms.truncation_stem(stem), weight) for stem, weight in weighted}.values()
        )
        names = frozenset(terms.truncation_stem(stem) for stem in names)
    days = tuple((day, frozenset(_stems(span.of(question), truncated))) for span, day in find_days(question))
    return Inquiry(question=question, weighted=weighted, names=names, kind=kind, truncated=truncated, days=days)


def _kind_of(question: str) -> str | None:
    return next((kind for kind, pattern in _KINDS if any(_asks(found) for found in pattern.finditer(question))), None)


def _asks(found: regex.Match[str]) -> bool:
    """Whether a word asks, and does not only join: "a refund when a course is cancelled", "members who leave". Such a
    one stands behind what it says more of, in a question that began otherwise."""
    before = _WORD.findall(found.string[: found.start()].lower())
    if found.group().lower() not in _JOINS or not before or before[0] not in _ASKS:
        return True
    return before[-1] in _TELLS or not terms.content_words(before[-1])


def asks_for_name(question: str) -> bool:
    """Whether it asks who, or where."""
    return _kind_of(question) == "name"


def seen_by(inquiry: Inquiry, sentences: Sequence[SentenceView]) -> Sequence[SentenceView]:
    """The sentences with the days and months of the question among their stems where they tell them in other words:
    "2023-05-17" tells May, "Wed" Wednesday."""
    return [_with_days(one, inquiry) for one in sentences] if inquiry.days else sentences


def _with_days(sentence: SentenceView, inquiry: Inquiry) -> SentenceView:
    told = [stems for day, stems in inquiry.days if not stems <= sentence.present and tells(sentence.text, day)]
    return replace(sentence, present=sentence.present.union(*told)) if told else sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceView:
    """One sentence of a paragraph with its stems, prepared once for all features. `text` is what stands at `span`; of a
    row in HTML its cells alone. `is_row`: it is a row of a table or a
    field, which has nothing to do with the one before it; `is_header`: it names the columns; `names_record`: it is the
    first field of a record, of which the others are said."""

    span: Span
    text: str
    stems: tuple[str, ...]
    present: frozenset[str]
    beginnings: frozenset[str]
    is_row: bool = False
    is_header: bool = False
    names_record: bool = False


@lru_cache(maxsize=8192)
def view_sentences(text: str, truncated: bool = False) -> tuple[SentenceView, ...]:
    """The sentences of a paragraph, taken apart. Remembered: popular paragraphs come back question after question."""
    found = rows_of(text)
    if found is None:
        return tuple(_view(span, span.of(text), truncated) for span in split_prose(text))
    rows = [_row(text, span, truncated) for span in found.rows]
    if found.is_record:
        rows[0] = replace(rows[0], names_record=True)
    if found.header is None:
        return tuple(rows)
    return (replace(_view(found.header, as_line(found.header.of(text)), truncated), is_header=True), *rows)


def _row(text: str, span: Span, truncated: bool) -> SentenceView:
    """With the names of what it is a part of among its words."""
    view = replace(_view(span, as_line(span.of(text)), truncated), is_row=True)
    above = names_above(text, span)
    return replace(view, present=view.present | stems_of(" ".join(above), truncated)) if above else view


@lru_cache(maxsize=8192)
def stems_of(context: str, truncated: bool = False) -> frozenset[str]:
    """The stems of a title and heading path, remembered."""
    return frozenset((*_stems(context, truncated), *_joined(context, truncated)))


def _stems(text: str, truncated: bool) -> tuple[str, ...]:
    return _cut(terms.stems(text), truncated)


def _joined(text: str, truncated: bool) -> tuple[str, ...]:
    return _cut(terms.joined(text), truncated)


def _cut(stems: Sequence[str], truncated: bool) -> tuple[str, ...]:
    return tuple(terms.truncation_stem(stem) for stem in stems) if truncated else tuple(stems)


def _view(span: Span, sentence: str, truncated: bool) -> SentenceView:
    stems = _stems(sentence, truncated)
    present = frozenset((*stems, *_joined(sentence, truncated)))
    return SentenceView(
        span=span,
        text=sentence,
        stems=stems,
        present=present,
        beginnings=frozenset(terms.truncation_stem(stem) for stem in present),
    )


def sentence_features(inquiry: Inquiry, sentences: Sequence[SentenceView], context: frozenset[str]) -> Features:
    """`[len(sentences), len(SENTENCE_FEATURES)]`; `context` holds the stems of the title and headings above. A row has
    the names of its columns as context too, and a field the one that names its record."""
    rows = np.zeros((len(sentences), len(SENTENCE_FEATURES)), dtype=np.float32)
    asked = set(inquiry.stems)
    sentences = seen_by(inquiry, sentences)
    before: frozenset[str] = frozenset()
    header = frozenset(
        stem for sentence in sentences if sentence.is_header or sentence.names_record for stem in sentence.present
    )
    for i, sentence in enumerate(sentences):
        has_kind = _has_kind(inquiry, sentence)
        rows[i] = (
            *_overlaps(inquiry, sentence, header if sentence.is_row else before, context),
            float(inquiry.kind is not None and has_kind),
            float(inquiry.kind is not None and not has_kind),
            min(len(sentence.stems) / 40, 1.0),
            float(sentence.text.endswith("?")),
            float(i == 0),
            len(sentence.present - asked) / max(len(sentence.present), 1),
        )
        before = sentence.present
    return rows


def paragraph_features(inquiry: Inquiry, sentences: Sequence[SentenceView], context: frozenset[str]) -> Features:
    """`[len(PARAGRAPH_FEATURES)]`: the best that any sentence reaches, and the paragraph as a whole."""
    if not sentences:
        return np.zeros(len(PARAGRAPH_FEATURES), dtype=np.float32)
    sentences = seen_by(inquiry, sentences)
    befores = (frozenset[str](), *(sentence.present for sentence in sentences))
    overlaps = [_overlaps(inquiry, s, before, context) for s, before in zip(sentences, befores, strict=False)]
    best = [max(column) for column in zip(*overlaps, strict=True)]
    together = tuple(stem for sentence in sentences for stem in sentence.stems)
    present = frozenset(together).union(*(sentence.present for sentence in sentences))
    whole = (coverage(inquiry, present), _pairs(inquiry, together, present), coverage(inquiry, context))
    return np.array([*best, *whole], dtype=np.float32)


def coverage(inquiry: Inquiry, present: frozenset[str]) -> float:
    """Share of the question's term weight that is present, 0 to 1."""
    found = sum(weight for stem, weight in inquiry.weighted if stem in present)
    return found / inquiry.weight if inquiry.weight else 0.0


def _overlaps(
    inquiry: Inquiry, sentence: SentenceView, before: frozenset[str], context: frozenset[str]
) -> tuple[float, float, float, float, float]:
    exact = loose = contextual = 0.0
    for (stem, weight), beginning in zip(inquiry.weighted, inquiry.beginnings, strict=True):
        if stem in sentence.present:
            exact += weight
            loose += weight
            contextual += weight
        else:
            if beginning in sentence.beginnings:
                loose += weight
            if stem in before or stem in context:
                contextual += weight
    whole = inquiry.weight or 1.0
    pairs = _pairs(inquiry, sentence.stems, sentence.present)
    names = len(inquiry.names & sentence.present) / len(inquiry.names) if inquiry.names else 0.0
    return exact / whole, loose / whole, pairs, names, contextual / whole


def _pairs(inquiry: Inquiry, stems: Sequence[str], present: frozenset[str]) -> float:
    """Share of the question's neighbouring content words that stand within three words of each other."""
    both = [(one, other) for one, other in inquiry.neighbours if one in present and other in present]
    if not both:
        return 0.0
    places: dict[str, list[int]] = {stem: [] for pair in both for stem in pair}
    for place, stem in enumerate(stems):
        if stem in places:
            places[stem].append(place)
    close = sum(any(abs(a - b) <= _NEAR for a in places[one] for b in places[other]) for one, other in both)
    return close / len(inquiry.neighbours)


def _has_kind(inquiry: Inquiry, sentence: SentenceView) -> bool:
    """Whether the sentence holds something of the kind asked for that the question did not bring itself."""
    if inquiry.kind is None:
        return False
    asked = set(inquiry.stems)
    # The time of an entry is no number that is asked for.
    text = without_stamp(sentence.text) if sentence.is_row and inquiry.kind == "number" else sentence.text
    found: Iterable[str] = (match.group() for match in _KIND_FOUND[inquiry.kind].finditer(text))
    if inquiry.asks_for_price:
        found = prices_of(sentence.text)
    return any(not set(_stems(one, inquiry.truncated)) <= asked for one in found)
