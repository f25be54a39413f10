"""Pages and files of documents over the wire: those of documents that are in, as they were read, and nothing else."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterator
from io import BytesIO
from urllib.parse import quote

import pypdfium2
import pytest
from attacking import Attacked, attacked, until_read
from PIL import Image, ImageChops, ImageStat

from tests.conftest import Reply
from tests.rag.documents.making import paragraph, pdf

WELLS = pdf(
    paragraph("The pump at the north well was replaced in May."),
    paragraph("The valve is opened by hand when the tank is empty.", y=300, size=30, width=20),
)
PASSWORD = {"Authorization": "Basic " + base64.b64encode(b"anna:s3cret-of-anna").decode()}
ODD = "a b#1%2F ü.pdf"
TAKEN_APART = "Bru\u0308cke.pdf"
FILES = {
    TAKEN_APART: pdf(paragraph("The bridge over the river is closed in winter.")),
    "wells.pdf": WELLS,
    ODD: pdf(paragraph("The guard of the wells is Ingrid Solberg.")),
    "page.html": b"<title>Wells</title><p>The wells are nine.</p><script>alert(1)</script>",
    "plan": pdf(paragraph("The plan of the wells is kept in the mill.")),
    "scan.txt": pdf(paragraph("The scan of the wells is kept in the mill.")),
    "changing.pdf": pdf(paragraph("The key hangs behind the door.")),
}


@pytest.fixture(scope="module", params=["open", "password"])
def chat(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    base = tmp_path_factory.mktemp("originals")
    (base / "documents").mkdir()
    (base / "secret.pdf").write_bytes(WELLS)
    for name, data in FILES.items():
        (base / "documents" / name).write_bytes(data)
    (base / "documents" / "left-out.bin").write_bytes(b"nothing that is read")
    more = {"IBID_AUTH": "anna:s3cret-of-anna"} if request.param == "password" else {}
    with attacked(base, **more) as chat:
        chat.headers = PASSWORD if more else {}
        until_read(chat)
        yield chat


def revision(chat: Attacked, name: str) -> str:
    listed = chat.post("/api/status", {}).json["documents"]
    return next(str(one["revision"]) for one in listed if one["document"] == f"documents/{name}")


def page(chat: Attacked, name: str, number: int | str, of: str | None = None) -> Reply:
    asked = of or revision(chat, name)
    return chat.get(f"/pages/{chat.key}/documents/{quote(name)}/{number}.webp?revision={asked}")


def original(chat: Attacked, name: str, of: str | None = None) -> Reply:
    return chat.get(f"/original/{chat.key}/documents/{quote(name)}?revision={of or revision(chat, name)}")


def refused(reply: Reply, told: str) -> None:
    assert reply.status == 404
    assert reply.body.decode().count("\n") == 1
    assert told in reply.body.decode()
    assert reply.headers["cache-control"] == "no-store"


def difference(webp: bytes, number: int) -> float:
    """Of a picture from a page as PDFium draws it, on average over its dots, of 255."""
    shown = Image.open(BytesIO(webp)).convert("L")
    document = pypdfium2.PdfDocument(WELLS)
    drawn = document[number - 1].render(scale=110 / 72).to_pil().convert("L")
    document.close()
    assert shown.size == drawn.size
    return float(ImageStat.Stat(ImageChops.difference(shown, drawn)).mean[0])


@pytest.mark.slow
def test_a_page_is_the_one_that_was_asked_for(chat: Attacked) -> None:
    for number in (1, 2):
        for _ in ("drawn", "kept"):
            reply = page(chat, "wells.pdf", number)
            assert (reply.status, reply.headers["content-type"]) == (200, "image/webp")
            assert difference(reply.body, number) < 1 < difference(reply.body, 3 - number)
    assert reply.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_a_file_is_given_out_byte_for_byte_to_be_kept_and_not_to_be_shown(chat: Attacked) -> None:
    for name in ("wells.pdf", "page.html", ODD):
        reply = original(chat, name)
        assert (reply.status, reply.body) == (200, FILES[name])
        assert reply.headers["content-disposition"] == f"attachment; filename*=utf-8''{quote(name, safe='')}"
        assert reply.headers["content-type"] == "application/octet-stream"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", [ODD, "plan", "scan.txt"])
def test_a_pdf_has_its_pages_whatever_it_is_called(chat: Attacked, name: str) -> None:
    assert page(chat, name, 1).status == 200


def test_a_file_whose_name_is_composed_otherwise_than_its_id_is_found(chat: Attacked) -> None:
    name = unicodedata.normalize("NFC", TAKEN_APART)
    assert name != TAKEN_APART
    assert page(chat, name, 1).status == 200
    assert original(chat, name).body == FILES[TAKEN_APART]


@pytest.mark.parametrize(
    ("name", "number", "told"),
    [
        ("wells.pdf", 3, "wells.pdf ends with page 2, and has no page 3."),
        ("wells.pdf", 0, "has no page 0."),
        ("wells.pdf", 10**30, "has no page 1000000000000000000000000000000."),
        ("page.html", 1, "page.html has no pages to be shown: only a PDF has."),
    ],
)
def test_what_is_no_page_is_told_in_one_line(chat: Attacked, name: str, number: int, told: str) -> None:
    refused(page(chat, name, number), told)


def test_another_revision_is_not_given_out(chat: Attacked) -> None:
    for of in (revision(chat, ODD), "x", ""):
        path = f"{chat.key}/documents/wells.pdf"
        refused(chat.get(f"/pages/{path}/1.webp?revision={of}"), "wells.pdf has changed: open it again.")
        refused(chat.get(f"/original/{path}?revision={of}"), "wells.pdf has changed: open it again.")


@pytest.mark.parametrize(
    "path",
    [
        "documents/nobody.pdf",
        "documents/left-out.bin",
        "documents/../secret.pdf",
        "documents/%2e%2e/secret.pdf",
        "documents/..%2Fsecret.pdf",
        "documents/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
        "..%5c..%5csecret.pdf",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "documents//wells.pdf",
        "documents/./wells.pdf",
        "DOCUMENTS/wells.pdf",
        "wells.pdf",
        "documents/wells.pdf%00",
        "uploads/wells.pdf",
    ],
)
def test_nothing_but_a_document_that_is_in_can_be_asked_for(chat: Attacked, path: str) -> None:
    of = revision(chat, "wells.pdf")
    for address in (f"/pages/{chat.key}/{path}/1.webp", f"/original/{chat.key}/{path}"):
        reply = chat.get(f"{address}?revision={of}")
        assert reply.status == 404, reply.body
        assert b"%PDF" not in reply.body
        assert b"root:" not in reply.body
    assert "Traceback" not in chat.said


@pytest.mark.parametrize("key", ["000000000000", "..", "%2e%2e", "x/y"])
def test_a_folder_that_nobody_opened_gives_out_nothing(chat: Attacked, key: str) -> None:
    of = revision(chat, "wells.pdf")
    assert chat.get(f"/pages/{key}/documents/wells.pdf/1.webp?revision={of}").status == 404
    assert chat.get(f"/original/{key}/documents/wells.pdf?revision={of}").status == 404


def test_without_the_password_or_from_a_foreign_page_nothing_is_given_out(chat: Attacked) -> None:
    of, headers = revision(chat, "wells.pdf"), chat.headers
    path = f"{chat.key}/documents/wells.pdf"
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    for address in (f"/pages/{path}/1.webp?revision={of}", f"/original/{path}?revision={of}"):
        assert chat.get(address).status == 200
        assert chat.get(address, foreign).status == 403
        chat.headers = {}
        try:
            assert chat.get(address).status == (401 if headers else 200)
        finally:
            chat.headers = headers


def test_a_file_that_has_changed_since_is_not_given_out(chat: Attacked) -> None:
    path, of = chat.home.parent / "documents" / "changing.pdf", revision(chat, "changing.pdf")
    whole = path.read_bytes()
    try:
        for changed in (whole.replace(b"door", b"wall"), whole + b"\n"):
            path.write_bytes(changed)
            told = "changing.pdf has changed since it was read: let Ibid look for changes."
            refused(page(chat, "changing.pdf", 1, of), told)
            refused(original(chat, "changing.pdf", of), told)
        path.unlink()
        refused(original(chat, "changing.pdf", of), "changing.pdf is not in its folder any more.")
        path.mkdir()
        refused(original(chat, "changing.pdf", of), "changing.pdf has changed since it was read")
        path.rmdir()
        path.symlink_to("/dev/zero")
        refused(original(chat, "changing.pdf", of), "changing.pdf has changed since it was read")
        path.unlink()
    finally:
        path.write_bytes(whole)
    assert page(chat, "changing.pdf", 1, of).status == 200
    assert original(chat, "changing.pdf", of).body == whole
