"""`ibid eval`: run · compare · report · rescore · lint · generate · add · export · calibrate · label · baseline.

Options in, tables out; the measuring itself is in `evals`. Errors are caught where the other commands' are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import CaseError
from rag.settings import Settings
from ui.eval_tables import print_comparison, print_summary
from ui.options import (
    DocumentsOption,
    GateOption,
    InterveneOption,
    JobsOption,
    JudgeOption,
    JUnitOption,
    LimitOption,
    MarkdownOption,
    ModeOption,
    NewestRun,
    OpenGateOption,
    OutOption,
    QuestionsOption,
    RepeatOption,
    RunFile,
    SeedOption,
    SuiteOption,
    TagOption,
    VariantsOption,
)
from ui.questions import add, calibrate, export, generate, label, lint, write_text
from ui.show import safe
from ui.terminal import bars, err, out

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import LLM

    from evals.compare import Comparison
    from evals.results import Result, Run
    from evals.suite import Plan, Suite
    from evals.summary import Summary
    from rag.ingest import Progress as IngestProgress

app = typer.Typer(no_args_is_help=True, help="Measure how good the answers are, on your own documents.")


@app.command()
def run(
    suite: SuiteOption = None,
    documents: DocumentsOption = None,
    questions: QuestionsOption = None,
    mode: ModeOption = "extractive",
    limit: LimitOption = None,
    tag: TagOption = None,
    repeat: RepeatOption = 1,
    seed: SeedOption = 0,
    jobs: JobsOption = 1,
    variants: VariantsOption = False,
    intervene: InterveneOption = None,
    open_gate: OpenGateOption = False,
    judge: JudgeOption = None,
    gate: GateOption = False,
    to: OutOption = None,
    markdown: MarkdownOption = None,
    junit: JUnitOption = None,
) -> None:
    """Ask the questions of a suite, score the answers, and say which to look at first."""
    from evals.run import Asking
    from evals.suite import Plan, find_suite
    from evals.summary import read_thresholds, summarise

    settings = Settings()
    wanted = find_suite(suite, documents=documents, questions=questions)
    models = _models(settings, mode=mode, judge=judge, suite=wanted)
    asks_again = not models.write if intervene is None else intervene
    asking = Asking(use_model=models.write, repeat=repeat, jobs=jobs, intervene=asks_again)
    plan = Plan(
        asking=asking, limit=limit, tags=tuple(tag or ()), seed=seed, with_variants=variants, gate_is_open=open_gate
    )
    # They were set for the shipped questions, and for the gate as it is.
    limits = read_thresholds(wanted.name) if documents is None and not open_gate else {}
    kept, path = _measured(settings, suite=wanted, plan=plan, models=models, to=to)
    summary, since = summarise(kept.results, limits=limits), _since_last(settings, kept=kept)
    print_summary(summary, since=since)
    if told := (kept.described.get("judge") or {}).get("agreement"):
        out.print(f"[dim]judge {safe(str(models.judge))}: {safe(told)}[/dim]")
    out.print(f"[dim]kept as {safe(str(path))}; ibid eval report makes a page of it[/dim]")
    _write_tables(kept, summary=summary, since=since, markdown=markdown, junit=junit)
    if gate and (summary.failed or summary.errors):
        raise typer.Exit(1)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(help="A run's file, or “baseline” for the one that was kept of the suite.")],
    after: Annotated[Path, typer.Argument(help="The other run's file.")],
    gate: GateOption = False,
    markdown: MarkdownOption = None,
) -> None:
    """Two runs, question by question: is it better, or is it noise?"""
    from evals.compare import compare as paired
    from evals.formats import comparison_markdown
    from evals.results import read_run
    from evals.suite import baseline_of

    later = read_run(after)
    earlier = read_run(baseline_of(Settings(), suite=later.suite) if before == "baseline" else Path(before))
    comparison = paired(earlier, after=later)
    print_comparison(comparison)
    write_text(markdown, text=comparison_markdown(comparison))
    if gate and (comparison.failed or not comparison.cases):
        raise typer.Exit(1)


@app.command()
def report(
    of: NewestRun = None,
    to: OutOption = None,
) -> None:
    """Make one HTML page of a run, with a place for every question. It asks the network for nothing."""
    from evals.report import report_html
    from evals.results import read_run
    from evals.summary import read_thresholds, summarise

    path = of or _newest()
    kept = read_run(path)
    page = to or path.with_suffix(".html")
    summary = summarise(kept.results, limits=read_thresholds(kept.suite))
    write_text(page, text=report_html(kept, summary=summary, since=_since_last(Settings(), kept=kept)))
    out.print(f"Written to {safe(str(page))}")


@app.command()
def rescore(of: RunFile) -> None:
    """Score a run's answers anew, without asking again."""
    from evals.suite import rescore as anew
    from evals.summary import read_thresholds, summarise

    kept = anew(Settings(), path=of)
    summary = summarise(kept.results, limits=read_thresholds(kept.suite))
    print_summary(summary, since=_since_last(Settings(), kept=kept))


@app.command()
def baseline(of: RunFile) -> None:
    """Keep a run as the one that later ones of its suite are compared with (`ibid eval compare baseline RUN`)."""
    from evals.results import read_run, slim, write_run
    from evals.suite import baseline_of

    kept = slim(read_run(of))
    path = baseline_of(Settings(), suite=kept.suite)
    write_run(path, described=kept.described, results=kept.results)
    out.print(f"Kept as {safe(str(path))}.")


for _command in (lint, generate, add, export, calibrate, label):
    app.command()(_command)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Models:
    """Who is sent text for a run: who writes answers, who judges them, and a second embedder. None where there is
    none. One that `is_perfect` is sent nothing: it is no model."""

    writer: LLM | None
    judge: LLM | None
    embedding: BaseEmbedding | None
    is_perfect: bool

    @property
    def write(self) -> bool:
        return self.writer is not None


def _models(settings: Settings, *, mode: str, judge: str | None, suite: Suite) -> _Models:
    """The models that a run needs; a line names those that receive text. Raises BadParameter for a mode that is none,
    CaseError where no model is set to write, and ChatModelError where a key is missing."""
    from rag.opening import chat_model_of, embedding_of

    if mode not in ("extractive", "generative", "ceiling"):
        raise typer.BadParameter(f"--mode {mode}: it is extractive, generative or ceiling.")
    writer = chat_model_of(settings) if mode == "generative" else None
    if mode == "generative" and writer is None:
        raise CaseError("--mode generative needs IBID_CHAT_MODEL. Without a model: --mode extractive.")
    judging = chat_model_of(settings.model_copy(update={"chat_model": judge})) if judge else None
    is_perfect = mode == "ceiling"
    models = _Models(
        writer=_perfect(suite) if is_perfect else writer,
        judge=judging,
        embedding=embedding_of(settings),
        is_perfect=is_perfect,
    )
    receivers = [str(one) for one in (writer, models.embedding, models.judge) if one is not None]
    if receivers:
        err.print(f"[dim]text goes to {safe(', '.join(receivers))}[/dim]")
    return models


def _perfect(suite: Suite) -> LLM:
    from evals.cases import read_cases
    from evals.ceiling import Perfect  # heavy: LlamaIndex comes with it

    return Perfect(read_cases(suite.questions))


def _measured(settings: Settings, *, suite: Suite, plan: Plan, models: _Models, to: Path | None) -> tuple[Run, Path]:
    """The run and where it is kept."""
    from evals.suite import run_suite

    with _progress() as (indexing, progress):
        return run_suite(
            settings,
            suite=suite,
            plan=plan,
            out=to,
            llm=models.writer,
            judge=models.judge,
            embedding=models.embedding,
            indexing=indexing,
            progress=progress,
            # A perfect model answers by the gold, which may be another than when a question was asked before.
            is_fresh=models.is_perfect,
        )


def _since_last(settings: Settings, *, kept: Run) -> Comparison | None:
    """What changed from the last run of the suite, in what the headline tells; None where there is no other."""
    from evals.compare import compare as paired
    from evals.headline import TOLD
    from evals.suite import last_run

    last = last_run(settings, before=kept)
    return paired(last, after=kept, only=TOLD) if last else None


def _write_tables(
    kept: Run, *, summary: Summary, since: Comparison | None, markdown: Path | None, junit: Path | None
) -> None:
    from evals.formats import summary_junit, summary_markdown

    write_text(markdown, text=summary_markdown(kept.name, summary=summary, since=since))
    write_text(junit, text=summary_junit(kept.suite, summary=summary))


def _newest() -> Path:
    from evals.suite import kept_runs

    runs = kept_runs(Settings())
    if not runs:
        raise CaseError("There is no run yet. `ibid eval run` makes one.")
    return runs[0]


@contextmanager
def _progress() -> Iterator[tuple[Callable[[IngestProgress], None] | None, Callable[[Result, int], None] | None]]:
    """On a terminal, a bar for the indexing and one for the questions, with the running score and the time left."""
    from evals.summary import verdict

    with bars("indexing", "asking") as shown:
        if shown is None:
            yield None, None
            return
        indexing, asking = shown
        asked: list[bool | None] = []

        def ask(result: Result, count: int) -> None:
            asked.append(verdict(result))
            indexing.hide()
            judged = [one for one in asked if one is not None]
            share = f"right so far {sum(judged) / len(judged):.0%}" if judged else ""
            asking.show(len(asked), total=count, what=share)

        yield indexing.ingest, ask
