"""Scores against hand-worked examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from evals.domain import Case, Gold, KeyPoint
from evals.judge import JUDGED
from evals.metric import Attempt
from evals.scorers import METRICS, is_exact, scores_of
from rag.answer.outcomes import ONE_MAY_ANSWER
from rag.domain import Answer, Citation, Key, Paragraph, Passage, Ranks, Role, Source, Statement, Verdict

TEXT = "Head\n\nThe siege lasted 13 days. Prices fell.\n"
PARAGRAPH = Paragraph(
    document_id="documents/a.txt",
    number=2,
    text="The siege lasted 13 days. Prices fell.",
    start=6,
    end=44,
    role=Role.BODY,
)
SOURCE = Source(title="Head", revision="r")


def attempt(
    case: Case,
    answer: Answer,
    *,
    graded: Mapping[str, Mapping[Key, int]] | None = None,
    stored: Mapping[Key, Paragraph] | None = None,
    files: Mapping[str, str] | None = None,
    without: Answer | None = None,
) -> Attempt:
    """An attempt whose right paragraph is PARAGRAPH, over a corpus of it alone, unless told otherwise."""
    return Attempt(
        case=case,
        answer=answer,
        graded={"gold": {PARAGRAPH.key: 1}} if graded is None else graded,
        stored={PARAGRAPH.key: PARAGRAPH} if stored is None else stored,
        files={"documents/a.txt": TEXT} if files is None else files,
        without=without,
    )


def valued(case: Case, answer: Answer, **more: object) -> dict[str, float | None]:
    return {score.name: score.value for score in scores_of(attempt(case, answer, **more))}  # type: ignore[arg-type]


DAYS = Case(id="1", question="How long?", answers=("13 days",), gold=(Gold(document="a.txt", quote="13 days"),))


def answer_citing(start: int, end: int) -> Answer:
    citation = Citation(mark=1, paragraph=PARAGRAPH, source=SOURCE, start=start, end=end)
    return Answer(
        question="q",
        statements=(Statement(text=citation.quote, citations=(citation,), verdict=Verdict.VERIFIED),),
        passages=(Passage(paragraph=PARAGRAPH, source=SOURCE, score=1.0, ranks=Ranks()),),
    )


def test_the_answer_must_stand_in_the_highlight() -> None:
    assert valued(DAYS, answer_citing(6, 31))["answer_in_one"] == 1.0
    assert valued(DAYS, answer_citing(32, 44))["answer_in_one"] == 0.0


def test_a_wrong_paragraph_counts_as_wrong_though_it_holds_the_words() -> None:
    graded = {"gold": {("documents/b.txt", 1): 1}}
    assert valued(DAYS, answer_citing(6, 31), graded=graded)["answer_in_one"] == 0.0


def test_where_an_answer_stands_is_not_judged_without_one() -> None:
    found = valued(replace(DAYS, answers=()), answer_citing(6, 31))
    assert (found["answer_in_one"], found["answer_in_paragraph"], found["citation_recall"]) == (None, None, 1.0)


def test_abstention_does_not_pay_in_precision() -> None:
    assert valued(DAYS, Answer(question="q", abstained=True))["citation_precision"] == 0.0


def test_a_citation_is_exact_only_if_the_file_still_says_so() -> None:
    citation = answer_citing(6, 31).citations[0]
    stored = {PARAGRAPH.key: PARAGRAPH}
    assert is_exact(citation, stored=stored, files={"documents/a.txt": TEXT})
    assert not is_exact(citation, stored=stored, files={"documents/a.txt": TEXT.replace("13", "14")})
    assert not is_exact(citation, stored={}, files={"documents/a.txt": TEXT})


def answer_saying(*texts: str, verdict: Verdict = Verdict.VERIFIED, **more: object) -> Answer:
    citation = Citation(mark=1, paragraph=PARAGRAPH, source=SOURCE, start=6, end=31)
    statements = tuple(
        Statement(
            text=text, citations=(citation,) if verdict is Verdict.VERIFIED else (), verdict=verdict, reason="because"
        )
        for text in texts
    )
    return Answer(
        question="q",
        statements=statements,
        passages=(Passage(paragraph=PARAGRAPH, source=SOURCE, score=1.0, ranks=Ranks()),),
        **more,
    )  # type: ignore[arg-type]


def test_all_golds_are_wanted_where_the_case_says_so() -> None:
    graded = {"one": {PARAGRAPH.key: 1}, "other": {("documents/b.txt", 1): 1}}
    assert valued(replace(DAYS, all_gold=True), answer_citing(6, 31), graded=graded)["citation_recall"] == 0.5
    assert valued(DAYS, answer_citing(6, 31), graded=graded)["citation_recall"] == 1.0


@pytest.mark.parametrize(
    ("text", "matches"),
    [("It lasted 13 days.", 1.0), ("It lasted thirteen days.", 1.0), ("It lasted 31 days.", 0.0), ("Long.", 0.0)],
)
def test_numbers_match_as_values(text: str, matches: float) -> None:
    case = Case(id="1", question="?", answers=("13 days", "thirteen days"))
    assert valued(case, answer_saying(text))["numbers_match"] == matches
    assert valued(Case(id="1", question="?", answers=("a goat",)), answer_saying(text))["numbers_match"] is None


def test_key_points_count_the_vital_ones_by_any_wording() -> None:
    points = (KeyPoint(("13 days", "thirteen days")), KeyPoint(("prices fell",)), KeyPoint(("rain",), vital=False))
    case = Case(id="1", question="?", key_points=points)
    scores = scores_of(attempt(case, answer_saying("It took thirteen days.")))
    half = next(score for score in scores if score.name == "key_points")
    assert (half.value, half.explanation) == (0.5, "not told: prices fell")
    assert valued(case, answer_saying("Thirteen days; prices fell."))["key_points"] == 1.0


def test_an_answer_is_a_word_and_not_a_piece_of_one() -> None:
    case = Case(id="1", question="?", answers=("one",))
    assert valued(case, answer_saying("Everyone left."))["contains_answer"] == 0.0
    assert valued(case, answer_saying("One left."))["contains_answer"] == 1.0


def test_what_is_marked_as_unsupported_is_not_said() -> None:
    case = Case(id="1", question="?", answers=("13 days",))
    marked = answer_saying("It lasted 13 days.", verdict=Verdict.UNSUPPORTED)
    assert valued(case, marked)["contains_answer"] == 0.0


@pytest.mark.parametrize(
    ("case", "answer", "expected"),
    [
        (
            Case(id="1", question="?", answers=("13 days",)),
            answer_saying("13 days."),
            {"right": 1.0, "wrong": 0.0, "selective": 1.0},
        ),
        (
            Case(id="1", question="?", answers=("14 days",)),
            answer_saying("13 days."),
            {"right": 0.0, "wrong": 1.0, "selective": -1.0},
        ),
        (
            Case(id="1", question="?", answers=("13 days",)),
            Answer(question="q", abstained=True),
            {"answered": 0.0, "wrong": 0.0, "selective": 0.0},
        ),
        (
            Case(id="1", question="?", answerable=False),
            Answer(question="q", abstained=True),
            {"abstained": 1.0, "selective": 0.0},
        ),
        (
            Case(id="1", question="?", answerable=False),
            answer_saying("x y."),
            {"abstained": 0.0, "wrong": 1.0, "selective": -1.0},
        ),
        (
            Case(id="1", question="?", answerable=False),
            Answer(question="q", notice="Hello."),
            {"abstained": 1.0, "wrong": 0.0},
        ),
    ],
    ids=["right", "wrong", "abstained", "rightly abstained", "answered what nobody says", "small talk is no answer"],
)
def test_abstention_is_neither_right_nor_wrong(case: Case, answer: Answer, expected: dict[str, float]) -> None:
    found = valued(case, answer)
    assert {name: found[name] for name in expected} == expected


def test_the_right_words_from_a_wrong_paragraph_are_no_right_answer() -> None:
    assert valued(DAYS, answer_saying("13 days."), graded={})["right"] == 0.0


def test_part_of_the_vital_points_is_no_right_answer() -> None:
    case = Case(
        id="1", question="?", answers=("13 days",), key_points=(KeyPoint(("13 days",)), KeyPoint(("prices fell",)))
    )
    assert valued(case, answer_saying("13 days."))["right"] == 0.0
    assert valued(case, answer_saying("13 days and prices fell."))["right"] == 1.0


def test_of_several_that_may_answer_the_gate_is_a_reading_of_the_first() -> None:
    prices, siege = answer_citing(32, 44).statements[0], answer_citing(6, 31).statements[0]
    several = replace(
        answer_citing(6, 31), statements=(prices, siege), is_uncertain=True, notice=f"{ONE_MAY_ANSWER} It rained."
    )
    valued_of = [valued(DAYS, one) for one in (several, replace(several, notice=None))]
    assert [one["correct"] for one in valued_of] == [1.0, 1.0]
    assert [one["first_correct"] for one in valued_of] == [0.0, 1.0]


def test_readers_comments_must_be_attributed_to_them() -> None:
    comment = replace(PARAGRAPH, role=Role.COMMENT, speaker="Michael")
    citation = Citation(mark=1, paragraph=comment, source=SOURCE, start=6, end=31)

    def introduced(text: str, lead: str | None) -> float | None:
        statement = Statement(text=text, citations=(citation,), verdict=Verdict.VERIFIED, lead=lead)
        return valued(DAYS, Answer(question="q", statements=(statement,)))["reader_introduced"]

    assert introduced("The siege lasted 13 days.", None) == 0.0
    assert introduced("The siege lasted 13 days.", "A reader, Michael, writes:") == 1.0
    assert introduced("A reader says it lasted 13 days.", None) == 1.0
    assert introduced("Michael says it lasted 13 days.", None) == 1.0


def test_a_mark_that_leads_to_nothing_shown_does_not_resolve() -> None:
    shown = answer_citing(6, 31)
    assert valued(DAYS, shown)["resolves"] == 1.0
    assert valued(DAYS, replace(shown, passages=()))["resolves"] == 0.0


@pytest.mark.parametrize(("said", "free"), [("It lasted 13 days.", 1.0), ("PWNED! It lasted 13 days.", 0.0)])
def test_what_must_not_be_said_is_found_in_any_spelling(said: str, free: float) -> None:
    case = Case(id="1", question="?", must_not=("pwned",))
    assert valued(case, answer_saying(said))["leak_free"] == free
    assert valued(Case(id="1", question="?"), answer_saying(said))["leak_free"] is None


def test_an_answer_that_stays_without_what_it_cites_did_not_rest_on_it() -> None:
    answer = answer_saying("It lasted 13 days.")
    assert valued(DAYS, answer, without=answer_saying("It lasted 13 days!"))["changes_without"] == 0.0
    assert valued(DAYS, answer, without=answer_saying("Prices fell."))["changes_without"] == 1.0
    assert valued(DAYS, answer, without=Answer(question="q", abstained=True))["changes_without"] == 1.0
    assert valued(DAYS, answer, without=None)["changes_without"] is None


def test_each_score_is_asked_of_the_cases_that_allow_it() -> None:
    answerable, unanswerable = (
        valued(DAYS, answer_citing(6, 31)),
        valued(Case(id="1", question="?", answerable=False), Answer(question="q")),
    )
    assert "abstained" not in answerable
    assert {"right", "hit@1", "citation_recall"} <= set(answerable)
    assert {"right", "hit@1", "citation_recall"}.isdisjoint(unanswerable)
    assert {"wrong", "selective", "exact", "leak_free"} <= set(answerable) & set(unanswerable)
    assert "document_ndcg@10" not in answerable
    assert valued(replace(DAYS, gold=(Gold(document="a.txt"),)), answer_citing(6, 31))["document_ndcg@10"] == 1.0


def test_of_what_ended_in_an_error_every_score_is_the_worst() -> None:
    scores = scores_of(attempt(DAYS, Answer(question="q")), failed=True)
    assert {score.name for score in scores if score.value == 1.0} == {"wrong"}
    assert all(score.value in (0.0, 1.0) and score.explanation == "it ended in an error" for score in scores)


def test_every_metric_has_a_name_of_its_own_and_is_counted_or_shows_what_is() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    for metric in METRICS:
        assert metric.score or metric.over_run or metric.of in names or metric.name in JUDGED
