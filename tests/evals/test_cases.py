"""Reading question files, and gold that survives another splitting."""

from pathlib import Path

import pytest

from evals.cases import case_from, case_gold, gold_paragraphs, read_cases, sample
from evals.domain import Case, Gold
from rag.domain import Paragraph, Role
from rag.errors import CaseError


def paragraph(number: int, text: str, start: int) -> Paragraph:
    return Paragraph("documents/a.txt", number, text, start, start + len(text), Role.BODY)


CORPUS = {
    "documents/a.txt": [
        paragraph(1, "One two three.", 0),
        paragraph(2, "Four five\nsix.", 16),
        paragraph(3, "Seven.", 32),
    ]
}


@pytest.mark.parametrize(
    ("quote", "numbers"),
    [("two three", {1}), ("five six", {2}), ("three. Four", {1, 2}), (None, {1, 2, 3}), ("eight", set())],
    ids=["inside one", "other white space", "over a border", "whole document", "not there"],
)
def test_gold_is_found_by_its_quote(quote: str | None, numbers: set[int]) -> None:
    assert {number for _, number in gold_paragraphs(Gold("a.txt", quote), CORPUS)} == numbers


def test_any_of_several_golds_is_right() -> None:
    case = Case("1", "?", (), (Gold("a.txt", "One"), Gold("a.txt", "Seven")))
    assert case_gold(case, CORPUS) == {("documents/a.txt", 1), ("documents/a.txt", 3)}


def test_a_malformed_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": "1", "question": "Why?"}\n{"question": "no id"}\n')
    with pytest.raises(CaseError, match="line 2"):
        read_cases(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"nowhere\.jsonl"):
        read_cases(tmp_path / "nowhere.jsonl")


def test_a_sample_does_not_hang_on_the_order_of_the_file() -> None:
    cases = [case_from({"id": str(i), "question": "?"}) for i in range(50)]
    assert sample(cases, 10) == sample(cases[::-1], 10)
