"""The key goes to the server and nowhere else: not into logs, errors, answers, exports or files, even where the server
says it back."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from rag.domain import Question
from rag.errors import IbidError
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.servers.chat_model import ChatModel
from rag.servers.remote_embedding import RemoteEmbedding
from rag.settings import Settings
from tests.conftest import EmbeddingServer, ModelServer, bare_environment
from ui.web.conversation import new_conversation
from ui.web.export import exported

ROOT = Path(__file__).parents[1]
KEY = "sk-planted-0123456789"
QUESTION = "How long was West Aleppo under siege?"
ECHOES = [
    (status, f"Incorrect API key provided: {KEY}\nAuthorization: Bearer {KEY}") for status in (400, 401, 404, 500)
]


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    return tmp_path / "seeds"


def everything_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.slow
@pytest.mark.parametrize(("status", "message"), ECHOES, ids=[str(status) for status, _ in ECHOES])
def test_an_error_that_echoes_the_key_is_cleared_of_it_with_all_it_came_from(
    embedding_server: EmbeddingServer, caplog: pytest.LogCaptureFixture, status: int, message: str
) -> None:
    embedding_server.status, embedding_server.message = status, message
    caplog.set_level(logging.DEBUG)
    told = []
    for ask in (
        lambda: ChatModel("gpt-test", KEY, embedding_server.url).complete("Why?"),
        lambda: RemoteEmbedding("embed-test", KEY, embedding_server.url).get_query_embedding("Why?"),
    ):
        try:
            ask()
        except IbidError as error:
            logging.getLogger("anyone").exception("It failed.")
            told.append("".join(traceback.format_exception(error)))
    assert len(told) == 2
    assert KEY in embedding_server.keys
    assert len(caplog.records) > 10
    assert KEY not in "".join(told) + caplog.text


@pytest.mark.slow
def test_answers_exports_and_the_home_hold_no_key(
    tmp_path: Path, seeds: Path, embedding_server: EmbeddingServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = Settings(documents=seeds, home=tmp_path / "home", openai_api_key=KEY)
    model = ChatModel("gpt-test", KEY, embedding_server.url)
    embedding = RemoteEmbedding("embed-test", KEY, embedding_server.url)
    with open_chatbot(settings, "test", embedder=MiniLM(), llm=model, embedding=embedding) as bot:
        bot.ingest()
        conversation = new_conversation("folder")
        for embedding_server.status, embedding_server.message in ECHOES:
            answer = bot.ask(Question(QUESTION, turns=conversation.turns))
            assert "the documents themselves. " in (answer.notice or "")
            conversation = conversation.asking(QUESTION).answered(answer)
    assert KEY in embedding_server.keys
    for kind in ("markdown", "html", "json"):
        assert KEY not in exported(conversation, kind).text
    assert KEY not in repr((settings, model, embedding, bot)) + caplog.text
    assert KEY not in json.dumps([model.to_dict(), embedding.to_dict()], default=str)
    assert KEY.encode() not in everything_below(tmp_path / "home")


@pytest.mark.slow
def test_a_session_with_every_log_on_prints_and_keeps_no_key(
    tmp_path: Path, seeds: Path, model_server: ModelServer
) -> None:
    reply = "West Aleppo was under siege by Daesh for 13 days. [P1]"
    # It knows no embeddings here, and refuses.
    with model_server({"long was West": reply}) as url:
        environment = bare_environment() | {
            "IBID_HOME": str(tmp_path / "home"),
            "IBID_DOCUMENTS": str(seeds),
            "IBID_CHAT_MODEL": "gpt-test",
            "IBID_EMBED_MODEL": "openai:embed-test",
            "OPENAI_BASE_URL": url,
            "OPENAI_API_KEY": KEY,
            "OPENAI_LOG": "debug",
        }
        command = [sys.executable, "-c", _LOUD, "ask", QUESTION, "--json"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert b"gpt-test" in done.stdout
    assert done.stderr.count(b"DEBUG") > 10
    assert KEY.encode() not in done.stdout + done.stderr + everything_below(tmp_path / "home")


_LOUD = "import logging; logging.basicConfig(level='DEBUG'); from ui.cli import main; main()"
