"""Spreadsheets (XLSX, XLS, ODS): each sheet's rows under its name. The only file that imports python-calamine, which
comes with the extra `office`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO

from rag.documents.loaders.archive import MOST_UNPACKED, Archive
from rag.documents.loaders.loaded import Loaded, Piece, assembled
from rag.documents.loaders.rows import Row, pieces_of_rows
from rag.domain import Role
from rag.errors import DocumentError

_LEVEL = 2
_MIDNIGHT = time()


def load_sheets(data: bytes) -> Loaded:
    """Raises DocumentError where the extra is missing, or the file is locked or damaged."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError
    except ImportError as error:
        raise DocumentError(
            "is a spreadsheet: run `make office` or `pip install python-calamine`, or save each sheet as CSV"
        ) from error
    if data.startswith(b"PK") and Archive(data).unpacked_size > MOST_UNPACKED:
        raise DocumentError(f"unpacks to more than the {MOST_UNPACKED / 1e6:,.0f} MB that are read")
    try:
        return assembled(list(_pieces(CalamineWorkbook.from_filelike(BytesIO(data)))))
    except PasswordError as error:
        raise DocumentError("needs a password: save a copy without one, and add that") from error
    except CalamineError as error:
        raise DocumentError("is damaged: its sheets cannot be read. Export or download it again") from error


def _pieces(workbook: object) -> Iterator[Piece]:
    names = workbook.sheet_names  # type: ignore[attr-defined]
    for name in names:
        rows = workbook.get_sheet_by_name(name).iter_rows()  # type: ignore[attr-defined]
        if len(names) > 1:
            yield Piece(text=name, role=Role.HEADING, level=_LEVEL)
        yield from pieces_of_rows(_cells(row) for row in rows)


def _cells(row: list[object]) -> Row:
    return [_told(value) for value in row]


def _told(value: object) -> str:
    """A value as people write it: 3 rather than 3.0, a day without midnight."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat(" ", "minutes")
    if isinstance(value, date | time | timedelta):
        return str(value)
    return "" if value is None else str(value)
