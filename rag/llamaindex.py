"""The faces that LlamaIndex sees: our retriever, embedder and answers as its own, and its postprocessors as rankers.

Imported where somebody asks for it: the framework takes seconds to load, and no search waits for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.response.schema import Response
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from pydantic import PrivateAttr

from rag.chatbot import Chatbot
from rag.domain import Passage
from rag.index.embedding import MiniLM


class CitedRetriever(BaseRetriever):
    """The chatbot's search as a LlamaIndex retriever, for other people's engines."""

    def __init__(self, bot: Chatbot) -> None:
        super().__init__()
        self._bot = bot

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [as_node(passage) for passage in self._bot.search(query_bundle.query_str).passages]


class CitedQueryEngine(BaseQueryEngine):
    """The chatbot as a LlamaIndex query engine: its response carries the passages as source nodes and the whole
    answer, with every citation, as `metadata["answer"]` (the Answer JSON)."""

    def __init__(self, bot: Chatbot) -> None:
        super().__init__(None)
        self._bot = bot

    def _query(self, query_bundle: QueryBundle) -> Response:
        answer = self._bot.ask(query_bundle.query_str)
        nodes = [as_node(passage) for passage in answer.passages]
        return Response(answer.text or answer.notice, nodes, {"answer": answer.json()})

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return self._query(query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


class ShippedEmbedding(BaseEmbedding):
    """The shipped embedder as a LlamaIndex one. A text too long for it gets the mean of its pieces."""

    _embedder: MiniLM = PrivateAttr()

    def __init__(self, embedder: MiniLM | None = None) -> None:
        super().__init__(model_name=MiniLM.model_name)
        self._embedder = embedder or MiniLM()

    @classmethod
    def class_name(cls) -> str:
        return "IbidMiniLM"

    def _get_text_embedding(self, text: str) -> list[float]:
        return [float(value) for value in self._embedder.query_vector(text)]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


class PostprocessorRanker:
    """Any LlamaIndex node postprocessor as a `Ranker`."""

    def __init__(self, postprocessor: BaseNodePostprocessor) -> None:
        self._postprocessor = postprocessor

    def order(self, question: str, passages: Sequence[Passage]) -> Sequence[Passage]:
        nodes = [as_node(passage) for passage in passages]
        by_id = {node.node.node_id: passage for node, passage in zip(nodes, passages, strict=True)}
        kept = self._postprocessor.postprocess_nodes(nodes, query_str=question)
        return [by_id[node.node.node_id] for node in kept]


def as_node(passage: Passage) -> NodeWithScore:
    """A passage as LlamaIndex's own noun, with its place in the metadata."""
    paragraph = passage.paragraph
    metadata: dict[str, Any] = {
        "document": paragraph.document_id,
        "paragraph": paragraph.number,
        "title": passage.source.title,
        "role": paragraph.role.value,
        "heading": " › ".join(paragraph.heading),
    }
    node = TextNode(
        id_=f"{paragraph.document_id}#{paragraph.number}",
        text=paragraph.text,
        metadata=metadata,
        start_char_idx=paragraph.start,
        end_char_idx=paragraph.end,
    )
    return NodeWithScore(node=node, score=passage.score)
