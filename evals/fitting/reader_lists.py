"""What the reader is trained on: for each question the windows that answer it and hard ones that do not.

    python -m evals.fitting.reader_lists          writes data.npz and meta.json to IBID_FITTING (default .fitting)

Reads IBID_TRAINING (default ../shared/training). A window is a paragraph as the embedder takes it; the wrong ones come
first by the plainest fusion, cosines plus a third of the word scores.
"""

import gzip
import hashlib
import json
import random
import re
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from rag.documents.reading import read_document
from rag.domain import Role
from rag.index.embedding import MiniLM
from rag.index.lexical import LexicalText, build_index
from rag.text import terms
from rag.text.sentences import split_sentences

T = Path(__import__("os").environ.get("IBID_TRAINING", "../shared/training"))
OUT = Path(__import__("os").environ.get("IBID_FITTING", ".fitting"))
rng = random.Random(7)
E = MiniLM()
tok = E._tokenizer
NEG = 32


def untokenised(text: str) -> str:
    text = re.sub(r"``\s?|\s?''", '"', text)
    text = re.sub(r" ([,.;:!?%)\]])", r"\1", text)
    text = re.sub(r"([(\[$]) ", r"\1", text)
    text = re.sub(r" (n't|'s|'re|'ve|'ll|'d|'m)\b", r"\1", text)
    return re.sub(r"(\w) - (\w)", r"\1-\2", text)


class Coll:
    """Windows of one collection. A paragraph: (doc, prefix_full, prefix_short, text, role)."""

    def __init__(s, name):
        s.name = name
        s.paras = []
        s.key = {}
        s.cases = []

    def para(s, doc, title, heads, text, role=Role.BODY, num=None):
        k = (doc, text) if num is None else (doc, num)
        if k not in s.key:
            s.key[k] = len(s.paras)
            s.paras.append(
                (
                    doc,
                    " › ".join(dict.fromkeys([title, *heads])),
                    " › ".join(dict.fromkeys([title, *heads[:-1]])) if heads else "",
                    text,
                    role,
                    heads,
                )
            )
        return s.key[k]

    def case(s, q, golds, kind="span", weight=1.0, answers=(), rid=None, cut=None):
        """golds: [(para, ans(start,end)|None, ev(start,end)|None)] in characters of the paragraph"""
        s.cases.append(dict(q=q, golds=golds, kind=kind, w=weight, answers=list(answers), rid=rid, cut=cut))


def sentence_of(text, a, b):
    ss = [x for x in split_sentences(text) if x.start < b and x.end > a]
    return (ss[0].start, ss[-1].end) if ss else None


def squad(path, name, w):
    c = Coll(name)
    for art in json.loads(path.read_text())["data"]:
        title = (art.get("title") or "").replace("_", " ")
        for i, p in enumerate(art["paragraphs"]):
            ctx = p["context"]
            k = None
            for qa in p["qas"]:
                if not qa["answers"]:
                    continue
                k = c.para(title or name, title, [], ctx)
                a = qa["answers"][0]
                s = a["answer_start"]
                e = s + len(a["text"])
                if ctx[s:e] != a["text"]:
                    continue
                c.case(
                    qa["question"].strip(),
                    [(k, (s, e), sentence_of(ctx, s, e))],
                    "span",
                    w,
                    [x["text"] for x in qa["answers"]],
                )
    return c


def qed():
    c = Coll("qed")
    for line in gzip.open(T / "qed_train_nq/qed-nq-train.jsonl.gz", "rt"):
        r = json.loads(line)
        text = untokenised(r["paragraph_text"]).strip()
        ans = [(a, text.find(a)) for a in map(untokenised, r["answer_text"])]
        ans = [(a, s) for a, s in ans if s >= 0 and a]
        k = c.para(r["title_text"], r["title_text"], [], text)
        if ans:
            a, s = ans[0]
            c.case(
                r["question_text"],
                [(k, (s, s + len(a)), sentence_of(text, s, s + len(a)))],
                "span",
                1.0,
                [x for x, _ in ans],
            )
    return c


def fairy():
    c = Coll("fairy")
    sec = json.loads((T / "fairytaleqa/sections_train.json").read_text())
    for line in (T / "fairytaleqa/questions_train.jsonl").read_text().splitlines():
        r = json.loads(line)
        text = sec.get(r["story"], {}).get(r["sections"][0]) if len(r["sections"]) == 1 else None
        if not text or r["type"] != "explicit":
            continue
        a = next((a for a in r["answers"] if a in text), None)
        if not a:
            continue
        s = text.find(a)
        k = c.para(r["story"], r["story"].replace("-", " "), [], text)
        c.case(r["question"], [(k, (s, s + len(a)), sentence_of(text, s, s + len(a)))], "span", 0.6, r["answers"])
    return c


def selqa():
    c = Coll("selqa")
    for part in ("dev", "test"):
        for r in json.loads((T / f"selqa/selqa-ass-{part}.json").read_text()):
            text = " ".join(r["candidates"])
            k = c.para(r["article"], r["article"], [r["section"]], text)
            g = []
            for i in r["answers"]:
                s = text.find(r["candidates"][i])
                g.append((k, None, (s, s + len(r["candidates"][i]))))
            if g:
                c.case(r["question"], g[:1], "list", 1.2)
    return c


def medquad():
    c = Coll("medquad")
    for line in gzip.open(T / "medquad/pairs.jsonl.gz", "rt"):
        r = json.loads(line)
        text = r["answer"].strip()[:2400]
        if int(hashlib.sha256(r["id"].encode() + r["question"].encode()).hexdigest(), 16) % 5 > 1:
            continue
        if len(text) < 40:
            continue
        chunks = []
        cur = ""
        for s in split_sentences(text):
            cur += text[s.start : s.end] + " "
            if len(cur) > 600:
                chunks.append(cur.strip())
                cur = ""
        if cur.strip():
            chunks.append(cur.strip())
        ks = [c.para(r["topic"], r["topic"], [], t) for t in chunks[:4]]
        c.case(
            r["question"].replace(" ?", "?").replace("(are)", "").replace("  ", " "), [(ks[0], None, None)], "list", 0.3
        )
    return c


def real(name):
    c = Coll("real-" + name)
    root = T / "real_questions" / name
    paras = {}
    for f in sorted(p for p in (root / "documents").rglob("*") if p.is_file()):
        did = "documents/" + str(f.relative_to(root / "documents"))
        try:
            parsed = read_document(did, f.read_bytes())
            doc, ps = parsed.document, parsed.paragraphs
        except Exception as e:
            print(name, did, e)
            continue
        paras[did] = (doc, ps)
        for p in ps:
            c.para(did, doc.title, list(p.heading), p.text, p.role, p.number)
    for line in (root / "questions.jsonl").read_text().splitlines():
        r = json.loads(line)
        golds = []
        for g in r["gold"]:
            did = "documents/" + g["document"]
            doc, ps = paras[did]
            start = 0
            while (at := doc.text.find(g["quote"], start)) >= 0:
                for p in ps:
                    a, b = max(p.start, at), min(p.end, at + len(g["quote"]))
                    if a < b and p.role not in (Role.TITLE, Role.HEADING):
                        ev = (a - p.start, b - p.start)
                        an = None
                        for x in r["answers"]:
                            m = p.text.lower().find(x.lower(), ev[0], ev[1] + len(x))
                            if m >= 0:
                                an = (m, m + len(x))
                                break
                        golds.append((c.key[(did, p.number)], an, ev))
                start = at + 1
        c.case(r["question"], golds, "list" if golds else "none", 1.0, r["answers"], rid=r["id"])
    # headings over their sections
    by = defaultdict(list)
    for i, (doc, full, short, text, role, heads) in enumerate(c.paras):
        if heads and role in (Role.BODY, Role.LIST, Role.TABLE):
            by[(doc, tuple(heads))].append(i)
    for (doc, heads), ks in by.items():
        h = heads[-1].strip("# *`")
        if len(h.split()) < 2 or len(h) > 90:
            continue
        first = c.paras[ks[0]][1].split(" › ")[0]
        q = heading_question(h, heads[-2] if len(heads) > 1 else first)
        c.case(q, [(k, None, None) for k in ks[:3]], "heading", 0.6)
        c.cases[-1]["skip"] = set(ks)
    return c


VERBS = set(
    "add use create configure set build install run write define read get make enable disable start stop query test deploy manage handle import export publish choose control understand customize generate convert update upgrade upload remove delete check monitor secure connect scale store access return compare call debug extend work implement format validate store send filter search host render include organize report request apply respond plan conduct recruit give keep design share avoid find".split()
)


def heading_question(h, above):
    w = h.split()
    l = h[0].lower() + h[1:] if len(h) > 1 and not h[1].isupper() else h
    if h.endswith("?"):
        return h
    first = w[0].lower()
    if first.endswith("ing") and len(first) > 5:
        return rng.choice([f"how does {l} work?", f"{l}", f"tell me about {l}", f"{l} in {above}"])
    if first in VERBS:
        return rng.choice([f"how do I {l}?", f"how can we {l}", f"How to {l}?", l, f"how do you {l} in {above}?"])
    return rng.choice(
        [
            f"what is {l}?",
            l,
            f"what about {l}?",
            f"{l} {above}",
            f"Can you explain {l}?",
            f"what does it say about {l}?",
        ]
    )


def ict(c, share, w):
    for i, (doc, full, short, text, role, heads) in enumerate(list(c.paras)):
        if role is not Role.BODY or rng.random() > share:
            continue
        ss = [s for s in split_sentences(text) if 6 <= len(text[s.start : s.end].split()) <= 30]
        if len(ss) < 3:
            continue
        s = rng.choice(ss)
        c.case(text[s.start : s.end], [(i, None, None)], "ict", w, cut=(s.start, s.end))


def typo(q):
    w = q.split()
    if not w:
        return q
    for _ in range(rng.choice([1, 1, 2])):
        i = rng.randrange(len(w))
        x = w[i]
        if len(x) < 4:
            continue
        j = rng.randrange(1, len(x) - 1)
        k = rng.random()
        w[i] = (
            x[:j] + x[j + 1] + x[j] + x[j + 2 :] if k < 0.4 else x[:j] + x[j + 1 :] if k < 0.7 else x[:j] + x[j] + x[j:]
        )
    return " ".join(w)


def keywords(q):
    ws = terms.content_words(q)
    return " ".join(ws) if len(ws) >= 2 else q.lower().rstrip("?")


def plain(q):
    return q.lower().rstrip("?").strip()


def swapped(c):
    """Questions made unanswerable: one name, number or year replaced by one of the same document's others."""
    per = defaultdict(list)
    for x in c.cases:
        if x["kind"] == "span":
            d = c.paras[x["golds"][0][0]][0]
            for m in re.finditer(r"(?<!^)\b[A-Z][\w'-]+(?: [A-Z][\w'-]+)*|\b\d[\d,.]*\d\b", x["q"]):
                per[d, m.group()[0].isdigit()].append(m.group())
    out = []
    for x in c.cases:
        if x["kind"] != "span" or rng.random() > 0.35:
            continue
        k = x["golds"][0][0]
        d = c.paras[k][0]
        text = c.paras[k][3]
        ms = list(re.finditer(r"(?<!^)\b[A-Z][\w'-]+(?: [A-Z][\w'-]+)*|\b\d[\d,.]*\d\b", x["q"]))
        if not ms:
            continue
        m = rng.choice(ms)
        pool = [v for v in per[d, m.group()[0].isdigit()] if v not in text and v != m.group()]
        if not pool:
            continue
        out.append(dict(x, q=x["q"][: m.start()] + rng.choice(pool) + x["q"][m.end() :], kind="swap", w=0.7, near=k))
    return out


def build():
    colls = [
        squad(T / "squad_train_du_test/squad-train-44articles-v1.1.json", "squad", 1.0),
        qed(),
        fairy(),
        selqa(),
        medquad(),
        squad(T / "squadshifts_reddit/reddit_v1.0.json", "reddit", 0.4),
        squad(T / "squadshifts_amazon/amazon_reviews_v1.0.json", "amazon", 0.4),
    ]
    colls = [
        real(n) for n in ("basecamp", "guides", "hugo", "nats", "prometheus", "rust-book", "site-policy", "wiki")
    ] + colls
    import os

    if os.environ.get("ONLY"):
        colls = [c for c in colls if c.name in os.environ["ONLY"].split(",")]
    for c in colls:
        if c.name in ("squad", "qed"):
            c.cases += swapped(c)
        ict(
            c,
            {"qed": 0.6, "squad": 0.8, "medquad": 0.3, "fairy": 0.3}.get(
                c.name, 0.35 if c.name.startswith("real") else 0.1
            ),
            0.35,
        )
        print(c.name, len(c.paras), "paragraphs", len(c.cases), "cases", flush=True)
    return colls


def ids_of(texts):
    out = []
    for i in range(0, len(texts), 2000):
        out += [e for e in tok.encode_batch(list(texts[i : i + 2000]), add_special_tokens=False)]
    return out


def main():
    t0 = time.time()
    colls = build()
    print("read", time.time() - t0, flush=True)
    P_tok = []
    P_off = [0]
    X_tok = []
    X_off = [0]
    Y_tok = []
    Y_off = [0]
    prev = []
    nxt = []
    wcoll = []
    wrole = []
    Pcoll_para = []
    Q_tok = []
    Q_off = [0]
    Q_first = [0]
    L = []
    meta = []
    EV = []
    qtext = []
    base = 0
    for ci, c in enumerate(colls):
        texts = [p[3] for p in c.paras]
        prefs = [E.clipped(p[1]) + "\n" if p[1] else "" for p in c.paras]
        cuts = E.cut(texts, prefs)
        wins = [(i, sp) for i, cut in enumerate(cuts) for sp in cut.windows]
        of = defaultdict(list)
        for w, (i, sp) in enumerate(wins):
            of[i].append(w)
        wt = [texts[i][sp.start : sp.end] for i, sp in wins]
        enc = ids_of(wt)
        for e in enc:
            P_tok.extend(e.ids)
            P_off.append(len(P_tok))
        fx = ids_of([E.clipped(p[1]) for p in c.paras])
        fy = ids_of([E.clipped(p[2]) for p in c.paras])
        for w, (i, sp) in enumerate(wins):
            X_tok.extend(fx[i].ids)
            X_off.append(len(X_tok))
            Y_tok.extend(fy[i].ids)
            Y_off.append(len(Y_tok))
            same = lambda j: (
                0 <= j < len(wins)
                and c.paras[wins[j][0]][0] == c.paras[i][0]
                and c.paras[wins[j][0]][4] not in (Role.TITLE, Role.HEADING)
            )
            real_ = c.name.startswith("real")
            prev.append(base + w - 1 if real_ and same(w - 1) else -1)
            nxt.append(base + w + 1 if real_ and same(w + 1) else -1)
            wcoll.append(ci)
            wrole.append(list(Role).index(c.paras[i][4]))
            Pcoll_para.append(i)
        cache = OUT / "cache"
        cache.mkdir(exist_ok=True)
        full = [prefs[i] + t for (i, _), t in zip(wins, wt)]
        h = hashlib.sha256("\0".join(full).encode("utf8", "surrogatepass")).hexdigest()[:12]
        f = cache / f"{c.name}-{h}.npy"
        if f.exists():
            V = np.load(f)
        else:
            V = np.zeros((len(full), 384), np.float32)
            use = [j for j, (i, _) in enumerate(wins) if c.paras[i][4] not in (Role.TITLE, Role.HEADING)]
            V[use] = E.vectors([full[j] for j in use])
            np.save(f, V)
        qs = [x["q"] for x in c.cases]
        h = hashlib.sha256("\0".join(qs).encode("utf8", "surrogatepass")).hexdigest()[:12]
        f = cache / f"{c.name}-q-{h}.npy"
        clipq = [E.clipped(q) for q in qs]
        if f.exists():
            QV = np.load(f)
        else:
            QV = E.vectors(clipq)
            np.save(f, QV)
        print(c.name, "embedded", len(wins), len(qs), time.time() - t0, flush=True)
        index = build_index(
            LexicalText(text=t, context=c.paras[i][1], role=c.paras[i][4], shredding=0.0) for (i, _), t in zip(wins, wt)
        )
        ranked = np.array([c.paras[i][4] not in (Role.TITLE, Role.HEADING) for i, _ in wins])
        low = [t.lower() for t in wt]
        for n, x in enumerate(c.cases):
            if n % 256 == 0:
                COS = QV[n : n + 256] @ V.T
            cos = COS[n % 256]
            lex = index.words.scores(terms.stems(x["q"]))
            s = cos + (0.33 * lex / max(lex.max(), 1e-6))
            s = np.where(ranked, s, -9)
            top = np.argpartition(-s, min(80, len(s) - 1))[:80]
            top = top[np.argsort(-s[top])]
            gp = ({g[0] for g in x["golds"]} | x.get("skip", set())) if x["kind"] != "swap" else set()
            goods = []
            if x["kind"] != "swap":
                for g, an, ev in x["golds"]:
                    for w in of[g]:
                        sp = wins[w][1]
                        offs = enc[w].offsets

                        def tk(r):
                            if r is None:
                                return (-1, -1)
                            a, b = r[0] - sp.start, r[1] - sp.start
                            ts = [k for k, (u, v) in enumerate(offs) if u < b and v > a]
                            return (ts[0], ts[-1]) if ts and a < sp.end - sp.start and b > 0 else (-2, -2)

                        ta, te, tc = tk(an), tk(ev), tk(x.get("cut") if x.get("cut") else None)
                        if (
                            (an is not None and ta[0] == -2)
                            or (ev is not None and te[0] == -2)
                            or (x["cut"] and tc[0] == -2)
                        ):
                            continue
                        goods.append((base + w, *[max(z, -1) for z in (*ta, *te, *tc)]))
                        if ev is None and an is None:
                            break
            if x["golds"] and x["kind"] != "swap" and not goods:
                continue
            ans = [a.lower() for a in x["answers"] if len(a) >= 4]
            negs = []
            for w in top:
                i = wins[w][0]
                if i in gp or (x["kind"] == "heading" and c.paras[i][1].startswith(c.paras[x["golds"][0][0]][1])):
                    continue
                if ans and x["kind"] == "span" and any(a in low[w] for a in ans):
                    continue
                negs.append(base + int(w))
            if x["kind"] == "swap":
                near = [base + w for w in of[x["near"]]]
                negs = near + [k for k in negs if k not in near]
            keep = negs[:NEG]
            var = [x["q"]]
            if x["kind"] in ("span", "list"):
                r = rng.random()
                if r < 0.2:
                    var.append(keywords(x["q"]))
                elif r < 0.4:
                    var.append(plain(x["q"]))
                elif r < 0.55:
                    var.append(typo(x["q"]))
            for e in ids_of([E.clipped(v) for v in var]):
                Q_tok.extend(e.ids[:64])
                Q_off.append(len(Q_tok))
            Q_first.append(len(Q_off) - 1)
            dev = (
                x["kind"] in ("span", "list", "swap")
                and not c.name.startswith("real")
                and int(hashlib.sha256(x["q"].encode()).hexdigest(), 16)
                % (40 if c.name in ("squad", "qed", "selqa", "fairy") else 400)
                == 0
            )
            if x["rid"] or dev:
                EV.append(
                    (
                        len(L),
                        [base + int(w) for w in top[:60]],
                        [base + w for g in (x["golds"] if x["kind"] != "swap" else []) for w in of[g[0]]],
                    )
                )
            L.append((ci, x["kind"], x["w"], goods[:4], keep))
            meta.append(x["rid"])
            qtext.append(x["q"])
        base += len(wins)
        print(c.name, "lists", len(L), time.time() - t0, flush=True)
    KINDS = ["span", "list", "heading", "ict", "swap", "none"]
    N = len(L)
    pos = np.full((N, 4, 7), -1, np.int32)
    neg = np.full((N, NEG), -1, np.int32)
    for n, (ci, k, w, g, kp) in enumerate(L):
        for j, row in enumerate(g):
            pos[n, j] = row
        neg[n, : len(kp)] = kp
    ec = np.full((len(EV), 60), -1, np.int32)
    for n, (_, kp, _g) in enumerate(EV):
        ec[n, : len(kp)] = kp
    np.savez_compressed(
        OUT / "data.npz",
        P_tok=np.array(P_tok, np.uint16),
        P_off=np.array(P_off, np.int64),
        X_tok=np.array(X_tok, np.uint16),
        X_off=np.array(X_off),
        Y_tok=np.array(Y_tok, np.uint16),
        Y_off=np.array(Y_off),
        prev=np.array(prev, np.int32),
        next=np.array(nxt, np.int32),
        wcoll=np.array(wcoll, np.int16),
        wrole=np.array(wrole, np.int8),
        wpara=np.array(Pcoll_para, np.int32),
        Q_tok=np.array(Q_tok, np.uint16),
        Q_off=np.array(Q_off),
        Q_first=np.array(Q_first),
        pos=pos,
        neg=neg,
        el=np.array([e[0] for e in EV], np.int32),
        ec=ec,
        lcoll=np.array([l[0] for l in L], np.int16),
        lkind=np.array([KINDS.index(l[1]) for l in L], np.int8),
        lw=np.array([l[2] for l in L], np.float32),
    )
    json.dump(
        {
            "colls": [c.name for c in colls],
            "kinds": KINDS,
            "rid": {str(e[0]): meta[e[0]] for e in EV},
            "gold": {str(e[0]): e[2] for e in EV},
            "q": {str(e[0]): qtext[e[0]] for e in EV},
            "paras": {c.name: [list(k) for k in c.key] for c in colls if c.name.startswith("real")},
        },
        open(OUT / "meta.json", "w"),
    )
    print("lists", N, "windows", base, "tokens", len(P_tok), time.time() - t0)


if __name__ == "__main__":
    main()
