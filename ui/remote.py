"""Asking the process that owns the index: while the chat runs, other commands go through its local API.

Who owns it the lock tells, not the number of a process, which may be another's by now. What listens at the address
that was noted may be another's too: it first proves that it knows the token, by a keyed hash of a number made up for
it, and only then is the token sent, and a question. (A socket in the index's folder would need no proof, but its path
may have no more than some hundred letters.)
"""

from __future__ import annotations

import http.client
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.answer_json import answer_from, passage_from
from rag.documents.left_out import LeftOut
from rag.domain import Answer, Json, Passage, Turn
from rag.errors import IbidError, IndexBusyError
from rag.index.owner import Owner, is_held, proof_of, read_owner
from rag.ingest import FileOutcome, Outcome, Report

BUSY = 409
"""What the chat answers where another process is writing to the index that both share."""
_PATIENCE = 600.0
_TURNS = 20
"""As many as the chat reads (`ui.web.api.MOST_TURNS`)."""
_PROMPT = 30.0
"""Seconds: an answer may take long, the proof does not."""


class Remote:
    """The chatbot of another process on the same index. What that one refuses is raised here in its words."""

    def __init__(self, owner: Owner, folder: str) -> None:
        self.owner = owner
        self._folder = folder

    @property
    def writer(self) -> str | None:
        """The model that the other process sends text to, and its host."""
        with self.understood():
            told = self.status["writer"]
            return str(told) if told else None

    @property
    def second(self) -> str | None:
        """The second embedder that the other process sends text to, and its host."""
        with self.understood():
            told = self.status["second_embedder"]
            return str(told["name"]) if told else None

    def ask(self, question: str, turns: Sequence[Turn], documents: Sequence[str], use_model: bool) -> Answer:
        # The last ones, and of their answers not the passages: so many are taken, and no more of them is read.
        without: Json = {"passages": [], "closest": [], "reasoning": None}
        earlier = [{"question": turn.question, "answer": turn.answer.json() | without} for turn in turns[-_TURNS:]]
        told = self._call("ask", question=question, turns=earlier, documents=list(documents), use_model=use_model)
        with self.understood():
            return answer_from(told)

    def search(
        self, question: str, documents: Sequence[str], limit: int, use_model: bool
    ) -> tuple[list[Passage], bool]:
        """The passages, and whether the dense leg took part."""
        found = self._call("search", question=question, documents=list(documents), limit=limit, use_model=use_model)
        with self.understood():
            return [passage_from(one) for one in found["passages"]], bool(found["dense_used"])

    def ingest(self, use_model: bool, *, again: bool = True) -> Report:
        """With `use_model` false nothing is sent to a second embedder for it; with `again` false what could not be
        read and did not change is left alone."""
        told = self._call("ingest", use_model=use_model, again=again)
        with self.understood():
            outcomes = tuple(
                FileOutcome(one["document"], Outcome(one["outcome"]), one["detail"]) for one in told["outcomes"]
            )
            return Report(
                outcomes=outcomes,
                paragraphs_embedded=told["paragraphs_embedded"],
                vectors_reused=told["vectors_reused"],
                seconds=told["seconds"],
                unfinished=told["unfinished"],
                left_out=tuple(LeftOut(one["document"], one["reason"]) for one in told["left_out"]),
            )

    @property
    def is_indexing(self) -> bool:
        with self.understood():
            return bool(self.status["indexing"])

    @property
    def to_come(self) -> int:
        """How many files are known not to be in yet."""
        with self.understood():
            return int(self.status["to_come"])

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
        try:
            return _answer(request, self.owner, _PATIENCE)
        except urllib.error.HTTPError as refused:
            with refused:
                raise (IndexBusyError if refused.code == BUSY else IbidError)(_reason(refused)) from refused

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Another version may answer in another shape."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _foreign(self.owner) from error


def find_owner(index: Path) -> Remote | None:
    """The process that holds the index and answers for others; None where there is none. Raises IndexBusyError where
    the index is held and something else answers in its place."""
    owner = read_owner(index) if is_held(index) else None
    if owner is None or not owner.address or not owner.token:
        return None
    nonce = secrets.token_urlsafe(32)
    try:
        request = urllib.request.Request(f"{owner.address}/healthz?nonce={nonce}")  # noqa: S310
        proof = _answer(request, owner, _PROMPT).get("proof")
    except urllib.error.HTTPError as refused:
        refused.close()
        raise _foreign(owner) from refused
    except ValueError as error:
        raise _foreign(owner) from error
    if not isinstance(proof, str) or not secrets.compare_digest(proof.encode(), proof_of(owner.token, nonce).encode()):
        raise _foreign(owner)
    return Remote(owner, index.name)


def _answer(request: urllib.request.Request, owner: Owner, patience: float) -> dict[str, Any]:
    # No proxy of the environment stands between two processes of one machine, and no answer leads elsewhere.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Straight)
    try:
        with opener.open(request, timeout=patience) as response:
            answered = json.load(response)
    except urllib.error.HTTPError:
        raise
    except (ValueError, RecursionError, http.client.HTTPException) as error:
        raise _foreign(owner) from error
    except OSError as error:
        raise IndexBusyError(
            f"The index is held by {owner}, which does not answer. Stop it, or wait, and try again."
        ) from error
    if not isinstance(answered, dict):
        raise _foreign(owner)
    return answered


def _foreign(owner: Owner) -> IndexBusyError:
    return IndexBusyError(
        f"The index is held, and what answers at {owner.address} is not the chat that holds it, or not of this "
        "version. Stop the chat and start it again."
    )


class _Straight(urllib.request.HTTPRedirectHandler):
    """Follows nobody: the token would go along."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _reason(refused: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(refused)["error"])
    except (ValueError, KeyError, TypeError):
        return f"The running chat refused: {refused.code} {refused.reason}."
