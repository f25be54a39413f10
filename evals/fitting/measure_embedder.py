"""Measures ways to make the embedder's file: size, closeness to float32, retrieval, speed.

    python measure_embedder.py ../shared/training    the folder that holds squad_train_du_test

Questions look for their own paragraph among 2,000. All candidates take turns at every tenth of the work, so
what else the machine does meanwhile falls on all of them; the factor is the median over the turns.
Which of them is shipped is `CHOSEN` in `export_embedder.py`.
"""

import hashlib
import json
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import numpy as np
from export_embedder import CHOSEN, TARGET, Recipe, export_float32, write_model
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions
from onnxruntime.quantization import QuantType
from tokenizers import Tokenizer

QUESTIONS, PARAGRAPHS, TURNS = 1000, 2000, 10
MAX_PIECES = 256  # the model was trained on no more, though it has 512 positions
BATCH_TOKENS = 2048  # padded word pieces in a batch; larger batches leave the processor's caches

# On a CPU the fused SkipLayerNormalization is slower than the Add and LayerNormalization it replaces.
SLOWER_FUSED = ["SkipLayerNormFusion"]

FLOAT32 = Recipe("float32", kind="float32", table_by_row=False)
CANDIDATES = [
    FLOAT32,
    replace(FLOAT32, name="float32, fused", fused=True),
    replace(CHOSEN, name="int8, a scale a matrix", per_channel=False, reduce_range=False, table_by_row=False),
    replace(CHOSEN, name="int8, a scale a channel", reduce_range=False, table_by_row=False),
    replace(CHOSEN, name="int8, a scale a channel, table by row", reduce_range=False),
    replace(CHOSEN, name="chosen, that with 7-bit weights"),
    replace(CHOSEN, name="chosen, table not by row", table_by_row=False),
    replace(CHOSEN, name="chosen, unsigned weights", weight_type=QuantType.QUInt8),
    replace(CHOSEN, name="chosen, feed-forward exits in float32", kept_float="/output/dense/"),
    replace(CHOSEN, name="chosen, fused", fused=True),
    replace(CHOSEN, name="int8 weights only, blocks of 64", kind="blocks"),
]


@dataclass(frozen=True)
class Sample:
    """Questions, and the row in `paragraphs` of each question's own paragraph."""

    questions: list[str]
    paragraphs: list[str]
    own: list[int]


@dataclass(frozen=True)
class Batch:
    rows: list[int]
    feed: dict[str, NDArray[np.int64]]


@dataclass
class Run:
    """One candidate at work: its vectors as they fill, and its seconds for the paragraphs of each turn."""

    name: str
    megabytes: float
    session: InferenceSession
    questions: NDArray[np.float32]
    paragraphs: NDArray[np.float32]
    seconds: list[float] = field(default_factory=list)


def main() -> None:
    logging.disable(logging.WARNING)
    sample = read_sample(Path(sys.argv[1]))
    tokenizer = Tokenizer.from_file(str(TARGET / "tokenizer.json"))
    with tempfile.TemporaryDirectory() as folder:
        runs = start_candidates(Path(folder), sample)
        chosen = TARGET / "model.onnx"
        runs.append(start("chosen, SkipLayerNormFusion left on", chosen, sample, disabled=[]))
        take_turns(runs, sample, tokenizer)
        print_table(runs, sample)
        print_serving(chosen, sample, tokenizer)


def read_sample(training: Path) -> Sample:
    """The first by hash, so that the choice is arbitrary and the same everywhere."""
    articles = json.loads(next((training / "squad_train_du_test").glob("*.json")).read_text())["data"]
    entries = [entry for article in articles for entry in article["paragraphs"]]
    asked = [(ask["id"], ask["question"], entry["context"]) for entry in entries for ask in entry["qas"]]
    asked = sorted(asked, key=lambda one: digest(one[0]))[:QUESTIONS]
    own = dict.fromkeys(context for _, _, context in asked)
    others = {entry["context"] for entry in entries} - own.keys()
    paragraphs = [*own, *sorted(others, key=digest)][:PARAGRAPHS]
    row = {paragraph: number for number, paragraph in enumerate(paragraphs)}
    return Sample([question for _, question, _ in asked], paragraphs, [row[context] for _, _, context in asked])


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def start_candidates(folder: Path, sample: Sample) -> list[Run]:
    float32 = folder / "exported.onnx"
    export_float32(float32)
    runs = []
    for recipe in CANDIDATES:
        path = folder / f"{recipe.name}.onnx"
        write_model(recipe, float32, path)
        runs.append(start(recipe.name, path, sample, SLOWER_FUSED))
    return runs


def start(name: str, path: Path, sample: Sample, disabled: list[str]) -> Run:
    questions, paragraphs = (np.zeros((len(texts), 384), np.float32) for texts in (sample.questions, sample.paragraphs))
    return Run(name, path.stat().st_size / 1e6, open_session(path, 2, disabled), questions, paragraphs)


def open_session(path: Path, threads: int, disabled: list[str]) -> InferenceSession:
    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return InferenceSession(path, options, disabled_optimizers=disabled)


def take_turns(runs: Sequence[Run], sample: Sample, tokenizer: Tokenizer) -> None:
    questions = make_batches(tokenizer, sample.questions, BATCH_TOKENS)
    paragraphs = make_batches(tokenizer, sample.paragraphs, BATCH_TOKENS)
    for run in runs:
        embed(run.session, questions, run.questions)  # warms the session up as well
    for turn in range(TURNS):
        for run in runs:
            run.seconds.append(embed(run.session, paragraphs[turn::TURNS], run.paragraphs))


def make_batches(tokenizer: Tokenizer, texts: Sequence[str], batch_tokens: int) -> list[Batch]:
    """Texts of like length together, each batch at most `batch_tokens` word pieces with its padding."""
    tokenizer.enable_truncation(MAX_PIECES)
    pieces = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    groups: list[list[int]] = [[]]
    for row in sorted(range(len(pieces)), key=lambda row: len(pieces[row])):
        if groups[-1] and len(pieces[row]) * (len(groups[-1]) + 1) > batch_tokens:
            groups.append([])
        groups[-1].append(row)
    return [make_batch(rows, [pieces[row] for row in rows]) for rows in groups]


def make_batch(rows: list[int], pieces: list[list[int]]) -> Batch:
    ids = np.zeros((len(rows), max(map(len, pieces))), np.int64)
    for line, own in zip(ids, pieces, strict=True):
        line[: len(own)] = own
    return Batch(rows, {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64)})


def embed(session: InferenceSession, batches: Sequence[Batch], vectors: NDArray[np.float32]) -> float:
    """Fill in the rows of `vectors` that `batches` hold; return the seconds it took."""
    start = time.perf_counter()
    for batch in batches:
        vectors[batch.rows] = session.run(None, batch.feed)[0]
    return time.perf_counter() - start


def print_table(runs: Sequence[Run], sample: Sample) -> None:
    print("| candidate | MB | cosine, mean | lowest | recall@1 | nDCG@10 | times float32 | paragraphs/s |")
    print("|---|---|---|---|---|---|---|---|")
    original = runs[0]
    for run in runs:
        cosines = (run.paragraphs * original.paragraphs).sum(axis=1)
        recall, gain = score_retrieval(run, sample)
        faster = median(slow / own for slow, own in zip(original.seconds, run.seconds, strict=True))
        pace = len(sample.paragraphs) / TURNS / median(run.seconds)
        print(
            f"| {run.name} | {run.megabytes:.1f} | {cosines.mean():.4f} | {cosines.min():.4f} "
            f"| {recall:.1f} | {gain:.2f} | {faster:.2f} | {pace:.0f} |"
        )


def score_retrieval(run: Run, sample: Sample) -> tuple[float, float]:
    """Recall@1 and nDCG@10, in points; with one right paragraph a question, the ideal gain is 1."""
    likeness = run.questions @ run.paragraphs.T
    right = likeness[np.arange(len(sample.own)), sample.own]
    before = (likeness > right[:, None]).sum(axis=1)
    return 100 * float((before == 0).mean()), 100 * float(np.where(before < 10, 1 / np.log2(before + 2), 0).mean())


def print_serving(path: Path, sample: Sample, tokenizer: Tokenizer) -> None:
    """Pace by batch size, delay of one question by threads, and how far a text's batch moves its vector."""
    some = sample.paragraphs[::10]
    vectors, apart = np.zeros((2, len(some), 384), np.float32)
    session = open_session(path, 2, SLOWER_FUSED)
    by_size = {size: make_batches(tokenizer, some, size) for size in (512, 1024, 2048, 3072, 4096, 8192)}
    turns = [{size: embed(session, batches, vectors) for size, batches in by_size.items()} for _ in range(5)]
    for size in by_size:
        print(f"batches of {size} word pieces: {len(some) / median(turn[size] for turn in turns):.0f} paragraphs/s")
    embed(session, by_size[BATCH_TOKENS], vectors)
    embed(session, make_batches(tokenizer, some, 1), apart)
    cosines = (vectors * apart).sum(axis=1)
    print(f"a paragraph in its batch and alone: cosine {cosines.mean():.4f}, lowest {cosines.min():.4f}")
    question = make_batch([0], [[101, *range(2054, 2064), 102]])
    for threads in (1, 2):
        session = open_session(path, threads, SLOWER_FUSED)
        delays = [embed(session, [question], vectors) for _ in range(300)]
        print(f"one question of 12 word pieces, {threads} thread(s): median {1000 * median(delays):.1f} ms")


if __name__ == "__main__":
    main()
