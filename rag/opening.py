"""The chatbot over a folder, put together: its index, its models, and what of others is plugged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.answer.candidates import ANSWER_FEATURES
from rag.answer.gate import Gate, read_gate
from rag.answer.gathering import Gathering
from rag.chatbot import Chatbot
from rag.errors import ChatModelError, EmbeddingError
from rag.home import make_private
from rag.index.embedder import Embedder
from rag.index.embedding import MiniLM
from rag.index.mending import remake_vectors
from rag.index.store import Store, open_store, remove_index
from rag.search.cross_encoder import Reader
from rag.search.languages import Languages
from rag.search.learned import Learned, read_learned
from rag.search.ranker import Ranker
from rag.search.ranking import RANKING_FEATURES
from rag.search.retrieve import HybridRetriever
from rag.search.second_embedder import SecondEmbedder
from rag.settings import Settings

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import LLM
    from llama_index.core.postprocessor.types import BaseNodePostprocessor

    from rag.index.server import Server

_NO_SERVER = "needs OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own."


def open_chatbot(
    settings: Settings,
    doing: str,
    *,
    wait: float = 0.0,
    embedder: Embedder | None = None,
    llm: LLM | None = None,
    gate: Gate | None = None,
    embedding: BaseEmbedding | None = None,
    ranker: Reader | Ranker | BaseNodePostprocessor | None = None,
) -> Chatbot:
    """Open the index of the settings' folder, making it if need be. It is empty until `ingest` ran.

    Answers are extractive unless an `llm` is given, and found by the shipped embedder unless a second one is,
    `embedding`: what the environment holds sends nothing. A `ranker` takes the place of the shipped reader: one of
    ours, or any LlamaIndex postprocessor. The gate is the settings' own unless another is given. `wait` is how many
    seconds to wait for another process that holds the index. Vectors whose files a kill or damage took are made anew
    from the stored texts. With a Chroma server in the settings it is opened to be read, follows what others write, and
    takes the right to write when it ingests. Raises IndexBusyError where another process holds the index,
    IndexMismatchError where another embedder made it, StorageError where the server cannot be had.
    """
    make_private(settings.home)
    embedder = embedder or MiniLM()
    if settings.chroma_url and embedding is not None:
        raise EmbeddingError("IBID_EMBED_MODEL and IBID_CHROMA_URL do not go together yet. Unset one of them.")
    store = _store(settings, embedder, doing, wait=wait)
    try:
        learned = read_learned(RANKING_FEATURES, sentences=ANSWER_FEATURES)
        second = SecondEmbedder(embedding, store) if embedding is not None else None
        retriever = _retriever(settings, store, embedder=embedder, learned=learned, second=second, ranker=ranker)
        gate = gate or read_gate(settings.gate)
        languages = Languages(store, retriever=retriever, shipped=embedder)
        gathering = Gathering(retriever=retriever, embedder=embedder, learned=learned, gate=gate, languages=languages)
        store.watch(lambda: retriever.refresh(keep_old=True))
        return Chatbot(settings, store=store, gathering=gathering, llm=llm, second=second)
    except BaseException:
        store.close()
        raise


def clear_index(settings: Settings) -> None:
    """Delete the index of the settings' folder, and only that. Raises IndexBusyError while another process holds it,
    StorageError where a server that keeps it cannot be had."""
    if not settings.chroma_url:
        remove_index(settings.index)
        return
    from rag.index.server_records import remove_server_index

    remove_server_index(settings.index, server=_server(settings))


def _store(settings: Settings, embedder: Embedder, doing: str, *, wait: float) -> Store:
    def mend(store: Store) -> None:
        remake_vectors(store, embedder)

    if not settings.chroma_url:
        return open_store(settings.index, embedder.fingerprint, doing, wait, mend)
    from rag.index.server_store import open_server_store  # brings an HTTP client: only who uses it waits

    server = _server(settings)
    return open_server_store(settings.index, embedder.fingerprint, doing, server=server, wait=wait, mend=mend)


def _server(settings: Settings) -> Server:
    from rag.index.server import Server

    return Server(
        url=settings.chroma_url.rstrip("/"),
        key=settings.index.name,
        token=settings.chroma_token.get_secret_value(),
        tenant=settings.chroma_tenant,
        database=settings.chroma_database,
    )


def _retriever(
    settings: Settings,
    store: Store,
    *,
    embedder: Embedder,
    learned: Learned,
    second: SecondEmbedder | None,
    ranker: Reader | Ranker | BaseNodePostprocessor | None,
) -> HybridRetriever:
    if ranker is None and settings.reader:
        ranker = Reader()
    return HybridRetriever(
        store,
        embedder=embedder,
        learned=learned,
        folder=settings.index / "lexical",
        second=second,
        reader=ranker if isinstance(ranker, Reader) else None,
        ranker=None if ranker is None or isinstance(ranker, Reader) else _ranker(ranker),
        seconds=settings.answer_seconds or None,
    )


def _ranker(ranker: Ranker | BaseNodePostprocessor) -> Ranker:
    if isinstance(ranker, Ranker):
        return ranker
    from rag.llamaindex import PostprocessorRanker

    return PostprocessorRanker(ranker)


def chat_model_of(settings: Settings) -> LLM | None:
    """The model that the settings name; a key alone names none. Raises ChatModelError where its key is missing."""
    if not settings.chat_model:
        return None
    key = settings.openai_api_key.get_secret_value()
    if not key and not settings.openai_base_url:
        raise ChatModelError(f"IBID_CHAT_MODEL={settings.chat_model} {_NO_SERVER}")
    from rag.servers.chat_model import ChatModel  # openai takes half a second: only who uses it waits

    return ChatModel(settings.chat_model, key, settings.openai_base_url, silent_seconds=settings.model_wait)


def embedding_of(settings: Settings) -> BaseEmbedding | None:
    """The second embedder that the settings name; a key alone names none. Raises EmbeddingError where its key is
    missing."""
    if not settings.embed_model:
        return None
    key = settings.openai_api_key.get_secret_value()
    if not key and not settings.openai_base_url:
        raise EmbeddingError(f"IBID_EMBED_MODEL={settings.embed_model} {_NO_SERVER}")
    from rag.servers.remote_embedding import RemoteEmbedding  # openai takes half a second: only who uses it waits

    return RemoteEmbedding(settings.embed_model.removeprefix("openai:"), key, settings.openai_base_url)
