"""A question is read as it is meant, however it is typed: without capitals, shouted, with wrong accents, in wide letters,
with words around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chatbot import Chatbot
from rag.domain import Question
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.search.wording import in_one_width, lacks_capitals, unshouted, with_accents, with_capitals, without_frame
from rag.settings import Settings

MINUTES = """# Minutes of the harbour board

On Monday Elspeth Gow, the treasurer, told the members that the HMB owes 400 pounds to the town of Leith.

The members met in Leith again in May. A member of the crew asked for new ropes, and the crew got them.

Updated: 3 May. The café of Zoë Finn stays open. Zoë Finn is thanked by the members.
"""


@pytest.fixture(scope="module")
def bot(embedder: MiniLM, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    base = tmp_path_factory.mktemp("wording")
    (base / "documents").mkdir()
    (base / "documents" / "minutes.md").write_text(MINUTES, encoding="utf-8")
    settings = Settings(documents=base / "documents", home=base / "home", answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("what does elspeth gow say", "what does Elspeth Gow say"),
        ("how much does the hmb owe to leith?", "how much does the HMB owe to Leith?"),
        ("HOW MUCH DOES THE HMB OWE TO LEITH?", "how much does the HMB owe to Leith?"),
        ("what did the crew get when it was updated", "what did the crew get when it was updated"),
        ("Who are the members of Leith?", "Who are the members of Leith?"),
        ("is zoë finn thanked", "is Zoë Finn thanked"),
        ("Who is elspeth gow?", "Who is Elspeth Gow?"),
        ("Who is the treasurer of leith?", "Who is the treasurer of Leith?"),
        ("did the crẃ get ropes", "did the crẃ get ropes"),
        ("did the créw get ropes", "did the crew get ropes"),
        ("who owes ４００ pounds", "who owes 400 pounds"),
        ("Was ist mit leith?", "Was ist mit Leith?"),
        ("leith", "leith"),
    ],
)  # fmt: skip
def test_names_have_the_capitals_and_accents_of_the_documents(bot: Chatbot, typed: str, meant: str) -> None:
    assert bot.retriever.meant_by(Question(typed)) == meant


def test_what_is_not_asked_tells_no_capitals(bot: Chatbot, tmp_path: Path) -> None:
    assert bot.retriever.meant_by(Question("who is elspeth gow", scope=frozenset())) == "who is elspeth gow"


@pytest.mark.parametrize(
    "typed",
    [
        "how much does the hmb owe to leith?",
        "HOW MUCH DOES THE HMB OWE TO LEITH?",
        "Hello, I have a question. How much does the HMB owe to Leith? Thanks!",
        "A colleague asked me: how much does the HMB owe to Leith?",
        "How much does the HMB owe to Lieth?",
    ],
)
def test_an_answer_is_the_same_and_keeps_the_question_as_it_was_typed(bot: Chatbot, typed: str) -> None:
    usual, answer = bot.ask("How much does the HMB owe to Leith?"), bot.ask(typed)
    assert answer.question == typed
    assert (answer.confidence, answer.citations) == (usual.confidence, usual.citations)
    assert answer.unmentioned == usual.unmentioned


def test_what_was_searched_for_is_told_where_it_is_more_than_capitals(bot: Chatbot) -> None:
    assert len(bot.ask("how much does the hmb owe to leith?").searched_for) == 1
    framed = bot.ask("A colleague asked me: How much does the HMB owe to Leith?")
    assert framed.searched_for == (framed.question, "How much does the HMB owe to Leith?")


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ("Could you tell me this: when is it open?", "when is it open?"),
        ("I would like to know something. And in Leith?", "And in Leith?"),
        ("Quick question: is there a café?", "is there a café?"),
        ("My boss wants to know: who pays?", "who pays?"),
        ("When is it open? Please look it up in the documents.", "When is it open?"),
        ("When is it open? Many thanks in advance", "When is it open?"),
        ("opening hours Please look it up", "opening hours"),
        ("Ich habe eine Frage: Wann öffnet die Halle? Danke!", "Wann öffnet die Halle?"),
        ("J’ai une question : quand ouvre la salle ? Merci !", "quand ouvre la salle ?"),
        ("Tengo una pregunta: ¿cuándo abre la sala? Gracias", "¿cuándo abre la sala?"),
    ],
)
def test_what_is_said_around_a_question_is_left_out(typed: str, question: str) -> None:
    assert without_frame(typed) == question


@pytest.mark.parametrize(
    "question",
    [
        "hello",
        "Thanks!",
        "Who are you?",
        "Tell me about the harbour.",
        "Could you tell me when it opens?",
        "My boss wants to know who pays",
        "What does “I have a question: who pays?” mean?",
        "A customer asked for a refund. What do I do?",
        "Question 4: who pays?",
        "How do I say please",
    ],
)
def test_nothing_else_is_left_out(question: str) -> None:
    assert without_frame(question) == question


@given(st.text())
def test_any_question_keeps_something_to_ask(question: str) -> None:
    asked = without_frame(question)
    assert asked in question
    assert bool(asked.strip()) == bool(question.strip())
    assert without_frame(in_one_width(question)) is not None
    assert isinstance(unshouted(question), str)


@given(st.text(alphabet="abc ABC é,.?'I"))
def test_capitals_and_accents_are_all_that_changes(question: str) -> None:
    assert with_capitals(question, written=str.capitalize).lower() == question.lower()
    plain = with_accents(question, stands=str.isascii, is_word=lambda word: False)
    assert plain.isascii()
    assert len(plain) == len(question)
    assert lacks_capitals("what do I do")
