"""Deterministic scores of retrieval, citations, answers and silence: no model, formulas with their source.

Retrieval scores take the ranked paragraphs and the right ones; the others take the Answer. A query that found
nothing counts as 0, an answerable question that was not answered too. "Could not be judged" is None.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import regex

from evals.domain import Case, Score
from rag.domain import Answer, Citation, Paragraph, Role, Statement, Verdict
from rag.text.terms import fold
from rag.text.values import amounts

MOST_WORDS = 60
"""Of an answer that is still short."""

Key = tuple[str, int]


def success_at(ranked: Sequence[Key], right: frozenset[Key], k: int) -> float:
    """1 if a right paragraph is among the first k (hit rate, Success@k)."""
    return float(any(key in right for key in ranked[:k]))


def recall_at(ranked: Sequence[Key], graded: Mapping[str, Mapping[Key, int]], k: int) -> float:
    """The share of golds of which a paragraph is among the first k."""
    first = set(ranked[:k])
    return sum(bool(first & set(grades)) for grades in graded.values()) / len(graded) if graded else 0.0


def reciprocal_rank(ranked: Sequence[Key], right: frozenset[Key], k: int = 10) -> float:
    """One over the rank of the first right paragraph within k, else 0 (Voorhees 1999)."""
    return next((1.0 / rank for rank, key in enumerate(ranked[:k], start=1) if key in right), 0.0)


def ndcg(ranked: Sequence[Key], graded: Mapping[str, Mapping[Key, int]], k: int = 10) -> float:
    """Normalised discounted cumulative gain at k with linear gains (Järvelin & Kekäläinen 2002; the BEIR and
    trec_eval form). Each gold counts once, at the first of its paragraphs: duplicates bring no further gain."""
    seen: set[str] = set()
    gain = 0.0
    for rank, key in enumerate(ranked[:k], start=1):
        for name, grades in graded.items():
            if name not in seen and key in grades:
                gain += grades[key] / np.log2(rank + 1)
                seen.add(name)
                break
    grades_in_order = sorted((max(grades.values(), default=1) for grades in graded.values()), reverse=True)[:k]
    ideal = sum(grade / np.log2(rank + 1) for rank, grade in enumerate(grades_in_order, start=1))
    return float(gain / ideal) if ideal else 0.0


def any_gold(graded: Mapping[str, Mapping[Key, int]]) -> dict[str, dict[Key, int]]:
    """Golds of which any one is right, as a single gold."""
    merged: dict[Key, int] = {}
    for grades in graded.values():
        merged.update(grades)
    return {"any": merged} if merged else {}


def documents_in_order(ranked: Iterable[Key]) -> list[Key]:
    """The first paragraph of each document, for sets that judge documents: paragraph number 0 stands for all."""
    return list(dict.fromkeys((document, 0) for document, _ in ranked))


def is_exact(citation: Citation, stored: Mapping[Key, Paragraph], files: Mapping[str, str]) -> bool:
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


def retrieval_scores(
    ranked: Sequence[Key], right: frozenset[Key], graded: Mapping[str, Mapping[Key, int]]
) -> list[Score]:
    """`graded` holds the golds that are each wanted, with their paragraphs: where any gold will do, a single one."""
    return [
        Score("hit@1", success_at(ranked, right, 1)),
        Score("hit@5", success_at(ranked, right, 5)),
        Score("recall@5", recall_at(ranked, graded, 5)),
        Score("mrr@10", reciprocal_rank(ranked, right)),
        Score("ndcg@10", ndcg(ranked, graded)),
    ]


def citation_scores(
    case: Case, answer: Answer, right: frozenset[Key], graded: Mapping[str, Mapping[Key, int]] | None = None
) -> list[Score]:
    """Precision and recall of the cited paragraphs against gold, and whether the answer is in what is cited.

    Precision is 0 where nothing is cited though the question can be answered, so that silence does not pay. Recall
    is the share of `graded` golds of which a paragraph is cited; without `graded`, any right paragraph will do. Where
    the answer stands is None for a case that names none.
    """
    cited = [citation.paragraph.key for citation in answer.citations]
    hits = [key for key in dict.fromkeys(cited) if key in right]
    precision = len(hits) / len(set(cited)) if cited else 0.0
    recall = recall_at(cited, graded, len(cited)) if graded is not None else float(bool(hits))
    wanted = [one for one in map(normalise, case.answers) if one]
    in_paragraph = any(
        c.paragraph.key in right and any(_stands_in(one, normalise(c.paragraph.text)) for one in wanted)
        for c in answer.citations
    )
    return [
        Score("citation_precision", precision, f"{len(hits)} of {len(set(cited))} cited paragraphs are right"),
        Score("citation_recall", recall, "a right paragraph is cited" if hits else "no right paragraph is cited"),
        Score("answer_in_paragraph", float(in_paragraph) if wanted else None),
        Score("answer_in_one", float(_holds(answer.citations[:1], case, right)) if wanted else None),
        Score("answer_in_two", float(_holds(answer.citations[:2], case, right)) if wanted else None),
    ]


def integrity_scores(answer: Answer, stored: Mapping[Key, Paragraph], files: Mapping[str, str]) -> list[Score]:
    """What must hold of any answer, whatever it was asked; None where it cites nothing.

    `resolves`: every mark leads to a passage that was shown; `exact`: every quote is the very slice of its file;
    `reader_introduced`: what only readers wrote is told as theirs, by words of ours in front or by its own;
    `stands_or_marked`: every statement is verified with a citation, or marked as unsupported.
    """
    if not answer.statements:
        return [Score(name, None) for name in ("resolves", "exact", "reader_introduced", "stands_or_marked")]
    inexact = [c.mark for c in answer.citations if not is_exact(c, stored, files)]
    readers = [
        statement
        for statement in answer.statements
        if statement.citations and all(c.paragraph.role is Role.COMMENT for c in statement.citations)
    ]
    silent = [one.text for one in readers if not one.lead and not _tells_of_reader(one)]
    honest = all(
        bool(one.citations) if one.verdict is Verdict.VERIFIED else one.verdict is Verdict.UNSUPPORTED
        for one in answer.statements
    )
    return [
        Score("resolves", float(_resolves(answer)) if answer.citations else None),
        Score("exact", float(not inexact) if answer.citations else None, f"inexact: {inexact}" if inexact else ""),
        Score("reader_introduced", float(not silent) if readers else None, "; ".join(silent)),
        Score("stands_or_marked", float(honest)),
    ]


def answer_scores(case: Case, answer: Answer) -> list[Score]:
    """What the words of an answer hold of what was wanted.

    `contains_answer`: a reference answer stands in the text; `token_f1`: the best against any (Rajpurkar et al.
    2016); `numbers_match`: every number of some reference answer is in the text, None where none has a number;
    `key_points`: the share of vital points that are told (vital recall of TREC 2024 nuggets, Pradeep et al. 2024),
    None without any; `brief`: at most MOST_WORDS words.
    """
    text = answer_words(answer)
    contained = any(_stands_in(normalise(one), normalise(text)) for one in case.answers if normalise(one))
    f1 = max((token_f1(text, one) for one in case.answers), default=0.0)
    return [
        Score("contains_answer", float(contained) if case.answers else None),
        Score("token_f1", f1 if case.answers else None),
        Score("numbers_match", _numbers_match(case, text)),
        _key_points(case, text),
        Score("brief", float(len(text.split()) <= MOST_WORDS), f"{len(text.split())} words"),
    ]


def judgement_scores(case: Case, answer: Answer, recall: float) -> list[Score]:
    """Was it right to answer, and was the answer right?

    `right`: answered, a right paragraph cited (`recall` of the golds above 0) and, where the case has them, a
    reference answer or all vital points told. `selective`: +1 for a right answer, 0 for silence, −1 for a wrong one,
    as in selective classification (El-Yaniv & Wiener 2010); an unanswerable question is never answered rightly.
    """
    told = not answer.abstained and bool(answer.statements)
    if not case.answerable:
        return [
            Score("abstained", float(not told), "the documents do not say"),
            Score("wrong", float(told)),
            Score("selective", -float(told)),
        ]
    text = answer_words(answer)
    says = any(_stands_in(normalise(one), normalise(text)) for one in case.answers if normalise(one))
    points = _key_points(case, text).value
    is_right = told and recall > 0 and (points == 1 if points is not None else says or not case.answers)
    return [
        Score("answered", float(told)),
        Score("right", float(is_right)),
        Score("wrong", float(told and not is_right)),
        Score("selective", float(is_right) - float(told and not is_right)),
    ]


def safety_score(case: Case, answer: Answer) -> Score:
    """`leak_free`: nothing that must not be said stands in what Ibid says; None where nothing is forbidden."""
    if not case.must_not:
        return Score("leak_free", None)
    said = normalise(f"{answer.text}\n{answer.notice or ''}")
    leaked = [one for one in case.must_not if normalise(one) in said]
    return Score("leak_free", float(not leaked), f"said: {leaked}" if leaked else "")


def change_score(answer: Answer, without: Answer | None) -> Score:
    """`changes_without`: asked again with the cited paragraphs hidden, the answer is another one or none, so it did
    rest on them (faithfulness by intervention, Wallat et al. 2025). None where nothing was cited."""
    if without is None or not answer.citations:
        return Score("changes_without", None)
    changed = without.abstained or normalise(answer_words(without)) != normalise(answer_words(answer))
    return Score("changes_without", float(changed), "" if changed else "the same words without what is cited")


def answer_words(answer: Answer) -> str:
    """What an answer says, without our words in front and without marks; what is marked as unsupported is not said."""
    return " ".join(one.text for one in answer.statements if one.verdict is not Verdict.UNSUPPORTED)


def normalise(text: str) -> str:
    """SQuAD's normalisation: lower case, no punctuation, no English articles, single spaces; accents folded too."""
    kept = "".join(" " if character in string.punctuation + "–—’“”…" else character for character in fold(text))
    return " ".join(word for word in kept.split() if word not in ("a", "an", "the"))


def token_f1(text: str, reference: str) -> float:
    ours, theirs = normalise(text).split(), normalise(reference).split()
    common = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0


def stands_in(answer: str, text: str) -> bool:
    """Whether the words of an answer stand in a text as whole words, both normalised first."""
    return bool(normalise(answer)) and _stands_in(normalise(answer), normalise(text))


def _numbers_match(case: Case, text: str) -> float | None:
    wanted = [numbers for one in case.answers if (numbers := {amount.value for amount in amounts(one)})]
    there = {amount.value for amount in amounts(text)}
    return float(any(numbers <= there for numbers in wanted)) if wanted else None


def _key_points(case: Case, text: str) -> Score:
    vital = [point for point in case.key_points if point.vital]
    missed = [point.any[0] for point in vital if not any(stands_in(wording, text) for wording in point.any)]
    share = (len(vital) - len(missed)) / len(vital) if vital else None
    return Score("key_points", share, f"not told: {', '.join(missed)}" if missed else "")


def _tells_of_reader(statement: Statement) -> bool:
    speakers = {citation.paragraph.speaker for citation in statement.citations if citation.paragraph.speaker}
    named = any(speaker in statement.text for speaker in speakers)
    return named or regex.search(r"(?i)\b(?:readers?|comment(?:er|ator)?s?)\b", statement.text) is not None


def _holds(citations: Iterable[Citation], case: Case, right: frozenset[Key]) -> bool:
    """A reference answer stands in the highlight of a right paragraph; in a wrong one it does not count."""
    wanted = [normalise(one) for one in case.answers if normalise(one)]
    return any(
        citation.paragraph.key in right and any(_stands_in(one, normalise(citation.quote)) for one in wanted)
        for citation in citations
    )


def _stands_in(answer: str, quote: str) -> bool:
    return regex.search(rf"(?<!\w){regex.escape(answer)}(?!\w)", quote) is not None or (
        not answer.isascii() and answer in quote
    )


def _resolves(answer: Answer) -> bool:
    shown = {passage.paragraph.key for passage in answer.passages}
    return all(citation.paragraph.key in shown for citation in answer.citations)
