"""Where words stand, kept beside the index: whole or not at all, and as long as the revision it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.layout import Layout, Place, Run
from rag.index.layouts import Layouts
from rag.index.records import row_prefix
from rag.index.store import Store, open_store, remove_index
from tests.rag.index.test_store import EMBEDDER, NEW, OLD, change_of

SIEGE, BREAD = "documents/siege.pdf", "documents/bread.pdf"
UNITS = 10_000


def layout(page: int, words: int = 200) -> Layout:
    return Layout(
        [
            Run(start=6 * i, end=6 * i + 5, place=Place(page + i // 50, (i % 50 / 100, 0.25, (i % 50 + 1) / 100, 0.27)))
            for i in range(words)
        ]
    )


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def store(index: Path) -> Iterator[Store]:
    store = open_store(index, EMBEDDER, "test")
    yield store
    store.close()


def commit(store: Store, document_id: str, found: Layout, revision: str = OLD) -> None:
    store.commit([replace(change_of(["Some text."], document_id, revision), layout=found)])
    store.delete_superseded()


def runs_of(store: Store, document_id: str) -> list[Run]:
    record = store.records().get(document_id)
    return list(store.layouts.read(record.prefix).runs) if record else []


def files(index: Path) -> list[Path]:
    return sorted((index / "layouts").iterdir())


# --- what is kept


edges = st.integers(0, UNITS - 1).flatmap(lambda low: st.tuples(st.just(low), st.integers(low + 1, UNITS)))
places = st.builds(
    lambda page, across, down: Place(page, (across[0] / UNITS, down[0] / UNITS, across[1] / UNITS, down[1] / UNITS)),
    st.integers(1, 5_000),
    edges,
    edges,
) | st.builds(Place, st.integers(1, 5_000))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30), places), min_size=1, max_size=40))
def test_a_layout_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, int, Place]]
) -> None:
    runs, position = [], 0
    for gap, length, place in drawn:
        runs.append(Run(start=position + gap, end=position + gap + length, place=place))
        position += gap + length
    kept = Layouts(tmp_path_factory.mktemp("kept"))
    kept.write("a:1", Layout(runs))
    assert list(kept.read("a:1").runs) == runs
    assert list(kept.read("a:1").runs[1:3]) == runs[1:3]


@pytest.mark.parametrize("edge", [0.0, 0.3333333, 0.99999999])
def test_no_rectangle_is_without_width_or_beyond_the_page_when_it_comes_back(tmp_path: Path, edge: float) -> None:
    thin = (edge, edge, edge + 1e-9, edge + 1e-9)
    kept = Layouts(tmp_path)
    kept.write("a:1", Layout([Run(start=0, end=1, place=Place(1, thin))]))
    (place,) = kept.read("a:1").places(0, 1)
    assert place.rectangle is not None
    left, top, right, bottom = place.rectangle
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1
    assert abs(left - edge) < 1e-4


def test_a_book_takes_little_room(tmp_path: Path) -> None:
    kept = Layouts(tmp_path)
    kept.write("a:1", layout(1, 100_000))
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size < 1_000_000


# --- beside the index


def test_the_places_of_a_document_are_those_of_its_revision(store: Store, index: Path) -> None:
    commit(store, SIEGE, layout(1))
    commit(store, BREAD, layout(7))
    assert (runs_of(store, SIEGE), runs_of(store, BREAD)) == (layout(1).runs, layout(7).runs)
    commit(store, SIEGE, layout(3), NEW)
    assert (runs_of(store, SIEGE), runs_of(store, BREAD)) == (layout(3).runs, layout(7).runs)
    assert len(files(index)) == 2


def test_the_old_places_stay_until_nobody_reads_the_old_revision(store: Store, index: Path) -> None:
    commit(store, SIEGE, layout(1))
    store.commit([replace(change_of(["Other text."], SIEGE, NEW), layout=layout(3))])
    assert len(files(index)) == 2
    assert Layouts(index / "layouts").read(row_prefix(SIEGE, OLD))
    store.delete_superseded()
    assert len(files(index)) == 1


def test_a_document_without_pages_has_no_file(store: Store, index: Path) -> None:
    commit(store, SIEGE, Layout())
    assert not (index / "layouts").exists()
    assert not runs_of(store, SIEGE)
    commit(store, SIEGE, layout(1))
    commit(store, SIEGE, Layout(), NEW)
    assert files(index) == []


def test_the_places_leave_with_the_document(store: Store, index: Path) -> None:
    commit(store, SIEGE, layout(1))
    commit(store, BREAD, layout(7))
    store.remove([SIEGE])
    store.delete_superseded()
    assert len(files(index)) == 1
    assert (runs_of(store, SIEGE), runs_of(store, BREAD)) == ([], layout(7).runs)
    assert not runs_of(store, "documents/never-was.pdf")


def test_they_are_there_when_the_index_is_opened_again_and_go_with_it(index: Path) -> None:
    store = open_store(index, EMBEDDER, "test")
    commit(store, SIEGE, layout(1))
    store.close()
    again = open_store(index, EMBEDDER, "test")
    assert runs_of(again, SIEGE) == layout(1).runs
    again.close()
    remove_index(index)
    assert not (index / "layouts").exists()


# --- damage


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[: len(data) // 2], id="cut in half"),
        pytest.param(lambda data: data[:-1], id="one byte short"),
        pytest.param(lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:], id="one bit flipped"),
        pytest.param(lambda data: b"\0" * len(data), id="nothing but zeros"),
        pytest.param(lambda data: b"ibid layout 2\n" + data[14:], id="of a later version"),
    ],
)
def test_a_torn_file_means_that_no_places_are_known(
    store: Store, index: Path, damage: Callable[[bytes], bytes]
) -> None:
    commit(store, SIEGE, layout(1))
    (path,) = files(index)
    path.write_bytes(damage(path.read_bytes()))
    assert not runs_of(store, SIEGE)
    commit(store, SIEGE, layout(3), NEW)
    assert runs_of(store, SIEGE) == layout(3).runs


def test_a_missing_file_means_that_no_places_are_known(store: Store, index: Path) -> None:
    commit(store, SIEGE, layout(1))
    files(index)[0].unlink()
    assert not runs_of(store, SIEGE)


def test_what_a_kill_left_before_the_record_is_gone_at_the_next_start(index: Path) -> None:
    store = open_store(index, EMBEDDER, "test")
    commit(store, SIEGE, layout(1))
    # As far as a commit comes that is killed when the new layout is written, and when half of another is.
    store._note_pending([SIEGE, BREAD])
    Layouts(index / "layouts").write(row_prefix(SIEGE, NEW), layout(3))
    (index / "layouts" / f"{row_prefix(BREAD, NEW).replace(':', '-')}.new").write_bytes(b"ibid lay")
    store.close()
    again = open_store(index, EMBEDDER, "test")
    assert runs_of(again, SIEGE) == layout(1).runs
    assert len(files(index)) == 1
    again.close()
