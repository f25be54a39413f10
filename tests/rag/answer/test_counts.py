"""Questions for a number that is counted or added up, and for all rows that fit: the rows themselves are the answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.answer.counted import counted, tells_count
from rag.chatbot import Chatbot
from rag.domain import Answer, Confidence
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

KILNS = """Kiln,Maker,Site,Keeper,Firings
K1,Nabertherm,Tarn,Ann Lee,14
K2,Rohde,Tarn,Bo Falk,3
K3,Rohde,Brill,Ann Lee,8
K4,Skutt,Tarn,Cai Mor,11
K5,Skutt,Ulve,Dee Oak,2
"""
LOG = """2025-03-02T04:10:01Z build: checking out 9f1c2ab
2025-03-02T04:11:19Z build: FAILED glaze/tests_colour.py::celadon - AssertionError: 7 != 8
2025-03-02T04:12:03Z build: FAILED glaze/tests_colour.py::tenmoku - AssertionError: 3 != 4
2025-03-02T04:12:40Z build: 2 failed, 318 passed in 81.3 s
2025-03-02T04:12:41Z [pool-1] build: ERROR upload refused
2025-03-02T04:12:59Z build: ERROR disk full
"""
GUIDE = """# The pottery

## Evening classes

The class on Mondays has twelve places.

## Rules of the glaze room

- Nobody eats at the benches.
- Buckets are closed with a lid.
- Sieves are rinsed at once.

## Stock

We keep six wheels in the studio:

- four for right hands
- two for left hands
"""


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    base: Path = tmp_path_factory.mktemp("counts")
    (base / "documents").mkdir()
    for name, text in (("kilns.csv", KILNS), ("build.log", LOG), ("pottery.md", GUIDE)):
        (base / "documents" / name).write_text(text)
    with open_chatbot(Settings(documents=base / "documents", home=base / "home"), "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


def quotes(answer: Answer) -> list[str]:
    return [one.quote for one in answer.citations]


@pytest.mark.parametrize(
    ("question", "kilns"),
    [
        ("How many kilns are there in Tarn?", ["K1", "K2", "K4"]),
        ("How many kilns do we have?", ["K1", "K2", "K3", "K4", "K5"]),
        ("What is the total number of firings of the kilns of Ann Lee?", ["K1", "K3"]),
        ("Which kiln has the most firings?", ["K1", "K2", "K3", "K4", "K5"]),
        ("Which kilns have more than 5 firings?", ["K1", "K2", "K3", "K4", "K5"]),
    ],
)
def test_what_must_be_counted_or_compared_is_all_its_rows_and_no_success(
    bot: Chatbot, question: str, kilns: list[str]
) -> None:
    answer = bot.ask(question)
    assert [quote.partition("\t")[0] for quote in quotes(answer)] == [f"Kiln: {one}" for one in kilns]
    assert answer.confidence is Confidence.LOW
    assert answer.notice is not None and "nothing was counted" in answer.notice
    assert not answer.unmentioned


def test_which_ones_are_all_rows_that_tell_it(bot: Chatbot) -> None:
    answer = bot.ask("Which kilns are kept in Tarn?")
    assert [quote.partition("\t")[0] for quote in quotes(answer)] == ["Kiln: K1", "Kiln: K2", "Kiln: K4"]
    assert "nothing was counted" not in (answer.notice or "")


def test_a_cell_that_holds_the_number_answers(bot: Chatbot) -> None:
    answer = bot.ask("How many firings has the kiln of Cai Mor had?")
    assert quotes(answer) == ["Kiln: K4\tMaker: Skutt\tSite: Tarn\tKeeper: Cai Mor\tFirings: 11"]


def test_of_a_log_the_entry_that_counts_is_quoted_and_else_all_that_would_be_counted(bot: Chatbot) -> None:
    assert "2 failed, 318 passed" in bot.ask("How many tests failed in the build?").text
    answer = bot.ask("How many errors are in the build log?")
    assert [quote.rpartition("build: ")[2] for quote in quotes(answer)] == ["ERROR upload refused", "ERROR disk full"]
    assert answer.confidence is Confidence.LOW


def test_a_number_of_something_else_is_no_success(bot: Chatbot) -> None:
    assert bot.ask("How many evening classes are there?").confidence is not Confidence.HIGH


def test_items_that_would_be_counted_are_the_whole_list_under_the_number_if_that_is_told(bot: Chatbot) -> None:
    answer = bot.ask("How many rules are there for the glaze room?")
    assert len(answer.statements) == 3 and answer.confidence is Confidence.LOW
    assert quotes(bot.ask("How many wheels are there in the studio?"))[0] == "We keep six wheels in the studio:"


@pytest.mark.parametrize(
    ("sentence", "tells"),
    [
        ("The school has 400 pupils and 12 classes.", True),
        ("The class has twelve places.", False),
        ("Classes begin on Saturday 20 September, 1pm.", False),
        ("There are no classes in August.", True),
        ("It was founded on 3 May 1911.", False),
        ("Some 30 were held last year.", True),
        ("A fourth class was added.", True),
    ],
)
def test_a_sentence_tells_a_count_if_it_has_a_number_that_may_be_one(sentence: str, tells: bool) -> None:
    assert counted("How many classes are there?") == {"class"}
    assert tells_count("How many classes are there?", sentence) is tells


@pytest.mark.parametrize(
    ("question", "sentence", "tells"),
    [
        ("How many tonnes of food are there?", "The convoy came after 13 days.", False),
        ("How many people live there?", "The walk takes 20 minutes.", False),
        ("How many people live there?", "It has 1,200 inhabitants.", True),
        ("How many weeks of leave do I get?", "You get 27 days.", True),
        ("How many litres does it hold?", "It holds 20 gallons.", True),
        ("How many litres does it hold?", "It runs for 20 minutes.", False),
    ],
)
def test_a_measure_of_something_else_is_no_count(question: str, sentence: str, tells: bool) -> None:
    assert tells_count(question, sentence) is tells
