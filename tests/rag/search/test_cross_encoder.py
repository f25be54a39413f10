"""The reader: what it says of one paragraph, which never depends on the others."""

from __future__ import annotations

import pytest

from rag.domain import Span
from rag.errors import ModelError
from rag.search.cross_encoder import NO_EVIDENCE, PassageText, Reader

LEAVE = "Employees are entitled to 16 weeks of parental leave. Managers approve it within ten days."
OTHERS = ("The canteen opens at noon.", "Laptops are replaced every four years.", LEAVE * 4)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def test_what_answers_is_told_from_what_does_not(reader: Reader) -> None:
    right, wrong = reader.read("How long is parental leave?", [PassageText(text=LEAVE), PassageText(text=OTHERS[0])])
    assert right is not None and wrong is not None
    assert right.relevance > 0 > wrong.relevance


def test_the_sentence_that_answers_has_the_evidence_and_the_beginning_of_the_answer(reader: Reader) -> None:
    (reading,) = reader.read("How long is parental leave?", [PassageText(text=LEAVE, context="Handbook › Leave")])
    assert reading is not None
    first, second = Span(0, LEAVE.index(" Managers")), Span(LEAVE.index("Managers"), len(LEAVE))
    assert reading.evidence_in(first) > max(reading.evidence_in(second), 0)
    assert reading.strongest_in(first) >= reading.evidence_in(first)
    assert reading.begins_in(first) > 0.9
    assert reading.begins_in(first) + reading.begins_in(second) == pytest.approx(1.0, abs=1e-3)


def test_the_words_that_are_the_answer_are_told(reader: Reader) -> None:
    (reading,) = reader.read("How long is parental leave?", [PassageText(text=LEAVE, context="Handbook › Leave")])
    assert reading is not None
    told = reading.answer_in(Span(0, LEAVE.index(" Managers")))
    assert told is not None
    assert told[0].of(LEAVE) == "16 weeks" and told[1] > 0.5
    assert reading.answer_in(Span(len(LEAVE), len(LEAVE))) is None


def test_what_it_says_of_a_paragraph_is_the_same_whatever_is_read_beside_it(reader: Reader) -> None:
    passage = PassageText(text=LEAVE, context="Handbook")
    (alone,) = reader.read("How long is parental leave?", [passage])
    among = reader.read("How long is parental leave?", [*(PassageText(text=one) for one in OTHERS), passage])[-1]
    assert alone is not None and among is not None
    assert alone.relevance == among.relevance
    assert alone.evidence.tobytes() == among.evidence.tobytes()


def test_a_paragraph_in_windows_answers_if_one_of_them_does(reader: Reader) -> None:
    text = f"{'The mill grinds rye on Mondays. ' * 30}{LEAVE}"
    cut = text.index("Employees")
    windows = (Span(0, cut), Span(cut, len(text)))
    (reading,) = reader.read("How long is parental leave?", [PassageText(text=text, windows=windows)])
    assert reading is not None
    assert reading.relevance > 0
    assert reading.begins_in(Span(cut, len(text))) == pytest.approx(1.0, abs=1e-3)
    assert reading.evidence_in(Span(cut, cut + 53)) > reading.evidence_in(Span(0, 31))


def test_where_nothing_was_read_there_is_no_evidence(reader: Reader) -> None:
    text = f"{LEAVE} It is paid."
    windows = (Span(0, len(LEAVE)),)
    (reading,) = reader.read("How long is parental leave?", [PassageText(text=text, windows=windows)])
    assert reading is not None
    unread = Span(len(LEAVE) + 1, len(text))
    assert (reading.evidence_in(unread), reading.begins_in(unread)) == (NO_EVIDENCE, 0.0)


def test_after_its_time_it_begins_no_other_passage_but_the_first_is_read(reader: Reader) -> None:
    read = reader.read("How long is parental leave?", [PassageText(text=LEAVE)] * 40, seconds=0.0)
    assert read[0] is not None
    assert sum(one is not None for one in read) < 40


@pytest.mark.parametrize(
    "text", ["", "?", "…", "\u200b", "x" * 5_000], ids=["empty", "sign", "dots", "invisible", "long"]
)
def test_odd_texts_have_a_reading(reader: Reader, text: str) -> None:
    (reading,) = reader.read(text or "?", [PassageText(text=text)])
    assert reading is not None
    assert len(reading.places) == len(reading.evidence) == len(reading.begins) == len(reading.ends)
    told = reading.answer_in(Span(0, len(text)))
    assert told is None or (0 <= told[0].start <= told[0].end <= len(text) and 0 <= told[1] <= 1)


def test_a_model_that_is_not_there_is_one_line_with_what_to_do(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelError, match="cannot be loaded"):
        Reader(tmp_path).read("?", [PassageText(text="?")])
