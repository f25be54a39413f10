"""Yes and no: which questions they answer, and what is shown with them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.answer.extract import alternatives
from rag.answer.polar import asking_part, asks_what, is_polar, says_yes_or_no
from rag.chatbot import Chatbot
from rag.domain import Confidence, Question
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

FAQ = """# Questions people ask us

**Can a friend look after my plot while I'm away?** Yes, for up to eight weeks, if you tell the steward who it is.

**Am I allowed to sleep there?** No, not even in midsummer.

## May I keep hens?

Up to six of them, with the committee's consent. No other livestock.

## Is the lock of the shed insured?

Yes. The insurer pays once a year, and what is in the shed is covered up to 900 euros.

## The key

The lock of the bicycle rack is not insured.

## Signing in

Since version 3.2, OpenID Connect is supported. LDAP isn't.
"""


def test_what_stands_in_front_of_a_question_asks_nothing() -> None:
    assert asking_part("I cut myself. What do I do?") == "What do I do?"
    assert asking_part("How do I open it? It is stuck.") == "How do I open it?"
    assert asking_part("Is Dr. Weiss on call") == "Is Dr. Weiss on call"
    assert asking_part("a goose bit me what do I do") == "what do I do"
    assert asking_part("Somebody took my rake, how do I report it?") == "how do I report it?"
    assert asking_part("My plot floods, can I get another?") == "can I get another?"
    assert asking_part("Who do I tell, what do I do?") == "Who do I tell, what do I do?"
    assert (
        asking_part("tell me which plots, what are free, cost least")
        == "tell me which plots, what are free, cost least"
    )


@pytest.mark.parametrize(
    ("question", "polar", "what"),
    [
        ("Can I sleep there?", True, False),
        ("and is it open", True, False),
        ("Darf ich dort schlafen?", True, False),
        ("What happens if I do?", False, True),
        ("but where can I sleep", False, True),
        ("Warum ist das so?", False, True),
        ("sleeping there", False, False),
        ("I got ill on my holiday, do I lose those days?", True, False),
        ("a client gave me wine, what now", False, True),
        ("", False, False),
    ],
)
def test_a_question_asks_for_yes_or_no_or_for_something_else(question: str, polar: bool, what: bool) -> None:
    assert (is_polar(question), asks_what(question)) == (polar, what)


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("Yes, for up to eight weeks.", True),
        ("**No.** Never.", True),
        ("Nein – nie.", True),
        ("No other livestock.", False),
        ("Nobody may.", False),
        ("Yesterday, all was well.", False),
    ],
)
def test_a_sentence_says_yes_or_no_where_that_stands_by_itself(sentence: str, says: bool) -> None:
    assert says_yes_or_no(sentence) is says


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    home = tmp_path_factory.mktemp("polar")
    (home / "documents").mkdir()
    (home / "documents" / "faq.md").write_text(FAQ, encoding="utf-8")
    settings = Settings(documents=home / "documents", home=home / "home", answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


@pytest.mark.parametrize(
    ("question", "asked", "quote"),
    [
        ("Can somebody else look after my plot?", "Can a friend look after my plot while I'm away?", "Yes, for up"),
        ("Is sleeping there allowed?", "Am I allowed to sleep there?", "No, not even"),
        ("How many hens may I keep?", "May I keep hens?", "Up to six"),
    ],
)
def test_an_answer_out_of_a_list_of_questions_comes_with_its_own(
    bot: Chatbot, question: str, asked: str, quote: str
) -> None:
    first = bot.ask(question).statements[0]
    assert first.lead == asked
    assert first.text.startswith(quote)


def test_a_question_that_the_quote_begins_with_is_not_said_in_front_of_it(bot: Chatbot) -> None:
    evidence = bot.gathering.gather(Question("Am I allowed to sleep there?"))
    (first, *_) = alternatives(evidence.inquiry, evidence.candidates)
    assert first.lead is None
    assert first.text == "**Am I allowed to sleep there?** No, not even in midsummer."


def test_a_question_as_a_heading_counts_for_its_answer_and_yes_alone_brings_what_follows(bot: Chatbot) -> None:
    first = bot.ask("is the shed's lock safe / insured?").statements[0]
    assert first.lead == "Is the lock of the shed insured?"
    assert first.text.startswith("Yes. The insurer pays once a year")


def test_yes_is_no_sure_answer_to_what_happens(bot: Chatbot) -> None:
    answer = bot.ask("What happens if nobody looks after my plot while I am away?")
    assert answer.confidence is not Confidence.HIGH


def test_where_one_of_two_will_do_the_other_is_missed_and_no_more(bot: Chatbot) -> None:
    answer = bot.ask("Can I sign in with LDAP or Active Directory?")
    assert answer.confidence is Confidence.LOW
    assert answer.unmentioned == ("Active", "Directory")
    # What ends with the verb of the sentence before brings that one.
    assert answer.statements[0].text == "Since version 3.2, OpenID Connect is supported. LDAP isn't."
