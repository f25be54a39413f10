"""Ranking, sentence choice and answerability: every number of rag/models/learned.json.

    python -m evals.fitting.reader_lists; reader_train; reader_export; reader_features; reader_answers; then this

Fitted on eight collections of real questions and the older training sets, each weighing the same; what is printed was
fitted without the collection that it is printed for.
"""

import pickle, json, numpy as np, os
import evals.fitting.reader_ranking as A
from evals.intervals import fit_choice, fit_logistic, auroc

OUT = A.OUT
recs, mods = pickle.load(open(OUT + "recs.pkl", "rb"))
import evals.fitting.reader_lists as B

if not os.path.exists(OUT + "golds.pkl"):
    G = {}
    for c in B.build():
        for x in c.cases:
            G.setdefault((c.name, x["q"]), (x["golds"] if x["kind"] != "swap" else []))
    pickle.dump(G, open(OUT + "golds.pkl", "wb"))
G = pickle.load(open(OUT + "golds.pkl", "rb"))
real = sorted({r["coll"] for r in recs if r["coll"].startswith("real")})
for r in recs:
    g = G.get((r["coll"], r["q"]), [])
    for x in r["cand"]:
        x["right"] = (
            any(
                x["i"] == p
                and (ev is None or (x["start"] < ev[1] and x["end"] > ev[0]))
                and (an is None or r["coll"].startswith("real") or (x["start"] < an[1] and x["end"] > an[0]))
                for p, an, ev in g
            )
            and not r["masked"]
        )
import regex


def tells(x):
    return (
        not x["text"].endswith(":")
        and any(map(str.isalnum, x["text"]))
        and x["role"].value not in ("boilerplate", "byline")
    )


for r in recs:
    r["cand"] = [x for x in r["cand"] if tells(x)] or r["cand"]


def XS(r, names):
    S = [
        "coverage",
        "loose coverage",
        "pairs",
        "names",
        "context coverage",
        "expected kind",
        "kind missing",
        "length",
        "is question",
        "first",
        "new words",
    ]
    get = lambda x, n: (
        float(x["f"][S.index(n)])
        if n in S
        else {
            "belief": x["belief"],
            "cosine": x["cos"],
            "evidence": max(x["ev"], -5),
            "strongest evidence": max(x["evm"], -5),
            "begins": x["sp"],
            "reader": np.clip(x["rel"], -12, 12),
        }[n]
    )
    return np.array([[get(x, n) for n in names] for x in r["cand"]])


SF = [
    "coverage",
    "loose coverage",
    "pairs",
    "names",
    "context coverage",
    "expected kind",
    "kind missing",
    "length",
    "is question",
    "first",
    "new words",
    "belief",
    "cosine",
]
SR = SF + ["evidence", "strongest evidence", "begins"]


def fit_s(names, tr):
    cnt = {}
    for r in tr:
        cnt[r["coll"]] = cnt.get(r["coll"], 0) + 1
    return fit_choice(
        [XS(r, names) for r in tr],
        chosen=[next(i for i, x in enumerate(r["cand"]) if x["right"]) for r in tr],
        l2=0.002,
        weights=[(1.0 if r["coll"].startswith("real") else 0.25) / cnt[r["coll"]] for r in tr],
    )


plainr = [r for r in recs if r["ans"] and not r["masked"] and not r["scoped"] and r["cand"]]
usable = [r for r in plainr if any(x["right"] for x in r["cand"])]


def run_s(names):
    ws = {c: fit_s(names, [r for r in usable if r["coll"] != c]) for c in real}
    ws[None] = fit_s(names, usable)
    for r in recs:
        if not r["cand"]:
            continue
        s = XS(r, names) @ ws.get(r["coll"], ws[None])
        p = np.exp(s - s.max())
        p /= p.sum()
        r["best"] = int(np.argmax(s))
        r["share"] = float(p.max())
        r["p"] = p
    return ws


def show_s(tag):
    by = {}
    for r in plainr:
        x = r["cand"][r["best"]]
        by.setdefault(r["coll"], []).append((x["gold"], x["right"], r["goldrank"] < 1, r["goldrank"] < 5))
    f = {c: np.mean(v, 0) for c, v in by.items()}
    rr = [f[c] for c in real]
    print(
        f"{tag:20} REAL cited {np.mean([x[0] for x in rr]):.3f} sentence {np.mean([x[1] for x in rr]):.3f} first {np.mean([x[2] for x in rr]):.3f} five {np.mean([x[3] for x in rr]):.3f} worst cited {min(x[0] for x in rr):.2f} | "
        + " ".join(f"{c[-6:]} {v[0]:.2f}/{v[1]:.2f}" for c, v in f.items())
    )


GF = [
    "reader best",
    "reader second",
    "reader sum",
    "evidence",
    "strongest",
    "begins",
    "sentence share",
    "passage share",
    "sentence coverage",
    "context coverage",
    "loose coverage",
    "pairs",
    "names",
    "missing",
    "passage cosine",
    "sentence cosine",
    "kind missing",
    "few terms",
]


def gate_row(r, names):
    if not r["cand"]:
        return np.zeros(len(names))
    x = r["cand"][r["best"]]
    s = np.sort(r["allS"])[::-1]
    f = x["f"]
    w, kind, hasn, nt = r["inq"]
    d = {
        "reader best": np.clip(s[0], -12, 12),
        "reader here": np.clip(x["rel"], -12, 12),
        "reader second": np.clip(s[1] if len(s) > 1 else -12, -12, 12),
        "reader sum": float(np.log(np.exp(np.clip(s, -12, 12)).sum())),
        "evidence": max(x["ev"], -5),
        "strongest": max(x["evm"], -5),
        "begins": x["sp"],
        "sentence share": r["share"],
        "passage share": r["bel"][0],
        "sentence coverage": f[0],
        "loose coverage": f[1],
        "pairs": f[2],
        "names": f[3] if hasn else 1.0,
        "context coverage": f[4],
        "kind missing": f[6],
        "missing": r["missing"],
        "passage cosine": float(np.max(r["cos"])),
        "sentence cosine": x["cos"],
        "few terms": 1 / max(nt, 1),
    }
    return np.array([d[n] for n in names])


KIND = {}


def kind(r):
    return "answerable" if r["ans"] and not r["masked"] else "plain" if r["masked"] else "unanswerable"


MIX = {"answerable": 0.66, "plain": 0.22, "unanswerable": 0.12}


def fit_g(names, tr):
    cnt = {}
    for r in tr:
        k = (kind(r), r["coll"])
        cnt[k] = cnt.get(k, 0) + 1
    w = [MIX[kind(r)] * (1.0 if r["coll"].startswith("real") else 0.25) / cnt[kind(r), r["coll"]] for r in tr]
    return fit_logistic(
        np.stack([XG(r, names) for r in tr]), labels=[r["cand"][r["best"]]["gold"] for r in tr], l2=0.001, weights=w
    )


def run_g(names):
    tr = [r for r in recs if r["cand"]]
    gs = {c: fit_g(names, [r for r in tr if r["coll"] != c]) for c in real}
    gs[None] = fit_g(names, tr)
    for r in tr:
        w, b = gs.get(r["coll"], gs[None])
        r["g"] = float(1 / (1 + np.exp(-(XG(r, names) @ w + b))))
    return gs


def ece(p, y, bins=10):
    o = np.argsort(p)
    return sum(len(b) * abs(p[b].mean() - y[b].mean()) for b in np.array_split(o, bins)) / len(p)


def show_g(tag, ats=(0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)):
    rows = [r for r in recs if r["cand"]]
    R = [r for r in rows if r["coll"] in real and not r["scoped"]]
    y = np.array([r["cand"][r["best"]]["gold"] for r in R])
    p = np.array([r["g"] for r in R])
    un = [r["g"] for r in R if kind(r) == "unanswerable"]
    pl = [r["g"] for r in R if kind(r) == "plain"]
    an = [r["g"] for r in R if kind(r) == "answerable"]
    print(
        tag,
        "AUROC answerable vs unanswerable",
        str(auroc(an, negatives=un))[:40],
        "vs masked",
        str(auroc(an, negatives=pl))[:40],
        "right vs not",
        str(auroc(list(p[y]), negatives=list(p[~y])))[:40],
        "ECE",
        round(ece(p, y.astype(float)), 3),
    )
    for t in ats:
        c = []
        for k in real:
            A = [r for r in R if r["coll"] == k and kind(r) == "answerable"]
            U = [r for r in R if r["coll"] == k and kind(r) == "unanswerable"]
            P = [r for r in R if r["coll"] == k and kind(r) == "plain"]
            c.append(
                (
                    np.mean([r["g"] >= t for r in A]),
                    np.mean([r["g"] >= t and r["cand"][r["best"]]["gold"] for r in A]),
                    np.mean([r["g"] >= t for r in U]),
                    np.mean([r["g"] >= t for r in P]),
                    np.mean([r["cand"][r["best"]]["gold"] for r in A if r["g"] >= t] or [0]),
                )
            )
        c = np.array(c)
        print(
            f"   at {t:.2f}: answered {c[:, 0].mean():.3f} rightly cited {c[:, 1].mean():.3f} (worst {c[:, 1].min():.2f}) false on unanswerable {c[:, 2].mean():.3f} on masked {c[:, 3].mean():.3f} precision {c[:, 4].mean():.3f}"
        )


GN = [
    "sentence coverage",
    "context coverage",
    "whole coverage",
    "loose coverage",
    "pairs",
    "names",
    "missing weight",
    "passage cosine",
    "sentence cosine",
    "sentence share",
    "passage share",
    "kind missing",
    "few terms",
    "reader best",
    "reader second",
    "reader sum",
    "evidence",
    "strongest evidence",
    "begins",
]
WH = A.NAMES.index("whole coverage")


def XG(r, names):
    if not r["cand"]:
        return np.zeros(len(names))
    x = r["cand"][r["best"]]
    s = np.sort(np.clip(r["allS"], -12, 12))[::-1]
    f = x["f"]
    w, kind, hasn, nt = r["inq"]
    top = np.argsort(-r["p"])[:3]
    d = {
        "reader best": s[0],
        "reader second": s[1] if len(s) > 1 else -12,
        "reader sum": float(np.logaddexp.reduce(s)),
        "evidence": max(x["ev"], -5),
        "strongest evidence": max(x["evm"], -5),
        "begins": x["sp"],
        "sentence share": r["share"],
        "passage share": r["bel"][0],
        "sentence coverage": f[0],
        "loose coverage": f[1],
        "pairs": f[2],
        "names": f[3] if hasn else 1.0,
        "context coverage": f[4],
        "kind missing": f[6],
        "missing weight": r["missing"],
        "passage cosine": float(np.max(r["cos"])),
        "sentence cosine": max(r["cand"][i]["cos"] for i in top),
        "few terms": 1 / max(nt, 1),
        "whole coverage": float(np.max(r["F"][:3, WH])),
    }
    return np.array([d[n] for n in names])


ws = run_s(SF)
wr = run_s(SR)
show_s("with evidence")
import re as _r


def _fg(names, tr):
    cnt = {}
    for r in tr:
        k = (kind(r), r["coll"], r["scoped"])
        cnt[k] = cnt.get(k, 0) + 1
    return fit_logistic(
        np.stack([XG(r, names) for r in tr]),
        labels=[r["cand"][r["best"]]["gold"] for r in tr],
        l2=0.001,
        weights=[MIX[kind(r)] * (0.65 if not r["scoped"] else 0.35) / cnt[kind(r), r["coll"], r["scoped"]] for r in tr],
    )


fit_g = _fg
gs = run_g(GN)
show_g("gate with reader", (0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.32, 0.35, 0.4, 0.5))
for r in recs:
    pass
for k in ("squad", "qed", "fairy", "selqa"):
    for kd in ("answerable", "plain"):
        p = np.array([r["g"] for r in recs if r["coll"] == k and kind(r) == kd and r["cand"] and not r["scoped"]])
        print(k, kd, {t: round(float((p >= t).mean()), 2) for t in (0.08, 0.12, 0.2, 0.3, 0.35, 0.4, 0.5)})

R = [r for r in recs if r["scoped"] and r["cand"]]
for t in (0.12, 0.2, 0.3, 0.35, 0.4, 0.5):
    print(
        "scoped real",
        t,
        {
            k: round(float(np.mean([r["g"] >= t for r in R if kind(r) == k and r["coll"] in real])), 3)
            for k in ("answerable", "plain", "unanswerable")
        },
        "squad",
        {
            k: round(float(np.mean([r["g"] >= t for r in R if kind(r) == k and r["coll"] == "squad"])), 3)
            for k in ("answerable", "plain")
        },
    )

RD = GN[:13]
gd = run_g(RD)
show_g("gate with dense", (0.1, 0.2, 0.3, 0.35, 0.4))
RW = [n for n in RD if "cosine" not in n]
gw = run_g(RW)
q = lambda names, w, full, b=0.0: {
    "bias": round(float(b), 4),
    **{n: round(float(dict(zip(names, w)).get(n, 0.0)), 4) for n in full},
}
UN = ["dense", "words", "grams", "cosine"]
UN = UN + ["typed " + x for x in UN] + A.NAMES[4:12]
RDn = ["reader"] + UN
FULL = UN + ["reader"]
u, r = mods[None]
old = json.load(open("rag/models/learned.json"))
SF = SF
SFULL = SF + ["evidence", "strongest evidence", "begins"]
learned = {
    "shredding_limit": old["shredding_limit"],
    "ranking": q(UN, u, FULL),
    "ranking_without_dense": {**old["ranking_without_dense"], "reader": 0.0},
    "ranking_read": q(RDn, r, FULL),
    "sentences": q(SF, ws[None], SFULL),
    "sentences_read": q(SFULL, wr[None], SFULL),
}
json.dump(learned, open("rag/models/learned.json", "w"), indent=2)
open("rag/models/learned.json", "a").write("\n")
gate = {
    "with_reader": q(GN, gs[None][0], GN, gs[None][1]),
    "with_dense": q(RD, gd[None][0], GN, gd[None][1]),
    "without_dense": q(RW, gw[None][0], GN, gw[None][1]),
    "threshold": 0.5,
    "floor": 0.12,
}
json.dump(gate, open("rag/models/gate.json", "w"), indent=2)
open("rag/models/gate.json", "a").write("\n")
print(json.dumps(learned)[:1500])
