"""Pages of documents as pictures, and their files to be downloaded: plain routes behind the guard.

Nothing but a document that is in, and that whoever asks may read, is given out, and only in the revision that the
address names, so that what a browser keeps under one address never changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from rag.domain import document_name
from rag.errors import DocumentError, IbidError
from rag.index.records import Record
from ui.web.folder import Folder
from ui.web.folders import Folders
from ui.web.who import User, user_of

_AT_ONCE = 4
"""Requests that are answered at one time: two pages are drawn at once, and the others would only hold threads."""

_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
_NEVER = {"cache-control": "no-store"}

Give = Callable[[Folder, Record], Response]


def originals(folders: Folders) -> APIRouter:
    """`GET /pages/FOLDER/DOCUMENT/PAGE.webp?revision=…` and `GET /original/FOLDER/DOCUMENT?revision=…`; 404 and one
    line where there is no such thing."""
    router, limiter = APIRouter(), asyncio.Semaphore(_AT_ONCE)

    async def answered(request: Request, folder: str, document: str, revision: str, give: Give) -> Response:
        user = user_of(request.scope)
        async with limiter:
            return await run_in_threadpool(_given, folders, user, folder, document, revision=revision, give=give)

    @router.api_route("/pages/{folder}/{document:path}/{page:int}.webp", methods=["GET", "HEAD"])
    async def page(request: Request, folder: str, document: str, page: int, revision: str = "") -> Response:
        return await answered(request, folder, document, revision, lambda at, record: _page(at, record, page))

    @router.api_route("/original/{folder}/{document:path}", methods=["GET", "HEAD"])
    async def original(request: Request, folder: str, document: str, revision: str = "") -> Response:
        return await answered(request, folder, document, revision, _original)

    return router


def _given(folders: Folders, user: User, key: str, document: str, *, revision: str, give: Give) -> Response:
    name = document_name(document)
    try:
        folder = folders.seen_by(user, key)
        record = folder.record(document)
        if record is None:
            raise DocumentError("is not among the documents")
        if record.revision != revision:
            raise DocumentError("has changed: open it again")
        return give(folder, record)
    except DocumentError as error:
        return PlainTextResponse(f"{name} {error}.\n", 404, headers=_NEVER)
    except IbidError as error:
        return PlainTextResponse(f"{error}\n", 404, headers=_NEVER)


def _page(folder: Folder, record: Record, number: int) -> Response:
    image = folder.bot.originals.page_image(record, number)
    return Response(image.webp, media_type="image/webp", headers=_FOREVER)


def _original(folder: Folder, record: Record) -> Response:
    """As bytes to be kept, whatever they are: a web page among the documents must not be one of ours."""
    data = folder.bot.originals.read(record)
    name = quote(document_name(record.document_id).rpartition("/")[2], safe="")
    headers = {"content-disposition": f"attachment; filename*=utf-8''{name}", "x-content-type-options": "nosniff"}
    return Response(data, media_type="application/octet-stream", headers=headers | _NEVER)
