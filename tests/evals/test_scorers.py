"""Scores against hand-worked examples, and nDCG against trec_eval's own."""

from dataclasses import replace

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.domain import Case, Gold, KeyPoint, Score
from evals.scorers import (
    answer_scores,
    any_gold,
    change_score,
    citation_scores,
    documents_in_order,
    integrity_scores,
    is_exact,
    judgement_scores,
    ndcg,
    normalise,
    recall_at,
    reciprocal_rank,
    safety_score,
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


def test_where_an_answer_stands_is_not_judged_without_one() -> None:
    case = Case("1", "How long?", (), (Gold("a.txt", "13 days"),))
    found = valued(citation_scores(case, answer_citing(6, 31), frozenset({PARAGRAPH.key})))
    assert (found["answer_in_one"], found["answer_in_paragraph"], found["citation_recall"]) == (None, None, 1.0)


def test_silence_does_not_pay_in_precision() -> None:
    assert scores_of(Answer("q", abstained=True), frozenset({PARAGRAPH.key}))["citation_precision"] == 0.0


def test_a_citation_is_exact_only_if_the_file_still_says_so() -> None:
    citation = answer_citing(6, 31).citations[0]
    stored = {PARAGRAPH.key: PARAGRAPH}
    assert is_exact(citation, stored, {"documents/a.txt": TEXT})
    assert not is_exact(citation, stored, {"documents/a.txt": TEXT.replace("13", "14")})
    assert not is_exact(citation, {}, {"documents/a.txt": TEXT})


def answer_saying(*texts: str, verdict: Verdict = Verdict.VERIFIED, **more: object) -> Answer:
    citation = Citation(1, PARAGRAPH, SOURCE, 6, 31)
    statements = tuple(
        Statement(text, (citation,) if verdict is Verdict.VERIFIED else (), verdict, "because") for text in texts
    )
    return Answer("q", statements=statements, passages=(Passage(PARAGRAPH, SOURCE, 1.0, Ranks()),), **more)  # type: ignore[arg-type]


def valued(scores: list[Score]) -> dict[str, float | None]:
    return {score.name: score.value for score in scores}


@given(st.permutations(list("abcdefghij")), st.sets(st.sampled_from("abcdefghij"), min_size=1), st.integers(1, 10))
def test_recall_and_reciprocal_rank_are_those_of_trec_eval(order: list[str], right: set[str], k: int) -> None:
    qrels = [ir_measures.Qrel("q", name, 1) for name in right]
    run = [ir_measures.ScoredDoc("q", name, 100.0 - place) for place, name in enumerate(order)]
    measures = [ir_measures.R @ k, ir_measures.RR @ k, ir_measures.Success @ k]
    theirs = ir_measures.calc_aggregate(measures, qrels, run)
    ranked, keyed = keys("".join(order)), frozenset(keys("".join(right)))
    assert recall_at(ranked, {name: {(name, 1): 1} for name in right}, k) == pytest.approx(theirs[ir_measures.R @ k])
    assert reciprocal_rank(ranked, keyed, k) == pytest.approx(theirs[ir_measures.RR @ k])
    assert success_at(ranked, keyed, k) == theirs[ir_measures.Success @ k]


def test_all_golds_are_wanted_where_the_case_says_so() -> None:
    graded = {"one": {PARAGRAPH.key: 1}, "other": {("documents/b.txt", 1): 1}}
    case = Case("1", "How long?", ("13 days",))
    right = frozenset({PARAGRAPH.key, ("documents/b.txt", 1)})
    assert valued(citation_scores(case, answer_citing(6, 31), right, graded))["citation_recall"] == 0.5
    assert valued(citation_scores(case, answer_citing(6, 31), right, any_gold(graded)))["citation_recall"] == 1.0


@pytest.mark.parametrize(
    ("text", "matches"),
    [("It lasted 13 days.", 1.0), ("It lasted thirteen days.", 1.0), ("It lasted 31 days.", 0.0), ("Long.", 0.0)],
)
def test_numbers_match_as_values(text: str, matches: float) -> None:
    case = Case("1", "?", ("13 days", "thirteen days"))
    assert valued(answer_scores(case, answer_saying(text)))["numbers_match"] == matches
    assert valued(answer_scores(Case("1", "?", ("a goat",)), answer_saying(text)))["numbers_match"] is None


def test_key_points_count_the_vital_ones_by_any_wording() -> None:
    points = (KeyPoint(("13 days", "thirteen days")), KeyPoint(("prices fell",)), KeyPoint(("rain",), vital=False))
    case = Case("1", "?", key_points=points)
    half = next(s for s in answer_scores(case, answer_saying("It took thirteen days.")) if s.name == "key_points")
    assert (half.value, half.explanation) == (0.5, "not told: prices fell")
    assert valued(answer_scores(case, answer_saying("Thirteen days; prices fell.")))["key_points"] == 1.0


def test_an_answer_is_a_word_and_not_a_piece_of_one() -> None:
    case = Case("1", "?", ("one",))
    assert valued(answer_scores(case, answer_saying("Everyone left.")))["contains_answer"] == 0.0
    assert valued(answer_scores(case, answer_saying("One left.")))["contains_answer"] == 1.0


def test_what_is_marked_as_unsupported_is_not_said() -> None:
    case = Case("1", "?", ("13 days",))
    marked = answer_saying("It lasted 13 days.", verdict=Verdict.UNSUPPORTED)
    assert valued(answer_scores(case, marked))["contains_answer"] == 0.0


@pytest.mark.parametrize(
    ("case", "answer", "expected"),
    [
        (Case("1", "?", ("13 days",)), answer_saying("13 days."), {"right": 1.0, "wrong": 0.0, "selective": 1.0}),
        (Case("1", "?", ("14 days",)), answer_saying("13 days."), {"right": 0.0, "wrong": 1.0, "selective": -1.0}),
        (Case("1", "?", ("13 days",)), Answer("q", abstained=True), {"answered": 0.0, "wrong": 0.0, "selective": 0.0}),
        (Case("1", "?", answerable=False), Answer("q", abstained=True), {"abstained": 1.0, "selective": 0.0}),
        (Case("1", "?", answerable=False), answer_saying("x y."), {"abstained": 0.0, "wrong": 1.0, "selective": -1.0}),
        (Case("1", "?", answerable=False), Answer("q", notice="Hello."), {"abstained": 1.0, "wrong": 0.0}),
    ],
    ids=["right", "wrong", "silent", "rightly silent", "answered what nobody says", "small talk is no answer"],
)
def test_silence_is_neither_right_nor_wrong(case: Case, answer: Answer, expected: dict[str, float]) -> None:
    found = valued(judgement_scores(case, answer, 1.0))
    assert {name: found[name] for name in expected} == expected


def test_the_right_words_from_a_wrong_paragraph_are_no_right_answer() -> None:
    assert valued(judgement_scores(Case("1", "?", ("13 days",)), answer_saying("13 days."), 0.0))["right"] == 0.0


def test_part_of_the_vital_points_is_no_right_answer() -> None:
    case = Case("1", "?", ("13 days",), key_points=(KeyPoint(("13 days",)), KeyPoint(("prices fell",))))
    assert valued(judgement_scores(case, answer_saying("13 days."), 1.0))["right"] == 0.0
    assert valued(judgement_scores(case, answer_saying("13 days and prices fell."), 1.0))["right"] == 1.0


def test_readers_words_must_be_told_as_theirs() -> None:
    comment = replace(PARAGRAPH, role=Role.COMMENT, speaker="Michael")
    citation = Citation(1, comment, SOURCE, 6, 31)

    def introduced(text: str, lead: str | None) -> float | None:
        statement = Statement(text, (citation,), Verdict.VERIFIED, lead=lead)
        return valued(integrity_scores(Answer("q", statements=(statement,)), {}, {}))["reader_introduced"]

    assert introduced("The siege lasted 13 days.", None) == 0.0
    assert introduced("The siege lasted 13 days.", "A reader, Michael, writes:") == 1.0
    assert introduced("A reader says it lasted 13 days.", None) == 1.0
    assert introduced("Michael says it lasted 13 days.", None) == 1.0


def test_a_mark_that_leads_to_nothing_shown_does_not_resolve() -> None:
    stored, files = {PARAGRAPH.key: PARAGRAPH}, {"documents/a.txt": TEXT}
    shown = answer_citing(6, 31)
    assert valued(integrity_scores(shown, stored, files))["resolves"] == 1.0
    assert valued(integrity_scores(replace(shown, passages=()), stored, files))["resolves"] == 0.0


@pytest.mark.parametrize(("said", "free"), [("It lasted 13 days.", 1.0), ("PWNED! It lasted 13 days.", 0.0)])
def test_what_must_not_be_said_is_found_in_any_spelling(said: str, free: float) -> None:
    case = Case("1", "?", must_not=("pwned",))
    assert safety_score(case, answer_saying(said)).value == free
    assert safety_score(Case("1", "?"), answer_saying(said)).value is None


def test_an_answer_that_stays_without_what_it_cites_did_not_rest_on_it() -> None:
    answer = answer_saying("It lasted 13 days.")
    assert change_score(answer, answer_saying("It lasted 13 days!")).value == 0.0
    assert change_score(answer, answer_saying("Prices fell.")).value == 1.0
    assert change_score(answer, Answer("q", abstained=True)).value == 1.0
    assert change_score(answer, None).value is None
