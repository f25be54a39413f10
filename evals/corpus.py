"""A folder under measurement: its chatbot, the paragraphs of its index, and its files, read anew.

Runs have indexes of their own under `IBID_HOME/evals`: they see the folder and nothing else (no upload), and wait
for nobody who chats over the same folder meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rag.answer.gate import read_gate
from rag.chatbot import Chatbot
from rag.documents.reading import read_document
from rag.documents.scan import scan
from rag.domain import Key, Paragraph
from rag.errors import DocumentError, EmbeddingError, FolderError
from rag.index.embedder import Embedder
from rag.ingest import Progress
from rag.opening import open_chatbot
from rag.plugged import NOTHING_PLUGGED, Plugged
from rag.settings import Settings

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import LLM


@dataclass
class Corpus:
    """An indexed folder: `paragraphs` by document id, in reading order."""

    bot: Chatbot
    folder: Path
    paragraphs: Mapping[str, Sequence[Paragraph]]
    plugged: Plugged = NOTHING_PLUGGED

    @cached_property
    def stored(self) -> dict[Key, Paragraph]:
        return {p.key: p for paragraphs in self.paragraphs.values() for p in paragraphs}

    @cached_property
    def files(self) -> dict[str, str]:
        """The text of each file by document id, decoded anew: what an exact quote is compared with."""
        return read_paragraphs(self.folder, plugged=self.plugged)[1]


def read_paragraphs(
    folder: Path, *, plugged: Plugged = NOTHING_PLUGGED
) -> tuple[dict[str, Sequence[Paragraph]], dict[str, str]]:
    """The paragraphs and the texts of a folder's files, by document id, without an index."""
    paragraphs: dict[str, Sequence[Paragraph]] = {}
    texts: dict[str, str] = {}
    for file in scan("documents", folder, plugged=plugged).files:
        if file.problem:
            continue
        try:
            parsed = read_document(file.document_id, file.path.read_bytes(), plugged=plugged)
        except (DocumentError, OSError):
            continue  # the ingest says why
        paragraphs[file.document_id], texts[file.document_id] = parsed.paragraphs, parsed.document.text
    return paragraphs, texts


@contextmanager
def opened(
    settings: Settings,
    *,
    folder: Path,
    llm: LLM | None = None,
    embedder: Embedder | None = None,
    embedding: BaseEmbedding | None = None,
    gate_is_open: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[Corpus]:
    """The folder, indexed apart from what people chat with and in line with its files, under their own gate; where
    `gate_is_open` it lets every question through and still says how certain it is. Raises FolderError where there is
    no such folder, or nothing in it, EmbeddingError where the second embedder did not make all its vectors."""
    if not folder.is_dir():
        raise FolderError(f"The documents folder {folder} does not exist. Name another with --documents.")
    # A busy machine must not change what is measured: the reader takes the time that it needs.
    update = {"documents": folder, "home": settings.home / "evals", "answer_seconds": 0.0, "chroma_url": ""}
    apart = settings.model_copy(update=update)
    gate = read_gate(settings.gate)
    if gate_is_open:
        gate = replace(gate, threshold=0.0)
    with open_chatbot(apart, "eval", wait=5.0, embedder=embedder, llm=llm, gate=gate, embedding=embedding) as bot:
        report = bot.ingest(progress)
        if not bot.documents:
            raise FolderError(f"The documents folder {folder} holds nothing that Ibid can read.")
        if embedding is not None and report.unfinished:
            raise EmbeddingError(f"Nothing is measured without the second embedder. {report.unfinished}")
        yield Corpus(bot, folder, bot.paragraphs(), apart.plugged)
