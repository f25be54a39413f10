"""The command, run in an environment of its own, and what its JSON has in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT, bare_environment

ANSWER_KEYS = [
    "version", "question", "searched_for", "mode", "model", "complete", "abstained", "confidence", "notice", "text", "statements",
    "passages", "closest", "missing_terms", "unmentioned", "named", "gate", "seconds", "usage",
]  # fmt: skip
STATEMENT_KEYS = ["text", "lead", "verdict", "reason", "conflicts_with", "citations"]
PLACE_KEYS = ["document", "title", "revision", "paragraph", "role", "speaker", "time", "heading", "page", "date"]
CITATION_KEYS = ["mark", *PLACE_KEYS, "start", "end", "quote", "bold", "also"]
PASSAGE_KEYS = [*PLACE_KEYS, "text", "score", "ranks"]


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str


class Ibid:
    """The command in an environment of its own: one home, one documents folder, nothing ambient."""

    def __init__(self, home: Path, documents: Path) -> None:
        self.home, self.documents = home, documents

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return bare_environment() | {"IBID_HOME": str(self.home), "IBID_DOCUMENTS": str(self.documents), **(more or {})}

    def run(
        self, *arguments: str | bytes, given: bytes = b"", more: Mapping[str, str] | None = None, code: str = ""
    ) -> Run:
        command = [sys.executable, "-c", code or "from ui.cli import main; main()", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment(more), input=given, capture_output=True, timeout=300, check=False
        )
        return Run(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    @property
    def index(self) -> Path:
        (index,) = (self.home / "indexes").iterdir()
        return index
