"""E-mail: one message (EML) or a mailbox of them (MBOX). Attached files are named, not read."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage, Message

import regex

from rag.documents.blocks import text_blocks
from rag.documents.loaders.decoding import decode, usual_name
from rag.documents.loaders.html.walking import pieces_of
from rag.documents.loaders.loaded import Loaded, Piece, assembled
from rag.documents.loaders.markup import html_tree
from rag.domain import Role
from rag.errors import DocumentError

_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_BETWEEN = regex.compile(rb"(?m)(?:\A|(?<=\n))From [^\r\n]*\d{4}[^\r\n]*\r?\n")
_SEALED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_ESCAPED = regex.compile(rb"(?m)^>(>*From )")


def load_mail(data: bytes) -> Loaded:
    """One message: its subject is the title. Raises DocumentError where it holds no text."""
    data = _as_bytes(data)
    reading = _Reading()
    pieces = list(reading.message(_parsed(data), Role.TITLE))
    return assembled(pieces, reading.warning())


def load_mailbox(data: bytes) -> Loaded:
    """Many messages: each subject is a heading."""
    reading = _Reading()
    parts = [_ESCAPED.sub(rb"\1", part) for part in _BETWEEN.split(_as_bytes(data)) if part.strip()]
    role = Role.TITLE if len(parts) == 1 else Role.HEADING
    pieces = [piece for part in parts for piece in reading.message(_parsed(part), role)]
    return assembled(pieces, reading.warning())


def _as_bytes(data: bytes) -> bytes:
    """UTF-8 for what is UTF-16: the email package takes that for an empty message."""
    if data.startswith(_MARKS) or b"\0" in data[:400]:
        return decode(data)[0].encode(errors="replace")
    return data


def _parsed(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=policy.default)


class _Reading:
    def __init__(self) -> None:
        self._attached: list[str] = []

    def message(self, message: Message, role: Role) -> Iterator[Piece]:
        """Subject, who wrote when, who got it, the text, then the messages inside it."""
        yield Piece(text=_header(message, "subject"), role=role, level=2 if role is Role.HEADING else 1)
        yield Piece(text=_byline(message), role=Role.BYLINE)
        yield from (_addressed(message, name) for name in ("from", "to", "cc"))
        inner: list[Message] = []
        yield from self._body(message, inner)
        for one in inner:
            yield from self.message(one, Role.HEADING)

    def _body(self, message: Message, inner: list[Message]) -> Iterator[Piece]:
        if message.get_content_type() in _SEALED:
            raise DocumentError("is encrypted: save it unlocked from your mail program, and add that")
        if message.get_content_type() == "message/rfc822":
            inner.extend(one for one in message.get_payload() if isinstance(one, Message))
        elif message.get_content_type() == "multipart/alternative":
            yield from self._body(_simplest(message), inner)
        elif message.is_multipart():
            for part in message.get_payload():
                if isinstance(part, Message):
                    yield from self._body(part, inner)
        elif message.get_content_disposition() == "attachment" or message.get_content_maintype() != "text":
            self._attached.extend(filter(None, [message.get_filename()]))
        else:
            yield from _text_pieces(message)

    def warning(self) -> str | None:
        names = ", ".join(dict.fromkeys(self._attached))
        return f"attached files are not read: {names}" if names else None


def _simplest(message: Message) -> Message:
    """Of the same text in several forms the plain one, else the last, which says most."""
    parts = [part for part in message.get_payload() if isinstance(part, Message)]
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    if plain is not None and _text(plain).strip():
        return plain
    return parts[-1] if parts else EmailMessage()


def _text_pieces(part: Message) -> Iterator[Piece]:
    text = _text(part)
    if not text.strip():
        return
    if part.get_content_type() == "text/html":
        try:
            yield from pieces_of(html_tree(text))
        except DocumentError:
            return
    else:
        for block in text_blocks(text):
            yield Piece(text=text[block.start : block.end], role=block.role)


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    if not data.strip():
        return ""
    named = part.get_content_charset() or "us-ascii"
    # ASCII is UTF-8, and what is called it and is neither has to be guessed at.
    for charset in ("utf-8",) if named == "us-ascii" else (usual_name(named), "utf-8"):
        try:
            text = data.decode(charset)
        except (LookupError, UnicodeDecodeError):
            continue
        if "\0" not in text:
            return text
    return decode(data)[0]


def _header(message: Message, name: str) -> str:
    """A header as one line; empty where there is none or it cannot be read."""
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, LookupError, IndexError, AttributeError):  # the email package on headers of malformed mail
        return ""


def _addressed(message: Message, name: str) -> Piece:
    value = _header(message, name)
    return Piece(text=f"{name.title()}: {value}" if value else "", role=Role.BOILERPLATE)


def _byline(message: Message) -> str:
    """ "Ann Lee, 4 May 2025"."""
    return ", ".join(filter(None, (_writer(message), _day(message))))


def _writer(message: Message) -> str:
    name = regex.sub(r"\s*<[^>]*>\s*$", "", _header(message, "from")).strip("\"' ")
    return str(name)


def _day(message: Message) -> str:
    try:
        sent = getattr(message.get("date"), "datetime", None)
    except (ValueError, IndexError, AttributeError):
        return ""
    return f"{sent.day} {sent:%B %Y}" if sent else ""
