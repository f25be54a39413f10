"""The product over its own seeds: right, cited, refused, introduced, the same every time."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.domain import Answer, Question, Role, Turn, Verdict
from rag.errors import QuestionError, ScopeError
from rag.llamaindex import CitedQueryEngine, CitedRetriever
from rag.opening import open_chatbot
from rag.settings import Settings

FIRST, SECOND = "000_8ce4b84d20215b01.txt", "003_92a89446f71c2985.txt"
SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    with open_chatbot(Settings(documents=SEEDS, home=tmp_path_factory.mktemp("home")), "test") as opened:
        opened.ingest()
        yield opened


@pytest.mark.parametrize(
    ("question", "words", "document"),
    [
        ("How long was West Aleppo under siege?", "13 days", FIRST),
        ("What was the population of Aleppo before the war?", "4 million", FIRST),
        ("Which newspaper reports that the army wants to open the road?", "al-Safir", FIRST),
        ("How many people were killed on Oct. 18?", "around 60 people", SECOND),
        ("Who is Qassem Soleimani?", "Quds Force", SECOND),
        ("When did the Russian airstrikes start?", "Sept. 30", SECOND),
        ("Where is Kweires air base?", "east of Aleppo", SECOND),
        ("What did Dmitry Medvedev say about Moscow’s air war?", "national interests", SECOND),
        ("how many civilians were killed in northern homs", "17 civilians", SECOND),
    ],
)
def test_questions_about_the_seeds_are_answered_and_cited(
    bot: Chatbot, question: str, words: str, document: str
) -> None:
    answer = bot.ask(question)
    assert not answer.abstained
    assert words in answer.text.replace("\u00a0", " ")
    assert answer.citations[0].paragraph.document_id == f"documents/{document}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        "Who won the World Cup in 2014?",
        "What does a kilo of flour cost in Berlin?",
        "How do I reset my router?",
        "Was kostet ein Brot?",
    ],
)
def test_what_the_documents_do_not_say_is_refused_with_the_closest_passages(bot: Chatbot, question: str) -> None:
    answer = bot.ask(question)
    assert answer.abstained
    assert not answer.citations
    assert answer.notice
    assert len(answer.closest) <= 3


def test_the_words_that_were_never_found_are_named(bot: Chatbot) -> None:
    assert bot.ask("Who won the World Cup in Brazil?").missing_terms == ("World", "Cup", "Brazil")


def test_every_citation_is_a_slice_of_the_file_itself(bot: Chatbot) -> None:
    texts = {f"documents/{path.name}": path.read_text(encoding="utf-8") for path in SEEDS.iterdir()}
    questions = [
        "Who is Qassem Soleimani?",
        "Is Homs destroyed?",
        "When did the Russian airstrikes start?",
        "Who wrote the first article?",
        "Summarise the articles",
    ]
    citations = [citation for question in questions for citation in bot.ask(question).citations]
    assert len(citations) >= 4
    for citation in citations:
        assert citation.quote == texts[citation.paragraph.document_id][citation.start : citation.end]


def test_a_readers_words_are_introduced_as_a_readers(bot: Chatbot) -> None:
    answer = bot.ask("Is most of the city of Homs destroyed, and was the university working normally in 2014?")
    leads = [s.lead for s in answer.statements if s.citations[0].paragraph.role is Role.COMMENT]
    assert "A reader, Michael, writes:" in leads


def test_every_statement_is_verified_or_marked(bot: Chatbot) -> None:
    for statement in bot.ask("What did the army do in Shaikh Ahmad?").statements:
        assert statement.verdict is Verdict.VERIFIED or statement.reason


def test_the_same_question_gives_the_same_answer_to_the_byte(bot: Chatbot) -> None:
    def told() -> str:
        answer = bot.ask("Who backs the Syrian army?").json()
        return json.dumps({key: value for key, value in answer.items() if key != "seconds"}, sort_keys=True)

    first = told()
    bot.ask("What about Hezbollah in Dahiyeh and Beirut?")
    assert told() == first


def test_snapshots_only_ever_grow(bot: Chatbot) -> None:
    snapshots = list(bot.stream("When did the Russian airstrikes start?"))
    assert [snapshot.complete for snapshot in snapshots] == [False] * (len(snapshots) - 1) + [True]
    for earlier, later in pairwise(snapshots):
        assert later.statements[: len(earlier.statements)] == earlier.statements


def test_a_follow_up_carries_the_rare_words_of_the_question_before(bot: Chatbot) -> None:
    question = "Who is Qassem Soleimani?"
    turns = [Turn(question, bot.ask(question))]
    answer = bot.ask(Question("And what is his role in Iraq?", turns=turns))
    assert answer.searched_for == ("And what is his role in Iraq?", "And what is Qassem Soleimani’s role in Iraq?")
    assert "Soleimani" in answer.citations[0].paragraph.text


def test_a_question_that_stands_alone_carries_nothing_over(bot: Chatbot) -> None:
    turns = [Turn("Who is Qassem Soleimani?", Answer(question="Who is Qassem Soleimani?"))]
    assert bot.ask(Question("What was the population of Aleppo before the war?", turns=turns)).searched_for == (
        "What was the population of Aleppo before the war?",
    )


@pytest.mark.parametrize("question", ["hello", "Which documents do you have?", "what can you do?"])
def test_questions_about_the_collection_name_both_documents(bot: Chatbot, question: str) -> None:
    answer = bot.ask(question)
    assert not answer.abstained
    assert answer.notice is not None
    assert FIRST in answer.notice
    assert SECOND in answer.notice


def test_a_summary_quotes_the_telling_sentences_of_the_document_meant(bot: Chatbot) -> None:
    answer = bot.ask("Summarise the second article")
    assert {citation.paragraph.document_id for citation in answer.citations} == {f"documents/{SECOND}"}
    assert answer.statements[0].text.startswith("After several false starts")
    assert all(statement.verdict is Verdict.VERIFIED for statement in answer.statements)


def test_what_this_is_about_is_answered_from_every_document(bot: Chatbot) -> None:
    assert {c.paragraph.document_id for c in bot.ask("What is this about?").citations} == {
        f"documents/{FIRST}",
        f"documents/{SECOND}",
    }


def test_scope_keeps_the_other_documents_out(bot: Chatbot) -> None:
    scope = bot.resolve_scope([SECOND])
    answer = bot.ask(Question("How long was West Aleppo under siege?", scope=scope))
    assert {p.paragraph.document_id for p in answer.passages} == {f"documents/{SECOND}"}


def test_a_paragraph_left_out_is_not_found(bot: Chatbot) -> None:
    first = bot.ask("How long was West Aleppo under siege?").citations[0].paragraph.key
    answer = bot.ask(Question("How long was West Aleppo under siege?", without=frozenset({first})))
    assert first not in {passage.paragraph.key for passage in answer.passages}


def test_a_text_that_stands_twice_is_one_passage(bot: Chatbot) -> None:
    passages = bot.search("rubble of building and destroyed vehicles after an airstrike in Al-Bab", limit=20).passages
    captions = [passage for passage in passages if passage.paragraph.role is Role.CAPTION]
    assert [passage.paragraph.number for passage in captions] == [8]


@pytest.mark.parametrize("question", ["", "   \n", "\0"])
def test_an_empty_question_is_refused(bot: Chatbot, question: str) -> None:
    with pytest.raises(QuestionError, match="empty"):
        bot.ask(question)


def test_an_over_long_question_is_refused_with_its_length(bot: Chatbot) -> None:
    with pytest.raises(QuestionError, match="100,000"):
        bot.ask("x" * 100_000)


def test_an_unknown_document_is_refused_by_name(bot: Chatbot) -> None:
    with pytest.raises(ScopeError, match="handbook"):
        bot.resolve_scope(["handbook.md"])


def test_it_is_a_llamaindex_retriever_and_query_engine_too(bot: Chatbot) -> None:
    nodes = CitedRetriever(bot).retrieve("How long was West Aleppo under siege?")
    assert nodes[0].node.metadata["document"] == f"documents/{FIRST}"
    response = CitedQueryEngine(bot).query("How long was West Aleppo under siege?")
    assert "13 days" in str(response)
    assert response.metadata is not None
    assert response.metadata["answer"]["statements"][0]["citations"][0]["paragraph"] == 6


def test_every_mark_resolves_to_a_passage_that_was_shown(bot: Chatbot) -> None:
    for question in ("Who supports Assad?", "What is this about?", "Where is Kweires air base?"):
        answer = bot.ask(question)
        shown = {passage.paragraph.key for passage in answer.passages}
        assert {citation.paragraph.key for citation in answer.citations} <= shown


def test_a_readers_sign_off_is_no_answer(bot: Chatbot) -> None:
    answer = bot.ask("What did Michael see in Homs?")
    assert not any("Regards" in statement.text for statement in answer.statements)
