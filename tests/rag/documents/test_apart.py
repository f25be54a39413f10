"""Parsing in a process of its own: what hangs, fills the memory or breaks down fails alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from rag.documents.apart import Parsers
from rag.documents.loaders.docx.loading import load_docx
from rag.documents.loaders.formats import Kind
from rag.documents.loaders.pdf.drawing import draw_page
from rag.documents.loaders.pdf.loading import load_pdf
from rag.documents.reading import load, read_document
from rag.errors import DocumentError
from tests.rag.documents.making import WORD, archive, docx, p, paragraph, pdf, texts

PDF = pdf(paragraph("The pump at the north well was replaced in May."), paragraph("The valve is opened by hand."))
ROOT = Path(__file__).parents[3]


def test_a_file_parsed_apart_is_the_same_as_one_parsed_here() -> None:
    assert load(PDF, name="a.pdf") == load_pdf(PDF)
    data = docx(p("Text."), comments=f'<w:comment w:id="0" w:author="Ann">{p("Mine.")}</w:comment>')
    assert load(data, name="a.docx") == load_docx(data)


def test_the_process_is_kept_for_the_next_file() -> None:
    parsers = Parsers()
    try:
        parsers.load(Kind.PDF, PDF)
        (first,) = parsers._idle
        parsers.load(Kind.PDF, PDF)
        assert parsers._idle == [first]
    finally:
        parsers.close()


def test_many_threads_share_two_processes() -> None:
    parsers, found = Parsers(), []
    threads = [threading.Thread(target=lambda: found.append(parsers.load(Kind.PDF, PDF))) for _ in range(6)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [load_pdf(PDF)] * 6
        assert len(parsers._idle) <= 2
    finally:
        parsers.close()


@pytest.mark.slow
def test_a_file_that_takes_too_long_is_given_up() -> None:
    parsers = Parsers(seconds=0.1)
    try:
        with pytest.raises(DocumentError, match=r"takes longer than \d seconds to read, and was given up"):
            parsers.load(Kind.DOCX, docx(p("x") * 400_000))
        assert not parsers._idle, "its process is gone"
    finally:
        parsers.close()


def test_a_page_is_drawn_apart_as_large_as_it_is_shown() -> None:
    parsers = Parsers()
    try:
        image = parsers.draw(PDF, page=2)
        assert (image.pages, image.width, image.height) == (2, 935, 1210), "Letter at 110 dots an inch"
        assert dots(image.webp) == dots(draw_page(PDF, 2).webp) != dots(draw_page(PDF, 1).webp)
    finally:
        parsers.close()


@pytest.mark.parametrize(
    ("data", "page", "told"),
    [
        (PDF, 3, "ends with page 2, and has no page 3"),
        (PDF, 0, "ends with page 2, and has no page 0"),
        (PDF[:200], 1, "is damaged: no PDF reader can open it"),
        (b"no PDF at all", 1, "is damaged: no PDF reader can open it"),
    ],
)
def test_a_page_that_cannot_be_drawn_is_told_and_the_process_goes_on(data: bytes, page: int, told: str) -> None:
    parsers = Parsers()
    try:
        with pytest.raises(DocumentError, match=told):
            parsers.draw(data, page=page)
        assert parsers.draw(PDF, page=1).pages == 2
    finally:
        parsers.close()


def test_a_page_that_takes_too_long_is_given_up() -> None:
    parsers = Parsers(seconds=0.001)
    try:
        with pytest.raises(DocumentError, match="takes longer than 0 seconds to read, and was given up"):
            parsers.draw(PDF, page=1)
        assert not parsers._idle, "its process is gone"
    finally:
        parsers.close()


def test_a_page_as_wide_as_a_house_is_drawn_small() -> None:
    image = draw_page(pdf(paragraph("A plan."), box="0 0 14400 7200"), 1)
    assert (image.width, image.height) == (4000, 2000)


def dots(webp: bytes) -> bytes:
    return Image.open(BytesIO(webp)).convert("RGB").tobytes()


def zip_bomb() -> bytes:
    """Half a gigabyte of spaces in half a megabyte."""
    written = BytesIO()
    with (
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as zipped,
        zipped.open("word/document.xml", "w", force_zip64=True) as member,
    ):
        for _ in range(512):
            member.write(b" " * 1_000_000)
    return written.getvalue()


def laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(12))
    text = f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>&l11;</w:t></w:r></w:p></w:body></w:document>'
    return archive({"word/document.xml": f"<!DOCTYPE w [{entities}]>{text}"})


@pytest.mark.slow
def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(DocumentError, match="unpacks to 512 MB, more than the 300 MB read"):
        load(zip_bomb(), name="a.docx")


def test_a_billion_laughs_are_not_told() -> None:
    with pytest.raises(DocumentError, match="too deep or too large"):
        read_document("documents/a.docx", laughs())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its memory")
def test_a_file_that_needs_too_much_memory_is_refused_and_the_next_one_is_read() -> None:
    parsers = Parsers(megabytes=400)
    rows = "".join(f"{i},{'x' * 90}\n" for i in range(2_000_000)).encode()
    try:
        with pytest.raises(DocumentError, match=r"needs more memory than a file may have|makes its reader break down"):
            parsers.load(Kind.DELIMITED, rows)
        for kept in parsers._idle:
            kept._process.wait(60)  # It ends by itself: nothing says what else failed in it.
        assert texts(parsers.load(Kind.PDF, PDF)) == texts(load_pdf(PDF))
    finally:
        parsers.close()


def test_a_process_that_ended_in_between_is_replaced() -> None:
    parsers = Parsers()
    try:
        parsers.load(Kind.PDF, PDF)
        parsers._idle[0]._process.kill()
        assert texts(parsers.load(Kind.PDF, PDF)) == texts(load_pdf(PDF))
    finally:
        parsers.close()


def test_a_process_nobody_asks_ends_and_one_that_is_at_work_does_not() -> None:
    program = (
        "import sys, time\nfrom rag.documents import parsing\nparsing._IDLE, parsing._LOOKS = 0.5, 0.01\n"
        "sys.argv = ['', '', '2000000000']\n"
        "def answer(wanted, data):\n    time.sleep(2)\n    return {'told': True}\n"
        "parsing._answer = answer\nparsing.serve()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write((2).to_bytes(8, "big") + b"{}" + (0).to_bytes(8, "big"))
        process.stdin.flush()
        assert process.wait(60) == 0
        assert process.stdout.read().endswith(b'{"told": true}')


def test_a_process_that_does_not_start_is_not_blamed_on_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DocumentError, match="the process that parses files did not start"):
        Parsers().load(Kind.PDF, PDF)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_ctrl_c_in_the_terminal_is_not_for_the_process(capfd: pytest.CaptureFixture[str]) -> None:
    parsers = Parsers()
    try:
        parsers.load(Kind.PDF, PDF)
        (kept,) = parsers._idle
        os.kill(kept._process.pid, signal.SIGINT)
        assert texts(parsers.load(Kind.PDF, PDF)) == texts(load_pdf(PDF))
        assert parsers._idle == [kept] and capfd.readouterr().err == ""
    finally:
        parsers.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows a process's environment")
def test_the_process_knows_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    parsers = Parsers()
    try:
        parsers.load(Kind.PDF, PDF)
        told = Path(f"/proc/{parsers._idle[0]._process.pid}/environ").read_bytes()
        assert b"PATH=" in told and b"sk-secret" not in told
    finally:
        parsers.close()


def test_it_works_from_any_folder_and_imports_nothing_from_there(tmp_path: Path) -> None:
    (tmp_path / "rag.py").write_text("raise SystemExit('imported from the folder it was started in')")
    (tmp_path / "a.pdf").write_bytes(PDF)
    program = (
        f"import sys; sys.path[:] = [path for path in sys.path if path] + [{str(ROOT)!r}]\n"
        "from pathlib import Path\nfrom rag.documents.reading import load\n"
        "print(len(load(Path('a.pdf').read_bytes(), name='a.pdf').blocks))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("2\n", "")


def test_the_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(PDF)
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom rag.documents import apart\nfrom rag.documents.reading import load\n"
        "load(Path(sys.argv[1]).read_bytes(), name='a.pdf')\n"
        "print(apart.PARSERS._idle[0]._process.pid, flush=True)\nos._exit(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.pdf")], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    child = int(done.stdout)
    for _ in range(100):
        if not is_alive(child):
            return
        threading.Event().wait(0.05)
    pytest.fail("it is still there")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Nobody may have waited for it yet.
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
