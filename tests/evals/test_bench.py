"""The figures of a small set of our own, measured as public sets are."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from evals.bench import BENCH_METRICS, GATE, LEGS, RANKING, TARGETS, Bench, measured
from evals.bench_scale import MEASURES, growth_plots, scale_figures
from evals.bench_speed import DrawnVectors, bare_seconds, latency_figures, rescan_figures, throughput_figures
from evals.run import Way
from evals.summary import read_thresholds
from rag.index.embedding import DIMENSIONS, MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

ROOT = Path(__file__).parents[2]
FACTS = {
    "leave": "Employees are entitled to 16 weeks of parental leave.",
    "bees": "A hive of honey bees has one queen and many thousand workers.",
    "bridge": "The old bridge over the river was built of stone in 1734.",
}
QUESTIONS = {
    "leave": ("How long is parental leave?", "16 weeks"),
    "bees": ("How many queens has a hive of bees?", "one queen"),
    "bridge": ("When was the old bridge built?", "1734"),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    data = tmp_path_factory.mktemp("data")
    for name in ("small", "squad-v1.1-dev"):
        write_set(data / name)
    return Bench(data, tmp_path_factory.mktemp("bench"))


def write_set(folder: Path) -> None:
    documents = folder / "documents"
    documents.mkdir(parents=True)
    for name, text in FACTS.items():
        (documents / f"{name}.txt").write_text(f"{name.title()}\n\n{text}\n", encoding="utf-8")
    cases = [
        {"id": name, "question": question, "answers": [answer], "gold": [{"document": f"{name}.txt", "quote": answer}]}
        for name, (question, answer) in QUESTIONS.items()
    ]
    cases.append({"id": "cup", "question": "Who won the World Cup in 2014?", "answerable": False})
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    (folder / "questions.jsonl").write_text(lines, encoding="utf-8")


def test_a_ranking_is_measured_beside_each_leg_by_itself(bench: Bench) -> None:
    results = bench.rankings("small")
    assert [result.case.id for result in results] == list(QUESTIONS)
    assert all(result.score(f"leg {leg}") is not None for result in results for leg in LEGS)
    found = {figure.what: figure for figure in measured("small", results=results, names=RANKING)}
    assert found["right paragraph first"].value.value == 1.0
    over = found["nDCG@10 over the best single leg"]
    assert set(over.value.notes) == set(LEGS)
    assert over.limit is not None
    assert over.limit.least == -0.005


def test_the_gate_is_measured_with_the_gold_there_and_hidden(bench: Bench) -> None:
    results = bench.run("small") + bench.run("small", way=Way.GOLD_HIDDEN)
    assert [result.case.answerable for result in results] == [True] * 3 + [False] * 3
    assert all(result.answer and result.answer.statements for result in results), "the gate is open"
    figures = measured("xquad-en, gold hidden", results=results, names=GATE)
    assert [figure.limit is not None for figure in figures] == [True] + [False] * (len(GATE) - 1)
    assert len(bench.run("small", is_whole=True)) == 4


def test_every_target_names_a_metric_that_is_measured() -> None:
    for where in tomllib.loads(TARGETS.read_text(encoding="utf-8")):
        assert read_thresholds(where, path=TARGETS, metrics=BENCH_METRICS)


def test_drawn_vectors_pass_for_the_embedders_own() -> None:
    drawn = DrawnVectors()
    assert drawn.fingerprint == MiniLM().fingerprint
    vectors = drawn.vectors(["a", "b", "c"])
    assert vectors.shape == (3, DIMENSIONS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_bare_onnxruntime_runs_over_the_same_texts_as_the_ingest(bench: Bench, tmp_path: Path) -> None:
    settings = Settings(documents=bench.suite("small").documents, home=tmp_path)
    with open_chatbot(settings, "test") as bot:
        bot.ingest()
        assert 0 < bare_seconds(bot) < 60


@pytest.mark.slow
def test_times_are_taken_of_ingest_search_and_rescan(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        *throughput_figures(bench.data, home=bench.home),
        *latency_figures(bench.data, home=bench.home, paragraphs=500),
        *rescan_figures(bench.data, home=bench.home, files=20),
    ]
    values = {(figure.where, figure.what): figure.value.value for figure in found}
    for figure in (
        ("ingest of squad-v1.1-dev", "pace over bare onnxruntime"),
        ("a search among 6 paragraphs", "p50"),
        ("a search among 500 paragraphs", "p50"),
        ("20 unchanged files", "re-scan"),
    ):
        assert values[figure] > 0
    assert "of which dense" in {figure.what for figure in found}
    if not Path(".venv-reference").exists():
        assert "`make reference`" in capsys.readouterr().out


@pytest.mark.slow
def test_a_folder_that_is_not_there_is_told_in_one_line() -> None:
    command = [sys.executable, "-m", "evals.bench", "--benchmarks", "nowhere"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "nowhere does not exist. Name the folder of the public sets with --benchmarks.\n"


@pytest.mark.slow
def test_how_it_grows_is_measured_in_the_process_and_on_a_server(bench: Bench, tmp_path: Path) -> None:
    figures = list(scale_figures(bench.data, home=tmp_path, sizes=(500, 1_000)))
    told = {(one.where, one.what): one.value.value for one in figures}
    for place in ("in the process", "on a Chroma server"):
        for size in ("500 paragraphs", "1,000 paragraphs"):
            assert all(told[f"{size} {place}", measure.what] > 0 for measure in MEASURES.values())
            whole, beyond = (told[f"{size} {place}", MEASURES[name].what] for name in ("memory", "beyond"))
            assert beyond < whole if place == "in the process" else beyond == whole
        assert told[f"ten times as many {place}", "disk"] > 1
    plots = growth_plots(figures)
    assert plots.count("```mermaid\n") == 6 and plots.count("    line [") == 12
    assert 'x-axis "paragraphs" ["500", "1,000"]' in plots
    # What was added to be found is gone.
    assert not list(tmp_path.rglob("one-more.txt"))
