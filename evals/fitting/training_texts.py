"""The public collections that the reader is trained on: their paragraphs, the questions people asked of them, and where
the answers stand.

They lie in one folder, a folder each; which licences they have is said in rag/models/reader/MODEL_CARD.md.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import regex

from rag.documents.reading import read_document
from rag.domain import Paragraph, Role, Span
from rag.errors import IbidError
from rag.text.sentences import split_sentences

REAL = ("basecamp", "guides", "hugo", "nats", "prometheus", "rust-book", "site-policy", "wiki")
"""The collections of real questions, each asked by people who had not read it."""

_LONGEST_ANSWER = 2400
"""Letters of a MedQuAD answer that are kept: what follows is seldom asked for."""
_PART = 600
"""It is cut into parts of about so many letters, of which the first answers."""
_SHORTEST_ANSWER = 40


class Origin(StrEnum):
    """Where a question comes from: asked of words (SPAN) or sentences (LIST) of a paragraph; a heading of its section;
    a sentence of its own paragraph (OWN); one with a name or number swapped, which nothing answers; or asked of a
    collection that does not answer it (NONE)."""

    SPAN = "span"
    LIST = "list"
    HEADING = "heading"
    OWN = "ict"
    SWAPPED = "swap"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph below its title and headings."""

    document: str
    title: str
    headings: tuple[str, ...]
    text: str
    role: Role = Role.BODY

    @property
    def context(self) -> str:
        """What it is embedded and read below."""
        return " › ".join(dict.fromkeys([self.title, *self.headings]))

    @property
    def context_above(self) -> str:
        """The same without the last heading, which is the question of a HEADING."""
        return " › ".join(dict.fromkeys([self.title, *self.headings[:-1]])) if self.headings else ""

    @property
    def is_found(self) -> bool:
        """Whether a search looks for it: titles and headings come with what stands below them."""
        return self.role not in (Role.TITLE, Role.HEADING)


@dataclass(frozen=True, slots=True)
class Gold:
    """A right paragraph, by its place in the collection, and where in it answer and evidence stand, if that is
    known."""

    paragraph: int
    answer: Span | None = None
    evidence: Span | None = None

    def holds(self, paragraph: int, *, span: Span, needs_answer: bool) -> bool:
        """Whether a sentence is the right one: it meets the evidence, and the answer where that is asked for."""
        wanted = [self.evidence, self.answer if needs_answer else None]
        return paragraph == self.paragraph and all(
            one is None or (span.start < one.end and span.end > one.start) for one in wanted
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question. `answers` are all words that answer it; `own` is the sentence that a question of Origin.OWN was taken
    from; `beside` are paragraphs that may answer too and are no wrong ones; `is_judged` questions are never trained
    on where they are judged."""

    question: str
    golds: Sequence[Gold]
    origin: Origin
    weight: float = 1.0
    answers: Sequence[str] = ()
    own: Span | None = None
    beside: frozenset[int] = frozenset()
    is_judged: bool = False


@dataclass(slots=True)
class Collection:
    """Paragraphs and questions of one source. A paragraph is known by its place in `texts`."""

    name: str
    texts: list[Text] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    _places: dict[tuple[str, str | int], int] = field(default_factory=dict)

    @property
    def is_real(self) -> bool:
        return self.name.startswith("real")

    def place_of(self, text: Text, *, number: int | None = None) -> int:
        """The place of a paragraph, which is added where it is not there: without its `number` in the document it is
        known by its text."""
        key = (text.document, text.text if number is None else number)
        if key not in self._places:
            self._places[key] = len(self.texts)
            self.texts.append(text)
        return self._places[key]

    def numbered(self, document: str, number: int) -> int:
        """The place of a paragraph that was added by its number."""
        return self._places[document, number]


def read_collections(folder: Path) -> list[Collection]:
    """All of them, the real ones first. Raises OSError where one is not there."""
    squad = folder / "squad_train_du_test/squad-train-44articles-v1.1.json"
    return [
        *(read_real(folder / "real_questions" / name) for name in REAL),
        read_squad(squad, name="squad", weight=1.0),
        read_qed(folder / "qed_train_nq/qed-nq-train.jsonl.gz"),
        read_fairytales(folder / "fairytaleqa"),
        read_selqa(folder / "selqa"),
        read_medquad(folder / "medquad/pairs.jsonl.gz"),
        read_squad(folder / "squadshifts_reddit/reddit_v1.0.json", name="reddit", weight=0.4),
        read_squad(folder / "squadshifts_amazon/amazon_reviews_v1.0.json", name="amazon", weight=0.4),
    ]


def read_squad(path: Path, *, name: str, weight: float) -> Collection:
    """SQuAD's form: words of a paragraph answer."""
    found = Collection(name)
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        title = (article.get("title") or "").replace("_", " ")
        for paragraph in article["paragraphs"]:
            text = Text(title or name, title, (), paragraph["context"])
            for asked in (one for one in paragraph["qas"] if one["answers"]):
                place = found.place_of(text)
                first = asked["answers"][0]
                span = Span(first["answer_start"], first["answer_start"] + len(first["text"]))
                if span.of(text.text) == first["text"]:
                    question, answers = asked["question"].strip(), [one["text"] for one in asked["answers"]]
                    golds = [Gold(place, span, _sentence_of(text.text, span))]
                    found.cases.append(
                        Case(question=question, golds=golds, origin=Origin.SPAN, weight=weight, answers=answers)
                    )
    return found


def read_qed(path: Path) -> Collection:
    """QED, Natural Questions as they were typed; its text is tokenised, which is undone."""
    found = Collection("qed")
    for one in _lines(path):
        text = Text(one["title_text"], one["title_text"], (), _untokenised(one["paragraph_text"]).strip())
        place = found.place_of(text)
        answers = [answer for answer in map(_untokenised, one["answer_text"]) if answer and answer in text.text]
        if answers:
            span = _span_of(answers[0], text.text)
            golds = [Gold(place, span, _sentence_of(text.text, span))]
            found.cases.append(Case(question=one["question_text"], golds=golds, origin=Origin.SPAN, answers=answers))
    return found


def read_fairytales(folder: Path) -> Collection:
    """FairytaleQA, the questions that words of one section answer."""
    found = Collection("fairy")
    sections = json.loads((folder / "sections_train.json").read_text(encoding="utf-8"))
    for one in _lines(folder / "questions_train.jsonl"):
        told: str = sections.get(one["story"], {}).get(one["sections"][0], "") if len(one["sections"]) == 1 else ""
        answer = next((answer for answer in one["answers"] if answer in told), None)
        if one["type"] != "explicit" or not answer:
            continue
        place = found.place_of(Text(one["story"], one["story"].replace("-", " "), (), told))
        span = _span_of(answer, told)
        golds = [Gold(place, span, _sentence_of(told, span))]
        found.cases.append(
            Case(question=one["question"], golds=golds, origin=Origin.SPAN, weight=0.6, answers=one["answers"])
        )
    return found


def read_selqa(folder: Path) -> Collection:
    """SelQA: one of a section's sentences answers."""
    found = Collection("selqa")
    for part in ("dev", "test"):
        for one in json.loads((folder / f"selqa-ass-{part}.json").read_text(encoding="utf-8")):
            text = " ".join(one["candidates"])
            place = found.place_of(Text(one["article"], one["article"], (one["section"],), text))
            golds = [Gold(place, evidence=_span_of(one["candidates"][i], text)) for i in one["answers"][:1]]
            if golds:
                found.cases.append(Case(question=one["question"], golds=golds, origin=Origin.LIST, weight=1.2))
    return found


def read_medquad(path: Path) -> Collection:
    """MedQuAD, two of five questions: the first part of a long answer answers."""
    found = Collection("medquad")
    for one in _lines(path):
        text = one["answer"].strip()[:_LONGEST_ANSWER]
        if _number_of(one["id"] + one["question"]) % 5 > 1 or len(text) < _SHORTEST_ANSWER:
            continue
        places = [found.place_of(Text(one["topic"], one["topic"], (), part)) for part in list(_parts(text))[:4]]
        question = one["question"].replace(" ?", "?").replace("(are)", "").replace("  ", " ")
        found.cases.append(Case(question=question, golds=[Gold(places[0])], origin=Origin.LIST, weight=0.3))
    return found


def read_real(folder: Path) -> Collection:
    """Documents as the product reads them, and what people asked; `gold` names a document and quotes what answers."""
    found = Collection(f"real-{folder.name}")
    texts: dict[str, tuple[str, Sequence[Paragraph]]] = {}
    for path in sorted(path for path in (folder / "documents").rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        try:
            parsed = read_document(name, path.read_bytes())
        except IbidError as error:
            print(found.name, name, error)
            continue
        texts[name] = parsed.document.text, parsed.paragraphs
        for one in parsed.paragraphs:
            text = Text(name, parsed.document.title, tuple(one.heading), one.text, one.role)
            found.place_of(text, number=one.number)
    for one in _lines(folder / "questions.jsonl"):
        golds = [gold for quoted in one["gold"] for gold in _quoted(found, quoted, texts=texts, answers=one["answers"])]
        origin = Origin.LIST if golds else Origin.NONE
        found.cases.append(
            Case(question=one["question"], golds=golds, origin=origin, answers=one["answers"], is_judged=True)
        )
    return found


def _quoted(
    found: Collection,
    quoted: Mapping[str, str],
    *,
    texts: Mapping[str, tuple[str, Sequence[Paragraph]]],
    answers: Sequence[str],
) -> Iterator[Gold]:
    """Each paragraph that holds a part of a quote, wherever the document has it."""
    name, quote = f"documents/{quoted['document']}", quoted["quote"]
    text, paragraphs = texts[name]
    start = 0
    while (at := text.find(quote, start)) >= 0:
        start = at + 1
        for one in paragraphs:
            here = Span(max(one.start, at) - one.start, min(one.end, at + len(quote)) - one.start)
            if here.start < here.end and one.role not in (Role.TITLE, Role.HEADING):
                yield Gold(found.numbered(name, one.number), _answer_in(one.text, here, answers), here)


def _answer_in(text: str, evidence: Span, answers: Sequence[str]) -> Span | None:
    lower = text.lower()
    for answer in answers:
        start = lower.find(answer.lower(), evidence.start, evidence.end + len(answer))
        if start >= 0:
            return Span(start, start + len(answer))
    return None


def _lines(path: Path) -> Iterator[Any]:
    """The records of a file of JSON Lines, compressed or not."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _untokenised(text: str) -> str:
    text = regex.sub(r"``\s?|\s?''", '"', text)
    text = regex.sub(r" ([,.;:!?%)\]])", r"\1", text)
    text = regex.sub(r"([(\[$]) ", r"\1", text)
    text = regex.sub(r" (n't|'s|'re|'ve|'ll|'d|'m)\b", r"\1", text)
    return regex.sub(r"(\w) - (\w)", r"\1-\2", text)


def _span_of(words: str, text: str) -> Span:
    start = text.find(words)
    return Span(start, start + len(words))


def _sentence_of(text: str, span: Span) -> Span | None:
    """The sentences that hold a span."""
    met = [one for one in split_sentences(text) if one.start < span.end and one.end > span.start]
    return Span(met[0].start, met[-1].end) if met else None


def _parts(text: str) -> Iterator[str]:
    part = ""
    for span in split_sentences(text):
        part += span.of(text) + " "
        if len(part) > _PART:
            yield part.strip()
            part = ""
    if part.strip():
        yield part.strip()


def _number_of(text: str) -> int:
    """The same one everywhere, for drawing a share."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)
