"""What is told of an index: `ibid status --json` and the API's status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.documents.left_out import LeftOut
from rag.documents.scan import left_out_of
from rag.domain import Json
from rag.index.failures import read_failures
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.chatbot import Chatbot


def status_json(
    bot: Chatbot | None,
    *,
    settings: Settings,
    indexing: bool = False,
    to_come: int = 0,
    left_out: Sequence[LeftOut] | None = None,
) -> Json:
    """`bot` is None where nothing is indexed yet. `left_out` is what an ingest has just left out, where that is known;
    else the folders are looked at. `sampled` is how many paragraphs were looked up by their vectors: the
    index is checked for this. `to_come` is how many files are known not to be in yet, of an ingest that runs or was
    cut short. `lease` names the process that may ingest into an index on a server, if one has taken
    that right. Raises IndexDamagedError where whole files of it are damaged."""
    # First of all: an index that is opened anew for it may hold other documents.
    sampled = bot.check().sampled if bot else None
    records = bot.documents if bot else ()
    if left_out is None:
        left_out = left_out_of(settings.roots, plugged=settings.plugged)
    return {
        "folder": str(settings.documents),
        "index": settings.chroma_url or str(settings.index),
        "embedder": bot.gathering.embedder.fingerprint if bot else None,
        "second_embedder": bot.second.json() if bot and bot.second else None,
        "paragraphs": sum(record.paragraphs for record in records),
        "sampled": sampled,
        "writer": bot.writer if bot else None,
        "lease": bot.lease_holder if bot else None,
        "indexing": indexing,
        "to_come": to_come,
        "documents": [record.json() for record in records],
        "left_out": [one.json() for one in left_out if bot is None or bot.may_read(one.document_id)],
        "failed": [one for one in failed_json(settings) if bot is None or bot.may_read(str(one["document"]))],
    }


def failed_json(settings: Settings) -> list[Json]:
    """The files that the last ingest could not read, with the reasons. Nothing is opened for it."""
    return [{"document": key, "reason": failure.reason} for key, failure in read_failures(settings.index).items()]
