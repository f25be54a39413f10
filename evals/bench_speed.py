"""How fast Ibid is, as figures: ingest beside bare onnxruntime and beside LlamaIndex's usual stack, searches, the
re-scan of what did not change, and what checking a model's answer takes."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from evals.cases import read_cases, sample
from evals.corpus import opened
from evals.domain import Interval
from evals.figures import Figure
from evals.summary import Limit
from evals.verifying import CLAIMS, Claim, Scripted, quoting, read_claims, seconds_per_statement
from rag.answer.prompts import NOT_FOUND
from rag.chatbot import Chatbot
from rag.index.embedder import Vectors
from rag.index.embedding import DIMENSIONS, MiniLM, run_one
from rag.index.onnx import processors
from rag.index.windows import windows_of
from rag.opening import open_chatbot
from rag.settings import Settings

_REFERENCE = Path(".venv-reference/bin/python")
_SET = "squad-v1.1-dev"
_TURNS = 3


def throughput_figures(data: Path, *, home: Path) -> Iterator[Figure]:
    """Ingest against bare onnxruntime on the same token batches and against the reference stack, in turns."""
    folder = data / _SET / "documents"
    over_bare: list[float] = []
    rates: list[float] = []
    for _ in range(_TURNS):
        with (
            tempfile.TemporaryDirectory(dir=home) as fresh,
            open_chatbot(Settings(documents=folder, home=Path(fresh)), "bench") as bot,
        ):
            report = bot.ingest()
            rates.append(sum(record.paragraphs for record in bot.documents) / report.seconds)
            over_bare.append(bare_seconds(bot) / report.seconds)
    ingest = partial(Figure, where=f"ingest of {_SET}")
    yield ingest(what="pace over bare onnxruntime", value=of_runs(over_bare), limit=Limit(least=0.85))
    yield ingest(what="paragraphs a second", value=of_runs(rates), unit="/s")
    if _REFERENCE.exists():
        over_reference = of_runs([rates[-1] / reference_rate(folder)])
        yield ingest(what="over LlamaIndex’s usual stack", value=over_reference, limit=Limit(least=4.0), unit="×")
    else:
        print("The reference stack is not installed (`make reference`): its ratio is not measured.", flush=True)


def reference_rate(folder: Path) -> float:
    """Paragraphs per second of LlamaIndex's usual stack on the same folder."""
    command = [str(_REFERENCE), "evals/reference.py", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(run.stdout.splitlines()[-1])
    return float(told["nodes"] / told["seconds"])


def bare_seconds(bot: Chatbot) -> float:
    """Bare onnxruntime on the texts that ingest made of these paragraphs with their titles, as token ids: each by
    itself, and as many runs at once as there are processors."""
    embedder = MiniLM()
    titles = {record.document_id: record.title for record in bot.documents}
    texts = [
        window.text
        for document_id, paragraphs in bot.paragraphs().items()
        for window in windows_of(titles[document_id], paragraphs, embedder)
    ]
    every_ids = embedder.token_ids(list(dict.fromkeys(texts)))
    session = embedder.open_session(threads=1)
    with ThreadPoolExecutor(processors()) as hands:
        started = time.perf_counter()
        for _ in hands.map(partial(run_one, session), every_ids):
            pass
        return time.perf_counter() - started


class DrawnVectors(MiniLM):
    """The shipped embedder, but its vectors are drawn, not computed: the time of a search does not hang on what they
    say, and a hundred thousand are made at once."""

    def vectors(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:  # noqa: ARG002
        rng = np.random.default_rng(len(texts) + len(texts[0]))
        centres = np.random.default_rng(7).normal(size=(200, DIMENSIONS))
        drawn = centres[rng.integers(0, 200, len(texts))] + 0.7 * rng.normal(size=(len(texts), DIMENSIONS))
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        return np.asarray(drawn, dtype=np.float32)


def latency_figures(data: Path, *, home: Path, paragraphs: int = 100_000) -> Iterator[Figure]:
    """Searches among the paragraphs of squad-v1.1-dev, and among many more made by shuffling their sentences."""
    asked, sentences = read_asked(data), read_sentences(data)
    with opened(Settings(home=home), folder=data / _SET / "documents") as corpus:
        yield from _latency(corpus.bot, asked=asked, most=15)
    folder = home / f"shuffled-{paragraphs}"
    write_shuffled(folder / "documents", sentences=sentences, paragraphs=paragraphs)
    settings = Settings(documents=folder / "documents", home=folder / "home")
    with open_chatbot(settings, "bench", embedder=DrawnVectors()) as bot:
        bot.ingest()
    with open_chatbot(settings, "bench") as bot:
        yield from _latency(bot, asked=asked, most=40)


def read_asked(data: Path) -> list[str]:
    """Questions that people ask."""
    return [case.question for case in sample(read_cases(data / _SET / "questions.jsonl"), n=300)]


def read_sentences(data: Path) -> list[str]:
    """Sentences to shuffle."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((data / _SET / "documents").glob("*.txt"))]
    lines = [line for text in texts for line in text.splitlines()]
    return [sentence for line in lines for sentence in line.split(". ") if len(sentence) > 20]


def _latency(bot: Chatbot, *, asked: Sequence[str], most: int) -> Iterator[Figure]:
    """The time of a search, which is to take at `most` so many milliseconds, and that of its parts."""
    for question in asked[:20]:
        bot.search(question)
    times: list[float] = []
    parts: dict[str, list[float]] = {}
    for question in asked:
        started = time.perf_counter()
        found = bot.search(question)
        times.append(time.perf_counter() - started)
        for part, seconds in found.seconds.items():
            parts.setdefault(part, []).append(seconds)
    count = sum(record.paragraphs for record in bot.documents)
    figure = partial(Figure, where=f"a search among {count:,} paragraphs")
    yield figure(what="p50", value=_quartiles(times, scale=1e3), limit=Limit(most=most), unit="ms")
    for part, spent in parts.items():
        yield figure(what=f"of which {part}", value=_quartiles(spent, scale=1e3), unit="ms")
    explained = sum(median(spent) for spent in parts.values())
    yield figure(what="share explained by its parts", value=of_runs([explained / median(times)]))


def write_shuffled(folder: Path, *, sentences: Sequence[str], paragraphs: int, per_file: int = 500) -> None:
    """Files of paragraphs of four sentences each, drawn from these; nothing where the folder is there."""
    if folder.is_dir():
        return
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for start in range(0, paragraphs, per_file):
        picks = rng.integers(0, len(sentences), (per_file, 4))
        text = "\n\n".join(". ".join(sentences[i] for i in row) + "." for row in picks)
        (folder / f"{start:06}.txt").write_text(text, encoding="utf-8")


def rescan_figures(_data: Path, *, home: Path, files: int = 10_000) -> Iterator[Figure]:
    """What it takes to see that nothing changed."""
    folder = home / f"unchanged-{files}" / "documents"
    if not folder.is_dir():
        for i in range(files):
            path = folder / f"{i // 100:03}" / f"{i:05}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"Note {i}\n\nThis is note number {i}.\n", encoding="utf-8")
    with open_chatbot(Settings(documents=folder, home=folder.parent / "home"), "bench") as bot:
        bot.ingest()
        time.sleep(0.1)
        bot.ingest()
        seconds = [bot.ingest().seconds for _ in range(5)]
    value = _quartiles(seconds)
    yield Figure(where=f"{files:,} unchanged files", what="re-scan", value=value, limit=Limit(most=1.0), unit="s")


def overhead_figures(data: Path, *, home: Path) -> Iterator[Figure]:
    """Processor time of a statement from stream to verdict, and the time from retrieval until a model is asked."""
    claims = read_claims(data / CLAIMS)
    quotes = quoting(claims)
    checked = partial(Figure, what="parsed and verified", unit="ms")
    yield checked(where="a sentence of a passage", value=_per_statement(quotes), limit=Limit(most=2))
    supported = [claim for claim in claims if claim.label == "supported"]
    yield checked(where="a claim in other words", value=_per_statement(supported))
    yield checked(where="a sentence under a wrong number", value=_per_statement(quotes, offset=1))
    waits = _quartiles(_waits(data, home=home), scale=1e3)
    yield Figure(
        where="xquad-en", what="from retrieval until the model is asked", value=waits, limit=Limit(most=50), unit="ms"
    )


def _per_statement(claims: Sequence[Claim], *, offset: int = 0) -> Interval:
    return _quartiles(seconds_per_statement(claims, offset=offset), scale=1e3)


def _waits(data: Path, *, home: Path) -> list[float]:
    model = Scripted(NOT_FOUND)
    cases = [case for case in read_cases(data / "xquad-en" / "questions.jsonl") if case.answerable]
    waits = []
    with opened(Settings(home=home), folder=data / "xquad-en" / "documents", llm=model) as corpus:
        for case in sample(cases, n=200):
            started, asked = time.perf_counter(), len(model.asked)
            *_, answer = corpus.bot.stream(case.question)
            if len(model.asked) > asked:
                retrieving = sum(spent for part, spent in answer.seconds.items() if part not in ("sentences", "total"))
                waits.append(model.asked[-1] - started - retrieving)
    return waits


def of_runs(values: Sequence[float]) -> Interval:
    """The median of a few runs, with the least and the most for an interval; of a single run there is none."""
    low, high = (min(values), max(values)) if len(values) > 1 else (float("nan"), float("nan"))
    return Interval(value=float(median(values)), low=low, high=high, n=len(values))


def _quartiles(values: Sequence[float], *, scale: float = 1.0) -> Interval:
    """The median with the quartiles for an interval, in units that go `scale` times into a second."""
    low, middle, high = (scale * np.quantile(values, [0.25, 0.5, 0.75])).tolist()
    return Interval(value=middle, low=low, high=high, n=len(values))
