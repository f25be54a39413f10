"""PDFs of known text: documents of the public sets in six languages, printed by Chromium in five layouts."""

from __future__ import annotations

import html
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.errors import CaseError

_CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium") or "chromium"
_DOCUMENTS = {"en": 3, "de": 2, "zh": 2, "ar": 2, "ru": 1, "th": 1}
_LISTED = "lists and tables"
_LAYOUTS = {
    "ragged": "",
    "justified, indented": "p{text-align:justify;text-indent:1.5em;margin:0} body{hyphens:auto}",
    "two columns": ".c{columns:2;column-gap:24px} p{text-align:justify;hyphens:auto;margin:0 0 6px}",
    "three columns": ".c{columns:3;column-gap:18px;font-size:8.5pt} p{text-indent:1em;margin:0;hyphens:auto}",
    _LISTED: "",
}


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF and the paragraphs that it was made of."""

    name: str
    path: Path
    paragraphs: Sequence[str]


def printed(data: Path, *, home: Path) -> Iterator[Printed]:
    """Thirty PDFs, made where they are not there yet. Raises CaseError where Chromium cannot make them."""
    home.mkdir(parents=True, exist_ok=True)
    for language, count in _DOCUMENTS.items():
        paths = sorted((data / f"xquad-{language}" / "documents").iterdir())[:count]
        texts = [[part for part in path.read_text(encoding="utf-8").split("\n\n") if part.strip()] for path in paths]
        for layout, style in _LAYOUTS.items():
            name = f"{language}, {layout}"
            target = home / f"{name}.pdf"
            if not target.exists():
                _print(_page(texts, language=language, layout=layout, style=style), target=target)
            yield Printed(name, target, [text for document in texts for text in document])


def _page(texts: Sequence[Sequence[str]], *, language: str, layout: str, style: str) -> str:
    direction = "rtl" if language == "ar" else "ltr"
    body = "".join(_document(text, number=i, listed=layout == _LISTED) for i, text in enumerate(texts))
    styles = f"@page{{size:A4;margin:18mm}} body{{font:11pt serif}} {style}"
    return f"<html lang={language} dir={direction}><meta charset=utf-8><style>{styles}</style>{body}"


def _document(text: Sequence[str], *, number: int, listed: bool) -> str:
    blocks = "".join(_block(paragraph, number=i, listed=listed) for i, paragraph in enumerate(text))
    return f"<h2>Document {number}</h2><div class=c>{blocks}</div>"


def _block(paragraph: str, *, number: int, listed: bool) -> str:
    words = html.escape(paragraph)
    block = f"<ul><li>{words}</li></ul>" if listed and number % 2 else f"<p>{words}</p>"
    rows = "".join(f"<tr><td>Row {r}</td><td>{r * 17}.5</td><td>value {r}</td></tr>" for r in range(3))
    return f"{block}<table border=1 cellpadding=4>{rows}</table>" if listed and number % 3 == 0 else block


def _print(page: str, *, target: Path) -> None:
    source = target.with_suffix(".html")
    source.write_text(page, encoding="utf-8")
    command = [_CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer"]
    try:
        subprocess.run(
            [*command, "--disable-background-networking", f"--print-to-pdf={target}", source.as_uri()],
            check=True,
            capture_output=True,
            timeout=120,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CaseError(f"Chromium cannot print {source.name}: {error}. Install it, or leave this part out.") from error
