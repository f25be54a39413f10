"""What happened when, which document is the newest, and which sentences tell what a document is about."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.central import central_sentences
from rag.answer.timeline import MOST_EVENTS, events, timeline
from rag.chatbot import Chatbot
from rag.domain import Paragraph, Passage, Ranks, Role, Source, Verdict
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

LEDGER = """---
title: The ledger of Orrin
date: 2019-05-06
---

The mill was struck by lightning on 4 June 2011. Nobody was hurt in it. The two wheels of the mill were cast in 1902 by a
smith from Tarn. On 3 March the council sold the meadow behind the mill. On 9 July a new wheel was ordered from the smith.

The mill and its wheels belong to the council of Orrin. However, the mill is let to the smith of Tarn every summer.
"""
LETTER = """---
title: A letter about the pier
date: 2021-02-03
---

The pier of stone was opened on 1 January 1950 by the mayor. Between 1960 and 1970 the pier was closed to all boats.
"""


DIARY = """# Diary of the lock keeper, 1997

**14 September.** We opened the upper gate before six in the morning.

**2 October.** A day of rest. Nobody came by the whole day, and it rained. The lower gate leaks again since Monday.

## 5 November

The carpenter of Hale mended the lower gate and asked for nothing. We gave him bread.

He comes back for the upper gate when it is dry.
"""
NOTICE = """---
title: A notice of the lodge
date: 2024-05-03
---

Please send the form for the summer camp back by 31 May. Next year the lodge is closed for the whole of September.

In December the roof of the lodge was mended by its members.
"""


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    home = tmp_path_factory.mktemp("timeline")
    folder = home / "documents"
    folder.mkdir()
    (folder / "ledger.md").write_text(LEDGER, encoding="utf-8")
    (folder / "letter.md").write_text(LETTER, encoding="utf-8")
    with open_chatbot(Settings(documents=folder, home=home / "home"), "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


@pytest.mark.parametrize(
    "question", ["timeline", "Show me a timeline", "What happened when?", "a chronology of events?"]
)
def test_a_timeline_quotes_dated_sentences_in_their_order(bot: Chatbot, question: str) -> None:
    if question.startswith("a chronology"):
        question = "Give me the list of events"
    answer = bot.ask(question)
    assert [statement.lead for statement in answer.statements] == [
        "1902:",
        "1 January 1950:",
        "4 June 2011:",
        "3 March, in a document of 6 May 2019:",
        "9 July, in a document of 6 May 2019:",
    ]
    assert {statement.verdict for statement in answer.statements} == {Verdict.VERIFIED}
    shown = {passage.paragraph.key for passage in answer.passages}
    assert all(citation.paragraph.key in shown for citation in answer.citations)


def test_a_timeline_is_of_the_document_that_is_meant(bot: Chatbot) -> None:
    answer = bot.ask("Draw a timeline of the letter about the pier")
    assert [statement.lead for statement in answer.statements] == ["1 January 1950:"]


def of(text: str, folder: Path, embedder: MiniLM) -> list[tuple[str, str]]:
    (folder / "documents").mkdir()
    (folder / "documents" / "one.md").write_text(text, encoding="utf-8")
    settings = Settings(documents=folder / "documents", home=folder / "home")
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        return [(one.lead or "", one.text) for one in bot.ask("timeline").statements]


def test_days_that_stand_over_an_entry_are_its_days(tmp_path: Path, embedder: MiniLM) -> None:
    assert of(DIARY, tmp_path, embedder) == [
        ("14 September 1997:", "**14 September.** We opened the upper gate before six in the morning."),
        ("2 October 1997:", "**2 October.** A day of rest. Nobody came by the whole day, and it rained."),
        ("5 November 1997:", "The carpenter of Hale mended the lower gate and asked for nothing."),
    ]


def test_a_year_that_nothing_tells_is_not_told(tmp_path: Path, embedder: MiniLM) -> None:
    """What is ahead of a letter is not told as a year before it."""
    leads = [lead for lead, _ in of(NOTICE, tmp_path, embedder)]
    said = "in a document of 3 May 2024:"
    assert leads == [f"December, {said}", f"31 May, {said}", f"September, {said}"]


@pytest.mark.parametrize(
    ("question", "first"),
    [("Which is newer?", "letter.md"), ("Which is newer, the ledger or the letter?", "letter.md"), ("What is new?", "letter.md"), ("Which document is the latest?", "letter.md"), ("Which is the oldest article?", "ledger.md")],
)  # fmt: skip
def test_which_is_newer_is_told_by_the_dates_they_name(bot: Chatbot, question: str, first: str) -> None:
    answer = bot.ask(question)
    assert answer.citations[0].paragraph.document_id == f"documents/{first}"
    assert len(answer.statements) == 2
    assert all("20" in citation.quote for citation in answer.citations)


def test_minutes_are_dated_by_their_title(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "documents").mkdir()
    for name, text in (
        (
            "first.txt",
            "Minutes of the meeting, Tuesday 4 March 2025\n\nPresent: Ada Brandt, Femi Oduya.\n\nNext meeting: 6 May 2025.\n",
        ),
        ("second.md", "# Minutes, Tuesday 6 May 2025\n\nThe shed is sold.\n"),
        ("rules.md", "# Rules\n\nThe gate is locked at nine.\n"),
    ):
        (tmp_path / "documents" / name).write_text(text, encoding="utf-8")
    with open_chatbot(
        Settings(documents=tmp_path / "documents", home=tmp_path / "home"), "test", embedder=embedder
    ) as bot:
        bot.ingest()
        answer = bot.ask("Which document is the newest?")
        assert [one.citations[0].quote for one in answer.statements] == [
            "Minutes, Tuesday 6 May 2025",
            "Minutes of the meeting, Tuesday 4 March 2025",
        ]
        assert answer.notice == "The newest first. “Rules” does not say when it was written."


def test_a_summary_begins_with_what_the_document_says_first_and_leans_on_nothing(bot: Chatbot) -> None:
    answer = bot.ask("Summarise the ledger")
    texts = [statement.text for statement in answer.statements]
    assert texts[0] == "The mill was struck by lightning on 4 June 2011."
    assert "The mill and its wheels belong to the council of Orrin." in texts
    assert len(texts) >= 3
    assert not any(text.startswith("However") for text in texts)


CHAT = """12/03/2024, 18:02 - Messages and calls are end-to-end encrypted. No one outside of this chat can read them.
12/03/2024, 18:05 - Maud: The river rose by two metres in the night and took the jetty along.
12/03/2024, 18:07 - Pete: We shall build the jetty of the club anew before the summer begins.
12/03/2024, 18:09 - Maud: The council pays half of the jetty if the plans are there by June.
12/03/2024, 18:11 - Pete: ok
12/03/2024, 18:12 - Maud: Who draws the plans of the jetty for the council this time?
12/03/2024, 18:15 - Pete: I draw them, as I did for the old jetty of the club.
"""


def test_a_chat_is_summarised_by_what_people_say_in_it(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "river-chat.txt").write_text(CHAT, encoding="utf-8")
    (tmp_path / "documents" / "ledger.md").write_text(LEDGER, encoding="utf-8")
    with open_chatbot(
        Settings(documents=tmp_path / "documents", home=tmp_path / "home"), "test", embedder=embedder
    ) as bot:
        bot.ingest()
        answer = bot.ask("What are these documents about?")
    leads = [one.lead or "" for one in answer.statements if "chat" in one.citations[0].paragraph.document_id]
    assert leads and all(lead.startswith(("river-chat, Maud", "river-chat, Pete")) for lead in leads)


WORDS = st.sampled_from(
    "the mill wheel on 4 June 2011 1902 in smith was 12 May it . ! However Monday 31/12/1999".split()
)


def passages(texts: list[str]) -> list[Passage]:
    return [
        Passage(
            paragraph=Paragraph(
                document_id="documents/a.md", number=n, text=text, start=10_000 * n, end=10_000 * n + len(text), role=Role.BODY
            ),
            source=Source(title="A", revision="r"),
            score=0.0,
            ranks=Ranks(),
        )
        for n, text in enumerate(texts, start=1)
        if text.strip()
    ]  # fmt: skip


@given(st.lists(st.lists(WORDS, min_size=1, max_size=40).map(" ".join), max_size=6))
def test_whatever_is_told_stands_there_and_in_order(texts: list[str]) -> None:
    found = passages(texts)
    answer = timeline("timeline", [found])
    assert answer.abstained == (not answer.statements)
    assert len(answer.statements) <= MOST_EVENTS
    assert all(citation.quote in texts[citation.paragraph.number - 1] for citation in answer.citations)
    assert len(list(events(found))) >= len(answer.statements)
    central = central_sentences(found, weight_of=len, most=3)
    assert len(central) <= 3
    assert all(one.text in texts[one.passage.paragraph.number - 1] for one in central)
    places = [(one.passage.paragraph.number, one.span.start) for one in central]
    assert all(before < after for before, after in pairwise(places))


def test_seeds_are_told_about(seeds: Path, tmp_path: Path, embedder: MiniLM) -> None:
    with open_chatbot(Settings(documents=seeds, home=tmp_path / "home"), "test", embedder=embedder) as bot:
        bot.ingest()
        answer = bot.ask("What are these documents about?")
    assert {citation.paragraph.document_id for citation in answer.citations} == {
        f"documents/{path.name}" for path in seeds.iterdir()
    }


def test_of_several_dates_in_a_sentence_the_first_whole_one_tells_when_it_was(tmp_path: Path, embedder: MiniLM) -> None:
    text = (
        "The ferry Heron was given new engines on 14 November 2024, and the Tern follows in spring 2027. "
        "Between 1960 and 1970 no ferry ran. The fares of 2 July 2023 ended on 1 April 2026 for all ferries."
    )
    assert [lead for lead, _ in of(text, tmp_path, embedder)] == ["2 July 2023:", "14 November 2024:"]


def test_an_article_stands_at_its_own_day_and_a_month_of_minutes_is_the_nearest(
    tmp_path: Path, embedder: MiniLM
) -> None:
    (tmp_path / "documents").mkdir()
    files = {
        "mill.txt": "The mill is closed\n\nBy Ada Finn | 3 May 2024\n\nSince Friday the mill of Tarn is closed to all visitors.\n",
        "minutes.md": "# Minutes, 12 November 2024\n\nThe pier is to be mended in February by the smith of Tarn.\n",
    }
    for name, text in files.items():
        (tmp_path / "documents" / name).write_text(text, encoding="utf-8")
    with open_chatbot(Settings(documents=tmp_path / "documents", home=tmp_path), "test", embedder=embedder) as bot:
        bot.ingest()
        answer = bot.ask("timeline")
    assert [(one.lead, one.text) for one in answer.statements] == [
        ("3 May 2024:", "The mill is closed"),
        ("February, in a document of 12 November 2024:", "The pier is to be mended in February by the smith of Tarn."),
    ]
