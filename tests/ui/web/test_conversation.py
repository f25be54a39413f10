"""What a browser keeps: it comes back as it went, and whatever else comes is no harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rag.chatbot import Chatbot
from rag.domain import Answer, Statement, Verdict
from rag.opening import open_chatbot
from rag.settings import Settings
from ui.web.conversation import Conversation, Exchange, State, conversation_from, new_conversation, trimmed

SEEDS = Path(__file__).parents[3] / "seeds"
FOLDER = "0123456789ab"
QUESTIONS = (
    "How long was West Aleppo under siege?",
    "Is most of the city of Homs destroyed, and was the university working normally in 2014?",
    "Who won the World Cup in Brazil?",
    "hello",
    "Summarise the second article",
)

LETTERS = st.characters(exclude_categories=["Cs"])


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    with open_chatbot(Settings(documents=SEEDS, home=tmp_path_factory.mktemp("home")), "test") as opened:
        opened.ingest()
        yield opened


@pytest.fixture(scope="module")
def answers(bot: Chatbot) -> list[Answer]:
    return [bot.ask(question) for question in QUESTIONS]


@pytest.fixture(scope="module")
def talk(answers: list[Answer]) -> Conversation:
    conversation = new_conversation(FOLDER)
    for answer in answers:
        conversation = conversation.asking(answer.question).answered(answer)
    return conversation


def strictly(text: str) -> Any:
    """JSON as browsers read it."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


# --- there and back


@pytest.mark.slow
def test_a_conversation_comes_back_as_it_went(talk: Conversation) -> None:
    back = conversation_from(talk.text(), FOLDER)
    assert back.text() == talk.text()
    assert conversation_from(talk.json(), FOLDER) == back == conversation_from(back.text(), FOLDER)
    assert [len(one.passages) for one in map(read, back.exchanges)] == [
        len(one.passages) for one in map(read, talk.exchanges)
    ]


def test_an_answer_that_was_given_is_held_as_it_is(answers: list[Answer]) -> None:
    """No JSON is made of it, and read again, until the conversation goes to the browser."""
    for answer in answers:
        assert read(new_conversation(FOLDER).asking(answer.question).answered(answer).exchanges[-1]) is answer


def read(exchange: Exchange) -> Answer:
    assert exchange.answer is not None
    return exchange.answer


def test_its_answers_are_read_back_with_every_citation(talk: Conversation, answers: list[Answer]) -> None:
    read = [exchange.answer for exchange in conversation_from(talk.text(), FOLDER).exchanges]
    assert [trimmed(answer) for answer in read if answer is not None] == [trimmed(answer) for answer in answers]
    assert sum(len(answer.citations) for answer in read if answer is not None) > 3


ANSWERS = st.builds(
    Answer,
    question=st.text(LETTERS, max_size=40),
    statements=st.lists(
        st.builds(
            Statement,
            text=st.text(LETTERS, max_size=40),
            citations=st.just(()),
            verdict=st.sampled_from(Verdict),
            reason=st.none() | st.text(LETTERS, max_size=20),
        ),
        max_size=3,
    ).map(tuple),
    notice=st.none() | st.text(LETTERS, max_size=20),
    complete=st.booleans(),
)
EXCHANGES = st.builds(
    Exchange,
    question=st.text(LETTERS, max_size=40),
    asked=st.text(LETTERS, max_size=20),
    state=st.sampled_from(State),
    answer=st.none() | ANSWERS,
    problem=st.none() | st.text(LETTERS, min_size=1, max_size=20),
)
CONVERSATIONS = st.builds(
    Conversation,
    id=st.text(LETTERS, max_size=64),
    folder=st.just(FOLDER),
    title=st.text(LETTERS, max_size=200),
    scope=st.none() | st.lists(st.text(LETTERS, max_size=20), max_size=4).map(tuple),
    exchanges=st.lists(EXCHANGES, max_size=4).map(tuple),
)


@given(CONVERSATIONS)
def test_any_conversation_comes_back_as_it_went(conversation: Conversation) -> None:
    assert conversation_from(conversation.text(), FOLDER) == conversation
    assert strictly(conversation.text()) == conversation.json()
    assert "\n" not in conversation.text()


def test_what_is_kept_holds_no_text_of_a_passage(talk: Conversation, answers: list[Answer]) -> None:
    kept = strictly(talk.text())
    passages = [
        passage
        for exchange in kept["exchanges"]
        for name in ("passages", "closest")
        for passage in exchange["answer"][name]
    ]
    assert len(passages) == sum(len(answer.passages) + len(answer.closest) for answer in answers) > 20
    assert {passage["text"] for passage in passages} == {""}
    assert all(passage["document"] and passage["paragraph"] for passage in passages)
    for answer in answers:
        assert {**answer.json(), "passages": 0, "closest": 0} == {**trimmed(answer), "passages": 0, "closest": 0}


def test_to_keep_an_answer_small_takes_nothing_from_the_answer_itself(answers: list[Answer]) -> None:
    before = [json.dumps(answer.json()) for answer in answers]
    for answer in answers:
        trimmed(answer)
    assert [json.dumps(answer.json()) for answer in answers] == before
    assert any(passage.paragraph.text for answer in answers for passage in answer.passages)


def test_a_conversation_of_another_folder_is_not_taken(talk: Conversation) -> None:
    for folder in ("ba9876543210", "", FOLDER.upper(), f"{FOLDER} "):
        other = conversation_from(talk.text(), folder)
        assert (other.folder, other.exchanges, other.title) == (folder, (), "")
        assert other.id != talk.id


def test_every_new_conversation_has_an_id_of_its_own() -> None:
    made = [new_conversation(FOLDER, ["documents/a.md"]) for _ in range(100)]
    assert len({one.id for one in made}) == 100
    assert {(one.folder, one.scope, one.exchanges) for one in made} == {(FOLDER, ("documents/a.md",), ())}


def test_no_documents_chosen_is_not_all_documents() -> None:
    assert conversation_from(new_conversation(FOLDER, []).text(), FOLDER).scope == ()
    assert conversation_from(new_conversation(FOLDER).text(), FOLDER).scope is None


# --- whatever comes


NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, float("inf"), float("nan")])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)
NEARLY_CITATIONS = st.fixed_dictionaries(
    {
        "mark": st.just(1) | ANYTHING,
        "start": st.just(0) | ANYTHING,
        "end": st.just(3) | ANYTHING,
        "quote": st.just("abc") | ANYTHING,
        "document": st.just("documents/a.md") | ANYTHING,
        "paragraph": st.just(1) | ANYTHING,
        "role": st.just("body") | ANYTHING,
    },
    optional=dict.fromkeys(
        ("bold", "also", "title", "date", "page", "heading", "speaker", "time", "revision"), ANYTHING
    ),
)
NEARLY_ANSWERS = st.fixed_dictionaries(
    {"question": st.just("Why?") | ANYTHING},
    optional={
        "statements": ANYTHING
        | st.lists(
            st.fixed_dictionaries(
                {
                    "text": st.just("Because.") | ANYTHING,
                    "verdict": st.just("verified") | ANYTHING,
                    "citations": st.lists(NEARLY_CITATIONS, max_size=2) | ANYTHING,
                }
            ),
            max_size=2,
        ),
        **dict.fromkeys(("passages", "closest", "gate", "seconds", "usage", "notice", "abstained"), ANYTHING),
    },
)
NEARLY_EXCHANGES = st.fixed_dictionaries(
    {"question": st.just("Why?") | ANYTHING, "state": st.sampled_from(["done", "running", "stopped"]) | ANYTHING},
    optional={"answer": NEARLY_ANSWERS | ANYTHING, "asked": ANYTHING, "problem": ANYTHING},
)
NEARLY_CONVERSATIONS = st.fixed_dictionaries(
    {"folder": st.just(FOLDER), "id": st.just("0a") | ANYTHING},
    optional={
        "title": ANYTHING,
        "scope": ANYTHING,
        "version": ANYTHING,
        "exchanges": st.lists(NEARLY_EXCHANGES, max_size=3) | ANYTHING,
    },
)


def assert_a_conversation(came: object) -> Conversation:
    conversation = conversation_from(came, FOLDER)
    assert isinstance(conversation, Conversation)
    assert conversation.folder == FOLDER
    assert len(conversation.id) <= 64
    assert len(conversation.title) <= 200
    for exchange in conversation.exchanges:
        answer = exchange.answer
        assert answer is None or isinstance(answer, Answer)
    assert all(isinstance(turn.question, str) for turn in conversation.turns)
    interrupted = conversation.interrupted()
    assert not interrupted.exchanges or interrupted.exchanges[-1].state is not State.RUNNING
    assert conversation.asking("And now?").failed("No.").exchanges[-1].problem == "No."
    assert conversation_from(conversation.text(), FOLDER).text() == conversation.text()
    return conversation


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NEARLY_CONVERSATIONS)
def test_what_is_nearly_a_conversation_does_no_harm(came: dict[str, Any]) -> None:
    assert_a_conversation(came)
    assert_a_conversation(json.dumps(came))


@given(ANYTHING | st.binary() | st.sampled_from([object(), ..., 1j, b"{}", set(), Exception]))
def test_anything_at_all_is_an_empty_conversation_at_least(came: object) -> None:
    assert_a_conversation(came)


@given(st.text())
@example("")
@example("null")
@example("[" * 100_000)
@example('{"folder":' * 100_000)
@example('{"folder": "' + FOLDER + '", "id": ' + "9" * 5_000 + "}")
@example('{"folder": "' + FOLDER + '", "id": "a", "exchanges": ' + "[" * 990 + "]" * 990 + "}")
def test_any_text_is_an_empty_conversation_at_least(came: str) -> None:
    assert_a_conversation(came)


def test_half_a_letter_does_not_keep_a_conversation_from_being_sent() -> None:
    kept = {"folder": FOLDER, "id": "a", "title": "\ud800", "exchanges": [{"question": "\udfff?", "state": "done"}]}
    assert assert_a_conversation(json.dumps(kept)).text().encode()
    assert new_conversation(FOLDER).asking("Why \ud83d?").text().encode()


# --- states


def test_a_question_being_answered_is_running_and_its_answer_grows(bot: Chatbot) -> None:
    conversation = new_conversation(FOLDER).asking(QUESTIONS[0])
    assert (conversation.exchanges[-1].state, conversation.exchanges[-1].answer) == (State.RUNNING, None)
    counts = []
    for snapshot in bot.stream(QUESTIONS[0]):
        conversation = conversation.answered(snapshot)
        assert conversation.exchanges[-1].state is (State.DONE if snapshot.complete else State.RUNNING)
        read = conversation.exchanges[-1].answer
        assert read is not None
        counts.append(len(read.statements))
    assert counts == sorted(counts)
    assert len(conversation.exchanges) == 1
    assert conversation.exchanges[-1].state is State.DONE


def test_what_was_under_way_is_stopped_and_keeps_what_there_was(bot: Chatbot) -> None:
    *_, partial, _ = bot.stream(QUESTIONS[0])
    running = new_conversation(FOLDER).asking(QUESTIONS[0]).answered(partial)
    stopped = conversation_from(running.text(), FOLDER).interrupted()
    assert stopped.exchanges[-1].state is State.STOPPED
    assert trimmed(read(stopped.exchanges[-1])) == trimmed(read(running.exchanges[-1]))
    assert stopped.interrupted() == stopped


def test_what_is_done_or_failed_is_not_stopped(talk: Conversation) -> None:
    assert talk.interrupted() == talk
    failed = talk.asking("Why?").failed("The index is damaged.")
    assert failed.interrupted() == failed
    assert new_conversation(FOLDER).interrupted().exchanges == ()


def test_a_failed_question_keeps_its_reason_and_the_others_their_answers(talk: Conversation) -> None:
    failed = conversation_from(talk.asking("Why?").failed("The index is damaged.").text(), FOLDER)
    assert (failed.exchanges[-1].state, failed.exchanges[-1].problem) == (State.FAILED, "The index is damaged.")
    assert [one.json() for one in failed.exchanges[:-1]] == [one.json() for one in talk.exchanges]


def test_only_answered_questions_are_earlier_turns(talk: Conversation, bot: Chatbot) -> None:
    *_, partial, _ = bot.stream(QUESTIONS[0])
    longer = talk.asking("Why?").failed("No.").asking("When?").answered(partial).interrupted().asking("Where?")
    assert [turn.question for turn in longer.turns] == list(QUESTIONS)
    assert [turn.answer.question for turn in longer.turns] == list(QUESTIONS)


@pytest.mark.parametrize("turn", [-1, 0, 1, 2, 3, 99])
def test_a_conversation_goes_back_before_a_turn_or_loses_one(talk: Conversation, turn: int) -> None:
    longer = talk.asking("Why?").failed("No.")
    questions = [one.question for one in longer.exchanges]
    there = 1 <= turn <= len(questions)
    assert [one.question for one in longer.before(turn).exchanges] == questions[: turn - 1 if there else None]
    assert [one.question for one in longer.without(turn).exchanges] == [
        one for number, one in enumerate(questions, start=1) if number != turn
    ]


def test_a_conversation_is_never_changed_in_place(talk: Conversation) -> None:
    before = talk.text()
    talk.asking("Why?").failed("No.").interrupted()
    assert talk.text() == before


# --- titles


def test_the_first_question_is_the_title_and_stays_it() -> None:
    conversation = new_conversation(FOLDER).asking("  Who  is\nMr. Smith? ").failed("No.").asking("And Mrs. Smith?")
    assert conversation.title == "Who is Mr. Smith?"


@given(st.text(LETTERS).filter(str.strip))
def test_a_title_is_one_short_line_of_the_question(question: str) -> None:
    title = new_conversation(FOLDER).asking(question).title
    line = " ".join(question.split())
    assert 0 < len(title) <= 70
    assert len(title.splitlines()) == 1
    assert title == line or (len(line) > 70 and title.endswith("…") and line.startswith(title[:-1]))


def test_a_long_question_is_cut_between_words() -> None:
    question = "Which of the many houses along the river were still standing when the long winter had come to its end?"
    title = new_conversation(FOLDER).asking(question).title
    assert question.startswith(f"{title[:-1]} ")
    assert title.endswith("…")
    assert 50 < len(title) <= 70


@pytest.mark.parametrize("end", ["interrupted", "failed"])
def test_what_was_not_checked_when_an_answer_ended_is_marked(end: str) -> None:
    pending = Statement(text="It cost 500 million dollars.", citations=(), verdict=Verdict.PENDING)
    talk = new_conversation("f").asking("Why?").answered(Answer(question="Why?", statements=(pending,), complete=False))
    ended = talk.interrupted() if end == "interrupted" else talk.failed("The server is gone.")
    answer = ended.exchanges[-1].answer
    assert answer is not None
    (statement,) = answer.statements
    assert statement.verdict is Verdict.UNSUPPORTED
    assert statement.reason == "the answer ended before this was checked"
