"""`ibid eval` on questions and the gate: lint · generate · add · export · calibrate · label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import CaseError
from rag.settings import Settings
from ui.eval_tables import print_calibration
from ui.folder import require_folder, settings_over
from ui.options import DocumentsOption, QuestionsOption, RunFile, SuiteOption
from ui.show import safe
from ui.terminal import bars, err, out
from ui.words import counted

if TYPE_CHECKING:
    from evals.domain import Case


_CASE = '{"id": "1", "question": "…", "answers": ["…"], "gold": [{"document": "leave.md", "quote": "…"}]}'


def lint(suite: SuiteOption = None, documents: DocumentsOption = None, questions: QuestionsOption = None) -> None:
    """Say what is wrong with a question file, line by line: lost quotes, ids that stand twice, answers nobody can tell.

    It may be of JSON lines, a JSON array, CSV or YAML, of ours or of ragas, deepeval, promptfoo or inspect."""
    from evals.cases import read_questions
    from evals.corpus import read_paragraphs
    from evals.lint import lint as problems_of
    from evals.suite import find_suite

    wanted = find_suite(suite, documents=documents, questions=questions)
    read = read_questions(wanted.questions)
    corpus, files = read_paragraphs(wanted.documents, plugged=Settings().plugged)
    found = problems_of(read.cases, corpus=corpus, files=files)
    name = wanted.questions.name
    told = [f"{read.places[problem.index]}: {'note: ' if problem.is_note else ''}{problem}" for problem in found]
    for line in sorted([*read.slips, *told], key=_number):
        _print_line(f"{name} {line}")
    if read.made:
        made = counted(read.made, "case has", "cases have")
        _print_line(f"{made} no id; one was made of the words of its question, and changes when they do.")
    wrong = len(read.slips) + sum(not problem.is_note for problem in found)
    cases = counted(len(read.cases) + len(read.slips), "case", "cases")
    if wrong:
        raise CaseError(f"{counted(wrong, 'problem', 'problems')} in {cases} of {wanted.questions}.")
    out.print(f"{cases}, nothing wrong.")


def export(
    of: Annotated[Path, typer.Argument(help="A question file, or a run's file for its answers too.")],
    to: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")],
    tool: Annotated[str, typer.Option("--as", help="ragas, deepeval, promptfoo, inspect or csv.")],
) -> None:
    """Write questions, and a run's answers, as another tool reads them. Read here again they are the same."""
    from evals.cases import read_cases
    from evals.export import TOOLS, exported, exported_run, holds_answers
    from evals.results import read_head, read_run

    if tool not in TOOLS:
        raise typer.BadParameter(f"--as {tool}: it is {', '.join(TOOLS[:-1])} or {TOOLS[-1]}.")
    if to.exists():
        raise CaseError(f"{to} exists already. Name a file that does not.")
    is_run = read_head(of) is not None
    write_text(
        to, text=exported_run(read_run(of).results, tool=tool) if is_run else exported(read_cases(of), tool=tool)
    )
    left = f"; {tool} has no fields for answers, so they were left out" if is_run and not holds_answers(tool) else ""
    out.print(f"Written to {safe(str(to))}{left}.")


def generate(
    to: Annotated[Path, typer.Argument(help="The questions.jsonl to write; it must not exist yet.")],
    documents: DocumentsOption = None,
    count: Annotated[int, typer.Option("--count", min=1, max=5_000, help="How many at most.")] = 100,
    with_model: Annotated[bool, typer.Option("--with-model", help="Let the model of the settings ask.")] = False,
) -> None:
    """Make questions of your documents, as a first measurement until you write your own."""
    from evals.corpus import read_paragraphs
    from evals.synthetic import synthetic_cases, written_cases
    from rag.opening import chat_model_of

    settings = settings_over(documents)
    require_folder(settings)
    if to.exists():
        raise CaseError(f"{to} exists already. Name a file that does not.")
    paragraphs, _ = read_paragraphs(settings.documents, plugged=settings.plugged)
    if with_model:
        llm = chat_model_of(settings)
        if llm is None:
            raise CaseError("--with-model needs IBID_CHAT_MODEL. Without it questions are made by template.")
        err.print(f"[dim]{safe(settings.chat_model or '')} receives paragraphs of your documents[/dim]")
        cases = list(written_cases(paragraphs, llm=llm, most=count))
    else:
        cases = synthetic_cases(paragraphs, most=count)
    if not cases:
        raise CaseError(f"These documents yielded no question. Write some by hand, a line each: {_CASE}")
    _add_cases(to, cases=cases)
    out.print(
        f"{len(cases)} questions in {safe(str(to))}, marked synthetic. Read them, and mend or delete what is odd."
    )


def add(
    to: Annotated[Path, typer.Argument(help="The questions.jsonl to add to.")],
    from_feedback: Annotated[bool, typer.Option("--from-feedback", help="What people said in the chat.")] = False,
) -> None:
    """Turn what people said of answers in the chat into cases."""
    from evals.cases import read_cases

    if not from_feedback:
        raise typer.BadParameter("Say where from: --from-feedback.")
    source = Settings().home / "feedback.jsonl"
    if not source.exists():
        raise CaseError(f"There is no feedback yet in {source}. In the chat, press “Good” or “Bad” under an answer.")
    if to.exists() and to.read_text(encoding="utf-8", errors="replace").lstrip("\ufeff\r\n ")[:1] not in "{#":
        raise CaseError(f"{to} is not of JSON lines, so none can be added. Name another file.")
    known = {case.id for case in read_cases(to)} if to.exists() else set()
    found = [case for case in read_cases(source) if case.id not in known]
    usable = [case for case in found if case.gold or not case.answerable]
    _add_cases(to, cases=usable)
    left = len(found) - len(usable)
    note = f"; {left} say no paragraph that should have been cited, and were left out" if left else ""
    out.print(f"{len(usable)} added to {safe(str(to))}{note}.")


def calibrate(
    suite: SuiteOption = None,
    documents: DocumentsOption = None,
    questions: QuestionsOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would bring, and write nothing.")] = False,
) -> None:
    """Fit the gate – when Ibid says nothing – to your own questions, and write it to IBID_HOME/gate.json."""
    from evals.calibrate import calibrate as fitted
    from evals.calibrate import collect, collect_unanswerable
    from evals.cases import read_cases
    from evals.corpus import opened
    from evals.placing import placed
    from evals.suite import find_suite
    from rag.answer.gate import shipped_gate

    settings = Settings()
    wanted = find_suite(suite, documents=documents, questions=questions)
    with opened(settings, folder=wanted.documents) as corpus, bars("asking") as shown:
        cases = placed(read_cases(wanted.questions), corpus=corpus.paragraphs)
        told = partial(shown[0].show, total=len(cases)) if shown else None
        readings = collect(corpus.bot, cases=cases, corpus=corpus.paragraphs, progress=told)
        readings += collect_unanswerable(corpus.bot, cases=cases)
    calibration = fitted(readings, shipped=shipped_gate())
    print_calibration(calibration)
    if dry_run:
        return
    write_text(settings.gate, text=json.dumps(calibration.gate.json(), indent=2) + "\n")
    out.print(f"Written to {safe(str(settings.gate))}; delete it to have the shipped gate again.")


def label(of: RunFile) -> None:
    """Judge statements yourself, so that a judge's agreement with you can be told."""
    from evals.judge import ENOUGH_LABELS, Label, Support, read_labels, to_label, write_label
    from evals.results import read_run
    from evals.suite import labels_file

    path = labels_file(Settings())
    known = read_labels(path)
    answers = {"f": Support.FULL, "p": Support.PARTIAL, "n": Support.NO}
    out.print(f"{len(known)} judged so far; a judge needs {ENOUGH_LABELS}. Enter alone skips, q ends.")
    for result, statement in to_label(read_run(of).results, known=known):
        out.print(f"\n[bold]{safe(statement.text)}[/bold]")
        for citation in statement.citations:
            out.print(f"  [dim]{safe(citation.paragraph.place)}[/dim] {safe(citation.quote)}")
        try:
            said = out.input("supported: [f]ull, [p]artly, [n]ot? ", markup=False).strip().lower()[:1]
        except EOFError:
            return
        if said == "q":
            return
        if said in answers:
            write_label(path, label=Label(result.case.id, statement.text, answers[said]))


def _number(line: str) -> int:
    """Of the line or item that it begins with."""
    return int(line.split(":")[0].split()[-1])


def _print_line(text: str) -> None:
    """One line, however long: what is wrong with a file is read by programs, too."""
    out.print(safe(text), soft_wrap=True)


def write_text(path: Path | None, *, text: str) -> None:
    """Write a file that was asked for. Raises CaseError where it cannot be written."""
    from evals.results import writing

    if path is not None:
        with writing(path):
            path.write_text(text, encoding="utf-8")


def _add_cases(path: Path, *, cases: Sequence[Case]) -> None:
    from evals.results import writing

    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(case.json(), ensure_ascii=False) + "\n" for case in cases))
