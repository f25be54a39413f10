"""A slip of the pen in a question is put right, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chatbot import Chatbot
from rag.domain import Question
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.search.spelling import corrected
from rag.settings import Settings
from rag.text import terms
from rag.text.dictionary import one_edit_away, share

STANDING = {
    "compression": 3,
    "default": 5,
    "reception": 2,
    "what": 40,
    "which": 40,
    "folder": 9,
    "holder": 2,
    "immutable": 1,
    "mutable": 9,
    "bibliothèque": 1,
    "schlüssel": 2,
}


def right(question: str, language: str = "en") -> str:
    return corrected(
        question,
        is_word=lambda word: word in STANDING or share(word, language) > 0,
        near=lambda word: one_edit_away(word, language),
        seen=lambda word: STANDING.get(word, 0) + 50_000 * share(word, language),
        is_known=lambda word: share(word, language) > 0,
    )


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("which compresion is used", "which compression is used"),
        ("which commpression is used", "which compression is used"),
        ("which comprassion is used", "which compression is used"),
        ("which copmression is used", "which compression is used"),
        ("is an imutable start used", "is an immutable start used"),
        ("Recepton opening hours?", "reception opening hours?"),
        ("program start, waht do i do", "program start, what do i do"),
        ("wich compression is used", "which compression is used"),
        ("wat do i do to start the program", "what do i do to start the program"),
        ("had they left explosievs behind", "had they left explosives behind"),  # seldom, and only turned
        (
            "How is the default of Cmopression set when folders open?",
            "How is the default of Compression set when folders open?",
        ),
        ("is Cmopression's default used", "is Compression's default used"),
    ],
)
def test_a_letter_too_many_too_few_wrong_or_turned_is_put_right(question: str, meant: str) -> None:
    assert right(question) == meant


@pytest.mark.parametrize(
    "question",
    [
        "which compression is used",  # nothing is wrong
        "which bqtxh is used",  # no word is one letter away
        "which batch is used",  # English, if not in the documents
        "opening hours of Jolder",  # a name
        "which api or vat or hrw is used",  # short words may be anything
        "summarise the second folder",  # British
        "how much does the zibelline earn",  # hardly anybody has seen a zibeline
        "opening hours of KR-310-C and olde_r",  # an identifier
        "Wer öffnet den Schuppen?",  # another language
        "highrise sms provider",  # what it may be of is hardly ever seen
        "compresion",  # one word alone may be in any language
        "which bxlqr is used",  # two letters away
        "what colour was the convoy",  # written so elsewhere
        "which organisations took part",
    ],
)
def test_nothing_else_is_touched(question: str) -> None:
    assert right(question) == question


def test_where_other_words_tell_the_language_most_words_may_be_wrong(bot: Chatbot) -> None:
    meant = bot.retriever.meant_by(Question("when did teh russain airstirkes strat"))
    assert meant == "when did the russian airstrikes start"
    assert bot.retriever.meant_by(Question("russain airstirkes")) == "russain airstirkes"


def test_so_it_is_in_other_languages() -> None:
    assert right("Wer hat den schlüsel für die Werkstatt?", "de") == "Wer hat den schlüssel für die Werkstatt?"
    assert right("Où est la bibliothèqe de la ville ?", "fr") == "Où est la bibliothèque de la ville ?"


def test_of_several_the_most_frequent_is_meant() -> None:
    assert right("which folger is used") == "which folder is used"


@given(st.text())
def test_any_question_can_be_asked(question: str) -> None:
    assert isinstance(right(question), str)


@pytest.fixture(scope="module")
def bot(seeds: Path, embedder: MiniLM, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(documents=seeds, home=home, answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


def test_a_question_with_a_slip_is_searched_without_it_and_says_so(bot: Chatbot) -> None:
    whole = bot.ask("When did the siege of West Aleppo begin?")
    slipped = bot.ask("When did the siegge of West Aleppo begin?")
    assert slipped.searched_for[-1] == "When did the siege of West Aleppo begin?"
    assert slipped.confidence is whole.confidence
    assert [one.quote for one in slipped.citations] == [one.quote for one in whole.citations]
    assert "siegge" not in slipped.missing_terms


def test_only_words_of_the_documents_that_are_asked_are_meant(bot: Chatbot) -> None:
    for document, paragraphs in bot.paragraphs().items():
        words = {word for one in paragraphs for word in terms.words(one.text)}
        asked = Question("When did the soverein company begin the siegge?", scope=frozenset({document}))
        wording = (asked.text, *bot.search(asked).searched_for)[-1]
        assert ("siege" in terms.words(wording)) == ("siege" in words), document
