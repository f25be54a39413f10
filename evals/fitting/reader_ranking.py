"""Ranking, fitted and judged by leaving out one collection of real questions at a time.

python -m evals.fitting.reader_ranking        prints first and first five, mean and worst collection, by what took part
"""

import json
import os

import numpy as np

from evals.intervals import fit_choice

OUT = os.environ.get("IBID_FITTING", ".fitting") + "/"
D = np.load(OUT + "data.npz")
M = json.load(open(OUT + "meta.json"))
Z = np.load(OUT + "feats.npz")
D = {k: D[k] for k in D.files}
EL, EC, LC, LK = D["el"], D["ec"], D["lcoll"], D["lkind"]
F, typed, PK = Z["F"], Z["typed"], Z["PK"]
try:
    R = np.load(OUT + "out/scores.npz")
    S = R["S"].astype(float)
    SB = R["S_base"].astype(float)
except Exception:
    S = SB = None
NAMES = [
    "dense",
    "words",
    "grams",
    "cosine",
    "best coverage",
    "best loose coverage",
    "best pairs",
    "best names",
    "best context coverage",
    "whole coverage",
    "whole pairs",
    "title coverage",
    "doc cosine",
    "neighbour cosine",
    "inv word rank",
]
colls = np.array([M["colls"][LC[l]] for l in EL])
real = [c for c in M["colls"] if c.startswith("real")]


class Q:
    pass


qs = []
for e, l in enumerate(EL):
    g = set(M["gold"][str(l)])
    seen = {}
    rows = []
    for j, w in enumerate(EC[e]):
        if w < 0:
            continue
        p = int(PK[e, j])
        if p in seen:
            if S is not None:
                k = seen[p]
                rows[k][2] = max(rows[k][2], S[e, j])
                rows[k][3] = max(rows[k][3], SB[e, j])
            rows[seen[p]][1] |= w in g
            continue
        seen[p] = len(rows)
        rows.append([j, w in g, S[e, j] if S is not None else 0, SB[e, j] if SB is not None else 0])
    q = Q()
    q.e = e
    q.coll = colls[e]
    q.j = np.array([r[0] for r in rows])
    q.gold = np.array([r[1] for r in rows])
    q.s = np.array([r[2] for r in rows])
    q.sb = np.array([r[3] for r in rows])
    q.F = F[e, q.j].astype(float)
    q.typed = typed[e]
    q.ans = bool(g)
    qs.append(q)
ans = [q for q in qs if q.ans]


def metric(score, qq=ans, tag=""):
    by = {}
    for q in qq:
        o = np.argsort(-score(q), kind="stable")
        r = np.flatnonzero(q.gold[o])
        by.setdefault(q.coll, []).append(r[0] if len(r) else 99)
    f = {
        c: (np.mean(np.array(r) < 1), np.mean(np.array(r) < 5), np.mean(np.array(r) < 30), len(r))
        for c, r in by.items()
    }
    rr = [f[c] for c in f if c.startswith("real")]
    print(
        f"{tag:34} REAL {np.mean([x[0] for x in rr]):.3f}/{np.mean([x[1] for x in rr]):.3f}/{np.mean([x[2] for x in rr]):.3f} worst {min(x[0] for x in rr):.2f}/{min(x[1] for x in rr):.2f} | "
        + " ".join(f"{c[5:9] if c.startswith('real') else c[:5]} {x[0]:.2f}/{x[1]:.2f}" for c, x in f.items())
    )
    return f


def X(q, names):
    cols = []
    for n in names:
        if n == "reader":
            cols.append(np.clip(q.s, -12, 12))
        elif n == "reader base":
            cols.append(np.clip(q.sb, -12, 12))
        elif n == "log reader":
            s = np.clip(q.s, -12, 12)
            cols.append(s - np.log(np.exp(s).sum() + 1))
        elif n.startswith("typed "):
            cols.append(q.F[:, NAMES.index(n[6:])] * q.typed)
        else:
            cols.append(q.F[:, NAMES.index(n)])
    return np.stack(cols, 1)


def loco(names, l2=0.002, tag="", train_other=True, wreal=1.0):
    models = {}
    usable = [q for q in ans if q.gold.any()]

    def fit(tr):
        cnt = {}
        for q in tr:
            cnt[q.coll] = cnt.get(q.coll, 0) + 1
        w = [(wreal if q.coll.startswith("real") else 1 / 4) / cnt[q.coll] for q in tr]
        return fit_choice(
            [X(q, names) for q in tr], chosen=[int(np.flatnonzero(q.gold)[0]) for q in tr], l2=l2, weights=w
        )

    for c in real:
        models[c] = fit([q for q in usable if q.coll != c and (train_other or q.coll.startswith("real"))])
    full = fit(usable)
    f = metric(
        lambda q: (
            X(q, names)
            @ (
                models.get(q.coll, full)[-len(names) :]
                if len(models.get(q.coll, full)) == len(names)
                else models.get(q.coll, full)[1:]
            )
        ),
        tag=tag,
    )
    return models, full, f


if __name__ == "__main__":
    L = json.load(open("rag/models/learned.json"))["ranking"]

    def learned(q):
        s = sum(L[n] * q.F[:, NAMES.index(n)] for n in L if n in NAMES) + sum(
            L[n] * q.F[:, NAMES.index(n[6:])] * q.typed for n in L if n.startswith("typed ")
        )
        p = q.F[:, 0] + 0.75 * q.F[:, 1] + 0.75 * q.F[:, 2]
        s = s.copy()
        s[np.argsort(-p)[20:]] = -99
        return s

    metric(learned, tag="product today")
    metric(lambda q: q.F[:, 3], tag="cosine")
    metric(lambda q: q.F[:, 3] + 0.33 * q.F[:, 1], tag="cosine + 1/3 words")
    metric(lambda q: q.F[:, 3] + 0.33 * q.F[:, 1] + 0.1 * q.F[:, 2], tag="cosine + 1/3 words + .1 grams")
    legs = ["dense", "words", "grams", "cosine"]
    loco(legs, tag="legs")
    loco(["cosine", "words"], tag="cos,words")
    loco(["cosine", "words", "doc cosine", "neighbour cosine"], tag="+doc,nb")
    loco(legs + ["typed " + x for x in legs] + NAMES[4:12], tag="today's features refit")
    loco(legs + NAMES[4:12] + ["doc cosine", "neighbour cosine", "inv word rank"], tag="all, no reader")
    if S is not None:
        metric(lambda q: q.s, tag="reader alone")
        metric(lambda q: q.sb, tag="base reader alone")
        metric(lambda q: q.s / 6 + q.F[:, 3] + 0.33 * q.F[:, 1], tag="reader/6+plain")
        loco(["reader", "cosine", "words"], tag="reader,cos,words")
        loco(["reader base", "cosine", "words"], tag="base reader,cos,words")
        loco(["reader", "cosine", "words", "doc cosine", "neighbour cosine"], tag="reader +doc nb")
        loco(["reader"] + legs + NAMES[4:12] + ["doc cosine", "neighbour cosine", "inv word rank"], tag="reader + all")
