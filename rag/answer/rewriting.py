"""A question worded anew by a model, for searching: it asks the same, or it is not taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import regex

from rag.answer import prompts
from rag.search.followup import StandAlone
from rag.servers.any_model import Reply, ask_once
from rag.text import terms
from rag.text.identify import differ
from rag.text.names import missing_names
from rag.text.values import numbers_of

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

_QUESTION = regex.compile(r"[?？؟]\W*$")
_LABEL = regex.compile(
    r"^\W*(?:[^:：?]{0,40}\bquestion\b[^:：?]{0,20}|(?:rewritten|rephrased|translated|rewrite|translation|answer))[:：]\W*",
    regex.IGNORECASE,
)
_ASKED = regex.compile(r"[^?？؟]+[?？؟]+")
_REMARK = regex.compile(r"\W*[(（\[]")
_LONGEST = 400
_LINES, _LONGEST_LINE = 3, 200
"""Of the documents, to show their language by: how many, and characters of each."""


def condense(question: str, earlier: Sequence[str], llm: LLM) -> StandAlone:
    """The question made to stand alone. Raises ChatModelError."""
    reply = ask_once(llm, instruction=prompts.CONDENSE, text=prompts.condense_prompt(earlier, question))
    said = _said(reply)
    return StandAlone(said if _is_rewrite(said, of=question, earlier=earlier) else None, reply.usage)


def translate(question: str, texts: Sequence[str], llm: LLM) -> StandAlone:
    """The question in the language of the texts. Raises ChatModelError."""
    lines = [text[:_LONGEST_LINE] for text in texts[:_LINES]]
    reply = ask_once(llm, instruction=prompts.TRANSLATE, text=prompts.translate_prompt(question, lines))
    said = _said(reply)
    is_taken = _asks(said, of=question) and not differ([said], texts) and numbers_of(said) <= numbers_of(question)
    return StandAlone(said if is_taken else None, reply.usage)


def _said(reply: Reply) -> str:
    """What it asks, each question once; where it asks nothing, all of it. What stands behind in brackets, or as a
    remark, is left out."""
    said = _LABEL.sub("", " ".join(reply.text.split()))
    asked = {" ".join(_words(one)): one for one in reversed(_ASKED.findall(said)) if not _REMARK.match(one)}
    return " ".join(one.strip("\"“”'`* ") for one in reversed(asked.values())) or said.strip("\"“”'`* ")


def _is_rewrite(said: str, *, of: str, earlier: Sequence[str]) -> bool:
    """Whether it asks what the question asks: no echo, no answer, and no name or number that nobody mentioned."""
    if not _asks(said, of=of):
        return False
    mentioned = " ".join([*earlier, of])
    stems = frozenset(terms.content_stems(mentioned))
    return not missing_names(said, [mentioned], stems) and numbers_of(said) <= numbers_of(mentioned)


def _asks(said: str, *, of: str) -> bool:
    """Whether it is a question where the other is one, and no echo of it."""
    if not 3 <= len(said) <= _LONGEST or _words(said) == _words(of):
        return False
    return bool(_QUESTION.search(said)) or not _QUESTION.search(of)


def _words(text: str) -> list[str]:
    return regex.findall(r"\w+", text.casefold())
