"""What a file is, by its bytes. Its name decides only between kinds of text, and says what somebody expected."""

from __future__ import annotations

from io import BytesIO
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

import regex

from rag.documents.loaders.formats import FORMATS, INSTEAD, READS, Kind, ending_of, kind_named
from rag.errors import DocumentError

_PDF, _PDF_WITHIN = b"%PDF-", 1_024  # readers look no further
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_RTF = b"{\\rtf"
_HEAD = 4_096
_MOST_MIMETYPE = 200

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"BM", b"\0\0\1\0")
_ARCHIVES = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")
_PROGRAMS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")

_OF_MIMETYPE = {
    b"application/epub+zip": Kind.EPUB,
    b"application/vnd.oasis.opendocument.text": Kind.ODT,
    b"application/vnd.oasis.opendocument.text-template": Kind.ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": Kind.SHEETS,
}
_OF_FOLDER = {"word/": Kind.DOCX, "ppt/": Kind.PPTX, "xl/": Kind.SHEETS}
_OLE_STREAMS = (
    ("EncryptedPackage", "needs a password: save a copy without one, and add that"),
    ("__substg1.0_", f"is an Outlook message: {INSTEAD['.msg']}"),
    ("WordDocument", f"is an old Word document: {INSTEAD['.doc']}"),
    ("PowerPoint Document", f"is an old presentation: {INSTEAD['.ppt']}"),
)
_BUILT = frozenset(["makefile", "dockerfile", "containerfile", "jenkinsfile", "vagrantfile", "gemfile", "rakefile"])
"""Names without an ending of what programs are built by."""
_NO_TEXT = regex.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")
_SECRET = regex.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY")
_WORKBOOKS = ("Workbook", "Book")

_PAGE = regex.compile(
    rb"(?i)\A[\s\xef\xbb\xbf\xff\xfe\0]*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    regex.DOTALL,
)
_TAG = regex.compile(rb"<\s*/?\s*[a-zA-Z][^>]*>")
_MAILBOX = regex.compile(rb"\AFrom \S+ .*\d{4}")


def kind_of(data: bytes, name: str) -> Kind:
    """Raises DocumentError with the next step for what is no format that is read, and for what is not what its name
    says."""
    if not data.strip(b" \t\r\n\0"):
        raise DocumentError("the file is empty")
    kind = _of_bytes(data)
    if kind is None:
        _refuse_binary(data, name)
        return _of_text(data, name)
    return kind


def is_document_within(file: BinaryIO, name: str) -> bool:
    """Whether an open file, whose name says nothing or nothing that is known, is a document by what it holds: in a
    format that says so itself or, without an ending, text. Raises OSError."""
    head = file.read(_HEAD)
    if not ending_of(name):
        return _begins_document(head)
    try:
        return _is_rtf_or_pdf(head) or (head.startswith(_ZIP) and bool(_of_archive(file)))
    except DocumentError:
        return False


def _is_rtf_or_pdf(head: bytes) -> bool:
    return head.lstrip().startswith(_RTF) or _PDF in head[:_PDF_WITHIN]


def _begins_document(head: bytes) -> bool:
    """Whether a file of which these are the first bytes may be one that is read: text in UTF-8, or in a format that
    says so itself. A private key is for nobody to read."""
    if _SECRET.search(head):
        return False
    if head.startswith((*_ZIP, _OLE)) or _is_rtf_or_pdf(head):
        return True
    # The last letter may be cut in two.
    text = head.decode("utf-8", errors="replace").rstrip("\ufffd")
    return bool(text.strip()) and _NO_TEXT.search(text) is None


def _of_bytes(data: bytes) -> Kind | None:
    if data.startswith(_ZIP):
        return _of_archive(BytesIO(data))
    if data.startswith(_OLE):
        return _of_ole(data)
    if data.lstrip().startswith(_RTF):
        return Kind.RTF
    return Kind.PDF if _PDF in data[:_PDF_WITHIN] else None


def _of_archive(file: BinaryIO) -> Kind:
    try:
        with ZipFile(file) as archive:
            names = archive.namelist()
            is_named = "mimetype" in names and archive.getinfo("mimetype").file_size <= _MOST_MIMETYPE
            mimetype = archive.read("mimetype").strip() if is_named else b""
    except (BadZipFile, OSError, RuntimeError, ValueError, NotImplementedError) as error:
        raise DocumentError("is damaged: it ends early or was changed. Export or download it again") from error
    if mimetype in _OF_MIMETYPE:
        return _OF_MIMETYPE[mimetype]
    for folder, kind in _OF_FOLDER.items():
        if any(name.startswith(folder) for name in names):
            return kind
    raise DocumentError(_not_a_document(mimetype, names))


def _not_a_document(mimetype: bytes, names: list[str]) -> str:
    if b"opendocument.presentation" in mimetype:
        return f"is an OpenDocument presentation: {INSTEAD['.odp']}"
    if any(name.endswith(".iwa") for name in names):
        return "is of Apple's Pages, Numbers or Keynote: export it as Word, CSV or PDF"
    return "is a ZIP archive: unpack it, and add the files in it"


def _of_ole(data: bytes) -> Kind:
    for stream, reason in _OLE_STREAMS:
        if stream.encode("utf-16-le") in data:
            raise DocumentError(reason)
    if any(stream.encode("utf-16-le") in data for stream in _WORKBOOKS):
        return Kind.SHEETS
    raise DocumentError(f"is of an old Office program: save it in a newer format. {READS}")


def _refuse_binary(data: bytes, name: str) -> None:
    """Raise for pictures, archives and programs, and for text under the name of a format that is none."""
    for signs, reason in (
        (_PICTURES, "is a picture: run text recognition (OCR) on it, and add the result as PDF or text"),
        (_ARCHIVES, "is a compressed archive: unpack it, and add the files in it"),
        (_PROGRAMS, "is a program, not a document"),
    ):
        if data.startswith(signs) and b"\0" in data[:_HEAD]:
            raise DocumentError(reason)
    expected = kind_named(name)
    if ending_of(name) in INSTEAD and not _PAGE.match(data[:_HEAD]):
        raise DocumentError(f"{ending_of(name)} is not read: {INSTEAD[ending_of(name)]}. {READS}")
    if expected and not FORMATS[expected].is_text and not (expected is Kind.SHEETS and _PAGE.match(data[:_HEAD])):
        raise DocumentError(f"is named {ending_of(name)} but is something else: {_looks_like(data)}")


def _looks_like(data: bytes) -> str:
    if _PAGE.match(data[:_HEAD]):
        return "a web page, maybe an error or a login in place of the file. Download it again"
    if b"\0" in data[:_HEAD]:
        return "it begins like no document. Export or download it again"
    return "text. Name it .txt if that is what you want read"


def _of_text(data: bytes, name: str) -> Kind:
    head, named = _readable(data), kind_named(name)
    if _PAGE.match(head):
        return Kind.HTML
    if named is Kind.HTML:
        return Kind.HTML if _TAG.search(head) else Kind.PLAIN
    if named is Kind.MAILBOX or named is Kind.MAIL:
        return Kind.MAILBOX if _MAILBOX.match(head) else Kind.MAIL
    if named is not None:
        return named
    if not ending_of(name) and _begins_document(data[:_HEAD]):
        return Kind.CODE if name.lower() in _BUILT else Kind.PLAIN
    raise DocumentError(f"{ending_of(name) or 'no ending'}: not a format that is read. {READS}")


def _readable(data: bytes) -> bytes:
    """The beginning of a text without the NULs that UTF-16 has between letters."""
    return data[:_HEAD].replace(b"\0", b"")
