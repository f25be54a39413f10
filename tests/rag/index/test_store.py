"""The store on real Chroma, with vectors made by hand: nothing here needs a model."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from chromadb.errors import InternalError

from rag.domain import Document, Paragraph, Role
from rag.errors import IndexBusyError, IndexDamagedError, IndexMismatchError, StorageError
from rag.index import store as store_module
from rag.index.chroma import TROUBLES, Trouble, translated
from rag.index.embedder import Vectors
from rag.index.lease import Reached
from rag.index.owner import Owner, holder_of, is_held, read_owner
from rag.index.records import LAYOUT, Change, FileStamp, Piece, row_id, row_prefix
from rag.index.second_vectors import SecondRow, second_vectors
from rag.index.snapshot import open_snapshot
from rag.index.store import Store, open_store, remove_index
from rag.index.vector_files import segments
from tests.conftest import holding

ROOT = Path(__file__).parents[3]
EMBEDDER = "by-hand-1"
STAMP = FileStamp(size=10, modified_ns=1_700_000_000_123_456_789)
OLD, NEW = "a" * 64, "b" * 64


def unit(seed: int) -> npt.NDArray[np.float32]:
    """A unit vector of its own for every seed; any two are nearly orthogonal."""
    vector = np.random.default_rng(seed).normal(size=384)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def change_of(
    texts: Sequence[str], document_id: str = "documents/a.txt", revision: str = OLD, first_seed: int = 0
) -> Change:
    """A document whose paragraphs are these texts, one below the other, with a vector each."""
    whole = "\n\n".join(texts)
    paragraphs, start = [], 0
    for number, text in enumerate(texts, start=1):
        paragraphs.append(
            Paragraph(
                document_id=document_id, number=number, text=text, start=start, end=start + len(text), role=Role.BODY
            )
        )
        start += len(text) + 2
    return change_with(paragraphs, Document(id=document_id, title="A title", text=whole, revision=revision), first_seed)


def change_with(paragraphs: Sequence[Paragraph], document: Document, first_seed: int = 0) -> Change:
    pieces = [
        Piece(paragraph=p, part=0, text_hash=hash_of(first_seed + i), vector=unit(first_seed + i), shredding=0.25)
        for i, p in enumerate(paragraphs)
    ]
    return Change(document=document, paragraphs=len(paragraphs), pieces=pieces, stamp=STAMP)


def hash_of(seed: int) -> str:
    """Stands for the hash of the text whose vector is `unit(seed)`."""
    return f"{seed:032x}"


def repeating(texts: Sequence[str], document_id: str, revision: str = OLD) -> Change:
    """A document in which equal texts have equal hashes and vectors, as all documents do that are read."""
    change = change_of(texts, document_id, revision)
    pieces = []
    for piece in change.pieces:
        seed = int(hashlib.sha256(piece.paragraph.text.encode()).hexdigest()[:8], 16)
        pieces.append(
            Piece(paragraph=piece.paragraph, part=0, text_hash=hash_of(seed), vector=unit(seed), shredding=0.25)
        )
    return replace(change, pieces=pieces)


@contextmanager
def opened(folder: Path, fingerprint: str = EMBEDDER) -> Iterator[Store]:
    store = open_store(folder, fingerprint, "test")
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def store(index: Path) -> Iterator[Store]:
    with opened(index) as store:
        yield store


def texts_of(store: Store, document_id: str = "documents/a.txt") -> list[str]:
    """The stored texts of one document, as reading by its record finds them."""
    record = store.records()[document_id]
    found = store.paragraphs([row_id(record.prefix, n) for n in range(1, record.paragraphs + 1)])
    return [p.text for p in sorted(found.values(), key=lambda p: p.number)]


def all_row_ids(index: Path) -> set[str]:
    """The ids of every row that lies in the index, read past the store's own view of it."""
    with sqlite3.connect(index / "chroma" / "chroma.sqlite3") as database:
        rows = database.execute("SELECT embedding_id FROM embeddings WHERE embedding_id LIKE '%#%'").fetchall()
    database.close()
    return {row[0] for row in rows}


def windows_of(store: Store) -> set[str]:
    """The hashes of all texts that have a vector, read past the store's own view."""
    return set(store._windows.get(include=[])["ids"])


def hashes_of(store: Store) -> set[str]:
    """The hashes of the texts of all current paragraphs."""
    return {row.text_hash for _, row in store.rows()}


def run_python(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# --- writing and reading back


@pytest.mark.parametrize(
    "paragraph",
    [
        pytest.param(
            Paragraph(document_id="documents/a.txt", number=1, text="plain", start=0, end=5, role=Role.BODY), id="plain"
        ),
        pytest.param(
            Paragraph(
                document_id="documents/a.txt",
                number=1,
                text="in depth",
                start=7,
                end=15,
                role=Role.LIST,
                heading=("Part “One”", "§ 2 › x"),
                page=12,
            ),
            id="path-page",
        ),
        pytest.param(
            Paragraph(
                document_id="documents/a.txt",
                number=1,
                text="I was there.",
                start=3,
                end=15,
                role=Role.COMMENT,
                heading=("9 Responses", "4"),
                page=None,
                speaker="Zoë 🙂",
            ),
            id="speaker",
        ),
        pytest.param(
            Paragraph(
                document_id="documents/a.txt",
                number=1,
                text="I was there.",
                start=30,
                end=42,
                role=Role.BODY,
                speaker="Zoë",
                time="[9:05 PM]",
            ),
            id="turn",
        ),
        pytest.param(
            Paragraph(document_id="documents/a.txt", number=1, text="before\0after\0", start=0, end=13, role=Role.BODY),
            id="nul",
        ),
        pytest.param(
            Paragraph(
                document_id="documents/a.txt",
                number=1,
                text="“It’s”\u00a0– 👩‍👩‍👧 \U0001f9ff",
                start=0,
                end=14,
                role=Role.CAPTION,
            ),
            id="curly-emoji",
        ),
        pytest.param(
            Paragraph(
                document_id="documents/a.txt", number=1, text=" \t\r\n\x0b ", start=0, end=6, role=Role.BOILERPLATE
            ),
            id="white-space",
        ),
        pytest.param(
            Paragraph(document_id="documents/a.txt", number=1, text="cafe\u0301 ﬁn", start=0, end=8, role=Role.BODY),
            id="not-normalised",
        ),
    ],
)
def test_a_paragraph_is_read_back_as_it_was_written(index: Path, paragraph: Paragraph) -> None:
    with opened(index) as store:
        store.commit([change_with([paragraph], Document(id="documents/a.txt", title="T", text="…", revision=OLD))])
        key = row_id(row_prefix("documents/a.txt", OLD), 1)
        assert store.paragraphs([key]) == {key: paragraph}
    with opened(index) as store:
        assert store.paragraphs([key]) == {key: paragraph}
        assert [(k, row.paragraph) for k, row in store.rows()] == [(key, paragraph)]


def test_a_paragraph_of_300_kb_in_several_vectors_is_read_back_whole(store: Store) -> None:
    text = "Ein langer Satz über nichts. " * 10_000
    paragraph = Paragraph(document_id="documents/a.txt", number=1, text=text, start=0, end=len(text), role=Role.BODY)
    pieces = [
        Piece(paragraph=paragraph, part=part, text_hash=f"h{part}", vector=unit(part), shredding=0.3)
        for part in range(40)
    ]
    store.commit(
        [
            Change(
                document=Document(id="documents/a.txt", title="T", text=text, revision=OLD),
                paragraphs=1,
                pieces=pieces,
                stamp=STAMP,
            )
        ]
    )
    assert texts_of(store) == [text]
    assert [row.paragraph.text for _, row in store.rows()] == [text]
    assert store.records()["documents/a.txt"].rows == 40
    assert store.nearest(unit(39), 1)[0][0] == "h39"
    assert sorted(text_hash for _, text_hash in store.further_parts()) == sorted(f"h{n}" for n in range(1, 40))


def test_a_record_says_what_the_document_said(index: Path) -> None:
    document = Document(
        id="documents/x/ü.md", title="Títle 🙂", text="text", revision=OLD, date=date(2015, 10, 18), author="Juan Cole"
    )
    paragraph = Paragraph(document_id=document.id, number=1, text="text", start=0, end=4, role=Role.BODY)
    with opened(index) as store:
        piece = Piece(paragraph=paragraph, part=0, text_hash="h", vector=unit(1), shredding=0.2)
        store.commit(
            [
                Change(
                    document=document,
                    paragraphs=1,
                    pieces=[piece],
                    stamp=FileStamp(size=4, modified_ns=17, settled=False),
                    warning="read as cp1252",
                )
            ]
        )
    with opened(index) as store:
        record = store.records()["documents/x/ü.md"]
    assert (record.title, record.date, record.author) == ("Títle 🙂", date(2015, 10, 18), "Juan Cole")
    assert (record.stamp, record.warning) == (FileStamp(size=4, modified_ns=17, settled=False), "read as cp1252")
    assert (record.revision, record.paragraphs, record.rows) == (OLD, 1, 1)


def test_records_come_in_the_order_of_their_ids(index: Path) -> None:
    with opened(index) as store:
        for name in ("b", "c", "a"):
            store.commit([change_of(["x"], f"documents/{name}.txt")])
        assert list(store.records()) == ["documents/a.txt", "documents/b.txt", "documents/c.txt"]
    with opened(index) as store:
        assert list(store.records()) == ["documents/a.txt", "documents/b.txt", "documents/c.txt"]


def test_nearest_gives_cosines_best_first_and_keeps_to_the_named_texts(store: Store) -> None:
    store.commit([change_of(["one", "two"], first_seed=1), change_of(["three"], "documents/b.txt", first_seed=3)])
    found = store.nearest(unit(2), 10)
    assert found[0] == (hash_of(2), pytest.approx(1.0, abs=1e-5))
    assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
    expected = {hash_of(1): unit(2) @ unit(1), hash_of(2): 1.0, hash_of(3): unit(2) @ unit(3)}
    assert dict(found) == pytest.approx(expected, abs=1e-5)
    assert [text_hash for text_hash, _ in store.nearest(unit(2), 10, [hash_of(3)])] == [hash_of(3)]
    assert store.nearest(unit(2), 10, []) == []


# --- equal texts


# case 3
@pytest.mark.slow
def test_an_equal_text_has_one_vector_and_all_its_places(index: Path) -> None:
    texts = ["A form", *["n/a"] * 1_500, "The end"]
    with opened(index) as store:
        store.commit([repeating(texts, "documents/a.txt"), repeating(["n/a", "own words"], "documents/b.txt")])
        store.delete_superseded()
    with opened(index) as store:
        assert store.window_count == 4
        assert texts_of(store) == texts
        assert len(list(store.rows())) == 1_504
        assert windows_of(store) == hashes_of(store)
        assert store.check().is_whole
        for row in dict(store.rows()).values():
            assert store.nearest(store.vectors_by_hash([row.text_hash])[row.text_hash], 1)[0][0] == row.text_hash


def test_a_vector_stays_as_long_as_any_document_holds_its_text(store: Store) -> None:
    store.commit([repeating(["n/a", "one"], "documents/a.txt"), repeating(["n/a", "two"], "documents/b.txt")])
    shared = next(row.text_hash for _, row in store.rows() if row.paragraph.text == "n/a")
    store.commit([repeating(["now filled in", "one"], "documents/a.txt", NEW)])
    store.delete_superseded()
    assert shared in windows_of(store) == hashes_of(store)
    store.remove(["documents/b.txt"])
    store.delete_superseded()
    assert shared not in windows_of(store) == hashes_of(store)
    store.commit([repeating(["n/a"], "documents/c.txt")])
    assert shared in windows_of(store) == hashes_of(store)
    assert store.check().is_whole


def test_vectors_are_kept_to_the_last_bit(index: Path) -> None:
    vector = (unit(7) * np.float32(1.0000001)).astype(np.float32)
    paragraph = Paragraph(document_id="documents/a.txt", number=1, text="text", start=0, end=4, role=Role.BODY)
    with opened(index) as store:
        store.commit(
            [
                Change(
                    document=Document(id="documents/a.txt", title="T", text="text", revision=OLD),
                    paragraphs=1,
                    pieces=[Piece(paragraph=paragraph, part=0, text_hash="h", vector=vector, shredding=0.2)],
                    stamp=STAMP,
                )
            ]
        )
        assert store.vectors_by_hash(["h"])["h"].tobytes() == vector.tobytes()
    with opened(index) as store:
        assert store.vectors_by_hash(["h"])["h"].tobytes() == vector.tobytes()


def test_an_empty_index_finds_nothing_and_is_whole(store: Store) -> None:
    assert store.nearest(unit(1), 5) == []
    assert list(store.rows()) == []
    assert store.check().is_whole


@pytest.mark.slow
def test_more_rows_than_chroma_takes_at_once_go_in_with_one_commit(store: Store) -> None:
    texts = [f"paragraph {i}" for i in range(5_462)]
    store.commit([change_of(texts)])
    assert store.check().rows_stored == 5_462
    assert texts_of(store) == texts


# --- replacing and removing


def test_both_revisions_lie_in_the_index_until_the_old_one_is_deleted(index: Path, store: Store) -> None:
    store.commit([change_of(["old one", "old two"])])
    store.delete_superseded()
    old, new = row_prefix("documents/a.txt", OLD), row_prefix("documents/a.txt", NEW)
    store.commit([change_of(["new one"], revision=NEW, first_seed=10)])
    assert all_row_ids(index) == {f"{old}#1/0", f"{old}#2/0", f"{new}#1/0"}
    assert [p.text for p in store.paragraphs([f"{old}#1/0", f"{old}#2/0"]).values()] == ["old one", "old two"]
    assert [row.paragraph.text for _, row in store.rows()] == ["new one"]
    store.delete_superseded()
    assert all_row_ids(index) == {f"{new}#1/0"}
    assert texts_of(store) == ["new one"]
    assert store.check().is_whole


def test_a_removed_document_leaves_record_and_rows(index: Path) -> None:
    with opened(index) as store:
        store.commit([change_of(["one"]), change_of(["two"], "documents/b.txt", first_seed=5)])
        store.remove(["documents/a.txt"])
        assert list(store.records()) == ["documents/b.txt"]
        assert [row.paragraph.text for _, row in store.rows()] == ["two"]
        store.delete_superseded()
    assert all_row_ids(index) == {row_prefix("documents/b.txt", OLD) + "#1/0"}
    with opened(index) as store:
        assert list(store.records()) == ["documents/b.txt"]
        assert store.check().is_whole


def test_a_document_that_comes_back_before_the_sweep_keeps_its_rows(store: Store) -> None:
    store.commit([change_of(["one"])])
    store.remove(["documents/a.txt"])
    store.commit([change_of(["one"])])
    store.delete_superseded()
    assert texts_of(store) == ["one"]
    assert store.check().is_whole


def test_restamping_changes_the_stamp_alone(index: Path) -> None:
    with opened(index) as store:
        store.commit([change_of(["one"])])
        before, generation = store.records()["documents/a.txt"], store.generation
        store.restamp([("documents/a.txt", FileStamp(size=10, modified_ns=5, settled=False))])
        assert store.generation == generation
    with opened(index) as store:
        after = store.records()["documents/a.txt"]
        assert after.stamp == FileStamp(size=10, modified_ns=5, settled=False)
        assert (after.revision, after.title, after.rows) == (before.revision, before.title, before.rows)
        assert texts_of(store) == ["one"]


def test_the_generation_changes_when_documents_do_and_only_then(index: Path) -> None:
    with opened(index) as store:
        seen = [store.generation]
        store.commit([change_of(["one"])])
        seen.append(store.generation)
        store.commit([change_of(["one", "two"], revision=NEW)])
        seen.append(store.generation)
        store.commit([change_of(["one"], "documents/b.txt")])
        seen.append(store.generation)
        store.remove(["documents/a.txt"])
        seen.append(store.generation)
        assert len(set(seen)) == 5
        store.delete_superseded()
        assert store.generation == seen[-1]
        store.remove(["documents/b.txt"])
        assert store.generation == seen[0]
        store.commit([change_of(["one"], "documents/b.txt")])
        assert store.generation == seen[-1]
    with opened(index) as store:
        assert store.generation == seen[-1]


def test_vectors_are_found_by_the_hash_of_their_text(store: Store) -> None:
    store.commit([change_of(["one", "two"], first_seed=1), change_of(["three"], "documents/b.txt", first_seed=9)])
    found = store.vectors_by_hash([hash_of(1), hash_of(9), hash_of(4)])
    assert set(found) == {hash_of(1), hash_of(9)}
    np.testing.assert_array_equal(found[hash_of(9)], unit(9))
    assert store.vectors_by_hash([]) == {}


# --- a kill


KILLED_BEFORE = """
    import os, signal, sys
    sys.path.insert(0, "tests/rag/index")
    from pathlib import Path
    from rag.index.store import Store, open_store
    from test_store import EMBEDDER, NEW, change_of

    store = open_store(Path(sys.argv[1]), EMBEDDER, "about to be killed")
    moment = sys.argv[2]

    class Killed:
        # Chroma's collection, with a kill in place of one call.
        def __init__(self, collection, call):
            self.collection, self.call = collection, call
        def __getattr__(self, name):
            if name == self.call:
                os.kill(os.getpid(), signal.SIGKILL)
            return getattr(self.collection, name)

    if moment == "rows":
        store._paragraphs = Killed(store._paragraphs, "upsert")
    if moment == "vectors":
        store._windows = Killed(store._windows, "add")
    if moment == "record":
        store._documents = Killed(store._documents, "upsert")
    if moment == "deletion of vectors":
        store._windows = Killed(store._windows, "delete")
    if moment == "deletion":
        store._paragraphs = Killed(store._paragraphs, "delete")
    store.commit([change_of(["new one", "new two"], revision=NEW, first_seed=10)])
    store.delete_superseded()
    sys.exit("was not killed")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "left"),
    [
        ("rows", ["old one"]),
        ("vectors", ["old one"]),
        ("record", ["old one"]),
        ("deletion of vectors", ["new one", "new two"]),
        ("deletion", ["new one", "new two"]),
    ],
)
def test_what_a_kill_leaves_behind_is_swept_at_the_next_start(index: Path, moment: str, left: list[str]) -> None:
    with opened(index) as store:
        store.commit([change_of(["old one"])])
        store.delete_superseded()
    killed = run_python(KILLED_BEFORE, index, moment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    strays = {"rows": 0, "vectors": 2, "record": 2, "deletion of vectors": 1, "deletion": 1}[moment]
    assert len(all_row_ids(index)) == len(left) + strays
    with opened(index) as store:
        assert texts_of(store) == left
        assert len(all_row_ids(index)) == len(left)
        assert windows_of(store) == hashes_of(store)
        assert store.check().is_whole


# --- one owner

HOLD = """
    import sys, time
    from pathlib import Path
    from rag.index.store import open_store
    store = open_store(Path(sys.argv[1]), "by-hand-1", "a long chat")
    print("held", flush=True)
    sys.stdin.read()
    store.close()
    print("closed", flush=True)
    sys.stdin.close()
"""


@contextmanager
def held(index: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the index until its input ends."""
    with holding(HOLD, str(index)) as holder:
        yield holder


def test_a_second_process_is_refused_in_one_line_that_names_the_owner(index: Path) -> None:
    with held(index) as holder:
        assert read_owner(index) == Owner(pid=holder.pid, doing="a long chat")
        with pytest.raises(IndexBusyError) as refused:
            open_store(index, EMBEDDER, "ask")
        assert str(refused.value) == (
            f"The index is in use by process {holder.pid} (a long chat). "
            "Wait for it to finish, or stop it, and try again."
        )
        with pytest.raises(IndexBusyError, match="a long chat"):
            remove_index(index)
        assert (index / "chroma").is_dir()
        assert read_owner(index) == Owner(pid=holder.pid, doing="a long chat")


def test_who_is_refused_by_a_process_that_reads_documents_is_told_how_far_it_is(index: Path) -> None:
    program = HOLD.replace("import sys, time", "import sys, time\n    from rag.index.lease import Reached")
    program = program.replace("print(", "store.tell(Reached(files_done=12, files=1_040))\n    print(", 1)
    with holding(program, str(index)) as holder:
        with pytest.raises(IndexBusyError) as refused:
            open_store(index, EMBEDDER, "ask")
        assert str(refused.value) == (
            f"The index is in use by process {holder.pid} (a long chat), which is reading this folder: "
            "12 of 1,040 files so far. Wait for it to finish, or stop it, and try again."
        )
        holder.kill()
        holder.wait()
    with closing(open_store(index, EMBEDDER, "ask")) as store:
        assert holder_of(index) == f"process {os.getpid()} (ask)", "what a killed one said is not another's"
        store.tell(Reached(files_done=1, files=2))
        assert holder_of(index).endswith("1 of 2 files so far")
        store.tell(Reached())
        assert holder_of(index) == f"process {os.getpid()} (ask)"


def test_the_index_is_free_once_its_owner_closed_it(index: Path) -> None:
    with held(index) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.close()
        assert holder.stdout.readline() == "closed\n"
        assert read_owner(index) is None
        with opened(index) as store:
            assert store.records() == {}


def test_the_index_is_free_once_its_owner_was_killed(index: Path) -> None:
    with held(index) as holder:
        holder.kill()
        holder.wait()
        with opened(index):
            assert read_owner(index) == Owner(pid=os.getpid(), doing="test")


@pytest.mark.slow
def test_whoever_waits_gets_the_index_when_it_is_given_back(index: Path) -> None:
    with held(index) as holder:
        waiter = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(HOLD).replace('chat")', 'chat", wait=60)'), str(index)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        with waiter:
            assert holder.stdin is not None
            assert waiter.stdout is not None
            holder.stdin.close()
            assert waiter.stdout.readline() == "held\n"


def test_the_same_process_cannot_own_an_index_twice(index: Path) -> None:
    with opened(index), pytest.raises(IndexBusyError, match=f"process {os.getpid()} "):
        open_store(index, EMBEDDER, "again")


def test_the_owner_can_say_where_it_is_reached(index: Path, store: Store) -> None:
    store.announce("chat", "http://127.0.0.1:7860")
    assert str(read_owner(index)) == f"process {os.getpid()} (chat) at http://127.0.0.1:7860"


@pytest.mark.parametrize("left", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "doing": "x", "more": 2}', "\xff"])
def test_an_owner_file_that_is_no_owner_file_names_nobody(tmp_path: Path, left: str) -> None:
    (tmp_path / "owner.json").write_bytes(left.encode("latin-1"))
    assert read_owner(tmp_path) is None


@pytest.mark.parametrize("left", ['{"pid": "1", "doing": "x"}', '{"pid": 1, "doing": "x", "address": "file:///etc/passwd"}',
                                  '{"pid": 1, "doing": "x", "address": [1], "token": {}}', "[" * 100_000])  # fmt: skip
def test_an_owner_file_of_the_wrong_kind_of_values_names_nobody(tmp_path: Path, left: str) -> None:
    (tmp_path / "owner.json").write_text(left)
    assert read_owner(tmp_path) is None


def test_a_folder_in_the_place_of_the_owner_file_is_cleared_away(index: Path) -> None:  # case 29
    (index / "owner.json" / "deep").mkdir(parents=True)
    assert read_owner(index) is None
    with opened(index):
        assert read_owner(index) == Owner(pid=os.getpid(), doing="test")
        (index / "owner.json").unlink()
        (index / "owner.json").mkdir()
    with opened(index):
        pass
    (index / "owner.json").mkdir()
    remove_index(index)
    assert [path.name for path in index.iterdir()] == ["lock"]


def test_the_lock_tells_who_holds_an_index_and_nothing_else_does(index: Path) -> None:  # case 6
    assert not is_held(index)
    assert not index.exists()
    with held(index) as holder:
        assert is_held(index)
        holder.kill()
        holder.wait()
        assert not is_held(index)
        # The number lives on as another process: this one.
        told = read_owner(index)
        assert told is not None
        (index / "owner.json").write_text(json.dumps({"pid": os.getpid(), "doing": "chat"}))
        assert not is_held(index)
        with opened(index):
            assert is_held(index)
    assert not is_held(index)


def test_looking_at_the_lock_keeps_nobody_from_taking_it(index: Path) -> None:  # case 6
    with opened(index):
        pass
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            is_held(index)

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(10):
            remove_index(index)
    finally:
        stop.set()
        for looker in lookers:
            looker.join()


def test_a_failed_start_gives_the_lock_back(index: Path) -> None:
    with opened(index, "another-embedder"):
        pass
    with pytest.raises(IndexMismatchError):
        open_store(index, EMBEDDER, "ask")
    assert read_owner(index) is None
    with opened(index, "another-embedder"):
        pass


# --- another index than expected


def test_an_index_of_another_embedder_is_refused_with_the_command_that_helps(index: Path) -> None:
    with opened(index, "other-embedder-12") as store:
        store.commit([change_of(["one"])])
    with pytest.raises(IndexMismatchError) as refused:
        open_store(index, EMBEDDER, "ask")
    assert str(refused.value) == (
        f"The index in {index} was made with other-embedder-12 (layout {LAYOUT}), this Ibid uses by-hand-1 (layout {LAYOUT}). "
        "Run `ibid ingest --rebuild`."
    )
    with opened(index, "other-embedder-12") as store:
        assert texts_of(store) == ["one"]


def test_an_index_of_an_older_layout_is_refused_with_the_command_that_helps(index: Path) -> None:
    with opened(index) as store:
        store.commit([change_of(["one"])])
    with sqlite3.connect(index / "chroma" / "chroma.sqlite3") as database:
        database.execute("UPDATE collection_metadata SET str_value = '0' WHERE key = 'layout'")
    database.close()
    with pytest.raises(IndexMismatchError, match=rf"layout 0.*layout {LAYOUT}.*Run `ibid ingest --rebuild`"):
        open_store(index, EMBEDDER, "ask")


# --- damage


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of 1,200 rows: from 1,000 on Chroma keeps vectors in files of their own."""
    index = tmp_path_factory.mktemp("large") / "index"
    with opened(index) as store:
        for i in range(3):
            store.commit([change_of([f"{i} {n}" for n in range(400)], f"documents/{i}.txt", first_seed=400 * i)])
        store.delete_superseded()
        assert store.check().is_whole
    return index


def vectors_of(index: Path) -> Path:
    files = (index / "chroma").glob("*/data_level0.bin")
    return max(files, key=lambda file: file.stat().st_size).parent


def delete_vectors(index: Path) -> None:
    shutil.rmtree(vectors_of(index))


def shorten(name: str, size: int) -> object:
    def damage(index: Path) -> None:
        path = index / "chroma" / name if name == "chroma.sqlite3" else vectors_of(index) / name
        assert path.stat().st_size > size
        os.truncate(path, size)

    return damage


def blank(name: str) -> object:
    def damage(index: Path) -> None:
        path = vectors_of(index) / name
        path.write_bytes(bytes(path.stat().st_size))

    return damage


def overstate_the_elements(index: Path) -> None:
    path = vectors_of(index) / "header.bin"
    header = bytearray(path.read_bytes())
    struct.pack_into("<Q", header, 12, 2**40)
    path.write_bytes(header)


def remove_a_row(index: Path) -> None:
    with sqlite3.connect(index / "chroma" / "chroma.sqlite3") as database:
        database.execute(
            "DELETE FROM embeddings WHERE id = (SELECT max(id) FROM embeddings WHERE embedding_id LIKE '%#%')"
        )
    database.close()


def fill_with_noise(index: Path) -> None:
    (index / "chroma" / "chroma.sqlite3").write_bytes(b"no database " * 5_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(delete_vectors, id="vectors-deleted"),
        pytest.param(shorten("data_level0.bin", 0), id="vectors-emptied"),
        pytest.param(shorten("data_level0.bin", 100_000), id="vectors-cut"),
        pytest.param(shorten("header.bin", 0), id="header-emptied"),
        pytest.param(shorten("header.bin", 50), id="header-cut"),
        pytest.param(shorten("length.bin", 100), id="lengths-cut"),
        pytest.param(shorten("link_lists.bin", 10), id="links-cut"),
        pytest.param(shorten("index_metadata.pickle", 1000), id="names-cut"),
        pytest.param(blank("data_level0.bin"), id="vectors-blank"),
        pytest.param(blank("header.bin"), id="header-blank"),
        pytest.param(overstate_the_elements, id="header-wrong"),
        pytest.param(shorten("chroma.sqlite3", 100), id="database-cut-to-nothing"),
        pytest.param(shorten("chroma.sqlite3", 400_000), id="database-cut"),
        pytest.param(fill_with_noise, id="database-is-none"),
    ],
)
def test_damage_is_told_in_one_line_and_mended_by_a_rebuild(large: Path, index: Path, damage: object) -> None:
    shutil.copytree(large, index)
    assert callable(damage)
    damage(index)
    # In a process of its own: Chroma ends the whole process on some damage.
    told = run_python(
        """
        import sys
        sys.path.insert(0, "tests/rag/index")
        from pathlib import Path
        from rag.errors import IndexDamagedError
        from test_store import opened
        try:
            with opened(Path(sys.argv[1])):
                pass
        except IndexDamagedError as error:
            print(error)
        """,
        index,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    assert len(told.stdout.splitlines()) == 1
    assert told.stdout.startswith(f"The index in {index} is damaged. Run `ibid ingest --rebuild`")
    remove_index(index)
    with opened(index) as store:
        store.commit([change_of(["made", "anew"])])
        assert store.check().is_whole
        assert texts_of(store) == ["made", "anew"]


def test_a_database_that_cannot_be_read_is_told_each_time_and_mended_by_a_rebuild_in_the_same_process(
    large: Path, index: Path
) -> None:
    shutil.copytree(large, index)
    fill_with_noise(index)
    for _ in range(3):
        with pytest.raises(IndexDamagedError, match="is damaged"):
            open_store(index, EMBEDDER, "test", mend=mend)
    remove_index(index)
    with opened(index) as store:
        store.commit([change_of(["made", "anew"])])
        assert texts_of(store) == ["made", "anew"]


# case 3
def test_a_document_that_lost_a_row_is_put_aside_and_the_others_answer(large: Path, index: Path) -> None:
    shutil.copytree(large, index)
    remove_a_row(index)
    with opened(index) as store:
        assert store.set_aside == ("documents/2.txt",)
        assert list(store.records()) == ["documents/0.txt", "documents/1.txt"]
        assert len(list(store.rows())) == 800
        assert windows_of(store) == hashes_of(store)
        assert store.check().is_whole
        store.commit([change_of([f"2 {n}" for n in range(400)], "documents/2.txt", first_seed=800)])
        assert store.check().is_whole
    with opened(index) as store:
        assert store.set_aside == ()
        assert len(store.records()) == 3


# case 3
@pytest.mark.slow
def test_a_document_whose_text_lost_its_vector_is_put_aside_and_the_others_answer(index: Path, tmp_path: Path) -> None:
    with opened(index) as store:
        for i in range(40):
            store.commit([change_of(["one", "two"], f"documents/{i:02}.txt", first_seed=2 * i)])
        store.delete_superseded()
        # The second paragraphs of documents are not all among those that are sampled.
        store._windows.delete(ids=[hash_of(2 * 17 + 1)])
    with opened(index) as store:
        snapshot = open_snapshot(store, tmp_path / "lexical")
        assert store.set_aside == ("documents/17.txt",)
        assert snapshot.size == 78
        assert windows_of(store) == hashes_of(store)
    with opened(index) as store:
        assert store.check().is_whole
        assert len(store.records()) == 39


# cases 3 and 4
def test_a_text_that_lost_its_vector_is_given_it_again_where_that_can_be_done(index: Path, tmp_path: Path) -> None:
    with opened(index) as store:
        for i in range(40):
            store.commit([change_of(["one", "two"], f"documents/{i:02}.txt", first_seed=2 * i)])
        store.delete_superseded()
        store._windows.delete(ids=[hash_of(2 * 17 + 1), hash_of(0)])
    store = open_store(index, EMBEDDER, "test", mend=mend)
    try:
        snapshot = open_snapshot(store, tmp_path / "lexical")
        assert store.set_aside == ()
        assert snapshot.size == 80
        assert windows_of(store) == hashes_of(store)
        assert store.nearest(unit(35), 1)[0][0] == hash_of(35)
    finally:
        store.close()


# cases 3 and 4
def test_a_document_that_lost_a_row_is_put_aside_also_where_vectors_are_made_anew(large: Path, index: Path) -> None:
    shutil.copytree(large, index)
    remove_a_row(index)
    delete_vectors(index)
    store = open_store(index, EMBEDDER, "test", mend=mend)
    try:
        assert store.set_aside == ("documents/2.txt",)
        assert store.check().is_whole
        assert store.nearest(unit(407), 1)[0][0] == hash_of(407)
        assert windows_of(store) == hashes_of(store)
    finally:
        store.close()


def mend(store: Store) -> None:
    """What `rag.index.mending` does, with the vectors of these tests."""
    store.put_vectors({key: unit(int(key, 16)) for hashes in store.lacking().values() for key in hashes})


VECTOR_DAMAGES = [
    pytest.param(delete_vectors, id="vectors-deleted"),
    *(
        pytest.param(shorten(name, size), id=f"{name}-cut-to-{size}")
        for name in ("header.bin", "data_level0.bin", "length.bin", "link_lists.bin", "index_metadata.pickle")
        for size in (0, 50)
    ),
    pytest.param(blank("data_level0.bin"), id="vectors-blank"),
    pytest.param(blank("length.bin"), id="lengths-blank"),
    pytest.param(blank("index_metadata.pickle"), id="names-blank"),
    pytest.param(overstate_the_elements, id="header-wrong"),
]


@pytest.mark.slow
@pytest.mark.parametrize("was_closed", [True, False], ids=["closed", "killed"])
@pytest.mark.parametrize("damage", VECTOR_DAMAGES)
def test_vectors_that_were_lost_are_made_anew_at_the_next_start(  # case 4
    large: Path, index: Path, damage: object, was_closed: bool
) -> None:
    shutil.copytree(large, index)
    assert callable(damage)
    damage(index)
    if not was_closed:
        (index / "vectors.json").unlink()
    store = open_store(index, EMBEDDER, "test", mend=mend)
    try:
        assert store.check().rows_stored == 1_200
        for i in range(3):
            assert store.nearest(unit(400 * i + 7), 1)[0][0] == hash_of(400 * i + 7)
        assert windows_of(store) == hashes_of(store)
        store.commit([change_of(["one more"], "documents/more.txt", first_seed=5_000)])
        store.remove(["documents/0.txt"])
        store.delete_superseded()
    finally:
        store.close()
    with opened(index) as store:
        assert store.check().rows_stored == 801
        assert store.nearest(unit(5_000), 1)[0][0] == hash_of(5_000)
        assert windows_of(store) == hashes_of(store)


def test_a_kill_while_vectors_are_made_anew_is_mended_too(large: Path, index: Path) -> None:  # case 4
    shutil.copytree(large, index)
    delete_vectors(index)

    def breaks_off(store: Store) -> None:
        store.put_vectors({hash_of(1): unit(1)})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_store(index, EMBEDDER, "test", mend=breaks_off)
    with pytest.raises(IndexDamagedError, match="half made anew"):
        open_store(index, EMBEDDER, "test")
    open_store(index, EMBEDDER, "test", mend=mend).close()
    with opened(index) as store:
        assert store.check().is_whole


SMALL = ("header.bin", "data_level0.bin", "length.bin", "link_lists.bin")


@pytest.mark.parametrize("kept", [0.0, 0.5])
@pytest.mark.parametrize("hit", [subset for n in (1, 4) for subset in itertools.combinations(SMALL, n)], ids="+".join)
def test_small_vector_files_that_a_kill_left_half_written_cost_nothing(  # case 4
    index: Path, hit: tuple[str, ...], kept: float
) -> None:
    with opened(index) as store:
        store.commit([change_of(["one", "two"])])
    files = [file for name in hit for file in (index / "chroma").glob(f"*/{name}")]
    assert len(files) >= 2 * len(hit)
    for file in files:
        os.truncate(file, int(file.stat().st_size * kept))
    with opened(index) as store:
        assert texts_of(store) == ["one", "two"]
        assert store.nearest(unit(1), 1)[0][0] == hash_of(1)


def test_files_that_were_about_to_be_saved_for_the_first_time_cost_nothing(large: Path, index: Path) -> None:  # case 4
    shutil.copytree(large, index)
    folder = vectors_of(index)
    with opened(index.with_name("other")) as store:
        for i in range(2):
            store.commit([change_of([f"{i} {n}" for n in range(400)], f"documents/{i}.txt", first_seed=400 * i)])
    (other,) = ((index.with_name("other") / "chroma").glob("*/data_level0.bin"), None)[:1]
    target = max(other, key=lambda path: path.stat().st_size).parent
    # The kill came between the graph and the note in the database that it counts.
    for file in folder.iterdir():
        shutil.copyfile(file, target / file.name)
    os.truncate(target / "index_metadata.pickle", 1_000)
    with opened(index.with_name("other")) as store:
        assert store.check().rows_stored == 800


@pytest.mark.slow
def test_records_survive_the_loss_of_their_own_vector_files(index: Path) -> None:  # case 4
    with opened(index) as store:
        store.commit([change_of([str(n)], f"documents/{n}.txt", first_seed=n) for n in range(1_100)])
        store.delete_superseded()
    pickles = list((index / "chroma").glob("*/index_metadata.pickle"))
    assert len(pickles) >= 2
    for path in pickles:
        if (path.parent / "data_level0.bin").stat().st_size < 300_000:
            os.truncate(path.parent / "data_level0.bin", 1_000)
    with opened(index) as store:
        assert len(store.records()) == 1_100
        store.remove(["documents/7.txt"])
        store.commit([change_of(["new"], "documents/8.txt", NEW, first_seed=2_000)])
        store.delete_superseded()
    with opened(index) as store:
        assert store.check().documents == 1_099
        assert texts_of(store, "documents/8.txt") == ["new"]


def test_a_document_that_was_seen_again_a_thousand_times_is_no_damage(index: Path, store: Store) -> None:
    store.commit([change_of([str(n)], f"documents/{n}.txt", first_seed=n) for n in range(35)])
    for n in range(31):
        store.restamp([(key, FileStamp(size=n, modified_ns=n)) for key in store.records()])
    store.close()
    assert list((index / "chroma").glob("*/index_metadata.pickle"))
    (index / "vectors.json").unlink()
    with opened(index) as again:
        assert {record.stamp for record in again.records().values()} == {FileStamp(size=30, modified_ns=30)}


@pytest.mark.slow
def test_garbage_in_vector_files_never_ends_the_process(large: Path, index: Path) -> None:  # case 19
    told = run_python(
        """
        import random, shutil, sys
        sys.path.insert(0, "tests/rag/index")
        from pathlib import Path
        from rag.errors import IndexDamagedError
        from test_store import open_store, mend, vectors_of, EMBEDDER, hash_of, unit
        large, index = Path(sys.argv[1]), Path(sys.argv[2])
        outcomes = set()
        for seed in range(10):
            chance = random.Random(seed)
            shutil.rmtree(index, ignore_errors=True)
            shutil.copytree(large, index)
            name = ["data_level0.bin", "data_level0.bin", "link_lists.bin", "length.bin", "header.bin"][seed % 5]
            path = vectors_of(index) / name
            data = bytearray(path.read_bytes())
            start = int(len(data) * chance.choice((0.0, 0.4, chance.random())))
            length = max(1, int(len(data) * (0.2, 0.001, 0.5)[seed % 3]))
            data[start : start + length] = chance.randbytes(len(data[start : start + length]))
            path.write_bytes(data)
            if seed % 2:
                # Killed before: there is nothing to compare with.
                (index / "vectors.json").unlink()
            try:
                open_store(index, EMBEDDER, "test").close()
                outcomes.add("whole")
            except IndexDamagedError:
                outcomes.add("refused")
            store = open_store(index, EMBEDDER, "test", mend=mend)
            assert store.check().is_whole
            assert store.nearest(unit(407), 1)[0][0] == hash_of(407)
            store.close()
        print(sorted(outcomes))
        """,
        large,
        index,
    )
    assert told.returncode == 0, (told.returncode, told.stderr[-2000:])
    assert "refused" in told.stdout


def test_a_second_embedders_vectors_that_were_lost_are_asked_for_again(index: Path) -> None:  # case 19
    with opened(index) as store:
        store.commit([change_of([str(n) for n in range(1_100)])])
        second = second_vectors(store, "other")
        second.put([SecondRow(hash_of(n), unit(n)[:50]) for n in range(1_100)])
        second.finish(frozenset(store.records()))
        assert second.generation == store.generation
    (folder,) = [one.folder for one in segments(index / "chroma") if one.collection == "vectors-other"]
    os.truncate(folder / "data_level0.bin", 5_000)
    with opened(index) as store:
        assert store.check().is_whole
        assert second_vectors(store, "other").generation is None


def test_a_text_that_no_search_comes_to_is_put_into_the_graph_anew_and_nothing_is_put_aside(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(index) as store:
        store.commit([change_of([str(n) for n in range(20)])])
        hidden, inserted = store.vectors_by_hash([hash_of(3)])[hash_of(3)], []
        real, upsert = store_module.is_found, store._windows.upsert

        def is_found(collection: Any, vector: Vectors) -> bool:
            return bool(inserted or not np.array_equal(vector, hidden)) and real(collection, vector)

        def noted(**given: Any) -> None:
            inserted.extend(given["ids"])
            upsert(**given)

        monkeypatch.setattr(store_module, "is_found", is_found)
        monkeypatch.setattr(type(store._windows), "upsert", lambda _, **given: noted(**given))
        store.make_good(["documents/a.txt"])
        assert inserted == [hash_of(3)]
        assert store.set_aside == ()
        assert np.array_equal(store.vectors_by_hash([hash_of(3)])[hash_of(3)], hidden)
        assert real(store._windows, hidden)


def test_an_emptied_database_is_an_empty_index_to_be_filled_again(large: Path, index: Path) -> None:
    shutil.copytree(large, index)
    os.truncate(index / "chroma" / "chroma.sqlite3", 0)
    with opened(index) as store:
        assert store.records() == {}
        store.commit([change_of(["one"])])
        assert store.check().is_whole


def test_removing_an_index_leaves_everything_else_in_its_folder(index: Path) -> None:
    with opened(index) as store:
        store.commit([change_of(["one"])])
    (index / "notes.txt").write_text("mine")
    (index / "lexical").mkdir()
    remove_index(index)
    assert sorted(path.name for path in index.iterdir()) == ["lock", "notes.txt"]


# --- a full disk, and one that cannot be written


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        pytest.param(trouble, said, id=str(said))
        for trouble in TROUBLES
        for said in (*trouble.needles, *trouble.numbers)
    ],
)
def test_what_is_no_damage_is_told_by_its_own_name_with_its_own_advice(  # cases 20, 21
    tmp_path: Path, trouble: Trouble, said: str | int
) -> None:
    with pytest.raises(trouble.error) as told, translated(tmp_path):
        if isinstance(said, int):
            raise OSError(said, "what the system says")
        raise InternalError(f"Query error: Database error: error returned from database: {said}, it says")
    assert str(told.value) == trouble.advice.format(folder=tmp_path)
    assert "damaged" not in str(told.value)
    assert "\n" not in str(told.value)


def test_the_advice_of_each_trouble_is_another(tmp_path: Path) -> None:
    assert len({trouble.advice for trouble in TROUBLES}) == len(TROUBLES)
    with pytest.raises(IndexDamagedError, match="--rebuild"), translated(tmp_path):
        raise InternalError("Error in compaction: Failed to apply logs to the metadata segment")


def test_an_error_that_says_nothing_on_a_full_disk_is_the_disks(small_disk: Path) -> None:  # case 20
    (small_disk / "ballast").write_bytes(bytes(shutil.disk_usage(small_disk).free - 200_000))
    with pytest.raises(StorageError, match="is full"), translated(small_disk):
        raise InternalError("Error in compaction: Failed to apply logs to the metadata segment")


@pytest.mark.slow
@pytest.mark.parametrize("room", range(100_000, 2_000_000, 380_000))
def test_however_little_room_there_is_a_full_disk_is_called_full_and_nothing_is_lost(  # case 20
    small_disk: Path, room: int
) -> None:
    index = small_disk / "index"
    with opened(index) as store:
        store.commit([change_of(["kept one", "kept two"])])
        store.delete_superseded()
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(small_disk).free - room))
    many = [change_of([f"{i} {n}" * 9 for n in range(400)], f"documents/{i}.txt", first_seed=400 * i) for i in range(6)]
    with pytest.raises(StorageError, match=r"is full|has room"), opened(index) as store:
        for change in many:
            store.commit([change])
        store.check()
    ballast.unlink()
    store = open_store(index, EMBEDDER, "test", mend=mend)
    try:
        assert "documents/a.txt" in store.records()
        assert texts_of(store) == ["kept one", "kept two"]
    finally:
        store.close()


@pytest.mark.slow
def test_a_store_that_ran_out_of_file_handles_says_so_and_recovers_by_itself(index: Path) -> None:  # case 21
    told = run_python(
        """
        import os, random, resource, sys
        sys.path.insert(0, "tests/rag/index")
        from pathlib import Path
        from rag.errors import StorageError
        from test_store import change_of, hash_of, opened, texts_of, unit
        said = set()
        with opened(Path(sys.argv[1])) as store:
            store.commit([change_of([f"x {n}" for n in range(900)], "documents/x.txt", first_seed=50_000)])
            here = len(os.listdir("/proc/self/fd"))
            resource.setrlimit(resource.RLIMIT_NOFILE, (here + 12, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            chance = random.Random(5)
            for i in range(10):
                held = []
                try:
                    while True:
                        held.append(os.open("/dev/null", 0))
                except OSError:
                    pass
                free = chance.randrange(5)
                for handle in held[:free]:
                    os.close(handle)
                texts = [f"{i} {n}" for n in range(chance.randrange(1, 400))]
                change = change_of(texts, f"documents/{i % 9}.txt", f"{i:012}".ljust(64, "0"), first_seed=400 * i)
                for work in (lambda: store.commit([change]), store.delete_superseded, store.check):
                    try:
                        work()
                    except StorageError as error:
                        said.add(str(error).partition(",")[0])
                for handle in held[free:]:
                    os.close(handle)
                store.check()
                store.commit([change])
                store.delete_superseded()
                assert texts_of(store, f"documents/{i % 9}.txt") == texts
                assert store.nearest(unit(400 * i), 1)[0][0] == hash_of(400 * i)
                assert store.check().is_whole
        print("\\n".join(sorted(said)))
        """,
        index,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    assert "No more files can be opened" in told.stdout
    with opened(index) as store:
        assert store.check().is_whole


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB; needs the right to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here (needs root)")
    yield folder
    # Lazily: what an error left open is closed when it is collected.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_one_line_and_what_was_in_stays(small_disk: Path) -> None:
    index = small_disk / "index"
    with opened(index) as store:
        store.commit([change_of(["kept one", "kept two"])])
        store.delete_superseded()
    ballast = small_disk / "ballast"
    free = shutil.disk_usage(small_disk).free
    ballast.write_bytes(bytes(free - 300_000))
    many = change_of([f"paragraph {i} " * 20 for i in range(900)], "documents/b.txt", first_seed=100)
    with pytest.raises(StorageError) as full, opened(index) as store:
        store.commit([many])
    assert str(full.value) == f"The disk under {index} is full. Nothing is lost: free space and run `ibid ingest`."
    ballast.unlink()
    with opened(index) as store:
        assert list(store.records()) == ["documents/a.txt"]
        assert texts_of(store) == ["kept one", "kept two"]
        assert store.check().is_whole
        store.commit([many])
        store.delete_superseded()
        assert len(texts_of(store, "documents/b.txt")) == 900
        assert store.check().is_whole


def test_an_index_cannot_begin_on_a_full_disk(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(shutil.disk_usage(small_disk).free))
    with pytest.raises(StorageError) as full:
        open_store(small_disk / "index", EMBEDDER, "ask")
    assert "\n" not in str(full.value)
    assert str(small_disk) in str(full.value)


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="only root can give up the right to write")
@pytest.mark.parametrize("what", ["the folder", "the database"])
def test_a_folder_that_cannot_be_written_is_one_line(index: Path, what: str) -> None:
    with opened(index) as store:
        store.commit([change_of(["one"])])
    for folder in (index, *index.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/tmp"):
            folder.chmod(0o755)
        if folder == Path("/tmp"):
            break
    if what == "the database":
        index.chmod(0o777)
        (index / "lock").chmod(0o666)
    told = run_python(
        """
        import os, sys
        from pathlib import Path
        from rag.errors import StorageError
        from rag.index.store import open_store
        # Chroma imports its parts when first used, from places that only root may read.
        open_store(Path(sys.argv[1]).with_name("first"), "by-hand-1", "ask").close()
        os.setgid(65534)
        os.setuid(65534)
        try:
            open_store(Path(sys.argv[1]), "by-hand-1", "ask")
        except StorageError as error:
            print(error)
        """,
        index,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    assert told.stdout.startswith(f"Cannot write to {index}: ")
    assert len(told.stdout.splitlines()) == 1
    with opened(index) as store:
        assert texts_of(store) == ["one"]


def test_a_file_in_the_place_of_the_index_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("not a folder")
    with pytest.raises(StorageError, match=r"^Cannot write to .*: (File exists|Not a directory)"):
        open_store(tmp_path / "index", EMBEDDER, "ask")


@pytest.mark.slow
@pytest.mark.parametrize("rows", [0, 1, 1_000, 1_001])
def test_a_whole_index_is_never_taken_for_a_damaged_one(index: Path, rows: int) -> None:
    with opened(index) as store:
        if rows:
            store.commit([change_of([f"{n}" for n in range(rows)])])
    with opened(index) as store:
        assert store.check().rows_stored == rows


def test_a_row_that_goes_missing_while_the_index_is_open_is_told(index: Path, store: Store) -> None:
    store.commit([change_of(["one", "two"])])
    remove_a_row(index)
    with pytest.raises(IndexDamagedError, match=r"\(1 of 2 rows stored.*"):
        store.check()
    store.commit([change_of(["three"], "documents/b.txt", first_seed=9)])
    store.delete_superseded()
    store.commit([change_of(["four"], "documents/c.txt", first_seed=12)])
    store.delete_superseded()
    assert store.check().torn == ("documents/a.txt",)
