"""Answers without a model: given as one, shown as what may answer, or not found; and the sentences that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rag.answer.alike import bound_of, command_of
from rag.answer.candidate import Candidate
from rag.answer.candidates import NOT_PROSE
from rag.answer.doubts import Doubts, doubts_about, seen_at
from rag.answer.extract import alternatives, extract
from rag.answer.gathering import Evidence
from rag.answer.lists import is_heading_of, likely_steps, whole_list
from rag.answer.mentions import (
    superlative,
    unknown_identifiers,
)
from rag.answer.quoting import unmarked
from rag.answer.replies import is_heard_to_ask, with_reply
from rag.answer.rows import WholeList
from rag.answer.sections import Read
from rag.answer.verify import settle
from rag.documents.front_matter import is_front_matter
from rag.documents.signatures import is_signature
from rag.domain import Answer, GateReading, Paragraph, Passage, Role, Statement
from rag.text import terms
from rag.text.overlap import Inquiry, seen_by, stems_of

NOT_FOUND = "Your documents do not seem to answer this."
MAY_ANSWER = "This may answer it. Read it in its place before you rely on it."
ONE_MAY_ANSWER = "One of these may answer it. Read it in its place before you rely on it."
AS_IT_STANDS = "It is shown as it stands: nothing was counted, added up or compared."
FOREIGN = "It is quoted from a text in another language than the question."
_HALF = 0.5
_BOTH = 2
_CLOSEST, _FEWEST_WORDS = 3, 4


def quoted(
    answer: Answer,
    evidence: Evidence,
    *,
    gate: GateReading,
    scope: frozenset[str] | None,
    commonness: Callable[[str], float],
    read: Read,
) -> Iterator[Answer]:
    """The answer in sentences of the documents, or in a whole list of them; the best one, with those nearly as likely,
    as what may answer it where that is uncertain; an abstention where nothing near was found."""
    shown = [seen_at(passage.paragraph, passage.source) for passage in answer.passages]
    # A gate that lets everything through, for measuring, lets this through too.
    unknown = unknown_identifiers(answer.question, shown, answer.missing_terms) if gate.threshold > 0 else ()
    is_near = bool(evidence.candidates) and not evidence.retrieval.is_guess
    together = whole_list(evidence.inquiry, evidence.candidates, read) if is_near else None
    headed = (evidence.candidates[0].passage, together.passages[-1]) if together is not None else ()
    is_headed = any(is_heading_of(evidence.inquiry, one) for one in headed)
    is_compared = together is not None and _is_told_but_for_the_most(evidence.inquiry, together.passages[0])
    is_possible = gate.is_open or gate.is_possible or is_headed or is_compared or _is_row_meant(evidence)
    if not is_near or unknown or not is_possible:
        yield abstaining(replace(answer, unmentioned=unknown), scope)
        return
    doubts_of = partial(doubts_about, answer, evidence, score=gate.score, commonness=commonness)
    is_likely = gate.is_open or is_headed
    first = _first(evidence, together, doubts_of)
    if first.doubts.is_of_another and not is_likely:
        # What is no more than possible, and speaks of somebody or something else, is not found.
        yield abstaining(replace(answer, unmentioned=first.doubts.told), scope)
        return
    is_doubted = first.doubts.are_grave and gate.threshold > 0
    is_sure = is_likely and not is_doubted and (together is None or together.answers)
    chosen = replace(first, is_sure=is_sure)
    heard = None if together else _heard_to_ask(answer.question, evidence.candidates, first.statements)
    if heard is not None:
        chosen = _with_reply(chosen, heard, read, doubts_of)
    elif not is_sure and together is None:
        chosen = _uncertain(evidence, read, doubts_of)
    yield from _told(_with_cited(answer, evidence, chosen), chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """What is quoted, what speaks against it, and whether it is sure. It may be a list or rows `together`, or several
    of which each may answer by itself."""

    statements: tuple[Statement, ...]
    doubts: Doubts
    together: WholeList | None = None
    is_sure: bool = False
    are_alternatives: bool = False

    @property
    def note(self) -> str | None:
        """What is said of it behind the notice."""
        one = self.together
        kind = "rows of the table" if one and one.are_rows else "items of the list"
        more = f"{one.more} more {kind} are not shown." if one and one.more else None
        raw = AS_IT_STANDS if one and not one.answers else None
        return " ".join(filter(None, (more, raw, FOREIGN if self.doubts.is_foreign else None))) or None


def _first(evidence: Evidence, together: WholeList | None, doubts_of: Callable[..., Doubts]) -> _Chosen:
    """The list or the rows, or the sentences that answer best."""
    told = together.statements if together else extract(evidence.inquiry, evidence.candidates)
    statements = tuple(map(settle, told))
    return _Chosen(statements=statements, doubts=doubts_of(statements, is_list=together is not None), together=together)


def _with_reply(chosen: _Chosen, heard: Candidate, read: Read, doubts_of: Callable[..., Doubts]) -> _Chosen:
    """What somebody is heard to ask, with what comes next: that may answer it, and is known to where it was chosen for
    itself, too."""
    keys = {citation.paragraph.key for statement in chosen.statements[1:] for citation in statement.citations}
    statements = tuple(map(settle, with_reply(heard, read)))
    is_sure = chosen.is_sure and statements[-1].citations[0].paragraph.key in keys
    return _Chosen(statements=statements, doubts=doubts_of(statements, is_list=False), is_sure=is_sure)


def _uncertain(evidence: Evidence, read: Read, doubts_of: Callable[..., Doubts]) -> _Chosen:
    """What may answer: the steps of which one does, or the best sentence with others nearly as likely."""
    together = likely_steps(evidence.inquiry, evidence.candidates, read)
    told = together.statements if together else alternatives(evidence.inquiry, evidence.candidates)
    statements = tuple(map(settle, told))
    doubts = doubts_of(statements, is_list=False)
    return _Chosen(statements=statements, doubts=doubts, together=together, are_alternatives=together is None)


def _told(answer: Answer, chosen: _Chosen) -> Iterator[Answer]:
    answer = replace(answer, unmentioned=chosen.doubts.told)
    statements = chosen.statements
    if not chosen.is_sure:
        yield noted(possible(answer, statements, are_alternatives=chosen.are_alternatives), chosen.note)
        return
    for told in range(1, len(statements)):
        yield replace(answer, statements=statements[:told], complete=False)
    yield noted(replace(answer, statements=statements, complete=True), chosen.note)


def _heard_to_ask(question: str, candidates: Sequence[Candidate], statements: Sequence[Statement]) -> Candidate | None:
    """Of the best sentence, and the next one where both are quoted of one turn, the one that only asks."""
    first, *others = candidates[:_BOTH]
    cited = {(one.paragraph.key, one.start) for statement in statements for one in statement.citations}
    beside = [one for one in others if one.passage.paragraph.key == first.passage.paragraph.key]
    said = [first, *(one for one in beside if (one.passage.paragraph.key, one.span.start) in cited)]
    return next((one for one in said if is_heard_to_ask(question, one)), None)


def _with_cited(answer: Answer, evidence: Evidence, chosen: _Chosen) -> Answer:
    """With the passages that the statements cite, wherever they come from."""
    cited = {citation.paragraph.key for statement in chosen.statements for citation in statement.citations}
    from_further = [one.passage for one in evidence.candidates if one.passage.paragraph.key in cited]
    return with_passages(answer, [*(chosen.together.passages if chosen.together else ()), *from_further])


def _is_row_meant(evidence: Evidence) -> bool:
    """Whether the best sentence is a row with every name and day of the question, of whose words none is unknown."""
    inquiry, row = evidence.inquiry, evidence.candidates[0].sentence
    (seen,) = seen_by(inquiry, [row])
    unknown = stems_of(" ".join(evidence.retrieval.missing_terms), inquiry.truncated) - seen.present
    return row.is_row and bool(inquiry.names) and inquiry.names <= seen.present and not unknown


def _is_told_but_for_the_most(inquiry: Inquiry, first: Passage) -> bool:
    """Whether the first of several rows or items and what stands above it hold most of the question but for words that
    only ask: which of several has the most, "list all"; no row says of itself that it is the cheapest, or that it costs
    more than 20."""
    question = inquiry.question
    asking = " ".join(filter(None, (superlative(question), command_of(question), bound_of(question))))
    most = stems_of(asking, inquiry.truncated)
    others = {stem: weight for stem, weight in inquiry.weighted if stem not in most}
    said = stems_of(seen_at(first.paragraph, first.source), inquiry.truncated)
    return sum(weight for stem, weight in others.items() if stem in said) > _HALF * sum(others.values())


def with_passages(answer: Answer, more: Sequence[Passage]) -> Answer:
    """With those that are not among its passages: every mark leads to one of them."""
    there = {passage.paragraph.key for passage in answer.passages}
    return replace(answer, passages=(*answer.passages, *(one for one in more if one.paragraph.key not in there)))


def possible(answer: Answer, best: Sequence[Statement], *, are_alternatives: bool = False) -> Answer:
    """The best statements as what may answer, together or each by itself, with the related passages beside them."""
    cited = {citation.paragraph.key for statement in best for citation in statement.citations}
    others = [p for p in answer.passages if p.paragraph.key not in cited]
    return replace(
        answer,
        statements=tuple(best if are_alternatives else map(_plain, best)),
        is_uncertain=True,
        closest=_closest(others),
        notice=ONE_MAY_ANSWER if are_alternatives and len(best) > 1 else MAY_ANSWER,
        complete=True,
    )


def _plain(statement: Statement) -> Statement:
    """As what is not sure is shown: nothing in bold, and no contradiction."""
    return replace(unmarked(statement), conflicts_with=())


def abstaining(answer: Answer, scope: frozenset[str] | None = None) -> Answer:
    """An abstention; where only some documents were asked it says so."""
    chosen = "document does" if scope and len(scope) == 1 else f"{len(scope or ())} documents do"
    notice = NOT_FOUND if scope is None else f"The chosen {chosen} not seem to answer this."
    return replace(
        answer, statements=(), abstained=True, closest=_closest(answer.passages), notice=notice, complete=True
    )


def noted(answer: Answer, note: str | None) -> Answer:
    """With a sentence more in its notice."""
    return replace(answer, notice=" ".join(filter(None, (answer.notice, note))) or None)


def _closest(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    telling = [passage for passage in passages if _tells(passage.paragraph)]
    spoken = telling or [passage for passage in passages if passage.paragraph.role is not Role.BOILERPLATE]
    return tuple((spoken or list(passages))[:_CLOSEST])


def _tells(paragraph: Paragraph) -> bool:
    """Whether it says something by itself: not "Dear all,", a name, or what a document says of itself in front."""
    if paragraph.role in NOT_PROSE or is_front_matter(paragraph) or is_signature(paragraph.text):
        return False
    return paragraph.role is Role.TABLE or len(terms.words(paragraph.text)) >= _FEWEST_WORDS
