"""What a file is, by its bytes; and what is said of one that is no format that is read."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.loaders.formats import FORMATS, READS, Kind, is_document, kind_named
from rag.documents.loaders.kinds import kind_of
from rag.documents.loaders.table import LOADERS
from rag.errors import DocumentError
from tests.rag.documents.making import archive, docx, p, paragraph, pdf

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def ole(stream: str) -> bytes:
    return OLE + stream.encode("utf-16-le") + bytes(100)


def mail() -> bytes:
    message = EmailMessage()
    message["Subject"] = "Wells"
    message.set_content("Text.")
    return message.as_bytes()


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        pytest.param(pdf(paragraph("Text.")), "a.txt", Kind.PDF, id="a PDF whatever it is called"),
        pytest.param(b"\n\n" + pdf(paragraph("Text.")), "a.pdf", Kind.PDF, id="a PDF behind some bytes"),
        pytest.param(docx(p("Text.")), "a.doc", Kind.DOCX, id="a DOCX called .doc"),
        pytest.param(archive({"ppt/presentation.xml": "<a/>"}), "a.pptx", Kind.PPTX, id="PPTX"),
        pytest.param(archive({"xl/workbook.xml": "<a/>"}), "a.xlsx", Kind.SHEETS, id="XLSX"),
        pytest.param(archive({"mimetype": "application/epub+zip"}, compress=False), "a.epub", Kind.EPUB, id="EPUB"),
        pytest.param(archive({"mimetype": "application/vnd.oasis.opendocument.text"}), "a.odt", Kind.ODT, id="ODT"),
        pytest.param(archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "a.ods", Kind.SHEETS, id="ODS"),
        pytest.param(ole("Workbook"), "a.xls", Kind.SHEETS, id="XLS"),
        pytest.param(rb"{\rtf1 Text.}", "a.doc", Kind.RTF, id="RTF called .doc"),
        pytest.param(b"<!DOCTYPE html><p>Text.", "a.txt", Kind.HTML, id="a page called .txt"),
        pytest.param("\ufeff<html><p>Text.".encode("utf-16-le"), "a.html", Kind.HTML, id="a page in UTF-16"),
        pytest.param(b"<html><table><tr><td>1", "a.xls", Kind.HTML, id="a page called .xls, as web programs export"),
        pytest.param(b"Just text.", "a.html", Kind.PLAIN, id="text called .html"),
        pytest.param(b"x < 3 and y > 4", "a.txt", Kind.PLAIN, id="text with angles"),
        pytest.param(mail(), "a.eml", Kind.MAIL, id="a message"),
        pytest.param(b"From ann@x.org Mon Jan  1 00:00:00 2024\n" + mail(), "a.mbox", Kind.MAILBOX, id="a mailbox"),
        pytest.param(b"a,b\n1,2\n", "a.csv", Kind.DELIMITED, id="CSV"),
        pytest.param(b'{"a": 1}', "a.json", Kind.JSON, id="JSON"),
        pytest.param(b"The pump is oiled.", "readme", Kind.PLAIN, id="text without an ending"),
        pytest.param(b"all:\n\techo", "Makefile", Kind.CODE, id="what builds a program"),
        pytest.param(b"def f(): ...", "a.py", Kind.CODE, id="source code"),
        pytest.param(b"# Wells", "a.md", Kind.MARKDOWN, id="Markdown"),
    ],
)  # fmt: skip
def test_the_bytes_decide_and_the_name_only_between_kinds_of_text(data: bytes, name: str, kind: Kind) -> None:
    assert kind_of(data, name) is kind


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        pytest.param(b"", "a.pdf", "the file is empty", id="empty"),
        pytest.param(bytes(50), "a.docx", "the file is empty", id="only NULs"),
        pytest.param(ole("WordDocument"), "a.doc", "is an old Word document: save it as .docx", id="an old document"),
        pytest.param(ole("__substg1.0_001"), "a.msg", "is an Outlook message: save it as .eml", id="a message"),
        pytest.param(ole("PowerPoint Document"), "a.ppt", "is an old presentation: save it as .pptx or PDF", id="slides"),
        pytest.param(ole("EncryptedPackage"), "a.docx", "needs a password: save a copy without one", id="locked"),
        pytest.param(ole("Else"), "a.xyz", "is of an old Office program", id="another old program"),
        pytest.param(archive({"photo.jpg": "x"}), "a.zip", "is a ZIP archive: unpack it", id="an archive"),
        pytest.param(archive({"Index/Document.iwa": "x"}), "a.pages", "Pages, Numbers or Keynote: export it", id="Pages"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0", "a.png", "is a picture: run text recognition", id="a picture"),
        pytest.param(b"\x1f\x8b\x08\0\0\0", "a.gz", "is a compressed archive: unpack it", id="another archive"),
        pytest.param(b"MZ\x90\0\0", "a.docx", "is a program", id="a program"),
        pytest.param(b"plain words", "a.pdf", r"is named \.pdf but is something else: text\. Name it \.txt", id="text as PDF"),
        pytest.param(b"<html><p>Log in", "a.pdf", r"is named \.pdf but .* a web page, maybe an error", id="a page as PDF"),
        pytest.param(b"\0\x01\x02\x03", "a.epub", r"is named \.epub but .* begins like no document", id="anything as EPUB"),
        pytest.param(b"x" * 100, "a.mobi", r"\.mobi is not read: convert it to EPUB\. Ibid reads", id="another format"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused_with_the_next_step(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        kind_of(data, name)


def test_every_format_has_a_loader_and_is_named_in_the_one_sentence() -> None:
    assert set(LOADERS) == set(FORMATS) == set(Kind)
    assert READS.startswith("Ibid reads text, Markdown, PDF, Word,") and READS.endswith("source code and logs")
    assert all(one.words in READS for one in FORMATS.values())


def test_each_ending_stands_for_one_format() -> None:
    endings = [ending for one in FORMATS.values() for ending in one.endings]
    assert len(endings) == len(set(endings))
    assert kind_named("A/B.PDF") is Kind.PDF and kind_named("pdf") is None
    assert is_document("old.doc") and is_document("x.eml") and not is_document("x.png")


@given(st.binary(max_size=300), st.sampled_from(["a.pdf", "a.txt", "a.html", "a.eml", "a.docx", "a.exe", "a"]))
def test_any_bytes_are_of_a_kind_or_refused(data: bytes, name: str) -> None:
    try:
        kind_of(data, name)
    except DocumentError as error:
        assert str(error)
