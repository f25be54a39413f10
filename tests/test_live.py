"""Against a real server, for whoever has a key: `pytest -m live`, with OPENAI_API_KEY or OPENAI_BASE_URL, IBID_CHAT_MODEL
and, if wanted, IBID_EMBED_MODEL set. It costs a fraction of a cent."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rag.domain import Verdict
from rag.opening import chat_model_of, embedding_of, open_chatbot
from rag.settings import Settings
from tests.rag.answer.test_written_answers import assert_sound

ROOT = Path(__file__).parents[1]

pytestmark = [pytest.mark.live, pytest.mark.enable_socket]


def test_a_real_model_answers_from_the_seeds_and_is_held_to_them(tmp_path: Path) -> None:
    settings = Settings(documents=tmp_path / "seeds", home=tmp_path / "home")
    if not settings.chat_model:
        pytest.skip("IBID_CHAT_MODEL names no model")
    shutil.copytree(ROOT / "seeds", settings.documents)
    llm, embedding = chat_model_of(settings), embedding_of(settings)
    with open_chatbot(settings, "live test", llm=llm, embedding=embedding) as bot:
        assert bot.ingest().unfinished is None
        known = bot.ask("How long was West Aleppo under siege?")
        unknown = bot.ask("What did gold cost on Mars?")
        overview = bot.ask("What are these documents about?")
    assert (known.mode, known.model) == ("generative", bot.writer)
    assert any("13" in one.text for one in known.statements if one.verdict is Verdict.VERIFIED)
    assert known.usage
    assert unknown.abstained
    for answer in (known, overview):
        assert_sound(answer, settings.documents)
