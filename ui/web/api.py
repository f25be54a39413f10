"""The local API: what the named endpoints answer, and plain routes for other commands of the same user.

While the page runs it owns the index; `ibid ask` and the others find its address and token beside the index.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from rag.answer.outcomes import noted
from rag.answer_json import answer_from
from rag.domain import Answer, Json, Question, Turn
from rag.errors import IbidError, IndexBusyError, QuestionError, ScopeError
from rag.ingest import Report
from rag.status import status_json
from ui.remote import BUSY
from ui.web.bodies import NO_JSON
from ui.web.folder import Folder
from ui.web.folders import Folders
from ui.web.who import User, user_of

MOST_PASSAGES = 20
MOST_TURNS = 20
"""Earlier questions: what is asked leans on the last few, and a bare one is answered anew."""
MOST_NAMES = 500

_AT_ONCE = {"ask": 12, "search": 12, "ingest": 2, "status": 2}
"""Threads for each kind of call, of 40 that there are: who waits for an ingest, or asks much, holds up no others."""


def never() -> bool:
    """Nobody ever leaves."""
    return False


def growing(
    folder: Folder,
    question: str,
    turns: Sequence[Any],
    documents: Sequence[str],
    use_model: bool = True,
    has_left: Callable[[], bool] = never,
) -> Generator[Answer, None, None]:
    """The answer as it grows, at least once. `turns` are earlier questions, or objects with `question` and `answer`
    (Answer JSON); a bare question is answered again first, as a follow-up may lean on what was found for it. Raises
    QuestionError for too many of them, ScopeError for too many names, and CallerLeftError soon after `has_left` says
    so."""
    if len(turns) > MOST_TURNS:
        raise QuestionError(f"There are {len(turns):,} turns; at most {MOST_TURNS} are read. Send the last ones.")
    _bring_in_line(folder, use_model=use_model, has_left=has_left)
    scope = _scope(folder, documents)
    earlier: list[Turn] = []
    for one in turns:
        _go_on(has_left)
        earlier.append(_turn(folder, one, earlier))
    _go_on(has_left)
    for answer in folder.bot.stream(Question(question, turns=earlier, scope=scope, offline=not use_model)):
        _go_on(has_left)
        yield noted(answer, folder.indexing.so_far) if answer.complete else answer


def _whole(answers: Iterable[Answer]) -> Json:
    """The Answer JSON of an answer that has grown."""
    *_, answer = answers
    return answer.json()


def found(
    folder: Folder,
    question: str,
    documents: Sequence[str],
    limit: int,
    use_model: bool = True,
    has_left: Callable[[], bool] = never,
) -> Json:
    """Passages as in the Answer JSON, best first. `dense_used` says whether they were also compared by meaning, by the
    shipped embedder or a second one; `Retrieval` tells the two apart, and means the shipped one by that name."""
    _bring_in_line(folder, use_model=use_model, has_left=has_left)
    scope = _scope(folder, documents)
    asked = Question(question, scope=scope, offline=not use_model)
    retrieved = folder.bot.search(asked, limit=min(max(limit, 1), MOST_PASSAGES))
    return {"passages": [passage.json() for passage in retrieved.passages], "dense_used": retrieved.by_meaning}


class CallerLeftError(IbidError):
    """Ends the work for somebody who does not wait for it any more."""


def _go_on(has_left: Callable[[], bool]) -> None:
    if has_left():
        raise CallerLeftError("The caller has left.")


def _bring_in_line(folder: Folder, *, use_model: bool, has_left: Callable[[], bool]) -> None:
    for _ in folder.brought_in_line(use_model=use_model):
        _go_on(has_left)


def _scope(folder: Folder, documents: Sequence[str]) -> frozenset[str] | None:
    names = list(dict.fromkeys(documents))
    if len(names) > MOST_NAMES:
        raise ScopeError(f"There are {len(names):,} names of documents; at most {MOST_NAMES} are read. Name fewer.")
    return folder.bot.resolve_scope(names)


def endpoints(folders: Folders) -> tuple[Callable[..., dict[str, Any]], ...]:
    """`ask` and `search` for other programs, over the folder the chat was started with; who calls is told first. As MCP
    tools they carry these names and descriptions."""

    def ask(
        user: User, question: str, turns: list[Any] | None = None, scope: list[str] | None = None
    ) -> dict[str, Any]:
        """Ask the documents a question and get the Answer JSON: statements, each with verbatim citations and a
        verdict; or an abstention with the closest passages.

        Args:
            question: The question, in plain words.
            turns: Earlier questions of the same conversation, oldest first.
            scope: Names of the documents to answer from; all of them where left out.
        """
        return _whole(growing(folders.seen_by(user, None), question, turns or [], scope or []))

    def search(user: User, question: str, scope: list[str] | None = None, limit: int | None = None) -> dict[str, Any]:
        """Find the passages of the documents that fit a question, best first, with their places and ranks.

        Args:
            question: What to look for.
            scope: Names of the documents to search; all of them where left out.
            limit: How many passages at most, 1 to 20; 10 where left out.
        """
        return dict(found(folders.seen_by(user, None), question, scope or [], limit or 10))

    return ask, search


HasLeft = Callable[[], bool]
Work = Callable[[Folder, dict[str, Any], HasLeft], Json]


def routes(folders: Folders) -> APIRouter:
    """`POST /api/ask`, `/api/search`, `/api/ingest`, `/api/status`: JSON in, JSON out."""
    router = APIRouter(prefix="/api")

    def ask(folder: Folder, given: dict[str, Any], has_left: HasLeft) -> Json:
        turns = _list(given.get("turns"), "turns")
        return _whole(growing(folder, _text(given["question"]), turns, _names(given), _may_send(given), has_left))

    def search(folder: Folder, given: dict[str, Any], has_left: HasLeft) -> Json:
        limit = int(given.get("limit") or 10)
        return found(folder, _text(given["question"]), _names(given), limit, _may_send(given), has_left)

    for name, work in (("ask", ask), ("search", search), ("ingest", _ingest), ("status", _status)):
        router.add_api_route(
            f"/{name}", _answering(folders, work, _AT_ONCE[name]), methods=["POST"], include_in_schema=False
        )
    return router


def _answering(folders: Folders, work: Work, at_once: int) -> Callable[[Request], Any]:
    limiter = asyncio.Semaphore(at_once)

    async def answer(request: Request) -> Response:
        try:
            given = await request.json()
            if not isinstance(given, dict):
                raise ValueError
        except (ValueError, RecursionError):
            return JSONResponse({"error": NO_JSON}, 415)
        left, user = threading.Event(), user_of(request.scope)
        watching = asyncio.create_task(_watch(request, left))
        try:
            async with limiter:
                _go_on(left.is_set)
                answered = await run_in_threadpool(
                    lambda: work(folders.seen_by(user, given.get("folder")), given, left.is_set)
                )
            return JSONResponse(answered)
        except IbidError as error:
            return JSONResponse({"error": str(error)}, BUSY if isinstance(error, IndexBusyError) else 400)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            return JSONResponse({"error": f"The request is not as it should be: {error!r}"}, 422)
        finally:
            watching.cancel()

    return answer


async def _watch(request: Request, left: threading.Event) -> None:
    """Notice when the caller hangs up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    left.set()


def _list(value: Any, name: str) -> list[Any]:
    if not value:
        return []
    if not isinstance(value, list):
        raise TypeError(f"{name} is no list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _names(given: dict[str, Any]) -> list[str]:
    return [_text(name) for name in _list(given.get("documents"), "documents")]


def _may_send(given: dict[str, Any]) -> bool:
    return bool(given.get("use_model", True))


def _turn(folder: Folder, described: Any, earlier: Sequence[Turn]) -> Turn:
    if isinstance(described, str):
        return Turn(described, folder.bot.ask(Question(described, turns=earlier, offline=True)))
    try:
        return Turn(str(described["question"]), answer_from(described["answer"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise QuestionError("A turn is an earlier question, or an object with `question` and `answer`.") from error


def _ingest(folder: Folder, given: dict[str, Any], _: HasLeft) -> Json:
    again = bool(given.get("again", True))
    return report_json(folder.ingest(use_model=_may_send(given), again=again))


def _status(folder: Folder, _given: dict[str, Any], _: HasLeft) -> Json:
    indexing = folder.indexing
    return status_json(
        folder.bot,
        settings=folder.settings,
        indexing=indexing.running,
        to_come=indexing.to_come,
        left_out=indexing.left_out,
    )


def report_json(report: Report) -> Json:
    return {
        "outcomes": [
            {"document": one.document_id, "outcome": one.outcome.value, "detail": one.detail} for one in report.outcomes
        ],
        "paragraphs_embedded": report.paragraphs_embedded,
        "vectors_reused": report.vectors_reused,
        "seconds": report.seconds,
        "unfinished": report.unfinished,
        "left_out": [one.json() for one in report.left_out],
    }
