"""Answers about the documents themselves: which there are, what they are about, who wrote them and when, what each of
them says of one topic.

Made of the catalogue and of the documents' own telling sentences and bylines, cited like everything else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from typing import overload

import regex

from rag.answer.about import Kind, Request, classify
from rag.answer.central import central_sentences
from rag.answer.changes import changes, versions_among
from rag.answer.contents import contents_asked, topic_asked, whole
from rag.answer.timeline import timeline
from rag.answer.verify import quotation, settle
from rag.documents.front_matter import find_author, find_date, is_front_matter
from rag.documents.voices import lead_of
from rag.domain import Answer, Key, Passage, Question, Role, Span, Statement, Turn, document_name, last_citing
from rag.index.records import Record
from rag.search.retrieve import Retrieval
from rag.text import terms

PassagesOf = Callable[[str, Sequence[int]], list[Passage]]
"""The paragraphs of a document by their numbers."""

MOST_DOCUMENTS = 8
"""Quoted in one answer."""

MOST_TITLES = 12
"""Named in the catalogue."""

_HEAD = 15
_OVERVIEW = 10
"""Passages that a model is given for an overview."""
_READ_THROUGH = 400
MOST_READ = 100
"""Documents that are read through for one answer."""
_EACH = {1: 4, 2: 2}
"""Sentences of each document, by how many there are."""
_PAIR = 2
_KINDS = {
    "eml": "mail email",
    "msg": "mail email",
    "csv": "table",
    "tsv": "table",
    "xlsx": "table spreadsheet",
    "ods": "table spreadsheet",
    "pptx": "slides presentation",
    "log": "log",
}
"""What people call files by how they end."""


@dataclass(frozen=True, slots=True)
class Account:
    """What one document says of a topic: a sentence of it, None where it does not speak of it."""

    record: Record
    retrieval: Retrieval
    said: Statement | None

    @property
    def passages(self) -> list[Passage]:
        """What was found in it, what is quoted first."""
        quoted = {citation.paragraph.key for citation in self.said.citations} if self.said else set()
        return sorted(self.retrieval.passages, key=lambda passage: passage.paragraph.key not in quoted)


def requested(question: Question, records: Sequence[Record]) -> Request | None:
    """The kind of request about these documents, or None for a question about a fact. What changed can be told of two
    versions of one document only, and is told where two such are to be compared; "it" is what was quoted last."""
    which, topic = topic_asked(question.text, records)
    if which := which or contents_asked(question.text, records):
        return Request(Kind.CONTENTS, which, topic or None)
    told = last_quoted(question.turns)
    # "The first one" is that of those that were told last.
    listed = [record for document in told for record in records if record.document_id == document]
    ordered = [*listed, *(record for record in records if record not in listed)] if len(listed) > 1 else list(records)
    request = classify(question.text, Descriptions(ordered), goes_on=bool(told))
    if request is None:
        return None
    if request.points_back is not None:
        meant = told[:1] if request.points_back == "one" else told
        if request.kind in (Kind.NEWEST, Kind.OLDEST) and request.points_back == "several" and len(told) == 1:
            # Of one there is no newer.
            meant = ()
        places = tuple(i for i, record in enumerate(ordered) if record.document_id in meant)
        request = replace(request, which=tuple(sorted({*request.which, *places})), points_back=None)
    request = replace(request, which=tuple(sorted(records.index(ordered[i]) for i in request.which)))
    if request.kind is Kind.AUTHOR and request.topic is not None:
        which = tuple(i for i in request.which if _is_by(records[i], request.topic))
        return replace(request, which=which, topic=None) if which else None
    if request.kind in (Kind.CHANGES, Kind.COMPARISON) and not request.topic:
        chosen = [records[i] for i in request.which] or (list(records) if request.kind is Kind.CHANGES else [])
        if request.kind is Kind.COMPARISON and len(request.which) == 1:
            return None
        if versions_among(chosen) and (request.kind is Kind.CHANGES or len(chosen) == _PAIR):
            return replace(request, kind=Kind.CHANGES)
        return None if request.kind is Kind.CHANGES else request
    return request


def last_quoted(turns: Sequence[Turn]) -> tuple[str, ...]:
    """The documents that the last answer which quotes any was quoted from, in its order."""
    last = last_citing(turns)
    return tuple(dict.fromkeys(one.paragraph.document_id for one in last.citations)) if last else ()


def _is_by(record: Record, author: str) -> bool:
    return set(terms.words(author)) <= set(terms.words(record.author or ""))


def answer_about(
    question: str,
    request: Request,
    *,
    records: Sequence[Record],
    passages_of: PassagesOf,
    weight_of: Callable[[str], float],
) -> Answer:
    """Answer a question about the collection from the documents in `records`; `weight_of` says how much a stem tells
    in them."""
    chosen = [records[i] for i in request.which] if request.which else records
    if request.kind in (Kind.CONTENTS, Kind.SUMMARY) and len(chosen) == 1:
        read = _read(chosen[0], passages_of)
        if told := whole(read, is_summary=request.kind is Kind.SUMMARY):
            return _told(question, told, read)
    if request.kind in (Kind.CONTENTS, Kind.SUMMARY, Kind.COMPARISON):
        is_single = request.kind is Kind.COMPARISON and len(request.which) != _PAIR
        most = 1 if is_single else _EACH.get(len(chosen), 1)
        return _summary(question, chosen, most=most, passages_of=passages_of, weight_of=weight_of)
    if request.kind is Kind.CHANGES and (versions := versions_among(chosen)):
        older, newer = (_read(record, passages_of) for record in versions)
        return changes(question, older=older, newer=newer)
    if request.kind is Kind.TIMELINE:
        return timeline(question, [_read(record, passages_of) for record in chosen[:MOST_READ]])
    if request.kind in (Kind.AUTHOR, Kind.DATE):
        return _byline(question, chosen, request.kind, passages_of)
    if request.kind in (Kind.NEWEST, Kind.OLDEST):
        return _by_date(question, chosen, request.kind, passages_of)
    listed = catalogue(records)
    said = {
        Kind.GREETING: f"Hello. Ask me about your documents; I quote them, with the place. {listed}",
        Kind.THANKS: "You are welcome.",
        Kind.ABILITIES: (
            "I answer questions from your documents with their own sentences, show where each stands, and say so "
            f"when they hold no answer. {listed}"
        ),
        Kind.CATALOGUE: listed,
    }
    named = () if request.kind is Kind.THANKS else tuple(record.document_id for record in records[:MOST_TITLES])
    return Answer(question=question, notice=said[request.kind], named=named)


def _told(question: str, told: tuple[Statement, ...], read: Sequence[Passage]) -> Answer:
    """All of a document, with the passages that it is quoted from."""
    cited = {citation.paragraph.key for statement in told for citation in statement.citations}
    passages = tuple(one for one in read if one.paragraph.key in cited)
    return Answer(question=question, searched_for=(question,), statements=told, passages=passages)


class Descriptions(Sequence[str]):
    """How each document is `described`, all of them when the first one is asked for: most questions are about a fact,
    and folders may hold many thousands."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    @cached_property
    def _made(self) -> Sequence[str]:
        return [described(record) for record in self._records]

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        return self._made[place]


def described(record: Record) -> str:
    """The words by which people mean a document: its title, its file's name and kind, who wrote it and when."""
    parts = regex.findall(r"[\p{L}\p{N}]+", document_name(record.document_id))
    numbered = [f"version {part[1:]}" for part in parts if regex.fullmatch(r"(?i)v\d+", part)]
    day = f"{record.date:%B %Y}" if record.date else ""
    kind = _KINDS.get(record.document_id.rpartition(".")[2].lower(), "")
    return " ".join((record.title, *parts, *numbered, _initials(record.title), record.author or "", day, kind))


def _initials(title: str) -> str:
    """By which a title of several words is called: "FAQ"; empty for others."""
    words = regex.findall(r"[\p{L}\p{N}]+", title)
    return "".join(word[0] for word in words) if 3 <= len(words) <= 5 else ""


def catalogue(records: Sequence[Record]) -> str:
    """One sentence that names the documents."""
    if not records:
        return "There are no documents yet. Put files into the folder, then ask again."
    titles = "; ".join(f"“{record.title}” ({document_name(record.document_id)})" for record in records[:MOST_TITLES])
    more = f"; and {len(records) - MOST_TITLES} more" if len(records) > MOST_TITLES else ""
    count = "is 1 document" if len(records) == 1 else f"are {len(records)} documents"
    return f"There {count}: {titles}{more}."


def _summary(
    question: str,
    records: Sequence[Record],
    *,
    most: int,
    passages_of: PassagesOf,
    weight_of: Callable[[str], float],
) -> Answer:
    """The sentences that tell what each document is about, at most so many of each."""
    statements: list[Statement] = []
    passages: dict[Key, Passage] = {}
    for record in _spread(records)[:MOST_DOCUMENTS]:
        for one in central_sentences(_read(record, passages_of), weight_of=weight_of, most=most):
            citation = one.passage.cited(one.span, len(statements) + 1)
            lead = _of_document(record, lead_of(citation)) if len(records) > 1 else lead_of(citation)
            statements.append(quotation(citation, lead=lead))
            passages[one.passage.paragraph.key] = one.passage
    if not statements:
        return Answer(question=question, abstained=True, notice=catalogue(records))
    more = len(records) > MOST_DOCUMENTS
    notice = f"What {MOST_DOCUMENTS} of {len(records)} documents are about." if more else None
    return Answer(
        question=question,
        searched_for=(question,),
        statements=tuple(statements),
        passages=tuple(passages.values()),
        notice=notice,
    )


def _spread(records: Sequence[Record]) -> list[Record]:
    """One of each folder in turn, the newest first; where all can be told, as they are."""
    if len(records) <= MOST_DOCUMENTS:
        return list(records)
    folders: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda one: one.date or dt.date.min, reverse=True):
        folders.setdefault(record.document_id.rpartition("/")[0], []).append(record)
    return [one for turn in zip_longest(*folders.values()) for one in turn if one is not None]


def _of_document(record: Record, said: str | None) -> str:
    """Which document says it, and who in it."""
    return f"{record.title}, {said}" if said else f"{record.title}:"


def _read(record: Record, passages_of: PassagesOf) -> list[Passage]:
    return passages_of(record.document_id, range(1, min(record.paragraphs, _READ_THROUGH) + 1))


def side_by_side(question: str, topic: str, accounts: Sequence[Account]) -> Answer:
    """A sentence of each document that speaks of the topic; those that do not are named. An abstention where none
    does."""
    each = max(_OVERVIEW // max(len(accounts), 1), 1)
    passages = tuple(passage for account in accounts for passage in account.passages[:each])
    statements: list[Statement] = []
    for account in accounts:
        if account.said is not None:
            citations = tuple(replace(one, mark=len(statements) + 1) for one in account.said.citations)
            lead = account.said.lead or f"{account.record.title}:"
            statements.append(settle(replace(account.said, citations=citations, lead=lead)))
    if not statements:
        closest = tuple(account.passages[0] for account in accounts if account.passages)[:3]
        none = f"Your documents do not seem to speak of {topic}."
        return Answer(
            question=question, searched_for=(topic,), passages=passages, abstained=True, closest=closest, notice=none
        )
    silent = [account.record for account in accounts if account.said is None]
    does = "does" if len(silent) == 1 else "do"
    return Answer(
        question=question,
        searched_for=(topic,),
        statements=tuple(statements),
        passages=passages,
        notice=f"{_titles(silent)} {does} not seem to speak of it." if silent else None,
        named=tuple(record.document_id for record in silent),
    )


def _titles(records: Sequence[Record]) -> str:
    return ", ".join(f"“{record.title}”" for record in records)


def overview(request: Request, records: Sequence[Record], passages_of: PassagesOf) -> tuple[Passage, ...]:
    """Passages that cover the documents asked about rather than resemble the question: from each as many, the
    first of its prose and others spread evenly over it."""
    chosen = ([records[i] for i in request.which] if request.which else list(records))[:MOST_DOCUMENTS]
    each = max(_OVERVIEW // max(len(chosen), 1), 1)
    found: list[Passage] = []
    for record in chosen:
        passages = passages_of(record.document_id, range(1, min(record.paragraphs, _READ_THROUGH) + 1))
        prose = [p for p in passages if p.paragraph.role is Role.BODY and len(p.paragraph.text) > 40] or passages
        step = max(len(prose) / each, 1.0)
        found += [prose[int(i * step)] for i in range(min(each, len(prose)))]
    return tuple(found)


def _by_date(question: str, records: Sequence[Record], kind: Kind, passages_of: PassagesOf) -> Answer:
    """The dates that the documents name, the newest or the oldest first."""
    dated = sorted(records, key=lambda record: record.date or dt.date.min, reverse=kind is Kind.NEWEST)
    known = [record for record in dated if record.date] + [record for record in dated if not record.date]
    answer = _byline(question, known, Kind.DATE, passages_of)
    order = f"The {kind} first. " if len(answer.statements) > 1 else ""
    return replace(answer, notice=f"{order}{answer.notice or ''}".strip() or None)


def _byline(question: str, records: Sequence[Record], kind: Kind, passages_of: PassagesOf) -> Answer:
    """Who wrote a document, or when, as its own byline says it; documents that do not say are named."""
    statements: list[Statement] = []
    passages: list[Passage] = []
    silent: list[Record] = []
    for record in records[:MOST_DOCUMENTS]:
        head = passages_of(record.document_id, range(1, min(record.paragraphs, _HEAD) + 1))
        told = next((found for p in head if (found := _telling_line(p, kind))), None)
        if told is None:
            silent.append(record)
            continue
        byline, span = told
        citation = byline.cited(span, len(statements) + 1)
        statements.append(quotation(citation, lead=f"{record.title}:"))
        passages.append(byline)
    says = "who wrote it" if kind is Kind.AUTHOR else "when it was written"
    notice = f"{_titles(silent)} {'does' if len(silent) == 1 else 'do'} not say {says}." if silent else None
    return Answer(
        question=question,
        searched_for=(question,),
        statements=tuple(statements),
        passages=tuple(passages),
        abstained=not statements,
        notice=notice,
        named=tuple(record.document_id for record in silent),
    )


def _telling_line(passage: Passage, kind: Kind) -> tuple[Passage, Span] | None:
    """The line of a byline, or of a Markdown front matter, that names the author or the date; or of the title, where
    the document is dated by it, as minutes are."""
    paragraph = passage.paragraph
    is_filed = is_front_matter(paragraph)
    dates = kind is Kind.DATE and paragraph.role is Role.TITLE and passage.source.date is not None
    if dates and find_date(paragraph.text) != passage.source.date:
        return None
    if paragraph.role is not Role.BYLINE and not is_filed and not dates:
        return None
    field = regex.compile(r"(?i)\s*author:\s*\S" if kind is Kind.AUTHOR else r"(?i)\s*date:\s*\S")
    start = paragraph.start
    for line in paragraph.text.splitlines(keepends=True):
        says = (find_author(line) if kind is Kind.AUTHOR else find_date(line)) is not None
        if field.match(line) or (says and not is_filed):
            told = line.lstrip("# \t").rstrip()
            first = start + line.index(told)
            return passage, Span(first, first + len(told))
        start += len(line)
    return None
