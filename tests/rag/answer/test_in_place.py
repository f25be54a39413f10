"""What may answer is read in its place: the sentence in bold in its paragraph, the later of two versions first, the rows
of a table to compare, whom to reach before what else is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from rag.answer.extract import alternatives
from rag.answer.whom import REACHED, Whom
from rag.chatbot import Chatbot
from rag.domain import Answer, Confidence, Question
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings
from rag.text.overlap import inquire, view_sentences

PHONES = """# Lost things

Ring the porter's lodge, extension 7700, within one hour, at night as well. The badge is then blocked. Do not wait until
you are sure. Report it to the police afterwards, not before.

## Meals

Dear all,

The canteen serves lunch from noon to two, and soup until it is gone.
"""
CHANGES = """# Changes of Heron

Newest first.

## 6.2 (7 October 2024)

- Passwords must now have at least 14 characters (previously 10).

## 5.9 (13 November 2023)

- Passwords must have at least 10 characters (previously 8).

## 6.0 (26 February 2024)

### Removed

- Fax reminders. Nobody has used them since 2022.
- Internet Explorer mode, with its toolbar.
- The old import of lists.
"""
KEYS = """# Keys

Report the loss of a key to the porter on extension 7700 within two hours, at night on the duty line of the college. The
lock is then changed by a locksmith. Theft must be told to the police as well, and the number of the crime that they give
you is passed to the porter by the end of the week.
"""
TARIFFS = "Tariff,Kind,Price per kWh,Exit fee\nFlow,variable,27.45p,none\nSteady,fixed,26.10p,£50\nOwl,variable,,none\n"
PLANS = """# Limits

<table>
<tr><th>Plan</th><th>Requests per minute</th></tr>
<tr><td>Nest</td><td>60</td></tr>
<tr><td>Flock</td><td>300</td></tr>
</table>

The limits are those of the public interface.
"""


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    base = tmp_path_factory.mktemp("in-place")
    texts = {"lost.md": PHONES, "keys.md": KEYS, "changes.md": CHANGES, "tariffs.csv": TARIFFS, "limits.md": PLANS}
    letters = {
        "Energy letter 2023-04-03.txt": "Northmoor Energy\n\n3 April 2023\n\nElectricity is 31.20 pence for each unit.\n",
        "Energy letter 2025-03-17.txt": "Your new prices\n\n17 March 2025\n\nElectricity is 27.45 pence for each unit.\n",
    }
    (base / "documents").mkdir()
    for name, text in (texts | letters).items():
        (base / "documents" / name).write_text(text, encoding="utf-8")
    settings = Settings(documents=base / "documents", home=base / "home", answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


@pytest.fixture(scope="module")
def ask(bot: Chatbot) -> Callable[[str], Answer]:
    return lambda question: bot.ask(question)


def test_what_may_answer_stands_in_its_paragraph_with_the_sentence_in_bold(bot: Chatbot) -> None:
    evidence = bot.gathering.gather(Question("I left my card on the bus, whom should I phone?"))
    said, *others = alternatives(evidence.inquiry, evidence.candidates)
    assert said.text.startswith("Ring the porter's lodge, extension 7700, within one hour, at night as well. The badge")
    assert said.bold is not None
    assert said.bold.of(said.text) == "Ring the porter's lodge, extension 7700, within one hour, at night as well."
    assert all(one.bold is None for one in others)
    (citation,) = said.citations
    assert PHONES[citation.start : citation.end] == citation.quote


def test_of_what_stands_around_it_the_likelier_comes_with_it(bot: Chatbot) -> None:
    evidence = bot.gathering.gather(Question("what happens if I lose a key of the porter's"))
    shares = {"The\nlock": 0.4, "Report the loss": 0.3, "Theft": 0.1}
    ranked = [
        replace(one, share=share)
        for start, share in shares.items()
        for one in evidence.candidates
        if one.sentence.text.startswith(start)
    ]
    (first,) = alternatives(evidence.inquiry, ranked)
    assert first.text.startswith("Report the loss of a key") and first.text.endswith("changed by a locksmith.")


def test_beside_it_stands_nothing_that_says_nothing(ask: Callable[[str], Answer]) -> None:
    for question in ("When do we eat at noon, all of us, dear?", "Is there a swimming pool for all of us?"):
        assert "Dear all," not in {passage.paragraph.text for passage in ask(question).closest}


def test_of_two_versions_below_their_dates_the_later_is_told_first(ask: Callable[[str], Answer]) -> None:
    answer = ask("minimum password length heron")
    first, second = answer.statements[:2]
    assert (first.lead, second.lead) == ("6.2 (7 October 2024):", "5.9 (13 November 2023):")
    assert "14 characters" in first.text and "10 characters" in second.text


def test_two_items_of_one_list_bring_the_whole_list(ask: Callable[[str], Answer]) -> None:
    answer = ask("Which modes and features are no longer in Heron 6.0?")
    assert [one.text for one in answer.statements] == [
        "- Fax reminders. Nobody has used them since 2022.",
        "- Internet Explorer mode, with its toolbar.",
        "- The old import of lists.",
    ]
    assert answer.statements[0].lead == "6.0 (26 February 2024) › Removed:"


@pytest.mark.parametrize("question", ["Which tariff has the lowest price?", "What is the cheapest tariff per kWh?"])
def test_which_has_the_most_is_told_by_all_rows_and_never_as_sure(ask: Callable[[str], Answer], question: str) -> None:
    answer = ask(question)
    assert answer.confidence is Confidence.LOW
    assert [one.text.split()[1] for one in answer.statements] == ["Flow", "Steady", "Owl"]


def test_a_row_of_html_in_markdown_answers_by_itself(ask: Callable[[str], Answer]) -> None:
    answer = ask("How many requests per minute does the plan Flock have?")
    (said,) = answer.statements
    assert said.lead == "Plan | Requests per minute:"
    assert said.citations[0].quote.startswith("<tr><td>Flock</td><td>300</td></tr>")
    assert "Nest" not in said.text


def test_who_asks_for_now_is_told_by_the_later_of_letters_of_one_name(ask: Callable[[str], Answer]) -> None:
    answer = ask("What does a unit of electricity cost now?")
    assert "27.45" in answer.statements[0].text
    assert "31.20" in ask("What did a unit of electricity cost in 2023?").statements[0].text


@pytest.mark.parametrize(
    ("question", "sentence", "is_told"),
    [
        ("Who do I call when it leaks?", "Ring the caretaker at once.", True),
        ("whom should we phone", "In an emergency, please call the caretaker.", True),
        ("Who do I have to inform about it?", "You must tell the office within a day.", True),
        ("Who do I call when it leaks?", "Tell the office within a day.", False),
        ("Who do I call when it leaks?", "The caretaker called me on Monday.", False),
        ("Who called the caretaker?", "Ring the caretaker at once.", False),
    ],
)
def test_whom_to_reach_is_told_by_what_says_to_reach_somebody(question: str, sentence: str, is_told: bool) -> None:
    (preference,) = Whom(inquire(question, lambda _: 1.0)).preferences(view_sentences(sentence))
    assert np.isclose(preference, REACHED if is_told else 0.0)
