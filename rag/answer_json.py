"""Answer JSON read back into nouns: for pages that come back, for runs, and for a second process.

What was left out on the way (the texts of passages, say) comes back empty; a citation comes back with its
quote and its place, as that is all a citation is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from rag.domain import (
    Answer,
    Citation,
    Confidence,
    GateReading,
    Paragraph,
    Passage,
    Ranks,
    Role,
    Source,
    Span,
    Statement,
    Verdict,
)

Described = Mapping[str, Any]


def answer_from(described: Described) -> Answer:
    """The answer that `Answer.json` described. Raises ValueError, KeyError or TypeError where it describes none."""
    gate = described.get("gate")
    return Answer(
        str(described["question"]),
        tuple(map(str, described.get("searched_for") or ())),
        tuple(_statement(one) for one in described.get("statements") or ()),
        tuple(passage_from(one) for one in described.get("passages") or ()),
        bool(described.get("abstained")),
        tuple(passage_from(one) for one in described.get("closest") or ()),
        tuple(map(str, described.get("missing_terms") or ())),
        str(described.get("mode") or "extractive"),
        _words(described.get("model")),
        _words(described.get("notice")),
        _gate(gate) if gate else None,
        {str(part): _number(seconds) for part, seconds in (described.get("seconds") or {}).items()},
        {str(kind): _amount(count) for kind, count in (described.get("usage") or {}).items()},
        bool(described.get("complete", True)),
        described.get("confidence") == Confidence.LOW,
        tuple(map(str, described.get("unmentioned") or ())),
    )


def _gate(described: Described) -> GateReading:
    return GateReading(
        _number(described["score"]), _number(described["threshold"]), _number(described.get("floor") or 0.0)
    )


def passage_from(described: Described) -> Passage:
    """The passage that `Passage.json` described; offsets are not part of it, so its paragraph begins at 0."""
    text = str(described.get("text") or "")
    ranks = described.get("ranks") or {}
    return Passage(
        _paragraph(described, text, 0),
        _source(described),
        _number(described.get("score") or 0.0),
        Ranks(*(_rank(ranks.get(leg)) for leg in ("dense", "words", "grams"))),
    )


def _statement(described: Described) -> Statement:
    return Statement(
        str(described["text"]),
        tuple(_citation(one) for one in described.get("citations") or ()),
        Verdict(described["verdict"]),
        _words(described.get("reason")),
        _words(described.get("lead")),
        tuple(map(_whole, described.get("conflicts_with") or ())),
    )


def _citation(described: Described) -> Citation:
    start, end = _whole(described["start"]), _whole(described["end"])
    bold = Span(*map(_whole, described["bold"])) if described.get("bold") else None
    quote = str(described["quote"])
    if not 0 <= start < end or len(quote) != end - start:
        raise ValueError(f"a quote of {len(quote)} characters does not fill {start} to {end}")
    if bold and not start <= bold.start < bold.end <= end:
        raise ValueError(f"{bold} lies outside its quote")
    return Citation(
        _whole(described["mark"]),
        _paragraph(described, quote, start),
        _source(described),
        start,
        end,
        bold,
    )


def _paragraph(described: Described, text: str, start: int) -> Paragraph:
    heading = described.get("heading")
    page = described.get("page")
    return Paragraph(
        str(described["document"]),
        _whole(described["paragraph"]),
        text,
        start,
        start + len(text),
        Role(described["role"]),
        tuple(str(heading).split(" › ")) if heading else (),
        _whole(page) if page is not None else None,
        _words(described.get("speaker")),
    )


def _source(described: Described) -> Source:
    dated = described.get("date")
    return Source(
        str(described.get("title") or ""),
        str(described.get("revision") or ""),
        date.fromisoformat(dated) if dated else None,
    )


def _words(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(f"{str(value)[:20]}… is too large a number") from error


def _whole(value: Any) -> int:
    # Infinity is none either.
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{value} is no whole number")
    return int(value)


def _amount(value: Any) -> float:
    """Tokens are whole, a cost is not."""
    return _whole(value) if isinstance(value, int) or not math.isfinite(value) else _number(value)


def _rank(value: object) -> int | None:
    return None if value is None else _whole(value)
