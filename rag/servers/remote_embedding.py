"""An embedder behind any OpenAI-compatible server, as a LlamaIndex `BaseEmbedding`: texts in, unit vectors out.

Whoever uses it sends it every text it embeds. How many numbers a vector has is the server's to say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import PrivateAttr

from rag.errors import EmbeddingError
from rag.servers.model_server import SILENT_SECONDS, ModelServer, Named

BATCH = 32
"""Texts in one request: the most that some servers take (Hugging Face's); OpenAI's would take 2,048."""

QUESTION_SECONDS = 10.0
"""For a question, at the first try: somebody waits for it, and the shipped embedder can do without."""


class RemoteEmbedding(BaseEmbedding):
    """One model on one server.

    >>> RemoteEmbedding("text-embedding-3-small", api_key="…").host
    'api.openai.com'
    """

    host: str
    _server: ModelServer = PrivateAttr()
    _question_seconds: float = PrivateAttr()

    def __init__(
        self,
        model: str,
        api_key: str,
        base_url: str | None = None,
        silent_seconds: float = SILENT_SECONDS,
        question_seconds: float = QUESTION_SECONDS,
    ) -> None:
        server = ModelServer(model, Named(model="IBID_EMBED_MODEL"), api_key, base_url, silent_seconds)
        super().__init__(model_name=model, embed_batch_size=BATCH, host=server.host)
        self._server = server
        self._question_seconds = question_seconds

    @classmethod
    def class_name(cls) -> str:
        return "IbidRemoteEmbedding"

    def _embedded(self, texts: Sequence[str], within: float | None = None) -> list[list[float]]:
        """Unit vectors. Raises EmbeddingError, in words a person can act on."""
        with self._server.translating(EmbeddingError, EmbeddingError):
            # Half of a pair of surrogates is a letter to Python and none to the protocol.
            sendable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
            rows = self._server.embeddings(sendable, within)
            if len(rows) != len(texts) or len({len(row) for row in rows}) > 1:
                raise EmbeddingError(f"{self._server} sent {len(rows)} vectors for {len(texts)} texts, or uneven ones.")
            vectors = np.array(rows, dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not (lengths > 0).all():
            raise EmbeddingError(f"{self._server} sent what is no vector. Check that it is a model for embeddings.")
        unit: list[list[float]] = (vectors / lengths).tolist()
        return unit

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._embedded([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._embedded(texts)

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._embedded([query], within=self._question_seconds)[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def __str__(self) -> str:
        return str(self._server)
