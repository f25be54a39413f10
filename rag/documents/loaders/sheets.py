"""Spreadsheets (XLSX, XLS, ODS): the rows of each sheet that is shown, under its name. The only file that imports
python-calamine, which comes with the extra `office`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from rag.documents.loaders.archive import MOST_UNPACKED, Archive
from rag.documents.loaders.cell_formats import CellFormats, Formats
from rag.documents.loaders.loaded import Loaded, Piece, assembled
from rag.documents.loaders.number_formats import shown
from rag.documents.loaders.rows import Row, pieces_of_rows
from rag.domain import Role
from rag.errors import DocumentError

_LEVEL = 2
_MIDNIGHT = time()


def load_sheets(data: bytes) -> Loaded:
    """Raises DocumentError where the extra is missing, or the file is locked or damaged.

    A sheet that is hidden is no text. Rows and columns that are hidden are: mostly a filter that was on when the file
    was saved, or a fold, hides them, and nobody meant to keep them away.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum
    except ImportError as error:
        raise DocumentError(
            "is a spreadsheet: run `make office` or `pip install python-calamine`, or save each sheet as CSV"
        ) from error
    archive = Archive(data) if data.startswith(b"PK") else None
    if archive is not None and archive.unpacked_size > MOST_UNPACKED:
        raise DocumentError(f"unpacks to more than the {MOST_UNPACKED / 1e6:,.0f} MB that are read")
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(data))
        visible = [one.name for one in workbook.sheets_metadata if one.visible is SheetVisibleEnum.Visible]
        return assembled(list(_pieces(workbook, visible, CellFormats(archive) if archive is not None else None)))
    except PasswordError as error:
        raise DocumentError("needs a password: save a copy without one, and add that") from error
    except CalamineError as error:
        raise DocumentError("is damaged: its sheets cannot be read. Export or download it again") from error


def _pieces(workbook: Any, names: Sequence[str], formats: CellFormats | None) -> Iterator[Piece]:
    for name in names:
        if len(names) > 1:
            yield Piece(text=name, role=Role.HEADING, level=_LEVEL)
        of_rows = formats.rows(name) if formats is not None else iter(())
        yield from pieces_of_rows(_rows(workbook.get_sheet_by_name(name), of_rows))


def _rows(sheet: Any, formats: Iterator[tuple[int, Formats]]) -> Iterator[Row]:
    """Rows come from the first of the sheet, their cells from its first column that has any."""
    start = sheet.start[1] if sheet.start else 0
    coming = next(formats, None)
    for number, row in enumerate(sheet.iter_rows()):
        while coming is not None and coming[0] < number:
            coming = next(formats, None)
        codes: Formats = coming[1] if coming is not None and coming[0] == number else {}
        yield [_told(value, codes.get(column, "")) for column, value in enumerate(row, start=start)]


def _told(value: object, code: str) -> str:
    """A value as the sheet shows it under a format `code`, else as people write it: 3 rather than 3.0, a day without
    midnight."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if code and isinstance(value, int | float) and (text := shown(value, code)) is not None:
        return text
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat(" ", "minutes")
    if isinstance(value, time):
        return value.isoformat("minutes" if not value.second and not value.microsecond else "seconds")
    if isinstance(value, date | timedelta):
        return str(value)
    return "" if value is None else str(value)
