"""The sentences of the best passages, and how likely each is the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import regex

from rag.answer.answerable import is_telling, repeats, words_of
from rag.answer.brackets import Brackets
from rag.answer.candidate import Candidate, label_of
from rag.answer.columns import is_row_asked, numbered
from rag.answer.counted import counted, counts_any_of
from rag.answer.exactly import EXACTLY, Exactly
from rag.answer.planned import asks_for_a_rule, is_put_forward
from rag.answer.polar import asks_what, is_polar, says_yes_or_no
from rag.answer.whom import Whom
from rag.documents.context import context_of
from rag.domain import Key, Paragraph, Passage, Role
from rag.index.embedder import Embedder
from rag.search.cross_encoder import NO_EVIDENCE, READ_FEATURES, Reading
from rag.search.features import Features, Numbers, blank
from rag.search.filing import preferences
from rag.search.fusion import probabilities
from rag.search.learned import Linear
from rag.text import language
from rag.text.overlap import (
    SENTENCE_FEATURES,
    Inquiry,
    SentenceView,
    coverage,
    sentence_features,
    stems_of,
    view_sentences,
)
from rag.text.units import field_of
from rag.text.values import amounts, prices_of

PASSAGES = 5
"""Passages whose sentences are looked at."""

MOST_SENTENCES = 24
"""Sentences that are embedded for a question; the others keep the cosine of their passage's best."""


ROW_NAMED = 3.0
"""Log-odds for a row with every name of the question, and for a field whose name stands in it."""

ROW_ASKED = 8.0
"""Log-odds for a row of which the question names all that it begins with and a column, and with what stands above it as
much as any other sentence does, or nearly: a cell is asked for."""
_NEARLY = 0.9

ROW_TELLS_LESS = -4.0
"""Log-odds for a row for each share of the question that another row of its paragraph has in it and it has not: the
reader knows nothing of rows, so that their words tell which is meant."""

COUNT_TOLD = 2.0
"""Log-odds for a row with a number of what the question counts: "1 failed, 642 passed"."""

SAYS_OF_ANOTHER = -3.0
"""Log-odds for a sentence that says yes or no where the question asks for something else: it answers another one."""

NO_PRICE = -3.0
"""Log-odds for a sentence that counts days or years and nothing else where the question asks for money."""

POINTS_ELSEWHERE = -2.0
"""Log-odds for a sentence that only says where something is told, "More information can be found here", unless the
question asks where that is."""

PUT_FORWARD = -2.0
"""Log-odds for what somebody proposed, where the question asks what one may or gets: it is no rule yet."""

SPEAKER_NAMED = 4.0
"""Log-odds for a turn of somebody whom the question names, unless it asks who: what others say of them has their name
in it, and more words of the question."""

SPOKEN_OF = 1.0
"""Log-odds for a document that the answer before was quoted from, where a question leans on the one before."""

ENDED = -3.0
"""Log-odds for a document that says of itself that it holds no more: what holds now is meant, in whatever words."""

ANSWER_FEATURES = (*SENTENCE_FEATURES, "belief", "cosine", *READ_FEATURES)
_OF_BOTH = ("coverage", "loose coverage", "pairs", "names", "context coverage", "cosine", *READ_FEATURES)
"""Features of a question and its answer that stand for both together."""

NOT_PROSE = (Role.BOILERPLATE, Role.BYLINE)
_ELSEWHERE = regex.compile(rf"^\W*{language.pattern('telling.points_elsewhere')}", regex.IGNORECASE)
_ASKS_WHERE = regex.compile(rf"\b{language.pattern('questions.told_where')}\b", regex.IGNORECASE)


def candidates(
    inquiry: Inquiry,
    passages: Sequence[Passage],
    *,
    embedder: Embedder | None,
    model: Linear,
    readings: Mapping[Key, Reading] = MappingProxyType({}),
    spoken_of: AbstractSet[str] = frozenset(),
    ended: AbstractSet[str] = frozenset(),
) -> list[Candidate]:
    """The sentences of the best passages, most likely first. `embedder` is None where it does not know the
    language; then the sentences are judged by their words alone. `readings` tell what the reader made of the
    passages, by the paragraph's key; `spoken_of` are the ids of documents that the question before was answered from,
    where this one leans on it, `ended` of those that say that they hold no more."""
    exactly = Exactly(inquiry)
    whom = Whom(inquiry)
    passages = sorted(passages, key=lambda one: one.paragraph.document_id not in spoken_of)
    usable = _usable(passages, told_by=lambda text: exactly.is_told_by(text) or whom.is_told_by(text))
    found: list[Candidate] = []
    described: list[Numbers] = []
    for passage in usable:
        sentences = view_sentences(passage.paragraph.text, inquiry.truncated)
        read = readings.get(passage.paragraph.key)
        found += [Candidate(passage=passage, sentences=sentences, index=i, reading=read) for i in range(len(sentences))]
        described.append(_described(inquiry, passage, sentences, readings).values)
    if not found:
        return []
    features = Features(ANSWER_FEATURES, np.concatenate(described))
    if embedder is not None:
        features["cosine"] = _cosines(inquiry.question, found, features["context coverage"], embedder)
    _give_questions_to_their_answers(found, features, inquiry)
    _give_headings_to_their_answers(found, features, inquiry, embedder)
    telling = [i for i, candidate in enumerate(found) if is_telling(candidate, inquiry)] or list(range(len(found)))
    chosen = features.at(telling)
    told = whom.preferences([found[i].sentence for i in telling])
    continued = np.array([found[i].passage.paragraph.document_id in spoken_of for i in telling], dtype=np.float32)
    over = np.array([found[i].passage.paragraph.document_id in ended for i in telling], dtype=np.float32)
    less = _told_less([found[i] for i in telling], inquiry)
    policy = (
        told
        + SPOKEN_OF * continued
        + ENDED * over
        + ROW_TELLS_LESS * less
        + _policy(inquiry, [found[i] for i in telling], exactly, context=chosen["context coverage"])
    )
    shares = probabilities(model.scores(chosen) + policy)
    shared = [
        replace(found[place], features=chosen.row(row), share=float(shares[row])) for row, place in enumerate(telling)
    ]
    return sorted(shared, key=lambda c: (-c.share, c.passage.paragraph.key, c.index))


def _usable(passages: Sequence[Passage], *, told_by: Callable[[str], bool]) -> list[Passage]:
    """The first passages, and of the others rows that tell exactly what, or who, is asked for where none of these
    does."""
    spoken = [one for one in passages if one.paragraph.role not in NOT_PROSE] or list(passages)
    first, others = spoken[:PASSAGES], spoken[PASSAGES:]
    if any(told_by(one.paragraph.text) for one in first):
        return first
    return first + [one for one in others if one.paragraph.role is Role.TABLE and told_by(one.paragraph.text)]


def _described(
    inquiry: Inquiry, passage: Passage, sentences: Sequence[SentenceView], readings: Mapping[Key, Reading]
) -> Features:
    """What is known of each sentence of a passage but its cosine."""
    features = blank(ANSWER_FEATURES, len(sentences))
    context = stems_of(context_of(passage.source.title, passage.paragraph), inquiry.truncated)
    if sentences and label_of(sentences):
        context |= sentences[0].present
    features.put(SENTENCE_FEATURES, sentence_features(inquiry, sentences, context))
    features["belief"] = np.log(max(passage.score, 1e-4))
    if readings and sentences:
        reading = readings.get(passage.paragraph.key)
        features.put(READ_FEATURES, [_as_read(sentence, reading) for sentence in sentences])
        _level_rows(sentences, features)
    return features


def _level_rows(sentences: Sequence[SentenceView], features: Features) -> None:
    """The reader was taught nothing of rows, and takes one for another: what it makes of the best is said of all, and
    words and cosines tell which is meant."""
    rows = [i for i, sentence in enumerate(sentences) if sentence.is_row and not sentence.is_header]
    for name in READ_FEATURES if rows else ():
        features[name][rows] = features[name][rows].max()


def _told_less(found: Sequence[Candidate], inquiry: Inquiry) -> Numbers:
    """How much more of the question the best row beside each of these has in it; 0 for what is no row. What stands
    above all of them tells of none."""
    told = [_told_by_row(one, inquiry) if one.sentence.is_row else 0.0 for one in found]
    best: dict[Key, float] = {}
    for one, share in zip(found, told, strict=True):
        best[one.passage.paragraph.key] = max(best.get(one.passage.paragraph.key, 0.0), share)
    less = [
        best[one.passage.paragraph.key] - share if one.sentence.is_row else 0.0
        for one, share in zip(found, told, strict=True)
    ]
    return np.array(less, dtype=np.float32)


def _told_by_row(row: Candidate, inquiry: Inquiry) -> float:
    context = context_of(row.passage.source.title, row.passage.paragraph)
    return coverage(inquiry, row.sentence.present - stems_of(context, inquiry.truncated))


def _as_read(sentence: SentenceView, reading: Reading | None) -> tuple[float, float, float]:
    """READ_FEATURES of a sentence; those of the least telling where its paragraph was not read."""
    if reading is None:
        return NO_EVIDENCE, NO_EVIDENCE, 0.0
    return (
        max(reading.evidence_in(sentence.span), NO_EVIDENCE),
        max(reading.strongest_in(sentence.span), NO_EVIDENCE),
        reading.begins_in(sentence.span),
    )


def _cosines(question: str, found: Sequence[Candidate], coverage: Numbers, embedder: Embedder) -> Numbers:
    """The cosine of the question and each sentence. Only those that cover most of it are embedded; the others get the
    least of theirs."""
    order = sorted(range(len(found)), key=lambda i: (-float(coverage[i]), i))[:MOST_SENTENCES]
    texts = [question[:1000], *(found[i].sentence.text[:1000] for i in order)]
    vectors = embedder.remembered(texts)
    cosines = vectors[1:] @ vectors[0]
    told = np.full(len(found), cosines.min(), dtype=np.float32)
    told[order] = cosines
    return told


def _policy(inquiry: Inquiry, candidates: Sequence[Candidate], exactly: Exactly, *, context: Numbers) -> Numbers:
    """What is added to what was fitted: of a table the row that has every name of the question, and tells its day, is
    the one that is meant, or the one of the number that a column has in the question; of fields the one that the
    question names, and of several versions that of the year, or the newest, that is asked for, of turns those of whom
    it names, of entries that count those with a number of what is counted; yes and no answer no “what”, and years no
    “how much does it cost?”. No training text has any of these."""
    asked, words = inquiry.names, words_of(inquiry)
    named = [
        (bool(asked) and one.sentence.is_row and asked <= one.sentence.present)
        or ((one.is_field or one.is_record) and _is_named(one.sentence, words, inquiry))
        for one in candidates
    ]
    filed = [(one.passage.paragraph.document_id, one.passage.source) for one in candidates]
    speakers = frozenset[str]() if inquiry.kind == "name" else asked
    # Of whom it asks something, a turn that holds none of that is as good as anybody's.
    besides = frozenset(inquiry.stems) - speakers
    spoken = [
        bool(speakers & _speakers(one.passage.paragraph, inquiry))
        and (not besides or bool(besides & stems_of(one.passage.paragraph.text, inquiry.truncated)))
        for one in candidates
    ]
    meant = preferences(inquiry.question, filed, texts=[one.sentence.text for one in candidates])
    is_what = asks_what(inquiry.question)
    of_another = [is_what and says_yes_or_no(one.sentence.text) for one in candidates]
    no_price = [inquiry.asks_for_price and _counts_time(one.sentence.text) for one in candidates]
    asks_where = _ASKS_WHERE.search(inquiry.question) is not None
    elsewhere = [not asks_where and _ELSEWHERE.match(one.sentence.text) is not None for one in candidates]
    of_number = [numbered(inquiry, one) for one in candidates]
    asks_for_rule = asks_for_a_rule(inquiry.question)
    put_forward = [asks_for_rule and is_put_forward(one.sentence.text) for one in candidates]
    told_most = context >= _NEARLY * context.max()
    rows_asked = [
        most and is_row_asked(inquiry, one) and not exactly.is_row_denied(one.sentence)
        for one, most in zip(candidates, told_most, strict=True)
    ]
    stems = frozenset(inquiry.stems) if counted(inquiry.question) else frozenset[str]()
    counts = [bool(stems) and one.sentence.is_row and counts_any_of(stems, one.sentence.text) for one in candidates]
    weighed = _weighed(
        (ROW_NAMED, named),
        (ROW_ASKED, rows_asked),
        (COUNT_TOLD, counts),
        (SPEAKER_NAMED, spoken),
        (SAYS_OF_ANOTHER, of_another),
        (NO_PRICE, no_price),
        (POINTS_ELSEWHERE, elsewhere),
        (PUT_FORWARD, put_forward),
        (EXACTLY, [one is True for one in of_number]),
        (-EXACTLY, [one is False for one in of_number]),
    )
    sentences = [one.sentence for one in candidates]
    return meant + weighed + exactly.preferences(sentences) + Brackets(inquiry).preferences(sentences)


def _weighed(*rules: tuple[float, Sequence[bool]]) -> Numbers:
    """The log-odds of the rules that hold, summed for each candidate."""
    weights, holding = zip(*rules, strict=True)
    return np.array(holding, dtype=np.float32).T @ np.array(weights, dtype=np.float32)


def _counts_time(text: str) -> bool:
    """Whether it has numbers, and all of them are dates, days, years and the like."""
    return bool(amounts(text)) and not prices_of(text)


def _speakers(paragraph: Paragraph, inquiry: Inquiry) -> AbstractSet[str]:
    """Whose turn it is; of what readers write the page is the source, whoever they are."""
    is_turn = paragraph.speaker is not None and paragraph.role is not Role.COMMENT
    return stems_of(paragraph.speaker or "", inquiry.truncated) if is_turn else frozenset()


def _is_named(fields: SentenceView, words: AbstractSet[str], inquiry: Inquiry) -> bool:
    """Whether the name of a field, or of one of a record, is among the question's words."""
    names = (stems_of(field_of(line)[0], inquiry.truncated) for line in fields.text.splitlines())
    return any(name and name <= words for name in names)


def _give_questions_to_their_answers(found: Sequence[Candidate], features: Features, inquiry: Inquiry) -> None:
    """What follows a question in its paragraph answers it, and what follows the question's own words tells of them:
    what is known of both is known of the answer."""
    questions = [i for i, one in enumerate(found) if one.is_answered_next or (one.has_next and repeats(one, inquiry))]
    for name in _OF_BOTH:
        column = features[name]
        for i in questions:
            column[i + 1] = max(column[i], column[i + 1])


def _give_headings_to_their_answers(
    found: Sequence[Candidate], features: Features, inquiry: Inquiry, embedder: Embedder | None
) -> None:
    """The same where the question stands above its answer, as a heading, and asks for yes or no: what comes first
    decides."""
    above = ((i, one.headed_by) for i, one in enumerate(found) if one.index == 0)
    headed = [(i, heading) for i, heading in above if heading is not None and is_polar(heading)]
    for i, heading in headed:
        described = sentence_features(inquiry, view_sentences(heading, inquiry.truncated)[:1], frozenset())
        for name, value in zip(SENTENCE_FEATURES, described[0], strict=True):
            if name in _OF_BOTH:
                features[name][i] = max(features[name][i], value)
    if headed and embedder is not None:
        vectors = embedder.remembered([inquiry.question[:1000], *(heading for _, heading in headed)])
        rows = [i for i, _ in headed]
        features["cosine"][rows] = np.maximum(features["cosine"][rows], vectors[1:] @ vectors[0])
