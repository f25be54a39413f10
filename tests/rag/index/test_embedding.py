"""The shipped embedder itself: its vectors, and what it cuts texts into."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelError
from rag.index.embedding import MiniLM
from rag.index.wordpieces import WINDOW

TEXTS = [
    "The siege of the city lasted four years.",
    "Bread.",
    "Rye bread keeps for two weeks in a linen cloth, provided that the cloth is dry and changed now and then. " * 4,
    "",
    "🙂 “curly” – \u00a0 text",
    "El pan de centeno se conserva dos semanas.",
    "Who besieged the city?",
]

PROSE = (
    "The council met on Monday (Oct. 18). It did not agree on the price of bread, which had risen to 4.50 by then. "
    "“Nothing can be done,” said Col. Smith of the U.S. garrison! "
)


def test_vectors_have_length_one_and_384_numbers(embedder: MiniLM) -> None:
    vectors = embedder.vectors(TEXTS)
    assert vectors.shape == (7, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_like_lies_near_like(embedder: MiniLM) -> None:
    siege, blockade, bread = embedder.vectors(
        ["The city was under siege.", "The town had been blockaded.", "Rye bread keeps for two weeks."]
    )
    assert siege @ blockade > 0.5 > 0.3 > siege @ bread


def test_the_same_call_gives_the_same_numbers(embedder: MiniLM) -> None:
    np.testing.assert_array_equal(embedder.vectors(TEXTS), embedder.vectors(TEXTS))


def test_what_is_remembered_is_what_each_text_gives_by_itself(embedder: MiniLM) -> None:
    fresh = MiniLM()
    expected = np.stack([embedder.vectors([text])[0] for text in TEXTS])
    np.testing.assert_array_equal(fresh.remembered(TEXTS), expected)
    np.testing.assert_array_equal(fresh.remembered([TEXTS[2], TEXTS[0], TEXTS[2]]), expected[[2, 0, 2]])
    assert fresh.remembered([]).shape == (0, 384)


def test_threads_may_remember_at_the_same_time(embedder: MiniLM) -> None:
    expected = embedder.vectors(["Bread number 3."])[0]
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for i in range(8):
                row = embedder.remembered([f"Bread number {i}.", "Bread number 3."])[1]
                np.testing.assert_allclose(row, expected, atol=1e-6)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_no_texts_give_no_vectors(embedder: MiniLM) -> None:
    assert embedder.vectors([]).shape == (0, 384)


def test_progress_ends_at_the_number_of_texts(embedder: MiniLM) -> None:
    seen: list[tuple[int, int]] = []
    embedder.vectors(TEXTS * 30, lambda done, total: seen.append((done, total)))
    assert len(seen) > 1
    assert seen[-1] == (210, 210)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PROSE * 30, id="prose"),
        pytest.param("word " * 3000, id="one-sentence"),
        pytest.param("x" * 5000, id="one-word"),
        pytest.param(" ".join(f"{i:032x}" for i in range(200)), id="hashes"),
        pytest.param("Donaudampfschifffahrtsgesellschaftskapitänswitwenrente " * 60, id="compounds"),
        pytest.param("围城持续了四年。面包在夜里运来，没有人知道是谁。" * 40, id="chinese"),
        pytest.param("การปิดล้อมเมืองกินเวลาสี่ปี" * 60, id="thai"),
        pytest.param("Осада города длилась четыре года, и хлеб привозили ночью. " * 40, id="russian"),
        pytest.param("도시의 포위는 사년 동안 계속되었다 " * 60, id="korean"),
        pytest.param("🙂👩‍👩‍👧 " * 700, id="emoji"),
        pytest.param("e\u0301\u0302\u0323" * 900, id="accents"),
        pytest.param("a\0b " * 900, id="nul"),
        pytest.param("!?." * 900, id="marks-only"),
        pytest.param("line one\nline two\r\n\r\n" * 300, id="lines"),
        pytest.param("ab" * 49 + " " + "'" * 300 + " " + "zq" * 49, id="quotes"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "prefix", ["", "The Title › A Heading\n", "围城" * 60 + "\n"], ids=["bare", "titled", "long-title"]
)
def test_windows_cover_the_text_in_order_and_each_one_fits(embedder: MiniLM, text: str, prefix: str) -> None:
    spans = embedder.cut([text], [prefix])[0].windows
    assert spans[0].start == 0 or not text[: spans[0].start].strip()
    for one, other in pairwise(spans):
        assert one.end <= other.start
        assert not text[one.end : other.start].strip()
    assert not text[spans[-1].end :].strip()
    assert all(embedder.fits(prefix + span.of(text)) for span in spans)


def test_a_short_text_is_one_window(embedder: MiniLM) -> None:
    (span,) = embedder.cut([PROSE], ["A Title\n"])[0].windows
    assert span.of(PROSE) == PROSE


def test_long_texts_are_cut_at_the_ends_of_sentences(embedder: MiniLM) -> None:
    windows = [span.of(PROSE * 30).strip() for span in embedder.cut([PROSE * 30], [""])[0].windows]
    assert len(windows) > 3
    assert all(window.endswith((".", "!")) for window in windows)
    assert all(window.startswith(("The council", "It did", "“Nothing")) for window in windows)


def test_windows_are_filled(embedder: MiniLM) -> None:
    """No more windows than a full packing of the words needs, and one."""
    spans = embedder.cut(["word " * 3000], [""])[0].windows
    assert len(spans) <= 3000 // (WINDOW - 2) + 2


def test_a_text_fits_up_to_the_window_and_no_further(embedder: MiniLM) -> None:
    assert embedder.fits("word " * 254)
    assert not embedder.fits("word " * 255)


@pytest.mark.parametrize("prefix", ["", "A Title", "A Title › " + "Heading " * 200, "围城" * 200, "x" * 900])
def test_a_clipped_prefix_begins_the_same_and_leaves_half_the_window(embedder: MiniLM, prefix: str) -> None:
    clipped = embedder.clipped(prefix)
    assert prefix.startswith(clipped)
    assert embedder.fits(clipped + "\n" + "word " * (WINDOW // 2 - 2))
    assert clipped == prefix or len(clipped) > 100


def test_a_long_question_is_embedded_whole(embedder: MiniLM) -> None:
    about_bread = "Rye bread keeps for two weeks in a dry linen cloth. " * 40
    query = embedder.query_vector(about_bread + "The siege lasted four years. " * 60)
    siege, bread = embedder.vectors(["The siege lasted four years.", "Rye bread keeps for two weeks."])
    assert np.linalg.norm(query) == pytest.approx(1.0, abs=1e-5)
    assert np.array(query) @ siege > 0.3
    assert np.array(query) @ bread > 0.3


def test_foreign_texts_are_shredded_and_english_ones_are_not(embedder: MiniLM) -> None:
    texts = [
        "The siege of the city lasted four years, and bread came in at night.",
        "El asedio de la ciudad duró cuatro años y el pan llegaba por la noche.",
        "Осада города длилась четыре года, и хлеб привозили ночью.",
        "围城持续了四年。",
        "",
    ]
    english, spanish, russian, chinese, none = [cut.shredding for cut in embedder.cut(texts, [""] * 5)]
    assert [embedder.shredding(text) for text in texts] == [english, spanish, russian, chinese, none]
    assert english < 0.33 < spanish < 0.6 < russian
    assert chinese > 0.9
    assert none == 0


def test_the_fingerprint_names_model_and_bytes(embedder: MiniLM) -> None:
    assert embedder.fingerprint.startswith("all-MiniLM-L6-v2-int8-")
    assert embedder.fingerprint == MiniLM().fingerprint


def test_a_missing_model_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be loaded .* run `make models`\."):
        MiniLM(tmp_path).vectors(["x"])
