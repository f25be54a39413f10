"""The product's ranking features of every candidate of the lists that are judged. -> feats.npz

python -m evals.fitting.reader_features
"""

import hashlib
import json
import time

import numpy as np

import evals.fitting.reader_lists as B
from rag.domain import Role
from rag.index.lexical import LexicalText, build_index
from rag.text import terms
from rag.text.overlap import PARAGRAPH_FEATURES, inquire, paragraph_features, stems_of, view_sentences

OUT = B.OUT
D = np.load(OUT / "data.npz")
M = json.load(open(OUT / "meta.json"))
E = B.E
colls = B.build()
EL, EC, LC = D["el"], D["ec"], D["lcoll"]
names = [c.name for c in colls]
assert names == M["colls"]
F = np.zeros((len(EL), 60, 4 + len(PARAGRAPH_FEATURES) + 3), np.float32)
typed = np.zeros(len(EL), bool)
PK = np.full((len(EL), 60), -1, np.int32)
base = 0
t0 = time.time()
for ci, c in enumerate(colls):
    texts = [p[3] for p in c.paras]
    prefs = [E.clipped(p[1]) + "\n" if p[1] else "" for p in c.paras]
    cuts = E.cut(texts, prefs)
    wins = [(i, sp) for i, cut in enumerate(cuts) for sp in cut.windows]
    which = [e for e in range(len(EL)) if LC[EL[e]] == ci]
    if which:
        full = [prefs[i] + texts[i][sp.start : sp.end] for i, sp in wins]
        h = hashlib.sha256("\0".join(full).encode("utf8", "surrogatepass")).hexdigest()[:12]
        V = np.load(OUT / "cache" / f"{c.name}-{h}.npy")
        qs = [M["q"][str(EL[e])] for e in which]
        QV = E.vectors([E.clipped(q) for q in qs])
        index = build_index(LexicalText(text=t, context=p[1], role=p[4], shredding=0.0) for t, p in zip(texts, c.paras))
        ranked = np.array([p[4] not in (Role.TITLE, Role.HEADING) for p in c.paras])
        wp = np.array([i for i, _ in wins])
        size = len(texts)
        rar = lambda s: float(np.log((size + 501) / (index.words.document_frequency(s) + 500 * E.commonness(s) + 0.5)))
        for e, q, qv in zip(which, qs, QV):
            cw = V @ qv
            cos = np.full(size, -1, np.float32)
            np.maximum.at(cos, wp, cw)
            cos = np.where(ranked, cos, -1)
            wo = np.where(ranked, index.words.scores(terms.stems(q)), 0)
            gr = np.where(ranked, index.grams.scores(terms.grams(q)), 0)

            def norm(s, floor=None):
                o = np.sort(s)[::-1][:100]
                hi = o[0]
                lo = o[-1] if floor is None else floor
                return np.clip((s - lo) / max(hi - lo, 1e-9), 0, 1)

            nd, nw, ng = norm(cos), norm(wo, 0.0), norm(gr, 0.0)
            docs = {}
            inq = inquire(q, rar)
            typed[e] = inq.is_typed
            # ranks
            rw = np.empty(size, int)
            rw[np.argsort(-wo, kind="stable")] = np.arange(size)
            rd = np.empty(size, int)
            rd[np.argsort(-cos, kind="stable")] = np.arange(size)
            # document score: best cosine of its paragraphs; neighbour: best of the two beside it
            best = {}
            for i in np.argsort(-cos)[:200]:
                best.setdefault(c.paras[i][0], cos[i])
            for j, w in enumerate(EC[e]):
                if w < 0:
                    continue
                i = int(wp[w - base])
                PK[e, j] = i
                p = c.paras[i]
                nb = max([cos[k] for k in (i - 1, i + 1) if 0 <= k < size and c.paras[k][0] == p[0]] or [-1])
                F[e, j] = [
                    nd[i],
                    nw[i],
                    ng[i],
                    cos[i],
                    *paragraph_features(inq, view_sentences(p[3]), stems_of(p[1])),
                    best.get(p[0], 0.0),
                    nb,
                    1 / (1 + rw[i]),
                ]
    base += len(wins)
    print(c.name, len(which), time.time() - t0, flush=True)
np.savez_compressed(OUT / "feats.npz", F=F, typed=typed, PK=PK)
