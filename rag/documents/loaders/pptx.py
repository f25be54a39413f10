"""PowerPoint presentations: a slide is a page, its title a heading, its notes come after it."""

from __future__ import annotations

from collections.abc import Iterator

from rag.documents.layout import Place, Run
from rag.documents.loaders.archive import Archive, beside
from rag.documents.loaders.loaded import Cells, Loaded, Piece, assembled, with_title
from rag.documents.loaders.markup import Element, attribute, below, child, name_of, span_in
from rag.documents.loaders.rows import with_names
from rag.domain import Role

_PRESENTATION = "ppt/presentation.xml"
_TITLES = ("title", "ctrTitle")
_FURNITURE = ("sldNum", "dt", "ftr", "hdr")
_SHAPES = ("sp", "graphicFrame")
_MOST_SPANNED = 1000
_TITLE_LEVEL = 2


def load_pptx(data: bytes) -> Loaded:
    """Raises DocumentError where the archive or its main part is damaged."""
    archive = Archive(data)
    pieces: list[Piece] = []
    for page, name in enumerate(_slides(archive), 1):
        slide = archive.tree(name)
        if slide is not None:
            pieces.extend(_placed(piece, page) for piece in _pieces(slide))
            pieces.extend(_placed(piece, page) for piece in _notes(archive, name))
    return assembled(with_title(pieces))


def _placed(piece: tuple[str, Role], page: int) -> Piece:
    text, role = piece
    level = _TITLE_LEVEL if role is Role.HEADING else 0
    return Piece(text=text, role=role, level=level, runs=[Run(start=0, end=len(text), place=Place(page))])


def _slides(archive: Archive) -> Iterator[str]:
    """The members that hold slides, in the order shown."""
    targets = _targets(archive, _PRESENTATION)
    for slide in below(archive.needed_tree(_PRESENTATION), "sldId"):
        # Its own number is an `id` too; the reference is the one with a namespace.
        reference = next((value for key, value in slide.attrib.items() if key.endswith("}id")), "")
        if reference in targets:
            yield targets[reference]


def _targets(archive: Archive, member: str) -> dict[str, str]:
    folder, _, name = member.rpartition("/")
    root = archive.tree(f"{folder}/_rels/{name}.rels")
    links = [] if root is None else list(below(root, "Relationship"))
    return {link.get("Id") or "": beside(member, link.get("Target") or "").lstrip("/") for link in links}


def _notes(archive: Archive, slide: str) -> Iterator[tuple[str, Role]]:
    for target in _targets(archive, slide).values():
        root = archive.tree(target) if "notesSlides/" in target else None
        if root is not None:
            yield from ((text, Role.BODY) for text, role in _pieces(root) if role is not Role.BOILERPLATE)


def _pieces(slide: Element) -> Iterator[tuple[str, Role]]:
    for shape in below(slide, *_SHAPES):
        role = _role(shape)
        rows = [_row(row, shape) for row in below(shape, "tr")]
        yield from ((row.text, Role.TABLE) for row in with_names(rows) if row.text)
        if not rows:
            yield from ((words, role) for words in map(_words, below(shape, "p")) if words)


def _role(shape: Element) -> Role:
    """By the placeholder that a shape fills: titles, furniture, and bodies, whose paragraphs are bulleted."""
    placeholder = child(shape, "nvSpPr", "nvPr", "ph")
    if placeholder is None:
        return Role.BODY
    kind = attribute(placeholder, "type") or "body"
    if kind in _TITLES:
        return Role.HEADING
    return Role.BOILERPLATE if kind in _FURNITURE else Role.LIST


def _row(row: Element, shape: Element) -> Piece:
    # A cell that another one of the row goes over is there, and empty.
    held = [cell for cell in row if name_of(cell) == "tc" and not _is_on(attribute(cell, "hMerge"))]
    texts = tuple(" ".join(map(_words, below(cell, "p"))) for cell in held)
    look = next(below(shape, "tblPr"), None)
    is_marked = look is not None and _is_on(attribute(look, "firstRow"))
    spans = tuple(map(_span, held))
    cells = Cells(texts=texts, table=shape, spans=spans, may_name_columns=is_marked)
    return Piece(text="\t".join(texts).strip(), cells=cells)


def _span(cell: Element) -> tuple[int, int]:
    columns = span_in(attribute(cell, "gridSpan"), most=_MOST_SPANNED)
    return columns, 0 if _is_on(attribute(cell, "vMerge")) else 1


def _is_on(said: str | None) -> bool:
    return said in ("1", "true")


def _words(paragraph: Element) -> str:
    signs = {"br": "\n", "tab": "\t"}
    parts = [signs.get(name_of(one), one.text or "") for one in below(paragraph, "t", "br", "tab")]
    return "".join(parts).strip()
