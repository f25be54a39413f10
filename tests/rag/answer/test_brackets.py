"""Of rows for brackets the one that the question's own amount falls into is the answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.chatbot import Chatbot
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

PRICES = """code,item,species,price
S03,Castration under 20 kg,dog,265.00
S04,Castration 20 kg and over,dog,325.00
S05,Spay under 20 kg,dog,345.00
S06,Spay 20 kg and over,dog,420.00
S07,Keyhole spay,dog,640.00
B01,Boarding a night,any,30.00
"""
PARCELS = """# Parcels

| Weight | By post | By courier |
|---|---|---|
| up to 2 kg | 4.10 | 9.00 |
| 2 to 10 kg | 7.30 | 14.00 |
| over 10 kg | 12.80 | 21.00 |
"""


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    base = tmp_path_factory.mktemp("brackets")
    (base / "documents").mkdir()
    (base / "documents" / "prices.csv").write_text(PRICES, encoding="utf-8")
    (base / "documents" / "parcels.md").write_text(PARCELS, encoding="utf-8")
    settings = Settings(home=base / "home", documents=base / "documents", answer_seconds=0.0)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("How much is a spay for a dog of 27 kg?", "S06"),
        ("How much is a spay for a dog of 12 kg?", "S05"),
        ("How much is a spay for a 27kg dog?", "S06"),
        ("What does the castration of a 31 kg dog cost?", "S04"),
        ("What does the castration of a 7 kg dog cost?", "S03"),
        ("What does a parcel of 5 kg cost by courier?", "14.00"),
        ("What does a parcel of 1 kg cost by courier?", "9.00"),
        ("What does a parcel of 23 kg cost by courier?", "21.00"),
    ],
)
def test_the_row_is_quoted_whose_bracket_holds_the_amount(bot: Chatbot, question: str, row: str) -> None:
    answer = bot.ask(question)
    assert row in answer.text, (answer.text, answer.notice)
    assert answer.unmentioned == ()
