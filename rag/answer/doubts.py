"""What speaks against the sentences that were chosen for an answer: a name, number or rare word of the question that
they do not have, an answer of another kind than is asked for, a deed that is only planned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.answer.alike import bound_of
from rag.answer.columns import empty_cells, tells_no_remedy, unknown_kinds
from rag.answer.counted import counted
from rag.answer.gathering import Evidence
from rag.answer.mentions import (
    Mentioned,
    absent,
    days_missed,
    decisive,
    numbered_otherwise,
    reach_missed,
    role_missed,
    superlative,
    unmentioned,
)
from rag.answer.planned import is_only_planned, presumed, tells_the_done
from rag.answer.polar import asks_what, is_polar, says_yes_or_no
from rag.answer.reasons import tells_no_reason
from rag.answer.rows import is_counted_by
from rag.domain import Answer, Paragraph, Role, Source, Statement, document_name
from rag.text import language, terms
from rag.text.identify import differ

_DOUBTS_RARE, _TELLS_RARE = 0.65, 0.85
"""Likelihoods below which an answer becomes uncertain, and below which it is told, that a rare word of the question
stands nowhere in the documents. A policy: people have other words for things, and what is likely stands without."""
_WRITERS = " ".join(language.words("comments.writers"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """What speaks against the sentences that were chosen: words of the question that they do not mention, to be `told`;
    that they are `of_another` than whom the question names; that they are in another language than it. `are_grave`:
    they make an answer uncertain. So does what nothing here can tell: which of several has the most of something."""

    told: tuple[str, ...] = ()
    is_of_another: bool = False
    is_foreign: bool = False
    are_grave: bool = False


def doubts_about(
    answer: Answer,
    evidence: Evidence,
    statements: Sequence[Statement],
    *,
    score: float,
    commonness: Callable[[str], float],
    is_list: bool,
) -> Doubts:
    """Of statements, a list or not, that answer with a likelihood of `score`. `commonness` tells how likely a paragraph
    of the language holds a word."""
    citations, best = [one for statement in statements for one in statement.citations], evidence.candidates[0]
    # A row is names and numbers: they are of no language.
    if differ([answer.question], [one.quote for one in citations if one.paragraph.role is not Role.TABLE]):
        # Its words cannot be compared with theirs.
        return Doubts(is_foreign=True, are_grave=True)
    cited = Mentioned(seen_at(one.paragraph, one.source) for one in citations)
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
    first = statements[0].text if statements and not is_list else None
    is_planned = first is not None and is_only_planned(answer.question, first)
    is_done = first is not None and tells_the_done(answer.question, first)
    is_unexplained = len(statements) == 1 and not is_list and tells_no_reason(answer.question, statements[0].text)
    is_no_remedy = not is_list and tells_no_remedy(answer.question, best)
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
    return Doubts(
        told=tuple(one for one in dict.fromkeys(told) if not any(_is_part(one, other) for other in told)),
        is_of_another=bool(decisive(missing.names, answer.question, cited)) and not is_polar(answer.question),
        are_grave=any(
            (
                lacking,
                is_of_another_kind,
                is_uncounted,
                says_of_another,
                is_planned,
                is_done,
                is_unexplained,
                is_no_remedy,
                is_rare,
                compares,
            )
        ),
    )


def _is_part(one: str, other: str) -> bool:
    """Whether it is a word of something longer that is told: "8" beside "fridge 8"."""
    return one != other and one in other.split()


def seen_at(paragraph: Paragraph, source: Source) -> str:
    """What is to be seen at a paragraph: its text, what stands above it, who says or wrote it, where and when it is
    filed."""
    filed = f"{document_name(paragraph.document_id)} {source.date or ''} {source.author or ''}"
    said_by = f"{paragraph.said_by} {_WRITERS if paragraph.role is Role.COMMENT else ''}"
    return f"{source.title} {' '.join(paragraph.heading)} {filed} {said_by} {paragraph.text}"
