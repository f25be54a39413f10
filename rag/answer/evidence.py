"""What backs a sentence that a model wrote: the very words of a passage, checked, with a mark given out for them.

Code does this, without a model: it resolves the numbers that the model named, finds in each passage the sentence that
holds most of the statement, and has `verify` check it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import takewhile
from math import fsum

import regex

from rag.answer import prompts
from rag.answer.drafts import Draft
from rag.answer.verify import LEAST_SUPPORT, NOT_COMPARED, Finding, verify, verify_row, verify_translated
from rag.documents.voices import lead_of
from rag.domain import Answer, Cells, Citation, Passage, Role, Span, Statement, Verdict
from rag.text import language, terms
from rag.text.identify import are_unlike, differ
from rag.text.overlap import SentenceView, view_sentences
from rag.text.values import amounts, numbers_of

WeightOf = Callable[[str], float]

_MENTIONS_READER = regex.compile(r"(?i)\b(?:readers?|comment(?:er|ator)?s?)\b")
_BEGINS = rf"^\W*(?:{language.pattern('answers.begins')}\b\W*)?(?:but\s+)?"
_SILENT = regex.compile(rf"{_BEGINS}{language.pattern('answers.silent')}", regex.IGNORECASE)
_UNSAID = regex.compile(rf"{_BEGINS}{language.pattern('answers.unsaid')}", regex.IGNORECASE)
_OPEN = regex.compile(rf"\b{language.pattern('answers.open')}\b", regex.IGNORECASE)
_REMARK = regex.compile(rf"^\W*{language.pattern('answers.remarks')}", regex.IGNORECASE)
_DECLINED = regex.compile(rf"^\W*{language.pattern('answers.declined')}", regex.IGNORECASE)
_YET = regex.compile(rf"\b{language.pattern('answers.yet')}\b", regex.IGNORECASE)
_PAIR_GAIN = 0.15
_RE_POINTED_AT = 0.6
_CHOSEN_SUPPORT = 0.3
"""Words enough where the model, asked for it, named the sentence: a paraphrase has fewer in common with it."""


class NotInDocumentsError(Exception):
    """The model says that the passages do not hold the answer."""


class DeclinedError(Exception):
    """The model says, in words of its own, that it will not answer."""


@dataclass(frozen=True, slots=True)
class Writing:
    """An answer under way: what was settled, and what the server told of tokens and cost. `silent` where the model
    said that the passages tell nothing of something, `refused` where it began by saying that they do not answer, so
    that what it cites in spite of that may answer at best, `declined` its words where it would not answer, `cut` why
    the answer ended before its end, `thought` what it thought aloud."""

    statements: tuple[Statement, ...] = ()
    usage: Mapping[str, float] = field(default_factory=dict)
    silent: bool = False
    refused: bool = False
    declined: str | None = None
    cut: str | None = None
    thought: str = ""


def stands(statements: Sequence[Statement]) -> bool:
    """Whether any of them was verified, or as far as can be where it is in another language than its source."""
    return any(statement.verdict in (Verdict.VERIFIED, Verdict.TRANSLATED) for statement in statements)


def _is_left_open(statement: Statement) -> bool:
    """Whether what it cites leaves something open itself: "it’s unclear when it was taken"."""
    is_verified = statement.verdict is Verdict.VERIFIED
    return is_verified and any(_OPEN.search(one.quote) for one in statement.citations)


def _is_compared(statement: Statement) -> bool:
    return statement.verdict is Verdict.TRANSLATED and statement.reason != NOT_COMPARED


def _are_foreign(texts: Sequence[str], question: str, named: Sequence[str]) -> bool:
    return are_unlike([question], named) and are_unlike(texts, named)


def before_pending(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements in front of the first that is still open."""
    return tuple(takewhile(lambda statement: statement.verdict is not Verdict.PENDING, statements))


def settled(answer: Answer) -> Answer:
    """The answer with what is still pending marked as unsupported."""
    return replace(answer, statements=without_pending(answer.statements))


def without_pending(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements with what is still pending marked as unsupported."""
    return tuple(
        replace(one, verdict=Verdict.UNSUPPORTED) if one.verdict is Verdict.PENDING else one for one in statements
    )


@dataclass(frozen=True, slots=True)
class Backing:
    """The words of a passage that best back a statement, and the share of it that they hold, 0 to 1."""

    passage: Passage
    span: Span
    share: float

    @property
    def text(self) -> str:
        return self.span.of(self.passage.paragraph.text)

    @property
    def citation(self) -> Citation:
        """As a citation, without a mark as yet."""
        return self.passage.cited(self.span.shifted(self.passage.paragraph.start), 0)

    @property
    def key(self) -> tuple[str, int]:
        """Where it begins: its document, and the place in its text."""
        return self.passage.paragraph.document_id, self.passage.paragraph.start + self.span.start


class Grounding:
    """The passages a model was shown: resolves numbers, finds the words behind a sentence, gives out marks.

    `weight_of` says how much a stem counts: rare ones more.
    """

    def __init__(self, passages: Sequence[Passage], *, weight_of: WeightOf) -> None:
        self._passages = passages
        self._weight_of = weight_of
        self._marks: dict[tuple[str, int, int], int] = {}
        self._ranked: dict[str, list[Backing]] = {}
        self._named_by: dict[str, list[Passage]] = {}
        self._items: dict[str, str] = {}
        self._cells: dict[str, Cells] = {}

    def take(self, writing: Writing, *, draft: Draft) -> Writing:
        """With a sentence added: settled, or pending where nothing backs it yet. What was said before, our own words,
        remarks on the answer, and that the passages tell nothing, are no statements; but "It is not clear when" is one
        under a mark where that stands there. Where it says, before any other, that the passages do not hold the answer,
        only what it then cites and what is verified is one."""
        if prompts.is_not_found(draft.text):
            if writing.statements:
                return writing
            beyond = prompts.beyond_not_found(draft.text)
            writing = replace(writing, refused=True)
            return self.take(writing, draft=replace(draft, text=beyond)) if beyond else writing
        if writing.refused:
            return self._beyond_refusal(writing, draft)
        said_before = {prompts.alike(one.text) for one in writing.statements}
        if prompts.is_ours(draft.text) or prompts.alike(draft.text) in said_before:
            return writing
        if _SILENT.match(draft.text) and not _YET.search(draft.text):
            return replace(writing, silent=True)
        if not draft.ids and _DECLINED.match(draft.text):
            return replace(writing, declined=writing.declined or draft.text)
        statement = self._statement(draft)
        if _UNSAID.match(draft.text) and not _YET.search(draft.text) and not (draft.ids and _is_left_open(statement)):
            return replace(writing, silent=True)
        if not draft.ids and _REMARK.match(draft.text) and statement.verdict is not Verdict.VERIFIED:
            return writing
        return replace(writing, statements=(*writing.statements, statement))

    def _beyond_refusal(self, writing: Writing, draft: Draft) -> Writing:
        """With what it cites in spite of it, if that is verified: a remark is none."""
        if not draft.ids or any(one.match(draft.text) for one in (_SILENT, _UNSAID, _REMARK)):
            return writing
        statement = self._statement(draft)
        is_new = prompts.alike(draft.text) not in {prompts.alike(one.text) for one in writing.statements}
        is_kept = statement.verdict is Verdict.VERIFIED and is_new
        return replace(writing, statements=(*writing.statements, statement)) if is_kept else writing

    def cite(self, text: str, *, chosen: Backing) -> Statement:
        """A statement backed by a sentence that the model chose; unsupported where the two do not agree."""
        return self._checked(text, backings=[chosen], least_support=_CHOSEN_SUPPORT)

    def translated(self, statements: Sequence[Statement], *, question: str) -> tuple[Statement, ...]:
        """The statements, with those that are still pending compared as far as can be where these together are in
        another language than the passages that they name; as they are where nothing in any of them could be. A few
        words tell it where the `question` is in another language, too."""
        pending = [one.text for one in statements if one.verdict is Verdict.PENDING]
        named = sorted({one.paragraph.text for text in pending for one in self._named_by.get(text, ())})
        if not named or not (differ(pending, named) or _are_foreign(pending, question, named)):
            return tuple(statements)
        compared = tuple(
            self._translated(one) if one.verdict is Verdict.PENDING and self._named_by.get(one.text) else one
            for one in statements
        )
        is_compared = any(one.verdict is Verdict.VERIFIED or _is_compared(one) for one in compared)
        return compared if is_compared else tuple(statements)

    def ranked(self, text: str) -> list[Backing]:
        """What backs a statement in every passage, what holds most of it first."""
        if text not in self._ranked:
            sought = self._sought(text)
            found = [self._backing(passage, text, sought) for passage in self._passages]
            self._ranked[text] = sorted(found, key=lambda one: -one.share)
        return self._ranked[text]

    def _translated(self, statement: Statement) -> Statement:
        """Its citation is the sentence with its numbers and names; where none has any, all of each paragraph."""
        sought = self._sought(statement.text)
        found = [self._backing(passage, statement.text, sought) for passage in self._named_by[statement.text]]
        whole = [Backing(one.passage, Span(0, len(one.passage.paragraph.text)), 0.0) for one in found]
        citations = [one.citation for one in [one for one in found if one.share > 0] or whole]
        finding = verify_translated(statement.text, citations)
        if finding.verdict is not Verdict.TRANSLATED:
            return replace(statement, reason=finding.reason)
        return self._settled(statement.text, citations, finding=finding)

    def _statement(self, draft: Draft) -> Statement:
        self._items[draft.text], self._cells[draft.text] = draft.item, draft.cells
        self._named_by[draft.text] = [self._passages[n - 1] for n in draft.ids if 1 <= n <= len(self._passages)]
        cited = self._checked(draft.text, backings=self._named(draft))
        if cited.verdict is Verdict.VERIFIED:
            return cited
        pointed = self._re_pointed(draft.text)
        return pointed or Statement(text=draft.text, reason=cited.reason, lead=draft.item or None, cells=draft.cells)

    def _named(self, draft: Draft) -> list[Backing]:
        """What backs a sentence in the passages that it names; where nothing does, what comes nearest in each."""
        sought = self._sought(draft.text)
        found = [self._backing(passage, draft.text, sought) for passage in self._named_by[draft.text]]
        return [one for one in found if one.share > 0] or [one for one in found if len(one.span)]

    def _re_pointed(self, text: str) -> Statement | None:
        """The right sentence under a wrong number: another passage that backs it in full."""
        for one in self.ranked(text):
            if one.share < _RE_POINTED_AT:
                return None
            statement = self._checked(text, backings=[one])
            if statement.verdict is Verdict.VERIFIED:
                return statement
        return None

    def _checked(self, text: str, *, backings: Sequence[Backing], least_support: float = LEAST_SUPPORT) -> Statement:
        trial = [one.citation for one in backings]
        finding = (
            verify_row(text, trial, least_support) if self._cells.get(text) else verify(text, trial, least_support)
        )
        if finding.verdict is not Verdict.VERIFIED:
            return Statement(text=text, citations=(), verdict=finding.verdict, reason=finding.reason)
        return self._settled(text, trial, finding=finding)

    def _settled(self, text: str, trial: Sequence[Citation], *, finding: Finding) -> Statement:
        """A statement that stands, with marks for what it cites."""
        citations = tuple(replace(citation, mark=self._mark(citation)) for citation in trial)
        return Statement(
            text=text,
            citations=citations,
            verdict=finding.verdict,
            reason=finding.reason,
            cells=self._cells.get(text, ()),
            lead=" ".join(filter(None, (self._items.get(text), _lead(text, citations=citations)))) or None,
        )

    def _backing(self, passage: Passage, text: str, sought: _Sought) -> Backing:
        # Two rows of a table say of neither what a written one says.
        is_row_of_one = bool(self._cells.get(text)) and passage.paragraph.role is Role.TABLE
        return _backing(passage, sought=sought, may_be_two=not is_row_of_one)

    def _sought(self, text: str) -> _Sought:
        stems = {stem: self._weight_of(stem) for stem in terms.content_stems(text)}
        return _Sought(stems, frozenset(amount.value for amount in amounts(text)), fsum(stems.values()))

    def _mark(self, citation: Citation) -> int:
        key = (citation.paragraph.document_id, citation.start, citation.end)
        return self._marks.setdefault(key, len(self._marks) + 1)


@dataclass(frozen=True, slots=True)
class _Sought:
    """What a statement is looked up by: its content stems with their weights, and its numbers."""

    stems: Mapping[str, float]
    numbers: frozenset[float]
    weight: float

    def held_by(self, view: SentenceView) -> _Held:
        return _Held(view.present & self.stems.keys(), numbers_of(view.text) & self.numbers if self.numbers else set())

    def share(self, held: _Held) -> float:
        """Of its term weight, and of its numbers, what these are, 0 to 1."""
        words = fsum(self.stems[stem] for stem in held.stems) / self.weight if self.weight else 0.0
        return 0.5 * words + 0.5 * len(held.numbers) / len(self.numbers) if self.numbers else words


@dataclass(frozen=True, slots=True)
class _Held:
    """What a sentence holds of a statement."""

    stems: AbstractSet[str]
    numbers: AbstractSet[float]

    def __or__(self, other: _Held) -> _Held:
        return _Held(self.stems | other.stems, self.numbers | other.numbers)


def _backing(passage: Passage, *, sought: _Sought, may_be_two: bool) -> Backing:
    """The sentence of a passage, or two in a row, that hold most of a statement; an empty span where it has none."""
    # Asked as retrieval asks, so that what it read is found again.
    views = view_sentences(passage.paragraph.text, False)
    if not views:
        return Backing(passage, Span(0, 0), 0.0)
    held = [sought.held_by(view) for view in views]
    singles = [sought.share(one) for one in held]
    best = max(range(len(views)), key=lambda i: (singles[i], -i))
    places = [i for i in (best - 1, best) if 0 <= i < len(views) - 1] if may_be_two else []
    pairs = [(sought.share(held[i] | held[i + 1]), i) for i in places]
    share, first = max(pairs, default=(0.0, best), key=lambda pair: pair[0])
    if share >= singles[best] + _PAIR_GAIN:
        return Backing(passage, Span(views[first].span.start, views[first + 1].span.end), share)
    return Backing(passage, views[best].span, singles[best])


def _lead(text: str, *, citations: Sequence[Citation]) -> str | None:
    """Words of ours where a reader's words would else read as the document's own, or one person's as nobody's."""
    speakers = {citation.paragraph.speaker for citation in citations if citation.paragraph.speaker}
    are_of_readers = all(citation.paragraph.role is Role.COMMENT for citation in citations)
    are_of_one = len(speakers) == 1 and all(citation.paragraph.speaker for citation in citations)
    if not (are_of_readers or are_of_one):
        return None
    told = _MENTIONS_READER.search(text) or any(speaker in text for speaker in speakers)
    return None if told else lead_of(citations[0])
