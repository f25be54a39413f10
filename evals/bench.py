"""The figures that the project promises, measured: `make bench`.

    python -m evals.bench --benchmarks ../shared/benchmarks [--only xquad squad …] [--out bench.json]

Reads public sets from a folder beside the project, prints a table and writes it as JSON. Ranking and highlight
figures run with the gate off over every answerable question; a wrong paragraph counts as wrong. "Gold removed"
asks the same question twice, the gold paragraph hidden from every leg. Nothing here is fitted on these sets; the
rules of the verifier were sharpened on WiCE's dev split, and are measured on its test split.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from llama_index.core.llms import LLM

from evals.calibrate import answer_of
from evals.cases import case_gold, clusters_of, graded_gold, read_cases, sample
from evals.corpus import Corpus
from evals.domain import Case, Interval
from evals.intervals import auroc, mean_interval, risk_coverage, threshold_at
from evals.scorers import any_gold, citation_scores, documents_in_order, is_exact, ndcg, success_at
from evals.verifying import Claim, Scripted, alarms, catches, pointed, quoting, read_claims, seconds_per_statement
from rag.chatbot import Chatbot, open_chatbot
from rag.domain import Answer, Citation
from rag.embedding import processors, run_batch
from rag.ingest import GROUP
from rag.paragraphs import context_of
from rag.prompts import NOT_FOUND
from rag.settings import Settings

Key = tuple[str, int]
LANGUAGES = ["es", "de", "ro", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what was measured on what, the value, and the least or most it should be."""

    where: str
    what: str
    value: Interval
    target: float | None = None
    at_most: bool = False

    @property
    def verdict(self) -> str:
        if self.target is None:
            return "reported"
        reached = self.value.value <= self.target if self.at_most else self.value.value >= self.target
        return "reached" if reached else "MISSED"

    def json(self) -> dict[str, Any]:
        interval = {"value": self.value.value, "low": self.value.low, "high": self.value.high, "n": self.value.n}
        told = {"where": self.where, "what": self.what, "target": self.target, "verdict": self.verdict}
        return {**told, **interval, **self.value.notes}


@dataclass
class Bench:
    """What all measurements share: where the data lie, where indexes go, and what was found so far."""

    data: Path
    home: Path
    figures: list[Figure] = field(default_factory=list)
    citations: int = 0
    inexact: int = 0

    def add(self, figure: Figure) -> None:
        self.figures.append(figure)
        target = "" if figure.target is None else f"{'≤' if figure.at_most else '≥'} {figure.target:g}"
        print(f"{figure.where:28} {figure.what:44} {figure.value!s:34} {target:9} {figure.verdict}", flush=True)

    @contextmanager
    def opened(self, name: str, llm: LLM | None = None) -> Iterator[Corpus]:
        documents = self.data / name / "documents"
        if not documents.is_dir():
            raise SystemExit(f"{documents} does not exist. Name the folder of the public sets with --benchmarks.")
        with open_chatbot(Settings(documents=documents, home=self.home / name), "bench", llm=llm) as bot:
            bot.ingest()
            yield Corpus(bot, documents, bot.paragraphs())

    def count_citations(self, corpus: Corpus, citations: Sequence[Citation]) -> None:
        """Check each quote against the stored paragraph and against the file, decoded anew."""
        for citation in citations:
            self.citations += 1
            self.inexact += not is_exact(citation, corpus.stored, corpus.files)


def answerable(corpus: Corpus, n: int | None = None) -> list[Case]:
    """The answerable questions of a set, or the first n of them by the hash of their id."""
    cases = [case for case in read_cases(corpus.folder.parent / "questions.jsonl") if case.answerable]
    return sample(cases, n) if n else cases


@dataclass
class Ranking:
    """Scores of one set, question by question: the fused ranking and each leg alone."""

    first: list[float] = field(default_factory=list)
    five: list[float] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)
    legs: dict[str, list[float]] = field(default_factory=dict)
    clusters: list[str] = field(default_factory=list)


def measure_ranking(corpus: Corpus, cases: Sequence[Case], by_document: bool = False) -> Ranking:
    ranking = Ranking()
    for case in cases:
        graded = graded_gold(case, corpus.paragraphs)
        right = case_gold(case, corpus.paragraphs)
        if by_document:
            graded = {name: {(key[0], 0): grade for key, grade in grades.items()} for name, grades in graded.items()}
        elif not case.all_gold:
            graded = any_gold(graded)
        found = corpus.bot.retriever.search(case.question, limit=20)
        ranked = [passage.paragraph.key for passage in found.passages]
        ranking.first.append(success_at(ranked, right, 1))
        ranking.five.append(success_at(ranked, right, 5))
        ranking.gains.append(ndcg(documents_in_order(ranked) if by_document else ranked, graded))
        for leg, keys in corpus.bot.retriever.single_legs(case.question, 20).items():
            alone = ndcg(documents_in_order(keys) if by_document else keys, graded)
            ranking.legs.setdefault(leg, []).append(alone)
    ranking.clusters = clusters_of(cases)
    return ranking


def add_ranking(bench: Bench, name: str, ranking: Ranking, **targets: float) -> None:
    figures = {"first": "right paragraph first", "five": "right paragraph in first 5", "gains": "nDCG@10"}
    for key, what in figures.items():
        if key in targets:
            values = getattr(ranking, key)
            bench.add(Figure(name, what, mean_interval(values, ranking.clusters), targets[key]))
    legs = {leg: float(np.mean(values)) for leg, values in ranking.legs.items()}
    best = max(legs, key=lambda leg: legs[leg])
    difference = np.array(ranking.gains) - np.array(ranking.legs[best])
    interval = mean_interval(list(difference), ranking.clusters)
    interval.notes.update(legs={leg: round(value, 4) for leg, value in legs.items()})
    bench.add(Figure(name, f"nDCG@10 over the best leg ({best} {legs[best]:.3f})", interval, -0.005))


def xquad(bench: Bench) -> None:
    with bench.opened("xquad-en") as corpus:
        add_ranking(bench, "xquad-en", measure_ranking(corpus, answerable(corpus)), first=0.955, gains=0.98)
    for language in LANGUAGES:
        with bench.opened(f"xquad-{language}") as corpus:
            cases = answerable(corpus)
            add_ranking(bench, corpus.folder.parent.name, measure_ranking(corpus, cases), gains=0.94)
            answer_all(bench, corpus, sample(cases, 100))


def squad(bench: Bench) -> None:
    with bench.opened("squad-v1.1-dev") as corpus:
        cases = answerable(corpus, 1000)
        add_ranking(bench, "squad-v1.1-dev", measure_ranking(corpus, cases), first=0.82, five=0.95, gains=0.0)
        answers = answer_all(bench, corpus, cases)
        one, two = [], []
        for case, answer in zip(cases, answers, strict=True):
            scores = {s.name: s.value or 0.0 for s in citation_scores(case, answer, case_gold(case, corpus.paragraphs))}
            one.append(scores["answer_in_one"])
            two.append(scores["answer_in_two"])
        clusters = clusters_of(cases)
        bench.add(
            Figure("squad-v1.1-dev", "answer in the highlight of one sentence", mean_interval(one, clusters), 0.68)
        )
        bench.add(Figure("squad-v1.1-dev", "answer in the highlight of up to two", mean_interval(two, clusters), 0.80))
        words = [sum(len(s.text.split()) for s in answer.statements) for answer in answers]
        bench.add(Figure("squad-v1.1-dev", "words of an answer", mean_interval(words, clusters)))


def answer_all(bench: Bench, corpus: Corpus, cases: Sequence[Case]) -> list[Answer]:
    """Answers with the gate off; every citation is checked."""
    answers = [answer_of(case.question, corpus.bot.gather(case.question)) for case in cases]
    for answer in answers:
        bench.count_citations(corpus, answer.citations)
    return answers


def documents(bench: Bench) -> None:
    for name, target in (("scifact", 0.73), ("nfcorpus", 0.36)):
        with bench.opened(name) as corpus:
            cases = answerable(corpus)
            add_ranking(bench, name, measure_ranking(corpus, cases, by_document=True), gains=target)
            answer_all(bench, corpus, sample(cases, 100))


def questions(bench: Bench) -> None:
    with bench.opened("natural-questions") as corpus:
        cases = answerable(corpus, 1000)
        add_ranking(bench, "natural-questions", measure_ranking(corpus, cases), gains=0.89)
        answer_all(bench, corpus, cases)


def abstention(bench: Bench) -> None:
    with bench.opened("xquad-en") as corpus:
        add_gold_removed(bench, corpus, answerable(corpus), 0.94)
    with bench.opened("squad-v1.1-dev") as corpus:
        add_gold_removed(bench, corpus, answerable(corpus, 1000), None)
    with bench.opened("clapnq") as corpus:
        add_unanswerable(bench, corpus, read_cases(corpus.folder.parent / "questions.jsonl"), scoped=False)
    with bench.opened("squad-v2.0-dev") as corpus:
        cases = sample(read_cases(corpus.folder.parent / "questions.jsonl"), 2000)
        add_unanswerable(bench, corpus, cases, scoped=True)


def add_gold_removed(bench: Bench, corpus: Corpus, cases: Sequence[Case], target: float | None) -> None:
    name = corpus.folder.parent.name
    there, removed, right = [], [], []
    for case in cases:
        gold = case_gold(case, corpus.paragraphs)
        evidence = corpus.bot.gather(case.question)
        answer = answer_of(case.question, evidence)
        bench.count_citations(corpus, answer.citations)
        there.append(corpus.bot.certainty(evidence))
        removed.append(corpus.bot.certainty(corpus.bot.gather(case.question, without=gold)))
        right.append(any(s.name == "answer_in_two" and s.value for s in citation_scores(case, answer, gold)))
    bench.add(Figure(name, "AUROC of the gate, gold removed", auroc(there, removed), target))
    at = threshold_at(removed, 0.05)
    bench.add(Figure(name, "answers given at 5 % false ones", mean_interval([float(s >= at) for s in there])))
    least = corpus.bot.gate.threshold
    bench.add(
        Figure(
            name,
            "answered at the shipped threshold",
            mean_interval([float(s >= least) for s in there]),
        )
    )
    bench.add(
        Figure(
            name,
            "false answers at it, gold removed",
            mean_interval([float(s >= least) for s in removed]),
        )
    )
    curve = risk_coverage(there, right)
    for share in (0.25, 0.5, 0.75, 1.0):
        point = curve[max(0, round(share * len(curve)) - 1)]
        interval = mean_interval([float(not ok) for s, ok in zip(there, right, strict=True) if s >= point.threshold])
        bench.add(Figure(name, f"risk at coverage {share:.2f}", interval))


def add_unanswerable(bench: Bench, corpus: Corpus, cases: Sequence[Case], scoped: bool) -> None:
    scores: dict[bool, list[float]] = {True: [], False: []}
    for case in cases:
        gold = case.gold[0] if case.gold else case.near
        scope = frozenset({f"documents/{gold.document}"}) if scoped and gold else None
        scores[case.answerable].append(corpus.bot.certainty(corpus.bot.gather(case.question, scope=scope)))
    what = "AUROC, scoped to the gold article" if scoped else "AUROC, real unanswerable questions"
    bench.add(Figure(corpus.folder.parent.name, what, auroc(scores[True], scores[False])))


def verify(bench: Bench) -> None:
    """What the verifier catches on WiCE's test claims (its dev claims are what it was sharpened on), and its time."""
    path = bench.data / "wice" / "entailment_retrieval" / "claim" / "test.jsonl.gz"
    claims = read_claims(path)
    supported = [claim for claim in claims if claim.label == "supported"]
    for fault, interval in alarms(supported).items():
        target = 0.05 if fault == "value" else None
        bench.add(Figure("wice, supported claims", f"flagged for {fault}", interval, target, at_most=True))
    fewest = alarms([claim for claim in read_claims(path, fewest=True) if claim.label == "supported"])
    bench.add(Figure("wice, fewest sentences cited", "flagged for value", fewest["value"]))
    bench.add(Figure("wice, fewest sentences cited", "flagged for anything", fewest["anything"]))
    for label in ("partially_supported", "not_supported"):
        flagged = alarms([claim for claim in claims if claim.label == label])["anything"]
        bench.add(Figure(f"wice, {label.replace('_', ' ')}", "flagged for anything", flagged))
    quotes = quoting(claims)
    bench.add(
        Figure("wice, sentences as they are", "flagged for anything", alarms(quotes)["anything"], 0.0, at_most=True)
    )
    for where, right in (("wice, claims", supported), ("wice, sentences", quotes)):
        for catch in catches(right):
            target = 0.95 if catch.kind in ("number", "date") else None
            bench.add(Figure(where, f"recall, {catch.kind}", catch.recall, target))
            bench.add(Figure(where, f"precision, {catch.kind}", catch.precision))
        for outcome, interval in pointed(right).items():
            bench.add(Figure(where, f"under a wrong number: {outcome}", interval))
    add_overhead(bench, quotes, supported)


def add_overhead(bench: Bench, quotes: Sequence[Claim], claims: Sequence[Claim]) -> None:
    """Processor time of a statement from stream to verdict, and the time from retrieval until the model is asked."""
    what = "parsed and verified, seconds"
    spent = _median_of(seconds_per_statement(quotes))
    bench.add(Figure("a sentence as it is", what, spent, 0.002, at_most=True))
    bench.add(Figure("a claim in other words", what, _median_of(seconds_per_statement(claims))))
    bench.add(Figure("under a wrong number", what, _median_of(seconds_per_statement(quotes, offset=1))))
    model = Scripted(NOT_FOUND)
    with bench.opened("xquad-en", model) as corpus:
        waits = []
        for case in answerable(corpus, 200):
            started, asked = time.perf_counter(), len(model.asked)
            *_, answer = corpus.bot.stream(case.question)
            if len(model.asked) > asked:
                retrieving = sum(spent for part, spent in answer.seconds.items() if part not in ("sentences", "total"))
                waits.append(model.asked[-1] - started - retrieving)
    bench.add(Figure("xquad-en", "from retrieval to the model, seconds", _median_of(waits), 0.05, at_most=True))


def throughput(bench: Bench) -> None:
    """Ingest against bare onnxruntime on the same token batches and against the reference stack, in turns."""
    folder = bench.data / "squad-v1.1-dev" / "documents"
    reference = Path(".venv-reference/bin/python")
    over_bare: list[float] = []
    over_reference: list[float] = []
    rates: list[float] = []
    for turn in range(3):
        with (
            tempfile.TemporaryDirectory(dir=bench.home) as home,
            open_chatbot(Settings(documents=folder, home=Path(home)), "bench") as bot,
        ):
            report = bot.ingest()
            paragraphs = sum(record.paragraphs for record in bot.documents)
            over_bare.append(bare_seconds(bot) / report.seconds)
        rates.append(paragraphs / report.seconds)
        if reference.exists() and turn == 0:
            over_reference.append(rates[-1] / reference_rate(reference, folder))
    bench.add(Figure("squad-v1.1-dev", "ingest over bare onnxruntime", _of_runs(over_bare), 0.85))
    bench.add(Figure("squad-v1.1-dev", "paragraphs per second of ingest", _of_runs(rates)))
    if over_reference:
        bench.add(Figure("squad-v1.1-dev", "ingest over LlamaIndex’s usual stack", _of_runs(over_reference), 4.0))
    else:
        print("The reference stack is not installed (`make reference`): its ratio is not measured.", flush=True)


def reference_rate(python: Path, folder: Path) -> float:
    """Paragraphs per second of LlamaIndex's usual stack on the same folder."""
    run = subprocess.run([str(python), "evals/reference.py", str(folder)], capture_output=True, text=True, check=True)
    told = json.loads(run.stdout.splitlines()[-1])
    return float(told["nodes"] / told["seconds"])


def bare_seconds(bot: Chatbot) -> float:
    """Bare onnxruntime on the token batches that ingest made of these paragraphs with their titles: one run after
    another, each on all processors, as it comes."""
    titles = {record.document_id: record.title for record in bot.documents}
    texts = []
    for document_id, paragraphs in bot.paragraphs().items():
        contexts = [bot.embedder.clipped(context_of(titles[document_id], paragraph)) for paragraph in paragraphs]
        prefixes = [f"{context}\n" if context else "" for context in contexts]
        cuts = bot.embedder.cut([paragraph.text for paragraph in paragraphs], prefixes)
        for paragraph, prefix, cut in zip(paragraphs, prefixes, cuts, strict=True):
            texts += [prefix + span.of(paragraph.text) for span in cut.windows]
    batches = [
        ids
        for start in range(0, len(texts), GROUP)
        for _, ids in bot.embedder.token_batches(texts[start : start + GROUP])
    ]
    session = bot.embedder.open_session(processors())
    started = time.perf_counter()
    for ids in batches:
        run_batch(session, ids)
    return time.perf_counter() - started


def latency(bench: Bench) -> None:
    """Searches among the paragraphs of squad-v1.1-dev, and among 100,000 made by shuffling their sentences."""
    with bench.opened("squad-v1.1-dev") as corpus:
        asked = [case.question for case in answerable(corpus, 300)]
        add_latency(bench, corpus.bot, f"{len(corpus.stored):,} paragraphs", asked, 0.015)
        sentences = [s for ps in corpus.paragraphs.values() for p in ps for s in p.text.split(". ") if len(s) > 20]
    folder = bench.home / "hundred-thousand"
    write_shuffled(folder / "documents", sentences, 100_000)
    with open_chatbot(Settings(documents=folder / "documents", home=folder / "home"), "bench") as bot:
        real = bot.embedder.vectors
        if not bot.documents:
            # The time of a search does not hang on what the vectors say: these are drawn, not embedded.
            object.__setattr__(bot.embedder, "vectors", _drawn_vectors)
            bot.ingest()
            object.__setattr__(bot.embedder, "vectors", real)
        count = sum(record.paragraphs for record in bot.documents)
        add_latency(bench, bot, f"{count:,} paragraphs", asked, 0.040)


def add_latency(bench: Bench, bot: Chatbot, where: str, asked: Sequence[str], target: float) -> None:
    for question in asked[:20]:
        bot.retriever.search(question)
    times: list[float] = []
    parts: dict[str, list[float]] = {}
    for question in asked:
        started = time.perf_counter()
        found = bot.retriever.search(question)
        times.append(time.perf_counter() - started)
        for part, seconds in found.seconds.items():
            parts.setdefault(part, []).append(seconds)
    bench.add(Figure(where, "search p50, seconds", _median_of(times), target, at_most=True))
    for part, spent in parts.items():
        bench.add(Figure(where, f"  of which {part}", _median_of(spent)))
    explained = sum(median(spent) for spent in parts.values())
    bench.add(Figure(where, "  share explained by its parts", _of_runs([explained / median(times)])))


def write_shuffled(folder: Path, sentences: Sequence[str], paragraphs: int, per_file: int = 500) -> None:
    if folder.is_dir():
        return
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for start in range(0, paragraphs, per_file):
        picks = rng.integers(0, len(sentences), (per_file, 4))
        text = "\n\n".join(". ".join(sentences[i] for i in row) + "." for row in picks)
        (folder / f"{start:06}.txt").write_text(text, encoding="utf-8")


def _drawn_vectors(texts: Sequence[str], _progress: object = None) -> Any:
    rng = np.random.default_rng(len(texts) + len(texts[0]))
    centres = np.random.default_rng(7).normal(size=(200, 384))
    drawn = centres[rng.integers(0, 200, len(texts))] + 0.7 * rng.normal(size=(len(texts), 384))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def rescan(bench: Bench) -> None:
    folder = bench.home / "ten-thousand" / "documents"
    if not folder.is_dir():
        for i in range(10_000):
            path = folder / f"{i // 100:03}" / f"{i:05}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"Note {i}\n\nThis is note number {i}.\n", encoding="utf-8")
    with open_chatbot(Settings(documents=folder, home=folder.parent / "home"), "bench") as bot:
        bot.ingest()
        time.sleep(0.1)
        bot.ingest()
        seconds = [bot.ingest().seconds for _ in range(5)]
    bench.add(Figure("10,000 unchanged files", "re-scan, seconds", _median_of(seconds), 1.0, at_most=True))


def _of_runs(values: Sequence[float]) -> Interval:
    return Interval(float(median(values)), min(values), max(values), len(values))


def _median_of(values: Sequence[float]) -> Interval:
    """The median with the quartiles for an interval."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return Interval(float(middle), float(low), float(high), len(values))


MEASUREMENTS: dict[str, Callable[[Bench], None]] = {
    "xquad": xquad,
    "squad": squad,
    "documents": documents,
    "questions": questions,
    "abstention": abstention,
    "verify": verify,
    "throughput": throughput,
    "latency": latency,
    "rescan": rescan,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--benchmarks", type=Path, default=Path("../shared/benchmarks"))
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "ibid-bench")
    parser.add_argument("--only", nargs="*", choices=sorted(MEASUREMENTS), default=None)
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    options = parser.parse_args()
    if not options.benchmarks.is_dir():
        sys.exit(f"{options.benchmarks} does not exist. Name the folder of the public sets with --benchmarks.")
    options.home.mkdir(parents=True, exist_ok=True)
    bench = Bench(options.benchmarks.resolve(), options.home.resolve())
    for name in options.only or MEASUREMENTS:
        MEASUREMENTS[name](bench)
    if bench.citations:
        exact = 1 - bench.inexact / bench.citations
        least = 1 - 3 / bench.citations if not bench.inexact else exact
        bench.add(
            Figure(
                "every run above", "citations that are exact slices", Interval(exact, least, 1.0, bench.citations), 1.0
            )
        )
    machine = {"cores": processors(), "python": sys.version.split()[0]}
    options.out.write_text(
        json.dumps({"machine": machine, "figures": [f.json() for f in bench.figures]}, indent=2) + "\n"
    )
    missed = [figure for figure in bench.figures if figure.verdict == "MISSED"]
    print(f"\n{len(bench.figures)} figures, {len(missed)} targets missed; written to {options.out}")


if __name__ == "__main__":
    main()
