"""Deterministic scores of retrieval, citations and answers: no model, formulas with their source.

Retrieval scores take the ranked paragraphs and the right ones; citation and answer scores take the Answer.
A query that found nothing counts as 0, an answerable question that was not answered too.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import regex

from evals.domain import Case, Score
from rag.domain import Answer, Citation, Paragraph
from rag.terms import fold

Key = tuple[str, int]


def success_at(ranked: Sequence[Key], right: frozenset[Key], k: int) -> float:
    """1 if a right paragraph is among the first k (hit rate, Success@k)."""
    return float(any(key in right for key in ranked[:k]))


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


def citation_scores(case: Case, answer: Answer, right: frozenset[Key]) -> list[Score]:
    """Precision and recall of the cited paragraphs against gold, and whether the answer is in what is cited.

    Precision is 0 where nothing is cited though the question can be answered, so that silence does not pay.
    """
    cited = [citation.paragraph.key for citation in answer.citations]
    hits = [key for key in dict.fromkeys(cited) if key in right]
    precision = len(hits) / len(set(cited)) if cited else 0.0
    first, upto_two = answer.citations[:1], answer.citations[:2]
    return [
        Score("citation_precision", precision, f"{len(hits)} of {len(set(cited))} cited paragraphs are right"),
        Score(
            "citation_recall",
            float(bool(hits)),
            "a right paragraph is cited" if hits else "no right paragraph is cited",
        ),
        Score("answer_in_one", float(_holds(first, case, right))),
        Score("answer_in_two", float(_holds(upto_two, case, right))),
        Score("resolves", float(_resolves(answer))),
    ]


def answer_scores(case: Case, answer: Answer) -> list[Score]:
    """Whether a reference answer is in the text, and the best token F1 against any (Rajpurkar et al. 2016)."""
    text = " ".join(statement.text for statement in answer.statements)
    contained = any(normalise(one) in normalise(text) for one in case.answers if normalise(one))
    f1 = max((token_f1(text, one) for one in case.answers), default=0.0)
    return [Score("contains_answer", float(contained)), Score("token_f1", f1), Score("words", float(len(text.split())))]


def normalise(text: str) -> str:
    """SQuAD's normalisation: lower case, no punctuation, no English articles, single spaces; accents folded too."""
    kept = "".join(" " if character in string.punctuation + "–—’“”…" else character for character in fold(text))
    return " ".join(word for word in kept.split() if word not in ("a", "an", "the"))


def token_f1(text: str, reference: str) -> float:
    ours, theirs = normalise(text).split(), normalise(reference).split()
    common = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0


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
