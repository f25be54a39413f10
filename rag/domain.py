"""The nouns: Document, Block, Paragraph, Question, Passage, Citation, Statement, Answer, Turn.

They are frozen and hold data; what they can say about themselves is a property. Nothing here knows of
files, models or stores. All offsets count code points in the document's untouched text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, int]
"""A paragraph: the id of its document and its number."""
Cells: TypeAlias = tuple[tuple[str, str], ...]
"""A row of a table: for each cell the name of its column, empty where that has none, and what stands in it."""


class Role(StrEnum):
    """What a paragraph is to its document. A `comment` is never the document's own voice."""

    TITLE = "title"
    HEADING = "heading"
    BYLINE = "byline"
    BODY = "body"
    LIST = "list"
    TABLE = "table"
    CAPTION = "caption"
    COMMENT = "comment"
    BOILERPLATE = "boilerplate"


class Confidence(StrEnum):
    """How an answer comes: `high`, it is given as one; `low`, it is shown as what may answer the question; `none`, the
    documents do not seem to answer it."""

    HIGH = "high"
    LOW = "low"
    NONE = "none"


class Verdict(StrEnum):
    """What is known of a statement. `translated`: it is in another language than what it cites, so that dates and
    numbers were compared and its words were not; the reason says how far that went."""

    PENDING = "pending"
    VERIFIED = "verified"
    TRANSLATED = "translated"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open piece `[start, end)` of a text."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        return text[self.start : self.end]

    def shifted(self, by: int) -> Span:
        return Span(self.start + by, self.end + by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of a text as its loader saw it. `role` is None where the format does not say; `level` is a heading's,
    from 1, and of another block, if not 0, that of the headings which it does not stand under any more; `is_literal`
    where it is code, settings or data, in which nobody speaks; `is_head` where it only says who speaks next and when,
    which the block behind it holds as `speaker` and `time`."""

    start: int
    end: int
    role: Role | None = None
    level: int = 0
    speaker: str | None = None
    time: str | None = None
    is_literal: bool = False
    is_head: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file. The id begins with its root: `documents/leave.md`, `uploads/leave.md`.

    `revision` hashes the file's bytes and the parser's version: equal revisions have equal paragraphs.
    """

    id: str
    title: str
    text: str
    revision: str
    date: dt.date | None = None
    author: str | None = None

    @property
    def name(self) -> str:
        return document_name(self.id)


def document_name(document_id: str) -> str:
    """The path below its root, as people see it: `documents/hr/leave.md` is `hr/leave.md`."""
    return str(PurePosixPath(*PurePosixPath(document_id).parts[1:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """`text` is `document.text[start:end]`; `number` counts from 1 in reading order.

    `heading` is the path of headings above it, outermost first; a reader's comment that carries a number
    has that number as the last step of the path. `speaker` is who wrote a comment, where the page says so, or who says
    a turn of a conversation: that is the document's own, with a role like any other. `time` is when, as the document
    writes it.
    """

    document_id: str
    number: int
    text: str
    start: int
    end: int
    role: Role
    heading: tuple[str, ...] = ()
    page: int | None = None
    speaker: str | None = None
    time: str | None = None

    @property
    def said_by(self) -> str:
        """Who says it and when, as people read it: "Ann Lee, 10:42"; empty where the document does not tell."""
        return ", ".join(filter(None, (self.speaker, self.time)))

    @property
    def place(self) -> str:
        """As people read it: "leave.md ¶3", "handbook.pdf, page 12 ¶62"."""
        page = f", page {self.page}" if self.page is not None else ""
        return f"{document_name(self.document_id)}{page} ¶{self.number}"

    @property
    def key(self) -> Key:
        return self.document_id, self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a paragraph's document says of itself, for showing beside it."""

    title: str
    revision: str
    date: dt.date | None = None
    author: str | None = None

    @property
    def day(self) -> str:
        """Its date as people read it, "18 Oct 2015"; empty where it names none."""
        return f"{self.date.day} {self.date:%b %Y}" if self.date else ""


@dataclass(frozen=True, slots=True)
class Ranks:
    """The place a paragraph took in each leg, from 1; None where that leg did not bring it."""

    dense: int | None = None
    words: int | None = None
    grams: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A paragraph retrieved for a question. `score` is the fused score, 0 to 1, comparable only within
    one question. `similarity` is the cosine of question and paragraph, where the dense leg ran."""

    paragraph: Paragraph
    source: Source
    score: float
    ranks: Ranks
    similarity: float | None = None

    def cited(self, span: Span, mark: int) -> Citation:
        """A span of it, in the document's coordinates, as a citation."""
        return Citation(mark=mark, paragraph=self.paragraph, source=self.source, start=span.start, end=span.end)

    def json(self) -> Json:
        return {
            **_place_json(self.paragraph, self.source),
            "text": self.paragraph.text,
            "score": round(self.score, 6),
            "ranks": {"dense": self.ranks.dense, "words": self.ranks.words, "grams": self.ranks.grams},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """The exact span that backs a statement: `quote` is a slice of the stored paragraph, always.

    `start` and `end` count in the document's text, like the paragraph's own; `bold` is an inner span in
    the same coordinates, or None: the answer itself, where a reader is confident of it; of an uncertain answer the
    sentence that may answer. `also` are paragraphs of other documents with the same text, one of each.
    """

    mark: int
    paragraph: Paragraph
    source: Source
    start: int
    end: int
    bold: Span | None = None
    also: tuple[Key, ...] = ()

    def __post_init__(self) -> None:
        assert self.paragraph.start <= self.start < self.end <= self.paragraph.end, "a citation lies in its paragraph"

    @property
    def quote(self) -> str:
        return self.paragraph.text[self.start - self.paragraph.start : self.end - self.paragraph.start]

    def json(self) -> Json:
        return {
            "mark": self.mark,
            **_place_json(self.paragraph, self.source),
            "start": self.start,
            "end": self.end,
            "quote": self.quote,
            "bold": [self.bold.start, self.bold.end] if self.bold else None,
            "also": [{"document": document, "paragraph": number} for document, number in self.also],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence of an answer, without marks. `lead` holds words of ours in front of it
    ("A reader, Michael, writes:"); `conflicts_with` names statements of the same answer, by index, that
    give another number or date for the same thing. `cells` are those of a row of a table that a model wrote, which the
    text says in one line."""

    text: str
    citations: tuple[Citation, ...] = ()
    verdict: Verdict = Verdict.PENDING
    reason: str | None = None
    lead: str | None = None
    conflicts_with: tuple[int, ...] = ()
    cells: Cells = ()

    @property
    def takes_quotation_marks(self) -> bool:
        """Whether to put the text in quotation marks: it is a citation's quote, white space aside (what a model wrote
        is none), and brings no marks of its own."""
        return self.is_quote and self.text[0] not in '"“«„'

    @property
    def is_quote(self) -> bool:
        """Whether the text is a citation's quote, white space aside."""
        return any(" ".join(citation.quote.split()) == self.text for citation in self.citations)

    @property
    def bold(self) -> Span | None:
        """Of a quote, the words in its text that are in bold (`Citation.bold`)."""
        for one in self.citations:
            if one.bold is not None and " ".join(one.quote.split()) == self.text:
                inside = one.bold.shifted(-one.start)
                # A letter behind white space keeps one space in front of it.
                before = " ".join((one.quote[: inside.start] + ".").split())
                return Span(len(before) - 1, len(" ".join(one.quote[: inside.end].split())))
        return None

    @property
    def doubt(self) -> str:
        """What is to be said behind it where it is not verified; empty where it is, or is still open."""
        if self.verdict is Verdict.UNSUPPORTED:
            return "(not found in your documents)"
        return f"({self.reason})" if self.verdict is Verdict.TRANSLATED else ""

    @property
    def rendered(self) -> str:
        marks = "".join(f"[{citation.mark}]" for citation in self.citations)
        return " ".join(filter(None, (self.lead, self.text, marks, self.doubt)))

    def json(self) -> Json:
        return {
            "text": self.text,
            "lead": self.lead,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "conflicts_with": list(self.conflicts_with),
            **({"cells": [list(cell) for cell in self.cells]} if self.cells else {}),
            "citations": [citation.json() for citation in self.citations],
        }


@dataclass(frozen=True, slots=True)
class GateReading:
    """How likely the best sentence answers, 0 to 1, the least that is answered, and the least that is shown as what
    may answer it."""

    score: float
    threshold: float
    floor: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.score >= self.threshold

    @property
    def is_possible(self) -> bool:
        return self.floor <= self.score < self.threshold

    def json(self) -> Json:
        return {name: round(getattr(self, name), 4) for name in ("score", "threshold", "floor")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a question brought. An abstention carries no statement with a citation; `closest` then holds related
    passages, as it does where the answer `is_uncertain`, and `missing_terms` the words of the question that stand
    nowhere in the documents. `unmentioned` are names, numbers and rare words of the question that the cited paragraphs
    do not hold. `named` are the documents that the notice names: it may be shown to those alone who may read them.
    `seconds` maps each part of the work to its wall time; `usage` adds up what the model's server told of its calls
    for this answer: tokens, and the cost where it tells one. `cut` is why a model's answer ended before its end: by
    "length", a "content_filter" or as "broken" off; `notice` says it in words, and `json` leaves it out. `reasoning` is
    what a model thought aloud, where that is asked for: it was compared with nothing, and may speak of every document
    that is `named`."""

    question: str
    searched_for: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    passages: tuple[Passage, ...] = ()
    abstained: bool = False
    closest: tuple[Passage, ...] = ()
    missing_terms: tuple[str, ...] = ()
    mode: str = "extractive"
    model: str | None = None
    notice: str | None = None
    gate: GateReading | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    usage: Mapping[str, float] = field(default_factory=dict)
    complete: bool = True
    is_uncertain: bool = False
    unmentioned: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    cut: str | None = None
    reasoning: str | None = None

    @property
    def confidence(self) -> Confidence:
        if self.abstained:
            return Confidence.NONE
        return Confidence.LOW if self.is_uncertain else Confidence.HIGH

    @property
    def text(self) -> str:
        return "\n".join(statement.rendered for statement in self.statements)

    @property
    def citations(self) -> tuple[Citation, ...]:
        return tuple(citation for statement in self.statements for citation in statement.citations)

    @property
    def sources(self) -> tuple[Citation, ...]:
        """The citations, each mark once, for listing under the answer."""
        return tuple({citation.mark: citation for citation in self.citations}.values())

    def json(self) -> Json:
        """The contract of `ibid ask --json`, the API and run files: what is absent is null, never left out, but for
        `reasoning`, which is there where it was asked for and told, and the `cells` of a statement that is a row."""
        return {
            "version": 1,
            "question": self.question,
            "searched_for": list(self.searched_for),
            "mode": self.mode,
            "model": self.model,
            "complete": self.complete,
            "abstained": self.abstained,
            "confidence": self.confidence.value,
            "notice": self.notice,
            "text": self.text,
            "statements": [statement.json() for statement in self.statements],
            "passages": [passage.json() for passage in self.passages],
            "closest": [passage.json() for passage in self.closest],
            "missing_terms": list(self.missing_terms),
            "unmentioned": list(self.unmentioned),
            "named": [{"document": document} for document in self.named],
            "gate": self.gate.json() if self.gate else None,
            "seconds": {part: round(seconds, 4) for part, seconds in self.seconds.items()},
            "usage": dict(self.usage) or None,
            **({"reasoning": self.reasoning} if self.reasoning else {}),
        }


def summed(*usages: Mapping[str, float]) -> dict[str, float]:
    """What several calls used together."""
    names = dict.fromkeys(name for usage in usages for name in usage)
    return {name: sum(usage.get(name, 0) for usage in usages) for name in names}


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of the same conversation and what was answered."""

    question: str
    answer: Answer


def last_citing(turns: Sequence[Turn]) -> Answer | None:
    """The last answer that quotes anything; None where none does."""
    return next((turn.answer for turn in reversed(turns) if turn.answer.citations), None)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and under what restrictions.

    `turns` are the questions before it in the same conversation, with their answers. `scope` holds the ids of the
    documents to answer from, None for all; `without` paragraphs to leave out. `offline`: nothing is sent to a model or
    to an embedder elsewhere, if there is one.
    """

    text: str
    _: KW_ONLY
    turns: Sequence[Turn] = ()
    scope: frozenset[str] | None = None
    without: frozenset[Key] = frozenset()
    offline: bool = False


def _place_json(paragraph: Paragraph, source: Source) -> Json:
    return {
        "document": paragraph.document_id,
        "title": source.title,
        "revision": source.revision,
        "paragraph": paragraph.number,
        "role": paragraph.role.value,
        "speaker": paragraph.speaker,
        "time": paragraph.time,
        "heading": " › ".join(paragraph.heading) or None,
        "page": paragraph.page,
        "date": source.date.isoformat() if source.date else None,
    }
