"""JSON and JSON Lines: each record is a block of lines "name: value", each message of a chat what is said in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rag.documents.loaders.decoding import decode
from rag.documents.loaders.loaded import Loaded, Piece, assembled
from rag.documents.loaders.messages import message_pieces
from rag.documents.loaders.plain import load_plain
from rag.domain import Role

_LOWEST_LEVEL = 6


def load_json(data: bytes) -> Loaded:
    """As text where it is not JSON after all. Raises DocumentError where the bytes are no text."""
    text, warning = decode(data)
    try:
        value = json.loads(text.lstrip("\ufeff"))
        return assembled(message_pieces(value) or _pieces(value, 1), warning)
    except (ValueError, RecursionError) as error:
        return _as_text(data, f"read as text: it is not JSON ({error})")


def load_json_lines(data: bytes) -> Loaded:
    text, warning = decode(data)
    try:
        values = [json.loads(line) for line in text.lstrip("\ufeff").split("\n") if line.strip()]
        records = (Piece(text=_record(value), role=Role.BODY, is_literal=True) for value in values)
        return assembled(message_pieces(values) or records, warning)
    except (ValueError, RecursionError) as error:
        return _as_text(data, f"read as text: a line is not JSON ({error})")


def _as_text(data: bytes, warning: str) -> Loaded:
    plain = load_plain(data)
    return Loaded(text=plain.text, blocks=plain.blocks, warning=plain.warning or warning)


def _pieces(value: Any, level: int) -> Iterator[Piece]:
    """An object's own values first, then what is inside it under a heading each; a list's items as records."""
    if isinstance(value, dict):
        simple = {name: inner for name, inner in value.items() if not isinstance(inner, dict | list)}
        yield Piece(text=_record(simple), role=Role.BODY, is_literal=True)
        for name, inner in value.items():
            if name not in simple:
                yield Piece(text=name, role=Role.HEADING, level=min(level, _LOWEST_LEVEL))
                yield from _pieces(inner, level + 1)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        yield from (Piece(text=_record(item), role=Role.BODY, is_literal=True) for item in value)
    else:
        yield Piece(text=_record(value), role=Role.BODY, is_literal=True)


def _record(value: Any) -> str:
    return "\n".join(f"{path}: {told}" if path else told for path, told in _leaves(value, ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path)
    elif value is not None and value != "":
        yield path, value.strip() if isinstance(value, str) else json.dumps(value)
