"""A chatbot for somebody who may not read all documents says, to the letter, what one without the others would."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.domain import Answer, Json, Question, Turn
from rag.errors import DocumentError, ScopeError
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings
from tests.rag.documents.making import paragraph, pdf

CANARY = "zanthoxyl"
"""Stands only in what may not be read: as a word, in a title, a heading, a name, an identifier."""
OPEN = {
    "leave.md": "# Leave\n\nby Maria Weber, 3 May 2021\n\nEmployees have 28 days of leave a year.\n\n"
    "## Asking for it\n\nLeave is asked for three weeks before it begins. The office answers within two days.\n",
    "leave-2022.md": "# Leave\n\nby Maria Weber, 4 June 2022\n\nEmployees have 30 days of leave a year.\n\n"
    "## Asking for it\n\nLeave is asked for two weeks before it begins. The office answers within two days.\n",
    "depot.md": "# The depot\n\nThe depot in Husum was opened in 1911 by Gesine Holm. Its key hangs in the office.\n",
    "deutsch.md": "# Das Lager\n\nDas Lager in Esens wurde im Jahr 1850 von Onno Ites gebaut und steht am Hafen der Stadt.\n",
}
SHUT = {
    f"{CANARY}/wages.md": f"# {CANARY.title()} wages\n\nby Ingrid {CANARY.title()}, 9 July 2023\n\n## The {CANARY} list\n\n"
    f"The {CANARY} earns 93,250 crowns a year under file QX-2041-C. Employees have 77 days of leave a year.\n\n"
    "The depot in Husum was opened in 1911 by Gesine Holm. Its key hangs in the office.\n",
    "zleave.md": "# Leave\n\nby Maria Weber, 5 July 2024\n\nEmployees have 12 days of leave a year.\n\n"
    "## Asking for it\n\nLeave is asked for nine weeks before it begins. The office answers within two days.\n",
}
QUESTIONS = [
    "How many days of leave do employees have?",
    "How much does the zanthoxyl earn?",
    "What is QX-2041-C?",
    "Who is Ingrid Zanthoxyl?",
    "Who opened the depot in Husum, and where does its key hang?",
    "Which documents are there?",
    "What are these documents about?",
    "Summarise the wages",
    "What changed between the versions of leave?",
    "Compare the documents about leave",
    "What do the documents say about crowns?",
    "What happened when?",
    "Who wrote the documents?",
    "Which is the newest document?",
    "Wann wurde das Depot in Husum eröffnet?",
    "When was the warehouse in Esens built?",
    "zanthoxil wages",
    "How many weeks before it begins is leave asked for?",
]  # fmt: skip


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def may_read(document_id: str) -> bool:
    return document_id.removeprefix("documents/") in OPEN


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[tuple[Chatbot, Chatbot, Chatbot]]:
    """All documents; the same as somebody sees it who may not read all; and a folder that has only those."""
    base = tmp_path_factory.mktemp("seen")
    (base / "all" / "documents").mkdir(parents=True)
    (base / "some" / "documents").mkdir(parents=True)
    written(base / "some" / "documents", OPEN)
    written(base / "all" / "documents", OPEN | SHUT)
    (base / "all" / "documents" / f"{CANARY}.pdf").write_bytes(pdf(paragraph(f"The {CANARY} pump was replaced.")))
    settings = [Settings(documents=base / name / "documents", home=base / name / "home") for name in ("all", "some")]
    with (
        open_chatbot(settings[0], "test", embedder=embedder) as whole,
        open_chatbot(settings[1], "test", embedder=embedder) as alone,
    ):
        whole.ingest()
        alone.ingest()
        yield whole, whole.seen_by(may_read), alone


def told(answer: Answer) -> Json:
    return replace(answer, seconds={}).json()


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_the_one_that_would_be_given_without_the_others(
    both: tuple[Chatbot, Chatbot, Chatbot], question: str
) -> None:
    _, seen, alone = both
    answer = seen.ask(question)
    assert told(answer) == told(alone.ask(question))
    echoed = json.dumps(told(answer)).casefold().replace(json.dumps(question)[1:-1].casefold(), "")
    assert f"{CANARY}/" not in echoed
    assert "93,250" not in echoed
    assert "77 days" not in echoed


def test_a_text_that_stands_in_two_documents_names_both_to_whoever_may_read_both(
    both: tuple[Chatbot, Chatbot, Chatbot],
) -> None:
    whole, seen, _ = both
    question = "Who opened the depot in Husum?"
    (citation,) = whole.ask(question).citations
    assert {citation.paragraph.document_id, *(document for document, _ in citation.also)} == {
        "documents/depot.md",
        f"documents/{CANARY}/wages.md",
    }
    assert [one.also for one in seen.ask(question).citations] == [()]
    scope = frozenset(["documents/depot.md"])
    assert [one.also for one in whole.ask(Question(question, scope=scope)).citations] == [()]


def test_what_is_found_and_how_rare_words_are_is_the_same(both: tuple[Chatbot, Chatbot, Chatbot]) -> None:
    whole, seen, alone = both
    for question in QUESTIONS[:5]:
        found, expected = seen.search(question), alone.search(question)
        assert [(one.paragraph, one.ranks) for one in found.passages] == [
            (one.paragraph, one.ranks) for one in expected.passages
        ]
        assert found.missing_terms == expected.missing_terms
    for stem in ("leav", CANARY, "employe", "never-heard"):
        assert seen.retriever.rarity(stem) == alone.retriever.rarity(stem)
    assert seen.retriever.rarity(CANARY) > whole.retriever.rarity(CANARY)


def test_the_others_are_not_listed_read_named_or_drawn(both: tuple[Chatbot, Chatbot, Chatbot]) -> None:
    whole, seen, alone = both
    assert [one.document_id for one in seen.documents] == [one.document_id for one in alone.documents]
    assert seen.paragraphs() == alone.paragraphs()
    shut = next(one for one in whole.documents if one.document_id.endswith(f"{CANARY}.pdf"))
    assert whole.originals.page_image(shut, 1).webp
    assert seen.retriever.passages_of(shut.document_id, range(1, 9)) == []
    for ask in (
        lambda: seen.originals.page_image(shut, 1),
        lambda: seen.originals.read(shut),
        lambda: seen.originals.layout_of(shut),
    ):
        with pytest.raises(DocumentError, match="is not among the documents"):
            ask()
    for name in (shut.document_id, f"{CANARY}.pdf", CANARY, "wages", "nothing-of-that-name"):
        with pytest.raises(ScopeError) as refused:
            seen.resolve_scope([name])
        with pytest.raises(ScopeError) as never:
            alone.resolve_scope([name])
        assert str(refused.value) == str(never.value)
    with pytest.raises(ScopeError):
        seen.ask(Question("pump", scope=frozenset({shut.document_id})))


def test_a_turn_that_cites_what_may_not_be_read_brings_nothing_of_it(both: tuple[Chatbot, Chatbot, Chatbot]) -> None:
    whole, seen, alone = both
    before = Turn("How much does the zanthoxyl earn?", whole.ask("How much does the zanthoxyl earn?"))
    assert before.answer.citations
    follow_up = Question("And how many days of leave?", turns=(before,))
    assert told(seen.ask(follow_up)) == told(alone.ask(follow_up))


def test_what_comes_and_goes_is_seen_at_once_and_the_whole_stays(both: tuple[Chatbot, Chatbot, Chatbot]) -> None:
    whole, seen, _ = both
    folder = whole._settings.documents
    before = len(whole.documents)
    shutil.copy(folder / "depot.md", folder / "zanthoxyl-copy.md")
    try:
        seen.ingest()
        assert len(whole.documents) == before + 1
        assert {one.document_id.removeprefix("documents/") for one in seen.documents} == set(OPEN)
    finally:
        (folder / "zanthoxyl-copy.md").unlink()
        whole.ingest()
    nobody = whole.seen_by(lambda _: False)
    assert nobody.documents == ()
    assert (
        nobody.ask("Who opened the depot?").notice
        == "There are no documents yet. Put files into the folder, then ask again."
    )
    assert whole.ask("How much does the zanthoxyl earn?").citations
