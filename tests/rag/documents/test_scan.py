"""What of a folder is looked at: documents, what is left out and why, and what is not even counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.documents.left_out import LeftOut, reason_for
from rag.documents.loaders.formats import FORMATS, INSTEAD, is_document
from rag.documents.reading import read_document
from rag.documents.scan import Scan, left_out_of, scan
from rag.errors import FolderError
from tests.rag.documents.making import archive, docx, p, paragraph, pdf

LONG_AGO = 1_600_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    return folder


def write(path: Path, content: str = "Some text.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def names(found: Scan) -> list[str]:
    return [file.document_id.removeprefix("documents/") for file in found.files]


def told(found: Scan) -> list[str]:
    return [str(one) for one in found.left_out]


def test_files_come_in_the_order_of_names_with_sizes_and_times(folder: Path) -> None:
    write(folder / "b.txt", "12345")
    write(folder / "a" / "z.md", "1")
    assert [(f.document_id, f.size, f.modified_ns, f.problem) for f in scan("documents", folder).files] == [
        ("documents/a/z.md", 1, LONG_AGO * 10**9, None),
        ("documents/b.txt", 5, LONG_AGO * 10**9, None),
    ]


# --- what no loader reads


def test_what_no_loader_reads_is_told_with_its_place_and_a_plain_reason(folder: Path) -> None:
    for name in ("notes.txt", "photo.heic", "old.doc", "deep/in/song.MP3", "backup.tar.gz", "LICENSE", "x.qqq"):
        write(folder / name)
    found = scan("documents", folder)
    # What is in an old Word file is told by its bytes: some hold a newer one.
    assert names(found) == ["LICENSE", "notes.txt", "old.doc"]
    assert told(found) == [
        "backup.tar.gz (an archive)",
        "deep/in/song.MP3 (music)",
        "photo.heic (a picture)",
        "x.qqq (an unknown format, .qqq)",
    ]
    assert found.left_out[2].json() == {"document": "documents/photo.heic", "reason": "a picture"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("IMG_0001.JPG", "a picture", id="picture"),
        pytest.param("walk.mov", "a film", id="film"),
        pytest.param("setup.exe", "a program", id="program"),
        pytest.param("tool.jar", "a program", id="archive of a program"),
        pytest.param("rows.parquet", "data", id="data"),
        pytest.param("serif.woff2", "a font", id="font"),
        pytest.param("a.b.", "no ending in its name, and no text to read", id="a dot at the end"),
    ],
)
def test_the_reason_is_the_kind_of_the_file(name: str, reason: str) -> None:
    assert reason_for(name) == reason


@pytest.mark.parametrize("name", ["letter.dotm", "page.mht", "mails.pst", "book.fb2", "paper.oxps"])
def test_what_can_be_saved_in_a_format_that_is_read_says_in_which(name: str) -> None:
    before, _, ending = reason_for(name).partition(".")
    assert before == "save as "
    assert is_document(f"x.{ending}")


def test_no_format_that_is_read_is_called_left_out() -> None:
    read = {ending for one in FORMATS.values() for ending in one.endings} | set(INSTEAD)
    assert [one for one in sorted(read) if reason_for(f"x{one}") != f"an unknown format, {one}"] == []


def test_pipes_and_links_that_lead_to_no_file_are_called_what_they_are(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "circle").symlink_to("circle")
    (folder / "elsewhere").symlink_to(tmp_path)
    (folder / "gone.png").symlink_to("never-was.png")
    write(folder / "photo.png")
    (folder / "same.png").symlink_to("photo.png")
    assert told(scan("documents", folder)) == [
        "circle (a link that leads nowhere)",
        "elsewhere (a link to a folder)",
        "gone.png (a link that leads nowhere)",
        "photo.png (a picture)",
        "pipe (not a regular file)",
        "same.png (a picture)",
    ]


def test_what_is_left_out_of_several_folders_is_one_list_and_a_missing_folder_adds_nothing(
    folder: Path, tmp_path: Path
) -> None:
    write(folder / "photo.png")
    write(tmp_path / "uploads" / "film.mp4")
    roots = {"documents": folder, "uploads": tmp_path / "uploads", "more": tmp_path / "never-was"}
    assert left_out_of(roots) == [LeftOut("documents/photo.png", "a picture"), LeftOut("uploads/film.mp4", "a film")]


# --- what is not counted


def test_hidden_files_and_those_that_programs_keep_for_themselves_are_not_counted(folder: Path) -> None:
    for name in (".hidden.txt", ".git/notes.txt", "~$letter.docx", "Thumbs.db", "desktop.ini", "__MACOSX/a.txt", ".DS_Store"):  # fmt: skip
        write(folder / name)
    assert scan("documents", folder) == Scan([], [])


def test_what_ibidignore_names_is_not_looked_at_as_git_would_not(folder: Path) -> None:
    write(
        folder / ".ibidignore",
        "# not ours\n*.log.txt\n/top.txt\ndrafts/\n!drafts/kept.txt\na/**/z.txt\n*.png\n!our.png\n",
    )
    for name in ("top.txt", "deep/top.txt", "x.log.txt", "drafts/a.txt", "drafts/kept.txt", "deep/drafts/b.txt"):
        write(folder / name)
    for name in ("a/z.txt", "a/b/c/z.txt", "a/y.txt", "drafts.txt", "photo.png", "our.png"):
        write(folder / name)
    found = scan("documents", folder)
    assert names(found) == ["a/y.txt", "deep/top.txt", "drafts.txt"]
    assert told(found) == ["our.png (a picture)"]


@pytest.mark.parametrize("content", ["﻿*.txt\n", "*.txt\r\n", "*.txt", "\n\n  \n*.txt"])
def test_ibidignore_may_come_from_any_editor(folder: Path, content: str) -> None:
    write(folder / ".ibidignore", content)
    write(folder / "a.txt")
    write(folder / "b.md")
    assert names(scan("documents", folder)) == ["b.md"]


def test_a_pattern_that_says_nothing_is_refused_before_what_it_meant_is_read(folder: Path) -> None:
    write(folder / ".ibidignore", "!\n")
    write(folder / "a.txt")
    with pytest.raises(FolderError, match=r"\.ibidignore cannot be read: .*Nothing was changed"):
        scan("documents", folder)


def test_an_ending_that_nobody_knows_does_not_hide_what_says_itself_what_it_is(folder: Path) -> None:
    for name, data in (
        ("offer.final", pdf(paragraph("The offer stands."))),
        ("letter.signed", docx(p("Dear all."))),
        ("note.2024", b"A number is no ending."),
        ("Minutes of 3. May", b"Nor are words."),
        ("map.kmz", archive({"doc.kml": "<kml/>"})),
        ("strings.po", b"Text in a format that nobody told of."),
    ):
        (folder / name).write_bytes(data)
    found = scan("documents", folder)
    assert names(found) == ["Minutes of 3. May", "letter.signed", "note.2024", "offer.final"]
    assert told(found) == ["map.kmz (an unknown format, .kmz)", "strings.po (an unknown format, .po)"]
    for file in found.files:
        assert read_document(file.document_id, file.path.read_bytes()).paragraphs


def test_a_file_without_an_ending_is_a_document_by_its_beginning(folder: Path) -> None:
    for name, data in (
        ("readme", "The pump is oiled, für immer.".encode()),
        ("invoice", b"%PDF-1.4\n%\xe2\xe3\n"),
        ("tool", b"\x7fELF\x02\x01\0\0"),
        ("blank", b""),
        ("noise", bytes(range(256))),
        ("id_rsa", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"),
    ):
        (folder / name).write_bytes(data)
    found = scan("documents", folder)
    assert {one.document_id for one in found.files} >= {"documents/invoice", "documents/readme"}
    assert told(found)[:4] == [
        f"{name} (no ending in its name, and no text to read)" for name in ("blank", "id_rsa", "noise", "tool")
    ]
