"""A conversation as a file: every quote and place is in it, and nothing in it does anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from exporting import HOSTILE, WORDS, Page, one_answer, read_markdown, tokens
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.chatbot import Chatbot
from rag.documents.context import display
from rag.domain import Citation
from rag.opening import open_chatbot
from rag.settings import Settings
from ui.web.conversation import Conversation, conversation_from, new_conversation
from ui.web.export import exported

SEEDS = Path(__file__).parents[3] / "seeds"
FOLDER = "0123456789ab"
QUESTIONS = (
    "How long was West Aleppo under siege?",
    "Is most of the city of Homs destroyed, and was the university working normally in 2014?",
    "Who won the World Cup in Brazil?",
    "Which documents do you have?",
    "Summarise the second article",
)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Conversation:
    with open_chatbot(Settings(documents=SEEDS, home=tmp_path_factory.mktemp("home")), "test") as bot:
        bot.ingest()
        return asked(bot)


def asked(bot: Chatbot) -> Conversation:
    conversation = new_conversation(FOLDER)
    for question in QUESTIONS:
        conversation = conversation.asking(question).answered(bot.ask(question))
    return conversation


def one_asked(question: str, said: str, quote: str, title: str, lead: str, name: str, notice: str) -> Conversation:
    answer = one_answer(question, said, quote, title, lead, name, notice)
    return new_conversation(FOLDER).asking(question).answered(answer)


# --- the seeds


def citations(talk: Conversation) -> list[Citation]:
    answers = [exchange.answer for exchange in talk.exchanges]
    found = [citation for answer in answers if answer is not None for citation in answer.citations]
    assert len(found) > 3
    return found


@pytest.mark.slow
def test_json_is_the_conversation_itself_and_opens_again(talk: Conversation) -> None:
    file = exported(talk, "json")
    assert (file.name, file.type) == ("how-long-was-west-aleppo-under-siege.json", "application/json")
    assert conversation_from(file.text, FOLDER).text() == talk.text()
    for citation in citations(talk):
        assert json.dumps(citation.quote, ensure_ascii=False) in file.text


def test_markdown_holds_every_question_quote_and_place(talk: Conversation) -> None:
    file = exported(talk, "markdown")
    assert (file.name, file.type) == ("how-long-was-west-aleppo-under-siege.md", "text/markdown")
    assert_holds_all(read_markdown(file.text), talk)


def test_html_holds_every_question_quote_and_place(talk: Conversation) -> None:
    file = exported(talk, "html")
    assert (file.name, file.type) == ("how-long-was-west-aleppo-under-siege.html", "text/html")
    (body,) = Page(file.text).texts["body"]
    assert_holds_all(body, talk)


def assert_holds_all(text: str, talk: Conversation) -> None:
    for question in QUESTIONS:
        assert question in text
    for citation in citations(talk):
        assert f"“{display(citation.quote)}”" in text
        assert citation.paragraph.place in text
        assert citation.source.title in text
        assert f"characters {citation.start}–{citation.end}" in text
    notices = [answer.notice for exchange in talk.exchanges if (answer := exchange.answer) and answer.notice]
    assert len(notices) > 1
    for notice in notices:
        assert display(notice) in display(text)


def test_marks_of_two_questions_are_not_one_footnote(talk: Conversation) -> None:
    lines = exported(talk, "markdown").text.splitlines()
    notes = [line.partition(":")[0] for line in lines if line.startswith("[^")]
    assert len(notes) == len(set(notes)) == len(citations(talk))
    for note in notes:
        assert sum(note in line and not line.startswith(note) for line in lines) == 1


def test_a_closest_passage_is_not_exported_as_an_answer(talk: Conversation) -> None:
    (abstained,) = (answer for exchange in talk.exchanges if (answer := exchange.answer) and answer.abstained)
    text = read_markdown(exported(talk, "markdown").text).partition(abstained.question)[2]
    assert display(abstained.notice or "") in text.partition(QUESTIONS[3])[0]
    assert "characters" not in text.partition(QUESTIONS[3])[0]


def test_a_failed_question_and_one_without_an_answer_say_so() -> None:
    talk = new_conversation(FOLDER).asking("Why?").failed("The index is damaged.").asking("When?").interrupted()
    for kind in ("markdown", "html"):
        text = exported(talk, kind).text
        assert "The index is damaged." in text
        assert "No answer." in text


def test_an_unsupported_statement_is_told_in_every_kind() -> None:
    talk = one_asked("Why?", "It rained.", "It rained.", "A", "She says:", "a.md", "Careful.")
    (body,) = Page(exported(talk, "html").text).texts["body"]
    for text in (body, read_markdown(exported(talk, "markdown").text)):
        assert "She says: It rained. (not found in your documents)" in text


def test_another_kind_is_refused() -> None:
    with pytest.raises(KeyError):
        exported(new_conversation(FOLDER), "pdf")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("", "conversation.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("???", "conversation.md"),
        ("Was kostet Straße 5?", "was-kostet-straße-5.md"),
        ("阿勒颇西部被围困了多久？", "阿勒颇西部被围困了多久.md"),
        ("a\0b\n<c>", "a-b-c.md"),
        ("x" * 200, "x" * 60 + ".md"),
    ],
)
def test_a_file_is_named_by_the_title_without_what_no_name_may_hold(title: str, name: str) -> None:
    assert exported(Conversation(id="a", folder=FOLDER, title=title), "markdown").name == name


# --- any text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS)
@example(*["".join(HOSTILE)] * 7)
def test_html_is_the_markup_of_plain_words_with_the_texts_in_it(
    question: str, said: str, quote: str, title: str, lead: str, name: str, notice: str
) -> None:
    page = Page(exported(one_asked(question, said, quote, title, lead, name, notice), "html").text)
    plain = Page(exported(one_asked("x", "x", "x", "x", "x", "x", "x"), "html").text)
    assert page.tags == plain.tags


@given(WORDS)
def test_the_title_of_a_page_holds_no_markup(question: str) -> None:
    """A browser shows tags in there as they stand."""
    text = exported(new_conversation(FOLDER).asking(question), "html").text
    assert "<" not in text.partition("<title>")[2].partition("</title>")[0]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS)
@example(*["".join(HOSTILE)] * 7)
def test_markdown_makes_no_link_image_or_html_of_any_text(
    question: str, said: str, quote: str, title: str, lead: str, name: str, notice: str
) -> None:
    text = exported(one_asked(question, said, quote, title, lead, name, notice), "markdown").text
    kinds = {token.type for token in tokens(text)}
    assert not [kind for kind in kinds if kind.startswith(("link", "image", "html", "table", "fence", "code"))]
    env: dict[str, object] = {}
    MarkdownIt("commonmark").parse(text, env)
    assert not env.get("references")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS)
@example("- item")
@example("1. item")
@example("---")
@example("+ item")
@example("&lt;b&gt; &amp; &copy;")
@example("\\")
def test_markdown_makes_nothing_but_words_of_any_text(text: str) -> None:
    def kinds(said: str) -> list[str]:
        talk = one_asked(said, said, said, said, "", "a.md", said)
        return [token.type for token in tokens(exported(talk, "markdown").text) if token.nesting or token.hidden]

    assert kinds(text) == kinds("x")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(HOSTILE) | WORDS)
@example("&lt;b&gt; &amp; &copy;")
def test_a_quote_in_markdown_reads_letter_by_letter(quote: str) -> None:
    seen = read_markdown(exported(one_asked("Why?", "So.", quote, "A", "", "a.md", ""), "markdown").text)
    assert f"“{display(quote)}”".replace("\0", "\ufffd") in seen
