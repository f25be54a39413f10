"""Answers without a model: given as one, shown as what may answer, or not found; and the sentences that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rag.answer.alike import bound_of, command_of
from rag.answer.candidate import Candidate
from rag.answer.candidates import NOT_PROSE
from rag.answer.columns import empty_cells, unknown_kinds
from rag.answer.counted import counted
from rag.answer.extract import alternatives, extract
from rag.answer.gathering import Evidence
from rag.answer.lists import WholeList, is_counted_by, is_heading_of, likely_steps, whole_list
from rag.answer.mentions import (
    Mentioned,
    absent,
    days_missed,
    decisive,
    numbered_otherwise,
    reach_missed,
    role_missed,
    superlative,
    unknown_identifiers,
    unmentioned,
)
from rag.answer.planned import is_only_planned, presumed
from rag.answer.polar import asks_what, is_polar, says_yes_or_no
from rag.answer.quoting import unmarked
from rag.answer.reasons import tells_no_reason
from rag.answer.replies import is_heard_to_ask, with_reply
from rag.answer.sections import Read
from rag.answer.verify import settle
from rag.documents.front_matter import is_front_matter
from rag.documents.signatures import is_signature
from rag.domain import Answer, GateReading, Paragraph, Passage, Role, Source, Statement, document_name
from rag.text import language, terms
from rag.text.identify import differ
from rag.text.overlap import Inquiry, seen_by, stems_of

NOT_FOUND = "Your documents do not seem to answer this."
MAY_ANSWER = "This may answer it. Read it in its place before you rely on it."
ONE_MAY_ANSWER = "One of these may answer it. Read it in its place before you rely on it."
AS_IT_STANDS = "It is shown as it stands: nothing was counted, added up or compared."
FOREIGN = "It is quoted from a text in another language than the question."
_DOUBTS_RARE, _TELLS_RARE = 0.65, 0.85
"""Likelihoods below which an answer becomes uncertain, and below which it is told, that a rare word of the question
stands nowhere in the documents. A policy: people have other words for things, and what is likely stands without."""
_HALF = 0.5
_BOTH = 2
_CLOSEST, _FEWEST_WORDS = 3, 4
_WRITERS = " ".join(language.words("comments.writers"))


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
    shown = [_with_headings(passage.paragraph, passage.source) for passage in answer.passages]
    # A gate that lets everything through, for measuring, lets this through too.
    unknown = unknown_identifiers(answer.question, shown) if gate.threshold > 0 else ()
    is_near = bool(evidence.candidates) and not evidence.retrieval.is_guess
    together = whole_list(evidence.inquiry, evidence.candidates, read) if is_near else None
    headed = (evidence.candidates[0].passage, together.passages[-1]) if together is not None else ()
    is_headed = any(is_heading_of(evidence.inquiry, one) for one in headed)
    is_compared = together is not None and _is_told_but_for_the_most(evidence.inquiry, together.passages[0])
    is_possible = gate.is_open or gate.is_possible or is_headed or is_compared or _is_row_meant(evidence)
    if not is_near or unknown or not is_possible:
        yield abstaining(replace(answer, unmentioned=unknown), scope)
        return
    doubts_of = partial(
        _doubts, answer, evidence, score=gate.score, commonness=commonness, is_list=together is not None
    )
    statements = tuple(map(settle, together.statements if together else extract(evidence.inquiry, evidence.candidates)))
    doubts = doubts_of(statements)
    is_likely = gate.is_open or is_headed
    if doubts.is_of_another and not is_likely:
        # What is no more than possible, and speaks of somebody or something else, is not found.
        yield abstaining(replace(answer, unmentioned=doubts.told), scope)
        return
    is_sure = is_likely and not (doubts.are_grave and gate.threshold > 0) and (together is None or together.answers)
    heard = _heard_to_ask(answer.question, evidence.candidates, statements) if together is None else None
    if heard is not None:
        # What comes next may answer it; that it does is known where it was chosen for itself, too.
        chosen = {citation.paragraph.key for statement in statements[1:] for citation in statement.citations}
        statements = tuple(map(settle, with_reply(heard, read)))
        doubts = doubts_of(statements)
        is_sure = is_sure and statements[-1].citations[0].paragraph.key in chosen
    elif not is_sure and together is None:
        together = likely_steps(evidence.inquiry, evidence.candidates, read)
        likely = together.statements if together else alternatives(evidence.inquiry, evidence.candidates)
        statements = tuple(map(settle, likely))
        doubts = doubts_of(statements)
    answer = replace(_with_cited(answer, evidence, statements, together), unmentioned=doubts.told)
    kind = "rows of the table" if together and together.are_rows else "items of the list"
    more = f"{together.more} more {kind} are not shown." if together and together.more else None
    raw = AS_IT_STANDS if together and not together.answers else None
    note = " ".join(filter(None, (more, raw, FOREIGN if doubts.is_foreign else None))) or None
    if not is_sure:
        yield noted(possible(answer, statements, are_alternatives=together is None and heard is None), note)
        return
    for told in range(1, len(statements)):
        yield replace(answer, statements=statements[:told], complete=False)
    yield noted(replace(answer, statements=statements, complete=True), note)


def _heard_to_ask(question: str, candidates: Sequence[Candidate], statements: Sequence[Statement]) -> Candidate | None:
    """Of the best sentence, and the next one where both are quoted of one turn, the one that only asks."""
    first, *others = candidates[:_BOTH]
    cited = {(one.paragraph.key, one.start) for statement in statements for one in statement.citations}
    beside = [one for one in others if one.passage.paragraph.key == first.passage.paragraph.key]
    said = [first, *(one for one in beside if (one.passage.paragraph.key, one.span.start) in cited)]
    return next((one for one in said if is_heard_to_ask(question, one)), None)


def _with_cited(
    answer: Answer, evidence: Evidence, statements: Sequence[Statement], together: WholeList | None
) -> Answer:
    """With the passages that the statements cite, wherever they come from."""
    cited = {citation.paragraph.key for statement in statements for citation in statement.citations}
    from_further = [one.passage for one in evidence.candidates if one.passage.paragraph.key in cited]
    return with_passages(answer, [*(together.passages if together else ()), *from_further])


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
    said = stems_of(_with_headings(first.paragraph, first.source), inquiry.truncated)
    return sum(weight for stem, weight in others.items() if stem in said) > _HALF * sum(others.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doubts:
    """What speaks against the sentences that were chosen: words of the question that they do not mention, to be `told`;
    that they are `of_another` than whom the question names; that they are in another language than it. `are_grave`:
    they make an answer uncertain. So does what nothing here can tell: which of several has the most of something."""

    told: tuple[str, ...] = ()
    is_of_another: bool = False
    is_foreign: bool = False
    are_grave: bool = False


def _doubts(
    answer: Answer,
    evidence: Evidence,
    statements: Sequence[Statement],
    *,
    score: float,
    commonness: Callable[[str], float],
    is_list: bool,
) -> _Doubts:
    citations, best = [one for statement in statements for one in statement.citations], evidence.candidates[0]
    # A row is names and numbers: they are of no language.
    if differ([answer.question], [one.quote for one in citations if one.paragraph.role is not Role.TABLE]):
        # Its words cannot be compared with theirs.
        return _Doubts(is_foreign=True, are_grave=True)
    cited = Mentioned(_with_headings(one.paragraph, one.source) for one in citations)
    # A bound, "more than 20 days", is the asker's own.
    bounds = (bound_of(answer.question) or "").split() if is_list else []
    missing_terms = [one for one in answer.missing_terms if one not in bounds]
    missing = absent(answer.question, missing_terms, cited, commonness)
    away = tuple(one for one in unmentioned(answer.question, cited) if one not in bounds)
    # Who asks when, or how much, is not answered by what tells no time and no amount; who names somebody or something,
    # not by what is said of another – but that it is not named may be why the answer is no.
    asks_for_value = evidence.inquiry.kind in ("number", "date")
    is_of_another_kind = asks_for_value and not is_list and best.features["kind missing"] > 0
    is_uncounted = bool(counted(answer.question)) and not is_list and not is_counted_by(best, evidence.inquiry)
    says_of_another = asks_what(answer.question) and any(says_yes_or_no(one.text) for one in statements[:1])
    is_planned = not is_list and bool(statements) and is_only_planned(answer.question, statements[0].text)
    is_unexplained = len(statements) == 1 and not is_list and tells_no_reason(answer.question, statements[0].text)
    is_presumed = bool(presumed(answer.question) & set(terms.stemmed([word.casefold() for word in missing.rare])))
    is_rare = bool(missing.rare) and (score < _DOUBTS_RARE or is_presumed)
    most = superlative(answer.question)
    compares = most is not None and most not in cited
    empty = empty_cells(evidence.inquiry, evidence.candidates)
    lacking = (
        *missing.names,
        *role_missed(answer.question, cited),
        *reach_missed(answer.question, [one.quote for one in citations], cited),
        *numbered_otherwise(answer.question, cited),
        *days_missed(answer.question, cited),
        *away,
        *empty,
        *(() if is_list else unknown_kinds(answer.question, best, answer.missing_terms)),
    )
    told = (*lacking, *(missing.rare if score < _TELLS_RARE else ()))
    return _Doubts(
        told=tuple(one for one in dict.fromkeys(told) if not any(_is_part(one, other) for other in told)),
        is_of_another=bool(decisive(missing.names, answer.question, cited)) and not is_polar(answer.question),
        are_grave=any(
            (
                lacking,
                is_of_another_kind,
                is_uncounted,
                says_of_another,
                is_planned,
                is_unexplained,
                is_rare,
                compares,
            )
        ),
    )


def _is_part(one: str, other: str) -> bool:
    """Whether it is a word of something longer that is told: "8" beside "fridge 8"."""
    return one != other and one in other.split()


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


def _with_headings(paragraph: Paragraph, source: Source) -> str:
    """What is to be seen at a paragraph: its text, what stands above it, who says it, where and when it is filed."""
    filed = f"{document_name(paragraph.document_id)} {source.date or ''}"
    said_by = f"{paragraph.said_by} {_WRITERS if paragraph.role is Role.COMMENT else ''}"
    return f"{source.title} {' '.join(paragraph.heading)} {filed} {said_by} {paragraph.text}"
