"""What a quote says too little without: what follows it, what stands before it, and the heading above an item."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.chatbot import Chatbot
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

NEWS = """# News

## Blight

The first warm spell was on 21 June. If you see brown blotches on the potato leaves, cut the tops off at ground level. Do not compost them. Leave the tubers in the ground for a fortnight.

## Tools

We now own a rotavator and two strimmers. Members borrow them for three days.

## Releases

### 3.1 "Tallow", 20 May 2024

- The upload page keeps its place.
- A share link with a crafted number no longer shows the titles of other albums.

### 3.0 "Beeswax", 11 December 2023

- The default port is 8420.
"""
OLD = "*** SUPERSEDED – kept for the record only\n\nThe hedge is cut by the tenants in October.\n"
FEES = "# Plot fees\n\nWhoever rents a plot pays for it in Hut B within 60 days; later, the plot is given to others.\n"
FEES_OF_2020 = (
    "# Plot fees of 2020\n\nNo longer in force.\n\nThe deadline for the fee of a plot is 90 days after the letter.\n"
)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    home = tmp_path_factory.mktemp("said-with")
    (home / "documents").mkdir()
    (home / "documents" / "news.md").write_text(NEWS, encoding="utf-8")
    (home / "documents" / "hedges.txt").write_text(OLD, encoding="utf-8")
    (home / "documents" / "fees.md").write_text(FEES, encoding="utf-8")
    (home / "documents" / "fees-then.md").write_text(FEES_OF_2020, encoding="utf-8")
    settings = Settings(documents=home / "documents", home=home / "home", answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


def test_whoever_asks_what_to_do_is_told_what_follows(bot: Chatbot) -> None:
    first = bot.ask("What do I do about brown blotches on potato leaves?").statements[0]
    assert first.text.startswith("If you see brown blotches")
    assert first.text.endswith("Do not compost them. Leave the tubers in the ground for a fortnight.")
    # Whoever asks for one thing is told that.
    assert bot.ask("When was the first warm spell?").statements[0].text == "The first warm spell was on 21 June."


def test_them_is_said_with_what_they_are(bot: Chatbot) -> None:
    told = bot.ask("For how many days do members borrow tools?").statements[0].text
    assert told == "We now own a rotavator and two strimmers. Members borrow them for three days."


def test_an_item_stands_under_its_heading(bot: Chatbot) -> None:
    first = bot.ask("Which version no longer shows the titles of other albums?").statements[0]
    assert (first.lead, first.text[:14]) == ('3.1 "Tallow", 20 May 2024:', "A share link w")


def test_what_a_document_says_of_its_own_end_in_its_first_words_is_told(bot: Chatbot) -> None:
    answer = bot.ask("Who cuts the hedge in October?")
    assert "tenants" in answer.text
    assert answer.confidence.value == "low"
    assert "SUPERSEDED" in str(answer.notice)


def test_what_holds_comes_before_what_holds_no_more_in_words_nearer_to_the_question(bot: Chatbot) -> None:
    assert "60 days" in bot.ask("What is the deadline for paying for a plot?").statements[0].text
    assert "90 days" in bot.ask("What was the deadline for the fee of a plot in 2020?").statements[0].text
