"""`ibid eval`: run · compare · report · rescore · lint · generate · add · calibrate · label · baseline.

Options in, tables out; the measuring itself is in `evals`. Errors are caught where the other commands' are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from rag.errors import CaseError
from rag.settings import Settings
from ui.show import safe

if TYPE_CHECKING:
    from evals.calibrate import Calibration
    from evals.compare import Comparison
    from evals.domain import Case
    from evals.results import Result
    from evals.summary import Summary

app = typer.Typer(no_args_is_help=True, help="Measure how good the answers are, on your own documents.")
out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())

SuiteOption = Annotated[str | None, typer.Option("--suite", help="A shipped suite; seeds where nothing is named.")]
DocumentsOption = Annotated[Path | None, typer.Option("--documents", help="Your folder.", show_default=False)]
QuestionsOption = Annotated[Path | None, typer.Option("--questions", help="Your questions.jsonl.", show_default=False)]
MarkdownOption = Annotated[Path | None, typer.Option("--markdown", help="Write the table as Markdown, too.")]
JUnitOption = Annotated[Path | None, typer.Option("--junit", help="Write it as JUnit XML, too.")]
GateOption = Annotated[bool, typer.Option("--gate", help="Exit with 1 where it does not pass.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Where it is written.", show_default=False)]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="Only questions with this tag; may be repeated.")]
JudgeOption = Annotated[str | None, typer.Option(help="A model that judges support; uncalibrated until you label.")]
InterveneOption = Annotated[
    bool | None,
    typer.Option(
        "--intervene/--no-intervene",
        help="Ask again without what is cited: must the answer change? On without a model.",
        show_default=False,
    ),
]
RunFile = Annotated[Path, typer.Argument(help="A run's file.")]
NewestRun = Annotated[Path | None, typer.Argument(help="A run's file; the newest if left out.", show_default=False)]
_MOST_LISTED = 5
_MOST_FLIPS = 12


@app.command()
def run(
    suite: SuiteOption = None,
    documents: DocumentsOption = None,
    questions: QuestionsOption = None,
    mode: Annotated[str, typer.Option(help="extractive, or generative with the model of the settings.")] = "extractive",
    limit: Annotated[int | None, typer.Option(min=1, help="So many of the questions, always the same.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Only questions with this tag; may be repeated.")
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, max=20, help="Ask each so often, and tell what varies.")] = 1,
    seed: Annotated[int, typer.Option(help="Another sample for --limit.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, max=32, help="Ask so many at once.")] = 1,
    variants: Annotated[bool, typer.Option("--variants", help="Ask with slips and in other words, too.")] = False,
    intervene: InterveneOption = None,
    open_gate: Annotated[
        bool, typer.Option("--open-gate", help="Answer every question, however weak the evidence.")
    ] = False,
    judge: Annotated[
        str | None, typer.Option(help="A model that judges support; called uncalibrated until labelled.")
    ] = None,
    gate: GateOption = False,
    to: OutOption = None,
    markdown: MarkdownOption = None,
    junit: JUnitOption = None,
) -> None:
    """Ask the questions of a suite, score the answers, and say which to look at first."""
    from evals.formats import summary_junit, summary_markdown
    from evals.run import Asking
    from evals.suite import Plan, find_suite, run_suite
    from evals.summary import read_thresholds, summarise
    from rag.chatbot import chat_model_of, embedding_of

    if mode not in ("extractive", "generative"):
        raise typer.BadParameter(f"--mode {mode}: it is extractive or generative.")
    settings = Settings()
    wanted = find_suite(suite, documents=documents, questions=questions)
    llm = chat_model_of(settings) if mode == "generative" else None
    if mode == "generative" and llm is None:
        raise CaseError("--mode generative needs IBID_CHAT_MODEL. Without a model: --mode extractive.")
    asking = Asking(
        use_model=llm is not None,
        repeat=repeat,
        jobs=jobs,
        intervene=llm is None if intervene is None else intervene,
    )
    plan = Plan(
        asking=asking, limit=limit, tags=tuple(tag or ()), seed=seed, with_variants=variants, gate_is_open=open_gate
    )
    limits = read_thresholds(wanted.name) if documents is None else {}
    judging = chat_model_of(settings.model_copy(update={"chat_model": judge})) if judge else None
    embedding = embedding_of(settings) if llm is not None else None
    if llm is not None:
        receivers = [str(llm), *([f"{settings.embed_model}"] if embedding else []), *([judge] if judge else [])]
        err.print(f"[dim]text goes to {safe(', '.join(receivers))}[/dim]")
    with _progress() as (indexing, progress):
        kept, path = run_suite(
            settings,
            suite=wanted,
            plan=plan,
            out=to,
            llm=llm,
            judge=judging,
            embedding=embedding,
            indexing=indexing,
            progress=progress,
        )
    summary = summarise(kept.results, limits=limits)
    _print_summary(summary)
    if told := (kept.described.get("judge") or {}).get("agreement"):
        out.print(f"[dim]judge {safe(str(judge))}: {safe(told)}[/dim]")
    out.print(f"[dim]kept as {safe(str(path))}; ibid eval report makes a page of it[/dim]")
    _write(markdown, summary_markdown(kept.name, summary))
    _write(junit, summary_junit(wanted.name, summary))
    if gate and (summary.failed or summary.errors):
        raise typer.Exit(1)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(help="A run's file, or “baseline” for the committed one of the suite.")],
    after: Annotated[Path, typer.Argument(help="The other run's file.")],
    gate: GateOption = False,
    markdown: MarkdownOption = None,
    junit: JUnitOption = None,
) -> None:
    """Two runs, question by question: is it better, or is it noise?"""
    from evals.compare import compare as paired
    from evals.formats import comparison_junit, comparison_markdown
    from evals.results import read_run
    from evals.suite import baseline_of

    later = read_run(after)
    earlier = read_run(baseline_of(later.suite) if before == "baseline" else Path(before))
    comparison = paired(earlier, later)
    _print_comparison(comparison)
    _write(markdown, comparison_markdown(comparison))
    _write(junit, comparison_junit(comparison))
    if gate and (comparison.failed or not comparison.cases):
        raise typer.Exit(1)


@app.command()
def report(
    of: Annotated[
        Path | None, typer.Argument(help="A run's file; the newest where left out.", show_default=False)
    ] = None,
    to: OutOption = None,
) -> None:
    """Make one HTML page of a run, with a place for every question. It asks the network for nothing."""
    from evals.report import report_html
    from evals.results import read_run
    from evals.summary import read_thresholds, summarise

    path = of or _newest()
    kept = read_run(path)
    page = to or path.with_suffix(".html")
    _write(page, report_html(kept, summarise(kept.results, limits=read_thresholds(kept.suite))))
    out.print(f"Written to {safe(str(page))}")


@app.command()
def rescore(of: RunFile) -> None:
    """Score a run's answers anew, without asking again."""
    from evals.suite import rescore as anew
    from evals.summary import read_thresholds, summarise

    kept = anew(Settings(), path=of)
    _print_summary(summarise(kept.results, limits=read_thresholds(kept.suite)))


@app.command()
def lint(suite: SuiteOption = None, documents: DocumentsOption = None, questions: QuestionsOption = None) -> None:
    """Say what is wrong with a question file: lost quotes, ids that stand twice, answers that should not be there."""
    from evals.cases import read_cases
    from evals.corpus import read_paragraphs
    from evals.lint import lint as problems_of
    from evals.suite import find_suite

    wanted = find_suite(suite, documents=documents, questions=questions)
    cases = read_cases(wanted.questions)
    corpus, files = read_paragraphs(wanted.documents)
    problems = problems_of(cases, corpus, files)
    for problem in problems:
        out.print(safe(str(problem)))
    if problems:
        raise CaseError(f"{len(problems)} problems in {len(cases)} cases of {wanted.questions}.")
    out.print(f"{len(cases)} cases, nothing wrong.")


@app.command()
def generate(
    to: Annotated[Path, typer.Argument(help="The questions.jsonl to write; it must not exist yet.")],
    documents: DocumentsOption = None,
    count: Annotated[int, typer.Option("--count", min=1, max=5_000, help="How many at most.")] = 100,
    with_model: Annotated[bool, typer.Option("--with-model", help="Let the model of the settings ask.")] = False,
) -> None:
    """Make questions of your documents, as a first measurement until you write your own."""
    from evals.corpus import read_paragraphs
    from evals.synthetic import synthetic_cases, written_cases
    from rag.chatbot import chat_model_of

    settings = Settings()
    if to.exists():
        raise CaseError(f"{to} exists already. Name a file that does not.")
    paragraphs, _ = read_paragraphs(documents or settings.documents)
    if with_model:
        llm = chat_model_of(settings)
        if llm is None:
            raise CaseError("--with-model needs IBID_CHAT_MODEL. Without it questions are made by template.")
        err.print(f"[dim]{safe(settings.chat_model or '')} receives paragraphs of your documents[/dim]")
        cases = list(written_cases(paragraphs, llm, count))
    else:
        cases = synthetic_cases(paragraphs, count)
    if not cases:
        raise CaseError("These documents yielded no question. Write some by hand: see evals/questions/seeds.jsonl.")
    _write_cases(to, cases)
    out.print(
        f"{len(cases)} questions in {safe(str(to))}, marked synthetic. Read them, and mend or delete what is odd."
    )


@app.command()
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
    known = {case.id for case in read_cases(to)} if to.exists() else set()
    found = [case for case in read_cases(source) if case.id not in known]
    usable = [case for case in found if case.gold or not case.answerable]
    _write_cases(to, usable)
    left = len(found) - len(usable)
    note = f"; {left} say no paragraph that should have been cited, and were left out" if left else ""
    out.print(f"{len(usable)} added to {safe(str(to))}{note}.")


@app.command()
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
    from evals.suite import find_suite
    from rag.gate import GATE_FILE, read_gate

    settings = Settings()
    wanted = find_suite(suite, documents=documents, questions=questions)
    cases = read_cases(wanted.questions)
    with opened(settings, folder=wanted.documents) as corpus, _counting("asking", len(cases)) as told:
        readings = collect(corpus.bot, cases, corpus.paragraphs, progress=told)
        readings += collect_unanswerable(corpus.bot, cases)
    calibration = fitted(readings, read_gate(GATE_FILE))
    _print_calibration(calibration)
    if dry_run:
        return
    _write(settings.gate, json.dumps(calibration.gate.json(), indent=2) + "\n")
    out.print(f"Written to {safe(str(settings.gate))}; delete it to have the shipped gate again.")


@app.command()
def label(of: RunFile) -> None:
    """Judge statements yourself, so that a judge's agreement with you can be told."""
    from evals.judge import ENOUGH_LABELS, Label, Support, read_labels, to_label, write_label
    from evals.results import read_run
    from evals.suite import labels_file

    path = labels_file(Settings())
    known = read_labels(path)
    answers = {"f": Support.FULL, "p": Support.PARTIAL, "n": Support.NO}
    out.print(f"{len(known)} judged so far; a judge needs {ENOUGH_LABELS}. Enter alone skips, q ends.")
    for result, statement in to_label(read_run(of).results, known):
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
            write_label(path, Label(result.case.id, statement.text, answers[said]))


@app.command()
def baseline(of: RunFile) -> None:
    """Keep a run as the one that later ones of its suite are compared with (`ibid eval compare baseline RUN`)."""
    from evals.results import read_run, slim, write_run
    from evals.suite import baseline_of

    kept = slim(read_run(of))
    path = baseline_of(kept.suite)
    write_run(path, described=kept.described, results=kept.results)
    out.print(f"Kept as {safe(str(path))}.")


def _newest() -> Path:
    from evals.suite import kept_runs

    runs = kept_runs(Settings())
    if not runs:
        raise CaseError("There is no run yet. `ibid eval run` makes one.")
    return runs[0]


def _write(path: Path | None, text: str) -> None:
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CaseError(f"{path} cannot be written: {error.strerror}.") from error


def _write_cases(path: Path, cases: Sequence[Case]) -> None:
    lines = "".join(json.dumps(case.json(), ensure_ascii=False) + "\n" for case in cases)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(lines)
    except OSError as error:
        raise CaseError(f"{path} cannot be written: {error.strerror}.") from error


def _print_summary(summary: Summary) -> None:
    table = _table("metric", "value", "95 % interval", "n", "limit", "")
    for group, rows in groupby(summary.rows, key=lambda row: row.metric.group):
        table.add_row(f"[bold]{group.value}[/bold]")
        for row in rows:
            verdict = {None: "", True: "[green]pass[/green]", False: "[red]FAIL[/red]"}[row.passes]
            limit = str(row.limit) if row.limit else ""
            figures = (f"{row.interval.value:.3f}", row.interval.bounds, str(row.interval.n), limit, verdict)
            table.add_row(f"  {row.metric.title}", *figures)
    out.print(table)
    for name, (median, high) in summary.seconds.items():
        what = "to the first statement" if name == "first" else "in all"
        out.print(f"[dim]seconds {what}: p50 {median:.3f}, p95 {high:.3f}[/dim]")
    if summary.usage:
        out.print(f"[dim]used: {', '.join(f'{count:g} {kind}' for kind, count in summary.usage.items())}[/dim]")
    for kind, rate in summary.flips.items():
        out.print(f"verdict flipped by {kind:12} {rate}")
    if summary.flaky is not None:
        out.print(f"verdict varies between repeats: {summary.flaky}")
    for row in summary.synthetic[:1]:
        out.print(f"[dim]{row.interval.n} synthetic questions are reported apart, in the page of the run.[/dim]")
    _print_causes(summary)


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _print_causes(summary: Summary) -> None:
    failed = sum(map(len, summary.causes.values()))
    out.print(f"\n{summary.cases} questions, {failed} to look at" + (":" if failed else "."))
    for cause, results in summary.causes.items():
        out.print(f"  [bold]{cause.value}[/bold] ({len(results)})")
        for result in results[:_MOST_LISTED]:
            out.print(f"    {safe(result.case.id)}  {safe(result.case.question)}")
        if len(results) > _MOST_LISTED:
            out.print(f"    [dim]and {len(results) - _MOST_LISTED} more[/dim]")


def _print_comparison(comparison: Comparison) -> None:
    from evals.formats import told

    out.print(f"{safe(comparison.before.name)}  →  {safe(comparison.after.name)}")
    if comparison.differs:
        out.print(f"[dim]other {', '.join(comparison.differs)}[/dim]")
    table = _table("metric", "before", "after", "change, 95 %", "p", "")
    for change in comparison.changes:
        interval = change.difference.interval
        state = "[red]FAILS[/red]" if change.fails else "[green]better[/green]" if change.is_better else ""
        bounds = f"{interval.low:+.3f} to {interval.high:+.3f}"
        values = (f"{change.before:.3f}", f"{change.after:.3f}", bounds, f"{change.p:.3f}")
        table.add_row(change.metric.title, *values, state)
    out.print(table)
    for flip in comparison.flips[:_MOST_FLIPS]:
        state = "[green]fixed[/green]" if flip.is_fixed else "[red]broken[/red]"
        out.print(f"\n{state}  {safe(flip.after.case.id)}  {safe(flip.after.case.question)}")
        out.print(f"  before  {safe(told(flip.before))}")
        out.print(f"  after   {safe(told(flip.after))}")
    if len(comparison.flips) > _MOST_FLIPS:
        out.print(f"[dim]and {len(comparison.flips) - _MOST_FLIPS} more flips (--markdown lists them)[/dim]")
    for what, ids in (("added", comparison.added), ("removed", comparison.removed), ("changed", comparison.changed)):
        if ids:
            out.print(f"[dim]{len(ids)} {what}, not compared: {safe(', '.join(ids[:8]))}[/dim]")
    out.print(
        f"\n{comparison.cases} questions, {comparison.fixed} fixed, {comparison.broken} broken "
        f"(McNemar exact p = {comparison.p:.3f}). [bold]{safe(comparison.conclusion)}[/bold]"
    )


def _print_calibration(calibration: Calibration) -> None:
    kind = "fitted anew" if calibration.is_refitted else "the shipped one, rescaled"
    out.print(f"{calibration.cases} questions; the gate is {kind}. Held out, half by half:")
    table = _table("", "shipped", "yours")
    before, after = calibration.before, calibration.after
    for what, ours, theirs in (
        ("answerable questions answered", before.answered, after.answered),
        ("others answered", before.false, after.false),
        ("wrong among the answered", before.risk, after.risk),
        ("AUROC", before.ranking, after.ranking),
    ):
        table.add_row(what, str(ours), str(theirs))
    out.print(table)
    out.print("\nrisk among the most certain of the answerable questions:")
    for share in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        point = after.curve[max(0, round(share * len(after.curve)) - 1)]
        bar = "█" * round(40 * point.risk) or "▏"
        out.print(f"  {share:4.0%}  {point.risk:.3f}  {bar}")
    out.print(f"threshold {calibration.gate.threshold:.3f}")


@contextmanager
def _progress() -> Iterator[tuple[Callable[..., None] | None, Callable[[Result, int], None] | None]]:
    """On a terminal, a bar for the indexing and one for the questions, with the running score and the time left."""
    from evals.summary import verdict

    if not err.is_terminal:
        yield None, None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        reading = bar.add_task("indexing", total=None, visible=False)
        asking = bar.add_task("asking", total=None, visible=False)
        right: list[bool] = []

        def index(told: object) -> None:
            bar.update(reading, visible=True, completed=getattr(told, "files_done", 0), total=getattr(told, "files", 0))

        def ask(result: Result, count: int) -> None:
            right.append(verdict(result))
            share = sum(right) / len(right)
            bar.update(reading, visible=False)
            bar.update(asking, visible=True, completed=len(right), total=count, description=f"right so far {share:.0%}")

        yield index, ask


@contextmanager
def _counting(what: str, total: int) -> Iterator[Callable[[int], None] | None]:
    if not err.is_terminal:
        yield None
        return
    with _bar() as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    return Progress(*columns, TimeRemainingColumn(), console=err, transient=True)
