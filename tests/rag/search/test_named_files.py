"""Questions that name a file are asked of that file."""

from __future__ import annotations

import pytest

from rag.domain import Question
from rag.index.records import FileStamp, Record
from rag.search.scope import narrowed_by_name


def _record(name: str, title: str) -> Record:
    stamp = FileStamp(size=1, modified_ns=1)
    return Record(document_id=f"documents/{name}", title=title, revision="1", paragraphs=1, rows=1, stamp=stamp)


RECORDS = [
    _record("minutes-05.md", "Allotments, May"),
    _record("minutes-06.md", "Allotments, June"),
    _record("2023/plan.md", "Plan 2023"),
    _record("2024/plan.md", "Plan 2024"),
    _record("bee notes.txt", "bee notes"),
    _record("notes.txt", "Notes"),
    _record("Übergabe.txt", "Übergabe"),  # as macOS writes it
    _record("deploy.sh", "deploy"),
]


@pytest.mark.parametrize(
    ("asked", "of", "text"),
    [
        ("What does minutes-05.md say about the hose?", ["minutes-05.md"], "What does “Allotments, May” say about the hose?"),
        ("Who pays, according to the file MINUTES-06.md?", ["minutes-06.md"], "Who pays, according to the file “Allotments, June”?"),
        ("What is in `bee notes.txt`?", ["bee notes.txt"], "What is in “bee notes”?"),
        ("What is the limit in 2023/plan.md?", ["2023/plan.md"], "What is the limit in “Plan 2023”?"),
        ("What is the limit in plan.md?", ["2023/plan.md", "2024/plan.md"], "What is the limit in “plan”?"),
        ("Was steht in Übergabe.txt über den Schlüssel?", ["Übergabe.txt"], "Was steht in “Übergabe” über den Schlüssel?"),
        ("¿Qué dice notes.txt sobre la llave?", ["notes.txt"], "¿Qué dice “Notes” sobre la llave?"),
        ("Que dit notes.txt de la clé ?", ["notes.txt"], "Que dit “Notes” de la clé ?"),
        ("Что написано в notes.txt о ключе?", ["notes.txt"], "Что написано в “Notes” о ключе?"),
        ("Summarise notes.txt", ["notes.txt"], "Summarise “Notes”"),
    ],
)  # fmt: skip
def test_a_question_of_a_file_by_its_name_is_asked_of_that_file_by_its_title(
    asked: str, of: list[str], text: str
) -> None:
    narrowed = narrowed_by_name(Question(asked), RECORDS)
    assert sorted(narrowed.scope or ()) == sorted(f"documents/{name}" for name in of)
    assert narrowed.text == text


@pytest.mark.parametrize(
    "asked",
    [
        "Which script starts deploy.sh?",
        "Which script reads notes.txt?",
        "What depends on deploy.sh?",
        "What does minutes-07.md say about the hose?",
        "What does old-notes.txt say?",
        "What is in notes.txt.bak?",
        "Where do the notes say that?",
    ],
)
def test_a_question_about_a_file_or_of_none_is_asked_of_all(asked: str) -> None:
    assert narrowed_by_name(Question(asked), RECORDS) == Question(asked)


def test_documents_that_were_chosen_stay_chosen() -> None:
    chosen = Question("What does notes.txt say?", scope=frozenset({"documents/deploy.sh"}))
    assert narrowed_by_name(chosen, RECORDS) == chosen
