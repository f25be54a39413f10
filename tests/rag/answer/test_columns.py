"""The cell of a row that a question asks for is the one in bold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.answer.outcomes import AS_IT_STANDS
from rag.chatbot import Chatbot
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

HOURS = "Shop,Manager,Saturday,Sunday,Takes furniture\nFurniture Barn,Gary Whitlock,9:00-17:00,10:00-16:00,yes\nHarbury,Celia Amos,9:00-16:30,closed,no\n"
FEES = """# Fees

| Membership | Fee | Joining fee | Renewed |
|---|---|---|---|
| Single | £31 | £12 | 1 May 2026 |
| Couple | £55 | £20 | 1 June 2026 |
"""
NOTICE = """# Leaving

## Notice

| Group | During probation | After probation |
|---|---|---|
| Practice managers | 4 weeks | 12 weeks |
| Shop assistants | 1 week | 3 weeks |

## Probation

The probationary period is six months for practice managers and three for all others.
"""
STAFF = '[{"name": "Ada Boyle", "role": "engineer", "salary": 61000}, {"name": "Ben Cole", "role": "nurse", "salary": 43000}]'
RECORDS = """Customer: Anders Berg
Contract: 77-B
Advisor: Lucy Adeyemi
Expires: 31 Dec 2025

Customer: Bella Cruz
Contract: 78-C
Advisor: Omar Said
Expires: 30 June 2026
"""
SUPPORT = """# Support

## How fast we answer

| Severity | Small | Large |
|---|---|---|
| 1 – nothing works | next business day | 1 hour |
| 2 – badly impaired | 2 business days | 4 hours |
| 3 – question | 5 business days | 1 business day |

## Commands

| Command | What it does |
|---|---|
| `gull empty NAME` | Deletes all letters in a box. |
| `gull drop NAME` | Deletes the box with everything in it. |
| `gull pause NAME` | Stops handing letters out. |

## Checks

| What | How often | Who |
|---|---|---|
| Gas alarms in the cellar | every three months | Pia |
| Ladders | once a year | Ada |

## Faults of the boiler

| Code | Shown as | What to do |
|---|---|---|
| E02 | FLAME | press reset once |
| E07 | HIGH PRESS | close the burner |
"""
BOAT = '+++\ntitle = "Boat log"\nkeeper = "Pia"\n+++\n\n# Boat log\n\nThe boat was sold.\n'


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    home = tmp_path_factory.mktemp("columns")
    (home / "documents").mkdir()
    (home / "documents" / "hours.csv").write_text(HOURS, encoding="utf-8")
    (home / "documents" / "fees.md").write_text(FEES, encoding="utf-8")
    (home / "documents" / "notice.md").write_text(NOTICE, encoding="utf-8")
    (home / "documents" / "staff.json").write_text(STAFF, encoding="utf-8")
    (home / "documents" / "records.txt").write_text(RECORDS, encoding="utf-8")
    (home / "documents" / "support.md").write_text(SUPPORT, encoding="utf-8")
    (home / "documents" / "boat.md").write_text(BOAT, encoding="utf-8")
    settings = Settings(documents=home / "documents", home=home / "home", answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


@pytest.mark.parametrize(
    ("question", "cell"),
    [
        pytest.param("When does the Furniture Barn open on Saturday?", "9:00-17:00", id="hours say when"),
        pytest.param("Saturday hours of the Furniture Barn?", "9:00-17:00", id="behind its name"),
        pytest.param("Who is the manager of the Harbury shop?", "Celia Amos", id="not what the question says"),
        pytest.param("How much is the joining fee of a couple membership?", "£20", id="the longer name is meant"),
        pytest.param("When is the single membership renewed?", "1 May 2026", id="below its name"),
        pytest.param(
            "What is the notice period for practice managers after probation?", "12 weeks", id="names in function words"
        ),
        pytest.param("When does the manager of Harbury come?", None, id="a name says no time"),
        pytest.param("Tell me about the Furniture Barn", None, id="none is asked for"),
        pytest.param("Is the Furniture Barn open on Saturday and Sunday?", None, id="two are"),
    ],
)
def test_the_cell_below_the_name_that_is_asked_for_is_in_bold(bot: Chatbot, question: str, cell: str | None) -> None:
    answer = bot.ask(question)
    citation = answer.citations[0]
    told = citation.bold.shifted(-citation.start).of(citation.quote) if citation.bold else None
    assert told == cell


@pytest.mark.parametrize(
    ("question", "held", "told"),
    [
        pytest.param("What is Ben Cole's salary?", "name: Ben Cole", "43000", id="of JSON"),
        pytest.param("Who is the advisor of Bella Cruz?", "Customer: Bella Cruz", "Omar Said", id="of lines"),
        pytest.param("When does the contract of Anders Berg expire?", "Customer: Anders", "31 Dec 2025", id="its day"),
    ],
)
def test_a_record_is_quoted_with_its_name_and_the_field_that_is_asked_for(
    bot: Chatbot, question: str, held: str, told: str
) -> None:
    (citation,) = bot.ask(question).citations
    assert held in citation.quote and citation.bold is not None
    assert citation.bold.shifted(-citation.start).of(citation.quote) == told


def test_the_title_of_front_matter_in_toml_is_no_answer_to_what_its_fields_say(bot: Chatbot) -> None:
    assert [one.text for one in bot.ask("Who is the keeper of the boat log?").statements] == ['keeper = "Pia"']


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("How fast do you answer severity 1 for Large?", "1 – nothing works"),
        ("severity 1 answer large", "1 – nothing works"),
        ("severity 3 answer small", "3 – question"),
    ],
)
def test_the_row_of_the_number_that_a_column_has_in_the_question_is_meant(
    bot: Chatbot, question: str, row: str
) -> None:
    answer = bot.ask(question)
    assert [one.text.strip("| ").split(" | ")[0] for one in answer.statements[:1]] == [row]


def test_what_is_different_between_two_rows_is_told_by_both(bot: Chatbot) -> None:
    answer = bot.ask("What is the difference between gull empty and gull drop?")
    assert ["empty" in one.text for one in answer.statements] == [True, False]
    assert ["drop" in one.text for one in answer.statements] == [False, True]
    assert answer.is_uncertain
    assert AS_IT_STANDS in (answer.notice or "")


def test_a_row_that_says_nothing_of_what_to_do_is_no_sure_answer_to_that(bot: Chatbot) -> None:
    assert bot.ask("What do I do when the gas alarm in the cellar goes off?").is_uncertain
    told = bot.ask("What do I do when the boiler shows E07?")
    assert "close the burner" in told.statements[0].text
