"""What is fitted: where the making of models is found, what is learned from what, and how it is written."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evals.fitting.fit import (
    GATE_UNREAD,
    GATE_WORDS,
    SENTENCES_UNREAD,
    choose,
    gate_features,
    gate_json,
    held_out,
    write_learned,
)
from evals.fitting.fit_records import Asked, Kind, Sentence
from evals.fitting.training_texts import Gold
from rag.answer.candidates import ANSWER_FEATURES
from rag.answer.gate import GATE_FEATURES, gate_from
from rag.domain import Span
from rag.errors import ModelError
from rag.search.learned import LEARNED_FILE, learned_content, read_learned
from rag.search.ranking import RANKING_FEATURES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "content",
    [
        None,
        "{",
        '{"shredding_limit": 1, "ranking": {"another": 1, "bias": 0}, "ranking_without_dense": {}, "sentences": {}}',
    ],
    ids=["missing", "cut off", "other features"],
)
def test_learned_numbers_that_do_not_fit_name_the_command_that_makes_them(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "learned.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelError, match=r"[Rr]un `make fit`\."):
        read_learned(("coverage",), sentences=("pairs",), path=path)


def test_every_module_file_and_folder_that_make_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    modules = re.findall(r"-m (evals[\w.]+)", makefile)
    files = re.findall(r"(?<![\w./])((?:evals|rag|ui|tests)/[\w/.-]+)", makefile)
    assert modules and files
    for path in [*files, *(f"{module.replace('.', '/')}.py" for module in modules)]:
        assert (ROOT / path).exists(), path


def test_shipped_models_lie_beside_no_program() -> None:
    assert [path.name for path in (ROOT / "rag" / "models").rglob("*.py")] == ["__init__.py"]


def sentence(*, is_right: bool, **features: float) -> Sentence:
    return Sentence({**dict.fromkeys(ANSWER_FEATURES, 0.0), **features}, is_right, is_right)


ASKED = Asked(
    collection="real-manual",
    kind=Kind.ANSWERABLE,
    is_scoped=False,
    sentences=[
        sentence(is_right=False, coverage=0.25, cosine=0.75),
        sentence(is_right=True, coverage=0.5, cosine=0.5, evidence=2.0),
    ],
    relevances=np.array([-1.0, 3.0]),
    gold_rank=0,
    has_names=False,
    terms=4,
    missing_weight=0.125,
    passage_share=0.6,
    passage_cosine=0.7,
    whole_coverage=0.9,
)


def test_the_likeliest_sentence_is_chosen_and_its_numbers_are_the_gates() -> None:
    chosen = choose(ASKED, weights=np.array([10.0]), names=["coverage"])
    assert chosen.best == 1
    named = dict(zip(GATE_FEATURES, gate_features(ASKED, chosen=chosen, names=GATE_FEATURES), strict=True))
    assert named == pytest.approx(
        {
            "sentence coverage": 0.5,
            "context coverage": 0.0,
            "whole coverage": 0.9,
            "loose coverage": 0.0,
            "pairs": 0.0,
            "names": 1.0,
            "missing weight": 0.125,
            "passage cosine": 0.7,
            "sentence cosine": 0.75,
            "sentence share": 1 / (1 + np.exp(-2.5)),
            "passage share": 0.6,
            "kind missing": 0.0,
            "few terms": 0.25,
            "reader best": 3.0,
            "reader second": -1.0,
            "reader sum": np.log(np.exp(3.0) + np.exp(-1.0)),
            "evidence": 2.0,
            "strongest evidence": 0.0,
            "begins": 0.0,
        }
    )


def test_a_collection_is_judged_by_a_model_that_has_not_seen_it() -> None:
    rows = [replace(ASKED, collection=name) for name in ("real-a", "real-b", "squad")]
    held = held_out(rows, fit=lambda seen: [one.collection for one in seen])
    assert [held.of(one) for one in rows] == [["real-b", "squad"], ["real-a", "squad"], ["real-a", "real-b", "squad"]]


@pytest.mark.parametrize(
    ("gold", "needs_answer", "is_right"),
    [
        (Gold(3, None, None), True, True),
        (Gold(4, None, None), True, False),
        (Gold(3, None, Span(15, 40)), True, True),
        (Gold(3, None, Span(20, 40)), True, False),
        (Gold(3, Span(30, 35), Span(15, 40)), True, False),
        (Gold(3, Span(30, 35), Span(15, 40)), False, True),
    ],
    ids=["paragraph", "another paragraph", "meets the evidence", "beside it", "lacks the answer", "needs no answer"],
)
def test_a_sentence_is_right_that_meets_evidence_and_answer(gold: Gold, needs_answer: bool, is_right: bool) -> None:
    assert gold.holds(3, span=Span(10, 20), needs_answer=needs_answer) is is_right


def test_what_is_fitted_is_written_as_the_product_reads_it(tmp_path: Path) -> None:
    learned = tmp_path / "learned.json"
    shutil.copy(LEARNED_FILE, learned)
    ranking = np.arange(len(RANKING_FEATURES), dtype=float)
    unread, read = np.ones(len(SENTENCES_UNREAD)), np.ones(len(ANSWER_FEATURES))
    models = (GATE_FEATURES, GATE_UNREAD, GATE_WORDS)
    gate = gate_json({names: (np.ones(len(names)), 0.5) for names in models})
    write_learned(learned, rankings=(ranking[1:], ranking), sentences=unread, sentences_read=read, gate=gate)
    assert gate_from(learned_content(learned)["gate"]).with_reader.bias == 0.5
    found = read_learned(RANKING_FEATURES, sentences=ANSWER_FEATURES, path=learned)
    # The fit has the reader first, the product last.
    assert list(found.ranking_read.weights) == [*ranking[1:], 0.0]
    assert list(found.sentences.weights) == [1.0] * len(SENTENCES_UNREAD) + [0.0] * 3
