"""Questions to begin with, drawn from the documents at hand; each was asked, and had an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rag.chatbot import Chatbot
from rag.domain import Paragraph, Question, Role
from rag.text.names import find_whole_names

MOST = 4
_TRIED = 12
_READ = 400


def examples(bot: Chatbot) -> tuple[str, ...]:
    """At most MOST questions that the documents answer, for people who do not know yet what to ask."""
    if not bot.documents:
        return ()
    kept: list[str] = []
    places: set[tuple[str, int]] = set()
    for question in [*_asked_in_headings(bot), *(f"What is said about {name}?" for name in _names(bot))][:_TRIED]:
        answer = bot.ask(Question(question, offline=True))
        place = next((citation.paragraph.key for citation in answer.citations), None)
        if place is None or place in places:
            continue
        places.add(place)
        kept.append(question)
        if len(kept) == MOST - 1:
            break
    first = "What is this about?" if len(bot.documents) == 1 else "What are these documents about?"
    return (first, *kept)


def _asked_in_headings(bot: Chatbot) -> Iterator[str]:
    for paragraph in _some_paragraphs(bot):
        if paragraph.role is Role.HEADING and paragraph.text.endswith("?") and 15 < len(paragraph.text) < 90:
            yield " ".join(paragraph.text.lstrip("# ").split())


def _names(bot: Chatbot) -> list[str]:
    """Names that stand in several paragraphs of the documents' own prose, the most frequent first."""
    found: Counter[str] = Counter()
    for paragraph in _some_paragraphs(bot):
        if paragraph.role is Role.BODY:
            found.update(_people_and_places(" ".join(paragraph.text.split())))
    return [name for name, count in found.most_common(_TRIED) if count > 1]


def _people_and_places(text: str) -> set[str]:
    """Names of two or three words: a person, a place, a body."""
    return {name for span in find_whole_names(text) if len((name := span.of(text)).split()) in (2, 3)}


def _some_paragraphs(bot: Chatbot) -> Iterator[Paragraph]:
    left = _READ
    for record in bot.documents:
        if left <= 0:
            return
        take = min(record.paragraphs, left, 60)
        left -= take
        for passage in bot.retriever.passages_of(record.document_id, range(1, take + 1)):
            yield passage.paragraph
