"""A suite from its questions to a kept run: what the command line and the chat page both start.

Runs, their answers and a person's labels lie under `IBID_HOME/evals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.cache import Cache, fingerprint, fingerprint_hash
from evals.cases import read_cases, sample
from evals.corpus import Corpus, opened
from evals.domain import Case
from evals.judge import JUDGED, Label, judged, read_labels, told_agreement
from evals.placing import placed
from evals.results import Result, Run, read_head, read_run, write_run
from evals.run import Asking, run_cases, scored
from evals.variants import variants
from rag.errors import CaseError
from rag.index.embedder import Embedder
from rag.ingest import Progress
from rag.settings import Settings

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import LLM


QUESTIONS = Path(__file__).parent / "questions"
BASELINES = Path(__file__).parent / "baselines"
_ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".yaml", ".yml")
SEEDS = Path(__file__).parent.parent / "seeds"


@dataclass(frozen=True, slots=True)
class Suite:
    """Questions about a folder of documents."""

    name: str
    documents: Path
    questions: Path


def shipped_suites() -> list[Suite]:
    """The suites about the seed articles; none where Ibid is installed, as these are in a checkout alone."""
    return [Suite(path.stem, SEEDS, path) for path in sorted(QUESTIONS.glob("*.jsonl"))]


def own_suites(settings: Settings, *, documents: Path) -> list[Suite]:
    """The question files that somebody put into `IBID_HOME/evals/questions`, asked about a folder."""
    folder = settings.home / "evals" / "questions"
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in _ENDINGS)
    return [Suite(path.stem, documents, path) for path in paths]


def find_suite(name: str | None, *, documents: Path | None, questions: Path | None) -> Suite:
    """The suite that is meant: a shipped one by name, or one's own questions about one's own documents. Raises
    CaseError where it is not clear."""
    if questions is not None and documents is not None:
        own = questions.parent.name if questions.stem == "questions" else questions.stem
        return Suite(name or own or "questions", documents, questions)
    if questions is not None or documents is not None:
        raise CaseError("Name both: --documents DIR and --questions FILE. `ibid eval generate` makes a first file.")
    shipped = {suite.name: suite for suite in shipped_suites()}
    if not shipped:
        raise CaseError("Name --documents DIR and --questions FILE. `ibid eval generate FILE` makes a first file.")
    wanted = name or "seeds"
    if wanted not in shipped:
        known = ", ".join(shipped)
        raise CaseError(
            f"There is no suite “{wanted}” (there is: {known}). Or name --documents DIR and --questions FILE."
        )
    return shipped[wanted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which cases of a suite are asked, and how: with an open gate every question is answered, however weak the
    evidence."""

    asking: Asking = field(default_factory=Asking)
    limit: int | None = None
    tags: tuple[str, ...] = ()
    seed: int = 0
    with_variants: bool = False
    gate_is_open: bool = False
    only_answerable: bool = False

    def chosen(self, cases: Sequence[Case]) -> list[Case]:
        """Raises CaseError where nothing is left."""
        asked = [case for case in cases if case.answerable or not self.only_answerable]
        fitting = [case for case in asked if not self.tags or set(self.tags) & set(case.tags)]
        kept = sample(fitting, n=self.limit, seed=self.seed) if self.limit is not None else fitting
        if not kept:
            wanted = f" with the tag {' or '.join(self.tags)}" if self.tags else ""
            raise CaseError(f"There is no question{wanted} to ask.")
        return [*kept, *(variants(kept) if self.with_variants else ())]


def run_suite(
    settings: Settings,
    *,
    suite: Suite,
    plan: Plan,
    out: Path | None = None,
    llm: LLM | None = None,
    judge: LLM | None = None,
    embedder: Embedder | None = None,
    embedding: BaseEmbedding | None = None,
    indexing: Callable[[Progress], None] | None = None,
    progress: Callable[[Result, int], None] | None = None,
    is_fresh: bool = False,
) -> tuple[Run, Path]:
    """Ask a suite and keep the run, by default under `IBID_HOME/evals/runs`. `progress` is called with each result
    and the number of all. Where it `is_fresh` every question is asked, whatever was answered before. Raises CaseError
    and FolderError where suite or folder cannot be read."""
    cases = plan.chosen(read_cases(suite.questions))
    made = datetime.now(UTC)
    path = out or runs_folder(settings) / f"{suite.name}-{made:%Y%m%d-%H%M%S}.jsonl"
    with opened(
        settings,
        folder=suite.documents,
        llm=llm,
        embedder=embedder,
        embedding=embedding,
        gate_is_open=plan.gate_is_open,
        progress=indexing,
    ) as corpus:
        described = _described(corpus, suite=suite, plan=plan, settings=settings, judge=judge) | {
            "made": f"{made:%Y-%m-%d %H:%M:%S}"
        }
        answers = settings.home / "evals" / "answers" / f"{fingerprint_hash(described)}.jsonl"
        cache = None if is_fresh else Cache(answers)
        asked = placed(cases, corpus=corpus.paragraphs)
        results = run_cases(corpus, cases=asked, asking=plan.asking, cache=cache)
        labels: list[Label] = []
        if judge is not None:
            results = _judged(results, judge=judge, labels=labels)
        count = len(cases) * plan.asking.repeat
        run = write_run(
            path,
            described=described,
            results=results,
            progress=(lambda result: progress(result, count)) if progress else None,
        )
    if judge is not None:
        told = told_agreement(labels, theirs=read_labels(labels_file(settings)))
        run = Run({**run.described, "judge": {"model": judge.metadata.model_name, "agreement": told}}, run.results)
        write_run(path, described=run.described, results=run.results)
    return run, path


def rescore(settings: Settings, *, path: Path, embedder: Embedder | None = None) -> Run:
    """The run's answers scored anew by the scorers as they are now; nothing is asked. Raises CaseError where the
    documents are not those of the run any more."""
    run = read_run(path)
    folder = Path(str(run.described.get("folder") or ""))
    with opened(settings, folder=folder, embedder=embedder) as corpus:
        if fingerprint(corpus.bot, settings={})["corpus"] != run.described["corpus"]:
            raise CaseError(
                f"The documents in {folder} are not those of {path} any more. Run it again: `ibid eval run`."
            )
        judged_before = {
            result.key: [score for score in result.scores if score.name in JUDGED] for result in run.results
        }
        results = []
        for one in run.results:
            anew = scored(one.case, asked=one.asked, corpus=corpus, number=one.round)
            results.append(replace(anew, scores=(*anew.scores, *judged_before[one.key])))
    return write_run(path, described=run.described, results=results)


def runs_folder(settings: Settings) -> Path:
    return settings.home / "evals" / "runs"


def labels_file(settings: Settings) -> Path:
    return settings.home / "evals" / "labels.jsonl"


def kept_runs(settings: Settings) -> list[Path]:
    """The runs under `IBID_HOME`, newest first."""
    return sorted(runs_folder(settings).glob("*.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)


def last_run(settings: Settings, *, before: Run) -> Run | None:
    """The newest kept run of the same suite and mode that was made before this one; None where there is none."""
    found = []
    for path in kept_runs(settings):
        head = read_head(path)
        is_alike = head is not None and all(head.get(name) == before.described.get(name) for name in ("suite", "mode"))
        if head is not None and is_alike and str(head.get("made")) < str(before.described.get("made")):
            found.append((str(head.get("made")), path))
    return read_run(max(found)[1]) if found else None


def baseline_of(settings: Settings, *, suite: str) -> Path:
    """Where the run of a suite lies that later ones are compared with: that of a shipped one is committed, that of
    one's own kept under `IBID_HOME`."""
    is_shipped = any(one.name == suite for one in shipped_suites())
    return (BASELINES if is_shipped else settings.home / "evals" / "baselines") / f"{suite}.jsonl"


def _judged(results: Iterator[Result], *, judge: LLM, labels: list[Label]) -> Iterator[Result]:
    for result, found in judged(results, llm=judge):
        labels += found
        yield result


def _described(corpus: Corpus, *, suite: Suite, plan: Plan, settings: Settings, judge: LLM | None) -> dict[str, Any]:
    """What a run's numbers depend on, and what it is called by."""
    written = {"strict": settings.strict} if plan.asking.use_model else {}
    told = fingerprint(corpus.bot, settings={"asking": plan.asking.json(), **written})
    return {
        **told,
        "suite": suite.name,
        "folder": str(suite.documents),
        "questions": str(suite.questions),
        "mode": "generative" if plan.asking.use_model and corpus.bot.writer else "extractive",
        "model": corpus.bot.writer if plan.asking.use_model else None,
        "judge": {"model": judge.metadata.model_name} if judge else None,
        "jobs": plan.asking.jobs,
        "tags": list(plan.tags),
    }
