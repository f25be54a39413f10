"""Gold given as text is found where it stands, as the exact slice of the document."""

from __future__ import annotations

from pathlib import Path

from evals.cases import case_gold
from evals.corpus import read_paragraphs
from evals.domain import Case, Gold
from evals.placing import placed

TEXT = "# Leave\n\nEmployees are entitled to “16 weeks” of\nparental leave.\n\n## Notice\n\nTell us three months before. It is simple.\n"


def found(tmp_path: Path, quote: str, *, second: str = "") -> tuple[list[Gold], set[tuple[str, int]]]:
    (tmp_path / "leave.md").write_text(TEXT, encoding="utf-8")
    (tmp_path / "other.md").write_text(second or "Nothing of the kind.\n", encoding="utf-8")
    corpus, _ = read_paragraphs(tmp_path)
    (case,) = placed([Case(id="1", question="?", gold=(Gold(quote=quote),))], corpus=corpus)
    return list(case.gold), set(case_gold(case, corpus=corpus))


def test_spaces_case_and_quotation_marks_of_other_tools_do_not_matter(tmp_path: Path) -> None:
    gold, right = found(tmp_path, 'employees are entitled to "16 weeks"   of parental leave')
    assert gold == [Gold(document="leave.md", quote="Employees are entitled to “16 weeks” of\nparental leave.")]
    assert right == {("documents/leave.md", 2)}


def test_a_chunk_over_several_paragraphs_brings_each_of_them(tmp_path: Path) -> None:
    _, right = found(tmp_path, "of parental leave.\n## Notice\nTell us three months before.")
    assert right == {("documents/leave.md", 2), ("documents/leave.md", 3), ("documents/leave.md", 4)}


def test_what_stands_in_two_documents_is_right_in_both(tmp_path: Path) -> None:
    gold, _ = found(tmp_path, "Tell us three months before.", second="Tell us three months before!\n")
    assert gold == [
        Gold(document="leave.md", quote="Tell us three months before."),
        Gold(document="other.md", quote="Tell us three months before!"),
    ]


def test_half_a_word_is_no_place_and_what_stands_nowhere_stays_as_it_is(tmp_path: Path) -> None:
    for quote in ("ell us three months", "Tell us four months before."):
        assert found(tmp_path, quote) == ([Gold(quote=quote)], set())
