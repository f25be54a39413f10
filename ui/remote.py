"""Asking the process that owns the index: while the chat runs, other commands go through its local API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.answer_json import answer_from, passage_from
from rag.domain import Answer, Json, Passage, Turn
from rag.errors import IbidError, IndexBusyError
from rag.index.store import Owner, read_owner
from rag.ingest import FileOutcome, Outcome, Report

_PATIENCE = 600.0
_TURNS = 20
"""As many as the chat reads (`ui.web.api.MOST_TURNS`)."""


class Remote:
    """The chatbot of another process on the same index. What that one refuses is raised here in its words."""

    def __init__(self, owner: Owner, folder: str) -> None:
        self.owner = owner
        self._folder = folder

    @property
    def writer(self) -> str | None:
        """The model that the other process sends text to, and its host."""
        told = self.status["writer"]
        return str(told) if told else None

    @property
    def second(self) -> str | None:
        """The second embedder that the other process sends text to, and its host."""
        told = self.status["second_embedder"]
        return str(told["name"]) if told else None

    def ask(self, question: str, turns: Sequence[Turn], documents: Sequence[str], use_model: bool) -> Answer:
        # The last ones, and of their answers not the passages: so many are taken, and no more of them is read.
        without: Json = {"passages": [], "closest": []}
        earlier = [{"question": turn.question, "answer": turn.answer.json() | without} for turn in turns[-_TURNS:]]
        return answer_from(
            self._call("ask", question=question, turns=earlier, documents=list(documents), use_model=use_model)
        )

    def search(
        self, question: str, documents: Sequence[str], limit: int, use_model: bool
    ) -> tuple[list[Passage], bool]:
        """The passages, and whether the dense leg took part."""
        found = self._call("search", question=question, documents=list(documents), limit=limit, use_model=use_model)
        return [passage_from(one) for one in found["passages"]], bool(found["dense_used"])

    def ingest(self, use_model: bool) -> Report:
        """With `use_model` false nothing is sent to a second embedder for it."""
        told = self._call("ingest", use_model=use_model)
        outcomes = tuple(
            FileOutcome(one["document"], Outcome(one["outcome"]), one["detail"]) for one in told["outcomes"]
        )
        counted = told["paragraphs_embedded"], told["vectors_reused"], told["seconds"]
        return Report(outcomes, *counted, told["unfinished"])

    @cached_property
    def status(self) -> Json:
        """What `ibid status --json` prints; the index is checked for it, so it is asked once."""
        return self._call("status")

    def _call(self, name: str, **given: Any) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 – the address is the one the owner wrote beside the index
            f"{self.owner.address}/api/{name}",
            json.dumps({"folder": self._folder, **given}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.owner.token}"},
        )
        # No proxy of the environment stands between two processes of one machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_PATIENCE) as response:
                answered: dict[str, Any] = json.load(response)
                return answered
        except urllib.error.HTTPError as refused:
            raise IbidError(_reason(refused)) from refused
        except (OSError, ValueError) as error:
            raise IndexBusyError(
                f"The index is held by {self.owner}, which does not answer. Stop it, or wait, and try again."
            ) from error


def find_owner(index: Path) -> Remote | None:
    """The process that holds the index and answers for others; None where there is none."""
    owner = read_owner(index)
    if (
        owner is None
        or owner.address is None
        or (not (Path("/proc") / str(owner.pid)).exists() and Path("/proc").exists())
    ):
        return None
    return Remote(owner, index.name)


def _reason(refused: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(refused)["error"])
    except (ValueError, KeyError, TypeError):
        return f"The running chat refused: {refused.code} {refused.reason}."
