"""What changed between two versions: every sentence that only one of them has, and none that both have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.changes import MOST_TOLD, changes
from rag.chatbot import Chatbot
from rag.documents.reading import read_document
from rag.domain import Passage, Ranks, Source
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

OLDER = """# Rules of the ferry (2022)

1. A ticket for a bicycle costs 40 crowns.
2. Dogs travel free of charge.
3. The deposit for a canoe is 100 crowns.
"""
NEWER = """# Rules of the ferry (2025)

1. The ferry sails from May to September.
2. A ticket for a bicycle costs 47 crowns.
3. Dogs travel free of charge.
"""


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    home = tmp_path_factory.mktemp("changes")
    (home / "documents").mkdir()
    for name, text in (
        ("rules-2022.md", OLDER),
        ("rules-2025.md", NEWER),
        ("mill.md", "# The mill\n\nIt grinds rye.\n"),
    ):
        (home / "documents" / name).write_text(text, encoding="utf-8")
    settings = Settings(documents=home / "documents", home=home / "home", answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


@pytest.mark.parametrize(
    "question",
    [
        "What changed in the rules of the ferry?",
        "what's new in the ferry rules since 2022?",
        "What is the difference between the old and the new rules of the ferry?",
        "How have the ferry rules changed?",
    ],
)
def test_what_is_new_what_was_and_what_is_gone(bot: Chatbot, question: str) -> None:
    told = [(one.lead, one.citations[0].quote.split(" ", 1)[1]) for one in bot.ask(question).statements]
    assert told == [
        ("New:", "The ferry sails from May to September."),
        ("Until then:", "A ticket for a bicycle costs 40 crowns."),
        ("Now:", "A ticket for a bicycle costs 47 crowns."),
        ("No longer:", "The deposit for a canoe is 100 crowns."),
    ]


@pytest.mark.parametrize(
    "question", ["What changed in the mill?", "What changed in the weather?", "How has rye changed?"]
)
def test_where_there_are_no_versions_it_is_a_question_like_any_other(bot: Chatbot, question: str) -> None:
    assert not {one.lead for one in bot.ask(question).statements} & {"New:", "Now:", "No longer:", "Until then:"}


SENTENCES = st.lists(
    st.builds("The {} is {}.".format, st.sampled_from("mill boat gate road".split()), st.sampled_from("red blue old new".split())),
    min_size=1,
    max_size=6,
    unique=True,
)  # fmt: skip


def passages(sentences: list[str], year: int) -> list[Passage]:
    read = read_document(f"documents/{year}.txt", f"Rules {year}\n\n{' '.join(sentences)}\n".encode())
    source = Source(title=f"Rules {year}", revision=str(year))
    return [Passage(paragraph=one, source=source, score=0.0, ranks=Ranks()) for one in read.paragraphs]


@given(SENTENCES, SENTENCES)
def test_each_sentence_of_one_version_alone_is_told_once_and_no_other(before: list[str], now: list[str]) -> None:
    answer = changes("What changed?", older=passages(before, 2022), newer=passages(now, 2025))
    told = [one.citations[0] for one in answer.statements]
    assert {one.quote for one in told if one.source.title == "Rules 2022"} == set(before) - set(now)
    assert {one.quote for one in told if one.source.title == "Rules 2025"} == set(now) - set(before)
    assert len(told) == len(set(before) ^ set(now)) <= MOST_TOLD
    assert answer.abstained == (set(before) == set(now))
    assert "same" in (answer.notice or "")
