"""A Word document: its body, then footnotes and endnotes, then readers' comments. Headers and footers are left out."""

from __future__ import annotations

import regex

from rag.documents.loaders.archive import Archive
from rag.documents.loaders.docx.numbering import Numbering
from rag.documents.loaders.docx.styles import Styles
from rag.documents.loaders.docx.walking import Walk
from rag.documents.loaders.loaded import Loaded, assembled, with_title
from rag.documents.loaders.markup import child
from rag.documents.loaders.rows import with_names
from rag.errors import DocumentError

_MAIN = regex.compile(r"word/document\d*\.xml")


def load_docx(data: bytes) -> Loaded:
    """Raises DocumentError where the archive or its main part is damaged."""
    archive = Archive(data)
    main = next((name for name in archive.names if _MAIN.fullmatch(name)), "word/document.xml")
    body = child(archive.needed_tree(main), "body")
    if body is None:
        raise DocumentError("is damaged: its text is missing")
    walk = Walk(Styles(archive.tree("word/styles.xml")), Numbering(archive.tree("word/numbering.xml")))
    walk.through(body)
    walk.notes(archive.tree("word/footnotes.xml"), "footnote")
    walk.notes(archive.tree("word/endnotes.xml"), "endnote")
    walk.comments(archive.tree("word/comments.xml"))
    return assembled(with_title(with_names(walk.pieces)))
