"""What the verifier catches: claims of people on people's evidence, and near-misses made from them.

WiCE (Kamoi et al. 2023, arXiv 2303.01432) holds sentences of Wikipedia with the web page each one cites, judged by
people to be supported, partly supported or not, with the sentences that support it. A supported claim that is flagged
is a false positive, a near-miss of it that is not is missed. The verifier was sharpened on WiCE's dev split, and is
measured on the test split.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms import CustomLLM
from pydantic import PrivateAttr

from evals.domain import Interval
from evals.intervals import wilson
from evals.near_misses import Swap, swaps
from rag.answer.generate import generate
from rag.answer.verify import Fault, Finding, verify
from rag.documents.front_matter import find_date, heading_text, is_byline
from rag.domain import Citation, Paragraph, Passage, Ranks, Role, Source, Verdict
from rag.text import terms
from rag.text.overlap import view_sentences
from rag.text.values import numbers_of, offered, stated

CLAIMS = Path("wice") / "entailment_retrieval" / "claim" / "test.jsonl.gz"
"""The test split, below the folder of the public sets."""

NEIGHBOURS = 2
"""Sentences before and after a supporting one that make up its paragraph: WiCE keeps none, and news pages have about
five sentences in one. Chosen before any result was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence with what it cites. `label` is WiCE's: supported, partially_supported or not_supported."""

    id: str
    text: str
    label: str
    citations: tuple[Citation, ...]

    @property
    def cited(self) -> str:
        """All that the verifier is shown, as text."""
        paragraphs = dict.fromkeys(citation.paragraph for citation in self.citations)
        source = self.citations[0].source
        lines = [source.title, source.date.isoformat() if source.date else ""]
        return "\n".join([*lines, *(line for p in paragraphs for line in (*p.heading, p.text))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Catch:
    """Of `n` near-misses of a kind `flagged` were called unsupported; so were `false_positives` of the right claims that
    they were made from, one each."""

    kind: str
    n: int
    flagged: int
    false_positives: int

    @property
    def recall(self) -> Interval:
        return wilson(self.flagged, n=self.n)

    @property
    def precision(self) -> Interval:
        """Of what was flagged, the share that was wrong, as many right claims as near-misses being shown."""
        return wilson(self.flagged, n=self.flagged + self.false_positives)


def read_claims(path: Path, *, fewest: bool = False) -> list[Claim]:
    """The claims of a split, each citing the sentences that people named as its support, in their paragraphs. With
    `fewest` it is the shortest set that one of them found to be enough."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Claim(id=row["meta"]["id"], text=row["claim"].strip(), label=row["label"], citations=cite(row, fewest=fewest))
        for row in rows
    ]


def cite(row: dict[str, Any], *, fewest: bool = False) -> tuple[Citation, ...]:
    """The supporting sentences, each in a paragraph of its neighbours. Where people found none, the sentence that
    shares most words with the claim: a writer would have named that."""
    evidence: list[str] = row["evidence"]
    sets: list[list[int]] = [chosen for chosen in row["supporting_sentences"] if chosen]
    chosen = min(sets, key=len, default=[]) if fewest else [i for one in sets for i in one]
    prose = [i for i in chosen if not evidence[i].startswith(_META)] or [_nearest(row["claim"], evidence=evidence)]
    source = _source(evidence)
    return tuple(
        citation
        for run in _runs(prose, count=len(evidence))
        for citation in _cited(row["meta"]["id"], evidence=evidence, run=run, chosen=prose, source=source)
    )


def quoting(claims: Sequence[Claim]) -> list[Claim]:
    """For each claim a sentence of its evidence, word for word, citing all of its paragraph: right by construction, and
    read like any other statement, since it is not the citation's quote."""
    found = []
    for claim in claims:
        sentence = next((one for one in claim.citations if _is_sentence(one.quote)), None)
        if sentence is not None:
            paragraph = sentence.paragraph
            whole = replace(sentence, start=paragraph.start, end=paragraph.end)
            found.append(replace(claim, text=sentence.quote, label="supported", citations=(whole,)))
    return found


def _is_sentence(text: str) -> bool:
    return 8 <= len(text.split()) <= 60 and text[0].isupper() and text[-1] in '.”"'


def near_misses(claims: Sequence[Claim], *, swap: Swap) -> list[tuple[Claim, str]]:
    """Each claim with one thing in it made wrong; claims that hold nothing of the kind are left out."""
    made = [(claim, swap(claim.text, claim.cited, Random(claim.id))) for claim in claims]
    return [(claim, missed) for claim, missed in made if missed is not None and missed != claim.text]


def caught(kind: str, *, misses: Sequence[tuple[Claim, str]]) -> Catch:
    """How many near-misses, and how many of the claims they were made from, the verifier calls unsupported."""
    flagged = sum(is_unsupported(verify(missed, claim.citations)) for claim, missed in misses)
    wrongly = sum(is_unsupported(verify(claim.text, claim.citations)) for claim, _ in misses)
    return Catch(kind=kind, n=len(misses), flagged=flagged, false_positives=wrongly)


def catches(claims: Sequence[Claim]) -> list[Catch]:
    """Every kind of near-miss of these claims, all of which their citations support."""
    return [
        caught(kind, misses=near_misses(claims, swap=swap))
        for kind, swap in swaps([claim.text for claim in claims]).items()
    ]


def is_unsupported(finding: Finding) -> bool:
    return finding.verdict is Verdict.UNSUPPORTED


def false_positives(claims: Sequence[Claim]) -> dict[str, Interval]:
    """The share of these claims that is called unsupported: for anything, and for each fault that is found first."""
    faults = [finding.fault for claim in claims if (finding := verify(claim.text, claim.citations)).fault is not None]
    told = [fault for fault in Fault if fault is not Fault.CITATION]
    shares = {fault.value: wilson(faults.count(fault), n=len(claims)) for fault in told}
    return {"anything": wilson(len(faults), n=len(claims)), **shares}


def pointed(claims: Sequence[Claim], *, others: int = 4) -> dict[str, Interval]:
    """What becomes of a sentence that a model wrote under the number of a wrong paragraph, the right one being among
    those it was shown: pointed to the right one, to another, or unsupported. Claims with one cited paragraph only."""
    single = [claim for claim in claims if len({citation.paragraph for citation in claim.citations}) == 1]
    outcomes: list[str] = []
    for i, claim in enumerate(single):
        shown = [passage_of(single[(i + step) % len(single)]) for step in range(others + 1)]
        *_, writing = generate("?", shown, Scripted(f"{claim.text} [P2]", "A: none"), lambda _: 1.0)
        cited = [c.paragraph for statement in writing.statements for c in statement.citations]
        outcomes.append("unsupported" if not cited else "right" if set(cited) == {shown[0].paragraph} else "another")
    return {name: wilson(outcomes.count(name), n=len(outcomes)) for name in ("right", "another", "unsupported")}


def passage_of(claim: Claim) -> Passage:
    return Passage(paragraph=claim.citations[0].paragraph, source=claim.citations[0].source, score=1.0, ranks=Ranks())


def seconds_per_statement(
    claims: Sequence[Claim], *, offset: int = 0, shown: int = 10, written: int = 5
) -> list[float]:
    """For each answer of some statements over passages that retrieval has read, the processor time that a statement
    takes from the stream to its verdict. With an `offset` each names a passage that far from its own."""
    for remembered in (numbers_of, offered, stated):
        remembered.cache_clear()
    seconds = []
    for start in range(0, len(claims) - shown, shown):
        passages = [passage_of(claim) for claim in claims[start : start + shown]]
        for passage in passages:
            view_sentences(passage.paragraph.text, False)
        texts = [claim.text for claim in claims[start : start + written]]
        model = Scripted(" ".join(f"{text} [P{n + offset}]" for n, text in enumerate(texts, start=1)), "A: none")
        started = time.process_time()
        *_, writing = generate("?", passages, model, lambda _: 1.0)
        seconds.append((time.process_time() - started) / len(writing.statements))
    return seconds


class Scripted(CustomLLM):
    """A model that takes no time: it says what it was told to, a few letters at a time, and remembers when it was asked."""

    _replies: list[list[ChatResponse]] = PrivateAttr()
    _asked: list[float] = PrivateAttr(default_factory=list)

    def __init__(self, *replies: str) -> None:
        super().__init__()
        self._replies = [_pieces(reply) for reply in replies]

    @property
    def asked(self) -> list[float]:
        return self._asked

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="scripted", is_chat_model=True)

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        self._asked.append(time.perf_counter())
        return (piece for piece in self._replies[min(len(self._asked), len(self._replies)) - 1])

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        *_, last = self.stream_chat(messages)
        return last

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        raise NotImplementedError

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        raise NotImplementedError


def _pieces(reply: str) -> list[ChatResponse]:
    return [
        ChatResponse(
            message=ChatMessage(role=MessageRole.ASSISTANT, content=reply[: start + 4]), delta=reply[start : start + 4]
        )
        for start in range(0, len(reply), 4)
    ]


# --- WiCE's evidence as cited paragraphs

_META = "(meta data)"


def _source(evidence: Sequence[str]) -> Source:
    """The page as our own reading of its head has it: title and date, from its metadata or its first lines.
    "27 Dec 2012 - 28 Feb 2022" is the archive's, not the page's."""
    named = {
        line[len(_META) :].split(":")[0].strip(): line.partition(": ")[2] for line in evidence if line.startswith(_META)
    }
    prose = [line for line in evidence if line.strip() and not line.startswith(_META)]
    title = named.get("TITLE") or heading_text(next((line for line in prose if line.startswith("#")), prose[0]))
    dates = [
        named.get("PUBLISHED DATETIME", "")[:10],
        *(line for line in prose if is_byline(line) and " - " not in line),
    ]
    return Source(title=title, revision="", date=next((day for line in dates if (day := find_date(line))), None))


def _nearest(claim: str, *, evidence: Sequence[str]) -> int:
    wanted = set(terms.content_stems(claim))
    shared = [0 if line.startswith(_META) else len(wanted & set(terms.stems(line))) for line in evidence]
    return max(range(len(evidence)), key=lambda i: (shared[i], -i))


def _runs(chosen: Sequence[int], *, count: int) -> list[range]:
    """The chosen sentences with their neighbours; what touches is one run."""
    runs: list[range] = []
    for i in sorted(set(chosen)):
        start, end = max(0, i - NEIGHBOURS), min(count, i + NEIGHBOURS + 1)
        if runs and start <= runs[-1].stop:
            runs[-1] = range(runs[-1].start, end)
        else:
            runs.append(range(start, end))
    return runs


def _cited(name: str, *, evidence: Sequence[str], run: range, chosen: Sequence[int], source: Source) -> list[Citation]:
    """One paragraph, under the heading above it, with a citation for each chosen sentence in it."""
    lines = [i for i in run if evidence[i].strip() and not evidence[i].startswith(_META)]
    starts, text = {}, ""
    for i in lines:
        text += " " if text else ""
        starts[i] = len(text)
        text += evidence[i]
    above = [heading_text(evidence[i]) for i in range(run.start) if evidence[i].startswith("#")]
    paragraph = Paragraph(
        document_id=f"documents/{name}",
        number=run.start,
        text=text,
        start=0,
        end=len(text),
        role=Role.BODY,
        heading=tuple(above[-1:]),
    )
    return [
        Citation(mark=mark, paragraph=paragraph, source=source, start=starts[i], end=starts[i] + len(evidence[i]))
        for mark, i in enumerate([i for i in lines if i in chosen], start=1)
    ]
