"""Files that people bring along: whatever they are called, they lie in one folder, and nothing else is deleted."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from rag.documents.reading import read_document
from rag.documents.scan import scan
from rag.errors import DocumentError, IbidError, StorageError
from rag.plugged import Plugged
from tests.rag.documents.making import docx, p, paragraph, pdf
from ui.web.uploads import delete_upload, keep_upload, take_waiting


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    return tmp_path / "home" / "uploads"


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    path = tmp_path / "brought"
    path.write_bytes(b"Some text.\n")
    return path


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- keeping


def test_a_file_is_kept_byte_for_byte_under_its_name(tmp_path: Path, uploads: Path) -> None:
    source = tmp_path / "leave.md"
    source.write_bytes(b"# Leave\r\n\r\n\xff\xfe 30 days\n")
    assert keep_upload(source, "leave.md", uploads, 1) == "uploads/leave.md"
    assert everything(uploads) == {"leave.md": source.read_bytes()}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        pytest.param("../../leave.md", "-..-leave.md", id="upwards"),
        pytest.param("/etc/leave.md", "-etc-leave.md", id="absolute"),
        pytest.param("..\\..\\leave.md", "-..-leave.md", id="upwards-on-windows"),
        pytest.param("C:\\leave.md", "C-leave.md", id="drive"),
        pytest.param("a/b/leave.md", "a-b-leave.md", id="folders"),
        pytest.param("leave\0.md", "leave-.md", id="nul"),
        pytest.param("lea\nve\x1b[31m.md", "lea-ve-[31m.md", id="control"),
        pytest.param('le"a*v?e<>|:.md', "le-a-v-e-.md", id="reserved"),
        pytest.param("gnp\u202etxt.md", "gnp-txt.md", id="reordering"),
        pytest.param("a\ud800b.md", "a-b.md", id="half-a-letter"),
        pytest.param("...leave.md", "leave.md", id="dots-before"),
        pytest.param(" leave.md. . ", "leave.md", id="dots-behind"),
        pytest.param("Größe – 尺寸 🙂.md", "Größe – 尺寸 🙂.md", id="unicode"),
        pytest.param("LEAVE.MD", "LEAVE.MD", id="capitals"),
        pytest.param("", "upload.txt", id="empty"),
        pytest.param(" .. . ", "upload.txt", id="dots-alone"),
        pytest.param(".", "upload.txt", id="here"),
        pytest.param("..", "upload.txt", id="above"),
    ],
)
def test_no_name_leads_out_of_the_folder(brought: Path, uploads: Path, name: str, kept: str) -> None:
    assert keep_upload(brought, name, uploads, 1) == f"uploads/{kept}"
    assert everything(uploads.parent) == {f"uploads/{kept}": b"Some text.\n"}


@pytest.mark.slow
@given(st.text())
@example("../.md")
@example("/.txt")
@example("..md")
@example("x" * 300 + ".txt")
@example("尺" * 100 + ".txt")
def test_whatever_a_file_is_called_it_lies_in_the_folder_or_is_refused_in_words(name: str) -> None:
    with tempfile.TemporaryDirectory() as base:
        home, source = Path(base) / "home", Path(base) / "brought"
        source.write_bytes(b"Some text.\n")
        for ending in ("", ".md", ".exe"):
            try:
                document_id = keep_upload(source, name + ending, home / "uploads", 1)
            except IbidError as error:
                assert str(error)
                continue
            root, _, kept = document_id.partition("/")
            assert root == "uploads"
            assert "/" not in kept
            assert not regex.search(r"[\p{C}\\:*?\"<>|]", kept)
            assert (home / "uploads" / kept).read_bytes() == b"Some text.\n"
        assert {path.parent for path in home.rglob("*") if path.is_file()} <= {home / "uploads"}
        assert sorted(path.name for path in Path(base).iterdir() if path.name != "home") == ["brought"]


@pytest.mark.parametrize("name", ["x" * 400 + ".md", "尺" * 120 + ".md", "x" * 251 + ".md", "x" * 252 + ".md"])
def test_a_very_long_name_is_cut_or_refused_as_the_files_own_fault(brought: Path, uploads: Path, name: str) -> None:
    """Neither a full disk nor another home has to do with it."""
    kept = {}
    for data in (b"Some text.\n", b"Another text.\n"):
        brought.write_bytes(data)
        try:
            kept[keep_upload(brought, name, uploads, 1)] = data
        except DocumentError as error:
            assert "name" in str(error)
    assert all(document_id.endswith(".md") for document_id in kept)
    assert {f"uploads/{path}": data for path, data in everything(uploads).items()} == kept


def test_a_second_file_of_a_name_gets_a_name_of_its_own(tmp_path: Path, uploads: Path) -> None:
    kept = {}
    for number in range(4):
        source = tmp_path / f"source-{number}"
        source.write_text(f"This is number {number}.\n")
        kept[keep_upload(source, "leave.v2.md", uploads, 1)] = source.read_bytes()
    assert list(kept) == [
        "uploads/leave.v2.md",
        "uploads/leave.v2 (2).md",
        "uploads/leave.v2 (3).md",
        "uploads/leave.v2 (4).md",
    ]
    assert {f"uploads/{name}": data for name, data in everything(uploads).items()} == kept


def test_the_same_file_again_is_there_already(brought: Path, uploads: Path) -> None:
    keep_upload(brought, "leave.md", uploads, 1)
    with pytest.raises(DocumentError, match=r"it is there already$"):
        keep_upload(brought, "leave.md", uploads, 1)
    brought.write_bytes(b"Same size.\n")
    assert keep_upload(brought, "leave.md", uploads, 1) == "uploads/leave (2).md"
    with pytest.raises(DocumentError, match=r"it is there already, as leave \(2\)\.md"):
        keep_upload(brought, "leave.md", uploads, 1)
    assert everything(uploads) == {"leave.md": b"Some text.\n", "leave (2).md": b"Same size.\n"}


def test_files_of_one_name_that_come_at_once_are_all_kept(tmp_path: Path, uploads: Path) -> None:
    uploads.mkdir(parents=True)
    at_once = threading.Barrier(16)
    kept: list[str] = []

    def bring(number: int) -> None:
        source = tmp_path / f"source-{number}"
        source.write_text(f"This is number {number}.\n")
        at_once.wait(30)
        kept.append(keep_upload(source, "leave.md", uploads, 1))

    for begin in range(0, 80, 16):
        threads = [threading.Thread(target=bring, args=(begin + number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(kept) == len(set(kept)) == 80
    texts = sorted(data.decode() for data in everything(uploads).values())
    assert texts == sorted(f"This is number {number}.\n" for number in range(80))


def test_a_kind_that_a_reader_of_others_reads_is_kept(brought: Path, uploads: Path) -> None:
    plugged = Plugged(readers={".hwp": "llama_index.readers.file:HWPReader"})
    assert keep_upload(brought, "Report.HWP", uploads, 1, plugged=plugged) == "uploads/Report.HWP"
    with pytest.raises(DocumentError, match="this kind of file is not read"):
        keep_upload(brought, "Report.hwx", uploads, 1, plugged=plugged)


@pytest.mark.parametrize(
    ("name", "data", "kept"),
    [
        ("report", pdf(paragraph("The valve is open.")), "report"),
        ("notes", b"The valve is open.\n", "notes"),
        (".md", b"The valve is open.\n", "md"),
        ("letter.doc", docx(p("The valve is open.")), "letter.doc"),
        ("x.txt", pdf(paragraph("The valve is open.")), "x.txt"),
        ("offer.final", pdf(paragraph("The valve is open.")), "offer.final"),
    ],
)
def test_what_is_read_by_what_it_holds_is_kept_whatever_it_is_called(
    tmp_path: Path, uploads: Path, name: str, data: bytes, kept: str
) -> None:
    source = tmp_path / "brought"
    source.write_bytes(data)
    assert keep_upload(source, name, uploads, 1) == f"uploads/{kept}"
    assert everything(uploads) == {kept: data}, "every byte, those that it was told by too"
    (file,) = scan("uploads", uploads).files
    assert "The valve is open." in read_document(file.document_id, data).document.text


def test_a_program_without_an_ending_is_not_kept(tmp_path: Path, uploads: Path) -> None:
    source = tmp_path / "brought"
    source.write_bytes(b"\x7fELF\x02\x01\0\0")
    with pytest.raises(DocumentError, match="this kind of file is not read"):
        keep_upload(source, "tool", uploads, 1)
    assert everything(uploads.parent) == {}


@pytest.mark.parametrize("name", ["photo.png", "table.bin", "leave.md.exe", "leave.xyz"])
def test_a_kind_that_is_not_read_is_refused_and_not_kept(brought: Path, uploads: Path, name: str) -> None:
    with pytest.raises(DocumentError, match=r"this kind of file is not read\. Ibid reads text, Markdown, PDF"):
        keep_upload(brought, name, uploads, 1)
    assert everything(uploads.parent) == {}


@pytest.mark.parametrize(
    ("size", "limit", "fits"),
    [(0, 1, True), (1_000_000, 1, True), (1_000_001, 1, False), (1_000, 0.001, True), (1_001, 0.001, False)],
)
def test_a_file_over_the_limit_is_refused_and_not_kept(
    tmp_path: Path, uploads: Path, size: int, limit: float, fits: bool
) -> None:
    source = tmp_path / "large"
    source.write_bytes(b"x" * size)
    if fits:
        assert keep_upload(source, "large.txt", uploads, limit) == "uploads/large.txt"
        return
    with pytest.raises(DocumentError, match=rf"limit of {limit:g} MB \(IBID_MAX_FILE_MB\)"):
        keep_upload(source, "large.txt", uploads, limit)
    assert everything(uploads.parent) == {}


def test_a_home_that_cannot_be_written_is_one_clear_error(brought: Path) -> None:
    with pytest.raises(StorageError, match=r"Cannot keep leave\.md in /dev/null/uploads: .* IBID_HOME") as told:
        keep_upload(brought, "leave.md", Path("/dev/null/uploads"), 1)
    assert "\n" not in str(told.value)


def test_a_file_that_has_gone_is_told_of_and_nothing_is_kept(brought: Path, uploads: Path) -> None:  # case 26
    brought.unlink()
    with pytest.raises(DocumentError, match="has gone by now"):
        keep_upload(brought, "leave.md", uploads, 1)
    brought.mkdir()
    with pytest.raises(DocumentError, match="has gone by now"):
        keep_upload(brought, "leave.md", uploads, 1)
    assert everything(uploads.parent) == {}


def test_an_upload_that_is_deleted_twice_at_once_is_deleted(brought: Path, uploads: Path) -> None:  # case 26
    for _ in range(20):
        document_id = keep_upload(brought, "leave.md", uploads, 1)
        at_once, told = threading.Barrier(4), []

        def delete(
            document_id: str = document_id, at_once: threading.Barrier = at_once, told: list[str] = told
        ) -> None:
            at_once.wait(30)
            try:
                delete_upload(document_id, uploads)
            except DocumentError as error:
                told.append(str(error))

        threads = [threading.Thread(target=delete) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(told) < 4
        assert all("is not an uploaded file" in one for one in told)
        assert everything(uploads) == {}


def test_a_file_that_two_bring_at_once_is_kept_once(tmp_path: Path, uploads: Path) -> None:  # case 26
    temporary = tmp_path / "home" / "tmp"
    (temporary / "a").mkdir(parents=True)
    for number in range(50):
        waiting = temporary / "a" / f"leave-{number}.md"
        waiting.write_bytes(b"Some text.\n")
        at_once, told = threading.Barrier(4), []

        def take(waiting: Path = waiting, at_once: threading.Barrier = at_once, told: list[str] = told) -> None:
            at_once.wait(30)
            try:
                told.append(take_waiting(waiting, temporary=temporary, uploads=uploads, max_file_mb=1))
            except DocumentError as error:
                told.append(str(error))

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert f"uploads/{waiting.name}" in told
        assert sum("has gone by now" in one for one in told) == 3
    assert len(everything(uploads)) == 50
    assert everything(temporary) == {}


def test_what_waits_nowhere_is_not_taken(tmp_path: Path, brought: Path, uploads: Path) -> None:
    temporary = tmp_path / "home" / "tmp"
    temporary.mkdir(parents=True)
    (temporary / "link.md").symlink_to(brought)
    for path in (brought, temporary / "link.md", temporary, temporary / ".." / "tmp" / "no.md", Path("\0")):
        with pytest.raises(DocumentError, match="has gone by now"):
            take_waiting(path, temporary=temporary, uploads=uploads, max_file_mb=1)
    assert brought.exists()
    assert everything(uploads.parent) == {"tmp/link.md": brought.read_bytes()}


# --- deleting


def test_an_upload_can_be_deleted_and_its_name_is_free_again(brought: Path, uploads: Path) -> None:
    first = keep_upload(brought, "leave.md", uploads, 1)
    brought.write_bytes(b"Another text.\n")
    second = keep_upload(brought, "leave.md", uploads, 1)
    delete_upload(first, uploads)
    assert everything(uploads) == {"leave (2).md": b"Another text.\n"}
    brought.write_bytes(b"Some text.\n")
    assert keep_upload(brought, "leave.md", uploads, 1) == first
    delete_upload(second, uploads)
    assert list(everything(uploads)) == ["leave.md"]


@pytest.mark.parametrize(
    "document_id",
    [
        "documents/leave.md", "documents/../uploads/mine.md", "leave.md", "mine.md", "uploads", "uploads/", "uploads/.",
        "uploads/..", "uploads/../uploads", "uploads/../leave.md", "uploads/../../documents/leave.md",
        "uploads/../uploads/mine.md", "uploads/sub/../mine.md", "uploads/sub", "uploads/nothing.md", "uploads/\0",
        "uploads/mine.md\0", "uploads/mine.md/", "uploads/mine.md/..", "uploads\\mine.md", "UPLOADS/mine.md", "/", "",
        "../uploads/mine.md", "uploads/" + "x" * 5_000,
    ],
)  # fmt: skip
def test_nothing_but_an_upload_is_ever_deleted(tmp_path: Path, document_id: str) -> None:
    for name in ("documents/leave.md", "home/leave.md", "home/documents/leave.md", "home/uploads/mine.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("Mine.")
    (tmp_path / "home/uploads/sub").mkdir()
    before = everything(tmp_path)
    if document_id.rstrip("/") == "uploads/mine.md":
        # The very file, with nothing but a slash behind it.
        delete_upload(document_id, tmp_path / "home/uploads")
        assert everything(tmp_path) == {name: data for name, data in before.items() if name != "home/uploads/mine.md"}
        return
    with pytest.raises(DocumentError, match="Ibid deletes nothing else"):
        delete_upload(document_id, tmp_path / "home/uploads")
    assert everything(tmp_path) == before


def test_an_absolute_path_deletes_nothing_outside(tmp_path: Path, uploads: Path) -> None:
    uploads.mkdir(parents=True)
    outside = tmp_path / "outside.md"
    outside.write_text("Not an upload.")
    for document_id in (f"uploads/{outside}", str(outside), f"uploads//{outside}"):
        with pytest.raises(DocumentError):
            delete_upload(document_id, uploads)
    assert outside.read_text() == "Not an upload."


def test_deleting_a_link_leaves_what_it_points_to(tmp_path: Path, uploads: Path) -> None:
    uploads.mkdir(parents=True)
    outside = tmp_path / "outside.md"
    outside.write_text("Not an upload.")
    (uploads / "link.md").symlink_to(outside)
    delete_upload("uploads/link.md", uploads)
    assert outside.read_text() == "Not an upload."


@pytest.mark.slow
@given(st.text(st.sampled_from("./\\ u\0~a*:")).map(lambda tail: f"uploads/{tail}"))
def test_no_way_of_writing_a_path_deletes_what_lies_elsewhere(document_id: str) -> None:
    with tempfile.TemporaryDirectory() as base:
        for name in ("a", "u", "home/a", "home/u", "home/uploads/sub/a"):
            (Path(base) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(base) / name).write_text("Mine.")
        before = everything(Path(base))
        with pytest.raises(DocumentError):
            delete_upload(document_id, Path(base) / "home" / "uploads")
        assert everything(Path(base)) == before
