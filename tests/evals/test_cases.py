"""Reading question files, and gold that survives another splitting."""

from pathlib import Path

import pytest

from evals.cases import case_from, case_gold, clusters_of, gold_paragraphs, read_cases, sample
from evals.domain import Case, Gold, KeyPoint
from rag.domain import Paragraph, Role
from rag.errors import CaseError


def paragraph(number: int, text: str, start: int) -> Paragraph:
    return Paragraph(
        document_id="documents/a.txt", number=number, text=text, start=start, end=start + len(text), role=Role.BODY
    )


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
    assert {number for _, number in gold_paragraphs(Gold(document="a.txt", quote=quote), corpus=CORPUS)} == numbers


def test_any_of_several_golds_is_right() -> None:
    case = Case(
        id="1",
        question="?",
        answers=(),
        gold=(Gold(document="a.txt", quote="One"), Gold(document="a.txt", quote="Seven")),
    )
    assert case_gold(case, corpus=CORPUS) == {("documents/a.txt", 1), ("documents/a.txt", 3)}


def test_a_malformed_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": "1", "question": "Why?"}\n{"id": "no question"}\n')
    with pytest.raises(CaseError, match="line 2: question is missing; there is id"):
        read_cases(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"nowhere\.jsonl"):
        read_cases(tmp_path / "nowhere.jsonl")


def test_a_sample_does_not_hang_on_the_order_of_the_file() -> None:
    cases = [case_from({"id": str(i), "question": "?"}) for i in range(50)]
    assert sample(cases, n=10) == sample(cases[::-1], n=10)


def test_another_seed_draws_another_sample() -> None:
    cases = [case_from({"id": str(i), "question": "?"}) for i in range(50)]
    assert sample(cases, n=10, seed=1) == sample(cases[::-1], n=10, seed=1) != sample(cases, n=10)


def test_a_case_reads_back_as_it_was_written() -> None:
    case = Case(
        id="1",
        question="Why?",
        answers=("so",),
        gold=(Gold(document="a.txt", quote="One", grade=2), Gold(document="b.pdf", page=3)),
        all_gold=True,
        tags=("fact",),
        near=Gold(document="a.txt", quote="Seven"),
        reference="It is so.",
        turns=("Who?",),
        key_points=(KeyPoint(("so", "thus")), KeyPoint(("x",), vital=False)),
        must_not=("PWNED",),
        cluster="c",
        source="feedback",
    )
    assert case_from(case.json()) == case
    assert case_from(Case(id="2", question="What?").json()) == Case(id="2", question="What?")


def of(document: str, quote: str, **more: str) -> Case:
    return Case(id=f"{document} {quote}", question="?", gold=(Gold(document=document, quote=quote),), **more)  # type: ignore[arg-type]


def test_cases_of_few_documents_stand_together_by_their_gold() -> None:
    cases = [
        of("a", "x"),
        of("a", "x"),
        of("a", "y"),
        of("b", "x"),
        of("b", "x", cluster="mine"),
        Case(id="7", question="?"),
    ]
    names = clusters_of(cases)
    assert names[0] == names[1]
    assert len(set(names)) == 5
    assert names[4] == "mine"


def test_cases_of_many_documents_stand_together_by_document() -> None:
    cases = [of(str(i), quote) for i in range(20) for quote in "xy"]
    assert len(set(clusters_of(cases))) == 20
    assert len(set(clusters_of(cases[:38]))) == 38


def test_an_unanswerable_case_stands_with_what_it_is_near() -> None:
    near = Case(id="1", question="?", answerable=False, near=Gold(document="a", quote="x"))
    assert clusters_of([near, of("a", "x")]) == ["a##x", "a##x"]
