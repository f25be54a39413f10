"""Pages that were drawn: kept as they were, within a size, and never a reason to fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.page_image import PageImage
from rag.index.page_images import PageImages
from rag.index.store import open_store, remove_index
from tests.rag.index.test_store import EMBEDDER, NEW, OLD, change_of

IMAGE = PageImage(webp=b"RIFF\n\n0000WEBP" + bytes(1_000), width=909, height=1286, pages=12)


def test_a_page_comes_back_as_it_was_and_no_other(tmp_path: Path) -> None:
    images = PageImages(tmp_path / "pages")
    assert images.read("5-abc-pdf1", 3) is None
    images.write("5-abc-pdf1", 3, IMAGE)
    assert images.read("5-abc-pdf1", 3) == IMAGE
    assert images.read("5-abc-pdf1", 30) is None
    assert images.read("5-abd-pdf1", 3) is None


@given(st.data())
def test_a_file_that_is_torn_is_no_page(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    images = PageImages(tmp_path_factory.mktemp("pages"))
    images.write("5-abc", 1, IMAGE)
    (path,) = images.folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert images.read("5-abc", 1) is None


def test_pages_of_what_is_not_in_any_more_are_deleted(tmp_path: Path) -> None:
    images = PageImages(tmp_path / "pages")
    images.keep_only(["5-new"])
    for revision in ("5-old", "5-new"):
        images.write(revision, 1, IMAGE)
    images.keep_only(["5-new"])
    assert images.read("5-old", 1) is None
    assert images.read("5-new", 1) == IMAGE


def test_the_pages_of_a_document_leave_with_it_and_no_other_ones(tmp_path: Path) -> None:
    store = open_store(tmp_path, EMBEDDER, "test")
    store.commit([change_of(["The siege."], "documents/siege.pdf", OLD), change_of(["Bread."], "documents/a.pdf", NEW)])
    for revision in (OLD, NEW):
        store.page_images.write(revision, 1, IMAGE)
    store.delete_superseded()
    assert store.page_images.read(OLD, 1) == store.page_images.read(NEW, 1) == IMAGE
    store.remove(["documents/siege.pdf"])
    store.delete_superseded()
    assert (store.page_images.read(OLD, 1), store.page_images.read(NEW, 1)) == (None, IMAGE)
    store.close()


def test_those_go_first_that_nobody_looked_at_for_longest(tmp_path: Path) -> None:
    images = PageImages(tmp_path / "pages", most_bytes=3_500)
    for number in (1, 2, 3):
        images.write("5-abc", number, IMAGE)
        # As if the pages were drawn a while ago, in this order.
        (path,) = images.folder.glob(f"*@{number}.page")
        os.utime(path, (number, number))
    assert images.read("5-abc", 1) == IMAGE, "looked at again"
    images.write("5-abc", 4, IMAGE)
    assert [number for number in (1, 2, 3, 4) if images.read("5-abc", number)] == [1, 3, 4]


def test_to_clear_an_index_takes_its_pages_along(tmp_path: Path) -> None:
    images = PageImages(tmp_path / "pages")
    images.write("5-abc", 1, IMAGE)
    remove_index(tmp_path)
    assert not images.folder.exists()


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("a file stands in the way")
    images = PageImages(tmp_path / "pages")
    images.write("5-abc", 1, IMAGE)
    assert images.read("5-abc", 1) is None
