"""The sentences of the best passages, and how likely each is the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import regex

from rag.answer.brackets import Brackets
from rag.answer.exactly import Exactly
from rag.answer.leaning import leans
from rag.answer.polar import asks_what, is_polar, says_yes_or_no
from rag.answer.whom import Whom
from rag.documents.context import context_of
from rag.documents.front_matter import is_front_matter
from rag.documents.signatures import is_signature
from rag.domain import Key, Paragraph, Passage, Role, Span
from rag.index.embedder import Embedder
from rag.search.cross_encoder import NO_EVIDENCE, READ_FEATURES, Reading
from rag.search.features import Features, Numbers, blank
from rag.search.filing import MEANT, preferences
from rag.search.fusion import probabilities
from rag.search.learned import Linear
from rag.text import language
from rag.text.dates import is_year
from rag.text.overlap import (
    SENTENCE_FEATURES,
    Inquiry,
    SentenceView,
    sentence_features,
    stems_of,
    view_sentences,
)
from rag.text.units import cells_of, field_of, is_record
from rag.text.values import amounts, prices_of

PASSAGES = 5
"""Passages whose sentences are looked at."""

MOST_SENTENCES = 24
"""Sentences that are embedded for a question; the others keep the cosine of their passage's best."""

_ALIKE = 3
"""Letters by which the name of a field and a word of the question are told as one: "owner" and "owns"."""

SURE = 0.5
"""How likely words are the answer for them to be set in bold. Of 353 questions kept out of the reader's training, with
the right sentence given, it is so sure in .60: there it overlaps the answer in .97, with a mean F1 of .91."""

ROW_NAMED = 3.0
"""Log-odds for a row with every name of the question, and for a field whose name stands in it."""

SAYS_OF_ANOTHER = -3.0
"""Log-odds for a sentence that says yes or no where the question asks for something else: it answers another one."""

NO_PRICE = -3.0
"""Log-odds for a sentence that counts days or years and nothing else where the question asks for money."""

POINTS_ELSEWHERE = -2.0
"""Log-odds for a sentence that only says where something is told, "More information can be found here", unless the
question asks where that is."""

SPEAKER_NAMED = 4.0
"""Log-odds for a turn of somebody whom the question names, unless it asks who: what others say of them has their name
in it, and more words of the question."""

SPOKEN_OF = 1.0
"""Log-odds for a document that the answer before was quoted from, where a question leans on the one before."""

ANSWER_FEATURES = (*SENTENCE_FEATURES, "belief", "cosine", *READ_FEATURES)
_OF_BOTH = ("coverage", "loose coverage", "pairs", "names", "context coverage", "cosine", *READ_FEATURES)
"""Features of a question and its answer that stand for both together."""

_QUESTION_MARKS = ("?", "？", "؟")
NOT_PROSE = (Role.BOILERPLATE, Role.BYLINE)
_HEAD_OF_LETTER = frozenset(language.words("letters.head"))
_MARKER = regex.compile(r"(?:[•▪●◦‣⁃·*–—-]|\(?\d{1,4}[.)])\s+(?=\S)")
_POINTS_BACK = regex.compile(
    rf"^\W*{language.pattern('questions.pronouns', 'questions.points_back')}\b", regex.IGNORECASE
)
_LABEL = regex.compile(r"(?P<mark>\*\*|__)(?P<label>[^*_\n]{1,60})(?P=mark)[.:]?")
_MOST_WORDS_OF_A_LABEL = 5
_ELSEWHERE = regex.compile(rf"^\W*{language.pattern('telling.points_elsewhere')}", regex.IGNORECASE)
_ASKS_WHERE = regex.compile(rf"\b{language.pattern('questions.told_where')}\b", regex.IGNORECASE)
_LIMITS = regex.compile(rf"\b{language.pattern('telling.limits')}\b", regex.IGNORECASE)
_EXCEPTS = regex.compile(rf"^\W*{language.pattern('telling.excepts')}", regex.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A sentence of a passage that could be the answer. `features` is what is known of it (ANSWER_FEATURES), `share`
    how likely it is among the others, 0 to 1, `reading` what the reader made of its paragraph."""

    passage: Passage
    sentences: tuple[SentenceView, ...]
    index: int
    features: Mapping[str, float] = field(default_factory=dict)
    share: float = 0.0
    reading: Reading | None = None

    @property
    def sentence(self) -> SentenceView:
        return self.sentences[self.index]

    @property
    def span(self) -> Span:
        """The sentence with its predecessor where it leans on it, and its successor where that takes some of it back,
        in the document's coordinates."""
        first = self._start_of_span
        start = self.sentences[first].span.start
        if first == 0:
            # A bullet or a comment's number belongs to the paragraph, not to what it says.
            marker = _MARKER.match(self.passage.paragraph.text, start)
            start = marker.end() if marker and marker.end() < self.sentence.span.end else start
        return Span(start, self._end).shifted(self.passage.paragraph.start)

    @property
    def _start_of_span(self) -> int:
        """Which sentence its span begins with."""
        is_with_before = self.index > 0 and leans(self.sentence.text) and not asks(self.sentences[self.index - 1])
        return self.index - is_with_before

    @property
    def _end(self) -> int:
        """That of the sentence, or of the next one where it narrows this one: "They are not allowed on Sundays.", or says
        what holds else: "Otherwise it is thrown away."."""
        after = next(iter(self.sentences[self.index + 1 : self.index + 2]), None)
        if after is None or self.sentence.is_row or asks(after):
            return self.sentence.span.end
        narrows = _POINTS_BACK.match(after.text) and _LIMITS.search(after.text)
        return after.span.end if narrows or _EXCEPTS.match(after.text) else self.sentence.span.end

    @property
    def is_said_of_heading(self) -> bool:
        """Whether it points back from the beginning of its paragraph: "Then it is lost."."""
        return self.span.start == self.passage.paragraph.start and leans(self.sentences[0].text)

    @property
    def asked_before(self) -> str | None:
        """The question that it answers, in front of it in its paragraph, or above it; None where there is none."""
        if self.index > 0:
            before = self.sentences[self.index - 1]
            return before.text if asks(before) and self._start_of_span == self.index else None
        above = self.passage.paragraph.heading[-1] if self.passage.paragraph.heading else ""
        return above if above.rstrip().endswith(_QUESTION_MARKS) else None

    @property
    def label(self) -> str | None:
        """What its paragraph begins with in bold and by itself, "**Fridge 6.** Failed in the night": a heading to all
        that follows. None where there is none, or it is that itself."""
        return _label_of(self.sentences) if self.index > 0 else None

    @property
    def has_next(self) -> bool:
        """Whether prose follows it in its paragraph."""
        after = self.sentences[self.index + 1 : self.index + 2]
        return bool(after) and not after[0].is_row and not asks(after[0])

    @property
    def is_answered_next(self) -> bool:
        """Whether it is a question, and the sentence after it in its paragraph is none."""
        after = self.sentences[self.index + 1 : self.index + 2]
        return asks(self.sentence) and bool(after) and not asks(after[0])

    @property
    def is_field(self) -> bool:
        """Whether it is a line such as "status: in review", and no row of cells."""
        is_line = self.sentence.is_row and not self.is_record and not {"|", "\t"} & set(self.sentence.text)
        return is_line and bool(field_of(self.sentence.text)[1])

    @property
    def is_record(self) -> bool:
        """Whether it is several fields under one another."""
        return self.sentence.is_row and is_record(self.sentence.text)

    @property
    def evidence(self) -> float:
        """The reader's log-odds that this sentence answers; 0 where it read nothing."""
        return self.features["evidence"]

    @property
    def was_read(self) -> bool:
        return self.evidence != 0.0

    @property
    def bold(self) -> Span | None:
        """The words that the reader is sure are the answer itself, in the document's coordinates. Of rows it was taught
        nothing, and takes one cell for another."""
        told = self.reading.answer_in(self.sentence.span) if self.reading and not self.sentence.is_row else None
        return told[0].shifted(self.passage.paragraph.start) if told and told[1] >= SURE and len(told[0]) else None

    @property
    def words(self) -> int:
        start = self.passage.paragraph.start
        return len(self.span.shifted(-start).of(self.passage.paragraph.text).split())


def _label_of(sentences: Sequence[SentenceView]) -> str | None:
    """What the sentences of a paragraph are headed by, if the first is a few words in bold and no question."""
    found = _LABEL.fullmatch(sentences[0].text) if len(sentences) > 1 and not asks(sentences[0]) else None
    label = found["label"].strip(" .:") if found else ""
    return label if 0 < len(label.split()) <= _MOST_WORDS_OF_A_LABEL else None


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
    telling = [i for i, candidate in enumerate(found) if is_telling(candidate, inquiry)] or list(range(len(found)))
    chosen = features.at(telling)
    told = whom.preferences([found[i].sentence for i in telling])
    continued = np.array([found[i].passage.paragraph.document_id in spoken_of for i in telling], dtype=np.float32)
    over = np.array([found[i].passage.paragraph.document_id in ended for i in telling], dtype=np.float32)
    policy = told + SPOKEN_OF * continued - MEANT * over + _policy(inquiry, [found[i] for i in telling], exactly)
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
    if sentences and _label_of(sentences):
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


def _policy(inquiry: Inquiry, candidates: Sequence[Candidate], exactly: Exactly) -> Numbers:
    """What is added to what was fitted: of a table the row that has every name of the question, and tells its day, is
    the one that is meant, of fields the one that the question names, and of several versions that of the year, or the
    newest, that is asked for, of turns those of whom it names; yes and no answer no “what”, and years no “how much does it cost?”. No training text has any of
    these."""
    asked, words = inquiry.names, _words_of(inquiry)
    named = [
        (bool(asked) and one.sentence.is_row and asked <= one.sentence.present)
        or (one.is_field and _is_named(one.sentence, words, inquiry))
        for one in candidates
    ]
    filed = [(one.passage.paragraph.document_id, one.passage.source) for one in candidates]
    speakers = frozenset[str]() if inquiry.kind == "name" else asked
    spoken = [bool(speakers & _speakers(one.passage.paragraph, inquiry)) for one in candidates]
    meant = preferences(inquiry.question, filed, texts=[one.sentence.text for one in candidates])
    is_what = asks_what(inquiry.question)
    of_another = [is_what and says_yes_or_no(one.sentence.text) for one in candidates]
    no_price = [inquiry.asks_for_price and _counts_time(one.sentence.text) for one in candidates]
    asks_where = _ASKS_WHERE.search(inquiry.question) is not None
    elsewhere = [not asks_where and _ELSEWHERE.match(one.sentence.text) is not None for one in candidates]
    weights = np.array([ROW_NAMED, SPEAKER_NAMED, SAYS_OF_ANOTHER, NO_PRICE, POINTS_ELSEWHERE], dtype=np.float32)
    weighed = np.array([named, spoken, of_another, no_price, elsewhere], dtype=np.float32).T @ weights
    sentences = [one.sentence for one in candidates]
    return meant + weighed + exactly.preferences(sentences) + Brackets(inquiry).preferences(sentences)


def _counts_time(text: str) -> bool:
    """Whether it has numbers, and all of them are dates, days, years and the like."""
    return bool(amounts(text)) and not prices_of(text)


def _speakers(paragraph: Paragraph, inquiry: Inquiry) -> AbstractSet[str]:
    """Whose turn it is; of what readers write the page is the source, whoever they are."""
    is_turn = paragraph.speaker is not None and paragraph.role is not Role.COMMENT
    return stems_of(paragraph.speaker or "", inquiry.truncated) if is_turn else frozenset()


def _is_named(field: SentenceView, words: AbstractSet[str], inquiry: Inquiry) -> bool:
    """Whether the name of a field is among the question's words."""
    stems = stems_of(field_of(field.text)[0], inquiry.truncated)
    return bool(stems) and stems <= words


def is_telling(candidate: Candidate, inquiry: Inquiry) -> bool:
    """“If a fire starts:” announces an answer and is none, and neither is a label, “Regards, Michael”, a question, unless somebody
    is heard to ask it, the names of a table's columns, a field with nothing but the document's title, or what the
    question says itself, or one of its front matter that is not asked for: by its name, as far as beginnings go, or by
    who or when."""
    sentence = candidate.sentence
    is_asked = asks(sentence) and (candidate.is_answered_next or candidate.passage.paragraph.speaker is None)
    names_columns = sentence.is_header or (sentence.is_row and _is_row_of_years(sentence.text))
    is_label = candidate.index == 0 and _label_of(candidate.sentences) is not None
    if repeats(candidate, inquiry) or names_columns or is_label or is_asked or is_signature(sentence.text.lstrip("> ")):
        return False
    if candidate.is_field and not _tells_field(candidate, inquiry):
        return False
    if candidate.is_record and _is_head_of_letter(sentence.text) and not _asks_of_letter(sentence.text, inquiry):
        return False
    return not sentence.text.endswith(":") and any(map(str.isalnum, sentence.text))


def _is_row_of_years(text: str) -> bool:
    """Whether it holds years beside names and nothing else: "Service 2024 2025" stands over what is asked for."""
    cells = cells_of(text)
    others = [cell for cell in cells if not is_year(cell)]
    return len(cells) - len(others) > 1 and not any(map(str.isdigit, "".join(others)))


def _is_head_of_letter(record: str) -> bool:
    """Whether it is the lines above a letter: "From: …", "Subject: …"."""
    return sum(field_of(line)[0].casefold() in _HEAD_OF_LETTER for line in record.splitlines()) > 1


def _asks_of_letter(record: str, inquiry: Inquiry) -> bool:
    """Whether the question asks for what stands above a letter: who wrote it, when, or a line by its name."""
    names = stems_of(" ".join(field_of(line)[0] for line in record.splitlines()), inquiry.truncated)
    return inquiry.kind in ("name", "date") or bool(names & set(inquiry.stems))


def _tells_field(candidate: Candidate, inquiry: Inquiry) -> bool:
    """Whether a field does."""
    name, value = field_of(candidate.sentence.text)
    if value.strip(" \"'“”").casefold() == candidate.passage.source.title.casefold():
        return False
    may_repeat = is_polar(inquiry.question) and not candidate.sentence.names_record
    if not may_repeat and stems_of(value, inquiry.truncated) <= _words_of(inquiry):
        return False
    if inquiry.kind in ("name", "date") or not is_front_matter(candidate.passage.paragraph):
        return True
    begin = name.strip().casefold()[:_ALIKE]
    return any(word.startswith(begin) for word in _words_of(inquiry))


def _words_of(inquiry: Inquiry) -> AbstractSet[str]:
    """The stems of all words of the question."""
    return stems_of(inquiry.question, inquiry.truncated)


def _give_questions_to_their_answers(found: Sequence[Candidate], features: Features, inquiry: Inquiry) -> None:
    """What follows a question in its paragraph answers it, and what follows the question's own words tells of them:
    what is known of both is known of the answer."""
    questions = [i for i, one in enumerate(found) if one.is_answered_next or (one.has_next and repeats(one, inquiry))]
    for name in _OF_BOTH:
        column = features[name]
        for i in questions:
            column[i + 1] = max(column[i], column[i + 1])


def repeats(candidate: Candidate, inquiry: Inquiry) -> bool:
    """Whether a sentence is words of the question and nothing else, "Podcast recording software.": that answers none but
    for yes or no, or who said so."""
    sentence = candidate.sentence
    is_heard = candidate.passage.paragraph.speaker is not None or asks(sentence)
    is_prose = not (sentence.is_row or sentence.is_header or is_heard)
    return is_prose and not is_polar(inquiry.question) and sentence.present <= _words_of(inquiry)


def asks(sentence: SentenceView) -> bool:
    """Whether it is a question."""
    return sentence.text.rstrip("*_\"'”’)").endswith(_QUESTION_MARKS)
