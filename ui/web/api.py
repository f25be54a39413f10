"""The local API: what the named endpoints answer, and plain routes for other commands of the same user.

While the page runs it owns the index; `ibid ask` and the others find its address and token beside the index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from rag.answer_json import answer_from
from rag.domain import Json, Turn
from rag.errors import IbidError, QuestionError
from rag.index.owner import proof_of
from rag.ingest import Report
from ui.web.folders import Folders, OpenFolder

MOST_PASSAGES = 20
_LONGEST_NONCE = 200


def ask(
    folder: OpenFolder, question: str, turns: Sequence[Any], documents: Sequence[str], use_model: bool = True
) -> Json:
    """The Answer JSON. `turns` are earlier questions, or objects with `question` and `answer` (Answer JSON);
    a bare question is answered again first, as a follow-up may lean on what was found for it."""
    scope = folder.bot.resolve_scope(documents)
    earlier: list[Turn] = []
    for one in turns:
        earlier.append(_turn(folder, one, earlier))
    return folder.bot.ask(question, earlier, scope, use_model=use_model).json()


def search(folder: OpenFolder, question: str, documents: Sequence[str], limit: int, use_model: bool = True) -> Json:
    """Passages as in the Answer JSON, best first, and whether the dense leg took part."""
    scope = folder.bot.resolve_scope(documents)
    found = folder.bot.search(question, scope, min(max(limit, 1), MOST_PASSAGES), use_model)
    return {"passages": [passage.json() for passage in found.passages], "dense_used": found.by_meaning}


def routes(folders: Folders) -> APIRouter:
    """`POST /api/ask`, `/api/search`, `/api/ingest`, `/api/status`: JSON in, JSON out."""
    router = APIRouter(prefix="/api")

    def answering(work: Callable[[OpenFolder, dict[str, Any]], Json]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> JSONResponse:
            try:
                given = await request.json()
                # A form of a foreign page cannot send this type without being asked first.
                kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind != "application/json" or not isinstance(given, dict):
                    raise ValueError
            except (ValueError, RecursionError):
                return JSONResponse({"error": "Send a JSON object as application/json."}, 415)
            try:
                return JSONResponse(await run_in_threadpool(lambda: work(folders.get(given.get("folder")), given)))
            except IbidError as error:
                return JSONResponse({"error": str(error)}, 400)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                return JSONResponse({"error": f"The request is not as it should be: {error!r}"}, 422)

        return answer

    def ask_(folder: OpenFolder, given: dict[str, Any]) -> Json:
        turns = given.get("turns") or []
        return ask(folder, _text(given["question"]), turns, _names(given), _may_send(given))

    def search_(folder: OpenFolder, given: dict[str, Any]) -> Json:
        limit = int(given.get("limit") or 10)
        return search(folder, _text(given["question"]), _names(given), limit, _may_send(given))

    for name, work in (("ask", ask_), ("search", search_), ("ingest", _ingest), ("status", _status)):
        router.add_api_route(f"/{name}", answering(work), methods=["POST"], include_in_schema=False)
    return router


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _names(given: dict[str, Any]) -> list[str]:
    return [_text(name) for name in given.get("documents") or []]


def _may_send(given: dict[str, Any]) -> bool:
    return bool(given.get("use_model", True))


def add_health(app: FastAPI, token: str) -> None:
    """`GET /healthz`, for all. Who comes with a `nonce` gets the proof that this server knows `token`: other commands
    send theirs to nobody else."""

    @app.get("/healthz", include_in_schema=False)
    async def healthz(nonce: str | None = None) -> dict[str, str]:
        proof = {} if nonce is None else {"proof": proof_of(token, nonce[:_LONGEST_NONCE])}
        return {"status": "ok", **proof}


def _turn(folder: OpenFolder, described: Any, earlier: Sequence[Turn]) -> Turn:
    if isinstance(described, str):
        return Turn(described, folder.bot.ask(described, earlier, use_model=False))
    try:
        return Turn(str(described["question"]), answer_from(described["answer"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise QuestionError("A turn is an earlier question, or an object with `question` and `answer`.") from error


def _ingest(folder: OpenFolder, given: dict[str, Any]) -> Json:
    return report_json(folder.ingest(use_model=_may_send(given)))


def _status(folder: OpenFolder, _given: dict[str, Any]) -> Json:
    health = folder.bot.check()
    return {
        "folder": str(folder.path),
        "index": str(folder.settings.index),
        "embedder": folder.bot.embedder.fingerprint,
        "second_embedder": folder.bot.second.json() if folder.bot.second else None,
        "paragraphs": health.paragraphs,
        "sampled": health.sampled,
        "writer": folder.bot.writer,
        "indexing": folder.indexing.running,
        "documents": [record.json() for record in folder.bot.documents],
    }


def report_json(report: Report) -> Json:
    return {
        "outcomes": [
            {"document": one.document_id, "outcome": one.outcome.value, "detail": one.detail} for one in report.outcomes
        ],
        "paragraphs_embedded": report.paragraphs_embedded,
        "vectors_reused": report.vectors_reused,
        "seconds": report.seconds,
        "unfinished": report.unfinished,
    }
