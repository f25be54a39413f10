"""The trained reader as one int8 ONNX file.

    python evals/fitting/reader_export.py .fitting/out

The graph takes `input_ids` and `token_type_ids` (int64, batch by sequence; type 1 is the paragraph that is judged) and
gives `relevance` (log-odds that it answers) and `tokens` (start, end and evidence for each word piece). A sequence is
read whole: there is no padding. Quantised as the embedder is. Needs requirements-export.txt.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from quantising import quantise, quantise_table_by_row
from reader_network import Reader, TracedLayer, read_weights

TARGET = Path(__file__).parents[2] / "rag" / "models" / "reader" / "model.onnx"
COMPARED = 20
"""Sequences of made-up words, of 30 to 250 pieces, that both files read."""


def main() -> None:
    trained = Path(sys.argv[1])
    float32 = trained / "reader.f32.onnx"
    export_float32(trained, target=float32)
    shutil.copy(float32, TARGET)
    quantise(TARGET)
    quantise_table_by_row(TARGET, table="word.weight")
    compare(float32, written=TARGET)


def export_float32(trained: Path, *, target: Path) -> None:
    reader = Reader(TracedLayer).eval()
    reader.load_state_dict(read_weights(trained))
    batch_by_sequence = {0: "batch", 1: "sequence"}
    torch.onnx.export(
        reader,
        (torch.tensor([[101, 7592, 102, 2088, 102]]), torch.tensor([[0, 0, 0, 1, 0]])),
        str(target),
        input_names=["input_ids", "token_type_ids"],
        output_names=["relevance", "tokens"],
        dynamic_axes={
            "input_ids": batch_by_sequence,
            "token_type_ids": batch_by_sequence,
            "relevance": {0: "batch"},
            "tokens": batch_by_sequence,
        },
        opset_version=17,
        dynamo=False,  # the tracing exporter's graph is the one that is known to be quantised well
    )


def compare(float32: Path, *, written: Path) -> None:
    """Print how far the log-odds of what was written are from those of the float32 graph."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    before = onnxruntime.InferenceSession(str(float32), options)
    after = onnxruntime.InferenceSession(str(written), options, disabled_optimizers=["SkipLayerNormFusion"])
    random = np.random.default_rng(0)
    feeds = [made_up(random) for _ in range(COMPARED)]
    apart = [float(abs(before.run(None, feed)[0][0] - after.run(None, feed)[0][0])) for feed in feeds]
    size = written.stat().st_size / 1e6
    print(f"reader: {size:.1f} MB, log-odds {np.mean(apart):.2f} from float32's, at most {max(apart):.2f}")


def made_up(random: np.random.Generator) -> dict[str, np.ndarray]:
    count = int(random.integers(30, 250))
    ids = random.integers(1000, 30000, (1, count))
    return {"input_ids": ids, "token_type_ids": (np.arange(count)[None] > 15).astype(np.int64)}


if __name__ == "__main__":
    main()
