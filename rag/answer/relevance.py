"""How well passages answer a question in a model's eyes, 0 to 10, as a LlamaIndex postprocessor. Off unless asked for.

All passages are judged in one request. Whatever goes wrong with it, they stay, in the order they came in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import regex
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.llms import LLM
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from pydantic import PrivateAttr

from rag.answer import prompts

FLOOR = 2
"""Passages below are dropped. Low, and not fitted: a model that is wrong here takes the evidence away unseen."""

BEST = 10
_LINE = regex.compile(r"^\W*P?(\d{1,3})\W+(\d{1,2})\b", regex.IGNORECASE | regex.MULTILINE)


class ModelRelevance(BaseNodePostprocessor):
    """Puts passages in the order of a model's scores and drops those below the floor, unless all are.

    >>> ModelRelevance(llm).postprocess_nodes(nodes, query_str="How long was the siege?")
    """

    _llm: LLM = PrivateAttr()
    _usage: Mapping[str, float] = PrivateAttr(default_factory=dict)

    def __init__(self, llm: LLM) -> None:
        super().__init__()
        self._llm = llm

    @classmethod
    def class_name(cls) -> str:
        return "IbidModelRelevance"

    @property
    def usage(self) -> Mapping[str, float]:
        """What the server told of tokens and cost of the last request."""
        return self._usage

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None or len(nodes) < 2:
            return nodes
        try:
            scores = self._scores(query_bundle.query_str, nodes)
        except Exception:  # of any model, anyone's: what it says is an aid, and answers without it
            return nodes
        if scores is None or max(scores) < FLOOR:
            return nodes
        order = sorted(range(len(nodes)), key=lambda i: -scores[i])
        return [NodeWithScore(node=nodes[i].node, score=scores[i] / BEST) for i in order if scores[i] >= FLOOR]

    def _scores(self, question: str, nodes: Sequence[NodeWithScore]) -> list[int] | None:
        """A score for each passage; None where the model left any out or gave what is none."""
        texts = [node.node.get_content(MetadataMode.NONE) for node in nodes]
        answered = self._llm.chat(
            [
                ChatMessage(role=MessageRole.SYSTEM, content=prompts.RELEVANCE),
                ChatMessage(role=MessageRole.USER, content=prompts.relevance_prompt(question, texts)),
            ]
        )
        told: Any = answered.additional_kwargs.get("usage")
        self._usage = told if isinstance(told, Mapping) else {}
        named = {int(number): int(score) for number, score in _LINE.findall(answered.message.content or "")}
        scores = [named.get(number, -1) for number in range(1, len(nodes) + 1)]
        return scores if all(0 <= score <= BEST for score in scores) else None
