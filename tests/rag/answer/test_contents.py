"""“What is in …?”, asked of a document by its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

FILES = {
    "todo.txt": "- mend the gate\n- buy grease\n- ring Olga about the hay\n",
    "hay list.csv": "Field,Bales,Dry\nLong acre,40,yes\nMill field,25,no\n",
    "2023/budget.md": "# Budget 2023\n\nWe planned 900 euros for fences and 300 for the vet.\n",
    "2024/budget.md": "# Budget 2024\n\nWe planned 1,100 euros for fences and 250 for the vet.\n",
    "sync.sh": "#!/bin/sh\n# Copies the photos to the shed.\nset -e\n\nTARGET=/mnt/shed\n\nrsync -a photos/ $TARGET\n",
    "minutes.md": "# Farm meeting, May\n\nOlga sells the hay.\n\nThe vet comes on Friday for the foals.\n",
    "long.md": "# The farm\n\n" + "\n\n".join(
        f"The {name} field feeds the sheep and the {name} barn keeps hay for {i} weeks of snow."
        for i, name in enumerate(("upper", "lower", "north", "south", "old", "new", "far", "near", "wet", "stony"))
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    root: Path = tmp_path_factory.mktemp("contents")
    for name, text in FILES.items():
        path = root / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with open_chatbot(Settings(documents=root / "documents", home=root / "home"), "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("What is in todo.txt?", ["mend the gate", "buy grease", "ring Olga about the hay"]),
        ("What's on the todo list?", ["mend the gate", "buy grease", "ring Olga about the hay"]),
        ("Was steht in todo.txt?", ["mend the gate", "buy grease", "ring Olga about the hay"]),
        ("What does the hay list say?", ["Long acre", "Mill field"]),
        ("What is in the budget file?", ["900 euros", "1,100 euros"]),
        ("What is in 2023/budget.md?", ["900 euros"]),
        ("What is in sync.sh?", ["Copies the photos", "TARGET=/mnt/shed", "rsync -a"]),
        ("Summarise todo.txt", ["mend the gate", "buy grease", "ring Olga about the hay"]),
    ],
)
def test_what_is_in_a_short_document_is_all_of_it(bot: Chatbot, question: str, quotes: list[str]) -> None:
    answer = bot.ask(question)
    assert len(answer.citations) == len(quotes), answer.text
    for citation, words in zip(answer.citations, quotes, strict=True):
        assert words in citation.quote


def test_what_is_in_a_long_one_are_its_telling_sentences(bot: Chatbot) -> None:
    assert 0 < len(bot.ask("What is in long.md?").citations) < 6


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("What does minutes.md say about the vet?", ["The vet comes on Friday for the foals."]),
        ("What does the 2023 budget say about the vet?", ["We planned 900 euros for fences and 300 for the vet."]),
        ("Was steht in minutes.md über Olga?", ["Olga sells the hay."]),
    ],
)
def test_what_a_named_document_says_of_something_is_answered_from_it_alone(
    bot: Chatbot, question: str, quotes: list[str]
) -> None:
    answer = bot.ask(question)
    assert (answer.question, answer.confidence.value) == (question, "high")
    assert [one.quote for one in answer.citations] == quotes


def test_of_what_a_named_document_does_not_speak_no_other_one_is_asked(bot: Chatbot) -> None:
    answer = bot.ask("What does minutes.md say about the fences?")
    assert answer.confidence.value != "high"
    assert {one.paragraph.document_id for one in answer.citations} <= {"documents/minutes.md"}


@pytest.mark.parametrize("question", ["What is in the hay?", "What does Olga say?", "What is in minutes-2.md?"])
def test_what_is_in_something_that_is_no_document_is_a_question_of_facts(bot: Chatbot, question: str) -> None:
    answer = bot.ask(question)
    assert answer.gate is not None, answer.text
