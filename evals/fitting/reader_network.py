"""The network of the reader: the embedder's layers, one head for the whole sequence and one for its tokens.

For the programs that stand beside it and are run by path, in an environment with torch. The names of the parts are
those of the trained weights, and of the nodes in the shipped file.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

WORDS, POSITIONS, KINDS = 30_522, 512, 2
WIDTH, HEADS, INNER, LAYERS = 384, 12, 1_536, 6
DROPOUT = 0.1

Shape = tuple[int, int]
"""Sequences in the batch, word pieces in each."""


class Layer(nn.Module):
    """Query, key, value and output of the attention, its norm; in and out of the feed-forward part, its norm."""

    def __init__(self) -> None:
        super().__init__()
        self.q = nn.Linear(WIDTH, WIDTH)
        self.k = nn.Linear(WIDTH, WIDTH)
        self.v = nn.Linear(WIDTH, WIDTH)
        self.o = nn.Linear(WIDTH, WIDTH)
        self.ln1 = nn.LayerNorm(WIDTH, eps=1e-12)
        self.i = nn.Linear(WIDTH, INNER)
        self.d = nn.Linear(INNER, WIDTH)
        self.ln2 = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        x = self.ln1(x + dropped(self.o(self.attended(x, mask)), self.training))
        return self.ln2(x + dropped(self.d(functional.gelu(self.i(x))), self.training))

    def attended(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Attention as torch is fastest at it. `mask` is added to the products of query and key."""
        shape = x.shape[0], x.shape[1]
        added = None if mask is None else mask.to(x.dtype)
        query, key, value = (split(part(x), shape) for part in (self.q, self.k, self.v))
        return merged(functional.scaled_dot_product_attention(query, key, value, attn_mask=added), shape)


class TracedLayer(Layer):
    """A layer that can be traced, and quantised."""

    def attended(self, x: Tensor, _: Tensor | None) -> Tensor:
        """Attention written out in plain operators. The order in which they are called is that of the shipped file's
        nodes. For one whole sequence: no mask."""
        shape = x.shape[0], x.shape[1]
        products = split(self.q(x), shape) @ split(self.k(x), shape).transpose(-1, -2) / (WIDTH // HEADS) ** 0.5
        return merged(torch.softmax(products, -1) @ split(self.v(x), shape), shape)


def split(x: Tensor, shape: Shape) -> Tensor:
    """Batch by sequence by width to batch by heads by sequence by a head's width."""
    return x.view(*shape, HEADS, WIDTH // HEADS).transpose(1, 2)


def merged(x: Tensor, shape: Shape) -> Tensor:
    """`split` undone."""
    return x.transpose(1, 2).reshape(*shape, WIDTH)


def dropped(x: Tensor, training: bool) -> Tensor:
    return functional.dropout(x, DROPOUT, training)


class Reader(nn.Module):
    """`ids` and `kinds` (int64, batch by sequence; kind 1 is the paragraph that is judged) to `relevance`, log-odds that
    it answers (batch), and `tokens`, start, end and evidence of each word piece (batch by sequence by 3)."""

    def __init__(self, layer: type[Layer] = Layer) -> None:
        super().__init__()
        self.word = nn.Embedding(WORDS, WIDTH)
        self.pos = nn.Embedding(POSITIONS, WIDTH)
        self.kind = nn.Embedding(KINDS, WIDTH)
        self.ln = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(layer() for _ in range(LAYERS))
        self.pool = nn.Linear(WIDTH, WIDTH)
        self.rel = nn.Linear(WIDTH, 1)
        self.tok = nn.Linear(WIDTH, 3)

    def forward(self, ids: Tensor, kinds: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x = self.ln(self.word(ids) + self.pos(torch.arange(ids.shape[1], device=ids.device)) + self.kind(kinds))
        x = dropped(x, self.training)
        for layer in self.layers:
            x = layer(x, mask)
        return self.rel(dropped(torch.tanh(self.pool(x[:, 0])), self.training)).squeeze(-1), self.tok(x)


def mask_of(ids: Tensor) -> Tensor | None:
    """What is added to the attention's products, so that padding (id 0) is not seen; None where there is none."""
    there = ids > 0
    if there.all():
        return None
    hidden = torch.zeros_like(there, dtype=torch.float32).masked_fill(~there, -1e4)
    return hidden[:, None, None, :].expand(-1, 1, ids.shape[1], -1)


_PART_BYTES = 14_000_000
"""The most that one file of weights holds: what comes back from a lent machine has a limit."""


def write_weights(folder: Path, *, model: nn.Module) -> None:
    """The weights as `reader-0.npz` and so on, in float16; the word table in two pieces, for it is larger than a file."""
    parts: list[dict[str, np.ndarray]] = [{}]
    for name, tensor in model.state_dict().items():
        weights = tensor.half().cpu().numpy()
        for number, piece in enumerate(np.array_split(weights, 2) if name == "word.weight" else [weights]):
            if sum(one.nbytes for one in parts[-1].values()) + piece.nbytes > _PART_BYTES:
                parts.append({})
            parts[-1][f"{name}@{number}"] = piece
    for number, part in enumerate(parts):
        np.savez(folder / f"reader-{number}.npz", **part)


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The weights that `write_weights` wrote, as float32, by their names."""
    pieces: dict[str, dict[int, np.ndarray]] = {}
    for path in sorted(folder.glob("reader-*.npz")):
        for key, piece in np.load(path).items():
            name, number = key.split("@")
            pieces.setdefault(name, {})[int(number)] = piece
    return {
        name: torch.from_numpy(np.concatenate([found[number] for number in sorted(found)]).astype(np.float32))
        for name, found in pieces.items()
    }
