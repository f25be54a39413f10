"""A sentence that may answer: what is known of it, and what is quoted with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import regex

from rag.answer.leaning import leans
from rag.answer.polar import says_nothing_else
from rag.domain import Passage, Span
from rag.search.cross_encoder import Reading
from rag.text import language
from rag.text.overlap import SentenceView
from rag.text.units import field_of, is_record

SURE = 0.5
"""How likely words are the answer for them to be set in bold. Of 353 questions kept out of the reader's training, with
the right sentence given, it is so sure in .60: there it overlaps the answer in .97, with a mean F1 of .91."""
_QUESTION_MARKS = ("?", "？", "؟")
_MARKER = regex.compile(r"(?:[•▪●◦‣⁃·*–—-]|\(?\d{1,4}[.)])\s+(?=\S)")
_POINTS_BACK = regex.compile(
    rf"^\W*{language.pattern('questions.pronouns', 'questions.points_back')}\b", regex.IGNORECASE
)
_LABEL = regex.compile(r"(?P<mark>\*\*|__)(?P<label>[^*_\n]{1,60})(?P=mark)[.:]?")
_MOST_WORDS_OF_A_LABEL = 5
_LIMITS = regex.compile(rf"\b{language.pattern('telling.limits')}\b", regex.IGNORECASE)
_CHANGES = regex.compile(rf"\b{language.pattern('telling.changes')}", regex.IGNORECASE)
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
        """That of the sentence, or of the next one where it narrows this one: "They are not allowed on Sundays.", or
        says what holds else: "Otherwise it is thrown away.", or where this one is "Yes." and nothing else; that of one
        of the next two that says what holds from now on: "It goes up to 15 euros."."""
        following = self.sentences[self.index + 1 : self.index + 3]
        after = next(iter(following), None)
        if after is None or self.sentence.is_row or asks(after):
            return self.sentence.span.end
        if says_nothing_else(self.sentence.text):
            return after.span.end
        changed = [one.span.end for one in following if not one.is_row and says_change(one.text)]
        if changed and not says_change(self.sentence.text):
            return changed[0]
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
        return self.headed_by

    @property
    def headed_by(self) -> str | None:
        """The question that is the heading above its paragraph; None where that is none."""
        above = self.passage.paragraph.heading[-1] if self.passage.paragraph.heading else ""
        return above if above.rstrip().endswith(_QUESTION_MARKS) else None

    @property
    def label(self) -> str | None:
        """What its paragraph begins with in bold and by itself, "**Fridge 6.** Failed in the night": a heading to all
        that follows. None where there is none, or it is that itself."""
        return label_of(self.sentences) if self.index > 0 else None

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


def label_of(sentences: Sequence[SentenceView]) -> str | None:
    """What the sentences of a paragraph are headed by, if the first is a few words in bold and no question."""
    found = _LABEL.fullmatch(sentences[0].text) if len(sentences) > 1 and not asks(sentences[0]) else None
    label = found["label"].strip(" .:") if found else ""
    return label if 0 < len(label.split()) <= _MOST_WORDS_OF_A_LABEL else None


def says_change(text: str) -> bool:
    """Whether it says that something holds from now on that did not: "The charge goes up to £25."."""
    return _CHANGES.search(text) is not None


def asks(sentence: SentenceView) -> bool:
    """Whether it is a question."""
    return sentence.text.rstrip("*_\"'”’)").endswith(_QUESTION_MARKS)
