"""Public training text in the form of the product's own cases: folders of documents and questions with gold.

Reads `../shared/training` and writes to a working folder; nothing of it is kept in the project.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evals.domain import Case, Gold

AROUND = 40
"""Characters on both sides of an answer that make its gold quote unique."""


@dataclass
class TrainingSet:
    """Documents by file name, each a title and its paragraphs, and cases on them."""

    documents: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    titles: dict[str, str] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)

    def add(self, key: str, *, document: str, question: str, paragraph: str, answers: list[tuple[str, int]]) -> None:
        text = paragraph.strip()
        shift = len(paragraph) - len(paragraph.lstrip())
        if text not in self.documents[document]:
            self.documents[document].append(text)
        golds = tuple(
            Gold(
                document=f"{document}.txt",
                quote=text[max(0, start - shift - AROUND) : start - shift + len(answer) + AROUND].strip(),
            )
            for answer, start in answers
            if start >= 0
        )
        if golds:
            self.cases.append(
                Case(id=key, question=question.strip(), answers=tuple(answer for answer, _ in answers), gold=golds)
            )

    def write(self, folder: Path) -> None:
        """One text file per document: its title, then its paragraphs."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, paragraphs in self.documents.items():
            body = "\n\n".join(re.sub(r"\s*\n\s*", " ", paragraph) for paragraph in paragraphs)
            (folder / f"{name}.txt").write_text(
                f"{self.titles.get(name, name.replace('_', ' '))}\n\n{body}\n", encoding="utf-8"
            )


def squad_like(path: Path, *, prefix: str) -> TrainingSet:
    made = TrainingSet()
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        name = _file_name(article.get("title") or prefix)
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                answers = [(one["text"], one["answer_start"]) for one in qa["answers"]]
                made.add(
                    qa["id"], document=name, question=qa["question"], paragraph=paragraph["context"], answers=answers
                )
    return made


def natural_questions(path: Path) -> TrainingSet:
    """QED's questions; its tokenised text is put back together first."""
    made = TrainingSet()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text = untokenised(row["paragraph_text"])
            answers = [(answer, text.find(answer)) for answer in map(untokenised, row["answer_text"])]
            name = _file_name(row["title_text"])
            made.titles[name] = row["title_text"]
            made.add(
                f"qed-{row['example_id']}",
                document=name,
                question=row["question_text"],
                paragraph=text,
                answers=answers,
            )
    return made


def fairy_tales(folder: Path) -> TrainingSet:
    made = TrainingSet()
    sections = json.loads((folder / "sections_train.json").read_text(encoding="utf-8"))
    for number, line in enumerate((folder / "questions_train.jsonl").read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        text = sections.get(row["story"], {}).get(row["sections"][0]) if len(row["sections"]) == 1 else None
        if text is None or row["type"] != "explicit":
            continue
        answers = [(answer, text.find(answer)) for answer in row["answers"] if answer in text]
        made.add(
            f"fairy-{number}",
            document=_file_name(row["story"]),
            question=row["question"],
            paragraph=text,
            answers=answers,
        )
    return made


def answer_sentences(folder: Path) -> TrainingSet:
    """SelQA: the gold is a sentence of a section, often asked for in other words."""
    made = TrainingSet()
    for part in ("dev", "test"):
        for number, row in enumerate(json.loads((folder / f"selqa-ass-{part}.json").read_text(encoding="utf-8"))):
            text = " ".join(row["candidates"])
            answers = [(row["candidates"][i], text.find(row["candidates"][i])) for i in row["answers"]]
            made.add(
                f"selqa-{part}-{number}",
                document=_file_name(row["article"]),
                question=row["question"],
                paragraph=text,
                answers=answers,
            )
    return made


def untokenised(text: str) -> str:
    text = re.sub(r"``\s?|\s?''", '"', text)
    text = re.sub(r" ([,.;:!?%)\]])", r"\1", text)
    text = re.sub(r"([(\[$]) ", r"\1", text)
    text = re.sub(r" (n't|'s|'re|'ve|'ll|'d|'m)\b", r"\1", text)
    return re.sub(r"(\w) - (\w)", r"\1-\2", text)


def training_sets(folder: Path) -> Iterator[tuple[str, TrainingSet]]:
    """The sets that are fitted on. SquadShifts' reviews and posts are left out: their questions point at a text in
    view ("How long did it last?"), so that even a perfect ranking finds the gold first for about half of them."""
    makers: dict[str, Callable[[], TrainingSet]] = {
        "squad": lambda: squad_like(
            folder / "squad_train_du_test" / "squad-train-44articles-v1.1.json", prefix="squad"
        ),
        "qed": lambda: natural_questions(folder / "qed_train_nq" / "qed-nq-train.jsonl.gz"),
        "selqa": lambda: answer_sentences(folder / "selqa"),
        "fairytales": lambda: fairy_tales(folder / "fairytaleqa"),
    }
    for name, make in makers.items():
        yield name, make()


def _file_name(title: str) -> str:
    return re.sub(r"[^\w-]+", "_", title).strip("_")[:80] or "untitled"
