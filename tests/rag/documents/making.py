"""Files of each format, made by the format's own means, and what every loader promises of its text."""

from __future__ import annotations

import os
import subprocess
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest

from rag.documents.loaders.loaded import Loaded

CHROMIUM = "/usr/bin/chromium-headless-shell"
REGULAR, BOLD = "F1", "F2"


def texts(loaded: Loaded) -> list[str]:
    return [loaded.text[block.start : block.end] for block in loaded.blocks]


def told(loaded: Loaded) -> list[tuple[str, str]]:
    """Role and text of each block."""
    return [(str(block.role), text) for block, text in zip(loaded.blocks, texts(loaded), strict=True)]


def assert_holds_together(loaded: Loaded) -> None:
    """Blocks are in order and do not overlap, only white space stands between them, and each word's place is on a page
    and inside it."""
    position = 0
    for block in loaded.blocks:
        assert position <= block.start < block.end <= len(loaded.text)
        assert not loaded.text[position : block.start].strip()
        position = block.end
    assert not loaded.text[position:].strip()
    assert "\0" not in loaded.text.encode().decode()
    end = 0
    for run in loaded.layout.runs:
        assert end <= run.start < run.end <= len(loaded.text)
        assert loaded.text[run.start : run.end].strip()
        end = run.end
        if run.place.rectangle is not None:
            left, top, right, bottom = run.place.rectangle
            assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1


@dataclass(frozen=True)
class Line:
    """A line of text on a PDF page: its foot's left end in points from the page's lower left corner."""

    x: float
    y: float
    text: str
    size: float = 12
    font: str = REGULAR


SCAN = "q 612 0 0 792 0 0 cm /I1 Do Q"
"""A picture as large as the page."""


def pdf(*pages: Sequence[Line] | str, page: str = "", trailer: str = "", box: str = "0 0 612 792") -> bytes:
    """A PDF of pages of lines, or of drawing operators; `page` is added to each page's dictionary."""
    bodies = [body if isinstance(body, str) else _operators(body) for body in pages]
    first = 6
    kids = " ".join(f"{first + 2 * i} 0 R" for i in range(len(bodies)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(bodies)} >>",
        _font("Helvetica"),
        _font("Helvetica-Bold"),
        "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>\n"
        "stream\nx\nendstream",
    ]
    resources = "<< /Font << /F1 3 0 R /F2 4 0 R >> /XObject << /I1 5 0 R >> >>"
    for i, body in enumerate(bodies):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Resources {resources} /Contents {first + 2 * i + 1} 0 R {page} >>"
        )
        objects.append(f"<< /Length {len(body.encode('cp1252'))} >>\nstream\n{body}\nendstream")
    return _written(objects, trailer)


def scanned(data: bytes) -> bytes:
    """A PDF as a scanner gives it back: a picture of each page."""
    document = pypdfium2.PdfDocument(data)
    pictures = []
    for page in document:
        bitmap = page.render(scale=2, grayscale=True)
        rows = bytes(bitmap.buffer)
        dots = b"".join(rows[i * bitmap.stride : i * bitmap.stride + bitmap.width] for i in range(bitmap.height))
        pictures.append((bitmap.width, bitmap.height, zlib.compress(dots).hex()))
    document.close()
    return pdf(*(_picture(*one) for one in pictures))


def _picture(width: int, height: int, dots: str) -> str:
    head = f"BI /W {width} /H {height} /CS /G /BPC 8 /F [/AHx /Fl] ID"
    return f"q 612 0 0 792 0 0 cm\n{head}\n{dots}>\nEI Q"


def _font(name: str) -> str:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"


def _operators(lines: Sequence[Line]) -> str:
    return "\n".join(
        f"BT /{line.font} {line.size} Tf 1 0 0 1 {line.x} {line.y} Tm ({_escaped(line.text)}) Tj ET" for line in lines
    )


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _written(objects: Sequence[str], trailer: str) -> bytes:
    data, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{len(data)}\n%%EOF"
    return data + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


def paragraph(text: str, *, x: float = 72, y: float = 700, width: int = 60, size: float = 12) -> list[Line]:
    """A text set in lines of at most `width` characters, from `y` downwards."""
    lines: list[str] = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > width and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [Line(x, y - 1.2 * size * i, line, size) for i, line in enumerate(lines)]


def printed(html: str, folder: Path) -> bytes:
    """A page as Chromium prints it to a tagged PDF; skips where there is no Chromium, unless nothing may be missing."""
    if not Path(CHROMIUM).exists():
        (pytest.fail if os.environ.get("IBID_REQUIRE_ALL") else pytest.skip)(f"{CHROMIUM} is missing")
    page, target = folder / "page.html", folder / "page.pdf"
    page.write_text(html, encoding="utf-8")
    subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--no-pdf-header-footer", f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}", page.as_uri(),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return target.read_bytes()


def archive(members: Mapping[str, str | bytes], *, compress: bool = True) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return written.getvalue()


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_WORD = "http://purl.oclc.org/ooxml/wordprocessingml/main"


def docx(body: str, *, namespace: str = WORD, **parts: str) -> bytes:
    """A Word document of the inside of its body; other parts by name: `styles`, `numbering`, `comments` …"""
    members = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": _word("document", f"<w:body>{body}</w:body>", namespace),
    }
    members.update({f"word/{name}.xml": _word(name, inner, namespace) for name, inner in parts.items()})
    return archive(members)


def _word(name: str, inner: str, namespace: str) -> str:
    extra = (
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
        ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" xmlns:v="urn:schemas-microsoft-com:vml"'
    )
    return f'<?xml version="1.0"?><w:{name} xmlns:w="{namespace}" {extra}>{inner}</w:{name}>'


def p(text: str, settings: str = "") -> str:
    """A paragraph of a Word document."""
    return f'<w:p><w:pPr>{settings}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
