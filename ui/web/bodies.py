"""What a request may bring: how many bytes, how deep, how many values, in which words, and no files in disguise.

Knows nothing of who reads it afterwards.
"""

from __future__ import annotations

import json
from typing import Any

import regex

MOST_BYTES = 1_000_000
"""Of every body but an upload's. A conversation of a hundred answers has half of that."""
DEEPEST = 40
"""Lists and objects within one another; an event with a conversation's answers has twelve."""
MOST_VALUES = 20_000
"""In all of a body; twenty answers with their passages have 6,000."""

_MOST_COMMAS, _MOST_BRACKETS = 150_000, 50_000
"""Most stand in texts, and in the conversation, which is one text."""

_SURROGATE = regex.compile(rb"\\u[dD][89a-fA-F]")
COMPLETIONS = "/v1/"
"""Below it OpenAI's protocol is spoken, errors included."""
NO_JSON = "Send a JSON object as application/json."


TOO_LARGE = 413, f"A request may have {MOST_BYTES:,} bytes, files apart. Send less at once."
TOO_SLOW = 408, "The request did not arrive in time. Send it again."
TOO_MANY = 400, f"A request may hold {MOST_VALUES:,} values. Send less at once."
FOREIGN_FILE = 400, "A file is taken only where files are added, and only one that was uploaded here."


class Refusal(Exception):
    """A request that goes no further: its status, and one line that says why."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status, self.line = status, line


_KINDS = {
    401: ("authentication_error", "invalid_api_key"),
    403: ("permission_error", "forbidden"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}
"""What OpenAI's protocol calls the refusals of a status: their type and code."""


def openai_error(line: str, code: str | None = None, *, status: int = 400) -> dict[str, Any]:
    """One line of why, as clients of OpenAI's protocol look for it."""
    kind, usual = _KINDS.get(status, ("invalid_request_error", None))
    return {"error": {"message": line, "type": kind, "param": None, "code": code or usual}}


def read_json(body: bytes, kind: str) -> Any:
    """The value that a body of the content type `kind` holds, None for an empty one. Raises Refusal, also for what no
    encoding takes: half of a surrogate pair."""
    if not body:
        return None
    try:
        if kind.partition(";")[0].strip().lower() != "application/json":
            raise ValueError
        _count(body)
        # As text, since JSON is UTF-8, and with the parser with which Gradio and FastAPI read it: what is looked at
        # here is what they will see.
        value = json.loads(body.decode())
        is_whole = not _SURROGATE.search(body) or is_text(json.dumps(value, ensure_ascii=False))
    except (ValueError, RecursionError):
        raise Refusal(415, NO_JSON) from None
    if not is_whole:
        raise Refusal(400, "The request holds half of a surrogate pair, which is no letter. Leave it out.")
    return value


def _count(body: bytes) -> None:
    """What is far too wide is not even parsed, which would hold up everybody: a megabyte of empty lists takes 0.1 s."""
    lists, objects = body.count(b"]"), body.count(b"}")
    if lists + objects > _MOST_BRACKETS or body.count(b",") > _MOST_COMMAS:
        raise Refusal(*TOO_MANY)


def check(value: Any, *, may_name_files: bool = False) -> None:
    """Raises Refusal where a value is too deep, has too many parts, or holds a file; nothing that Gradio reads
    `may_name_files`."""
    level, count = [value], 0
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                if not may_name_files and looks_like_a_file(one):
                    raise Refusal(*FOREIGN_FILE)
                inner += [part for part in one.values() if isinstance(part, dict | list)]
            elif isinstance(one, list):
                inner += [part for part in one if isinstance(part, dict | list)]
            else:
                continue
            count += len(one)
            if count > MOST_VALUES:
                raise Refusal(*TOO_MANY)
        if not inner:
            return
        level = inner
    raise Refusal(400, f"A request may be {DEEPEST} lists or objects deep. Send it flatter.")


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
