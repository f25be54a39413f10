"""Ingest with the shipped embedder and real Chroma over folders made here, good and bad."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.answer.candidates import ANSWER_FEATURES
from rag.documents import reading
from rag.documents.layout import Layout, Place, Run
from rag.documents.left_out import LeftOut
from rag.documents.loaders.formats import Kind
from rag.documents.loaders.loaded import Loaded
from rag.documents.reading import read_document, revision_of
from rag.documents.scan import scan
from rag.domain import Block, Question
from rag.errors import FolderError
from rag.file_reader import SETTLED_AFTER_NS
from rag.index.embedding import MiniLM
from rag.index.embedding import Progress as Embedding
from rag.index.failures import Failure, read_failures, write_failures
from rag.index.records import FileStamp, row_id
from rag.index.store import Store, open_store
from rag.ingest import FileOutcome, Outcome, Progress, Report, has_changed, ingest
from rag.search.learned import read_learned
from rag.search.ranking import RANKING_FEATURES
from rag.search.retrieve import HybridRetriever

ROOT = Path(__file__).parents[2]
LONG_AGO = 1_600_000_000
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give up its rights")

SIEGE = "The Siege\n\nThe siege of the city lasted four years.\n\nBread came in at night.\n"
BREAD = "On Bread\n\nRye bread keeps for two weeks in a cloth.\n\nWhite bread does not.\n"


class CountingMiniLM(MiniLM):
    """The shipped embedder that remembers which texts it was given."""

    _given: list[str]

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "_given", [])

    @property
    def given(self) -> list[str]:
        return self._given

    def vectors(self, texts: Sequence[str], progress: Embedding | None = None) -> npt.NDArray[np.float32]:
        self._given.extend(texts)
        return super().vectors(texts, progress)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path, embedder: MiniLM) -> Iterator[Store]:
    store = open_store(tmp_path / "index", embedder.fingerprint, "test")
    yield store
    store.close()


def write(path: Path, content: str | bytes, modified: float = LONG_AGO) -> Path:
    """A file whose last change lies long ago, so that a stat alone tells whether it changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (modified, modified))
    return path


def take_in(store: Store, embedder: MiniLM, folder: Path, max_file_mb: float = 20, **more: Path) -> Report:
    report = ingest(store, embedder, {"documents": folder, **more}, max_file_mb)
    store.delete_superseded()
    return report


def said(report: Report) -> dict[str, str]:
    """Outcomes by name, with the reason behind a colon."""
    return {
        outcome.document_id.partition("/")[2]: outcome.outcome + (f": {outcome.detail}" if outcome.detail else "")
        for outcome in report.outcomes
    }


def rows_of(store: Store) -> dict[str, str]:
    return {key: row.paragraph.text for key, row in store.rows()}


def texts_of(store: Store, name: str) -> list[str]:
    record = store.records()[f"documents/{name}"]
    found = store.paragraphs([row_id(record.prefix, number) for number in range(1, record.paragraphs + 1)])
    return [p.text for p in sorted(found.values(), key=lambda p: p.number)]


# --- what becomes of each file


def test_every_file_gets_its_outcome_with_the_reason(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "siege.txt", SIEGE)
    write(folder / "deep" / "bread.md", BREAD)
    write(folder / "empty.txt", "")
    write(folder / "picture.png", b"\x89PNG")
    write(folder / ".hidden.txt", "hidden")
    write(folder / ".git" / "notes.txt", "hidden")
    first = take_in(store, embedder, folder)
    assert said(first) == {"deep/bread.md": "added", "empty.txt": "failed: the file is empty", "siege.txt": "added"}
    write(folder / "siege.txt", SIEGE + "\nThen it ended.\n", LONG_AGO + 1)
    (folder / "deep" / "bread.md").unlink()
    write(folder / "new.txt", "Something new.")
    second = take_in(store, embedder, folder)
    assert said(second) == {
        "deep/bread.md": "removed",
        "empty.txt": "failed: the file is empty",
        "new.txt": "added",
        "siege.txt": "updated",
    }
    assert list(store.records()) == ["documents/new.txt", "documents/siege.txt"]
    assert texts_of(store, "siege.txt")[-1] == "Then it ended."
    assert (first.changed, second.changed) == (True, True)
    assert store.check().is_whole


def test_what_is_left_out_is_reported_beside_the_documents_and_counts_as_none(
    store: Store, embedder: MiniLM, folder: Path, tmp_path: Path
) -> None:
    write(folder / "siege.txt", SIEGE)
    write(folder / "photo.heic", b"...")
    write(folder / ".ibidignore", "secret*\n")
    write(folder / "secret.txt", "Hush.")
    write(folder / "secret.png", b"...")
    write(tmp_path / "uploads" / "film.mp4", b"...")
    report = take_in(store, embedder, folder, uploads=tmp_path / "uploads")
    assert said(report) == {"siege.txt": "added"}
    assert report.left_out == (LeftOut("documents/photo.heic", "a picture"), LeftOut("uploads/film.mp4", "a film"))


def test_a_new_version_that_cannot_be_read_leaves_the_old_one_answering(
    store: Store, embedder: MiniLM, folder: Path
) -> None:
    write(folder / "siege.txt", SIEGE)
    write(folder / "bread.md", BREAD)
    take_in(store, embedder, folder)
    before = texts_of(store, "siege.txt")
    write(folder / "siege.txt", bytes(range(1, 9)) * 100, LONG_AGO + 1)
    reason = "looks like a binary file, not text; what was read of it before still answers"
    for _ in range(2):
        assert said(take_in(store, embedder, folder)) == {"bread.md": "unchanged", "siege.txt": f"failed: {reason}"}
        assert texts_of(store, "siege.txt") == before
        assert {key: one.reason for key, one in read_failures(store.folder).items()} == {"documents/siege.txt": reason}
    write(folder / "siege.txt", "The siege is over.", LONG_AGO + 2)
    assert said(take_in(store, embedder, folder))["siege.txt"] == "updated"
    assert texts_of(store, "siege.txt") == ["The siege is over."]
    assert read_failures(store.folder) == {}
    assert store.check().is_whole


def test_what_failed_is_kept_whole_or_not_known(tmp_path: Path) -> None:
    assert read_failures(tmp_path) == {}
    stamp = FileStamp(size=7, modified_ns=1, settled=False, changed_ns=2)
    failures = {
        "documents/b.txt": Failure(reason="the file is empty", stamp=stamp),
        "documents/ä\n.txt": Failure(reason="“odd”", stamp=stamp, revision="1-2"),
    }
    write_failures(tmp_path, failures)
    assert read_failures(tmp_path) == failures
    for torn in ("", "{", "[]", "7", '{"documents/b.txt": ', '{"documents/b.txt": "the file is empty"}', '{"a": {}}'):
        (tmp_path / "failed.json").write_text(torn)
        assert read_failures(tmp_path) == {}


def test_a_document_that_is_ignored_from_now_on_leaves_the_index(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "siege.txt", SIEGE)
    write(folder / "bread.md", BREAD)
    take_in(store, embedder, folder)
    write(folder / ".ibidignore", "bread.md\n")
    assert said(take_in(store, embedder, folder)) == {"bread.md": "removed", "siege.txt": "unchanged"}
    write(folder / ".ibidignore", "*\n")
    with pytest.raises(FolderError, match="suddenly empty"):
        take_in(store, embedder, folder)
    assert list(store.records()) == ["documents/siege.txt"]


def test_the_index_holds_what_reading_the_file_gives(store: Store, embedder: MiniLM, seeds: Path) -> None:
    take_in(store, embedder, seeds)
    for path in sorted(seeds.iterdir()):
        parsed = read_document(f"documents/{path.name}", path.read_bytes())
        document, paragraphs = parsed.document, parsed.paragraphs
        record = store.records()[document.id]
        found = store.paragraphs([row_id(record.prefix, p.number) for p in paragraphs])
        assert sorted(found.values(), key=lambda p: p.number) == list(paragraphs)
        assert (record.title, record.date, record.author) == (document.title, document.date, document.author)
        assert all(document.text[p.start : p.end] == p.text for p in found.values())
    assert store.check().is_whole


def test_where_words_stand_on_pages_is_kept_with_the_document(
    store: Store, embedder: MiniLM, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a format made for the purpose: the words in one line, a page a file."""

    def load(data: bytes) -> Loaded:
        spans = [match.span() for match in re.finditer(r"\S+", data.decode())]
        runs = [Run(start=start, end=end, place=Place(2, (start / 99, 0.1, end / 99, 0.2))) for start, end in spans]
        return Loaded(text=data.decode(), blocks=[Block(start=0, end=len(data))], layout=Layout(runs))

    monkeypatch.setitem(reading._HERE, Kind.MARKDOWN, load)
    path = write(folder / "siege.md", "The siege lasted four years.")
    take_in(store, embedder, folder)
    (row,) = (row for _, row in store.rows())
    assert row.paragraph.page == 2
    prefix = store.records()["documents/siege.md"].prefix
    (place,) = store.layouts.read(prefix).places(4, 16)
    assert place == Place(2, (0.0404, 0.1, 0.16162, 0.2))
    path.unlink()
    write(folder / "siege.txt", SIEGE)
    take_in(store, embedder, folder)
    assert not store.layouts.read(prefix)
    assert not store.layouts.read(store.records()["documents/siege.txt"].prefix)


def test_a_second_ingest_embeds_nothing_and_changes_nothing(store: Store, folder: Path) -> None:
    counting = CountingMiniLM()
    write(folder / "siege.txt", SIEGE)
    write(folder / "bread.md", BREAD)
    write(folder / "empty.txt", "")
    take_in(store, counting, folder)
    assert len(counting.given) == 6
    records, rows, generation = store.records(), rows_of(store), store.generation
    again = take_in(store, counting, folder)
    assert said(again) == {
        "bread.md": "unchanged",
        "empty.txt": "failed: the file is empty",
        "siege.txt": "unchanged",
    }
    assert (again.paragraphs_embedded, again.vectors_reused, again.changed) == (0, 0, False)
    assert len(counting.given) == 6
    assert (store.records(), rows_of(store), store.generation) == (records, rows, generation)


def test_a_changed_paragraph_is_the_only_one_embedded(store: Store, folder: Path) -> None:
    counting = CountingMiniLM()
    write(folder / "siege.txt", SIEGE)
    take_in(store, counting, folder)
    counting.given.clear()
    write(folder / "siege.txt", SIEGE.replace("at night", "by day"), LONG_AGO + 1)
    report = take_in(store, counting, folder)
    assert counting.given == ["The Siege\nBread came in by day."]
    assert (report.paragraphs_embedded, report.vectors_reused) == (1, 2)
    assert texts_of(store, "siege.txt") == [
        "The Siege",
        "The siege of the city lasted four years.",
        "Bread came in by day.",
    ]


def test_a_renamed_file_takes_its_vectors_along(store: Store, folder: Path) -> None:
    counting = CountingMiniLM()
    write(folder / "siege.txt", SIEGE)
    take_in(store, counting, folder)
    counting.given.clear()
    (folder / "siege.txt").rename(folder / "renamed.txt")
    report = take_in(store, counting, folder)
    assert said(report) == {"renamed.txt": "added", "siege.txt": "removed"}
    assert counting.given == []
    assert (report.paragraphs_embedded, report.vectors_reused) == (0, 3)
    assert len(rows_of(store)) == 3
    assert store.check().is_whole


def test_a_file_that_was_touched_without_a_change_is_unchanged(store: Store, embedder: MiniLM, folder: Path) -> None:
    path = write(folder / "siege.txt", SIEGE)
    take_in(store, embedder, folder)
    generation = store.generation
    os.utime(path, (LONG_AGO + 99, LONG_AGO + 99))
    assert said(take_in(store, embedder, folder)) == {"siege.txt": "unchanged"}
    assert store.records()["documents/siege.txt"].stamp.modified_ns == (LONG_AGO + 99) * 10**9
    assert store.generation == generation


def test_a_file_changed_right_before_the_scan_is_read_again_at_the_next(
    store: Store, embedder: MiniLM, folder: Path
) -> None:
    now = time.time()
    path = write(folder / "siege.txt", "The siege lasted four years.", now)
    take_in(store, embedder, folder)
    assert not store.records()["documents/siege.txt"].stamp.settled
    # As many bytes at the very same time: a stat cannot tell.
    write(path, "The siege lasted five years.", now)
    assert said(take_in(store, embedder, folder)) == {"siege.txt": "updated"}
    assert texts_of(store, "siege.txt") == ["The siege lasted five years."]


@pytest.mark.slow
def test_a_settled_file_costs_a_stat_and_is_not_read(store: Store, embedder: MiniLM, folder: Path) -> None:
    path = write(folder / "siege.txt", "The siege lasted four years.")
    time.sleep(SETTLED_AFTER_NS / 1e9 + 0.1)  # nobody can set the time of a change
    take_in(store, embedder, folder)
    assert store.records()["documents/siege.txt"].stamp.settled
    opened: list[str] = []
    watching = True
    sys.addaudithook(lambda event, what: opened.append(str(what[0])) if watching and event == "open" else None)
    assert said(take_in(store, embedder, folder)) == {"siege.txt": "unchanged"}
    assert str(path) not in opened
    write(path, "The siege lasted five years.")
    assert said(take_in(store, embedder, folder)) == {"siege.txt": "updated"}
    assert str(path) in opened
    watching = False


@pytest.mark.slow
def test_what_could_not_be_read_is_tried_again_when_it_changes_or_somebody_wants_it(
    store: Store, embedder: MiniLM, folder: Path
) -> None:
    path = write(folder / "odd.txt", bytes(range(1, 9)) * 100)
    time.sleep(SETTLED_AFTER_NS / 1e9 + 0.1)
    opened: list[str] = []
    watching = True
    sys.addaudithook(lambda event, what: opened.append(str(what[0])) if watching and event == "open" else None)

    def read(again: bool) -> tuple[dict[str, str], bool]:
        opened.clear()
        report = ingest(store, embedder, {"documents": folder}, 20, again=again)
        return said(report), str(path) in opened

    failed = {"odd.txt": "failed: looks like a binary file, not text"}
    assert read(again=False) == (failed, True)
    assert read(again=False) == (failed, False)
    assert [one.reason for one in read_failures(store.folder).values()] == ["looks like a binary file, not text"]
    assert read(again=True) == (failed, True)
    write(path, "Now it is text.")
    assert read(again=False) == ({"odd.txt": "added"}, True)
    assert read_failures(store.folder) == {}
    watching = False


@pytest.mark.slow
def test_a_look_tells_whether_there_is_something_to_do(store: Store, embedder: MiniLM, folder: Path) -> None:
    def is_to_do() -> bool:
        return has_changed(store, {"documents": folder})

    write(folder / "siege.txt", SIEGE)
    write(folder / "large.txt", "x" * 2_000_000)
    time.sleep(SETTLED_AFTER_NS / 1e9 + 0.1)
    assert is_to_do()
    # What nobody opens, as it is too large, is tried with each ingest, and is nothing to begin one for.
    take_in(store, embedder, folder, max_file_mb=1)
    assert not is_to_do()
    write(folder / "large.txt", "y" * 2_000_000)
    assert is_to_do()
    take_in(store, embedder, folder, max_file_mb=1)
    assert not is_to_do()
    (folder / "siege.txt").unlink()
    assert is_to_do()


def test_a_rewrite_that_keeps_size_and_time_is_seen(store: Store, embedder: MiniLM, folder: Path) -> None:  # case 28
    path = write(folder / "siege.txt", "The siege lasted four years.")
    take_in(store, embedder, folder)
    stamp = store.records()["documents/siege.txt"].stamp
    # As if it had been long enough: what is compared is the time of the change itself.
    store.restamp([("documents/siege.txt", replace(stamp, settled=True))])
    write(path, "The siege lasted five years.")
    assert path.stat().st_mtime == LONG_AGO
    assert said(take_in(store, embedder, folder)) == {"siege.txt": "updated"}
    assert texts_of(store, "siege.txt") == ["The siege lasted five years."]


def test_a_mount_in_which_nothing_can_be_read_removes_nothing(  # case 25
    store: Store, embedder: MiniLM, folder: Path
) -> None:
    for i in range(3):
        write(folder / f"{i}.txt", f"Gate {i} was opened at noon.")
    take_in(store, embedder, folder)
    rows = rows_of(store)
    shutil.rmtree(folder)
    folder.mkdir()
    # Root may read everything, so nothing that can be read has to be something else: a link that leads nowhere.
    (folder / "notes.txt").symlink_to(folder / "nowhere")
    (folder / "pipe.txt").mkdir()
    with pytest.raises(FolderError) as told:
        take_in(store, embedder, folder)
    assert str(told.value) == (
        f"The documents folder {folder} holds nothing that can be read; the index still holds 3 of its documents. "
        "Nothing was removed. If that is meant, run `ibid reset`."
    )
    assert rows_of(store) == rows
    write(folder / "0.txt", "Gate 0 was opened at noon.")
    assert said(take_in(store, embedder, folder))["1.txt"] == "removed"


@given(names=st.lists(st.binary(min_size=1, max_size=6), min_size=2, max_size=8, unique=True))
@example(names=[b"bad\xff", rb"bad\xff", rb"bad\\xff", b"\\\xff", b"\\"])
def test_names_that_differ_in_any_byte_are_documents_of_their_own(  # case 24
    tmp_path_factory: pytest.TempPathFactory, names: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    kept = [name for name in names if not name.startswith((b".", b"~$")) and not set(name) & set(b"/\0")]
    for name in kept:
        (folder / os.fsdecode(name + b".txt")).write_text("A gate.")
    found = [file.document_id for file in scan("documents", folder).files]
    assert len(set(found)) == len(found) == len(kept)
    shutil.rmtree(folder)


def test_uploads_stand_beside_the_documents_and_leave_alone(
    store: Store, embedder: MiniLM, folder: Path, tmp_path: Path
) -> None:
    write(folder / "a.txt", SIEGE)
    upload = write(tmp_path / "uploads" / "a.txt", BREAD)
    take_in(store, embedder, folder, uploads=tmp_path / "uploads")
    assert list(store.records()) == ["documents/a.txt", "uploads/a.txt"]
    take_in(store, embedder, folder)
    assert list(store.records()) == ["documents/a.txt", "uploads/a.txt"]
    upload.unlink()
    take_in(store, embedder, folder, uploads=tmp_path / "uploads")
    assert list(store.records()) == ["documents/a.txt"]


def test_a_long_paragraph_gets_several_vectors_and_one_text(store: Store, folder: Path) -> None:
    counting = CountingMiniLM()
    text = " ".join(f"Sentence number {i} speaks of bread and of sieges." for i in range(75))
    write(folder / "long.txt", "On Long Texts\n\n" + text)
    take_in(store, counting, folder)
    record = store.records()["documents/long.txt"]
    assert (record.paragraphs, record.rows) == (2, len(counting.given))
    assert record.rows == 5
    assert texts_of(store, "long.txt")[1] == text
    assert all(counting.fits(given) for given in counting.given)
    assert store.window_count == 5
    body = [given for given in counting.given if given != "On Long Texts"]
    assert all(sum(f"number {i} speaks" in given for given in body) == 1 for i in range(75))


def test_titles_and_headings_too_long_for_the_window_do_not_push_the_text_out(store: Store, folder: Path) -> None:
    counting = CountingMiniLM()
    text = "。".join(f"第{i}句话说的是面包和围城" for i in range(40))
    write(folder / "long.md", f"# {'很长的标题' * 60}\n\n## {'另一个标题' * 60}\n\n{text}。\n")
    take_in(store, counting, folder)
    assert all(counting.fits(given) for given in counting.given)
    assert any("第39句话" in given for given in counting.given)


def test_progress_counts_every_file_once(store: Store, embedder: MiniLM, folder: Path) -> None:
    for i in range(5):
        write(folder / f"{i}.txt", f"Text number {i}.")
    seen = []
    ingest(store, embedder, {"documents": folder}, 20, seen.append)
    assert (seen[-1].files_done, seen[-1].files, seen[-1].vectors) == (5, 5, 5)


def test_progress_tells_the_state_of_each_file_and_what_failed(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "a.txt", "Text a.")
    write(folder / "b.txt", "")
    write(folder / "c.txt", "Text c.")
    seen: list[Progress] = []
    ingest(store, embedder, {"documents": folder}, 20, seen.append)
    for told in seen:
        assert told.queued + (told.reading is not None) + told.embedding + told.files_done == told.files == 3
    assert [(told.reading, told.queued) for told in seen[:3]] == [
        ("documents/a.txt", 2),
        ("documents/b.txt", 1),
        ("documents/c.txt", 0),
    ]
    assert (seen[-1].share, seen[-1].vectors_to_come, seen[-1].embedding) == (1.0, 0, 0)
    assert seen[-1].failed == (FileOutcome("documents/b.txt", Outcome.FAILED, "the file is empty"),)


def test_one_large_file_shows_its_progress_too(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "a.txt", "\n\n".join(f"Lock {i} was opened at noon by keeper {i * 7919 % 101}." for i in range(400)))
    seen: list[Progress] = []
    ingest(store, embedder, {"documents": folder}, 20, seen.append)
    shares = [told.share for told in seen]
    assert shares == sorted(shares) and len(set(shares)) > 5
    halfway = next(told for told in seen if told.share > 0.5)
    assert (halfway.files_done, halfway.embedding, halfway.queued) == (0, 1, 0)
    assert halfway.vectors > 0 and halfway.vectors + halfway.vectors_to_come == 400
    assert halfway.rate > 0


@pytest.mark.parametrize(
    ("share", "seconds", "left"),
    [
        pytest.param(0.25, 10.0, 30.0, id="as long as the pace says"),
        pytest.param(1.0, 10.0, 0.0, id="none at the end"),
        pytest.param(0.25, 0.5, None, id="not told in the first second"),
        pytest.param(0.0, 60.0, None, id="nothing done tells nothing"),
    ],
)
def test_the_time_left_follows_from_the_pace(share: float, seconds: float, left: float | None) -> None:
    assert Progress(0, 1, 0, share=share, seconds=seconds).seconds_left == left


# --- bad files never stop the others


def minutes(text: str) -> str:
    return f"Good Minutes\n\n{text}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        pytest.param("bad.txt", b"", "failed: the file is empty", id="empty"),
        pytest.param("bad.txt", b" \n\t\r\n ", "failed: the file is empty", id="white-space"),
        pytest.param("bad.txt", b"\xef\xbb\xbf", "failed: the file holds no text", id="only-a-mark"),
        pytest.param(
            "bad.txt", bytes(range(256)) * 40, "failed: looks like a binary file, not text", id="binary-renamed"
        ),
        pytest.param("bad.txt", b"\x7fELF" + b"\0" * 5000, "failed: is a program, not a document", id="a program"),
        pytest.param("bad.txt", b"A \0 in it" + b", and many more words. " * 9, "added", id="few-nuls"),
        pytest.param("bad.txt", "Crème brûlée à Orléans. ".encode("cp1252") * 9, "added: read as", id="cp1252"),
        pytest.param("bad.txt", b"caf\xc3\xa9, a stray \xff, half a \xed\xa0\x80.", "added: read as", id="no-utf-8"),
        pytest.param("bad.txt", b"one\r\ntwo\rthree\n\nfour\r\n\r\nfive\r\rsix", "added", id="mixed-newlines"),
        pytest.param("bad.txt", "Schöne Grüße".encode("utf-16"), "added", id="utf-16"),
        pytest.param("bad.txt", b"\xff\xfeodd", "failed: begins as utf-16 but is not", id="half-utf-16"),
        pytest.param("bad.md", b"[" * 20_000, "added", id="nested-brackets"),
        pytest.param("bad.md", b"> " * 5_000 + b"deep", "added", id="nested-quotes"),
        pytest.param("bad.md", b"---\ntitle: x\n", "added", id="open-front-matter"),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_and_the_others_go_in(
    store: Store, embedder: MiniLM, folder: Path, name: str, content: bytes, expected: str
) -> None:
    write(folder / "a good.txt", minutes("They met."))
    write(folder / name, content)
    write(folder / "z good.txt", minutes("They parted."))
    outcomes = said(take_in(store, embedder, folder))
    assert (outcomes["a good.txt"], outcomes["z good.txt"]) == ("added", "added")
    assert outcomes[name].startswith(expected)
    assert (f"documents/{name}" in store.records()) == (not expected.startswith("failed"))
    assert store.check().is_whole


def test_what_nul_bytes_stand_between_is_kept_and_they_are_not(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "nul.txt", "The code is A\0B, they said, " + "and it was never found out by whom it was sent. " * 3)
    take_in(store, embedder, folder)
    assert texts_of(store, "nul.txt")[0].startswith("The code is AB, they said")


def test_mixed_newlines_part_paragraphs_alike(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "mixed.txt", b"First line here.\r\n\r\nSecond line here.\r\rThird line here.\n\nFourth line here.")
    take_in(store, embedder, folder)
    assert texts_of(store, "mixed.txt") == [
        "First line here.",
        "Second line here.",
        "Third line here.",
        "Fourth line here.",
    ]


def test_a_line_of_50_mb_is_over_the_limit_and_never_read(store: Store, embedder: MiniLM, folder: Path) -> None:
    with (folder / "huge.txt").open("wb") as huge:
        huge.truncate(50_000_000)
    write(folder / "good.txt", minutes("They met."))
    assert said(take_in(store, embedder, folder)) == {
        "good.txt": "added",
        "huge.txt": "failed: 50.0 MB is more than the limit of 20 MB (IBID_MAX_FILE_MB)",
    }


def test_the_limit_is_what_the_settings_say(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "a.txt", "They met at noon. " * 10)
    assert "limit of 0.0001 MB" in said(take_in(store, embedder, folder, max_file_mb=0.0001))["a.txt"]
    assert said(take_in(store, embedder, folder, max_file_mb=float("inf"))) == {"a.txt": "added"}


class QuickMiniLM(MiniLM):
    """The shipped tokenizer, and one and the same vector for everything: for texts of megabytes."""

    def vectors(self, texts: Sequence[str], progress: Embedding | None = None) -> npt.NDArray[np.float32]:
        return np.tile(np.eye(1, 384, dtype=np.float32), (len(texts), 1))


@pytest.mark.slow
def test_a_line_of_3_mb_goes_in_whole(store: Store, folder: Path) -> None:
    line = " ".join(["bread was carried into the city by night"] * 73_000)
    assert 2_900_000 < len(line) < 3_100_000
    write(folder / "line.txt", line)
    assert said(take_in(store, QuickMiniLM(), folder)) == {"line.txt": "added"}
    assert " ".join(texts_of(store, "line.txt")) == line
    assert store.check().is_whole


def test_a_line_of_3_mb_without_a_space_goes_in_whole(store: Store, folder: Path) -> None:
    write(folder / "line.txt", "abcdefghij" * 300_000)
    assert said(take_in(store, QuickMiniLM(), folder)) == {"line.txt": "added"}
    assert "".join(texts_of(store, "line.txt")) == "abcdefghij" * 300_000


def test_two_files_with_the_same_bytes_are_two_documents_and_one_passage(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    counting, learned = CountingMiniLM(), read_learned(RANKING_FEATURES, sentences=ANSWER_FEATURES)
    write(folder / "one.txt", SIEGE)
    write(folder / "two.txt", SIEGE)
    assert said(take_in(store, counting, folder)) == {"one.txt": "added", "two.txt": "added"}
    assert len(counting.given) == 3
    retriever = HybridRetriever(store, embedder=counting, learned=learned, folder=tmp_path / "lexical")
    found = retriever.search(Question("How long did the siege of the city last?")).passages
    texts = [passage.paragraph.text for passage in found]
    assert texts[0] == "The siege of the city lasted four years."
    assert len(texts) == len(set(texts))
    assert found[0].paragraph.document_id == "documents/one.txt"
    (folder / "one.txt").unlink()
    assert said(take_in(store, counting, folder)) == {"one.txt": "removed", "two.txt": "unchanged"}
    retriever.refresh()
    found = retriever.search(Question("How long did the siege of the city last?")).passages
    assert found[0].paragraph.document_id == "documents/two.txt"


# --- links, pipes and files that go away


def test_links_lead_nowhere_out_of_the_folder(store: Store, embedder: MiniLM, folder: Path, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.txt", "The password is swordfish.")
    write(tmp_path / "elsewhere" / "far.txt", "Far away.")
    write(folder / "good.txt", minutes("They met."))
    (folder / "out.txt").symlink_to(secret)
    (folder / "relative.txt").symlink_to("../secret.txt")
    (folder / "etc").symlink_to(tmp_path / "elsewhere")
    (folder / "inside.txt").symlink_to(folder / "good.txt")
    outcomes = said(take_in(store, embedder, folder))
    assert outcomes == {
        "good.txt": "added",
        "inside.txt": "added",
        "out.txt": "failed: a link that leads out of the documents folder",
        "relative.txt": "failed: a link that leads out of the documents folder",
    }
    assert not any("swordfish" in text or "Far" in text for text in rows_of(store).values())


def test_a_folder_beside_this_one_with_a_longer_name_is_outside(
    store: Store, embedder: MiniLM, folder: Path, tmp_path: Path
) -> None:
    write(tmp_path / "documents-private" / "x.txt", "private")
    write(folder / "good.txt", minutes("They met."))
    (folder / "x.txt").symlink_to(tmp_path / "documents-private" / "x.txt")
    assert said(take_in(store, embedder, folder))["x.txt"].startswith("failed: a link that leads out")


def test_links_that_lead_in_circles_or_nowhere_are_told(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "good.txt", minutes("They met."))
    (folder / "a.txt").symlink_to("b.txt")
    (folder / "b.txt").symlink_to("a.txt")
    (folder / "self").symlink_to("self")
    (folder / "up").symlink_to(".")
    (folder / "gone.txt").symlink_to("never-was.txt")
    assert said(take_in(store, embedder, folder)) == {
        "a.txt": "failed: Too many levels of symbolic links",
        "b.txt": "failed: Too many levels of symbolic links",
        "gone.txt": "failed: No such file or directory",
        "good.txt": "added",
    }


def test_a_documents_folder_may_itself_be_a_link(store: Store, embedder: MiniLM, folder: Path, tmp_path: Path) -> None:
    write(folder / "good.txt", minutes("They met."))
    (folder / "inside.txt").symlink_to("good.txt")
    (tmp_path / "link").symlink_to(folder)
    assert said(take_in(store, embedder, tmp_path / "link")) == {"good.txt": "added", "inside.txt": "added"}


def test_a_pipe_is_not_waited_for(store: Store, embedder: MiniLM, folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    (folder / "folder.txt").mkdir()
    write(folder / "good.txt", minutes("They met."))
    assert said(take_in(store, embedder, folder)) == {"good.txt": "added", "pipe.txt": "failed: not a regular file"}


class Interfering(MiniLM):
    """The shipped embedder; the first time it cuts a text, something happens in the folder."""

    def then(self, happening: object) -> Interfering:
        object.__setattr__(self, "_happening", happening)
        return self

    def clipped(self, prefix: str) -> str:
        happening = getattr(self, "_happening", None)
        object.__setattr__(self, "_happening", None)
        if callable(happening):
            happening()
        return super().clipped(prefix)


def test_a_file_that_vanishes_during_ingest_is_told_and_leaves_at_the_next(store: Store, folder: Path) -> None:
    write(folder / "a.txt", minutes("They met."))
    gone = write(folder / "b.txt", minutes("They talked."))
    write(folder / "c.txt", minutes("They parted."))
    embedder = Interfering().then(gone.unlink)
    outcomes = said(take_in(store, embedder, folder))
    assert outcomes == {"a.txt": "added", "b.txt": "failed: No such file or directory", "c.txt": "added"}
    assert said(take_in(store, embedder, folder)) == {"a.txt": "unchanged", "c.txt": "unchanged"}


def test_a_known_file_that_vanishes_during_ingest_stays_until_the_next(store: Store, folder: Path) -> None:
    embedder = Interfering()
    write(folder / "a.txt", minutes("They met."))
    gone = write(folder / "b.txt", minutes("They talked."))
    take_in(store, embedder, folder)
    write(folder / "a.txt", minutes("They met again."), LONG_AGO + 1)
    write(folder / "b.txt", minutes("They talked more."), LONG_AGO + 1)
    embedder.then(gone.unlink)
    reason = "No such file or directory; what was read of it before still answers"
    assert said(take_in(store, embedder, folder))["b.txt"] == f"failed: {reason}"
    assert texts_of(store, "b.txt")[1] == "They talked."
    assert said(take_in(store, embedder, folder))["b.txt"] == "removed"


def test_a_file_changed_after_the_scan_is_read_again_at_the_next(store: Store, folder: Path) -> None:
    write(folder / "a.txt", minutes("They met."))
    path = write(folder / "b.txt", minutes("They talked."))
    embedder = Interfering().then(lambda: write(path, minutes("They shouted at length."), LONG_AGO + 5))
    take_in(store, embedder, folder)
    assert texts_of(store, "b.txt")[1] == "They shouted at length."
    assert said(take_in(store, embedder, folder))["b.txt"] == "unchanged"
    assert store.records()["documents/b.txt"].stamp.modified_ns == (LONG_AGO + 5) * 10**9


# --- names


def test_names_of_every_kind_are_documents_of_their_own(store: Store, embedder: MiniLM, folder: Path) -> None:
    names = {
        b"two\nlines.txt": "documents/two\nlines.txt",
        "🙂 emoji.txt".encode(): "documents/🙂 emoji.txt",
        b"latin-\xe9.txt": "documents/latin-\\xe9.txt",
        b"latin-\xe8.txt": "documents/latin-\\xe8.txt",
        "nfd-e\u0301.txt".encode(): "documents/nfd-\u00e9.txt",
        b"x" * 240 + b".txt": "documents/" + "x" * 240 + ".txt",
        b"UPPER.TXT": "documents/UPPER.TXT",
        b"[bold] & <b>.txt": "documents/[bold] & <b>.txt",
        b" .. .txt": "documents/ .. .txt",
    }
    for i, name in enumerate(names):
        (Path(os.fsdecode(os.fsencode(folder) + b"/" + name))).write_text(minutes(f"Meeting number {i}."))
    report = take_in(store, embedder, folder)
    assert {o.document_id for o in report.of(Outcome.ADDED)} == set(names.values()) == set(store.records())
    assert len(report.outcomes) == len(names)
    again = take_in(store, embedder, folder)
    assert {o.outcome for o in again.outcomes} == {Outcome.UNCHANGED}
    assert store.check().is_whole


def test_two_names_that_look_the_same_are_two_documents(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "caf\u00e9.txt", minutes("Composed."))
    write(folder / "cafe\u0301.txt", minutes("Taken apart."))
    assert len(list(folder.iterdir())) == 2
    take_in(store, embedder, folder)
    assert sorted(store.records()) == ["documents/cafe\u0301.txt", "documents/caf\u00e9.txt"]
    assert texts_of(store, "cafe\u0301.txt")[1] == "Taken apart."


# --- the folder itself


def test_a_folder_that_is_missing_mistyped_or_a_file_removes_nothing(
    store: Store, embedder: MiniLM, folder: Path, tmp_path: Path
) -> None:
    write(folder / "siege.txt", SIEGE)
    take_in(store, embedder, folder)
    rows = rows_of(store)
    with pytest.raises(FolderError) as mistyped:
        take_in(store, embedder, tmp_path / "documnets")
    assert str(mistyped.value) == (
        f"The documents folder {tmp_path / 'documnets'} does not exist. Nothing was changed. Check --documents or IBID_DOCUMENTS."
    )
    with pytest.raises(FolderError, match="is a file, not a folder"):
        take_in(store, embedder, folder / "siege.txt")
    shutil.rmtree(folder)
    with pytest.raises(FolderError, match="does not exist"):
        take_in(store, embedder, folder)
    assert rows_of(store) == rows


def test_a_suddenly_empty_folder_removes_nothing(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "siege.txt", SIEGE)
    write(folder / "deep" / "bread.txt", BREAD)
    take_in(store, embedder, folder)
    rows = rows_of(store)
    shutil.rmtree(folder)
    (folder / "deep").mkdir(parents=True)
    write(folder / "picture.png", b"\x89PNG")
    with pytest.raises(FolderError) as empty:
        take_in(store, embedder, folder)
    assert str(empty.value) == (
        f"The documents folder {folder} is suddenly empty; the index still holds 2 of its documents. "
        "Nothing was removed. If that is meant, run `ibid reset`."
    )
    assert rows_of(store) == rows


def test_a_folder_that_was_always_empty_is_no_error(store: Store, embedder: MiniLM, folder: Path) -> None:
    assert take_in(store, embedder, folder).outcomes == ()


def test_a_folder_is_never_written_to(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "siege.txt", SIEGE)
    write(folder / "bad.txt", "")
    before = {path: path.stat() for path in (folder, *folder.iterdir())}
    take_in(store, embedder, folder)
    after = {path: path.stat() for path in (folder, *folder.iterdir())}
    assert {p: (s.st_mtime_ns, s.st_ctime_ns, s.st_size) for p, s in before.items()} == {
        p: (s.st_mtime_ns, s.st_ctime_ns, s.st_size) for p, s in after.items()
    }


UNPRIVILEGED = """
    import json, os, sys
    from pathlib import Path
    sys.path.insert(0, "tests/rag")
    from rag.index.embedding import MiniLM
    from rag.errors import IbidError
    from rag.index.store import open_store
    from rag.text.identify import language_of
    from test_ingest import rows_of, said, take_in
    folder, index = Path(sys.argv[1]), Path(sys.argv[2])
    embedder = MiniLM()
    # Chroma and py3langid import their parts when first used, from places that only root may read.
    open_store(index.with_name("first"), embedder.fingerprint, "test").close()
    assert language_of(["The ferry of the island leaves at noon and it is free of charge."]) == "en"
    os.setgid(65534)
    os.setuid(65534)
    store = open_store(index, embedder.fingerprint, "test")
    try:
        print(json.dumps(said(take_in(store, embedder, folder))))
    except IbidError as error:
        print(json.dumps(str(error)))
    print(json.dumps(sorted(store.records())))
    store.close()
"""


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that other users reach: pytest closes its own to them whenever another run begins."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def unprivileged(folder: Path, index: Path) -> list[object]:
    """Ingest as a user who owns nothing but the index. Returns what was said, and the documents then in."""
    index.mkdir(exist_ok=True)
    for path in (index, *index.rglob("*")):
        os.chown(path, 65534, 65534)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(UNPRIVILEGED), str(folder), str(index)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
@as_root
def test_what_cannot_be_read_is_told_and_its_documents_stay(open_path: Path, embedder: MiniLM) -> None:
    folder = open_path / "documents"
    shut = write(folder / "shut.txt", SIEGE)
    write(folder / "closed" / "inner.txt", BREAD)
    write(folder / "closed" / "deeper" / "one.txt", minutes("Deep down."))
    write(folder / "listed" / "one.txt", minutes("Listed, but not to be looked at."))
    write(folder / "closed too.txt", minutes("Open."))
    index = open_path / "index"
    first, documents = unprivileged(folder, index)
    assert isinstance(first, dict)
    assert set(first.values()) == {"added"}
    shut.chmod(0)
    os.utime(shut, (LONG_AGO + 9, LONG_AGO + 9))
    (folder / "closed").chmod(0)
    (folder / "listed").chmod(0o744)
    reason = "Permission denied; what was read of it before still answers"
    assert unprivileged(folder, index) == [
        {
            "closed too.txt": "unchanged",
            "closed/": "failed: the folder cannot be read: Permission denied",
            "listed/one.txt": f"failed: {reason}",
            "shut.txt": f"failed: {reason}",
        },
        documents,
    ]


@pytest.mark.slow
@as_root
def test_a_documents_folder_that_cannot_be_read_removes_nothing(open_path: Path) -> None:
    folder = open_path / "documents"
    write(folder / "siege.txt", SIEGE)
    index = open_path / "index"
    unprivileged(folder, index)
    folder.chmod(0)
    assert unprivileged(folder, index) == [
        f"The documents folder {folder} cannot be read: Permission denied. Nothing was changed.",
        ["documents/siege.txt"],
    ]


@pytest.mark.slow
@as_root
def test_a_documents_folder_behind_a_closed_one_removes_nothing(open_path: Path) -> None:
    folder = open_path / "outer" / "documents"
    write(folder / "siege.txt", SIEGE)
    index = open_path / "index"
    unprivileged(folder, index)
    folder.parent.chmod(0)
    message, documents = unprivileged(folder, index)
    assert documents == ["documents/siege.txt"]
    assert str(message).startswith(f"The documents folder {folder} ")


def test_the_revision_is_that_of_the_bytes(store: Store, embedder: MiniLM, folder: Path) -> None:
    write(folder / "siege.txt", SIEGE)
    take_in(store, embedder, folder)
    assert store.records()["documents/siege.txt"].revision == revision_of(SIEGE.encode(), name="siege.txt")


def test_outcomes_can_be_asked_for_by_kind() -> None:
    report = Report(
        outcomes=(FileOutcome("documents/a.txt", Outcome.ADDED), FileOutcome("documents/b.txt", Outcome.FAILED)),
        paragraphs_embedded=0,
        vectors_reused=0,
        seconds=0,
    )
    assert [o.document_id for o in report.of(Outcome.FAILED)] == ["documents/b.txt"]
    assert report.counts == {"added": 1, "failed": 1}
