"""Rankings against hand-worked examples, and against trec_eval's own figures."""

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.ranking import any_gold, document_ndcg, documents_in_order, ndcg, recall_at, reciprocal_rank, success_at


def keys(names: str) -> list[tuple[str, int]]:
    return [(name, 1) for name in names]


@given(
    st.permutations(list("abcdefghijkl")),
    st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(1, 3), min_size=1),
)
def test_ndcg_is_that_of_trec_eval(order: list[str], grades: dict[str, int]) -> None:
    ours = ndcg(keys("".join(order)), graded={name: {(name, 1): grade} for name, grade in grades.items()})
    qrels = [ir_measures.Qrel("q", name, grade) for name, grade in grades.items()]
    run = [ir_measures.ScoredDoc("q", name, 100.0 - place) for place, name in enumerate(order)]
    assert ours == pytest.approx(ir_measures.calc_aggregate([ir_measures.nDCG @ 10], qrels, run)[ir_measures.nDCG @ 10])


def test_two_paragraphs_of_one_gold_count_once() -> None:
    graded = any_gold({"one": {("a", 1): 1}, "two": {("b", 1): 1}})
    assert ndcg(keys("ab"), graded=graded) == ndcg(keys("ax"), graded=graded) == 1.0


def test_a_query_that_found_nothing_scores_zero() -> None:
    right = frozenset(keys("a"))
    assert (
        success_at([], right=right, k=5)
        == reciprocal_rank([], right=right)
        == ndcg([], graded={"a": {("a", 1): 1}})
        == 0.0
    )


def test_reciprocal_rank_of_the_third_place() -> None:
    assert reciprocal_rank(keys("xya"), right=frozenset(keys("a"))) == pytest.approx(1 / 3)


def test_documents_are_counted_once_in_order() -> None:
    assert documents_in_order([("a", 2), ("b", 1), ("a", 1)]) == [("a", 0), ("b", 0)]


@given(st.permutations(list("abcdefghij")), st.sets(st.sampled_from("abcdefghij"), min_size=1), st.integers(1, 10))
def test_recall_and_reciprocal_rank_are_those_of_trec_eval(order: list[str], right: set[str], k: int) -> None:
    qrels = [ir_measures.Qrel("q", name, 1) for name in right]
    run = [ir_measures.ScoredDoc("q", name, 100.0 - place) for place, name in enumerate(order)]
    measures = [ir_measures.R @ k, ir_measures.RR @ k, ir_measures.Success @ k]
    theirs = ir_measures.calc_aggregate(measures, qrels, run)
    ranked, keyed = keys("".join(order)), frozenset(keys("".join(right)))
    assert recall_at(ranked, graded={name: {(name, 1): 1} for name in right}, k=k) == pytest.approx(
        theirs[ir_measures.R @ k]
    )
    assert reciprocal_rank(ranked, right=keyed, k=k) == pytest.approx(theirs[ir_measures.RR @ k])
    assert success_at(ranked, right=keyed, k=k) == theirs[ir_measures.Success @ k]


def test_sets_that_judge_documents_count_each_at_its_first_paragraph() -> None:
    graded = {"a": {("a", 1): 1, ("a", 2): 1}, "c": {("c", 1): 1}}
    ranked = [("b", 3), ("b", 1), ("a", 2), ("a", 1), ("c", 1)]
    assert document_ndcg(ranked, graded=graded) == ndcg(keys("bac"), graded={name: {(name, 1): 1} for name in "ac"})
