"""Asking cases over the seeds: scores, crashes that are results, what is asked again and what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.cache import Cache, fingerprint, fingerprint_hash
from evals.cases import case_from
from evals.corpus import Corpus, opened
from evals.results import Result, Run, read_run, slim, write_run
from evals.run import SEARCHED, Asking, Way, run_cases, scored
from evals.summary import verdict
from rag.domain import Answer, Citation, Paragraph, Question, Role
from rag.errors import CaseError
from rag.settings import Settings

FIRST = "000_8ce4b84d20215b01.txt"
DAYS, ABSENT, EMPTY, ROLE, READER = CASES = [
    case_from(described)
    for described in (
        {"id": "days", "question": "How long was West Aleppo under siege?", "answers": ["13 days"], "gold": [{"document": FIRST, "quote": "13 days of siege"}]},
        {"id": "absent", "question": "Who won the World Cup in 2014?", "answerable": False},
        {"id": "empty", "question": "  ", "answers": ["x"], "gold": [{"document": FIRST, "quote": "13 days"}]},
        {"id": "role", "question": "And what is his role in Iraq?", "turns": ["Who is Qassem Soleimani?"], "gold": [{"document": "003_92a89446f71c2985.txt", "quote": "similar role in Iraq"}]},
        {"id": "reader", "question": "Is most of the city of Homs destroyed?", "gold": [{"document": FIRST, "quote": "Most of the city is not\n    destroyed."}]},
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def results(corpus: Corpus) -> dict[str, Result]:
    return {result.case.id: result for result in run_cases(corpus, cases=CASES, asking=Asking(intervene=True))}


def described(corpus: Corpus, **more: Any) -> dict[str, Any]:
    return fingerprint(corpus.bot, settings={}) | {"suite": "seeds", "mode": "extractive", "model": None} | more


def test_each_case_is_asked_and_scored(results: dict[str, Result]) -> None:
    assert results["days"].score("answer_in_one") == 1.0
    assert results["days"].score("ndcg@10") == 1.0
    assert results["days"].score("right") == 1.0
    assert results["absent"].score("abstained") == 1.0
    assert results["role"].score("hit@5") == 1.0
    assert results["reader"].score("reader_introduced") == 1.0
    for result in results.values():
        if result.answer and result.answer.citations:
            assert (result.score("exact"), result.score("resolves")) == (1.0, 1.0)


def test_without_what_it_cites_the_answer_is_another_one(results: dict[str, Result]) -> None:
    without = results["days"].asked.without
    cited = {citation.paragraph.key for citation in results["days"].answer.citations}  # type: ignore[union-attr]
    assert without is not None
    assert not cited & {citation.paragraph.key for citation in without.citations}
    assert results["days"].score("changes_without") == 1.0


def test_a_case_that_crashes_is_a_result_and_counts_as_a_failure(results: dict[str, Result]) -> None:
    empty = results["empty"]
    assert empty.answer is None
    assert empty.error is not None
    assert "empty" in empty.error
    judged = {score.name: score.value for score in empty.scores if score.value is not None}
    assert judged.pop("wrong") == 1.0
    assert set(judged.values()) == {0.0}
    assert not verdict(empty)


def test_a_fault_of_ours_in_one_case_does_not_end_the_others(corpus: Corpus) -> None:
    broken = replace(DAYS, id="broken", question=7)  # type: ignore[arg-type]
    first, second = run_cases(corpus, cases=[broken, DAYS], asking=Asking())
    assert first.error is not None
    assert first.error.startswith(("AttributeError", "TypeError"))
    assert second.score("right") == 1.0


def test_a_run_that_was_kept_reads_back_as_it_was(corpus: Corpus, results: dict[str, Result], tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    write_run(path, described=described(corpus), results=results.values())
    head, *lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert (head["documents"], head["suite"]) == (2, "seeds")
    assert [line["case"] for line in lines] == [case.id for case in CASES]
    assert all({"case", "answer", "scores", "error"} <= set(line) for line in lines)
    again = read_run(path)
    assert [result.json() for result in again.results] == [result.json() for result in results.values()]


def test_kept_answers_score_the_same_as_when_they_were_asked(
    corpus: Corpus, results: dict[str, Result], tmp_path: Path
) -> None:
    """Answer JSON keeps of a cited paragraph only the quote; scoring sees the whole paragraph all the same."""
    write_run(tmp_path / "run.jsonl", described=described(corpus), results=results.values())
    for result in read_run(tmp_path / "run.jsonl").results:
        assert scored(result.case, asked=result.asked, corpus=corpus).scores == results[result.case.id].scores


@pytest.mark.slow
def test_two_runs_of_the_same_code_are_identical_in_every_score(corpus: Corpus, results: dict[str, Result]) -> None:
    again = run_cases(corpus, cases=CASES, asking=Asking(intervene=True, jobs=3))
    assert [(r.case.id, r.scores) for r in again] == [(r.case.id, r.scores) for r in results.values()]


class Counting:
    """A chatbot that counts what it is asked."""

    def __init__(self, corpus: Corpus) -> None:
        self._bot = corpus.bot
        self.asked: list[str] = []

    def stream(self, question: Question) -> Iterator[Answer]:
        self.asked.append(question.text)
        return self._bot.stream(question)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bot, name)


@pytest.fixture
def counting(corpus: Corpus) -> Iterator[Counting]:
    counted, before = Counting(corpus), corpus.bot
    corpus.bot = counted  # type: ignore[assignment]
    yield counted
    corpus.bot = before


def test_what_was_asked_is_not_asked_again(corpus: Corpus, counting: Counting, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    first = list(run_cases(corpus, cases=[DAYS, ABSENT], asking=Asking(), cache=Cache(path)))
    path.write_text(path.read_text(encoding="utf-8") + '{"key": "cut off in the mid', encoding="utf-8")
    again = list(run_cases(corpus, cases=[DAYS, ABSENT, EMPTY], asking=Asking(), cache=Cache(path)))
    assert len(counting.asked) == 3
    assert [result.scores for result in again[:2]] == [result.scores for result in first]


def test_an_error_is_asked_again(corpus: Corpus, counting: Counting, tmp_path: Path) -> None:
    for _ in range(2):
        list(run_cases(corpus, cases=[EMPTY], asking=Asking(), cache=Cache(tmp_path / "answers.jsonl")))
    assert len(counting.asked) == 2


def test_another_way_of_asking_is_another_question(corpus: Corpus, counting: Counting, tmp_path: Path) -> None:
    for asking in (Asking(), Asking(repeat=2), Asking(intervene=True), Asking(way=Way.SCOPED)):
        list(run_cases(corpus, cases=[ABSENT], asking=asking, cache=Cache(tmp_path / "answers.jsonl")))
    assert len(counting.asked) == 4


@pytest.mark.slow
@pytest.mark.parametrize("part", ["corpus", "code", "embedder", "second embedder", "gate", "settings", "mode", "model"])
def test_an_edited_tree_another_corpus_and_other_settings_have_a_cache_of_their_own(corpus: Corpus, part: str) -> None:
    told = described(corpus)
    assert fingerprint_hash(told) == fingerprint_hash(described(corpus, suite="other", made="later"))
    assert fingerprint_hash(told) != fingerprint_hash(told | {part: "another"})


def test_the_same_tree_and_documents_have_the_same_fingerprint(corpus: Corpus) -> None:
    assert fingerprint(corpus.bot, settings={}) == fingerprint(corpus.bot, settings={})
    assert fingerprint(corpus.bot, settings={}) != fingerprint(corpus.bot, settings={"repeat": 2})


def test_a_baseline_holds_no_passages_no_timings_and_no_paths(corpus: Corpus, results: dict[str, Result]) -> None:
    run = Run(described(corpus, folder="/home/somebody/documents", questions="/x"), tuple(results.values()))
    kept = slim(run)
    assert "/" not in str(kept.described.get("folder", "")) + str(kept.described.get("questions", ""))
    for before, after in zip(run.results, kept.results, strict=True):
        assert after.scores == before.scores
        assert after.gold == ()
        if before.answer:
            assert after.answer is not None
            assert (after.answer.text, after.answer.passages) == (before.answer.text, ())
            assert after.asked.total == 0


@pytest.mark.parametrize("text", ["", "[]\n", "not json\n", '{"id": 1}\n', '{"corpus": "x"}\n{"case": 1}\n'])
def test_what_is_no_run_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(CaseError, match=r"x\.jsonl is not a run"):
        read_run(tmp_path / "x.jsonl")


def test_a_citation_that_is_no_slice_of_the_corpus_is_found_out(corpus: Corpus, results: dict[str, Result]) -> None:
    """`exact` compares with the store and with the file: a forged quote scores 0."""
    real = results["days"].answer
    assert real is not None
    citation = real.citations[0]
    text = "x" * len(citation.quote)
    forged = Paragraph(
        document_id=citation.paragraph.document_id,
        number=citation.paragraph.number,
        text=text,
        start=citation.start,
        end=citation.end,
        role=Role.BODY,
    )
    statement = replace(
        real.statements[0],
        citations=(Citation(mark=1, paragraph=forged, source=citation.source, start=citation.start, end=citation.end),),
    )
    result = scored(
        DAYS, asked=replace(results["days"].asked, answer=replace(real, statements=(statement,))), corpus=corpus
    )
    assert result.score("exact") == 0.0


def test_a_case_that_is_only_searched_has_twice_as_many_passages_and_no_answer(corpus: Corpus) -> None:
    (found,) = run_cases(corpus, cases=[DAYS], asking=Asking(way=Way.SEARCH))
    assert found.answer is not None
    assert len(found.answer.passages) == SEARCHED
    assert (found.answer.statements, found.score("hit@1")) == ((), 1.0)


def test_with_its_gold_hidden_a_case_cannot_be_answered_rightly(corpus: Corpus) -> None:
    (hidden,) = run_cases(corpus, cases=[DAYS], asking=Asking(way=Way.GOLD_HIDDEN))
    right = scored(DAYS, asked=hidden.asked, corpus=corpus).gold
    assert hidden.answer is not None
    assert {(one.document, one.number) for one in right}.isdisjoint(p.paragraph.key for p in hidden.answer.passages)
    assert (hidden.case.answerable, hidden.gold, hidden.score("right")) == (False, (), None)


def test_a_case_in_scope_is_asked_of_its_own_document_alone(corpus: Corpus) -> None:
    (scoped,) = run_cases(corpus, cases=[DAYS], asking=Asking(way=Way.SCOPED))
    assert scoped.answer is not None
    assert {passage.paragraph.document_id for passage in scoped.answer.passages} == {f"documents/{FIRST}"}


def test_an_open_gate_lets_through_what_the_shipped_one_holds_back(corpus: Corpus, tmp_path: Path) -> None:
    (held,) = run_cases(corpus, cases=[ABSENT], asking=Asking())
    with opened(Settings(home=tmp_path), folder=corpus.folder, gate_is_open=True) as wide:
        (through,) = run_cases(wide, cases=[ABSENT], asking=Asking())
    assert held.answer is not None
    assert held.answer.abstained
    assert (through.score("abstained"), through.certainty) == (0.0, held.certainty)
