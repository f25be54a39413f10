"""What people say of answers: lines that `ibid eval` reads, with gold that is found again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from evals.cases import case_from, case_gold, gold_paragraphs, read_cases
from rag.chatbot import Chatbot
from rag.documents.reading import read_document
from rag.domain import Answer, Paragraph
from rag.errors import StorageError
from rag.opening import open_chatbot
from rag.settings import Settings
from ui.web.feedback import feedback_case, take_back, write_feedback

ROOT = Path(__file__).parents[3]
QUESTION = "How long was West Aleppo under siege?"
REFUSED = "Who won the World Cup in Brazil?"


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    with open_chatbot(Settings(documents=ROOT / "seeds", home=tmp_path_factory.mktemp("home")), "test") as opened:
        opened.ingest()
        yield opened


@pytest.fixture(scope="module")
def answer(bot: Chatbot) -> Answer:
    return bot.ask(QUESTION)


@pytest.fixture(scope="module")
def refusal(bot: Chatbot) -> Answer:
    return bot.ask(REFUSED)


def test_a_good_answer_is_a_case_whose_gold_is_what_it_cited(bot: Chatbot, answer: Answer) -> None:
    case = case_from(feedback_case(QUESTION, answer, ["hello"], True, " Right. ", []))
    assert (case.question, case.answerable, case.turns, case.tags) == (QUESTION, True, ("hello",), ("good",))
    assert case.source == "feedback"
    corpus = bot.paragraphs()
    assert case_gold(case, corpus=corpus) == {citation.paragraph.key for citation in answer.citations}
    for gold, citation in zip(case.gold, answer.citations, strict=True):
        assert gold.quote == citation.quote


def test_a_bad_answer_is_no_gold_but_what_a_person_chose_is(bot: Chatbot, answer: Answer) -> None:
    bare = case_from(feedback_case(QUESTION, answer, [], False, "", []))
    assert (bare.gold, bare.answerable, bare.tags) == ((), True, ("bad",))
    paragraphs = next(iter(bot.paragraphs().values()))
    chosen = case_from(feedback_case(QUESTION, answer, [], False, "", paragraphs[3:5]))
    assert {paragraph.key for paragraph in paragraphs[3:5]} <= case_gold(chosen, corpus=bot.paragraphs())


def test_a_refusal_called_right_is_a_question_the_documents_do_not_answer(refusal: Answer) -> None:
    assert refusal.abstained
    right = case_from(feedback_case(REFUSED, refusal, [], True, "", []))
    wrong = case_from(feedback_case(REFUSED, refusal, [], False, "", []))
    assert (right.answerable, right.gold) == (False, ())
    assert (wrong.answerable, wrong.gold) == (True, ())


def test_a_refusal_with_a_paragraph_chosen_is_answerable(bot: Chatbot, refusal: Answer) -> None:
    paragraph = next(iter(bot.paragraphs().values()))[5]
    for is_good in (True, False):
        case = case_from(feedback_case(REFUSED, refusal, [], is_good, "", [paragraph]))
        assert case.answerable
        assert paragraph.key in case_gold(case, corpus=bot.paragraphs())


def test_every_paragraph_of_the_seeds_and_pages_is_found_again_by_its_gold(answer: Answer) -> None:
    files = [*(ROOT / "seeds").iterdir(), *(ROOT / "tests" / "rag" / "documents" / "pages").glob("*.txt")]
    corpus = {
        f"documents/{path.name}": read_document(f"documents/{path.name}", path.read_bytes()).paragraphs
        for path in files
    }
    assert sum(map(len, corpus.values())) > 100
    for paragraphs in corpus.values():
        for paragraph in paragraphs:
            case = case_from(feedback_case(QUESTION, answer, [], False, "", [paragraph]))
            (gold,) = case.gold
            found = gold_paragraphs(gold, corpus=corpus)
            assert paragraph.key in found, paragraph.place
            texts = {" ".join(one.text.split()) for one in paragraphs if one.key in found}
            assert all(" ".join(paragraph.text.split()) in text for text in texts)


def test_a_paragraph_of_an_upload_is_found_again_by_its_gold(answer: Answer) -> None:
    text = "# Leave\n\nEverybody has thirty days a year.\n\nThe rest is paid out in December.\n"
    paragraphs = read_document("uploads/leave.md", text.encode()).paragraphs
    corpus = {"uploads/leave.md": paragraphs}
    (gold,) = case_from(feedback_case(QUESTION, answer, [], False, "", [paragraphs[1]])).gold
    assert gold_paragraphs(gold, corpus=corpus) == {paragraphs[1].key}


LINES = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip), min_size=1
).map("\n".join)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, min_size=1, max_size=4, unique=True), st.data())
def test_a_chosen_paragraph_of_any_text_is_found_again(texts: list[str], data: st.DataObject) -> None:
    paragraphs, at = [], 0
    for number, text in enumerate(texts, start=1):
        paragraphs.append(
            Paragraph(document_id="documents/a.md", number=number, text=text, start=at, end=at + len(text), role="body")
        )  # type: ignore[arg-type]
        at += len(text) + 2
    chosen = data.draw(st.sampled_from(paragraphs))
    (gold,) = case_from(feedback_case("Why?", Answer(question="Why?"), [], False, "", [chosen])).gold
    assert chosen.key in gold_paragraphs(gold, corpus={"documents/a.md": paragraphs})


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text(), st.booleans()), max_size=5))
@example([("Why\u2028not?", "two\u2029lines\x85or three", True)])
@example([("Why\r\nnot?", "a\0b\x1c\x1d\x1e\v\f", False)])
@example([("# Why?", "#", True)])
def test_whatever_was_written_is_one_line_each_and_read_back(said: list[tuple[str, str, bool]]) -> None:
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "feedback.jsonl").touch()
        for question, note, is_good in said:
            answer = Answer(question=question, notice=note)
            write_feedback(Path(home), feedback_case(question, answer, [note], is_good, note, []))
        cases = read_cases(Path(home) / "feedback.jsonl")
        assert [(case.question, case.turns) for case in cases] == [(q, (note,)) for q, note, _ in said]
        assert len({case.id for case in cases}) == len(said)
        kept = (Path(home) / "feedback.jsonl").read_text(encoding="utf-8").split("\n")
        assert [json.loads(line)["note"] for line in kept[:-1]] == [note.strip()[:2_000] for _, note, _ in said]


def test_a_note_as_long_as_a_book_is_cut(answer: Answer) -> None:
    assert len(feedback_case(QUESTION, answer, [], True, "x" * 100_000, [])["note"]) == 2_000


def test_lines_written_at_once_stay_whole(tmp_path: Path, answer: Answer) -> None:
    notes = [f"{number} " + "é" * 1_500 for number in range(200)]

    def write(note: str) -> None:
        write_feedback(tmp_path / "home", feedback_case(QUESTION, answer, [], True, note, []))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, notes))
    lines = (tmp_path / "home" / "feedback.jsonl").read_text(encoding="utf-8").splitlines()
    assert sorted(json.loads(line)["note"] for line in lines) == sorted(notes)
    assert len(read_cases(tmp_path / "home" / "feedback.jsonl")) == 200


def test_what_was_there_stays(tmp_path: Path, answer: Answer) -> None:
    (tmp_path / "feedback.jsonl").write_text('{"id": "mine", "question": "Why?"}\n', encoding="utf-8")
    write_feedback(tmp_path, feedback_case(QUESTION, answer, [], True, "", []))
    assert [case.question for case in read_cases(tmp_path / "feedback.jsonl")] == ["Why?", QUESTION]


def test_what_was_said_is_replaced_and_taken_back_and_nothing_else_is(tmp_path: Path, answer: Answer) -> None:
    path = tmp_path / "feedback.jsonl"
    mine = b'{"id": "mine", "question": "Why?"}\nno case \xff\n'
    path.write_bytes(mine)
    first, second = (feedback_case(QUESTION, answer, [], good, "", []) for good in (True, False))
    write_feedback(tmp_path, first)
    write_feedback(tmp_path, second, instead_of=first["id"])
    assert [json.loads(line)["tags"] for line in path.read_bytes().splitlines()[2:]] == [["bad"]]
    take_back(tmp_path, first["id"])
    take_back(tmp_path, "mine")
    assert path.read_bytes().startswith(mine)
    assert len(path.read_bytes().splitlines()) == 3
    take_back(tmp_path, second["id"])
    assert path.read_bytes() == mine
    take_back(tmp_path / "never", second["id"])
    # One that was removed by hand meanwhile is not missed.
    write_feedback(tmp_path, first, instead_of=second["id"])
    assert len(path.read_bytes().splitlines()) == 3


@pytest.mark.parametrize("home", ["/dev/null", "/dev/null/home", "/proc/ibid"])
def test_a_home_that_cannot_be_written_is_one_clear_error(home: str, answer: Answer) -> None:
    with pytest.raises(StorageError, match=rf"Cannot write {home}/feedback\.jsonl: .* IBID_HOME") as told:
        write_feedback(Path(home), feedback_case(QUESTION, answer, [], True, "", []))
    assert "\n" not in str(told.value)
