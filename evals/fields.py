"""The fields of a described case, each checked: what is not what it should be is named with its value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rag.errors import CaseError

_LONGEST = 60
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


def shown(value: Any) -> str:
    """A value in a few words, as it stands in a file."""
    written = value if isinstance(value, str) else json.dumps(_clipped(value), ensure_ascii=False, default=str)
    told = " ".join(written.split())
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"


def _clipped(value: Any, *, levels: int = 3) -> Any:
    """No deeper and no longer than is shown: YAML can make a value that holds itself many times over."""
    if not isinstance(value, Mapping | list | tuple):
        return value
    if not levels:
        return "…"
    if isinstance(value, Mapping):
        return {name: _clipped(one, levels=levels - 1) for name, one in list(value.items())[:_LONGEST]}
    return [_clipped(one, levels=levels - 1) for one in value[:_LONGEST]]


def text(described: Mapping[str, Any], *, name: str) -> str:
    """The text of a field; a number is taken as it is written, a missing field as empty. Raises CaseError."""
    value = described.get(name)
    return "" if value is None else _one_text(value, name=name)


def texts(described: Mapping[str, Any], *, name: str) -> tuple[str, ...]:
    """The texts of a field; one text is one of them, and never its letters. Raises CaseError."""
    value = described.get(name)
    if value is None:
        return ()
    return tuple(_one_text(one, name=name) for one in (value if isinstance(value, list | tuple) else [value]))


def truth(described: Mapping[str, Any], *, name: str, usual: bool) -> bool:
    """True or false, as itself or in a word, as a table has it. Raises CaseError."""
    value = described.get(name)
    word = str(value).strip().casefold()
    if value is None or word in ("", "null"):
        return usual
    if word not in (*_YES, *_NO):
        raise CaseError(f"{name} “{shown(value)}” is neither true nor false. Write one of the two.")
    return word in _YES


def whole(described: Mapping[str, Any], *, name: str) -> int | None:
    """A whole number, or None where there is no such field. Raises CaseError."""
    value = described.get(name)
    if value is None or value == "":
        return None
    try:
        return int(str(value))
    except ValueError as error:
        raise CaseError(f"{name} “{shown(value)}” is no whole number. Write one, or leave {name} out.") from error


def objects(described: Mapping[str, Any], *, name: str, text_as: str) -> Sequence[Mapping[str, Any]]:
    """The objects of a field; one is one of them, and a text stands for an object with it as `text_as`. Raises
    CaseError."""
    value = described.get(name)
    if value is None:
        return ()
    found = [{text_as: one} if isinstance(one, str) else one for one in (value if isinstance(value, list) else [value])]
    for one in found:
        if not isinstance(one, Mapping):
            raise CaseError(f"{name} “{shown(one)}” is neither a text nor an object with fields. Write one of the two.")
    return found


def _one_text(value: Any, *, name: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise CaseError(f"{name} “{shown(value)}” is no text. Put it in quotation marks.")
