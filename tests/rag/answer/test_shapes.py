"""Answers in the shape of what they are found in: rows of tables, answers of question pairs, items of lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.domain import Answer, Confidence
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

Ask = Callable[[str, str], Answer]


@pytest.fixture
def ask(tmp_path: Path, embedder: MiniLM) -> Ask:
    return asking(tmp_path, embedder, name="notes.md")


def asking(tmp_path: Path, embedder: MiniLM, *, name: str) -> Ask:
    @contextmanager
    def opened(text: str) -> Iterator[Chatbot]:
        folder = tmp_path / "documents"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        with open_chatbot(Settings(home=tmp_path / "home", documents=folder), "test", embedder=embedder) as bot:
            bot.ingest()
            yield bot

    def asked(text: str, question: str) -> Answer:
        with opened(text) as bot:
            return bot.ask(question)

    return asked


BERTHS = "# Berths\n\n| Boat | Berth | Length (m) | Keeper |\n| --- | --- | ---: | --- |\n" + "".join(
    f"| {boat} | B-{20 + i} | {9 + i} | {keeper} |\n"
    for i, (boat, keeper) in enumerate(
        zip(
            ["Sigrid", "Alma", "Fulmar", "Petrel", "Gannet", "Skua", "Heron", "Dunlin", "Knot", "Curlew"],
            [
                "Ann Lee",
                "Bo Falk",
                "Cai Mor",
                "Dee Oak",
                "Ed Pym",
                "Flo Gray",
                "Gus Rowe",
                "Hal Tate",
                "Ivy Dean",
                "Jo West",
            ],
            strict=True,
        )
    )
)


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("Which berth does the Petrel have?", "| Petrel | B-23 | 12 | Dee Oak |"),
        ("Who is the keeper of the Knot?", "| Knot | B-28 | 17 | Ivy Dean |"),
        ("What is the length of the boat at berth B-25?", "| Skua | B-25 | 14 | Flo Gray |"),
    ],
)
def test_of_a_table_the_row_is_quoted_with_the_names_of_its_columns(ask: Ask, question: str, row: str) -> None:
    answer = ask(BERTHS, question)
    assert answer.citations[0].quote == row
    assert answer.statements[0].lead == "Boat | Berth | Length (m) | Keeper:"


FLEET = """# Boats of the club

Kite: two-seat canoe, built 2009, white.
Swift: four-seat rowing boat, built 1995, needs new varnish.
Plover: single canoe, built 2018, on loan to the scouts until May.
"""


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("Which boat is on loan?", "Plover: single canoe, built 2018, on loan to the scouts until May."),
        ("Which boat needs varnish?", "Swift: four-seat rowing boat, built 1995, needs new varnish."),
    ],
)
def test_of_lines_that_are_fields_the_one_that_tells_most_of_the_question_is_quoted(
    ask: Ask, question: str, row: str
) -> None:
    assert [one.quote for one in ask(FLEET, question).citations] == [row]


COMPOSE = """services:
  mill:
    image: registry.example/mill:2.8
    ports:
      - "8080:80"
    environment:
      LOG_LEVEL: info
      GRAIN: rye
    depends_on:
      - silo
    restart: unless-stopped
    memory: 512m
  silo:
    image: postgres:15.4
    environment:
      POSTGRES_DB: grain
    restart: always
    volumes:
      - silodata:/var/lib/postgresql/data
    memory: 256m
"""


@pytest.mark.parametrize(
    ("question", "lead", "quote"),
    [
        ("Which image does the silo service use?", "compose › services › silo:", "image: postgres:15.4"),
        ("How much memory does the mill have?", "compose › services › mill:", "memory: 512m"),
    ],
)
def test_of_settings_within_one_another_the_ones_that_are_asked_for_are_quoted_with_what_they_are_of(
    tmp_path: Path, embedder: MiniLM, question: str, lead: str, quote: str
) -> None:
    answer = asking(tmp_path, embedder, name="compose.yml")(COMPOSE, question)
    assert quote in answer.citations[0].quote and answer.statements[0].lead == lead, answer.text
    assert len(answer.citations[0].quote) < 80


GAUGES = "Gauge,River,Read on,Level (cm),Note\n" + "".join(
    f"G-{100 + 7 * i},{river},2024-{month:02}-1{i % 9},{140 + 3 * i},{note}\n"
    for i, (river, month, note) in enumerate(
        (river, month, "Ice on the scale. Read twice" if river == "Ulve" else "")
        for river in ("Ulve", "Tarn", "Brill")
        for month in (2, 3, 4, 5, 9)
    )
)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What was the level of the Tarn in March?", "Gauge: G-142\tRiver: Tarn\tRead on: 2024-03-16\tLevel (cm): 158"),
        ("What was the level of the Brill in September 2024?", "Gauge: G-198\tRiver: Brill\tRead on: 2024-09-15\tLevel (cm): 182"),
        ("What level did gauge G-128 have?", "Gauge: G-128\tRiver: Ulve\tRead on: 2024-09-14\tLevel (cm): 152\tNote: Ice on the scale. Read twice"),
        ("When was G-121 read?", "Gauge: G-121\tRiver: Ulve\tRead on: 2024-05-13\tLevel (cm): 149\tNote: Ice on the scale. Read twice"),
    ],
)  # fmt: skip
def test_of_rows_that_differ_by_a_day_or_a_digit_the_one_that_is_asked_for_is_quoted_whole_and_alone(
    tmp_path: Path, embedder: MiniLM, question: str, told: str
) -> None:
    answer = asking(tmp_path, embedder, name="gauges.csv")(GAUGES, question)
    assert [one.quote for one in answer.citations] == [told]


RIVER = "Date;Level (cm);Temp. (°C);Read by\n" + "".join(
    f"2023-{month:02}-{day:02};{100 + 7 * month + day};{month + day / 10};{'Huber' if day % 2 else 'Wallner'}\n"
    for month in range(1, 13)
    for day in range(1, 29)
)
"""A row a day: no other word of a question leads to one of them."""


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What was the temperature on 6 April 2023?", "Date: 2023-04-06\tLevel (cm): 134\tTemp. (°C): 4.6\tRead by: Wallner"),
        ("How high was the level on 20 July 2023?", "Date: 2023-07-20\tLevel (cm): 169\tTemp. (°C): 9.0\tRead by: Wallner"),
        ("Who read the level on 09/21/2023?", "Date: 2023-09-21\tLevel (cm): 184\tTemp. (°C): 11.1\tRead by: Huber"),
    ],
)  # fmt: skip
def test_the_row_of_a_day_is_found_among_hundreds_however_the_day_is_written(
    tmp_path: Path, embedder: MiniLM, question: str, told: str
) -> None:
    answer = asking(tmp_path, embedder, name="river.csv")(RIVER, question)
    assert answer.citations[0].quote == told
    assert {one.paragraph.key for one in answer.citations} <= {one.paragraph.key for one in answer.passages}


FEES = """Membership,Monthly fee,Joining fee,Guests
Single,39.90,25.00,2
Couple,72.00,40.00,3
Class card,89.00,,0
Corporate,34.00,0.00,1
"""


def test_a_cell_that_is_empty_is_not_answered_by_the_others_of_its_row(tmp_path: Path, embedder: MiniLM) -> None:
    ask = asking(tmp_path, embedder, name="fees.csv")
    answer = ask(FEES, "How much is the joining fee for a class card?")
    assert answer.confidence is not Confidence.HIGH
    assert "Joining fee" in answer.unmentioned
    answer = ask(FEES, "How much is the joining fee for a couple?")
    assert answer.citations[0].quote == "Membership: Couple\tMonthly fee: 72.00\tJoining fee: 40.00\tGuests: 3"
    assert answer.confidence is Confidence.HIGH and not answer.unmentioned
    answer = ask(FEES, "How much is the monthly fee for a class card?")
    assert answer.confidence is Confidence.HIGH and not answer.unmentioned


def test_a_row_of_names_is_of_no_language(tmp_path: Path, embedder: MiniLM) -> None:
    dishes = "| Dish | Gluten | Milk | Nuts |\n| - | - | - | - |\n| Lentil dal | no | no | no |\n| Pad thai | no | no | peanut |\n| Spinach lasagne | yes | yes | no |\n"
    answer = asking(tmp_path, embedder, name="dishes.md")(dishes, "Does the lentil dal contain nuts?")
    assert answer.citations[0].quote == "| Lentil dal | no | no | no |"
    assert "another language" not in (answer.notice or "")


def test_years_over_the_columns_of_a_table_answer_nothing(tmp_path: Path, embedder: MiniLM) -> None:
    page = "<p>In-patient admissions and home visits, in 2024 and 2025:</p><table><tr><td>Service</td><td>2024</td><td>2025</td></tr></table>"
    page += (
        "<p>The ward has twelve beds.</p><table><tr><td>In-patient admissions</td><td>248</td><td>231</td></tr></table>"
    )
    ask = asking(tmp_path, embedder, name="year.html")
    answer = ask(
        f"<html><body><main><h1>The year</h1>{page}</main></body></html>",
        "Did we have more in-patient admissions in 2025 than in 2024?",
    )
    assert not any(one.quote.startswith("Service") for one in answer.citations)


FERRY = """The ferries of the island

Ship             Leaves Tarn   Arrives Brill   Runs on
Isle of Ulve     07:15         09:35           Mon Wed Fri
Lady Godwit      09:40         12:00           Tue Thu
Night Heron      21:45         00:10           Sat
"""


def test_rows_that_people_line_up_are_quoted_one_by_one_and_a_time_of_day_tells_when(
    tmp_path: Path, embedder: MiniLM
) -> None:
    answer = asking(tmp_path, embedder, name="ferry.txt")(FERRY, "When does the Lady Godwit leave Tarn?")
    assert [one.quote for one in answer.citations] == ["Lady Godwit      09:40         12:00           Tue Thu"]
    assert answer.statements[0].lead == "Ship | Leaves Tarn | Arrives Brill | Runs on:"
    assert answer.confidence is Confidence.HIGH


HOURS = """<html><body><main><h1>Harbour office</h1><table><tr><th>Day</th><th>Morning</th><th>Afternoon</th></tr>
<tr><td>Mon</td><td>9.30–12.00</td><td>14.00–16.00</td></tr><tr><td>Wed</td><td>closed</td><td>closed</td></tr>
<tr><td>Fri</td><td>9.30–12.00</td><td>closed</td></tr></table><p>The office is closed at weekends.</p></main></body></html>
"""


def test_the_row_of_the_weekday_that_is_asked_for_is_quoted(tmp_path: Path, embedder: MiniLM) -> None:
    answer = asking(tmp_path, embedder, name="office.html")(HOURS, "Is the harbour office open on Wednesdays?")
    assert answer.citations[0].quote == "Day: Wed\tMorning: closed\tAfternoon: closed"


PAIRS = """# Allotment

Where is the key? It hangs in the shed of Mr Brook. May I bring a dog? Yes, on a lead. Who empties the compost? The
council does, in the first week of May.
"""


@pytest.mark.parametrize(
    ("question", "right"),
    [
        ("Where is the key?", "It hangs in the shed of Mr Brook."),
        ("May I bring a dog?", "Yes, on a lead."),
        ("Who empties the compost?", "The council does, in the first week of May."),
    ],
)
def test_a_question_in_the_text_is_never_the_answer_what_follows_it_is(ask: Ask, question: str, right: str) -> None:
    answer = ask(PAIRS, question)
    assert answer.statements[0].text == right
    assert not any(statement.text.endswith("?") for statement in answer.statements)


def test_prices_of_two_things_are_no_conflict(ask: Ask) -> None:
    text = "# Repairs\n\nA new sail for the Sigrid costs 480 crowns.\n\nA new sail for the Petrel costs 310 crowns.\n"
    answer = ask(text, "How much does a new sail cost?")
    assert answer.statements
    assert not any(statement.conflicts_with for statement in answer.statements)


def test_what_a_page_hides_is_never_quoted(ask: Ask) -> None:
    text = "# Slits\n\n<!-- the spare slit lies in the drawer of bench 3 -->\n\nThe slit is 0.25 mm wide.\n"
    answer = ask(text, "Where does the spare slit lie?")
    assert "drawer" not in answer.text


PROJECT = """---
title: Ferry timetable
status: blocked
owner: Hanne Lund
due: 2026-07-30
tags: [ferries, north]
---

The new timetable needs the consent of both harbour offices before it can be printed.
"""


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ("Who is the owner of the ferry timetable?", "owner: Hanne Lund"),
        ("Who owns the ferry timetable?", "owner: Hanne Lund"),
        ("What is the status of the ferry timetable?", "status: blocked"),
        ("When is the ferry timetable due?", "due: 2026-07-30"),
        ("Which tags does the ferry timetable have?", "tags: [ferries, north]"),
    ],
)
def test_a_field_of_front_matter_is_quoted_alone_with_what_it_is_a_field_of(
    ask: Ask, question: str, field: str
) -> None:
    answer = ask(PROJECT, question)
    assert [(one.lead, one.text) for one in answer.statements] == [("Ferry timetable:", field)]
    (citation,) = answer.citations
    assert PROJECT[citation.start : citation.end] == field


MAIL = """From: Dee Oak <dee@harbour.example>
To: Ann Lee <ann@club.example>
Subject: Winter berth
Date: Tue, 21 May 2024 10:14:00 +0100

Dear Ann,

A winter berth costs 310 crowns, and the crane is in the price. Boats over ten metres need two cradles.

Kind regards
Dee Oak

On Mon, 20 May 2024 at 16:40, Ann Lee wrote:
> Hi Dee, could you tell me whether the crane is part of a winter berth?
> Thanks, Ann
"""


def test_thanks_under_a_question_are_no_answer_to_it(tmp_path: Path, embedder: MiniLM) -> None:
    answer = asking(tmp_path, embedder, name="berth.eml")(MAIL, "Is the crane part of a winter berth?")
    assert [one.quote for one in answer.citations] == [
        "A winter berth costs 310 crowns, and the crane is in the price."
    ]


YARD = """# Rules of the yard

Fires may be lit in the ring behind the forge. They are forbidden on the jetty and near the hay. The ring is cleaned by
whoever lit the fire. Drilling is allowed from eight to seven on weekdays and until four on Saturdays. It is not allowed
on Sundays.
"""


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("Where may fires be lit?", "Fires may be lit in the ring behind the forge. They are forbidden on the jetty and near the hay."),
        ("Is drilling allowed on weekdays?", "Drilling is allowed from eight to seven on weekdays and until four on Saturdays. It is not allowed\non Sundays."),
    ],
)  # fmt: skip
def test_what_takes_a_permission_back_is_quoted_with_it(ask: Ask, question: str, quote: str) -> None:
    assert ask(YARD, question).citations[0].quote == quote


def test_a_field_that_nobody_asks_for_is_no_answer(ask: Ask) -> None:
    answer = ask(PROJECT, "What changed in the ferry timetable?")
    assert not any(":" in one.quote.partition(" ")[0] for one in answer.citations)


PLANS = """# Harbour plans

## Standard plan

The Standard plan pays for mooring and water.

## Plus plan

A visit of the harbour doctor has a fee of 45 crowns under the Plus plan.

The warden supports the following boats of the Plus plan by towing them home.
"""


@pytest.mark.parametrize(
    ("question", "is_sure"),
    [
        ("What fee does a visit of the harbour doctor have under the Plus plan?", True),
        ("What fee does a visit of the harbour doctor have under the Standard plan?", False),
        ("How many boats of the Plus plan does the warden support by towing them home?", False),
    ],
)
def test_what_speaks_of_another_or_holds_no_number_is_no_sure_answer(ask: Ask, question: str, is_sure: bool) -> None:
    answer = ask(PLANS, question)
    assert (answer.confidence is Confidence.HIGH) is is_sure, answer.text


CHAT = """[10:42] Ann Lee: I would cut the budget to 5,000 euros.
[10:43] Bob Ray: Is Ann Lee serious about the budget?
[10:44] Ann Lee: The keys of the shed are with Carl.
[10:45] Bob Ray: I want the budget at 9,000 euros.
[10:46] Carl Stone: We meet on Friday at the harbour.
"""


@pytest.mark.parametrize(
    ("question", "quote", "lead"),
    [
        ("What did Ann Lee say about the budget?", "I would cut the budget to 5,000 euros.", "Ann Lee, 10:42:"),
        ("What did Bob Ray say about the budget?", "I want the budget at 9,000 euros.", "Bob Ray, 10:45:"),
        ("Who wants to know if Ann Lee is serious?", "Is Ann Lee serious about the budget?", "Bob Ray, 10:43:"),
        ("Who said that we meet on Friday at the harbour?", "We meet on Friday at the harbour.", "Carl Stone, 10:46:"),
    ],
)
def test_of_a_chat_the_turn_of_who_is_asked_about_is_quoted_as_theirs(
    ask: Ask, question: str, quote: str, lead: str
) -> None:
    statement = ask(CHAT, question).statements[0]
    assert (statement.citations[0].quote, statement.lead) == (quote, lead)


PEOPLE = """# Around the yard

Gutters are cleaned in October. Old paint is taken back by the shop.

The notice board hangs beside the laundry; keep it tidy. By the way, who looks after the lamps?

| Name | Role | Phone | Looks after |
|---|---|---|---|
| Ada Brandt | Chair | 01977 555 201 | meetings |
| Femi Oduya | Treasurer | 01977 555 202 | budget, rent arrears |
| Greta Lund-Maas | Warden | 01977 555 203 | lamps, gutters |

The treasurer's own claims are signed by the chair.
"""


@pytest.mark.parametrize(
    ("question", "right"),
    [
        ("Who is the treasurer?", "Femi Oduya"),
        ("whos the treasurer", "Femi Oduya"),
        ("Who do I ask about rent arrears?", "Femi Oduya"),
        ("who looks after the lamps", "Greta Lund-Maas"),
        ("Who can I call about gutters?", "Greta Lund-Maas"),
    ],
)
def test_who_it_is_is_told_by_the_row_of_a_list_of_people(ask: Ask, question: str, right: str) -> None:
    answer = ask(PEOPLE, question)
    assert right in answer.statements[0].text, answer.text


def test_what_somebody_does_is_not_told_by_their_row(ask: Ask) -> None:
    answer = ask(PEOPLE, "Who signs the treasurer's claims?")
    assert "signed by the chair" in answer.statements[0].text


def test_a_row_without_anybody_is_nobody(ask: Ask) -> None:
    costs = "# Costs\n\n| Item | Budget |\n|---|---|\n| Treasurer | 120 |\n| Chair | 80 |\n\nThe treasurer is elected in May.\n"
    answer = ask(costs, "Who is the treasurer?")
    assert not any("120" in statement.text for statement in answer.statements)


def test_what_denies_all_of_the_question_stands_beside_what_answers_a_part_of_it(ask: Ask) -> None:
    fair = "# The fair\n\nThe fair is held on the first Sunday of the month, from 9:30 to 13:00. A stall costs 15 pounds. In August there is no fair."
    answer = ask(fair, "When is the fair in August?")
    assert "In August there is no fair." in [one.quote for one in answer.citations]


def test_whoever_says_not_to_know_answers_no_more_than_whoever_asks(tmp_path: Path, embedder: MiniLM) -> None:
    talk = "Ann (00:12): What went badly? I was away.\nBo (00:31): The spare kiln was cold for two days. Nobody knew who looks after it.\nCy (00:45): I can look after it from now on.\nBo (01:02): Thank you. Do we need a list?\nAnn (01:09): I will write one.\nCy (01:15): I have one. Bo, do you want it?\n"
    answer = asking(tmp_path, embedder, name="talk.txt")(talk, "Who looks after the spare kiln?")
    assert any("I can look after it from now on." in one.quote for one in answer.citations)
    assert answer.confidence is not Confidence.HIGH or "Nobody knew" not in answer.statements[0].text


def test_an_hour_is_no_price(tmp_path: Path, embedder: MiniLM) -> None:
    chat = "\n".join(
        f"12/03/2025, 18:0{i} - {line}"
        for i, line in enumerate(
            ["Nils: Practice is on Tuesdays from now on, 19:30 at the old dairy", "Tuva: What's the rent there?", "Nils: 400 kroner a month", "Ravn: ok, I'll bring my drums", "Tuva: I have my amp there"]
        )
    )  # fmt: skip
    answer = asking(tmp_path, embedder, name="band.txt")(chat, "What's the rent at the old dairy?")
    assert any("400 kroner" in one.quote for one in answer.citations)


MEETING = "\n".join(
    f"12/03/2025, 18:{10 + i} - {line}"
    for i, line in enumerate(
        ["Lucia: I'm blocked, I have no access to the database", "Mo: Only Henrik can give you that, he's away until Monday", "Lucia: ok, and what should I do until then", "Mo: Take ticket 4480 first", "Lucia: is there parking", "Mo: Only in the garage, 2 euros an hour"]
    )
)  # fmt: skip


def test_a_turn_of_whom_the_question_names_is_no_success_where_it_tells_none_of_it(
    tmp_path: Path, embedder: MiniLM
) -> None:
    answer = asking(tmp_path, embedder, name="standup.txt")(MEETING, "Which ticket does Lucia take first?")
    assert answer.confidence is not Confidence.HIGH or "ticket 4480" in answer.text


def test_a_question_in_a_chat_needs_no_mark(tmp_path: Path, embedder: MiniLM) -> None:
    answer = asking(tmp_path, embedder, name="standup.txt")(MEETING, "What does the parking cost?")
    assert any("2 euros" in one.quote for one in answer.citations)


def test_items_under_what_is_asked_and_nothing_else_are_the_answer(ask: Ask) -> None:
    bakery = "# Bread\n\n## What we bake\n\n- Rye\n- Baguette\n- Brioche\n\n## Ovens\n\nWe have two ovens. We cannot bake without salt.\n"
    assert [one.quote for one in ask(bakery, "What do we bake?").citations] == ["- Rye", "- Baguette", "- Brioche"]


STOLEN = """# Devices

## Lost or stolen

1. Call the emergency number, 0177, at any hour.
2. We wipe the device.
3. If it was stolen, report it to the police within 48 hours.

Do this even if you think that you left it on the train. A wipe cannot be undone.

## Rolling back

```bash
gull rollback
```

This returns to the previous release and takes about 90 seconds.
"""


@pytest.mark.parametrize(
    "question", ["What do I do if my laptop was left on the train?", "What do I do if my laptop was stolen?"]
)
def test_what_points_back_to_steps_brings_them_and_one_of_them_the_others(ask: Ask, question: str) -> None:
    quotes = [one.text for one in ask(STOLEN, question).statements]
    assert [quote[:2] for quote in quotes] == ["1.", "2.", "3."]


def test_what_points_back_to_a_block_of_code_brings_it(ask: Ask) -> None:
    told = ask(STOLEN, "How do I roll back to the previous release?")
    assert [one.citations[0].quote.startswith("```bash") for one in told.statements[:2]] == [True, False]
    assert "This returns to the previous release" in told.text


def test_what_a_document_says_of_itself_answers_no_other_question(ask: Ask) -> None:
    text = (
        "# Expenses\n\nOwner: Finance (Ada Finn, room 4). Applies from 1 January 2025.\n\n"
        "## Payment\n\nPaid claims for expenses go out with the salary on the 25th.\n"
    )
    assert "25th" in ask(text, "When do I get the money for my expenses?").statements[0].text
    assert "Finance" in ask(text, "Who is the owner of the expenses?").text
