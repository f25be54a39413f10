"""Three outcomes: answered, what may answer, not found – and never the look of an answer under a guess."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.answer.gate import read_gate
from rag.answer.outcomes import MAY_ANSWER, ONE_MAY_ANSWER
from rag.answer_json import answer_from
from rag.chatbot import Chatbot
from rag.documents.context import context_of
from rag.domain import Confidence, Question
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.search.cross_encoder import PassageText, Reader
from rag.settings import Settings
from tests.conftest import ModelServer

GARDEN = """# The garden

The apple trees are watered on Tuesdays by Tilda Marsh. The hedge is cut in March.

## Machines

Pump KR-310-A lifts water from the well. It weighs 41 kg.

Pump KR-310-B empties the pond in winter.

## Visitors

The gate is open from nine to five. Dogs are welcome on a lead.
"""


def opened(home: Path, embedder: MiniLM, **given: object) -> Chatbot:
    settings = Settings(documents=home / "documents", home=home / "home", answer_seconds=0.0)
    return open_chatbot(settings, "test", embedder=embedder, **given)  # type: ignore[arg-type]


def holding(home: Path, name: str, text: str) -> Path:
    """With a folder of one document."""
    (home / "documents").mkdir()
    (home / "documents" / name).write_text(text, encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return holding(tmp_path_factory.mktemp("outcomes"), "garden.md", GARDEN)


@pytest.fixture(scope="module")
def bot(home: Path, embedder: MiniLM) -> Iterator[Chatbot]:
    with opened(home, embedder) as bot:
        bot.ingest()
        yield bot


def test_a_likely_answer_is_given_as_one(bot: Chatbot) -> None:
    answer = bot.ask("Who waters the apple trees?")
    assert answer.confidence is Confidence.HIGH
    assert "Tilda Marsh" in answer.text
    assert answer.unmentioned == ()
    assert (answer.notice, answer.closest) == (None, ())


@pytest.mark.parametrize("question", ["Who waters the quince trees?", "Did Leopold cut the hedge in March?"])
def test_a_sibling_of_what_is_there_is_shown_under_a_note_and_not_as_the_answer(bot: Chatbot, question: str) -> None:
    answer = bot.ask(question)
    assert answer.confidence is not Confidence.HIGH
    assert {"quince", "leopold"} & {word.casefold() for word in (*answer.unmentioned, *answer.missing_terms)}
    if answer.confidence is Confidence.LOW:
        assert answer.notice == MAY_ANSWER
        assert len(answer.statements) == 1
        cited = answer.citations[0].paragraph.key
        assert answer.closest and cited not in {passage.paragraph.key for passage in answer.closest}


KEYS = """# Keys

## The hall

The key of the hall hangs behind the bar and goes back there at night.

## The boathouse

Whoever takes the boathouse key signs for it in the red book.

## The chapel

The verger opens the chapel at eight; ask him for anything you need inside.

## Lost property

What is found is kept for a month in the porter's lodge.
"""


@pytest.mark.parametrize("question", ["Whom do I ask for a key?", "Do I have to write my name down?", "who opens up"])
def test_what_may_answer_comes_with_what_is_nearly_as_likely_from_other_paragraphs(
    tmp_path: Path, embedder: MiniLM, question: str
) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "keys.md").write_text(KEYS, encoding="utf-8")
    with opened(tmp_path, embedder) as bot:
        bot.ingest()
        answer, evidence = bot.ask(question), bot.gathering.gather(Question(question))
    assert answer.confidence is Confidence.LOW
    assert answer.notice == (MAY_ANSWER if len(answer.statements) == 1 else ONE_MAY_ANSWER)
    cited = [citation.paragraph.key for citation in answer.citations]
    assert [citation.mark for citation in answer.citations] == list(range(1, len(cited) + 1))
    share_of = {one.passage.paragraph.key: one.share for one in reversed(evidence.candidates)}
    assert cited == sorted(share_of, key=lambda key: -share_of[key])[: len(cited)], "the likeliest first, each once"
    assert all(share_of[key] >= share_of[cited[0]] / 10 for key in cited)
    assert len(cited) <= 3
    assert all(len(one.text.split()) <= 60 for one in answer.statements)
    assert not set(cited) & {passage.paragraph.key for passage in answer.closest}


def test_where_several_may_answer_they_are_shown(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "keys.md").write_text(KEYS, encoding="utf-8")
    with opened(tmp_path, embedder) as bot:
        bot.ingest()
        answer = bot.ask("How do I get into a building?")
    assert [one.text.split()[:2] for one in answer.statements][:2] == [["The", "verger"], ["The", "key"]]


def test_an_identifier_that_stands_nowhere_is_not_found_however_alike_others_are(bot: Chatbot) -> None:
    answer = bot.ask("What does pump KR-310-C do?")
    assert (answer.confidence, answer.statements) == (Confidence.NONE, ())
    assert answer.unmentioned == ("KR-310-C",)
    assert answer.closest


def test_what_the_documents_do_not_speak_of_is_not_found(bot: Chatbot) -> None:
    answer = bot.ask("What is the capital of Norway?")
    assert answer.abstained
    assert answer.confidence is Confidence.NONE


def test_the_outcome_is_part_of_the_json_and_comes_back_from_it(bot: Chatbot) -> None:
    for question in ("Who waters the apple trees?", "Who waters the quince trees?", "What is the capital of Norway?"):
        answer = bot.ask(question)
        described = answer.json()
        assert described["confidence"] == answer.confidence.value
        assert described["abstained"] == (answer.confidence is Confidence.NONE)
        assert answer_from(described).confidence is answer.confidence
        assert answer_from(described).unmentioned == answer.unmentioned


def test_a_paragraph_that_is_left_out_is_not_read_beside_its_neighbours_either(
    tmp_path: Path, embedder: MiniLM
) -> None:
    (tmp_path / "documents").mkdir()
    kept, left_out = "The ferry crosses the river every hour.", "The ferryman is called Oswin and lives by the mill."
    (tmp_path / "documents" / "ferry.txt").write_text(f"The ferry\n\n{kept}\n\n{left_out}\n", encoding="utf-8")
    question = "What is the name of the ferryman?"
    with opened(tmp_path, embedder) as bot:
        bot.ingest()
        found = {passage.paragraph.text: passage.paragraph for passage in bot.search(question).passages}
        (readings,) = bot.search(Question(question, without=frozenset({found[left_out].key}))).readings
    context = context_of("The ferry", found[kept])
    (alone,) = Reader().read(question, [PassageText(text=kept, context=context)])
    (beside,) = Reader().read(question, [PassageText(text=kept, context=context, after=left_out)])
    assert alone is not None and beside is not None
    assert readings[found[kept].key].relevance == alone.relevance != beside.relevance


def test_from_the_floor_up_to_the_threshold_the_best_sentence_is_shown(
    home: Path, bot: Chatbot, embedder: MiniLM
) -> None:
    question = "Who waters the apple trees?"
    score = bot.gathering.certainty(bot.gathering.gather(Question(question)))
    shipped = read_gate(home / "none.json")
    outcomes = {
        Confidence.HIGH: (score - 0.01, 0.0),
        Confidence.LOW: (score + 0.01, score - 0.01),
        Confidence.NONE: (1.0, score + 0.01),
    }
    bot.close()
    for expected, (threshold, floor) in outcomes.items():
        with opened(home, embedder, gate=replace(shipped, threshold=threshold, floor=floor)) as other:
            assert other.ask(question).confidence is expected


def test_a_model_is_asked_whatever_the_gate_would_have_quoted(
    home: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    shut = replace(read_gate(home / "none.json"), threshold=1.0, floor=1.0)
    replies = {"apple trees": "The apple trees are watered on Tuesdays by Tilda Marsh. [P1]", "Statements:": "A: none"}
    with model_server(replies) as url:
        from rag.servers.chat_model import ChatModel

        with opened(home, embedder, gate=shut, llm=ChatModel("gpt-test", "sk-test", url)) as asked:
            answer = asked.ask("Who waters the apple trees?")
    assert answer.mode == "generative"
    assert "Tilda Marsh" in answer.text


CHAT = """12/03/2024, 09:15 - Maria Lopez: Morning all, bring boots and a torch to the trip.
12/03/2024, 09:16 - Jonas: Will do
12/03/2024, 09:17 - Maria Lopez: Great, keys are with Petra
12/03/2024, 09:18 - Petra: The van has a flat tyre though
12/03/2024, 09:25 - Maria Lopez: Budget for the tyre is 120 euros, not more
13/03/2024, 18:02 - Petra: Tyre done. Paid 95 euros at Autohaus Kern.
13/03/2024, 18:12 - Jonas: Who brings the first aid kit?
13/03/2024, 18:14 - Petra: Me
13/03/2024, 18:20 - Jonas: Who brings the lantern?
"""


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    with opened(holding(tmp_path_factory.mktemp("chat"), "trek.txt", CHAT), embedder) as bot:
        bot.ingest()
        yield bot


def test_a_question_that_is_heard_comes_with_what_the_next_one_says_and_never_as_sure(chat: Chatbot) -> None:
    answer = chat.ask("Who brings the first aid kit?")
    assert answer.confidence is Confidence.LOW
    assert [(one.lead, one.text) for one in answer.statements] == [
        ("Jonas, 13/03/2024, 18:12:", "Who brings the first aid kit?"),
        ("Petra, 13/03/2024, 18:14:", "Me"),
    ]


def test_a_question_that_nobody_answers_is_no_sure_answer(chat: Chatbot) -> None:
    answer = chat.ask("Who brings the lantern?")
    assert answer.confidence is Confidence.LOW
    assert [one.text for one in answer.statements] == ["Who brings the lantern?"]


def test_what_somebody_asks_is_answered_by_the_question(chat: Chatbot) -> None:
    answer = chat.ask("What did Jonas ask about the lantern?")
    assert answer.statements[0].text == "Who brings the lantern?"
    assert len(answer.statements) == 1 or "Petra" not in str(answer.statements[1].lead)


def test_an_identifier_that_stands_elsewhere_is_told_and_refuses_nothing(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "documents").mkdir()
    others = "".join(f"The door of room {number} is painted in green, and nobody uses it.\n\n" for number in range(40))
    texts = {
        "tanks.md": "# Tanks\n\nNever run lye into a tank that holds carbon dioxide: a vacuum forms.\n",
        "checks.md": f"# Checks\n\n{others}The CO2 alarm is tested in May.\n",
    }
    for name, text in texts.items():
        (tmp_path / "documents" / name).write_text(text, encoding="utf-8")
    with opened(tmp_path, embedder) as bot:
        bot.ingest()
        answer = bot.ask("Why is no lye run into a tank that holds CO2?")
        strange = bot.ask("Why is no lye run into a tank that holds XQ9?")
    assert "Never run lye" in answer.text
    assert strange.abstained
    assert strange.unmentioned == ("XQ9",)
