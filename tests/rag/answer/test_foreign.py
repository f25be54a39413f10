"""A question in another language than the documents: what they say is found, quoted word for word, and never sure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.answer.foreign import PREPARING
from rag.chatbot import Chatbot
from rag.domain import Answer, Confidence, Question
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.search import languages
from rag.settings import Settings

RULES = """# Rules of the allotments

## Water

The taps are turned off from November to March. Hoses may be used before nine in the morning and after six in the evening.

## Dogs

Dogs must be kept on a lead. They are not allowed in the greenhouse.

## Keys

The treasurer keeps the key of the tool shed. A lost key costs 15 pounds.
"""
FERRY = """# The island ferry

The ferry does not sail when the wind is stronger than force nine. Children under six travel free of charge.

Tickets are sold at the kiosk on the pier until ten minutes before departure.
"""
ASKED = {
    "Wer hat den Schlüssel zum Geräteschuppen?": "The treasurer keeps the key of the tool shed.",
    "¿Cuánto cuesta una llave perdida?": "A lost key costs 15 pounds.",
    "Wann fährt die Fähre nicht?": "The ferry does not sail when the wind is stronger than force nine.",
    "Где продаются билеты на паром?": "Tickets are sold at the kiosk on the pier until ten minutes before departure.",
    "儿童乘船要付钱吗？": "Children under six travel free of charge.",
}


def opened(home: Path, embedder: MiniLM) -> Chatbot:
    settings = Settings(documents=home / "documents", home=home / "home", answer_seconds=0.0)
    return open_chatbot(settings, "test", embedder=embedder)


def told(answer: Answer) -> str:
    """The words that it quotes."""
    return " ".join(citation.quote for citation in answer.citations)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "rules.md").write_text(RULES, encoding="utf-8")
    (tmp_path / "documents" / "ferry.md").write_text(FERRY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def bot(home: Path, embedder: MiniLM) -> Iterator[Chatbot]:
    with opened(home, embedder) as bot:
        bot.ingest()
        yield bot


def test_a_question_in_any_language_finds_the_sentence_that_answers_it(bot: Chatbot) -> None:
    for question, right in ASKED.items():
        answer = bot.ask(question)
        assert right in told(answer), (question, answer.text)
        assert answer.confidence is Confidence.LOW
        assert "another language" in (answer.notice or "")
        for citation in answer.citations:
            assert citation.quote in RULES + FERRY
    (citation,) = bot.ask("¿Cuánto cuesta una llave perdida?").citations
    assert citation.quote == "The treasurer keeps the key of the tool shed. A lost key costs 15 pounds."
    assert citation.bold is not None, "what may answer is shown in its place"


def test_what_is_quoted_in_the_language_of_the_question_is_not_called_foreign(home: Path, bot: Chatbot) -> None:
    text = (
        "# Ordnung im Garten\n\nVon zwölf bis drei Uhr ist Mittagsruhe, dann sind Rasenmäher nicht erlaubt.\n\n"
        "Wer den Müll nicht trennt, bekommt einen Brief von der Verwaltung und muss die Kosten tragen.\n"
    )
    (home / "documents" / "garten.md").write_text(text, encoding="utf-8")
    bot.ingest()
    answer = bot.ask("Zu welchen Zeiten darf man keinen Krach machen?")
    assert "Mittagsruhe" in told(answer)
    assert "another language" not in (answer.notice or "")


def test_a_text_without_full_stops_is_quoted_by_the_clause_between_its_neighbours(home: Path, bot: Chatbot) -> None:
    parts = [
        "ห้องสมุดของหมู่บ้านเปิดให้บริการแก่ผู้อ่านทุกคนในวันจันทร์ถึงวันศุกร์ เวลา 9 ถึง 17 นาฬิกา โดยไม่เก็บค่าใช้จ่ายใดๆ แม้แต่เพียงเล็กน้อย "
        "ผู้อ่านที่เป็นสมาชิกสามารถยืมหนังสือกลับบ้านได้ครั้งละห้าเล่มเป็นเวลาสองสัปดาห์เต็มและต่ออายุได้อีกหนึ่งครั้ง",
        "นอกจากนี้ยังมีห้องอ่านหนังสือสำหรับเด็กเล็กอยู่ที่ชั้นสองของอาคารซึ่งเปิดเฉพาะวันเสาร์และวันอาทิตย์เท่านั้น "
        "บรรณารักษ์คนปัจจุบันคือคุณ สมชาย ใจดี ซึ่งทำงานที่นี่มาตั้งแต่ปี 2540 และดูแลหนังสือทั้งหมดร่วมกับอาสาสมัครอีกสองคน "
        "หนังสือที่ยืมไปแล้วไม่นำมาคืนตามกำหนดจะต้องเสียค่าปรับวันละสองบาทต่อเล่มจนกว่าจะนำมาคืนที่เคาน์เตอร์ด้านหน้า "
        "อาคารหลังปัจจุบันสร้างขึ้นด้วยเงินบริจาคของชาวบ้านและได้รับการซ่อมแซมหลังคาใหม่ทั้งหมดเมื่อสองปีที่ผ่านมา",
    ]  # fmt: skip
    text = " ".join(parts)
    (home / "documents" / "library.txt").write_text(text, encoding="utf-8")
    bot.ingest()
    (citation,) = bot.ask("Who is the librarian of the village library now?").citations
    assert citation.bold is not None
    assert citation.bold.of(text) in parts
    assert citation.quote == text


def test_what_the_documents_do_not_speak_of_is_not_found_in_any_language(bot: Chatbot) -> None:
    for question in ("Wie heißt die Hauptstadt der Mongolei?", "Какой язык программирования самый быстрый?"):
        assert bot.ask(question).abstained, question
    assert bot.ask("Wie schwer ist die Pumpe QX-2041-C?").abstained


def test_who_asks_in_the_language_of_the_documents_waits_for_no_second_set_of_vectors(bot: Chatbot) -> None:
    for question in ("Who keeps the key?", "capital of Mongolia", "What is the fastest programming language?"):
        bot.ask(question)
    assert not bot.gathering.languages.is_wanted


def test_the_first_such_question_says_what_it_waits_for_and_the_next_does_not_wait(bot: Chatbot) -> None:
    first, second = (list(bot.stream(question)) for question in list(ASKED)[:2])
    assert [answer.notice for answer in first if not answer.complete][-1] == PREPARING
    assert not any(answer.notice == PREPARING for answer in second)


def test_later_changes_of_the_folder_are_found_too(home: Path, bot: Chatbot) -> None:
    bot.ask(next(iter(ASKED)))
    (home / "documents" / "bees.md").write_text("# Bees\n\nThe hives are inspected every second Sunday.\n", "utf-8")
    bot.ingest()
    assert "every second Sunday" in told(bot.ask("Wie oft werden die Bienenstöcke kontrolliert?"))


def test_where_too_much_is_missing_to_wait_for_it_the_next_ingest_makes_it(
    bot: Chatbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(languages, "MOST_AT_ONCE", 2)
    question, right = next(iter(ASKED.items()))
    assert "read once more" in (bot.ask(question).notice or "")
    bot.ingest()
    assert right in told(bot.ask(question))


def test_only_the_documents_of_the_scope_are_asked(bot: Chatbot) -> None:
    answer = bot.ask(Question("Wann fährt die Fähre nicht?", scope=frozenset({"documents/rules.md"})))
    assert "ferry" not in told(answer)


GARTEN = [
    "Von zwölf bis drei Uhr ist Mittagsruhe, dann sind Rasenmäher nicht erlaubt.",
    "Wer den Müll nicht trennt, bekommt einen Brief von der Verwaltung und muss die Kosten tragen.",
    "Der Schornsteinfeger kommt im Oktober und will in jede Hütte, in der ein Ofen steht.",
    "Der Weg am Bach ist nach starkem Regen gesperrt, bis ihn der Vorstand wieder freigibt.",
    "Äpfel von der Wiese darf jeder auflesen, der im Herbst beim Pressen geholfen hat.",
]


def with_german(home: Path, bot: Chatbot) -> None:
    for number, text in enumerate(GARTEN):
        (home / "documents" / f"garten-{number}.md").write_text(f"# Ordnung im Garten\n\n{text}\n", encoding="utf-8")
    bot.ingest()


def test_in_a_folder_of_several_languages_a_question_finds_what_only_another_one_says(home: Path, bot: Chatbot) -> None:
    with_german(home, bot)
    for question, right in list(ASKED.items())[1:]:
        assert right in told(bot.ask(question)), question
    assert "Schornsteinfeger kommt im Oktober" in told(bot.ask("When does the chimney sweep come?"))
    assert "Mittagsruhe" in told(bot.ask("¿Cuándo no se puede cortar el césped?"))


def test_a_few_documents_in_another_language_are_enough(home: Path, bot: Chatbot) -> None:
    for number in range(20):
        text = f"# Note {number}\n\nThe gardener of plot {number} has paid, and the fence there was painted.\n"
        (home / "documents" / f"note-{number}.md").write_text(text, encoding="utf-8")
    (home / "documents" / "garten.md").write_text(f"# Ordnung\n\n{GARTEN[0]}\n", encoding="utf-8")
    bot.ingest()
    answer = bot.ask("When is mowing the lawn not allowed?")
    assert "Mittagsruhe" in told(answer)
    assert "another language" in (answer.notice or "")


def test_documents_that_are_not_in_english_are_found_by_meaning_in_their_own_language(home: Path, bot: Chatbot) -> None:
    with_german(home, bot)
    answer = bot.ask("Wer kümmert sich um den Kamin, und wann?")
    assert "Schornsteinfeger" in told(answer)
    assert "another language" not in (answer.notice or "")


def test_only_documents_in_the_languages_that_were_asked_for_get_a_second_set_of_vectors(
    home: Path, bot: Chatbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_german(home, bot)
    monkeypatch.setattr(languages, "MOST_AT_ONCE", 1 + len(GARTEN))
    assert "Mittagsruhe" in told(bot.ask("When is mowing the lawn not allowed?"))
    # The English ones are more than a question waits for.
    question, right = list(ASKED.items())[2]
    assert right not in told(bot.ask(question))
    bot.ingest()
    assert right in told(bot.ask(question))


@pytest.mark.slow
def test_what_was_made_for_some_languages_is_found_by_the_next_process(
    home: Path, embedder: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(home, embedder) as bot:
        with_german(home, bot)
        bot.ask("When is mowing the lawn not allowed?")
    monkeypatch.setattr(languages, "MOST_AT_ONCE", 0)
    with opened(home, embedder) as bot:
        assert "Mittagsruhe" in told(bot.ask("When is mowing the lawn not allowed?"))
