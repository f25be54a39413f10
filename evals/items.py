"""Question files as items: what JSON Lines, a JSON array, CSV or YAML hold, each item with the place where it stands.

What the file holds decides, never its name. Knows nothing of what the fields mean. The only file that imports PyYAML.
"""

from __future__ import annotations

import ast
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex
import yaml

from evals.fields import shown
from rag.errors import CaseError

_MAY_BE = "Questions are JSON lines, a JSON array, CSV with a column called question, or YAML with tests."
_SEPARATORS = ",;\t"
_PLAIN = frozenset({"id", "question", "user_input", "input", "query"})
"""Columns whose cells are text, whatever they begin with."""
_DECODER = json.JSONDecoder()
_BETWEEN = regex.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Item:
    """The fields of one item, and the `place` where it begins: “line 3”, or “item 3” where no line is known."""

    place: str
    fields: Mapping[str, Any]


def items_of(text: str, *, telling: frozenset[str]) -> list[Item | CaseError]:
    """The items of a file, and in the place of one that cannot be read what is wrong with it. By one of the `telling`
    names the first row of a CSV is known, and an object that is an item and holds none. Raises CaseError where the text
    is of none of the four kinds."""
    text = text.removeprefix("\ufeff")
    begin = text.lstrip()[:1]
    if begin == "[":
        return list(_array(text))
    if begin == "{" and _is_one_object(text):
        return _inside(_whole(text.strip()), nodes=None, telling=telling)
    if begin in ("{", "#") and (lines := list(_lines(text))):
        return lines
    separator = _separator(text, telling=telling)
    return list(_rows(text, separator=separator)) if separator else _yaml(text, telling=telling)


def json_lines(items: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in items)


def json_array(items: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(list(items), ensure_ascii=False, indent=2) + "\n"


def yaml_tests(items: Sequence[Mapping[str, Any]]) -> str:
    return str(yaml.safe_dump({"tests": list(items)}, allow_unicode=True, sort_keys=False, width=120))


def csv_rows(items: Sequence[Mapping[str, Any]]) -> str:
    """A column for each field that any item has; a list of one is a plain cell, all else that is no text is JSON."""
    written = io.StringIO()
    columns = list(dict.fromkeys(name for one in items for name in one))
    writer = csv.DictWriter(written, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows([{name: _cell(value) for name, value in one.items()} for one in items])
    return written.getvalue()


# --- JSON


def _is_one_object(text: str) -> bool:
    """Not so where the first line is an object by itself and others follow: then each line is one."""
    first, _, others = text.strip().partition("\n")
    if not others.strip():
        return True
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return not others.lstrip().startswith("{")
    return False


def _whole(text: str) -> Any:
    value, end = _parsed(text, at=0, place="line 1")
    if rest := text[end:].strip():
        raise CaseError(f"line {text.count(chr(10), 0, end) + 1}: more stands behind the object: “{shown(rest)}”.")
    return value


def _lines(text: str) -> Iterator[Item | CaseError]:
    # Not `splitlines`: JSON may hold other line separators as they are.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield _line(line.strip(), place=f"line {number}")


def _line(line: str, *, place: str) -> Item | CaseError:
    try:
        value, end = _parsed(line, at=0, place=place)
    except CaseError as error:
        return error
    if rest := line[end:].strip():
        return CaseError(f"{place}: more stands behind the end of the object: “{shown(rest)}”. Give it its own line.")
    return _as_item(value, place=place)


def _array(text: str) -> Iterator[Item | CaseError]:
    """Item by item, so that each has its line."""
    at, line, counted = text.index("[") + 1, 1, 0
    while True:
        at = next(_BETWEEN.finditer(text, at)).end()
        line, counted = line + text.count("\n", counted, at), at
        if text[at : at + 1] == "]":
            return
        try:
            value, at = _parsed(text, at=at, place=f"line {line}")
        except CaseError as error:
            yield error
            return
        yield _as_item(value, place=f"line {line}")


def _parsed(text: str, *, at: int, place: str) -> tuple[Any, int]:
    """A JSON value and where it ends. Raises CaseError."""
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        here = f"line {error.lineno}" if "\n" in text else place
        raise CaseError(f"{here}: is no JSON: {error.msg} at column {error.colno}, “{shown(text[at:])}”.") from error
    except RecursionError as error:
        raise CaseError(f"{place}: is nested too deep to be read.") from error


def _as_item(value: Any, *, place: str) -> Item | CaseError:
    if isinstance(value, dict):
        return Item(place, value)
    return CaseError(f"{place}: “{shown(value)}” is no object with fields. Write one, with a question in it.")


# --- YAML, and objects that hold the items in a list


def _inside(value: Any, *, nodes: yaml.Node | None, telling: frozenset[str]) -> list[Item | CaseError]:
    """The items of a list, or of the one list of objects that an object holds, else the object as the only one."""
    if isinstance(value, list):
        lines = [one.start_mark.line + 1 for one in nodes.value] if nodes is not None else []
        places = [f"line {line}" for line in lines] or [f"item {i + 1}" for i in range(len(value))]
        return [_as_item(one, place=place) for one, place in zip(value, places, strict=True)]
    held = [name for name, one in value.items() if isinstance(one, list) and one and isinstance(one[0], dict)]
    name = "tests" if "tests" in held else held[0] if len(held) == 1 else None
    if name is None or telling & set(value):
        return [Item("line 1", value)]
    inner = None if nodes is None else next(node for key, node in nodes.value if key.value == name)
    return _inside(value[name], nodes=inner, telling=telling)


def _yaml(text: str, *, telling: frozenset[str]) -> list[Item | CaseError]:
    # Everything stays as it is written: “no” is no False, 007 is no 7, and a date is no number.
    try:
        loader = yaml.BaseLoader(text)
        node = loader.get_single_node()
        value = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CaseError(f"line {line}: is no YAML: {error.problem}. {_MAY_BE}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise CaseError(f"line 1: is no YAML. {_MAY_BE}") from error
    if not isinstance(value, list | dict) or not value:
        raise CaseError(f"line 1: holds no questions. {_MAY_BE}")
    return _inside(value, nodes=node, telling=telling)


# --- CSV


def _separator(text: str, *, telling: frozenset[str]) -> str | None:
    """What parts the cells of the first row, where one of them is a telling name."""
    for separator in _SEPARATORS:
        try:
            first = next(csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=separator), [])
        except csv.Error:
            continue
        if telling & {_name(cell) for cell in first}:
            return separator
    return None


def _rows(text: str, *, separator: str) -> Iterator[Item | CaseError]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    names: list[str] = []
    line = 1
    try:
        for row in reader:
            if not names:
                names = [_name(cell) for cell in row]
            elif any(row):
                yield _row(row, names=names, place=f"line {line}")
            line = reader.line_num + 1
    except csv.Error as error:
        yield CaseError(f'line {line}: is no row of a CSV: {error}. Put “"” around a cell that holds one, doubled.')


def _row(row: Sequence[str], *, names: Sequence[str], place: str) -> Item | CaseError:
    if len(row) > len(names):
        return CaseError(
            f"{place}: has {len(row)} cells, and the first row {len(names)}. Put quotation marks around the cell that "
            f"ends with “{shown(row[-1])}”."
        )
    cells = zip(names, row, strict=False)
    return Item(place, {name: _of_cell(cell, name=name) for name, cell in cells if name and cell.strip()})


def _name(cell: str) -> str:
    return "_".join(cell.strip().casefold().split())


def _of_cell(cell: str, *, name: str) -> Any:
    """A list or an object where the cell holds one, as JSON or as Python writes it (ragas does); else the text."""
    if cell.strip()[0] not in "[{" or name in _PLAIN:
        return cell
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return value if isinstance(value, list | dict) else cell
    return cell


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    only = value[0] if isinstance(value, list) and len(value) == 1 else ""
    is_plain = isinstance(only, str) and only.strip() and only.strip()[0] not in "[{"
    return only if is_plain else json.dumps(value, ensure_ascii=False)
