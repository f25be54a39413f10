"""Steps and items: the whole list where a question asks for it, one item where one answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.answer.lists import likely_steps
from rag.chatbot import Chatbot
from rag.domain import Question, Verdict
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

HANDBOOK = """# Boathouse handbook

## Opening

The boathouse is open on Tuesdays. To open the boathouse:

1. Fetch the key at the gate.
2. Turn the **red** lever.
3. Sign the book.

1. Rinse the hull with fresh water.
2. Hang up the oars.

## Joining

Whoever joins the club brings the following papers:

- a copy of the swimming certificate
- two photographs
- the signed rules

## Flags

The harbour office flies one of the following flags, by the strength of the wind:

- green: calm
- yellow: a fresh breeze
- red: a storm

The flag that the harbour office flies is changed at noon.

## Returning a boat

You can return a boat to the boathouse until dusk.

1. Tie it up at the jetty.

The rope is in the box.

2. Ring the bell twice.

## Mooring overnight

- Tell the harbour office.
- Take a berth with a blue post.
- Pay at the kiosk before nine.

## Cuts

1. Rinse the cut under the tap for a minute.
2. Press a clean cloth on the cut.
3. Ring the warden and write the cut into the book.

## The winch is stuck

1. Let the chain hang.
2. Turn the crank backwards by a hand's breadth.

## Prices

- A day in a kayak costs 14 euros.
- A day in a canoe costs 19 euros.

## Regatta

At the regatta each of these crews rows in this order:

"""
CREWS = [f"- Crew {name} rows in the {name} boat." for name in
         "amber beige coral dun ebony fawn gold hazel indigo jade khaki lilac mauve navy".split()]  # fmt: skip


GRIEVANCES = """# Grievance procedure

1. Speak with your warden first, within 30 days.
2. Write to the board on form B-17.
3. The board invites you to a hearing.

Nobody may be worse off for it.
"""


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    base: Path = tmp_path_factory.mktemp("lists")
    (base / "documents").mkdir()
    (base / "documents" / "handbook.md").write_text(HANDBOOK + "\n".join(CREWS) + "\n")
    (base / "documents" / "grievances.md").write_text(GRIEVANCES)
    with open_chatbot(Settings(documents=base / "documents", home=base / "home"), "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


STEPS = ["To open the boathouse:", "1. Fetch the key at the gate.", "2. Turn the **red** lever.", "3. Sign the book."]
FLAGS = [
    "The harbour office flies one of the following flags, by the strength of the wind:",
    "- green: calm",
    "- yellow: a fresh breeze",
    "- red: a storm",
]
PAPERS = [
    "Whoever joins the club brings the following papers:",
    "- a copy of the swimming certificate",
    "- two photographs",
    "- the signed rules",
]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How do I open the boathouse?", STEPS),
        ("how to open the boathouse", STEPS),
        ("What are the steps to open the boathouse?", STEPS),
        ("Which papers do I bring to join the club?", PAPERS),
        ("What must I bring when I join the club?", PAPERS),
        ("Which flags does the harbour office fly?", FLAGS),
        (
            "How do I return a boat?",
            ["1. Tie it up at the jetty.", "The rope is in the box.", "2. Ring the bell twice."],
        ),
        (
            "how do i moor overnight",
            ["- Tell the harbour office.", "- Take a berth with a blue post.", "- Pay at the kiosk before nine."],
        ),
        ("List the papers that whoever joins the club brings.", PAPERS),
    ],
)
def test_a_question_for_all_of_a_list_gets_it_whole_under_what_leads_it_in(
    bot: Chatbot, question: str, expected: list[str]
) -> None:
    answer = bot.ask(question)
    assert [statement.text for statement in answer.statements] == expected
    assert {statement.verdict for statement in answer.statements} == {Verdict.VERIFIED}
    text = (HANDBOOK + "\n".join(CREWS)).replace("\r\n", "\n")
    for citation in answer.citations:
        assert text[citation.start : citation.end] == citation.quote
    assert [citation.mark for citation in answer.citations] == list(range(1, len(expected) + 1))
    assert {one.paragraph.key for one in answer.citations} <= {one.paragraph.key for one in answer.passages}
    shown = {citation.paragraph.key for citation in answer.citations}
    assert not shown & {passage.paragraph.key for passage in answer.closest}


@pytest.mark.parametrize(
    "question", ["What are the steps of the grievance procedure?", "How does the grievance procedure work?"]
)
def test_steps_right_below_a_title_are_those_of_what_it_names(bot: Chatbot, question: str) -> None:
    assert [statement.text for statement in bot.ask(question).statements] == GRIEVANCES.splitlines()[2:5]


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("What does a day in a kayak cost?", "A day in a kayak costs 14 euros."),
        ("How much is a day in a canoe?", "A day in a canoe costs 19 euros."),
        ("Which lever do I turn?", "Turn the **red** lever."),
    ],
)
def test_a_question_that_one_item_answers_gets_that_item(bot: Chatbot, question: str, wanted: str) -> None:
    texts = [statement.text for statement in bot.ask(question).statements]
    assert texts[0] == wanted
    assert len(texts) <= 2


def test_of_a_long_list_the_first_items_are_shown_and_the_others_counted(bot: Chatbot) -> None:
    answer = bot.ask("Which crews are in the regatta, and in which order?")
    assert [statement.text for statement in answer.statements][1:] == CREWS[:12]
    assert (answer.notice or "").endswith("2 more items of the list are not shown.")


def test_what_to_do_in_a_case_that_is_told_first_is_all_its_steps(bot: Chatbot) -> None:
    told = [one.text for one in bot.ask("I have a cut on my hand. What do I do?").statements]
    assert [text[:2] for text in told] == ["1.", "2.", "3."]


def test_where_it_is_uncertain_which_step_answers_all_of_them_may(bot: Chatbot) -> None:
    def told(question: str) -> list[str]:
        evidence = bot.gathering.gather(Question(question))
        found = {one.sentence.text[:2]: one for one in evidence.candidates if "cut" in one.sentence.text.lower()}
        (rope,) = [one for one in evidence.candidates if one.sentence.text.startswith("The rope")]
        shares = [(rope, 0.3), (found["1."], 0.2), (found["3."], 0.15)]
        ranked = [replace(one, share=share) for one, share in shares]
        steps = likely_steps(evidence.inquiry, ranked, bot.retriever.passages_of)
        return [one.text[:2] for one in steps.statements] if steps else []

    assert told("how do I put the rope on a cut?") == ["1.", "2.", "3."]
    assert told("the rope won't close the cut") == ["1.", "2.", "3."]
    assert told("Which rope is for a cut?") == []
    evidence = bot.gathering.gather(Question("winch stuck"))
    (chain,) = [one for one in evidence.candidates if "chain" in one.sentence.text]
    (other, *_) = [one for one in evidence.candidates if one.passage.paragraph.heading[-1:] != ("The winch is stuck",)]
    ranked = [replace(other, share=0.7), replace(chain, share=0.1)]
    steps = likely_steps(evidence.inquiry, ranked, bot.retriever.passages_of)
    assert steps is not None and steps.statements[0].text == "1. Let the chain hang."


RECIPES = {
    "stew.md": "# Bean stew\n\n## Ingredients\n\n- 500 g beans\n- 2 carrots\n\n## Method\n\n1. Soak the beans overnight.\n2. Boil them for an hour.\n3. Add the carrots and salt.\n",
    "Semmelknödel.md": "# Semmelknödel\n\n## Zutaten\n\n- 6 Semmeln\n- 3 Eier\n\n## Zubereitung\n\n1. Die Semmeln in Milch einweichen.\n2. Die Eier unterkneten.\n3. Knödel formen und 20 Minuten ziehen lassen.\n",
    "gazpacho.md": "# Gazpacho\n\n## Ingredientes\n\n- 1 kg de tomates\n- 1 pepino\n\n## Preparación\n\n1. Lavar los tomates y el pepino.\n2. Triturar todo con aceite.\n3. Enfriar dos horas en la nevera.\n",
}  # fmt: skip


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("How do I make bean stew?", "Soak the beans overnight.", "Add the carrots and salt."),
        ("Wie macht man Semmelknödel?", "Die Semmeln in Milch einweichen.", "Knödel formen und 20 Minuten ziehen lassen."),
        ("¿Cómo se hace el gazpacho?", "Lavar los tomates y el pepino.", "Enfriar dos horas en la nevera."),
    ],
)  # fmt: skip
def test_how_something_is_made_is_all_steps_under_its_name_whatever_they_are_headed_by(
    tmp_path: Path, embedder: MiniLM, question: str, first: str, last: str
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, text in RECIPES.items():
        (folder / name).write_text(text, encoding="utf-8")
    with open_chatbot(Settings(home=tmp_path / "home", documents=folder), "test", embedder=embedder) as bot:
        bot.ingest()
        answer = bot.ask(question)
    assert answer.confidence.value == "high"
    assert [answer.citations[0].quote[3:], answer.citations[-1].quote[3:]] == [first, last]
    assert len(answer.citations) == 3
