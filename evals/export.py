"""Questions, and the answers of a run, in the shapes of other tools."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from evals.domain import Case
from evals.items import csv_rows, json_array, json_lines, yaml_tests
from evals.results import Result
from evals.shapes import WRITTEN, item_of

Items: TypeAlias = Sequence[Mapping[str, Any]]

_FILES: Mapping[str, Callable[[Items], str]] = {
    "ragas": json_lines,
    "deepeval": json_array,
    "promptfoo": yaml_tests,
    "inspect": json_lines,
    "csv": csv_rows,
}
TOOLS = tuple(_FILES)


def exported(cases: Iterable[Case], *, tool: str) -> str:
    """The text of a file of this tool, one of TOOLS. Read here again it brings the same cases."""
    return _FILES[tool]([item_of(case.json(), shape=WRITTEN[tool]) for case in cases])


def exported_run(results: Iterable[Result], *, tool: str) -> str:
    """The same with what was answered and the passages that were found, where the tool has fields for them; of each
    question its first round."""
    shape = WRITTEN[tool]
    items = []
    for result in results:
        if result.round == 1:
            answer = result.answer
            said = {shape.said: answer.text, shape.found: [p.paragraph.text for p in answer.passages]} if answer else {}
            items.append({**item_of(result.case.json(), shape=shape), **(said if shape.said else {})})
    return _FILES[tool](items)


def holds_answers(tool: str) -> bool:
    """Whether the tool has fields for what was answered."""
    return bool(WRITTEN[tool].said)
