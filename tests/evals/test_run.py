"""Asking cases over the seeds: scores, crashes that are results, and the file that is kept."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.cases import case_from
from evals.run import fingerprint, run_cases, write_run
from rag.chatbot import Chatbot, open_chatbot
from rag.settings import Settings

ROOT = Path(__file__).parents[2]
FIRST = "000_8ce4b84d20215b01.txt"
CASES = [
    case_from(described)
    for described in (
        {"id": "days", "question": "How long was West Aleppo under siege?", "answers": ["13 days"], "gold": [{"document": FIRST, "quote": "13 days of siege"}]},
        {"id": "absent", "question": "Who won the World Cup in 2014?", "answerable": False},
        {"id": "empty", "question": "  ", "answers": ["x"], "gold": [{"document": FIRST, "quote": "13 days"}]},
        {"id": "role", "question": "And what is his role in Iraq?", "turns": ["Who is Qassem Soleimani?"], "gold": [{"document": "003_92a89446f71c2985.txt", "quote": "similar role in Iraq"}]},
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    with open_chatbot(Settings(documents=ROOT / "seeds", home=tmp_path_factory.mktemp("home")), "test") as opened:
        opened.ingest()
        yield opened


def test_a_run_keeps_a_line_for_its_fingerprint_and_one_for_each_case(bot: Chatbot, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    results = write_run(path, fingerprint(bot, {"mode": "extractive"}), run_cases(bot, CASES, bot.paragraphs()))
    head, *lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert (head["documents"], head["settings"]) == (2, {"mode": "extractive"})
    assert [line["case"] for line in lines] == ["days", "absent", "empty", "role"]
    by_id = {result.case.id: result for result in results}
    assert by_id["days"].score("answer_in_one") == 1.0
    assert by_id["days"].score("ndcg@10") == 1.0
    assert by_id["absent"].score("abstained") == 1.0
    assert by_id["role"].score("citation_recall") == 1.0


def test_a_case_that_crashes_is_a_result_with_its_error(bot: Chatbot) -> None:
    (result,) = run_cases(bot, [CASES[2]], bot.paragraphs())
    assert result.answer is None
    assert result.error is not None
    assert "empty" in result.error


def test_the_same_tree_and_documents_have_the_same_fingerprint(bot: Chatbot) -> None:
    assert fingerprint(bot, {}) == fingerprint(bot, {})
    assert fingerprint(bot, {}) != fingerprint(bot, {"mode": "generative"})
