"""From collections in their own forms to what the reader is trained on: every label is where the text says it is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from evals.fitting import reader_answers, reader_features, reader_lists
from evals.fitting.fit_records import Kind as Answerability
from evals.fitting.fit_records import read_asked
from evals.fitting.made_questions import names_swapped, wordings
from evals.fitting.reader_batches import Lists
from evals.fitting.reader_ranking import READ, UNREAD
from evals.fitting.training_texts import REAL, Case, Collection, Gold, Origin, Text, read_collections
from rag.domain import Span
from rag.index.onnx import open_tokenizer
from rag.search.cross_encoder import MODELS

HARBOUR = "The harbour wall was repaired by Ann Shaw in 1904. It had stood open for nine years. Nobody paid her for it."
MARKET = (
    "The market opens at six in the morning. Fish is sold first, and cloth at noon. It closes when the bell is rung."
)
BRIDGE = "The bridge was built by Tom Reed in 1911. It carries two lanes of traffic. A toll is taken on the north side."


def squad(*, titled: bool) -> dict[str, Any]:
    def asked(question: str, answer: str, context: str) -> dict[str, Any]:
        return {"question": question, "answers": [{"text": answer, "answer_start": context.find(answer)}]}

    paragraphs = [
        {"context": HARBOUR, "qas": [asked("Who repaired the wall in 1904?", "Ann Shaw", HARBOUR)]},
        {"context": BRIDGE, "qas": [asked("Who built the bridge in 1911?", "Tom Reed", BRIDGE)]},
        {"context": MARKET, "qas": [asked("When does the market open?", "six in the morning", MARKET)]},
    ]
    return {"data": [{"title": "Old_town", "paragraphs": paragraphs} if titled else {"paragraphs": paragraphs}]}


def packed(path: Path, *records: object) -> None:
    path.write_bytes(gzip.compress("".join(json.dumps(one) + "\n" for one in records).encode()))


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    for name in ("squad_train_du_test", "qed_train_nq", "fairytaleqa", "selqa", "medquad"):
        (folder / name).mkdir()
    for name, file in (
        ("squad_train_du_test", "squad-train-44articles-v1.1.json"),
        ("squadshifts_reddit", "reddit_v1.0.json"),
        ("squadshifts_amazon", "amazon_reviews_v1.0.json"),
    ):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / file).write_text(json.dumps(squad(titled=name.startswith("squad_"))))
    packed(
        folder / "qed_train_nq/qed-nq-train.jsonl.gz",
        {
            "title_text": "Mill",
            "paragraph_text": "The mill ( on the Tay ) was sold by Eve Low in 1920 . It burned in the same year .",
            "question_text": "who sold the mill",
            "answer_text": ["Eve Low"],
        },
    )
    tale = {"story": "the-fox", "sections": [1], "type": "explicit", "question": "Who saw it?", "answers": ["a hare"]}
    (folder / "fairytaleqa/sections_train.json").write_text(
        json.dumps({"the-fox": {"1": "A fox ran by. Only a hare saw."}})
    )
    (folder / "fairytaleqa/questions_train.jsonl").write_text(
        json.dumps({**tale, "sections": ["1"], "answers": ["a hare"]})
    )
    sentence = {
        "article": "Tide",
        "section": "Times",
        "question": "How often?",
        "candidates": ["It turns.", "Twice a day."],
    }
    for part in ("dev", "test"):
        (folder / f"selqa/selqa-ass-{part}.json").write_text(json.dumps([{**sentence, "answers": [1]}]))
    packed(
        folder / "medquad/pairs.jsonl.gz",
        *({"id": str(i), "topic": "Rash", "question": "What helps ?", "answer": MARKET} for i in range(9)),
    )
    for name in REAL:
        documents = folder / "real_questions" / name / "documents"
        documents.mkdir(parents=True)
        (documents / "town.md").write_text(f"# Town\n\n## Repairing walls\n\n{HARBOUR}\n\n## Market day\n\n{MARKET}\n")
        gold = [{"document": "town.md", "quote": "repaired by Ann Shaw in 1904."}]
        asked = [
            {"id": "a", "question": "who mended it", "gold": gold, "answers": ["Ann Shaw"]},
            {"id": "b", "question": "is there a zoo", "gold": [], "answers": []},
        ]
        (documents.parent / "questions.jsonl").write_text("".join(json.dumps(one) + "\n" for one in asked))
    return folder


def written(training: Path, into: Path, patch: pytest.MonkeyPatch) -> Lists:
    into.mkdir()
    patch.setattr(reader_lists, "TRAINING", training)
    patch.setattr(reader_lists, "PREPARED", into)
    reader_lists.main()
    return Lists(into)


@pytest.fixture(scope="module")
def prepared(training: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "once"
    with pytest.MonkeyPatch.context() as patch:
        written(training, folder, patch)
    return folder


@pytest.fixture(scope="module")
def lists(prepared: Path) -> Lists:
    return Lists(prepared)


def test_a_right_window_holds_the_pieces_of_its_answer_and_a_wrong_one_does_not(lists: Lists) -> None:
    tokenizer = open_tokenizer(MODELS / "all-MiniLM-L6-v2" / "tokenizer.json")
    answers = {"Ann Shaw", "Tom Reed", "six in the morning", "Eve Low", "a hare"}
    asked = [number for number, kind in enumerate(lists.kinds) if kind == Origin.SPAN]
    seen = set()
    for number in asked:
        (right,) = (one for one in lists.right(number) if one[0] >= 0)
        pieces = lists.sequence(np.array([], np.int64), right[0])
        answer = tokenizer.decode(pieces.ids[pieces.start + right[1] : pieces.start + right[2] + 1].tolist())
        seen.add(answer)
        for window in lists.wrong(number):
            wrong = lists.sequence(np.array([], np.int64), int(window))
            text = tokenizer.decode(wrong.ids[wrong.kinds == 1].tolist())
            assert answer not in text
    assert seen == {answer.lower() for answer in answers}


def test_a_question_that_is_judged_by_knows_its_paragraphs_and_one_without_an_answer_none(lists: Lists) -> None:
    of = lists.evaluated_of("real-wiki")
    assert [(lists.asked(number), bool(lists.gold(number))) for number in of] == [
        ("who mended it", True),
        ("is there a zoo", False),
    ]
    candidates = set(map(int, lists.candidates[of[0]]))
    assert lists.gold(of[0]) <= candidates


def test_the_same_text_makes_the_same_lists(
    training: Path, lists: Lists, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = written(training, tmp_path / "again", monkeypatch)
    assert again.kinds == lists.kinds
    assert [again.right(n).tolist() for n in range(len(again))] == [lists.right(n).tolist() for n in range(len(lists))]
    assert [again.wrong(n).tolist() for n in range(len(again))] == [lists.wrong(n).tolist() for n in range(len(lists))]


def read_by_words(lists: Lists, path: Path) -> None:
    """What a reader would write that likes windows with gold in them, and the third piece of each."""
    count, width = lists.candidates.shape
    relevances = np.full((count, width), -99, np.float16)
    tokens, keys = [], []
    for number in range(count):
        for place, window in enumerate(lists.candidates[number]):
            if window >= 0:
                relevances[number, place] = 3 if int(window) in lists.gold(number) else -3
                length = lists.sequence(np.array([], np.int64), int(window)).length
                tokens.append(np.tile(np.arange(length) == 2, (3, 1)).T.astype(np.float16))
                keys.append((number, place))
    path.parent.mkdir()
    np.savez_compressed(
        path, S=relevances, tok=np.concatenate(tokens), off=np.cumsum([0, *map(len, tokens)]), keys=keys
    )


def test_the_sentence_that_answers_is_marked_right_and_a_masked_question_has_none(
    training: Path, prepared: Path, lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_by_words(lists, prepared / "out/scores.npz")
    for module in (reader_features, reader_answers):
        monkeypatch.setattr(module, "TRAINING", training)
        monkeypatch.setattr(module, "PREPARED", prepared)
    reader_features.main()
    reader_answers.main()
    asked, (unread, read) = read_asked(prepared)
    assert (len(unread), len(read)) == (len(UNREAD), len(READ))
    real = {(one.kind, one.is_scoped): one for one in asked if one.collection == "real-wiki"}
    answered = real[Answerability.ANSWERABLE, False]
    assert answered.gold_rank == 0 and answered.relevances.max() == 3
    (right,) = (one for one in answered.sentences if one.is_right)
    assert right.is_cited_rightly and right.features["strongest evidence"] == 1
    assert not any(one.is_right or one.is_cited_rightly for one in real[Answerability.MASKED, False].sentences)
    assert not any(one.is_right for one in real[Answerability.UNANSWERABLE, False].sentences)


def test_gold_of_every_collection_stands_where_it_says(training: Path) -> None:
    for collection in read_collections(training):
        for case in collection.cases:
            for gold in case.golds:
                text = collection.texts[gold.paragraph].text
                if gold.answer is not None:
                    assert gold.answer.of(text) in case.answers
                assert gold.evidence is None or gold.evidence.of(text).strip()


def test_a_swapped_name_is_of_the_document_and_not_of_the_paragraph() -> None:
    collection = Collection("squad")
    places = [collection.place_of(Text("Old town", "Old town", (), text)) for text in (HARBOUR, BRIDGE)]
    collection.cases = [
        Case(question=f"Who worked there in {year}?", golds=[Gold(place, Span(0, 3))], origin=Origin.SPAN)
        for place, year in zip(places, ("1904", "1911"), strict=True)
    ]
    swapped = [one for seed in range(20) for one in names_swapped(collection, Random(seed))]
    assert {one.question for one in swapped} == {"Who worked there in 1911?", "Who worked there in 1904?"}
    for one in swapped:
        year = one.question.removeprefix("Who worked there in ").rstrip("?")
        assert one.origin is Origin.SWAPPED and year not in collection.texts[one.golds[0].paragraph].text


def test_another_wording_keeps_the_question_first_and_a_made_question_has_none() -> None:
    asked = Case(question="When does the market open?", golds=[Gold(0)], origin=Origin.SPAN)
    found = [wordings(asked, Random(seed)) for seed in range(40)]
    assert all(one[0] == asked.question for one in found)
    others = {one[1] for one in found if len(one) > 1}
    assert {"market open", "when does the market open"} <= others and len(others) > 3
    made = Case(question="market day", golds=[Gold(0)], origin=Origin.HEADING)
    assert wordings(made, Random(0)) == ["market day"]
