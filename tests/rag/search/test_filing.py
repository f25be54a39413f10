"""The year or the newest of several versions, where a question asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.domain import Confidence
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

PRICES = "# Ferry prices\n\nA ticket for a bicycle costs {bicycle} crowns. Children travel for free.\n"


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    base = tmp_path_factory.mktemp("versions")
    for year, bicycle in ((2021, 40), (2022, 44), (2023, 51)):
        folder = base / "documents" / str(year)
        folder.mkdir(parents=True)
        (folder / "prices.md").write_text(
            f"---\ntitle: Ferry prices\ndate: {year}-02-01\n---\n\n" + PRICES.format(bicycle=bicycle)
        )
    with open_chatbot(Settings(home=base / "home", documents=base / "documents"), "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


def test_versions_are_told_by_the_years_in_their_titles_too(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "documents").mkdir()
    for year, bicycle in ((2023, 40), (2024, 47)):
        text = PRICES.format(bicycle=bicycle).replace("# Ferry prices", f"# Ferry prices {year}")
        (tmp_path / "documents" / f"prices-{year}.md").write_text(text)
    settings = Settings(home=tmp_path / "home", documents=tmp_path / "documents")
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        assert "costs 47 crowns" in bot.ask("What does a ticket for a bicycle cost now?").statements[0].text
        assert "costs 47 crowns" in bot.ask("What does a ticket for a bicycle cost?").statements[0].text
        assert "costs 40 crowns" in bot.ask("What did a ticket for a bicycle cost in 2023?").statements[0].text


@pytest.mark.parametrize(("year", "crowns"), [("2021", "40"), ("2022", "44"), ("2023", "51")])
def test_the_year_of_a_question_is_that_of_the_document(bot: Chatbot, year: str, crowns: str) -> None:
    answer = bot.ask(f"What did a ticket for a bicycle cost in {year}?")
    assert f"costs {crowns} crowns" in answer.statements[0].text
    assert year not in answer.unmentioned


@pytest.mark.parametrize(
    "question", ["What does a ticket for a bicycle cost now?", "What is the current price for a bicycle?"]
)
def test_the_newest_goes_first_where_it_is_asked_for(bot: Chatbot, question: str) -> None:
    assert bot.search(question).passages[0].paragraph.document_id == "documents/2023/prices.md"
    assert "costs 51 crowns" in bot.ask(question).statements[0].text


def test_a_later_version_of_what_is_quoted_is_told(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "documents").mkdir()
    for year, rule in (
        (2022, "The deposit for a bicycle on the ferry is 40 crowns."),
        (2025, "Nothing is paid before."),
    ):
        (tmp_path / "documents" / f"rules-{year}.md").write_text(f"# Rules of the ferry ({year})\n\n{rule}\n")
    (tmp_path / "documents" / "sheds.md").write_text("# Rules of the sheds (2026)\n\nThe sheds are locked at nine.\n")
    settings = Settings(home=tmp_path / "home", documents=tmp_path / "documents")
    told = "A later version of “Rules of the ferry (2022)” is among your documents: “Rules of the ferry (2025)” (rules-2025.md)."
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        older = bot.ask("What is the deposit for a bicycle on the ferry?")
        assert told in (older.notice or "")
        assert older.confidence is Confidence.LOW
        assert "later version" not in (bot.ask("What was the deposit for a bicycle on the ferry in 2022?").notice or "")
        assert "later version" not in (bot.ask("When are the sheds locked?").notice or "")


def test_minutes_of_another_day_are_no_later_version(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "documents").mkdir()
    for day, said in (("3 March 2026", "The shed is to be painted green."), ("5 May 2026", "The gate is mended.")):
        (tmp_path / "documents" / f"{day[:7]}.md").write_text(f"# Minutes of the Board\n\n{day}\n\n{said}\n")
    settings = Settings(home=tmp_path / "home", documents=tmp_path / "documents")
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        answer = bot.ask("What colour is the shed to be painted?")
    assert answer.statements[0].text == "The shed is to be painted green."
    assert "later version" not in (answer.notice or "") and answer.confidence is Confidence.HIGH


ENDED = (
    "---\ntitle: Heating\nstatus: superseded\n---\n\n",
    "# Heating\n\nStatus: withdrawn\n\n",
    "# Heating\n\n**This policy has been replaced by the heating policy of 2026.**\n\n",
    "# Heating\n\nSuperseded by warmth.md\n\n",
    "# Heizung\n\nDiese Richtlinie wurde am 3. Mai aufgehoben.\n\n",
)
IN_FORCE = (
    "# Heating\n\nThis policy replaces the rules of 2022.\n\n",
    "# Heating\n\nStatus: in force\n\n",
    "# Heating\n\nThe old boiler was replaced in May.\n\n",
    "# Heating\n\nMembers whose agreement is withdrawn are told so in writing.\n\n",
)


@pytest.mark.slow
@pytest.mark.parametrize("beginning", [*ENDED, *IN_FORCE])
def test_what_is_quoted_of_a_document_that_does_not_hold_any_more_says_so(
    beginning: str, tmp_path: Path, embedder: MiniLM
) -> None:
    (tmp_path / "documents").mkdir()
    rule = "The boiler house is heated from October to April."
    (tmp_path / "documents" / "heat.md").write_text(f"{beginning}{rule}\n", encoding="utf-8")
    settings = Settings(home=tmp_path / "home", documents=tmp_path / "documents")
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        answer = bot.ask("When is the boiler house heated?")
        assert "October to April" in answer.text
        assert ("says of itself" in (answer.notice or "")) == (beginning in ENDED)
        assert answer.confidence is (Confidence.LOW if beginning in ENDED else Confidence.HIGH)


def test_versions_that_differ_are_told_apart_by_their_dates(bot: Chatbot) -> None:
    answer = bot.ask("How many crowns does a ticket for a bicycle cost?")
    first, second = answer.statements
    assert first.conflicts_with == (1,)
    assert {first.lead, second.lead} <= {"1 Feb 2021:", "1 Feb 2022:", "1 Feb 2023:"}
    assert first.lead != second.lead
