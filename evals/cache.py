"""What was asked once of the same tree, corpus, settings and model is not asked again: an interrupted run goes on
where it stopped."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.results import Asked, asked_from, writing
from rag.chatbot import Chatbot


@dataclass
class Cache:
    """Answers by what was asked, in a file for each fingerprint; written as they come."""

    path: Path
    _kept: dict[str, Asked] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").split("\n"):
            try:
                described = json.loads(line)
                self._kept[described["key"]] = asked_from(described)
            except (ValueError, KeyError, TypeError):
                continue  # the line that a kill cut off

    def get(self, key: str) -> Asked | None:
        return self._kept.get(key)

    def put(self, key: str, *, asked: Asked) -> None:
        """Keep an answer; an error is none, and is asked again the next time."""
        if asked.error is not None:
            return
        with self._lock, writing(self.path):
            self._kept[key] = asked
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, **asked.json()}, ensure_ascii=False) + "\n")


def fingerprint(bot: Chatbot, *, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's numbers depend on: corpus revisions, the bytes of `rag/`, settings without secrets, models."""
    revisions = "".join(f"{record.document_id}{record.revision}" for record in bot.documents)
    gate = f"{bot.gathering.gate}"
    return {
        "version": 1,
        "corpus": hashlib.sha256(revisions.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        "documents": len(bot.documents),
        "code": code_hash(),
        "embedder": bot.gathering.embedder.fingerprint,
        "second embedder": bot.second.name if bot.second else None,
        "gate": hashlib.sha256(gate.encode()).hexdigest()[:16],
        "settings": settings,
    }


def fingerprint_hash(described: Mapping[str, Any]) -> str:
    """One name for all that numbers depend on: the cache of answers lies under it."""
    parts = ("corpus", "code", "embedder", "second embedder", "gate", "settings", "mode", "model")
    depended = {part: described.get(part) for part in parts}
    return hashlib.sha256(json.dumps(depended, sort_keys=True).encode()).hexdigest()[:16]


def code_hash() -> str:
    """A hash of every source and model file of `rag/`: an edited tree never passes for another."""
    folder = Path(__file__).resolve().parent.parent / "rag"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".py", ".json", ".onnx"):
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
