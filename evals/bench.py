"""The figures that the project promises, measured on public sets: `make bench`.

    python -m evals.bench --benchmarks ../shared/benchmarks [--only ranking speed …]

Rankings and answers are suites like any other, asked with an open gate: a wrong paragraph counts as wrong. "Gold
hidden" asks the same question again, the right paragraphs hidden from every leg. Nothing is fitted on these sets. Each
part is kept in `--out`, and FIGURES.md is written of all that are.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from evals.abstention import GATE_METRICS
from evals.bench_formats import format_figures
from evals.bench_scale import SIZES, caller_figures, growth_plots, scale_figures
from evals.bench_speed import latency_figures, overhead_figures, rescan_figures, throughput_figures
from evals.bench_verifier import verifier_figures
from evals.cache import code_hash
from evals.cases import clusters_of, graded_gold
from evals.corpus import opened
from evals.domain import Interval, Score
from evals.figures import PAGE, Figure, Section, figures_of, read_sections, write_sections
from evals.intervals import mean_interval
from evals.metric import Group, Metric
from evals.ranking import any_gold, document_ndcg, ndcg
from evals.results import Result
from evals.run import SEARCHED, Asking, Way
from evals.scorers import METRICS
from evals.suite import Plan, Suite, find_suite, run_suite
from evals.summary import read_thresholds, rows_of, summarise
from rag.domain import Json
from rag.errors import IbidError
from rag.index.onnx import processors
from rag.search.legs import LEGS
from rag.settings import Settings

TARGETS = Path(__file__).parent / "targets.toml"


def _over_best_leg(results: Sequence[Result]) -> Interval:
    """nDCG@10 of the fused ranking less that of the leg that is best by itself, question by question."""
    fused = [_gain(result) for result in results]
    alone = {leg: [result.score(f"leg {leg}") or 0.0 for result in results] for leg in LEGS}
    best = max(LEGS, key=lambda leg: float(np.mean(alone[leg])))
    differences = [ours - theirs for ours, theirs in zip(fused, alone[best], strict=True)]
    found = mean_interval(differences, clusters=clusters_of([result.case for result in results]))
    return replace(found, notes={leg: round(float(np.mean(gains)), 4) for leg, gains in alone.items()})


def _gain(result: Result) -> float:
    by_document = result.score("document_ndcg@10")
    return by_document if by_document is not None else result.score("ndcg@10") or 0.0


BENCH_METRICS = (
    *METRICS,
    *GATE_METRICS,
    Metric("over_best_leg", "nDCG@10 over the best single leg", Group.RETRIEVAL, over_run=_over_best_leg),
)
RANKING = ("hit@1", "hit@5", "ndcg@10", "over_best_leg")
DOCUMENTS = ("document_ndcg@10", "over_best_leg")
ANSWERS = ("exact", "answer_in_one", "answer_in_two", "bold_exact", "bold_f1")
GATE = tuple(metric.name for metric in GATE_METRICS)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the public sets lie, and where indexes and runs go."""

    data: Path
    home: Path
    sizes: Sequence[int] = SIZES

    def suite(self, name: str) -> Suite:
        return Suite(name, self.data / name / "documents", self.data / name / "questions.jsonl")

    def run(
        self, name: str, *, way: Way = Way.ANSWER, limit: int | None = None, is_whole: bool = False
    ) -> list[Result]:
        """The results of a set, or of so many of its questions, with an open gate; of the answerable ones alone
        unless it `is_whole`."""
        plan = Plan(asking=Asking(way=way), limit=limit, gate_is_open=True, only_answerable=not is_whole)
        out = self.home / "runs" / f"{name}-{way.value.replace(' ', '-')}.jsonl"
        run, _ = run_suite(self.settings, suite=self.suite(name), plan=plan, out=out, is_fresh=True)
        return list(run.results)

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home)

    def rankings(self, name: str, *, limit: int | None = None) -> list[Result]:
        """The results of a set that is only searched, with the gain of each leg alone among the scores."""
        results = self.run(name, way=Way.SEARCH, limit=limit)
        with opened(self.settings, folder=self.suite(name).documents) as corpus:
            scored = []
            for result in results:
                legs = corpus.bot.retriever.single_legs(result.case.question, limit=SEARCHED)
                graded = graded_gold(result.case, corpus=corpus.paragraphs)
                wanted = graded if result.case.all_gold else any_gold(graded)
                by_document = result.score("document_ndcg@10") is not None
                gains = [
                    document_ndcg(keys, graded=graded) if by_document else ndcg(keys, graded=wanted)
                    for keys in (legs[leg] for leg in LEGS)
                ]
                more = tuple(Score(f"leg {leg}", gain) for leg, gain in zip(LEGS, gains, strict=True))
                scored.append(replace(result, scores=result.scores + more))
        return scored


def measured(where: str, *, results: Sequence[Result], names: Iterable[str]) -> list[Figure]:
    """The figures of these metrics, beside the targets of every set and those of `where`."""
    targets = [read_thresholds(one, path=TARGETS, metrics=BENCH_METRICS) for one in ("every set", where)]
    limits = targets[0] | targets[1]
    chosen = [metric for name in names for metric in BENCH_METRICS if metric.name == name]
    return figures_of(where, rows=rows_of(results, metrics=chosen, limits=limits))


def shipped(bench: Bench) -> Iterator[Figure]:
    """The suite about the seed articles, with every variant of its questions, the gate as it is shipped."""
    plan = Plan(asking=Asking(intervene=True), with_variants=True)
    suite = find_suite(None, documents=None, questions=None)
    run, _ = run_suite(bench.settings, suite=suite, plan=plan, is_fresh=True)
    summary = summarise(run.results, limits=read_thresholds(suite.name))
    yield from figures_of(suite.name, rows=summary.rows)
    for kind, rate in summary.flips.items():
        yield Figure(where=f"{suite.name}, asked otherwise", what=f"verdict flipped by {kind}", value=rate)


def gated(bench: Bench) -> Iterator[Figure]:
    """Public sets with the gate as it is shipped: what a user would see."""
    for name, limit in (
        ("product-docs", 300),
        ("chunking", 300),
        ("clapnq", 400),
        ("squad-v1.1-dev", 1000),
        ("northwind-pdf", 50),
    ):
        plan = Plan(limit=limit)
        out = bench.home / "runs" / f"{name}-shipped.jsonl"
        run, _ = run_suite(bench.settings, suite=bench.suite(name), plan=plan, out=out, is_fresh=True)
        yield from figures_of(name, rows=summarise(run.results).rows)


def english(bench: Bench) -> Iterator[Figure]:
    """Rankings and answers in English."""
    for name, limit in (("xquad-en", None), ("squad-v1.1-dev", 1000), ("natural-questions", 1000)):
        yield from measured(name, results=bench.rankings(name, limit=limit), names=RANKING)
        yield from measured(name, results=bench.run(name, limit=limit), names=ANSWERS)


def languages(bench: Bench) -> Iterator[Figure]:
    """Rankings in languages that the embedder does not know, and whether a hundred answers quote exactly."""
    for language in ("es", "de", "ro", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi"):
        name = f"xquad-{language}"
        yield from measured(name, results=bench.rankings(name), names=("ndcg@10", "over_best_leg"))
        yield from measured(name, results=bench.run(name, limit=100), names=("exact",))


def across(bench: Bench) -> Iterator[Figure]:
    """Questions in other languages over English texts, the gate as it is shipped. XQuAD's questions have the same ids
    in all of them, so the gold is that of the English ones."""
    english = fields_by_id(bench.suite("xquad-en").questions)
    for language in ("es", "de", "ru", "ar", "zh", "hi"):
        asked = fields_by_id(bench.suite(f"xquad-{language}").questions)
        crossed = [{**one, "question": asked[key]["question"]} for key, one in english.items() if key in asked]
        name = f"xquad-{language} over English"
        suite = replace(bench.suite("xquad-en"), name=name, questions=bench.home / f"{name}.jsonl")
        suite.questions.write_text("".join(f"{json.dumps(one)}\n" for one in crossed), encoding="utf-8")
        out = bench.home / "runs" / f"{name}.jsonl"
        run, _ = run_suite(bench.settings, suite=suite, plan=Plan(limit=200), out=out, is_fresh=True)
        yield from measured(name, results=run.results, names=("hit@1", "hit@5", "ndcg@10", "offered", "wrong", "exact"))


def fields_by_id(path: Path) -> dict[str, Json]:
    """The cases of a file of JSON lines as they were written."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {one["id"]: one for one in map(json.loads, lines)}


def by_document(bench: Bench) -> Iterator[Figure]:
    """Sets that judge whole documents."""
    for name in ("scifact", "nfcorpus"):
        yield from measured(name, results=bench.rankings(name), names=DOCUMENTS)
        yield from measured(name, results=bench.run(name, limit=100), names=("exact",))


def abstention(bench: Bench) -> Iterator[Figure]:
    """What the gate tells apart: questions with their gold and without it, and real unanswerable ones."""
    for name, limit in (("xquad-en", None), ("squad-v1.1-dev", 1000)):
        results = bench.run(name, limit=limit) + bench.run(name, way=Way.GOLD_HIDDEN, limit=limit)
        yield from measured(f"{name}, gold hidden", results=results, names=GATE)
    yield from measured("clapnq", results=bench.run("clapnq", is_whole=True), names=("auroc",))
    scoped = bench.run("squad-v2.0-dev", way=Way.SCOPED, limit=2000, is_whole=True)
    yield from measured("squad-v2.0-dev, scoped to its article", results=scoped, names=("auroc",))


def verifier(bench: Bench) -> Iterator[Figure]:
    return verifier_figures(bench.data)


def formats(bench: Bench) -> Iterator[Figure]:
    return format_figures(bench.data, home=bench.home)


def speed(bench: Bench) -> Iterator[Figure]:
    for figures in (throughput_figures, latency_figures, rescan_figures, overhead_figures):
        yield from figures(bench.data, home=bench.home)


def scale(bench: Bench) -> Iterator[Figure]:
    yield from scale_figures(bench.data, home=bench.home, sizes=bench.sizes)
    yield from caller_figures(bench.data, home=bench.home)


@dataclass(frozen=True, slots=True)
class Part:
    """A section of FIGURES.md: its title, what measures it, and what draws its figures, if anything does."""

    title: str
    figures: Callable[[Bench], Iterator[Figure]]
    plot: Callable[[Sequence[Figure]], str] = lambda _: ""


PARTS: Mapping[str, Part] = {
    "seeds": Part("The shipped suite", shipped),
    "gated": Part("Public sets, the gate as it is shipped", gated),
    "english": Part("Rankings and answers, the gate open", english),
    "languages": Part("Other languages", languages),
    "across": Part("Questions in other languages than the documents", across),
    "documents": Part("Sets that judge documents", by_document),
    "abstention": Part("What the gate tells apart", abstention),
    "verifier": Part("What the verifier catches", verifier),
    "formats": Part("Reading files", formats),
    "speed": Part("Speed", speed),
    "scale": Part("From a thousand paragraphs to many", scale, growth_plots),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--benchmarks", type=Path, default=Path("../shared/benchmarks"))
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "ibid-bench")
    parser.add_argument("--only", nargs="*", choices=sorted(PARTS), default=None)
    parser.add_argument("--sizes", nargs="*", type=int, default=list(SIZES), help="paragraphs, for the part scale")
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    if not options.benchmarks.is_dir():
        sys.exit(f"{options.benchmarks} does not exist. Name the folder of the public sets with --benchmarks.")
    try:
        measure(options)
    except IbidError as error:
        sys.exit(str(error))


def measure(options: argparse.Namespace) -> None:
    """Each part that is wanted; what was measured before stays beside it."""
    bench = Bench(options.benchmarks.resolve(), options.home.resolve(), options.sizes)
    bench.home.mkdir(parents=True, exist_ok=True)
    sections = read_sections(options.out)
    for name in options.only or PARTS:
        part = PARTS[name]
        print(f"\n{part.title}", flush=True)
        found = []
        for figure in part.figures(bench):
            print(figure, flush=True)
            found.append(figure)
        made = f"{datetime.now(UTC):%Y-%m-%d}"
        sections[name] = Section(
            title=part.title, figures=found, made=made, code=code_hash(), cores=processors(), plot=part.plot(found)
        )
        ordered = {part: sections[part] for part in PARTS if part in sections}
        write_sections(options.out, sections=ordered, page=options.page)
    missed = sum(figure.passes is False for section in sections.values() for figure in section.figures)
    print(f"\n{missed} targets missed; kept in {options.out}, written to {options.page}")


if __name__ == "__main__":
    main()
