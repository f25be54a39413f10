"""What a folder tells as a whole: of all its documents, in the order of time, by how many of them name it."""

from __future__ import annotations

from rag.answer.guide import Guide, guide_to
from rag.answer.survey import survey
from rag.documents.reading import read_document
from rag.domain import Passage, Ranks, Source


def guide(name: str, text: str) -> Guide:
    parsed = read_document(f"documents/{name}", text.encode())
    source = Source(title=parsed.document.title, revision="1", date=parsed.document.date)
    passages = [Passage(paragraph=one, source=source, score=0.0, ranks=Ranks()) for one in parsed.paragraphs]
    return guide_to(passages, weight_of=lambda stem: float(len(stem)))


def test_timeline_and_names_are_of_all_documents_each_with_its_places() -> None:
    told = survey(
        [
            guide("a.txt", "The bridge of Velden was closed by Ida Brandt on 3 May 2022 for six weeks of repairs."),
            guide("b.txt", "In 1911 the council of Velden had the bridge built, which Ida Brandt wrote a book about."),
            guide("c.txt", "The ferry of Ohm is free. The crew of Ohm has a week off when Ohm is under water."),
        ]
    )
    assert [str(one.day) for one in told.events] == ["1911", "3 May 2022"]
    assert [(one.text, one.count, len(one.places)) for one in told.mentions] == [
        ("Velden", 2, 2),
        ("Ida Brandt", 2, 2),
        ("Ohm", 3, 1),
    ]
    for one in told.mentions:
        assert {place.text for place in one.places} == {one.text}
        assert len({place.passage.paragraph.document_id for place in one.places}) == len(one.places)


def test_of_no_documents_nothing_is_told() -> None:
    assert survey([]) == survey([Guide()])
    assert not survey([]).events and not survey([]).mentions
