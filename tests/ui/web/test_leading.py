"""Which questions lead on from an answer: near it, new, and answered as they will be asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.domain import Answer, Confidence, Question, Turn
from rag.opening import open_chatbot
from rag.settings import Settings
from ui.web.leading import MOST_NEXT, Leading

TICKET = "How much does a ticket to the pool cost?"
DEPOSIT = "How much does a locker key cost?"
LESSON = "How long does a swimming lesson last?"
BOAT = "How much does a rowing boat cost?"
POOL = (
    "# The pool of the town\n\nThe pool stands behind the school and is looked after by two people.\n\n"
    "A ticket to the pool costs 4 euros for everybody who is older than six.\n\n"
    "A locker key costs 2 euros, which you get back when you leave.\n\n"
    "A swimming lesson lasts 45 minutes, in the small basin.\n\n"
    "The sauna is opened every week by the guard, who heats it with wood.\n\n"
)
HARBOUR = (
    "# The harbour\n\nThe harbour lies at the lake, below the old mill.\n\n"
    "A rowing boat costs 9 euros for an afternoon, with oars and vests.\n\n"
    "The crane was built in 1931 by the fishermen.\n\n"
)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    base: Path = tmp_path_factory.mktemp("town")
    (base / "town").mkdir()
    (base / "town" / "pool.md").write_text(POOL)
    (base / "town" / "harbour.md").write_text(HARBOUR)
    with open_chatbot(Settings(documents=base / "town", home=base / "home"), "test") as opened:
        opened.ingest()
        yield opened


def led(bot: Chatbot, *questions: str, scope: frozenset[str] | None = None) -> tuple[str, ...]:
    turns: list[Turn] = []
    for question in questions:
        turns.append(Turn(question, bot.ask(Question(question, turns=turns, scope=scope))))
    return Leading(bot).on_from(turns, asked=questions, scope=scope)


def test_they_are_of_the_cited_document_and_answered_as_they_will_be_asked(bot: Chatbot) -> None:
    first = bot.ask(TICKET)
    offered = led(bot, TICKET)
    assert 1 <= len(offered) <= MOST_NEXT
    assert len(set(offered)) == len(offered)
    for question in offered:
        answer = bot.ask(Question(question, turns=[Turn(TICKET, first)]))
        assert answer.confidence is Confidence.HIGH
        assert {citation.paragraph.document_id for citation in answer.citations} == {"documents/pool.md"}
        assert not {one.quote for one in answer.citations} & {one.quote for one in first.citations}


def test_what_was_asked_or_told_already_is_not_offered_again(bot: Chatbot) -> None:
    assert DEPOSIT in led(bot, TICKET)
    assert TICKET not in led(bot, "What does a pool ticket cost?")
    after = led(bot, TICKET, DEPOSIT)
    assert not {TICKET, DEPOSIT} & set(after)
    assert not {TICKET, DEPOSIT} & set(led(bot, TICKET, "  how much does a locker key cost "))
    assert LESSON in after


def test_after_none_or_a_doubtful_answer_they_are_of_the_documents_that_were_near(bot: Chatbot) -> None:
    missed = bot.ask("What does the harbour's lighthouse keeper earn?")
    assert missed.confidence is not Confidence.HIGH
    offered = led(bot, missed.question)
    assert offered
    near = {passage.paragraph.document_id for passage in missed.closest}
    for question in offered:
        assert {one.paragraph.document_id for one in bot.ask(question).citations} <= near
    nothing = Turn("Zürich?", Answer(question="Zürich?", abstained=True))
    assert Leading(bot).on_from([nothing], asked=["Zürich?"], scope=None) == ()


def test_where_nothing_was_found_there_are_some_of_what_there_is(bot: Chatbot) -> None:
    missed = bot.ask("Who sells quantum entanglers?")
    assert missed.abstained and not missed.citations
    assert led(bot, missed.question)


def test_they_stay_with_what_was_spoken_of(bot: Chatbot) -> None:
    asked = "Who heats the sauna with wood?"
    assert bot.ask(asked).citations
    assert not {BOAT, TICKET, DEPOSIT} & set(led(bot, asked))


def test_only_documents_that_are_asked_bring_some_and_whoever_goes_on_ends_it(bot: Chatbot) -> None:
    harbour = frozenset({"documents/harbour.md"})
    turn = Turn(TICKET, bot.ask(TICKET))
    assert Leading(bot).on_from([turn], asked=[TICKET], scope=harbour) == ()
    assert led(bot, BOAT, scope=harbour)
    assert Leading(bot).on_from([turn], asked=[TICKET], scope=None, is_over=lambda: True) == ()
    assert Leading(bot).on_from([], asked=[], scope=None) == ()


@pytest.mark.parametrize("number", [-(10**12), 10**12])
def test_a_place_that_a_browser_made_up_leads_nowhere(bot: Chatbot, number: int) -> None:
    answer = bot.ask(TICKET)
    (statement,) = answer.statements
    (citation,) = statement.citations
    made_up = replace(citation, paragraph=replace(citation.paragraph, number=number))
    turn = Turn(TICKET, replace(answer, statements=(replace(statement, citations=(made_up,)),)))
    assert Leading(bot).on_from([turn], asked=[TICKET], scope=None) == ()
