"""What the gate is told of the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.domain import Question, Turn
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

DUTIES = "# Duties\n\n| Day | On duty |\n|---|---|\n| Wed | Ann |\n| Fri | Bob |\n"
SERVERS = "# Servers\n\nCount on one gigabyte of memory for the server, and more for each terabyte stored.\n"


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    base = tmp_path_factory.mktemp("gathering")
    (base / "documents").mkdir()
    (base / "documents" / "duties.md").write_text(DUTIES, encoding="utf-8")
    (base / "documents" / "servers.md").write_text(SERVERS, encoding="utf-8")
    settings = Settings(home=base / "home", documents=base / "documents", answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


@pytest.mark.parametrize(
    ("question", "share"),
    [
        ("Who is on duty on Wednesday?", 1.0),
        ("How much memory does a server of 6 TB need?", 1.0),
        ("How much memory does the server of Kvarnholm need?", 0.0),
        ("Who is on duty?", 1.0),
    ],
    ids=["a day in other words", "a measure of the asker's own", "a name that stands nowhere", "none"],
)
def test_the_names_of_a_question_are_told_by_the_best_sentence(bot: Chatbot, question: str, share: float) -> None:
    assert bot.gathering.gather(Question(question)).features["names"] == share


HOUSES = {
    "nest.md": "# Gull’s Nest\n\nArrive by four, says Bridget.\n\nA deposit of £295 was paid in May.\n",
    "lane.md": "# Pinfold Lane\n\nOwen keeps the boiler.\n\nA deposit of £1,325 was paid in June.\n",
}


@pytest.mark.parametrize(("first", "told"), [("By when do we arrive?", "£295"), ("Who keeps the boiler?", "£1,325")])
def test_a_follow_up_goes_on_with_the_document_that_was_spoken_of(
    tmp_path: Path, embedder: MiniLM, first: str, told: str
) -> None:
    (tmp_path / "documents").mkdir()
    for name, text in HOUSES.items():
        (tmp_path / "documents" / name).write_text(text, encoding="utf-8")
    settings = Settings(documents=tmp_path / "documents", home=tmp_path / "home", answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        answer = bot.ask(Question("And the deposit, how much was it?", turns=(Turn(first, bot.ask(first)),)))
    assert told in answer.statements[0].text
