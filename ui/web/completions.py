"""Ibid as a model for programs that speak OpenAI's protocol: `/v1/models` and `/v1/chat/completions`.

The last message of the user is the question, the ones before it are what it may lean on; what a system says is left
out, as nobody tells Ibid how to answer. An answer is Markdown with a footnote for each citation, which quotes it word
for word, and has the citations as annotations too: where they stand in the answer, and the address at which the page
shows them.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import regex
from fastapi import APIRouter, Request
from fastapi.concurrency import iterate_in_threadpool, run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse

from rag.answer.evidence import before_pending
from rag.domain import Answer, Citation, Json, Statement
from rag.errors import FolderError, IbidError, QuestionError
from ui.web.api import growing
from ui.web.bodies import openai_error
from ui.web.export import note_markdown, plain, statement_markdown
from ui.web.folder import Folder
from ui.web.folders import Folders
from ui.web.passages import citation_address
from ui.web.who import User, user_of
from ui.words import excerpt

MODEL = "ibid"
"""The folder that the chat was started with; others are `ibid/NAME`."""

_AT_ONCE = 8
_BETWEEN = "\n\n"
"""Of two paragraphs in Markdown."""
_ITEM = regex.compile(r"(?:(?P<number>\d{1,2}\.)|•)(?:\s+|$)")
_EARLIER = 3
"""Questions before the last one that are read: answers lean on no more."""


def completion_routes(folders: Folders) -> APIRouter:
    router = APIRouter(prefix="/v1")
    limiter = asyncio.Semaphore(_AT_ONCE)

    async def models() -> Json:
        names = [MODEL, *(f"{MODEL}/{folders.name_of(path)}" for path in folders.known().values())]
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": MODEL} for name in dict.fromkeys(names)]
        return {"object": "list", "data": listed}

    async def model(name: str) -> Response:
        found = next((one for one in (await models())["data"] if one["id"] == name), None)
        line = f"No folder is known as {name}. `/v1/models` lists those that are."
        return JSONResponse(found) if found else JSONResponse(openai_error(line, "model_not_found"), 404)

    async def complete(request: Request) -> Response:
        try:
            given = await request.json()
            user = user_of(request.scope)
            asked = await run_in_threadpool(lambda: _Asked(folders, user, given))
        except IbidError as error:
            return _refused(str(error))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return _refused("Send a JSON object with `messages`, of which the last one is the user's.")
        site = str(request.base_url)
        if given.get("stream"):
            return StreamingResponse(_streamed(asked, site, limiter), media_type="text/event-stream")
        async with limiter:
            try:
                return JSONResponse(await run_in_threadpool(lambda: asked.whole(site)))
            except IbidError as error:
                return _refused(str(error))

    router.add_api_route("/models", models, methods=["GET"], include_in_schema=False)
    router.add_api_route("/models/{name:path}", model, methods=["GET"], include_in_schema=False)
    router.add_api_route("/chat/completions", complete, methods=["POST"], include_in_schema=False)
    return router


def _refused(line: str) -> Response:
    return JSONResponse(openai_error(line), 400)


class _Asked:
    """A request: the folder that its model stands for, its question and the questions before it. Raises IbidError where
    there is none of these."""

    def __init__(self, folders: Folders, user: User, given: dict[str, Any]) -> None:
        self.model = str(given.get("model") or MODEL)
        self.folder = _folder(folders, user, self.model)
        said = [_text(one["content"]) for one in given["messages"] if one["role"] == "user"]
        if not said:
            raise QuestionError("There is no message of the user. Send one.")
        *earlier, self._question = said[-_EARLIER - 1 :]
        self._earlier = [one for one in earlier if one.strip()]
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(time.time())

    def answers(self) -> Generator[Answer, None, None]:
        """The answer as it grows."""
        return growing(self.folder, self._question, self._earlier, ())

    def whole(self, site: str) -> Json:
        *_, answer = self.answers()
        content, annotations = written(answer, folder=self.folder.key, site=site)
        message = {"role": "assistant", "content": content, "annotations": annotations}
        choice = {"index": 0, "message": message, "finish_reason": _finish(answer), "logprobs": None}
        return {**self._envelope("chat.completion"), "choices": [choice], "usage": _usage(answer)}

    def chunks(self, site: str) -> Iterator[Json]:
        """What is settled of the answer as soon as it is, then the rest with the footnotes."""
        sent, answer = "", None
        yield self._chunk({"role": "assistant", "content": ""})
        with closing(self.answers()) as growing:
            for answer in growing:
                settled = "" if answer.complete else _said(answer, before_pending(answer.statements))
                if len(settled) > len(sent) and settled.startswith(sent):
                    yield self._chunk({"content": settled[len(sent) :]})
                    sent = settled
        assert answer is not None
        rest, annotations = _rest(answer, sent, folder=self.folder.key, site=site)
        yield self._chunk({"content": rest, "annotations": annotations})
        yield {**self._chunk({}, finish=_finish(answer)), "usage": _usage(answer)}

    def _chunk(self, delta: Json, finish: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return {**self._envelope("chat.completion.chunk"), "choices": [choice]}

    def _envelope(self, kind: str) -> Json:
        return {"id": self._id, "object": kind, "created": self._created, "model": self.model}


async def _streamed(asked: _Asked, site: str, limiter: asyncio.Semaphore) -> AsyncIterator[str]:
    async with limiter:
        try:
            async for chunk in iterate_in_threadpool(asked.chunks(site)):
                yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
        except IbidError as error:
            yield f"data: {json.dumps(openai_error(str(error)), ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"


def _folder(folders: Folders, user: User, model: str) -> Folder:
    name = model.removeprefix(MODEL).lstrip("/")
    if model == MODEL or not model.startswith(f"{MODEL}/"):
        # Clients send whatever name they were set up with.
        return folders.seen_by(user, None)
    key = next((key for key, path in folders.known().items() if folders.name_of(path) == name), None)
    if key is None:
        raise FolderError(f"No folder is known as {name}. `/v1/models` lists those that are.")
    return folders.seen_by(user, key)


def _text(content: Any) -> str:
    """The text of a message, which may come in parts; pictures and sounds are left out."""
    if isinstance(content, list):
        return "\n".join(str(part["text"]) for part in content if part.get("type") == "text")
    return str(content or "")


def _rest(answer: Answer, sent: str, *, folder: str, site: str) -> tuple[str, list[Json]]:
    """What is still to be sent of an answer, and its annotations, which count from the beginning of all that is. What
    was sent cannot be taken back: a notice comes behind it, and an answer that turned out otherwise comes whole."""
    for is_last in (False, True):
        content, annotations = written(answer, folder=folder, site=site, notice_last=is_last)
        if content.startswith(sent):
            return content[len(sent) :], annotations
    rule = f"{_BETWEEN}---{_BETWEEN}"
    content, annotations = written(answer, folder=folder, site=site)
    return f"{rule}{content}", [_moved(one, by=len(sent) + len(rule)) for one in annotations]


def written(answer: Answer, *, folder: str, site: str, notice_last: bool = False) -> tuple[str, list[Json]]:
    """An answer as Markdown, and its annotations: for each citation where the statement that it backs stands in that,
    and the address of its place. What is to be known of it stands in front, or behind its statements."""
    if answer.abstained or not answer.statements:
        return _BETWEEN.join(filter(None, [plain(answer.notice or "Not in your documents."), _closest(answer)])), []
    notice = _notice(answer)
    first = replace(answer, notice=None) if notice_last else answer
    annotations: list[Json] = []
    start = len(_head(first))
    for statement in answer.statements:
        end = start + len(_paragraph(statement))
        annotations += [_annotation(citation, start, end, folder=folder, site=site) for citation in statement.citations]
        start = end + len(_BETWEEN)
    missing = ", ".join(f"“{plain(word)}”" for word in answer.unmentioned)
    parts = [
        _said(first, answer.statements),
        notice if notice_last else "",
        f"Nothing here mentions {missing}." if missing else "",
        "\n".join(map(note_markdown, answer.sources)),
        _closest(answer),
    ]
    return _BETWEEN.join(filter(None, parts)), annotations


def _annotation(citation: Citation, start: int, end: int, *, folder: str, site: str) -> Json:
    address = citation_address(folder, citation)
    told = {"title": citation.source.title, "url": f"{site}{address}", "start_index": start, "end_index": end}
    return {"type": "url_citation", "url_citation": told}


def _moved(annotation: Json, *, by: int) -> Json:
    told = annotation["url_citation"]
    places = {name: told[name] + by for name in ("start_index", "end_index")}
    return {**annotation, "url_citation": {**told, **places}}


def _notice(answer: Answer) -> str:
    return f"*{plain(answer.notice)}*" if answer.notice else ""


def _head(answer: Answer) -> str:
    """What stands in front: that the answer is not sure, or what is to be known of it."""
    return f"{_notice(answer)}{_BETWEEN}" if answer.notice else ""


def _said(answer: Answer, statements: Sequence[Statement]) -> str:
    """These of its statements, behind what stands in front; nothing where there is none."""
    return _head(answer) + _BETWEEN.join(map(_paragraph, statements)) if statements else ""


def _paragraph(statement: Statement) -> str:
    """A statement as Markdown, an item of a list as one."""
    item = _ITEM.match(statement.lead or "")
    if item is None:
        return statement_markdown(statement)
    said = statement_markdown(replace(statement, lead=(statement.lead or "")[item.end() :] or None))
    return f"{item['number'] or '-'} {said}"


def _finish(answer: Answer) -> str:
    """Why it ended, in the protocol's words: it has none for what broke off."""
    return "length" if answer.cut == "broken" else answer.cut or "stop"


def _closest(answer: Answer) -> str:
    if not answer.closest:
        return ""
    head = "Related passages – not an answer:" if answer.abstained else "Related passages:"
    shown = [(excerpt(one.paragraph.text, about=answer.question), one) for one in answer.closest]
    lines = [f"- {plain(text)} – {plain(one.source.title)}, {plain(one.paragraph.place)}" for text, one in shown]
    return "\n".join([head, *lines])


def _usage(answer: Answer) -> Json:
    sent, received = (int(answer.usage.get(name, 0)) for name in ("prompt_tokens", "completion_tokens"))
    return {"prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received}
