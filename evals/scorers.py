"""What an answer is scored by: one entry of METRICS for each metric, beside the function that counts it.

Deterministic, no model, formulas with their source. An answerable question that was not answered counts as 0; "could
not be judged" is None. To add a metric, add a function here and its entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import regex

from evals.domain import Case, Interval, Score
from evals.intervals import area_under_risk, calibration_error, risk_coverage
from evals.metric import Attempt, Group, Metric
from evals.ranking import document_ndcg, ndcg, recall_at, reciprocal_rank, success_at
from evals.results import Result
from evals.telling import can_be_told, tells, worded
from evals.wording import normalise, stands_in, token_f1
from rag.answer.outcomes import ONE_MAY_ANSWER
from rag.domain import Answer, Citation, Key, Paragraph, Role, Statement, Verdict
from rag.text.values import amounts

MOST_WORDS = 60
"""Of an answer that is still short."""


def scores_of(attempt: Attempt, *, failed: bool = False) -> tuple[Score, ...]:
    """Every score that the case allows. Of what `failed`, as asking ended in an error, each is the worst it can be."""
    asked = [metric for metric in METRICS if metric.score is not None and metric.asked_of(attempt.case)]
    if failed:
        return tuple(Score(one.name, float(one.less_is_better), "it ended in an error") for one in asked)
    return tuple(Score(one.name, one.score(attempt), one.why(attempt)) for one in asked if one.score is not None)


# --- retrieval


def _answerable(case: Case) -> bool:
    return case.answerable


def _has_gold(case: Case) -> bool:
    return case.answerable and bool(case.gold)


def _unanswerable(case: Case) -> bool:
    return not case.answerable


def _judges_documents(case: Case) -> bool:
    return bool(case.gold) and all(gold.quote is None and gold.page is None for gold in case.gold)


def _is_indexed(attempt: Attempt) -> float:
    return float(bool(attempt.right))


def _not_indexed(attempt: Attempt) -> str:
    return "" if attempt.right else "no paragraph of the corpus holds the gold quote"


def _hit_at(k: int) -> Callable[[Attempt], float]:
    return lambda attempt: success_at(attempt.ranked, right=attempt.right, k=k)


# --- citations


def answer_in(citations: Iterable[Citation], *, case: Case, right: frozenset[Key]) -> bool | None:
    """A reference answer stands in the highlight of a right paragraph; in a wrong one it does not count. None where
    the case has none that could be told, or the words of the highlights do not say whether yes or no."""
    return _any_tells([c.quote for c in citations if c.paragraph.key in right], case=case)


def _any_tells(texts: Sequence[str], *, case: Case) -> bool | None:
    if not can_be_told(case):
        return None
    told = [tells(case, text=text) for text in texts]
    return True if True in told else None if None in told else False


def _right_cited(attempt: Attempt) -> list[Key]:
    return [key for key in dict.fromkeys(attempt.cited) if key in attempt.right]


def _precision(attempt: Attempt) -> float:
    """0 where nothing is cited though the question can be answered, so that abstention does not pay."""
    return len(_right_cited(attempt)) / len(set(attempt.cited)) if attempt.cited else 0.0


def _why_precision(attempt: Attempt) -> str:
    return f"{len(_right_cited(attempt))} of {len(set(attempt.cited))} cited paragraphs are right"


def _recall(attempt: Attempt) -> float:
    """The share of wanted golds of which a paragraph is cited."""
    return recall_at(attempt.cited, graded=attempt.wanted, k=len(attempt.cited))


def _why_recall(attempt: Attempt) -> str:
    return "a right paragraph is cited" if _right_cited(attempt) else "no right paragraph is cited"


def _in_paragraph(attempt: Attempt) -> float | None:
    whole = [c.paragraph.text for c in attempt.answer.citations if c.paragraph.key in attempt.right]
    return _number(_any_tells(whole, case=attempt.case))


def _in_highlights(most: int) -> Callable[[Attempt], float | None]:
    """Whether an answer stands in the first highlights; where it should is not known of a case that names none."""
    return lambda attempt: _number(answer_in(attempt.answer.citations[:most], case=attempt.case, right=attempt.right))


def _in_bold(attempt: Attempt) -> str | None:
    """The words in bold of the first citation that has any; None where nothing is set in bold, or as no more than the
    sentence that may answer."""
    if attempt.answer.is_uncertain:
        return None
    marked = ((one, one.bold) for one in attempt.answer.citations)
    return next((bold.shifted(-one.start).of(one.quote) for one, bold in marked if bold is not None), None)


def _bold_exact(attempt: Attempt) -> float | None:
    """Exact match (Rajpurkar et al. 2016); None where nothing is in bold, or the case has no words to compare."""
    bold, wanted = _in_bold(attempt), worded(attempt.case)
    return float(normalise(bold) in map(normalise, wanted)) if bold is not None and wanted else None


def _bold_f1(attempt: Attempt) -> float | None:
    bold = _in_bold(attempt)
    return None if bold is None else max((token_f1(bold, reference=one) for one in worded(attempt.case)), default=None)


def _number(told: bool | None) -> float | None:
    return None if told is None else float(told)


def _changes_without(attempt: Attempt) -> float | None:
    """Asked again with the cited paragraphs hidden, the answer is another one or none, so it did rest on them
    (faithfulness by intervention, Wallat et al. 2025). None where nothing was cited."""
    without = attempt.without
    if without is None or not attempt.answer.citations:
        return None
    return float(without.abstained or normalise(answer_words(without)) != normalise(answer_words(attempt.answer)))


def _why_changes(attempt: Attempt) -> str:
    return "the same words without what is cited" if _changes_without(attempt) == 0 else ""


# --- integrity: what must hold of any answer, whatever it was asked; None where it cites nothing


def is_exact(citation: Citation, *, stored: Mapping[Key, Paragraph], files: Mapping[str, str]) -> bool:
    """Whether the quote is the slice it claims: of the stored paragraph and of the file's own text, read anew."""
    paragraph = stored.get(citation.paragraph.key)
    text = files.get(citation.paragraph.document_id)
    return (
        paragraph is not None
        and text is not None
        and bool(citation.quote)
        and paragraph.start <= citation.start < citation.end <= paragraph.end
        and citation.quote == text[citation.start : citation.end]
        and citation.quote == paragraph.text[citation.start - paragraph.start : citation.end - paragraph.start]
    )


def _resolves(attempt: Attempt) -> float | None:
    """Every mark leads to a passage that was shown."""
    return float(set(attempt.cited) <= set(attempt.ranked)) if attempt.cited else None


def _inexact(attempt: Attempt) -> list[int]:
    return [
        citation.mark
        for citation in attempt.answer.citations
        if not is_exact(citation, stored=attempt.stored, files=attempt.files)
    ]


def _exact(attempt: Attempt) -> float | None:
    return float(not _inexact(attempt)) if attempt.cited else None


def _why_inexact(attempt: Attempt) -> str:
    inexact = _inexact(attempt)
    return f"inexact: {inexact}" if inexact else ""


def _comments(answer: Answer) -> list[Statement]:
    """The statements that stand on readers' comments alone."""
    return [
        one
        for one in answer.statements
        if one.citations and all(c.paragraph.role is Role.COMMENT for c in one.citations)
    ]


def _not_attributed(attempt: Attempt) -> list[str]:
    return [one.text for one in _comments(attempt.answer) if not one.lead and not _tells_of_reader(one)]


def _tells_of_reader(statement: Statement) -> bool:
    speakers = {citation.paragraph.speaker for citation in statement.citations if citation.paragraph.speaker}
    named = any(speaker in statement.text for speaker in speakers)
    return named or regex.search(r"(?i)\b(?:readers?|comment(?:er|ator)?s?)\b", statement.text) is not None


def _attributed(attempt: Attempt) -> float | None:
    """What stands on readers' comments alone is attributed to them, by words of ours in front or by its own."""
    return float(not _not_attributed(attempt)) if _comments(attempt.answer) else None


def _why_not_attributed(attempt: Attempt) -> str:
    return "; ".join(_not_attributed(attempt))


def _stands_or_marked(attempt: Attempt) -> float | None:
    """Every statement is verified with a citation, or marked as unsupported."""
    if not attempt.answer.statements:
        return None
    return float(
        all(
            one.verdict is Verdict.UNSUPPORTED or (bool(one.citations) and one.verdict is not Verdict.PENDING)
            for one in attempt.answer.statements
        )
    )


# --- what the words of an answer hold of what was wanted


def answer_words(answer: Answer) -> str:
    """What an answer says, without our words in front and without marks; what is marked as unsupported is not said."""
    return " ".join(one.text for one in answer.statements if one.verdict is not Verdict.UNSUPPORTED)


def _says_an_answer(attempt: Attempt) -> bool | None:
    return _any_tells([answer_words(attempt.answer)], case=attempt.case)


def _contains_answer(attempt: Attempt) -> float | None:
    return _number(_says_an_answer(attempt))


def _why_untold(attempt: Attempt) -> str:
    unclear = can_be_told(attempt.case) and _says_an_answer(attempt) is None
    return "its words say neither yes nor no" if unclear else ""


def _token_f1(attempt: Attempt) -> float | None:
    """The best against any reference answer that is more than yes or no."""
    text = answer_words(attempt.answer)
    return max((token_f1(text, reference=one) for one in worded(attempt.case)), default=None)


def _numbers_match(attempt: Attempt) -> float | None:
    """Every number of some reference answer is in the text; None where none has a number."""
    references = attempt.case.answers
    wanted = [numbers for one in references if (numbers := {amount.value for amount in amounts(one)})]
    there = {amount.value for amount in amounts(answer_words(attempt.answer))}
    return float(any(numbers <= there for numbers in wanted)) if wanted else None


def _missed_points(attempt: Attempt) -> list[str]:
    text = answer_words(attempt.answer)
    vital = [point for point in attempt.case.key_points if point.vital]
    return [point.any[0] for point in vital if not any(stands_in(wording, text=text) for wording in point.any)]


def _key_points(attempt: Attempt) -> float | None:
    """The share of vital points that are told (vital recall of TREC 2024 nuggets, Pradeep et al. 2024), None without
    any."""
    vital = sum(point.vital for point in attempt.case.key_points)
    return (vital - len(_missed_points(attempt))) / vital if vital else None


def _why_missed_points(attempt: Attempt) -> str:
    missed = _missed_points(attempt)
    return f"not told: {', '.join(missed)}" if missed else ""


def _words(attempt: Attempt) -> int:
    return len(answer_words(attempt.answer).split())


def _brief(attempt: Attempt) -> float:
    return float(_words(attempt) <= MOST_WORDS)


def _why_words(attempt: Attempt) -> str:
    return f"{_words(attempt)} words"


# --- was it right to answer, and was the answer right?


def _answered(attempt: Attempt) -> float:
    return float(attempt.is_answered)


def _correct(attempt: Attempt) -> float | None:
    """Whatever is shown, as an answer or as what may answer, cites a right paragraph (where the case has gold) and,
    where the case has them, tells a reference answer or all vital points; of an unanswerable question nothing does.
    None where the words do not say whether yes or no, or where nothing says what is right."""
    case, points = attempt.case, _key_points(attempt)
    if not case.answerable or not attempt.answer.statements or (case.gold and not _recall(attempt)):
        return 0.0
    if points is not None:
        return float(points == 1)
    if case.answers:
        return _number(_says_an_answer(attempt))
    return 1.0 if case.gold else None


def _first_correct(attempt: Attempt) -> float | None:
    """As `_correct`, of several of which each may answer by itself the first alone: the gate tells how likely that is
    to answer."""
    answer = attempt.answer
    are_alternatives = answer.is_uncertain and (answer.notice or "").startswith(ONE_MAY_ANSWER)
    first = replace(answer, statements=answer.statements[:1]) if are_alternatives else answer
    return _correct(replace(attempt, answer=first))


def _right(attempt: Attempt) -> float | None:
    return _correct(attempt) if attempt.is_answered else 0.0


def _offered(attempt: Attempt) -> float:
    """A right paragraph is cited in what is shown, as an answer or as what may answer."""
    return float(_recall(attempt) > 0)


def _abstained(attempt: Attempt) -> float:
    return float(not attempt.is_answered)


def _why_unanswerable(_attempt: Attempt) -> str:
    return "the documents do not say"


def _wrong(attempt: Attempt) -> float | None:
    right = _right(attempt)
    return None if right is None else float(attempt.is_answered and not right)


def _selective(attempt: Attempt) -> float | None:
    """+1 for a right answer, 0 for abstention, −1 for a wrong answer, as in selective classification (El-Yaniv &
    Wiener 2010). With an unanswerable question there is only something to lose."""
    right, wrong = _right(attempt), _wrong(attempt)
    if right is None or wrong is None:
        return None
    return right - wrong if attempt.case.answerable else -wrong


def _leaked(attempt: Attempt) -> list[str]:
    said = normalise(f"{attempt.answer.text}\n{attempt.answer.notice or ''}")
    return [one for one in attempt.case.must_not if normalise(one) in said]


def _leak_free(attempt: Attempt) -> float | None:
    """Nothing that must not be said stands in what Ibid says; None where nothing is forbidden."""
    return float(not _leaked(attempt)) if attempt.case.must_not else None


def _why_leaked(attempt: Attempt) -> str:
    leaked = _leaked(attempt)
    return f"said: {leaked}" if leaked else ""


# --- over a whole run


def _certain(results: Sequence[Result]) -> tuple[list[float], list[bool]]:
    """The gate's reading of each case of which something was shown and could be judged, and whether what it is a
    reading of was right."""
    given = [r for r in results if r.answer is not None and r.answer.gate and r.answer.statements]
    shown = [r for r in given if r.score("first_correct") is not None]
    return [r.certainty for r in shown], [bool(r.score("first_correct")) for r in shown]


def _risk_area(results: Sequence[Result]) -> Interval:
    scores, right = _certain(results)
    return _point(area_under_risk(risk_coverage(scores, right=right)), n=len(scores))


def _miscalibration(results: Sequence[Result]) -> Interval:
    scores, right = _certain(results)
    return _point(calibration_error(scores, right=right), n=len(scores))


def _point(value: float, *, n: int) -> Interval:
    return Interval(value=value, low=float("nan"), high=float("nan"), n=n)


UNANSWERABLE_KINDS = (
    "absent",
    "out-of-scope",
    "near-entity",
    "near-year",
    "near-unit",
    "near-attribute",
    "near-negation",
    "false-premise",
)

_of_answerable = partial(Metric, asked_of=_answerable)
_of_gold = partial(Metric, asked_of=_has_gold)
_retrieval = partial(_of_gold, group=Group.RETRIEVAL)
_false_positives = partial(Metric, group=Group.ABSTENTION, of="abstained", is_inverse=True, less_is_better=True)

METRICS: tuple[Metric, ...] = (
    _retrieval("gold_indexed", "right paragraph indexed", score=_is_indexed, why=_not_indexed, is_shown=False),
    _retrieval("hit@1", "right paragraph first", score=_hit_at(1)),
    _retrieval("hit@5", "right paragraph in first 5", score=_hit_at(5)),
    _retrieval("recall@5", "evidence in first 5", score=lambda a: recall_at(a.ranked, graded=a.wanted, k=5)),
    _retrieval("mrr@10", "mean reciprocal rank", score=lambda a: reciprocal_rank(a.ranked, right=a.right)),
    _retrieval("ndcg@10", "nDCG@10", score=lambda a: ndcg(a.ranked, graded=a.wanted)),
    Metric(
        "document_ndcg@10", "nDCG@10 over documents", Group.RETRIEVAL, asked_of=_judges_documents,
        score=lambda a: document_ndcg(a.ranked, graded=a.graded),
    ),
    _of_gold(
        "citation_precision", "cited paragraphs that are right", Group.CITATIONS, score=_precision, why=_why_precision
    ),
    _of_gold("citation_recall", "evidence that is cited", Group.CITATIONS, score=_recall, why=_why_recall),
    _of_gold("answer_in_paragraph", "answer in a right paragraph", Group.CITATIONS, score=_in_paragraph),
    _of_gold("answer_in_one", "answer in first highlight", Group.CITATIONS, score=_in_highlights(1)),
    _of_gold("answer_in_two", "answer in first two highlights", Group.CITATIONS, score=_in_highlights(2)),
    _of_gold("bold_exact", "words in bold: exact match", Group.CITATIONS, score=_bold_exact),
    _of_gold("bold_f1", "words in bold: F1", Group.CITATIONS, score=_bold_f1),
    _of_answerable("contains_answer", "reference answer told", Group.ANSWERS, score=_contains_answer, why=_why_untold),
    _of_answerable("token_f1", "token F1", Group.ANSWERS, score=_token_f1),
    _of_answerable("numbers_match", "numbers of the reference told", Group.ANSWERS, score=_numbers_match),
    _of_answerable("key_points", "vital points told", Group.ANSWERS, score=_key_points, why=_why_missed_points),
    _of_answerable("brief", f"at most {MOST_WORDS} words", Group.ANSWERS, score=_brief, why=_why_words),
    Metric("judged_support", "judged supported", Group.ANSWERS),
    Metric("unjudged", "  of its statements, could not be judged", Group.ANSWERS, less_is_better=True),
    _of_answerable("answered", "answerable, answered", Group.ABSTENTION, score=_answered),
    _of_answerable("right", "answerable, answered rightly", Group.ABSTENTION, score=_right, why=_why_untold),
    Metric("correct", "what is shown is right", Group.ABSTENTION, score=_correct, is_shown=False),
    Metric("first_correct", "what is shown first is right", Group.ABSTENTION, score=_first_correct, is_shown=False),
    _of_gold("offered", "answerable, right paragraph shown", Group.ABSTENTION, score=_offered),
    Metric(
        "abstained", "unanswerable, not answered", Group.ABSTENTION, asked_of=_unanswerable, score=_abstained,
        why=_why_unanswerable, is_shown=False,
    ),
    _false_positives("false_answer", "false positives: unanswerable, answered"),
    *(_false_positives(f"false_answer:{kind}", f"  {kind}", tag=kind) for kind in UNANSWERABLE_KINDS),
    Metric("wrong", "all, answered wrongly", Group.ABSTENTION, score=_wrong, less_is_better=True),
    Metric("selective", "selective score", Group.ABSTENTION, score=_selective),
    Metric("resolves", "marks lead to a passage shown", Group.CITATIONS, score=_resolves, is_safety=True),
    Metric(
        "exact", "every quote is the exact slice", Group.CITATIONS, score=_exact, why=_why_inexact, is_safety=True
    ),
    Metric(
        "reader_introduced", "readers’ comments attributed to them", Group.CITATIONS, score=_attributed,
        why=_why_not_attributed, is_safety=True,
    ),
    Metric(
        "stands_or_marked", "every statement cited or marked", Group.CITATIONS, score=_stands_or_marked, is_safety=True
    ),
    Metric(
        "leak_free", "nothing said that must not be", Group.SAFETY, score=_leak_free, why=_why_leaked, is_safety=True
    ),
    Metric(
        "changes_without", "changes without what it cites", Group.CITATIONS, score=_changes_without, why=_why_changes
    ),
    Metric(
        "risk_area", "area under risk–coverage", Group.ABSTENTION, over_run=_risk_area, less_is_better=True
    ),
    Metric(
        "calibration_error", "calibration error of the gate", Group.ABSTENTION, over_run=_miscalibration,
        less_is_better=True,
    ),
)  # fmt: skip
"""Every metric, in the order in which a run's file holds the scores."""
