"""The perfect model: it says what is right where it is shown it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.ceiling import Perfect
from evals.domain import Case, Gold
from rag.chatbot import Chatbot
from rag.domain import Question, Turn, Verdict
from rag.opening import open_chatbot
from rag.settings import Settings

TEXT = (
    "# Ferry rules\n\nThe ferry sails on Thursdays only. It is blue [1].\n\nThe gate code is 4471. Nobody tells it.\n\n"
    "Bring these:\n\n* a lamp for the fog\n* a rope of ten feet\n"
)
CASES = [
    Case(id="a", question="When does the ferry sail?", gold=(Gold(document="ferry.md", quote="The ferry sails on Thursdays only."),)),
    Case(id="b", question="What is the gate code\nof the ferry?", gold=(Gold(document="ferry.md", quote="The gate code\nis 4471."),)),
    Case(id="c", question="What colour is the ferry?", gold=(Gold(document="ferry.md", quote="It is blue [1]."),)),
    Case(id="f", question="What is to be brought to the ferry?", gold=(Gold(document="ferry.md", quote="* a lamp for the fog\n* a rope of ten feet"),)),
    Case(id="d", question="Who built the ferry?", gold=(), answerable=False),
    Case(id="e", question="Who owns the ferry?", gold=(Gold(document="ferry.md", quote="It belongs to Ruth Amsel."),)),
]  # fmt: skip


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    base: Path = tmp_path_factory.mktemp("ceiling")
    (base / "documents").mkdir()
    (base / "documents" / "ferry.md").write_text(TEXT)
    settings = Settings(documents=base / "documents", home=base / "home")
    with open_chatbot(settings, "test", llm=Perfect(CASES)) as bot:
        bot.ingest()
        yield bot


@pytest.mark.parametrize(("case", "told"), [(0, "The ferry sails on Thursdays only."), (1, "The gate code is 4471."), (2, "It is blue."), (3, "a lamp for the fog")])  # fmt: skip
def test_what_it_is_shown_it_says_and_the_product_verifies(bot: Chatbot, case: int, told: str) -> None:
    answer = bot.ask(CASES[case].question)
    assert [statement.verdict for statement in answer.statements] == [Verdict.VERIFIED]
    assert answer.statements[0].text.replace(" [1]", "") == told
    assert answer.model == "a perfect model"


@pytest.mark.parametrize("case", [4, 5])
def test_what_it_is_not_shown_it_does_not_say(bot: Chatbot, case: int) -> None:
    assert bot.ask(CASES[case].question).abstained


def test_follow_ups_are_left_to_the_product(bot: Chatbot) -> None:
    earlier = Turn(CASES[0].question, bot.ask(CASES[0].question))
    assert bot.ask(Question("What is the gate code\nof the ferry?", turns=[earlier])).statements
