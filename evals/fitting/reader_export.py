"""The trained reader as one int8 ONNX file.

    python evals/fitting/reader_export.py .fitting/out

The graph takes `input_ids` and `token_type_ids` (int64, one sequence: type 1 is the paragraph that is judged) and gives
`relevance` (log-odds that it answers) and `tokens` (start, end and evidence for each word piece). Quantised as the
embedder is: see all-MiniLM-L6-v2/PROVENANCE.md. Needs requirements-export.txt.
"""

import sys, glob, shutil, numpy as np, torch, torch.nn as nn, torch.nn.functional as F, onnx, time
from pathlib import Path
from onnxruntime.quantization import QuantType, quantize_dynamic
import onnxruntime as ort

src, target = Path(sys.argv[1]), Path("rag/models/reader/model.onnx")


class Layer(nn.Module):
    def __init__(s, h=384, n=12, f=1536):
        super().__init__()
        s.n = n
        s.q = nn.Linear(h, h)
        s.k = nn.Linear(h, h)
        s.v = nn.Linear(h, h)
        s.o = nn.Linear(h, h)
        s.ln1 = nn.LayerNorm(h, eps=1e-12)
        s.i = nn.Linear(h, f)
        s.d = nn.Linear(f, h)
        s.ln2 = nn.LayerNorm(h, eps=1e-12)

    def forward(s, x):
        B, L, H = x.shape[0], x.shape[1], 384
        sp = lambda t: t.view(B, L, 12, 32).transpose(1, 2)
        a = torch.softmax(sp(s.q(x)) @ sp(s.k(x)).transpose(-1, -2) / 32**0.5, -1) @ sp(s.v(x))
        x = s.ln1(x + s.o(a.transpose(1, 2).reshape(B, L, H)))
        return s.ln2(x + s.d(F.gelu(s.i(x))))


class Reader(nn.Module):
    def __init__(s, h=384):
        super().__init__()
        s.word = nn.Embedding(30522, h)
        s.pos = nn.Embedding(512, h)
        s.kind = nn.Embedding(2, h)
        s.ln = nn.LayerNorm(h, eps=1e-12)
        s.layers = nn.ModuleList(Layer() for _ in range(6))
        s.pool = nn.Linear(h, h)
        s.rel = nn.Linear(h, 1)
        s.tok = nn.Linear(h, 3)

    def forward(s, ids, typ):
        x = s.ln(s.word(ids) + s.pos(torch.arange(ids.shape[1])) + s.kind(typ))
        for l in s.layers:
            x = l(x)
        return s.rel(torch.tanh(s.pool(x[:, 0]))).squeeze(-1), s.tok(x)


sd = {}
parts = {}
for f in sorted(src.glob("reader-*.npz")):
    for k, v in np.load(f).items():
        n, j = k.split("@")
        parts.setdefault(n, {})[int(j)] = v
for n, p in parts.items():
    sd[n] = torch.from_numpy(np.concatenate([p[j] for j in sorted(p)]).astype(np.float32))
m = Reader().eval()
m.load_state_dict(sd)
ids = torch.tensor([[101, 7592, 102, 2088, 102]])
typ = torch.tensor([[0, 0, 0, 1, 0]])
ax = {0: "batch", 1: "sequence"}
f32 = src / "reader.f32.onnx"
torch.onnx.export(
    m,
    (ids, typ),
    str(f32),
    input_names=["input_ids", "token_type_ids"],
    output_names=["relevance", "tokens"],
    dynamic_axes={"input_ids": ax, "token_type_ids": ax, "relevance": {0: "batch"}, "tokens": ax},
    opset_version=17,
    dynamo=False,
)
shutil.copy(f32, target)
quantize_dynamic(
    target,
    target,
    op_types_to_quantize=["MatMul"],
    per_channel=True,
    reduce_range=True,
    weight_type=QuantType.QInt8,
    extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
)
model = onnx.load(target)
g = model.graph
table = next(t for t in g.initializer if t.name == "word.weight")
lookup = next(n for n in g.node if n.op_type == "Gather" and n.input[0] == table.name)
w = onnx.numpy_helper.to_array(table)
sc = np.abs(w).max(1, keepdims=True) / 127
whole = np.round(w / np.where(sc == 0, 1, sc)).astype(np.int8)
g.initializer.remove(table)
g.initializer.append(onnx.numpy_helper.from_array(whole, "word_table"))
g.initializer.append(onnx.numpy_helper.from_array(sc.astype(np.float32), "word_scales"))
mk = onnx.helper.make_node
ins = [
    mk("Gather", ["word_table", lookup.input[1]], ["word_rows"]),
    mk("Cast", ["word_rows"], ["word_rows_float"], to=onnx.TensorProto.FLOAT),
    mk("Gather", ["word_scales", lookup.input[1]], ["word_row_scales"]),
    mk("Mul", ["word_rows_float", "word_row_scales"], [lookup.output[0]]),
]
at = list(g.node).index(lookup)
g.node.remove(lookup)
for n in reversed(ins):
    g.node.insert(at, n)
onnx.save(model, target)
o = ort.SessionOptions()
o.intra_op_num_threads = 1
a = ort.InferenceSession(str(f32), o)
b = ort.InferenceSession(str(target), o, disabled_optimizers=["SkipLayerNormFusion"])
r = np.random.default_rng(0)
d = []
for _ in range(20):
    n = int(r.integers(30, 250))
    x = {"input_ids": r.integers(1000, 30000, (1, n)), "token_type_ids": (np.arange(n)[None] > 15).astype(np.int64)}
    d.append(abs(a.run(None, x)[0][0] - b.run(None, x)[0][0]))
print("f32 vs int8 |Δ|", np.mean(d), max(d), "size", target.stat().st_size)
