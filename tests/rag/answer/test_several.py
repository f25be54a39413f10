"""What a question of several parts is answered with: the whole, and what its parts bring by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.domain import Answer, Confidence
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

MILL = """# The mill at Orrin

The mill at Orrin was founded by Edda Brask in 1791. Its two wheels are driven by the river Tarn.

# The ferry

The ferry to the island leaves from the stone pier every Thursday at noon. A ticket for the ferry costs 12 crowns.

# The bakery

The bakery sells bread of seven kinds. Rye bread is baked on Mondays only.

# The common room

Guests may cook in the common room until ten. Cats are welcome, other animals are not. The room seats forty.

# Courses

## Weaving

It costs 44 crowns for six evenings, with Rolf Dahl.

## Carving

Each evening costs 9 crowns, with Signe Moe. The band at its feast is The Tin Whistle.

# Feasts

| Day | Feast | Where | Whom to ask |
|---|---|---|---|
| 3 May | Spring feast | Barn | Edda Lund |
| 9 June | Boat feast | Pier | Tor Vik |

Entry to the Harvest feast costs 30 crowns.
"""


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    home = tmp_path_factory.mktemp("several")
    (home / "documents").mkdir()
    (home / "documents" / "village.md").write_text(MILL, encoding="utf-8")
    settings = Settings(documents=home / "documents", home=home / "home", answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


def quotes(answer: Answer) -> list[str]:
    return [citation.quote for citation in answer.citations]


def test_both_parts_are_answered_in_their_order_each_with_its_own_mark(bot: Chatbot) -> None:
    answer = bot.ask("Who founded the mill at Orrin, and how much is a ticket for the ferry?")
    assert quotes(answer) == [
        "The mill at Orrin was founded by Edda Brask in 1791.",
        "A ticket for the ferry costs 12 crowns.",
    ]
    assert answer.confidence is Confidence.HIGH
    assert answer.notice is None
    marks = [citation.mark for citation in answer.citations]
    assert marks == list(range(1, len(marks) + 1))
    assert len(answer.searched_for) == 3
    shown = {passage.paragraph.key for passage in answer.passages}
    assert all(citation.paragraph.key in shown for citation in answer.citations)


def test_a_row_that_tells_both_parts_leaves_none_out(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "documents").mkdir()
    rows = "Rents,214000,216340,221000\nRepairs,58000,63420,62000\nInsurance,9000,8870,9400\nStaff,71000,70450,74000\n"
    (tmp_path / "documents" / "budget.csv").write_text(
        f"Heading,2025 budget,2025 actual,2026 budget\n{rows}", encoding="utf-8"
    )
    settings = Settings(documents=tmp_path / "documents", home=tmp_path / "home", answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        answer = bot.ask("What did repairs really cost in 2025 and what is the 2026 budget?")
        assert "62000" in answer.text
        assert "Nothing certain" not in (answer.notice or "")


def test_no_words_are_quoted_twice(bot: Chatbot) -> None:
    answer = bot.ask("Who founded the mill at Orrin and when was the mill at Orrin founded?")
    spans = sorted((one.start, one.end) for one in answer.citations)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("Who founded the mill at Orrin, and which song did the sailors of Bergen sing?", "The mill at Orrin was founded by Edda Brask in 1791."),
        ("Which song did the sailors of Bergen sing, and how much is a ticket for the ferry?", "A ticket for the ferry costs 12 crowns."),
    ],
)  # fmt: skip
def test_where_only_a_part_is_answered_it_is_no_more_than_possible(bot: Chatbot, question: str, quote: str) -> None:
    answer = bot.ask(question)
    assert quotes(answer) == [quote]
    assert answer.confidence is Confidence.LOW
    assert "Bergen" in answer.unmentioned
    assert "Nothing certain was found for “" in (answer.notice or "")
    assert "song did the sailors of Bergen sing”." in (answer.notice or "")


def test_a_part_leans_on_the_one_before(bot: Chatbot) -> None:
    answer = bot.ask("How much is the ferry? And when does it leave?")
    assert [quote.split(" ")[-1] for quote in quotes(answer)] == ["crowns.", "noon."]


def test_the_other_thing_that_somebody_may_do_is_not_left_out(bot: Chatbot) -> None:
    assert "Cats are welcome" in bot.ask("Can I cook in the common room and bring my cat?").text


def test_what_is_asked_of_each_of_several_things_is_told_of_each_behind_its_name(bot: Chatbot) -> None:
    answer = bot.ask("Weaving and carving: what does each cost?")
    weaving, carving = answer.statements
    assert "44 crowns" in weaving.text and "Weaving" in (weaving.lead or "")
    assert "9 crowns" in carving.text and "carving" in (carving.lead or "")


def test_a_part_that_is_told_of_another_thing_only_is_not_answered(bot: Chatbot) -> None:
    answer = bot.ask("Where is the Boat feast, what does it cost, and whom do I ask?")
    assert any("Boat feast" in one for one in quotes(answer))
    assert all((one.lead or "").startswith("What may answer") for one in answer.statements if "Harvest" in one.text)
    assert "Nothing certain was found for “what does it cost”." in (answer.notice or "") or answer.is_uncertain


def test_what_may_answer_is_shown_where_the_parts_are_no_more_than_that(bot: Chatbot) -> None:
    answer = bot.ask("What does the opera cost and when does it meet?")
    assert answer.confidence is not Confidence.HIGH
    assert answer.abstained or answer.statements
