"""A conversation without a model: what readers say, which documents speak of something, more of what was told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.chatbot import Chatbot
from rag.domain import Answer, Confidence, Question, Turn, document_name
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

FILES = {
    "ferry.txt": """The ferry to Holm is cancelled in winter

By Ada Finn | 3 November 2024

The ferry to Holm does not sail between December and March. The engine is 31 years old and has to be mended in Tarn. The council pays 80,000 crowns for it.

A bus takes the children to school by the bridge of Ness.

2 Comments

Per O. says:
November 4, 2024 at 7:10 pm
My mother is 80 and cannot climb into that bus.

Lise says:
November 5, 2024 at 9:02 am
The bridge of Ness is icy in January. Who grits it?
""",
    "fees.md": "---\ntitle: Mooring fees\ndate: 2023-02-01\n---\n# Mooring fees 2023\n\nA berth costs 300 crowns a year. Guests pay 20 crowns a night.\n",
    "fees-2024.md": "---\ntitle: Mooring fees\ndate: 2024-02-01\n---\n# Mooring fees 2024\n\nA berth costs 340 crowns a year. Guests pay 20 crowns a night.\n",
    "minutes.md": "# Minutes, 12 March 2024\n\nThe board decided to raise the price of a berth to 340 crowns, because the pier needs new planks.\n\nThe ferry was not spoken of. The treasurer is Elspeth Gow.\n",
    "mail.eml": "From: Uta Lang <uta@pier.example>\nTo: Per O. <per@pier.example>\nDate: Mon, 01 Sep 2025 09:12:00 +0200\nSubject: Planks\n\nDear Per,\n\nthe planks for the pier arrive on Thursday by lorry.\n\nUta\n",
    "courses.md": "# Courses\n\n| Course | Place | Day | Fee |\n|---|---|---|---|\n| Bookbinding | Leith | Monday | 45 |\n| Drawing | Tarn | Tuesday | 60 |\n| Italian | Leith | Thursday | 80 |\n| Knots | Leith | Friday | 20 |\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    base = tmp_path_factory.mktemp("conversation")
    (base / "documents").mkdir()
    for name, text in FILES.items():
        (base / "documents" / name).write_text(text, encoding="utf-8")
    with open_chatbot(Settings(home=base / "home", documents=base / "documents"), "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


def talk(bot: Chatbot, *questions: str) -> Answer:
    """The answer to the last of the questions, asked one after the other."""
    turns: tuple[Turn, ...] = ()
    for question in questions:
        turns = (*turns, Turn(question, bot.ask(Question(question, turns=turns))))
    return turns[-1].answer


def told(answer: Answer) -> list[str]:
    return [one.text for one in answer.statements]


def sources(answer: Answer) -> list[str]:
    return [document_name(one.paragraph.document_id) for one in answer.citations]


def test_what_readers_say_of_a_topic_is_their_words_under_the_article_on_it(bot: Chatbot) -> None:
    answer = bot.ask("What do readers say about the ferry?")
    assert [one.lead for one in answer.statements] == ["A reader, Per O., writes:", "A reader, Lise, writes:"]
    assert told(bot.ask("do readers mention the bridge of Ness?")) == [
        "The bridge of Ness is icy in January. Who grits it?"
    ]
    behind = talk(bot, "How old is the engine of the ferry?", "and what do readers say about it?")
    assert len(behind.statements) == 2


def test_the_documents_that_speak_of_something_each_say_a_sentence_of_it(bot: Chatbot) -> None:
    answer = bot.ask("Which documents mention the ferry?")
    assert answer.notice == "2 documents mention “the ferry”."
    assert sources(answer) == ["ferry.txt", "minutes.md"]
    assert bot.ask("Which documents mention zeppelins?").abstained


def test_more_is_told_of_what_stands_next_to_the_last_quote_and_nothing_twice(bot: Chatbot) -> None:
    answer = talk(bot, "How old is the engine of the ferry?", "tell me more")
    assert set(sources(answer)) == {"ferry.txt"}
    assert "The council pays 80,000 crowns for it." in told(answer)
    assert not any("31 years" in one for one in told(answer))
    assert talk(bot, "How old is the engine of the ferry?", "tell me more", "what else?").confidence is Confidence.HIGH


def test_it_is_the_document_that_was_quoted_last(bot: Chatbot) -> None:
    assert sources(talk(bot, "How old is the engine of the ferry?", "who wrote it?")) == ["ferry.txt"]
    assert set(sources(talk(bot, "Who is the treasurer?", "summarise it"))) == {"minutes.md"}


def test_two_versions_that_are_compared_are_told_by_what_changed(bot: Chatbot) -> None:
    for question in ("Compare the mooring fees of 2023 and 2024", "What changed between the two versions?"):
        assert told(bot.ask(question)) == ["A berth costs 300 crowns a year.", "A berth costs 340 crowns a year."]


def test_why_asks_for_the_reason_of_what_was_told(bot: Chatbot) -> None:
    answer = talk(bot, "Who decided to raise the price of a berth?", "why?")
    assert "because the pier needs new planks" in answer.text
    assert answer.searched_for[-1].startswith("Why is it that the board decided")


def test_a_whole_question_is_no_follow_up_and_the_other_one_is_another_paragraph(bot: Chatbot) -> None:
    assert talk(bot, "How much is a berth?", "and who is the treasurer?").searched_for == ("and who is the treasurer?",)
    first = bot.ask("What does a berth cost in 2023?")
    other = bot.ask(Question("no, I mean the other one", turns=(Turn("What does a berth cost in 2023?", first),)))
    assert not {one.paragraph.key for one in other.citations} & {first.citations[0].paragraph.key}


def test_what_somebody_wrote_is_told_by_the_bylines(bot: Chatbot) -> None:
    assert sources(bot.ask("What did Ada Finn write?")) == ["ferry.txt"]


def test_what_is_told_of_a_topic_goes_on_from_its_sentence(bot: Chatbot) -> None:
    answer = bot.ask("tell me about the treasurer")
    assert (answer.notice, told(answer)) == ("1 document mentions “the treasurer”.", ["The treasurer is Elspeth Gow."])
    assert set(sources(bot.ask("I'd like to know about the ferry to Holm"))) == {"ferry.txt"}
    assert bot.ask("tell me about zeppelins").abstained


def test_the_first_of_a_list_and_the_older_of_two_are_meant(bot: Chatbot) -> None:
    assert set(sources(talk(bot, "Which documents mention a berth?", "summarise the last one"))) <= set(FILES)
    listed = sources(bot.ask("Which documents mention a berth?"))
    assert set(sources(talk(bot, "Which documents mention a berth?", "summarise the first one"))) == {listed[0]}
    older = talk(bot, "How old is the engine of the ferry?", "which is older, this article or the minutes?")
    assert set(sources(older)) <= {"ferry.txt", "minutes.md"}


def test_who_said_what_somebody_says_already_is_told_by_that(bot: Chatbot) -> None:
    answer = talk(bot, "What did the board decide on the berth?", "who decided that?")
    assert "The board decided" in answer.text


def test_all_rows_with_the_name_that_is_asked_for_are_told(bot: Chatbot) -> None:
    for question in ("Which courses are held in Leith?", "list the courses held in Leith"):
        rows = told(bot.ask(question))
        assert [row.split(" | ")[0].strip("| ") for row in rows] == ["Bookbinding", "Italian", "Knots"]


def test_documents_are_meant_by_their_kind(bot: Chatbot) -> None:
    assert set(sources(bot.ask("summarise the mails"))) == {"mail.eml"}
