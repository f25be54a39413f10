"""What a folder is about, told of some of its documents where there are many."""

from __future__ import annotations

from pathlib import Path

from rag.answer.collection import MOST_DOCUMENTS
from rag.domain import document_name
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings


def test_of_many_documents_each_folder_tells_something_the_newest_first(tmp_path: Path, embedder: MiniLM) -> None:
    documents = tmp_path / "documents"
    for folder, days in (("canteen", range(1, 13)), ("garden", range(1, 4)), ("yard", [5])):
        (documents / folder).mkdir(parents=True)
        for day in days:
            text = f"# The {folder} on day {day}\n\n2024-03-{day:02}\n\nThe {folder} was swept and its door painted on day {day}.\n"
            (documents / folder / f"{day:02}.md").write_text(text, encoding="utf-8")
    with open_chatbot(Settings(documents=documents, home=tmp_path / "home"), "test", embedder=embedder) as bot:
        bot.ingest()
        answer = bot.ask("What are these documents about?")
    assert answer.notice == "What 8 of 16 documents are about."
    told = [document_name(one.paragraph.document_id) for one in answer.citations]
    assert list(dict.fromkeys(told)) == [
        "canteen/12.md",
        "yard/05.md",
        "garden/03.md",
        "canteen/11.md",
        "garden/02.md",
        "canteen/10.md",
        "garden/01.md",
        "canteen/09.md",
    ]
    assert len(told) == MOST_DOCUMENTS
