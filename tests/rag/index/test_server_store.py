"""An index on a real Chroma server: one process writes, others answer, and nobody is taken in by a writer that is late."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from rag.chatbot import Chatbot
from rag.domain import Document, Paragraph, Role
from rag.errors import EmbeddingError, IndexBusyError, IndexMismatchError, StorageError
from rag.index.embedding import MiniLM
from rag.index.lease import take
from rag.index.lexical import LexicalText, build_index
from rag.index.records import Change, FileStamp, Piece, row_id
from rag.index.server import Server
from rag.index.server_store import ServerStore, open_server_store
from rag.index.snapshot import open_snapshot
from rag.index.store import Store
from rag.opening import clear_index, open_chatbot
from rag.settings import Settings
from rag.status import status_json
from tests.rag.index.test_lexical import assert_same
from ui.asking import answering
from ui.web.api import growing
from ui.web.folder import Indexing
from ui.web.folders import OpenFolder
from ui.web.reading import library_html

EMBEDDER = "by-hand-1"
KEY = "Hanne Lund holds the key of the depot."


@dataclass
class Chroma:
    """`chroma run`, on a port and a folder of its own."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        program = Path(sys.executable).with_name("chroma")
        told = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        run = [str(program), "run", "--path", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(run, **told)  # type: ignore[call-overload]
        eventually(self.answers, within=60)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/v2/heartbeat", timeout=2).is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroma]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Chroma(tmp_path_factory.mktemp("chroma"), port)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def embedder() -> MiniLM:
    return MiniLM()


def eventually(holds: Callable[[], bool], *, within: float) -> None:
    until = time.monotonic() + within
    while not holds():
        assert time.monotonic() < until, f"not within {within} s"
        time.sleep(0.05)


# --- whole chatbots


@dataclass(frozen=True)
class Place:
    """A documents folder, the server that keeps its index, and a home for each process."""

    chroma: Chroma
    folder: Path
    embedder: MiniLM

    def settings(self, home: str) -> Settings:
        path = self.folder.with_name(home)
        return Settings(documents=self.folder, home=path, chroma_url=self.chroma.url, reader=False)

    def opened(self, home: str) -> Chatbot:
        return open_chatbot(self.settings(home), home, embedder=self.embedder)

    def write(self, name: str, *paragraphs: str) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_text("\n\n".join(paragraphs) + "\n")

    @contextmanager
    def process(self, home: str, program: str) -> Iterator[subprocess.Popen[str]]:
        """A process with the chatbot `bot` that does what `program` says, and tells of errors of ours in a line."""
        script = _OPENED + textwrap.indent(textwrap.dedent(program), "    ") + _TOLD
        given = [sys.executable, "-c", script, str(self.folder), str(self.folder.with_name(home)), self.chroma.url]
        with subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
            try:
                yield run
            finally:
                run.kill()


_OPENED = """
import json, sys
from pathlib import Path
from rag.errors import IbidError
from rag.opening import open_chatbot
from rag.settings import Settings

def tell(what):
    print(json.dumps(what), flush=True)

folder, home, url = sys.argv[1:]
bot = open_chatbot(Settings(documents=Path(folder), home=Path(home), chroma_url=url, reader=False), "test")
try:
"""
_TOLD = """
    bot.close()
except IbidError as error:
    tell(f"{type(error).__name__}: {error}")
"""

ASKS = """
tell("ready")
for line in sys.stdin:
    tell(bot.ask(line).text)
"""
INGESTS = """
bot.ingest(lambda told: tell(told.files_done))
tell("done")
"""


def told_by(run: subprocess.Popen[str]) -> str | int:
    assert run.stdout is not None
    found: str | int = json.loads(run.stdout.readline())
    return found


def asked(run: subprocess.Popen[str], question: str) -> str:
    assert run.stdin is not None
    print(question, file=run.stdin, flush=True)
    return str(told_by(run))


@pytest.fixture
def place(chroma: Chroma, tmp_path: Path, embedder: MiniLM) -> Place:
    return Place(chroma, tmp_path / "documents", embedder)


def texts_of(bot: Chatbot) -> dict[str, list[str]]:
    """What is read of each document from the server, paragraph by paragraph."""
    store, found = bot._store, {}
    for document_id, record in store.records().items():
        keys = [row_id(record.prefix, number) for number in range(1, record.paragraphs + 1)]
        there = store.paragraphs(keys)
        found[document_id] = [there[key].text if key in there else "missing" for key in keys]
    return found


@pytest.mark.slow
def test_one_process_ingests_three_others_answer_and_notice_within_two_seconds(place: Place) -> None:
    place.write("depot.md", "# The depot", KEY)
    place.write("leave.md", "# Leave", "Every employee has 28 days of leave a year.")
    with place.opened("writer") as writer:
        writer.ingest()
        with place.process("a", ASKS) as a, place.process("b", ASKS) as b, place.process("c", ASKS) as c:
            others = (a, b, c)
            assert [told_by(one) for one in others] == ["ready"] * 3
            assert all("Hanne Lund" in asked(one, "Who holds the key of the depot?") for one in others)
            place.write("leave.md", "# Leave", "Every employee has 31 days of leave a year.")
            (place.folder / "depot.md").unlink()
            writer.ingest()
            time.sleep(2)
            for one in others:
                assert "31 days" in asked(one, "How many days of leave has an employee?")
                assert "Hanne" not in asked(one, "Who holds the key of the depot?")
        assert writer.check().is_whole


def test_a_second_writer_is_refused_in_one_line_and_has_its_turn_when_the_first_ends(place: Place) -> None:
    place.write("depot.md", "# The depot", KEY)
    with place.opened("second") as second:
        with place.opened("first") as first:
            first.ingest()
            holder = status_json(second, settings=place.settings("second"))["lease"]
            assert str(holder).startswith(f"process {os.getpid()} on ")
            assert str(holder).endswith(" (first)")
            with pytest.raises(IndexBusyError, match=rf"written by process {os.getpid()} on .* \(first\)"):
                second.ingest()
            with pytest.raises(IndexBusyError, match="written by process"):
                clear_index(place.settings("third"))
        assert second.lease_holder is None
        place.write("leave.md", "# Leave", "Every employee has 28 days of leave a year.")
        second.ingest()
        assert set(texts_of(second)) == {"documents/depot.md", "documents/leave.md"}


def test_a_chat_that_another_process_ingests_for_shows_no_problem_and_takes_over_in_its_turn(place: Place) -> None:
    place.write("depot.md", "# The depot", KEY)
    with closing(OpenFolder(place.settings("chat"), place.embedder, None)) as folder:
        with place.opened("writer") as writer:
            writer.ingest()
            eventually(lambda: folder.ids == {"documents/depot.md"}, within=2.5)
            assert not any(folder.brought_in_line())
            assert folder.indexing == Indexing()
            eventually(lambda: bool(folder.introduction.documents), within=5)
        # Nobody asks: it takes over, and goes on looking.
        for name in ("leave", "fees"):
            place.write(f"{name}.md", f"# The {name}", f"Of the {name} nothing is told.")
            eventually(lambda named=f"documents/{name}.md": named in folder.ids, within=15)  # type: ignore[misc]
    assert folder.indexing.problem is None


@pytest.mark.slow
def test_clearing_and_making_anew_is_seen_by_those_who_read(place: Place) -> None:
    place.write("depot.md", "# The depot", KEY)
    with place.opened("reader") as reader:
        with place.opened("writer") as writer:
            writer.ingest()
        eventually(lambda: bool(reader.documents), within=2.5)
        clear_index(place.settings("writer"))
        eventually(lambda: not reader.documents, within=2.5)
        assert reader.ask("Who holds the key of the depot?").abstained
        assert reader.check().documents == 0
        with place.opened("writer") as writer:
            writer.ingest()
        eventually(lambda: bool(reader.documents), within=2.5)
        assert "Hanne Lund" in reader.ask("Who holds the key of the depot?").text


def gates(version: str) -> dict[str, list[str]]:
    """Two versions of forty documents, of which most paragraphs stand in both."""
    lines = {i: [f"Gate {i} was opened at hour {n} by guard {i * n % 7}." for n in range(16)] for i in range(40)}
    if version == "B":
        lines = {i: [*reversed(of[2:]), f"In version B, gate {i} stayed shut."] for i, of in lines.items()}
    return {f"documents/gate-{i:02}.txt": of for i, of in lines.items()}


def write_gates(place: Place, version: str) -> None:
    for name, lines in gates(version).items():
        place.write(name.removeprefix("documents/"), *lines)


def committed_some(run: subprocess.Popen[str]) -> None:
    while told_by(run) == 0:
        pass


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_nothing_torn_and_another_takes_over(place: Place) -> None:
    write_gates(place, "A")
    with place.opened("reader") as reader:
        reader.ingest()
    write_gates(place, "B")
    with place.opened("reader") as reader:
        with place.process("writer", INGESTS) as writer:
            committed_some(writer)
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        time.sleep(1.5)
        found = texts_of(reader)
        assert all(found[name] in (gates("A")[name], gates("B")[name]) for name in gates("A"))
        eventually(lambda: took_over(reader), within=15)
        assert texts_of(reader) == gates("B")
        assert reader.check().unreachable == 0


@pytest.mark.slow
def test_while_another_process_reads_documents_answers_say_so_and_what_it_leaves_undone_is_done_unasked(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    write_gates(place, "A")
    with place.process("writer", INGESTS) as writer:
        committed_some(writer)
        writer.send_signal(signal.SIGSTOP)
        with answering(place.settings("ask"), doing="ask", use_model=False):
            assert re.search(r"reading this folder: \d+ of 40 files so far\.$", capsys.readouterr().err.strip())
        with closing(OpenFolder(place.settings("chat"), place.embedder, None)) as folder:
            *_, answer = growing(folder, "Who opened gate 3?", [], [])
            assert re.search(r"\d+ of 40 files had been read by then\.$", answer.notice or "")
            assert folder.indexing.running
            assert "of 40 files. Answers cover what is in so far." in library_html((), folder.indexing)
            writer.kill()
            expire(folder.bot._store)
            eventually(lambda: folder.ids == set(gates("A")), within=30)
            eventually(lambda: not folder.indexing.to_come and not folder.indexing.running, within=5)
            assert texts_of(folder.bot) == gates("A")


def test_a_chat_that_holds_the_lease_and_cannot_write_says_so_and_tries_again(place: Place) -> None:
    place.write("depot.md", "# The depot", KEY)
    with closing(OpenFolder(place.settings("chat"), place.embedder, None)) as folder:
        folder.ingest()
        lease = folder.bot._store._lease  # type: ignore[attr-defined]
        lease._until, lease._renewed = 0.0, math.inf
        place.write("leave.md", "# Leave", "Every employee has 28 days of leave a year.")
        with pytest.raises(IndexBusyError):
            folder.ingest()
        assert "was not told in time" in (folder.indexing.problem or "")
        lease._renewed = 0.0
        eventually(lambda: folder.indexing.problem is None and "documents/leave.md" in folder.ids, within=15)


def took_over(bot: Chatbot) -> bool:
    try:
        bot.ingest()
    except IndexBusyError:
        return False
    return True


def expire(store: Store) -> None:
    """Have the server say that the lease has run out, which its holder does not know."""
    assert isinstance(store, ServerStore)
    terms = store._connection.made_terms()
    terms.update([max(terms.get()["ids"])], [{"until": 0.0}])


@pytest.mark.slow
def test_a_writer_that_is_stopped_past_its_time_and_goes_on_writes_nothing(place: Place) -> None:
    write_gates(place, "A")
    with place.opened("other") as other:
        with place.process("writer", INGESTS) as writer:
            committed_some(writer)
            writer.send_signal(signal.SIGSTOP)
            write_gates(place, "B")
            expire(other._store)
            other.ingest()
            writer.send_signal(signal.SIGCONT)
            *_, last = [json.loads(line) for line in writer.stdout or ()]
        # Whichever it finds out first.
        assert re.match("IndexBusyError: (Another process has taken over|The server .* not told in time)", str(last))
        assert texts_of(other) == gates("B")
        with place.opened("late") as late:
            assert texts_of(late) == gates("B")
            assert late.check().unreachable == 0


@pytest.mark.slow
def test_without_the_server_answers_say_so_within_five_seconds_and_come_back(place: Place) -> None:
    place.write("depot.md", "# The depot", KEY)
    question = "Who holds the key of the depot?"
    with place.opened("writer") as writer:
        writer.ingest()
    with place.opened("reader") as reader:
        assert place.chroma.process is not None
        place.chroma.process.send_signal(signal.SIGSTOP)
        assert_says_so(lambda: reader.ask(question))
        assert_says_so(lambda: place.opened("another"))
        # Also while something else waits for the server.
        with held_elsewhere(reader._store):
            assert_says_so(lambda: status_json(reader, settings=place.settings("reader")))
        place.chroma.process.send_signal(signal.SIGCONT)
        eventually(lambda: "Hanne Lund" in reader.ask(question).text, within=5)
        place.chroma.stop()
        try:
            assert_says_so(lambda: reader.ask(question))
            assert_says_so(lambda: place.opened("another"))
        finally:
            place.chroma.start()
        assert "Hanne Lund" in reader.ask(question).text
        reader.ingest()


@contextmanager
def held_elsewhere(store: Store) -> Iterator[None]:
    """Within, another thread is in the middle of reading what was written."""
    assert isinstance(store, ServerStore)
    begun, over = threading.Event(), threading.Event()

    def hold() -> None:
        with store._turn:
            begun.set()
            over.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert begun.wait(200)
        yield
    finally:
        over.set()
        thread.join()


def assert_says_so(act: Callable[[], object]) -> None:
    started = time.monotonic()
    with pytest.raises(StorageError, match=r"^The Chroma server at http://127\.0\.0\.1:\d+ does not answer\. Start it"):
        act()
    assert time.monotonic() - started < 5


# --- the store, with vectors made by hand


def opened_store(chroma: Chroma, home: Path, fingerprint: str = EMBEDDER) -> ServerStore:
    server = Server(url=chroma.url, key=home.parent.name)
    return open_server_store(home, fingerprint, "test", server=server, wait=0.0, mend=lambda store: None)


def change_of(name: str, texts: list[str]) -> Change:
    whole = "\n\n".join(texts)
    document = Document(id=name, title=name, text=whole, revision=hashlib.sha256(whole.encode()).hexdigest())
    pieces, start = [], 0
    for number, text in enumerate(texts, start=1):
        paragraph = Paragraph(
            document_id=name, number=number, text=text, start=start, end=start + len(text), role=Role.BODY
        )
        start += len(text) + 2
        digest = hashlib.sha256(text.encode()).hexdigest()[:32]
        vector = np.frombuffer(bytes.fromhex(digest), np.uint8).astype(np.float32) + 1
        vector /= np.linalg.norm(vector)
        pieces.append(Piece(paragraph=paragraph, part=0, text_hash=digest, vector=vector, shredding=0.2))
    return Change(document=document, paragraphs=len(texts), pieces=pieces, stamp=FileStamp(size=1, modified_ns=1))


def test_the_server_itself_refuses_a_late_writer(chroma: Chroma, tmp_path: Path) -> None:
    late, successor = opened_store(chroma, tmp_path / "late"), opened_store(chroma, tmp_path / "successor")
    late.begin_writing()
    late.commit([change_of("a", ["one", "two"]), change_of("b", ["three"])])
    paragraphs, windows = late._paragraphs, late._windows
    expire(late)
    successor.begin_writing()
    # It counts on what is there: the same row, and the vector of the same text.
    successor.commit([change_of("a", ["one", "two"]), change_of("c", ["three"])])
    before = dict(successor.rows())
    for collection in (paragraphs, windows):
        keys = list(collection.get()["ids"])
        collection.delete(ids=keys)  # its own clock says that it may
    assert dict(successor.rows()).items() >= {k: v for k, v in before.items() if v.paragraph.document_id != "b"}.items()
    assert not successor.lacking().keys() & {"a", "c"}
    with pytest.raises(IndexBusyError, match=r"^Another process has taken over"):
        late.commit([change_of("a", ["something else"])])
    with pytest.raises(IndexBusyError):
        late.remove(["a"])
    assert successor.records()["a"].revision == change_of("a", ["one", "two"]).document.revision
    late.close()
    successor.close()


def test_who_follows_reads_only_the_documents_that_changed(chroma: Chroma, tmp_path: Path) -> None:
    writer, reader = opened_store(chroma, tmp_path / "writer"), opened_store(chroma, tmp_path / "reader")
    writer.begin_writing()
    writer.commit([change_of("a", ["one", "two"]), change_of("b", ["three", "four"]), change_of("c", ["five"])])
    assert reader.follow()
    first = open_snapshot(reader, tmp_path / "lexical")
    # Whoever read all of it anew would miss these.
    writer._paragraphs.delete(ids=[row_id(writer.records()["b"].prefix, number) for number in (1, 2)])
    writer.remove(["a"])
    writer.commit([change_of("c", ["six", "five"]), change_of("d", ["four"])])
    assert reader.follow()
    second = open_snapshot(reader, tmp_path / "lexical", first)
    texts = ["three", "four", "six", "five", "four"]
    hashes = [piece.text_hash for piece in change_of("all", texts).pieces]
    built = build_index(
        LexicalText(text=text, context=name, shredding=0.2, windows=(text_hash,))
        for name, text, text_hash in zip("bbccd", texts, hashes, strict=True)
    )
    assert_same(second.index, built)
    reader.close()
    writer.close()


def test_a_writer_that_looks_for_what_others_wrote_goes_on_writing(chroma: Chroma, tmp_path: Path) -> None:
    with closing(opened_store(chroma, tmp_path / "writer")) as writer:
        writer.begin_writing()
        assert not writer.follow()
        writer.commit([change_of("a", ["one"])])
        # However it came to that.
        writer._documents = writer._connection.collection(f"documents-{writer._lease.epoch}") if writer._lease else None
        with pytest.raises(IndexBusyError, match="only reads"):
            writer.commit([change_of("b", ["two"])])
        writer.begin_writing()
        writer.commit([change_of("b", ["two"])])
        assert set(writer.records()) == {"a", "b"}


def test_who_only_looks_the_index_up_takes_no_change_from_those_who_are_to_be_told(
    chroma: Chroma, tmp_path: Path
) -> None:
    with (
        closing(opened_store(chroma, tmp_path / "writer")) as writer,
        closing(opened_store(chroma, tmp_path / "reader")) as reader,
    ):
        told = threading.Event()
        reader.watch(told.set)
        writer.begin_writing()
        writer.commit([change_of("a", ["one"])])
        reader.check()
        assert told.wait(3)
        assert set(reader.records()) == {"a"}


@dataclass
class LosesAReply:
    """A collection whose server does as it is told once more, and does not come to say so."""

    collection: Any

    def upsert(self, **what: Any) -> None:
        self.collection.upsert(**what)
        raise httpx.ReadTimeout("timed out")


def test_what_was_committed_without_a_reply_is_known_before_more_is_written(chroma: Chroma, tmp_path: Path) -> None:
    with (
        closing(opened_store(chroma, tmp_path / "writer")) as writer,
        closing(opened_store(chroma, tmp_path / "reader")) as reader,
    ):
        writer.begin_writing()
        writer.commit([change_of("a", ["one"])])
        sound = writer._documents.patient
        writer._documents.patient = LosesAReply(sound)
        with pytest.raises(StorageError, match="does not answer"):
            writer.commit([change_of("b", ["two"])])
        writer._documents.patient = sound
        writer.begin_writing()
        assert set(writer.records()) == {"a", "b"}
        assert reader.follow()
        assert set(reader.records()) == {"a", "b"}


class Unreachable:
    """Where terms are kept that begin, and of which nothing can be told later."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}

    def get(self) -> Any:
        return {"ids": list(self.rows), "metadatas": list(self.rows.values())}

    def add(self, ids: list[str], metadatas: list[Any]) -> None:
        self.rows |= zip(ids, metadatas, strict=True)

    def update(self, ids: list[str], metadatas: list[Any]) -> None:
        raise StorageError("does not answer")

    def delete(self, ids: list[str]) -> None:
        raise StorageError("does not answer")


def test_a_lease_that_cannot_be_given_back_is_held_no_more() -> None:
    lease = take(Unreachable(), "test", fingerprint=EMBEDDER, layout="1")
    with pytest.raises(StorageError):
        lease.release()
    assert lease.is_lost


@pytest.mark.slow
def test_many_rows_are_read_page_by_page_and_all_of_them(chroma: Chroma, tmp_path: Path) -> None:
    texts = [f"line {number}" for number in range(4_500)]
    with closing(opened_store(chroma, tmp_path / "writer")) as writer:
        # As every process does: on a busy machine this takes longer than a lease that nobody renews.
        writer.watch(lambda: None)
        writer.begin_writing()
        writer.commit([change_of("log", texts)])
        with closing(opened_store(chroma, tmp_path / "reader")) as reader:
            found = {row.paragraph.number: row.paragraph.text for _, row in reader.rows()}
            assert [found[number] for number in sorted(found)] == texts
            assert len(reader.window_hashes()) == len(texts)
            assert reader.check().is_whole


def test_an_index_of_another_embedder_is_refused(chroma: Chroma, tmp_path: Path) -> None:
    writer = opened_store(chroma, tmp_path / "writer")
    writer.begin_writing()
    writer.commit([change_of("a", ["one"])])
    writer.close()
    with pytest.raises(IndexMismatchError, match=r"made with by-hand-1 .* Run `ibid ingest --rebuild`"):
        opened_store(chroma, tmp_path / "other", "another")


# --- addresses and tokens


def opening(tmp_path: Path, **given: str) -> Chatbot:
    return open_chatbot(Settings(documents=tmp_path, home=tmp_path / "home", **given), "test")  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["chroma:8000", "ftp://chroma", "http://", "http://chroma:port", "http://c:8000/path"])
def test_what_is_no_address_is_named(tmp_path: Path, url: str) -> None:
    with pytest.raises(StorageError, match=r"is no address of a server\. Write it as http://chroma:8000") as told:
        opening(tmp_path, chroma_url=url)
    assert f"IBID_CHROMA_URL={url.rstrip('/')}" in str(told.value)


def test_a_password_in_the_address_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="IBID_CHROMA_TOKEN is for that") as told:
        opening(tmp_path, chroma_url="http://anna:geheim@chroma:8000")
    assert "geheim" not in str(told.value)


def test_nobody_at_the_address_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"^The Chroma server at http://127\.0\.0\.1:1 does not answer\. Start it"):
        opening(tmp_path, chroma_url="http://127.0.0.1:1")


def test_a_tenant_that_is_not_there_is_named(chroma: Chroma, tmp_path: Path) -> None:
    with pytest.raises(
        StorageError, match=r"^Tenant \[nobody\] not found on the Chroma server at .*IBID_CHROMA_TENANT"
    ):
        opening(tmp_path, chroma_url=chroma.url, chroma_tenant="nobody")


def test_a_second_embedder_does_not_go_with_a_server(tmp_path: Path) -> None:
    from llama_index.core import MockEmbedding

    with pytest.raises(EmbeddingError, match="do not go together yet"):
        settings = Settings(documents=tmp_path, home=tmp_path / "home", chroma_url="http://127.0.0.1:1")
        open_chatbot(settings, "test", embedding=MockEmbedding(4))


@pytest.mark.parametrize(
    ("status", "line"), [(401, "refuses the token. Set IBID_CHROMA_TOKEN"), (404, "is no Chroma server")]
)
def test_what_the_server_says_to_a_token_is_told_and_the_token_is_not(tmp_path: Path, status: int, line: str) -> None:
    sent: list[str | None] = []

    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(self.headers["Authorization"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"not you, ck-geheim")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refuses) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(StorageError, match=line) as told:
            opening(tmp_path, chroma_url=f"http://127.0.0.1:{server.server_port}", chroma_token="ck-geheim")
        server.shutdown()
    assert sent == ["Bearer ck-geheim"]
    assert "geheim" not in str(told.value)
    assert not any("geheim" in path.read_text() for path in (tmp_path / "home").rglob("*") if path.is_file())


def test_a_token_that_no_header_takes_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="IBID_CHROMA_TOKEN holds a space") as told:
        opening(tmp_path, chroma_url="http://127.0.0.1:1", chroma_token="ge heim\n")
    assert "heim" not in str(told.value)
