"""What other tools call the fields of a question, read into ours and written again. Pure functions of dictionaries.

What a tool has no place for – an id, where the gold stands, tags – is written beside its own fields under `ibid`,
where the tool keeps such things and does not look. Read again it counts, unless somebody changed the tool's own
fields meanwhile: then these do.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evals.domain import SOURCES
from evals.fields import shown
from rag.errors import CaseError

Fields = Mapping[str, Any]

_BESIDE = "ibid"
_ASKING = ("question", "query", "user_input", "input", "prompt", "message")
_TOLD = {"contains", "icontains", "equals", "contains-any", "icontains-any", "starts-with", "similar", "factuality"}
_FORBIDDEN = {"not-contains", "not-icontains", "not-contains-any", "not-icontains-any"}
_ALL = {"contains-all", "icontains-all"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What one tool calls things: `told_by` are the fields by which an item is known to be its, `answers`, `contexts`
    and `documents` its names for these, the first that is there. `extra` is the field in which it keeps what is not
    its own; without one that stands among the fields. `said` and `found` are what it calls an answer that was given
    and the passages it came with; empty where it has no place for them."""

    told_by: tuple[str, ...]
    question: str
    answers: tuple[str, ...]
    contexts: tuple[str, ...]
    documents: tuple[str, ...] = ()
    extra: str = ""
    holds_all_answers: bool = False
    is_ours: bool = False
    said: str = ""
    found: str = ""


RAGAS = Shape(
    told_by=("user_input",), question="user_input", answers=("reference",), contexts=("reference_contexts",),
    said="response", found="retrieved_contexts",
)  # fmt: skip
INSPECT = Shape(
    told_by=("input", "target"), question="input", answers=("target",), contexts=("context", "contexts"),
    extra="metadata", holds_all_answers=True,
)  # fmt: skip
DEEPEVAL = Shape(
    told_by=("input",), question="input", answers=("expected_output",), contexts=("context",),
    extra="additional_metadata", said="actual_output", found="retrieval_context",
)  # fmt: skip
PLAIN = Shape(
    told_by=("question",), question="question",
    answers=("answers", "answer", "ground_truth", "ground_truths", "expected_output", "expected_answer", "expected"),
    contexts=("contexts", "context", "reference_contexts"), documents=("document", "source", "sources"),
    holds_all_answers=True, is_ours=True,
)  # fmt: skip
PROMPTFOO = Shape(told_by=("vars",), question="", answers=(), contexts=(), extra="metadata", holds_all_answers=True)

_READ = (PROMPTFOO, RAGAS, INSPECT, DEEPEVAL, PLAIN, replace(PLAIN, told_by=("query",), question="query"))
WRITTEN = {"ragas": RAGAS, "deepeval": DEEPEVAL, "promptfoo": PROMPTFOO, "inspect": INSPECT, "csv": PLAIN}
"""The shapes that can be asked for, by name."""

TELLING = frozenset({"question", "user_input", "input", "query", "vars"})
"""Names of one of which every item of these shapes has."""


def described_from(item: Fields) -> Fields:
    """An item of any shape as a case is described here. Raises CaseError where its shape is ours but for a field."""
    shape = next((one for one in _READ if set(one.told_by) <= set(item)), None)
    if shape is None:
        return item
    own = _read(item, shape=shape)
    beside = _beside(item, shape=shape)
    if beside is None:
        return own
    written = _read(item_of(beside, shape=shape), shape=shape)
    kept = {name: value for name, value in beside.items() if name not in written or name in own}
    return {**kept, **{name: value for name, value in own.items() if written.get(name) != value}}


def item_of(described: Fields, *, shape: Shape) -> dict[str, Any]:
    """A described case as an item of another tool."""
    if shape is PROMPTFOO:
        return _promptfoo_item(described)
    told = [one for one in (described.get("reference"),) if one] if not shape.holds_all_answers else []
    answers = list(described.get("answers", ())) or told
    quotes = _quotes(described)
    contexts = {shape.contexts[0]: quotes} if quotes else {}
    kept = {_BESIDE: dict(described)}
    item: dict[str, Any] = {"id": described["id"]} if shape in (INSPECT, PLAIN) else {}
    item[shape.question] = described["question"]
    if shape.holds_all_answers:
        item[shape.answers[0]] = answers
    elif answers:
        item[shape.answers[0]] = answers[0]
    if shape is INSPECT:
        return {**item, shape.extra: {**contexts, **kept}}
    return {**item, **contexts, **({shape.extra: kept} if shape.extra else kept)}


def _quotes(described: Fields) -> list[str]:
    return [gold["quote"] for gold in described.get("gold", ()) if gold.get("quote")]


def _beside(item: Fields, *, shape: Shape) -> Fields | None:
    held = _inner(item, shape=shape) if shape.extra else item
    beside = held.get(_BESIDE)
    return beside if isinstance(beside, Mapping) and {"id", "question"} <= set(beside) else None


def _inner(item: Fields, *, shape: Shape) -> Fields:
    """What the tool keeps for others; a table holds it as JSON."""
    held = item.get(shape.extra)
    return held if isinstance(held, Mapping) else {}


def _read(item: Fields, *, shape: Shape) -> dict[str, Any]:
    """What the tool's own fields say."""
    if shape is PROMPTFOO:
        return _promptfoo_read(item)
    turns, question = _conversation(item.get(shape.question))
    own = _others(item, shape=shape) if shape.is_ours else {}
    if item.get("id") not in (None, ""):
        own["id"] = item["id"]
    own["question"] = question
    if turns:
        own["turns"] = turns
    if answers := _several(_first(item, shape.answers)):
        own["answers"] = _choices(answers, item=item)
    where = {**item, **_inner(item, shape=shape)} if shape.extra else item
    if "gold" not in own and (gold := _gold(where, shape=shape)):
        own["gold"] = gold
    return own


def _others(item: Fields, *, shape: Shape) -> dict[str, Any]:
    """The fields that are called as they are here. `source` is where a question is from where it says so, or where
    gold is there, and else a document."""
    taken = {_BESIDE, shape.question, *shape.answers, *shape.contexts, *shape.documents}
    own = {name: value for name, value in item.items() if name not in taken}
    is_kind = item.get("source") in SOURCES or ("gold" in item and "source" in item)
    return {**own, "source": item["source"]} if is_kind else own


def _gold(item: Fields, *, shape: Shape) -> list[dict[str, Any]]:
    quotes = _several(_first(item, shape.contexts))
    documents = [one for one in _several(_first(item, shape.documents)) if one not in SOURCES]
    if len(documents) == 1:
        documents *= max(len(quotes), 1)
    if len(documents) != len(quotes):
        return [{"quote": quote} for quote in quotes] or [{"document": document} for document in documents]
    return [{"document": document, "quote": quote} for document, quote in zip(documents, quotes, strict=True)]


def _first(item: Fields, names: Sequence[str]) -> Any:
    return next((item[name] for name in names if item.get(name) not in (None, "", [])), None)


def _several(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def _conversation(value: Any) -> tuple[list[str], Any]:
    """Earlier questions and the last one, where a chat is given as its messages; what others said is left out."""
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        return [], value
    asked = [str(one.get("content", "")) for one in value if one.get("role", one.get("type")) in ("user", "human")]
    return asked[:-1], asked[-1] if asked else None


def _choices(answers: Sequence[Any], *, item: Fields) -> list[Any]:
    """Where choices were given, the one that a letter stands for."""
    choices = item.get("choices")
    if not isinstance(choices, list):
        return list(answers)
    by_letter = dict(zip(string.ascii_uppercase, choices, strict=False))
    return [by_letter.get(str(one).strip(), one) for one in answers]


# --- promptfoo, whose questions are variables and whose answers are assertions


def _promptfoo_read(test: Fields) -> dict[str, Any]:
    variables = test.get("vars")
    if not isinstance(variables, Mapping):
        raise CaseError(f"vars “{shown(variables)}” are no names with values. Write `query: …`.")
    name = next((one for one in _ASKING if one in variables), None)
    name = next(iter(variables)) if name is None and len(variables) == 1 else name
    if name is None:
        raise CaseError(f"vars {', '.join(variables)}: none of them is the question. Call it `question` or `query`.")
    own: dict[str, Any] = {"question": variables[name]}
    for told, types in (("answers", _TOLD), ("must_not", _FORBIDDEN)):
        if found := [value for one in _asserted(test, types) for value in one]:
            own[told] = found
    if points := [{"any": [value]} for one in _asserted(test, _ALL) for value in one]:
        own["key_points"] = points
    if quotes := _several(_first(variables, ("contexts", "context"))):
        own["gold"] = [{"quote": quote} for quote in quotes]
    return own


def _asserted(test: Fields, types: set[str]) -> list[list[Any]]:
    """The values of the assertions of these types."""
    return [
        _several(one.get("value"))
        for one in _several(test.get("assert"))
        if isinstance(one, Mapping) and one.get("type") in types
    ]


def _promptfoo_item(described: Fields) -> dict[str, Any]:
    variables: dict[str, Any] = {"question": described["question"]}
    if quotes := _quotes(described):
        # A list would be asked item by item.
        variables["context"] = "\n\n".join(quotes)
    asserted = []
    if answers := list(described.get("answers", ())):
        asserted.append({"type": "icontains-any", "value": answers})
    for one in described.get("must_not", ()):
        asserted.append({"type": "not-icontains", "value": one})
    test: dict[str, Any] = {"vars": variables}
    if asserted:
        test["assert"] = asserted
    return {**test, "metadata": {_BESIDE: dict(described)}}
