"""Answers as lines for a terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from rag.documents.left_out import LeftOut
from rag.domain import Answer, Citation, Paragraph, Role, Source, Span, Statement, Verdict
from ui.show import answer_lines, left_out_lines

PARAGRAPH = Paragraph(
    document_id="documents/a.md", number=1, text="It rained\n  for 13 days.", start=0, end=24, role=Role.BODY
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("It rained for 13 days.", "“It rained for 13 days.” ", id="the very words of a document"),
        pytest.param("Rain fell for 13 days.", "Rain fell for 13 days. ", id="what a model wrote"),
    ],
)
def test_only_the_very_words_of_a_document_stand_in_quotation_marks(text: str, line: str) -> None:
    statement = Statement(
        text=text,
        citations=(Citation(mark=1, paragraph=PARAGRAPH, source=Source(title="A", revision="3-a"), start=0, end=24),),
        verdict=Verdict.VERIFIED,
    )
    first, *_ = answer_lines(Answer(question="Why?", statements=(statement,)))
    assert first.startswith(line)


def test_the_answer_itself_is_bold_and_cells_of_a_row_stand_apart() -> None:
    source = Source(title="A", revision="3-a")
    citation = Citation(mark=1, paragraph=PARAGRAPH, source=source, start=0, end=24, bold=Span(16, 23))
    answer = Answer(question="How long?", statements=(Statement(text="It rained for 13 days.", citations=(citation,)),))
    assert next(iter(answer_lines(answer))).startswith("“It rained for [bold]13 days[/bold].” ")
    row = "Crew: Coot\tLocker: L-158"
    cells = Paragraph(document_id="documents/a.csv", number=1, text=row, start=0, end=len(row), role=Role.TABLE)
    quoted = Statement(
        text=" ".join(row.split()), citations=(Citation(mark=1, paragraph=cells, source=source, start=0, end=len(row)),)
    )
    assert next(iter(answer_lines(Answer(question="Which?", statements=(quoted,))))).startswith(
        "Crew: Coot | Locker: L-158 "
    )


@pytest.mark.parametrize(
    ("row", "lead", "line"),
    [
        ("| Coot | L-158 |", "Crew | Locker:", "Crew: Coot | Locker: L-158 "),
        ("<tr><td>Coot</td><td><b>L-158</b></td></tr>", "Crew | Locker:", "Crew: Coot | Locker: L-158 "),
        ("| Coot | | L-158 |", "Crew | Boat | Locker:", "Crew: Coot | Locker: L-158 "),
        ("| Coot | L-158 |", "Lockers:", "[italic]Lockers:[/italic] Coot | L-158 "),
        ("| Coot | L-158 |", "Crew:", "[italic]Crew:[/italic] Coot | L-158 "),
    ],
)
def test_the_cells_of_a_row_stand_behind_the_names_of_its_columns(row: str, lead: str, line: str) -> None:
    cells = Paragraph(document_id="documents/a.md", number=1, text=row, start=0, end=len(row), role=Role.TABLE)
    citation = Citation(mark=1, paragraph=cells, source=Source(title="A", revision="3-a"), start=0, end=len(row))
    statement = Statement(text=" ".join(row.split()), citations=(citation,), lead=lead)
    assert next(iter(answer_lines(Answer(question="Which?", statements=(statement,))))).startswith(line)


@pytest.mark.parametrize(
    ("missing", "line"),
    [(("burst",), "Nowhere in them stands “burst”."), (("a", "b"), "Nowhere in them stand “a”, “b”.")],
)
def test_words_that_stand_nowhere_are_told_in_one_line(missing: tuple[str, ...], line: str) -> None:
    assert line in answer_lines(Answer(question="Which?", abstained=True, missing_terms=missing))


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        pytest.param(0, [], id="none"),
        pytest.param(1, ["1 file left out: 0.png (a picture)"], id="one"),
        pytest.param(5, ["5 files left out: " + ", ".join(f"{i}.png (a picture)" for i in range(5))], id="five"),
        pytest.param(
            17, ["17 files left out: " + ", ".join(f"{i}.png (a picture)" for i in range(5)) + " … 12 more"], id="many"
        ),
    ],
)
def test_what_is_left_out_is_one_line_with_at_most_five_names(count: int, expected: list[str]) -> None:
    listed = [LeftOut(f"documents/{i}.png", "a picture") for i in range(count)]
    assert [line.removeprefix("[dim]").removesuffix("[/dim]") for line in left_out_lines(listed)] == expected


def test_a_name_that_would_command_a_terminal_is_shown_and_not_obeyed() -> None:
    (line,) = left_out_lines([LeftOut("documents/[bold]\x1b[2J.png", "a picture")])
    assert "\x1b" not in line and r"\[bold]" in line


def test_a_block_of_code_keeps_its_lines() -> None:
    code = "```sh\nlark run \\\n  --port [80]\n```"
    block = Paragraph(document_id="documents/a.md", number=1, text=code, start=0, end=len(code), role=Role.BODY)
    source = Source(title="A", revision="3-a")
    citation = Citation(mark=1, paragraph=block, source=source, start=0, end=len(code))
    quoted = Statement(text=" ".join(code.split()), citations=(citation,))
    console = Console(file=StringIO(), width=80)
    console.print(next(iter(answer_lines(Answer(question="How?", statements=(quoted,))))))
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue() == "\n    lark run \\\n      --port [80]\n    [1]\n"
