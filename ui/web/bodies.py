"""What a request may bring: how many bytes, how deep, how many values, in which words, and no files in disguise.

Knows nothing of who reads it afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

MOST_BYTES = 1_000_000
"""Of every body but an upload's. A conversation of a hundred answers has half of that."""
DEEPEST = 40
"""Lists and objects within one another; an event with a conversation's answers has twelve."""
MOST_VALUES = 50_000
"""In all of a body; twenty answers with their passages have 12,000."""

NO_JSON = "Send a JSON object as application/json."


TOO_LARGE = 413, f"A request may have {MOST_BYTES:,} bytes, files apart. Send less at once."
TOO_SLOW = 408, "The request did not arrive in time. Send it again."
FOREIGN_FILE = 400, "A file is taken only where files are added, and only one that was uploaded here."


class Refusal(Exception):
    """A request that goes no further: its status, and one line that says why."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status, self.line = status, line


def read_json(body: bytes, kind: str) -> Any:
    """The value that a body of the content type `kind` holds, None for an empty one. Raises Refusal."""
    if not body:
        return None
    try:
        if kind.partition(";")[0].strip().lower() != "application/json":
            raise ValueError
        # Gradio and FastAPI read bodies with the same parser: what is looked at here is what they will see.
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(415, NO_JSON) from None


def check(value: Any) -> None:
    """Raises Refusal where a value is too deep, has too many parts, holds what no encoding takes, or a file."""
    for found in _parts(value):
        if isinstance(found, str):
            if not is_text(found):
                raise Refusal(400, "The request holds half of a surrogate pair, which is no letter. Leave it out.")
        elif looks_like_a_file(found):
            raise Refusal(*FOREIGN_FILE)


def is_text(value: str) -> bool:
    """Whether it can be encoded: half of a surrogate pair cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def looks_like_a_file(value: Any) -> bool:
    """Whether anything in Gradio could take it for a file: `FileData`, in any of the shapes it had so far."""
    if not isinstance(value, dict):
        return False
    if any(isinstance(value.get(name), str) for name in ("path", "url")):
        return True
    meta = value.get("meta")
    return isinstance(meta, dict) and meta.get("_type") == "gradio.FileData"


def _parts(value: Any) -> Iterator[Any]:
    """The value and all that is in it, keys included. Raises Refusal beyond the limits."""
    level, count = [value], 0
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for one in level:
            yield one
            if isinstance(one, dict):
                inner += one.keys()
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        if not inner:
            return
        count += len(inner)
        if count > MOST_VALUES:
            raise Refusal(400, f"A request may hold {MOST_VALUES:,} values. Send less at once.")
        level = inner
    raise Refusal(400, f"A request may be {DEEPEST} lists or objects deep. Send it flatter.")
