"""Scores against hand-worked examples, and nDCG against trec_eval's own."""

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.domain import Case, Gold
from evals.scorers import (
    any_gold,
    citation_scores,
    documents_in_order,
    is_exact,
    ndcg,
    normalise,
    reciprocal_rank,
    success_at,
    token_f1,
)
from rag.domain import Answer, Citation, Paragraph, Passage, Ranks, Role, Source, Statement, Verdict


def keys(names: str) -> list[tuple[str, int]]:
    return [(name, 1) for name in names]


@given(
    st.permutations(list("abcdefghijkl")),
    st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(1, 3), min_size=1),
)
def test_ndcg_is_that_of_trec_eval(order: list[str], grades: dict[str, int]) -> None:
    ours = ndcg(keys("".join(order)), {name: {(name, 1): grade} for name, grade in grades.items()})
    qrels = [ir_measures.Qrel("q", name, grade) for name, grade in grades.items()]
    run = [ir_measures.ScoredDoc("q", name, 100.0 - place) for place, name in enumerate(order)]
    assert ours == pytest.approx(ir_measures.calc_aggregate([ir_measures.nDCG @ 10], qrels, run)[ir_measures.nDCG @ 10])


def test_two_paragraphs_of_one_gold_count_once() -> None:
    graded = any_gold({"one": {("a", 1): 1}, "two": {("b", 1): 1}})
    assert ndcg(keys("ab"), graded) == ndcg(keys("ax"), graded) == 1.0


def test_a_query_that_found_nothing_scores_zero() -> None:
    right = frozenset(keys("a"))
    assert (success_at([], right, 5), reciprocal_rank([], right), ndcg([], {"a": {("a", 1): 1}})) == (0.0, 0.0, 0.0)


def test_reciprocal_rank_of_the_third_place() -> None:
    assert reciprocal_rank(keys("xya"), frozenset(keys("a"))) == pytest.approx(1 / 3)


def test_documents_are_counted_once_in_order() -> None:
    assert documents_in_order([("a", 2), ("b", 1), ("a", 1)]) == [("a", 0), ("b", 0)]


@pytest.mark.parametrize(
    ("text", "normal"),
    [("The  U.S. Army!", "u s army"), ("“Élan”, an idea", "elan idea"), ("24–10", "24 10")],
    ids=["articles and stops", "accents and quotes", "dash"],
)
def test_normalisation(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_token_f1_shares_two_of_three() -> None:
    assert token_f1("Denver Broncos won", "Denver Broncos") == pytest.approx(0.8)


TEXT = "Head\n\nThe siege lasted 13 days. Prices fell.\n"
PARAGRAPH = Paragraph("documents/a.txt", 2, "The siege lasted 13 days. Prices fell.", 6, 44, Role.BODY)
SOURCE = Source("Head", "r")


def answer_citing(start: int, end: int) -> Answer:
    citation = Citation(1, PARAGRAPH, SOURCE, start, end)
    return Answer(
        "q",
        statements=(Statement(citation.quote, (citation,), Verdict.VERIFIED),),
        passages=(Passage(PARAGRAPH, SOURCE, 1.0, Ranks()),),
    )


def scores_of(answer: Answer, right: frozenset[tuple[str, int]]) -> dict[str, float | None]:
    case = Case("1", "How long?", ("13 days",), (Gold("a.txt", "13 days"),))
    return {score.name: score.value for score in citation_scores(case, answer, right)}


def test_the_answer_must_stand_in_the_highlight() -> None:
    right = frozenset({PARAGRAPH.key})
    assert scores_of(answer_citing(6, 31), right)["answer_in_one"] == 1.0
    assert scores_of(answer_citing(32, 44), right)["answer_in_one"] == 0.0


def test_a_wrong_paragraph_counts_as_wrong_though_it_holds_the_words() -> None:
    assert scores_of(answer_citing(6, 31), frozenset({("documents/b.txt", 1)}))["answer_in_one"] == 0.0


def test_silence_does_not_pay_in_precision() -> None:
    assert scores_of(Answer("q", abstained=True), frozenset({PARAGRAPH.key}))["citation_precision"] == 0.0


def test_a_citation_is_exact_only_if_the_file_still_says_so() -> None:
    citation = answer_citing(6, 31).citations[0]
    stored = {PARAGRAPH.key: PARAGRAPH}
    assert is_exact(citation, stored, {"documents/a.txt": TEXT})
    assert not is_exact(citation, stored, {"documents/a.txt": TEXT.replace("13", "14")})
    assert not is_exact(citation, {}, {"documents/a.txt": TEXT})
