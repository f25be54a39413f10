"""Pages that were drawn: kept as they were, within a size, and never a reason to fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.page_image import PageImage
from rag.index.page_images import PageImages
from rag.index.store import remove_index

IMAGE = PageImage(webp=b"RIFF\n\n0000WEBP" + bytes(1_000), width=909, height=1286, pages=12)


def test_a_page_comes_back_as_it_was_and_no_other(tmp_path: Path) -> None:
    images = PageImages(tmp_path / "pages")
    assert images.read("5-abc-pdf1", 3) is None
    images.write("5-abc-pdf1", 3, IMAGE, current={"5-abc-pdf1"})
    assert images.read("5-abc-pdf1", 3) == IMAGE
    assert images.read("5-abc-pdf1", 30) is None
    assert images.read("5-abd-pdf1", 3) is None


@given(st.data())
def test_a_file_that_is_torn_is_no_page(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    images = PageImages(tmp_path_factory.mktemp("pages"))
    images.write("5-abc", 1, IMAGE, current={"5-abc"})
    (path,) = images.folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert images.read("5-abc", 1) is None


def test_pages_of_what_is_not_in_any_more_are_deleted(tmp_path: Path) -> None:
    images = PageImages(tmp_path / "pages")
    for revision in ("5-old", "5-new"):
        images.write(revision, 1, IMAGE, current={revision})
    assert images.read("5-old", 1) is None
    assert images.read("5-new", 1) == IMAGE


def test_those_go_first_that_nobody_looked_at_for_longest(tmp_path: Path) -> None:
    images = PageImages(tmp_path / "pages", most_bytes=3_500)
    for number in (1, 2, 3):
        images.write("5-abc", number, IMAGE, current={"5-abc"})
        # As if the pages were drawn a while ago, in this order.
        (path,) = images.folder.glob(f"*@{number}.page")
        os.utime(path, (number, number))
    assert images.read("5-abc", 1) == IMAGE, "looked at again"
    images.write("5-abc", 4, IMAGE, current={"5-abc"})
    assert [number for number in (1, 2, 3, 4) if images.read("5-abc", number)] == [1, 3, 4]


def test_to_clear_an_index_takes_its_pages_along(tmp_path: Path) -> None:
    images = PageImages(tmp_path / "pages")
    images.write("5-abc", 1, IMAGE, current={"5-abc"})
    remove_index(tmp_path)
    assert not images.folder.exists()


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("a file stands in the way")
    images = PageImages(tmp_path / "pages")
    images.write("5-abc", 1, IMAGE, current={"5-abc"})
    assert images.read("5-abc", 1) is None
