"""A model that knows every right answer and gives it where it is shown it: what the product loses around a perfect one.

It is no language model: it looks for the gold of the question in the passages that it is given, says the sentence that
holds it with its number, and else that the passages do not tell. What is then not answered rightly was not retrieved,
not asked, or not understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import regex
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms import CustomLLM
from pydantic import PrivateAttr

from evals.domain import Case
from rag.answer import prompts
from rag.documents.context import display
from rag.text.sentences import split_sentences

_PASSAGE = regex.compile(
    r"\[P(?P<number>\d+)\][^\n]*\n<text-(?P<fence>\w+)>\n(?P<text>.*?)\n</text-(?P=fence)>", regex.DOTALL
)
_QUESTION = regex.compile(r"\n\nQuestion: (?P<question>.*?)(?:\n\n|\nassistant:|\Z)", regex.DOTALL)
_FEWEST_WORDS = 3
"""Of a sentence, for it to be told from others."""
_MOST_SAID = 2
_NO_FENCE = "\0"


class Perfect(CustomLLM):
    """Knows the gold of these cases by their questions."""

    _gold: dict[str, tuple[str, ...]] = PrivateAttr()

    def __init__(self, cases: Iterable[Case]) -> None:
        super().__init__()
        self._gold = {display(case.question): tuple(gold.quote for gold in case.gold if gold.quote) for case in cases}

    @classmethod
    def class_name(cls) -> str:
        return "Perfect"

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="a perfect model", is_chat_model=False)

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:  # noqa: ARG002
        return CompletionResponse(text=self._said(prompt))

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:  # noqa: ARG002
        def whole() -> CompletionResponseGen:
            text = self._said(prompt)
            yield CompletionResponse(text=text, delta=text)

        return whole()

    def _said(self, prompt: str) -> str:
        asked = next(reversed(list(_QUESTION.finditer(prompt))), None)
        if asked is None:
            # A follow-up to be worded anew, or sentences to be chosen from: it leaves both to the product.
            return prompts.NONE
        passages = {int(one["number"]): display(one["text"]) for one in _PASSAGE.finditer(prompt)}
        held = (_held(quote, passages) for quote in self._gold.get(display(asked["question"]), ()))
        found = [f"{sentence} [P{number}]" for number, sentence in filter(None, held)]
        return " ".join(dict.fromkeys(found[:_MOST_SAID])) or prompts.NOT_FOUND


def _held(quote: str, passages: Mapping[int, str]) -> tuple[int, str] | None:
    """The first sentence of the quote that stands in one of the passages by number, else the first of its lines, as the
    items of a list are passages of their own; and the number. None where none does."""
    texts = [display(quote), *map(display, quote.splitlines())]
    sentences = [span.of(text) for text in texts for span in split_sentences(text)]
    told = [one for one in sentences if len(one.split()) >= _FEWEST_WORDS] or texts[:1]
    shown = [(one, prompts.defused(one, _NO_FENCE)) for one in told]
    return next(((number, one) for one, words in shown for number, text in passages.items() if words in text), None)
