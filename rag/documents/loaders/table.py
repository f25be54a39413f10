"""Which loader reads which kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rag.documents.loaders.data import load_json, load_json_lines
from rag.documents.loaders.delimited import load_delimited
from rag.documents.loaders.docx.loading import load_docx
from rag.documents.loaders.epub import load_epub
from rag.documents.loaders.formats import Kind
from rag.documents.loaders.html.loading import load_html
from rag.documents.loaders.lines import load_code, load_log
from rag.documents.loaders.loaded import Loaded
from rag.documents.loaders.mail import load_mail, load_mailbox
from rag.documents.loaders.markdown import load_markdown
from rag.documents.loaders.odt import load_odt
from rag.documents.loaders.pdf.loading import load_pdf
from rag.documents.loaders.plain import load_plain
from rag.documents.loaders.pptx import load_pptx
from rag.documents.loaders.rtf import load_rtf
from rag.documents.loaders.sheets import load_sheets

LOADERS: Mapping[Kind, Callable[[bytes], Loaded]] = {
    Kind.PLAIN: load_plain,
    Kind.MARKDOWN: load_markdown,
    Kind.PDF: load_pdf,
    Kind.DOCX: load_docx,
    Kind.HTML: load_html,
    Kind.ODT: load_odt,
    Kind.RTF: load_rtf,
    Kind.EPUB: load_epub,
    Kind.PPTX: load_pptx,
    Kind.SHEETS: load_sheets,
    Kind.DELIMITED: load_delimited,
    Kind.MAIL: load_mail,
    Kind.MAILBOX: load_mailbox,
    Kind.JSON: load_json,
    Kind.JSON_LINES: load_json_lines,
    Kind.CODE: load_code,
    Kind.LOG: load_log,
}
