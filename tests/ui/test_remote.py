"""Who is asked when an index is held: only who proves to be its owner.  # cases 6, 7"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import IbidError, IndexBusyError
from rag.index.owner import Owner, proof_of, read_owner
from rag.settings import Settings
from tests.conftest import bare_environment, holding, serving
from ui.remote import BUSY, Remote, find_owner

ROOT = Path(__file__).parents[2]
IBID = [sys.executable, "-c", "from ui.cli import main; main()"]
TOKEN = "a-token-that-nobody-else-may-see"


class Stranger:
    """Another service on the port that a chat once had; it keeps what it is sent."""

    def __init__(self) -> None:
        self.answer: bytes = b"{}"
        self.status = 200
        self.headers: dict[str, str] = {"Content-Type": "application/json"}
        self.seen: list[str] = []
        self.url = ""
        self.token: str | None = None


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    told = Stranger()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.seen.append(f"{self.path}\n{self.headers}\n{body.decode(errors='replace')}")
            content = told.answer
            if told.token and self.path.startswith("/healthz?nonce="):
                content = json.dumps({"proof": proof_of(told.token, self.path.partition("=")[2])}).encode()
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as told.url:
        yield told


HOLD = """
    import sys
    from pathlib import Path
    from rag.index.store import open_store
    store = open_store(Path(sys.argv[1]), "by-hand-1", "chat")
    store.announce("chat", sys.argv[2], sys.argv[3])
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(index: Path, address: str) -> Iterator[subprocess.Popen[str]]:
    """A process that owns the index and says that it answers at `address`."""
    with holding(HOLD, str(index), address, TOKEN) as holder:
        yield holder


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("held") / "index"


@pytest.fixture(scope="module")
def holder(index: Path) -> Iterator[None]:
    with held(index, "http://127.0.0.1:9"):
        yield


def announce(index: Path, address: str) -> None:
    told = {"pid": os.getpid(), "doing": "chat", "address": address, "token": TOKEN}
    (index / "owner.json").write_text(json.dumps(told))


def test_a_process_that_took_the_number_of_a_killed_chat_is_nobody(tmp_path: Path, stranger: Stranger) -> None:
    (tmp_path / "lock").touch()
    announce(tmp_path, stranger.url)
    assert find_owner(tmp_path) is None
    assert stranger.seen == []


ANSWERS = [
    pytest.param(b"{}", 200, id="an object"),
    pytest.param(b'{"status": "ok"}', 200, id="an older chat"),
    pytest.param(b'{"proof": "00"}', 200, id="a wrong proof"),
    pytest.param(b'{"proof": null}', 200, id="no text"),
    pytest.param('{"proof": "\u00e9"}'.encode(), 200, id="a proof of other letters"),
    pytest.param(b"[]", 200, id="a list"),
    pytest.param(b"<html>", 200, id="a page"),
    pytest.param(b"\xff\xfe\x00", 200, id="bytes"),
    pytest.param(b"[" * 200_000, 200, id="depth"),
    pytest.param(b"", 404, id="not found"),
    pytest.param(b"", 500, id="an error"),
    pytest.param(b"", 302, id="elsewhere"),
]


@pytest.mark.slow
@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize(("content", "status"), ANSWERS)
def test_a_stranger_on_the_port_is_told_nothing_and_named_in_one_line(
    index: Path, stranger: Stranger, content: bytes, status: int
) -> None:
    stranger.answer, stranger.status = content, status
    stranger.headers["Location"] = f"{stranger.url}/elsewhere"
    announce(index, stranger.url)
    with pytest.raises(IndexBusyError) as told:
        find_owner(index)
    assert str(told.value) == (
        f"The index is held, and what answers at {stranger.url} is not the chat that holds it, or not of this "
        "version. Stop the chat and start it again."
    )
    assert len(stranger.seen) == 1
    assert not any(secret in seen for seen in stranger.seen for secret in (TOKEN, "Authorization", "Bearer"))


@pytest.mark.usefixtures("holder")
def test_an_owner_that_does_not_answer_is_named_in_one_line(index: Path) -> None:
    announce(index, "http://127.0.0.1:9")
    with pytest.raises(IndexBusyError, match=r"^The index is held by process .* which does not answer\. Stop it"):
        find_owner(index)


@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize("address", ["http://[::", "http://127.0.0.1:99999999", "http://a b/", "http://"])
def test_an_address_that_is_none_is_one_line(index: Path, address: str) -> None:
    announce(index, address)
    with pytest.raises(IndexBusyError):
        find_owner(index)


@pytest.mark.usefixtures("holder")
def test_who_knows_the_token_is_asked(index: Path, stranger: Stranger) -> None:
    stranger.token = TOKEN
    announce(index, stranger.url)
    owner = find_owner(index)
    assert owner is not None
    assert owner.owner == read_owner(index)
    assert not any(TOKEN in seen for seen in stranger.seen)


OTHER_SHAPES = ["{}", "[]", "null", "3", '{"passages": 3, "dense_used": 1}', '{"outcomes": [{}], "writer": {}}',
                '{"second_embedder": "x", "writer": null}', '{"statements": [[]]}', "{", "\x00"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("content", OTHER_SHAPES)
def test_an_answer_of_another_shape_is_one_line(stranger: Stranger, content: str) -> None:
    stranger.answer = content.encode()
    remote = Remote(Owner(pid=1, doing="chat", address=stranger.url, token=TOKEN), "folder")
    asked = {
        "ask": lambda: remote.ask("Why?", (), (), True),
        "search": lambda: remote.search("Why?", (), 3, True),
        "ingest": lambda: remote.ingest(True),
        "is_indexing": lambda: remote.is_indexing,
        "second": lambda: remote.second,
    }
    for name, ask in asked.items():
        with pytest.raises(IbidError) as told:
            ask()
        assert "\n" not in str(told.value), name
        assert "is not the chat that holds it" in str(told.value), name


def test_a_chat_that_only_reads_from_a_server_says_who_writes(stranger: Stranger) -> None:
    stranger.status, stranger.answer = BUSY, b'{"error": "The index is written by process 7 on box (chat)."}'
    remote = Remote(Owner(pid=1, doing="chat", address=stranger.url, token=TOKEN), "folder")
    with pytest.raises(IndexBusyError, match=r"^The index is written by process 7 on box \(chat\)\.$"):
        remote.ingest(True, again=False)


@pytest.mark.slow
def test_a_command_beside_a_chat_of_another_version_says_so_in_one_line(tmp_path: Path, stranger: Stranger) -> None:
    settings = Settings(documents=tmp_path, home=tmp_path / "home")
    stranger.token = TOKEN
    stranger.answer = b'{"second_embedder": null, "writer": null, "documents": []}'
    with held(settings.index, stranger.url):
        for command in (["status"], ["ask", "What does bread cost?"], ["search", "bread"]):
            told = run([*IBID, *command], settings.home, tmp_path)
            assert told.returncode == 1, told.stdout
            assert "Traceback" not in told.stderr
            assert "is not the chat that holds it, or not of this version" in " ".join(told.stderr.split())


@given(token=st.text(min_size=1), other=st.text(min_size=1), nonce=st.text())
def test_a_proof_is_of_the_token_and_of_the_number(token: str, other: str, nonce: str) -> None:
    assert proof_of(token, nonce) == proof_of(token, nonce)
    assert proof_of(token, nonce) != proof_of(token, f"{nonce}x")
    assert (proof_of(token, nonce) == proof_of(other, nonce)) == (token == other)


def run(command: Sequence[str], home: Path, documents: Path) -> subprocess.CompletedProcess[str]:
    settings = {"IBID_HOME": str(home), "IBID_DOCUMENTS": str(documents)}
    return subprocess.run(
        command, cwd=ROOT, env=bare_environment() | settings, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.slow
def test_in_a_container_where_every_process_is_the_first_a_killed_chat_holds_nothing(
    tmp_path: Path, stranger: Stranger
) -> None:
    inside = ["unshare", "--pid", "--fork", "--mount-proc"]
    if shutil.which("unshare") is None or subprocess.run([*inside, "true"], check=False).returncode:
        pytest.skip("no process numbers of one's own can be had here")
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "gate.txt").write_text("The gate was opened at noon by the guard.\n")
    ask = [*inside, sys.executable, "-c", "from ui.cli import main; main()", "ask", "Who opened the gate?"]
    assert run(ask, tmp_path / "home", tmp_path / "documents").returncode == 0
    (index,) = (tmp_path / "home" / "indexes").iterdir()
    # As a chat that was killed left it: the asker itself is process 1 too.
    told = {"pid": 1, "doing": "chat", "address": stranger.url, "token": TOKEN}
    (index / "owner.json").write_text(json.dumps(told))
    done = run(ask, tmp_path / "home", tmp_path / "documents")
    assert (done.returncode, "The gate was opened at noon" in done.stdout) == (0, True), done.stderr
    assert stranger.seen == []
