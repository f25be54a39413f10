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
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import iterate_in_threadpool, run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse

from rag.documents.context import display
from rag.domain import Answer, Json, Question, Statement, Turn, Verdict
from rag.errors import FolderError, IbidError, QuestionError
from ui.web.folders import Folders, OpenFolder
from ui.web.markup import place_address
from ui.words import excerpt

MODEL = "ibid"
"""The folder that the chat was started with; others are `ibid/NAME`."""

_AT_ONCE = 8
_EARLIER = 3
"""Questions before the last one that are read: answers lean on no more."""


def completion_routes(folders: Folders) -> APIRouter:
    router = APIRouter(prefix="/v1")
    limiter = asyncio.Semaphore(_AT_ONCE)

    async def models() -> Json:
        names = [MODEL, *(f"{MODEL}/{path.name}" for path in folders.known().values())]
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": MODEL} for name in dict.fromkeys(names)]
        return {"object": "list", "data": listed}

    async def complete(request: Request) -> Response:
        try:
            given = await request.json()
            asked = await run_in_threadpool(lambda: _Asked(folders, given))
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
    router.add_api_route("/chat/completions", complete, methods=["POST"], include_in_schema=False)
    return router


def _refused(line: str) -> Response:
    return JSONResponse({"error": {"message": line, "type": "invalid_request_error", "code": None}}, 400)


class _Asked:
    """A request: the folder that its model stands for, its question and the questions before it. Raises IbidError where
    there is none of these."""

    def __init__(self, folders: Folders, given: dict[str, Any]) -> None:
        self.model = str(given.get("model") or MODEL)
        self.folder = _folder(folders, self.model)
        said = [_text(one["content"]) for one in given["messages"] if one["role"] == "user"]
        if not said:
            raise QuestionError("There is no message of the user. Send one.")
        *self._earlier, self._question = said[-_EARLIER - 1 :]
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(time.time())

    def answers(self) -> Generator[Answer, None, None]:
        """The answer as it grows."""
        for _ in self.folder.brought_in_line():
            pass
        turns: list[Turn] = []
        for one in self._earlier:
            if one.strip():
                turns.append(Turn(one, self.folder.bot.ask(Question(one, turns=turns, offline=True))))
        yield from self.folder.bot.stream(Question(self._question, turns=turns))

    def whole(self, site: str) -> Json:
        *_, answer = self.answers()
        content, annotations = written(answer, folder=self.folder.key, site=site)
        message = {"role": "assistant", "content": content, "annotations": annotations}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {**self._envelope("chat.completion"), "choices": [choice], "usage": _usage(answer)}

    def chunks(self, site: str) -> Iterator[Json]:
        """What is settled of the answer as soon as it is, then the rest with the footnotes."""
        sent, answer = "", None
        yield self._chunk({"role": "assistant", "content": ""})
        with closing(self.answers()) as growing:
            for answer in growing:
                settled = "" if answer.complete else _said(_settled(answer))
                if len(settled) > len(sent) and settled.startswith(sent):
                    yield self._chunk({"content": settled[len(sent) :]})
                    sent = settled
        assert answer is not None
        content, annotations = written(answer, folder=self.folder.key, site=site)
        # What was sent cannot be taken back: an answer that turned out otherwise comes whole behind it.
        rest = content[len(sent) :] if content.startswith(sent) else f"\n\n---\n\n{content}"
        yield self._chunk({"content": rest, "annotations": annotations})
        yield {**self._chunk({}, finish="stop"), "usage": _usage(answer)}

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
            yield f"data: {json.dumps({'error': {'message': str(error), 'type': 'invalid_request_error'}})}\n\n"
    yield "data: [DONE]\n\n"


def _folder(folders: Folders, model: str) -> OpenFolder:
    name = model.removeprefix(MODEL).lstrip("/")
    if model == MODEL or not model.startswith(f"{MODEL}/"):
        # Clients send whatever name they were set up with.
        return folders.get(None)
    key = next((key for key, path in folders.known().items() if path.name == name), None)
    if key is None:
        raise FolderError(f"No folder is known as {name}. `/v1/models` lists those that are.")
    return folders.get(key)


def _text(content: Any) -> str:
    """The text of a message, which may come in parts; pictures and sounds are left out."""
    if isinstance(content, list):
        return "\n".join(str(part["text"]) for part in content if part.get("type") == "text")
    return str(content or "")


def written(answer: Answer, *, folder: str, site: str) -> tuple[str, list[Json]]:
    """An answer as Markdown, and its annotations: for each citation where the statement that it backs stands in that,
    and the address of its place."""
    if answer.abstained or not answer.statements:
        return "\n\n".join(filter(None, [answer.notice or "Not in your documents.", _closest(answer)])), []
    body, annotations = _head(answer), []
    for i, statement in enumerate(answer.statements):
        body += "\n\n" if i else ""
        start = len(body)
        body += _statement(statement)
        for citation in statement.citations:
            paragraph = citation.paragraph
            address = place_address(folder, paragraph.document_id, paragraph.number, citation.start, citation.end)
            told: Json = {"title": citation.source.title, "url": f"{site}{address}"}
            told |= {"start_index": start, "end_index": len(body)}
            annotations.append({"type": "url_citation", "url_citation": told})
    notes = [
        f"[^{one.mark}]: “{display(one.quote)}” – {one.source.title}, {one.paragraph.place}" for one in answer.sources
    ]
    missing = ", ".join(f"“{word}”" for word in answer.unmentioned)
    parts = [body, f"Nothing here mentions {missing}." if missing else "", "\n".join(notes), _closest(answer)]
    return "\n\n".join(filter(None, parts)), annotations


def _said(answer: Answer) -> str:
    """What is there of an answer that is still growing."""
    return _head(answer) + "\n\n".join(map(_statement, answer.statements)) if answer.statements else ""


def _head(answer: Answer) -> str:
    """What stands in front: that the answer is not sure, or what is to be known of it."""
    return f"*{answer.notice}*\n\n" if answer.notice else ""


def _settled(answer: Answer) -> Answer:
    """With the statements in front of the first that is still open."""
    verdicts = [statement.verdict for statement in answer.statements]
    first = verdicts.index(Verdict.PENDING) if Verdict.PENDING in verdicts else len(verdicts)
    return replace(answer, statements=answer.statements[:first])


def _statement(statement: Statement) -> str:
    marks = "".join(f"[^{citation.mark}]" for citation in statement.citations)
    lead = f"*{statement.lead}* " if statement.lead else ""
    if statement.verdict is Verdict.UNSUPPORTED:
        return f"{lead}~~{statement.text}~~ (not found in your documents: {statement.reason or 'no passage says it'})"
    text = f"“{statement.text}”" if statement.takes_quotation_marks else statement.text
    return f"{lead}{text}{marks}"


def _closest(answer: Answer) -> str:
    if not answer.closest:
        return ""
    head = "Related passages – not an answer:" if answer.abstained else "Related passages:"
    lines = [
        f"- {excerpt(one.paragraph.text, about=answer.question)} – {one.source.title}, {one.paragraph.place}"
        for one in answer.closest
    ]
    return "\n".join([head, *lines])


def _usage(answer: Answer) -> Json:
    sent, received = (int(answer.usage.get(name, 0)) for name in ("prompt_tokens", "completion_tokens"))
    return {"prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received}
