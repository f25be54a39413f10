"""A traced graph to int8, the same way for embedder and reader. Why so stands in all-MiniLM-L6-v2/PROVENANCE.md."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic


def quantise(
    path: Path,
    *,
    operators: Sequence[str] = ("MatMul",),
    per_channel: bool = True,
    reduce_range: bool = True,
    weight_type: QuantType = QuantType.QInt8,
    kept_float: Sequence[str] = (),
) -> None:
    """Weights to int8 now, activations to uint8 at run time; `kept_float` are the names of nodes left alone.

    With `reduce_range` weights keep to 7 bits. A processor without VNNI adds two products of uint8 and int8
    in 16 bits: 2 * 255 * 127 does not fit and is cut off silently, 2 * 255 * 64 fits. So the file means the
    same on both. Products of two activations, inside attention, stay in float32: neither is a weight.
    """
    quantize_dynamic(
        path,
        path,
        op_types_to_quantize=list(operators),
        per_channel=per_channel,
        reduce_range=reduce_range,
        weight_type=weight_type,
        nodes_to_exclude=list(kept_float),
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},  # of the fused operators, unknown to onnx
    )


def quantise_table_by_row(path: Path, *, table: str) -> None:
    """The word table, an initializer whose name holds `table`, to int8 with a scale for each word.

    onnxruntime's quantiser has one scale for all 30,522 words, and 7 bits under `reduce_range`. The table is
    looked up and never multiplied as int8, so it can keep all 8.
    """
    model = onnx.load(path)
    graph = model.graph
    found = next(tensor for tensor in graph.initializer if table in tensor.name)
    lookup = next(node for node in graph.node if node.op_type == "Gather" and node.input[0] == found.name)
    whole, scales = _by_row(onnx.numpy_helper.to_array(found))
    graph.initializer.remove(found)
    graph.initializer.append(onnx.numpy_helper.from_array(whole, "word_table"))
    graph.initializer.append(onnx.numpy_helper.from_array(scales, "word_scales"))
    place = list(graph.node).index(lookup)
    graph.node.remove(lookup)
    for node in reversed(_lookup_by_row(lookup.input[1], lookup.output[0])):
        graph.node.insert(place, node)
    onnx.save(model, path)


def _by_row(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers (int8, as `words`) and what each row has to be multiplied by (float32, rows by 1)."""
    scales = np.abs(words).max(axis=1, keepdims=True) / 127
    return np.round(words / np.where(scales == 0, 1, scales)).astype(np.int8), scales.astype(np.float32)


def _lookup_by_row(ids: str, out: str) -> list[onnx.NodeProto]:
    make = onnx.helper.make_node
    return [
        make("Gather", ["word_table", ids], ["word_rows"]),
        make("Cast", ["word_rows"], ["word_rows_float"], to=onnx.TensorProto.FLOAT),
        make("Gather", ["word_scales", ids], ["word_row_scales"]),
        make("Mul", ["word_rows_float", "word_row_scales"], [out]),
    ]
