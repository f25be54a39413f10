"""Whole pipeline offline: unread rank -> top 30 -> read rank -> top 5 -> sentences -> answerability. Leave one collection out."""

import pickle
import time

import numpy as np

import evals.fitting.reader_lists as B
import evals.fitting.reader_ranking as A
from evals.intervals import fit_choice
from rag.domain import Role
from rag.index.lexical import LexicalText, build_index
from rag.text.overlap import coverage, inquire, sentence_features, stems_of, view_sentences

E = B.E
OUT = A.OUT
D, M = A.D, A.M
R = {k: A.R[k] for k in A.R.files}
LEGS = ["dense", "words", "grams", "cosine"]
UN = LEGS + ["typed " + x for x in LEGS] + A.NAMES[4:12]
RD = ["reader"] + UN
READ = 30
TOP = 10


def fitrank(names, tr):
    cnt = {}
    for q in tr:
        cnt[q.coll] = cnt.get(q.coll, 0) + 1
    return fit_choice(
        [A.X(q, names) for q in tr],
        chosen=[int(np.flatnonzero(q.gold)[0]) for q in tr],
        l2=0.002,
        weights=[(1.0 if q.coll.startswith("real") else 0.25) / cnt[q.coll] for q in tr],
    )


def prepare():
    colls = B.build()
    usable = [q for q in A.ans if q.gold.any()]
    mods = {
        c: (fitrank(UN, [q for q in usable if q.coll != c]), fitrank(RD, [q for q in usable if q.coll != c]))
        for c in A.real
    }
    full = (fitrank(UN, usable), fitrank(RD, usable))
    mods[None] = full
    # token logits of windows
    tok = {}
    for i, (e, j) in enumerate(R["keys"]):
        tok[int(e), int(j)] = R["tok"][R["off"][i] : R["off"][i + 1]].astype(np.float32)
    recs = []
    texts = set()
    base = 0
    for c in colls:
        ptexts = [p[3] for p in c.paras]
        prefs = [E.clipped(p[1]) + "\n" if p[1] else "" for p in c.paras]
        cuts = E.cut(ptexts, prefs)
        wins = [(i, sp) for i, cut in enumerate(cuts) for sp in cut.windows]
        index = build_index(
            LexicalText(text=t, context=p[1], role=p[4], shredding=0.0) for t, p in zip(ptexts, c.paras)
        )
        size = len(ptexts)
        rar = lambda s: float(np.log((size + 501) / (index.words.document_frequency(s) + 500 * E.commonness(s) + 0.5)))
        for q in A.qs:
            if q.coll != c.name:
                continue
            l = str(A.EL[q.e])
            text = M["q"][l]
            inq = inquire(text, rar)
            docs = np.array([c.paras[int(A.PK[q.e, j])][0] for j in q.j])
            gdoc = docs[np.flatnonzero(q.gold)[0]] if q.gold.any() else docs[0]
            for masked, scoped in (
                ((False, False), (True, False), (False, True), (True, True))
                if q.ans
                else ((False, False), (False, True))
            ):
                keep = np.flatnonzero(~q.gold) if masked else np.arange(len(q.gold))
                if scoped:
                    keep = np.array([k for k in keep if docs[k] == gdoc], int)
                if not len(keep):
                    continue
                wu, wr = mods.get(q.coll, full)
                u = (A.X(q, UN) @ wu)[keep]
                first = keep[np.argsort(-u, kind="stable")[:READ]]
                s = (A.X(q, RD) @ wr)[first]
                pen = np.array(
                    [
                        {Role.COMMENT: 0.25, Role.CAPTION: 0.1, Role.BOILERPLATE: 2.5}.get(
                            c.paras[int(A.PK[q.e, q.j[k]])][4], 0.0
                        )
                        for k in first
                    ]
                )
                s = s - pen
                o = np.argsort(-s, kind="stable")
                p = np.exp(s - s.max())
                p /= p.sum()
                order = first[o]
                bel = p[o]
                # sentences of the best five
                cand = []
                for k, b in zip(order[:5], bel[:5]):
                    i = int(A.PK[q.e, q.j[k]])
                    para = c.paras[i]
                    vs = view_sentences(para[3])
                    ctx = stems_of(para[1])
                    F = sentence_features(inq, vs, ctx)
                    # evidence per sentence from any window of this paragraph that was read
                    ev = np.full(len(vs), -5.0, np.float32)
                    sp = np.zeros(len(vs), np.float32)
                    evm = np.full(len(vs), -5.0, np.float32)
                    for j in range(60):
                        w = A.EC[q.e, j]
                        if w < 0 or A.PK[q.e, j] != i or (q.e, j) not in tok:
                            continue
                        t = tok[q.e, j]
                        _, wsp = wins[w - base]
                        enc = E._tokenizer.encode(para[3][wsp.start : wsp.end], add_special_tokens=False).offsets[
                            : len(t)
                        ]
                        mid = np.array([wsp.start + (a + b2) / 2 for a, b2 in enc])
                        n = min(len(mid), len(t))
                        st = np.exp(t[:n, 0] - t[:n, 0].max())
                        st /= st.sum()
                        for x, v in enumerate(vs):
                            ins = (mid[:n] >= v.span.start) & (mid[:n] < v.span.end)
                            if ins.any():
                                ev[x] = max(ev[x], t[:n, 2][ins].mean())
                                evm[x] = max(evm[x], t[:n, 2][ins].max())
                                sp[x] = max(sp[x], st[ins].sum())
                    for x, v in enumerate(vs):
                        texts.add(v.text[:1000])
                        cand.append(
                            dict(
                                k=int(k),
                                i=i,
                                x=x,
                                n=len(vs),
                                f=F[x],
                                belief=float(np.log(max(b, 1e-4))),
                                ev=float(ev[x]),
                                evm=float(evm[x]),
                                sp=float(sp[x]),
                                rel=float(q.s[k]),
                                text=v.text,
                                start=v.span.start,
                                end=v.span.end,
                                role=para[4],
                                gold=bool(q.gold[k]),
                                present=v.present,
                            )
                        )
                texts.add(text[:1000])
                recs.append(
                    dict(
                        e=q.e,
                        coll=q.coll,
                        q=text,
                        masked=masked,
                        scoped=scoped,
                        ans=q.ans,
                        cand=cand,
                        order=[int(x) for x in order[:TOP]],
                        bel=[float(x) for x in bel[:TOP]],
                        s=[float(q.s[k]) for k in order[:TOP]],
                        allS=q.s[first].astype(float),
                        cos=q.F[order[:TOP], 3],
                        F=q.F[order[:TOP]],
                        goldrank=next((r for r, k in enumerate(order) if q.gold[k]), 99),
                        inq=(inq.weighted, inq.kind, bool(inq.names), len(inq.weighted)),
                        every=None,
                        missing=1 - coverage(inq, frozenset(s for x in cand for s in x["present"])),
                    )
                )
        base += len(wins)
        print(c.name, len(recs), flush=True)
    tl = sorted(texts)
    V = E.vectors([E.clipped(t) for t in tl])
    at = {t: i for i, t in enumerate(tl)}
    for r in recs:
        qv = V[at[r["q"][:1000]]]
        for x in r["cand"]:
            x["cos"] = float(V[at[x["text"][:1000]]] @ qv)
            x.pop("present")
    pickle.dump((recs, mods), open(OUT + "recs.pkl", "wb"))
    golds = {}
    for c in colls:
        for x in c.cases:
            golds.setdefault((c.name, x["q"]), (x["golds"] if x["kind"] != "swap" else []))
    pickle.dump(golds, open(OUT + "golds.pkl", "wb"))


if __name__ == "__main__":
    t = time.time()
    prepare()
    print(time.time() - t)
