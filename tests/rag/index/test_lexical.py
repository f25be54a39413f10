"""BM25 against numbers worked out by hand, and an index on disk that is made anew when anything is wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.candidates import ANSWER_FEATURES
from rag.domain import Question, Role
from rag.errors import StorageError
from rag.index import inverted
from rag.index.embedding import MiniLM
from rag.index.inverted import LegBuilder
from rag.index.lexical import LexicalIndex, LexicalText, build_index, open_index, patched, save_index
from rag.index.store import open_store
from rag.ingest import ingest
from rag.search.learned import read_learned
from rag.search.ranking import RANKING_FEATURES
from rag.search.retrieve import HybridRetriever
from rag.text import terms

TEXTS = [
    LexicalText(text="The siege of the city lasted four years.", context="A Title"),
    LexicalText(text="Bread came in at night.", context="A Title › Bread", role=Role.COMMENT, shredding=0.4),
    LexicalText(text="The  siege of the city\nlasted four years.", context="Another", role=Role.CAPTION),
    LexicalText(text="", context=""),
]


def test_scores_are_bm25_as_worked_out_by_hand() -> None:
    builder = LegBuilder()
    for paragraph in (["siege", "city", "siege", "bread"], ["city", "bread"], ["night", "city"]):
        builder.add(paragraph)
    leg = builder.build()
    # Three paragraphs of 4, 2 and 2 terms, 8/3 on average; k1 1.2, b .75; idf ln(1 + (N - n + .5) / (n + .5)).
    rare, common = log(1 + 2.5 / 1.5), log(1 + 0.5 / 3.5)
    long, short = 1.2 * (0.25 + 0.75 * 4 * 3 / 8), 1.2 * (0.25 + 0.75 * 2 * 3 / 8)
    siege = rare * 2 * 2.2 / (2 + long)
    city = [common * 2.2 / (1 + long), common * 2.2 / (1 + short), common * 2.2 / (1 + short)]
    np.testing.assert_allclose(leg.scores(["siege"]), [siege, 0, 0], rtol=1e-5)
    np.testing.assert_allclose(leg.scores(["city"]), city, rtol=1e-5)
    np.testing.assert_allclose(leg.scores(["siege", "city", "unheard"]), [siege + city[0], *city[1:]], rtol=1e-5)
    np.testing.assert_allclose(leg.scores(["city", "city"]), [2 * score for score in city], rtol=1e-5)
    assert siege == pytest.approx(1.1824, abs=0.0001)


def test_document_frequencies_count_paragraphs() -> None:
    builder = LegBuilder()
    for paragraph in (["siege", "siege"], ["siege", "city"], []):
        builder.add(paragraph)
    leg = builder.build()
    assert [leg.document_frequency(term) for term in ("siege", "city", "bread")] == [2, 1, 0]


def test_an_index_of_nothing_scores_nothing() -> None:
    index = build_index([])
    assert index.size == 0
    assert index.words.scores(["siege"]).shape == (0,)


def test_paragraphs_are_found_by_their_words_and_by_what_stands_above_them() -> None:
    index = build_index(TEXTS)
    assert list(np.flatnonzero(index.words.scores(terms.stems("besieged? the sieges")))) == [0, 2]
    assert list(np.flatnonzero(index.words.scores(terms.stems("another")))) == [2]
    assert index.grams.scores(terms.grams("nights"))[1] > 0
    assert list(index.twins) == [0, 1, 0, 3]
    assert [list(Role)[role] for role in index.roles] == [Role.BODY, Role.COMMENT, Role.CAPTION, Role.BODY]
    np.testing.assert_allclose(index.shredding, [0, 0.4, 0, 0], atol=1e-6)


QUERIES = (["sieg"], ["citi", "bread", "bread"], ["night", "unheard"], ["zürich"], ["sieg", "citi", "night", "12.5"])


def assert_same(one: LexicalIndex, other: LexicalIndex) -> None:
    """What they tell is the same to the bit, in however many segments it lies."""
    for leg, twin in ((one.words, other.words), (one.grams, other.grams)):
        assert (leg.size, leg.count) == (twin.size, twin.count)
        for query in QUERIES:
            np.testing.assert_array_equal(leg.scores(query), twin.scores(query))
            assert [leg.document_frequency(term) for term in query] == [twin.document_frequency(term) for term in query]
    for fact in ("roles", "twins", "texts", "shredding", "windows", "holders"):
        np.testing.assert_array_equal(getattr(one, fact), getattr(other, fact))
    assert one.size == other.size


words = st.lists(st.sampled_from(["siege", "city", "bread", "night", "opened", "Zürich", "12.5"]), max_size=4).map(
    " ".join
)
paragraphs = st.builds(
    LexicalText,
    text=words,
    context=words,
    role=st.sampled_from(Role),
    shredding=st.sampled_from([0.0, 0.25]),
    windows=st.lists(st.sampled_from(["a" * 32, "b" * 32, "c" * 32]), unique=True, max_size=2).map(tuple),
)


@given(st.lists(st.tuples(st.sampled_from(["gone", "stays", "new"]), paragraphs), max_size=12))
def test_an_index_that_is_patched_is_the_one_that_is_built(changes: list[tuple[str, LexicalText]]) -> None:
    before = [text for kind, text in changes if kind != "new"]
    after = [(kind, text) for kind, text in changes if kind != "gone"]
    stay = iter([i for i, (kind, _) in enumerate(after) if kind == "stays"])
    places = np.array([next(stay) if kind == "stays" else -1 for kind, _ in changes if kind != "new"], np.int64)
    at = np.array([i for i, (kind, _) in enumerate(after) if kind == "new"], np.int64)
    new = [text for kind, text in changes if kind == "new"]
    assert_same(patched(build_index(before), places, new, at), build_index([text for _, text in after]))


@pytest.mark.parametrize("texts", [TEXTS, []], ids=["some", "none"])
def test_an_index_is_opened_as_it_was_saved(tmp_path: Path, texts: list[LexicalText]) -> None:
    built = build_index(texts)
    save_index(built, tmp_path / "lexical", "stamp 1")
    opened = open_index(tmp_path / "lexical", "stamp 1")
    if texts:
        assert opened is not None
        assert_same(opened, built)
    else:
        # numpy maps no file without content: an index of nothing is made anew each time.
        assert opened is None or opened.size == 0


def test_an_index_with_another_stamp_is_none(tmp_path: Path) -> None:
    save_index(build_index(TEXTS), tmp_path / "lexical", "stamp 1")
    assert open_index(tmp_path / "lexical", "stamp 2") is None
    assert open_index(tmp_path / "elsewhere", "stamp 1") is None


def test_saving_again_replaces_what_was_there_while_readers_keep_theirs(tmp_path: Path) -> None:
    save_index(build_index(TEXTS), tmp_path / "lexical", "stamp 1")
    old = open_index(tmp_path / "lexical", "stamp 1")
    assert old is not None
    save_index(build_index(TEXTS[:2]), tmp_path / "lexical", "stamp 2")
    new = open_index(tmp_path / "lexical", "stamp 2")
    assert new is not None
    assert (old.size, new.size) == (4, 2)
    assert_same(old, build_index(TEXTS))
    assert [path.name for path in tmp_path.iterdir()] == ["lexical"]


def shorten(name: str, keep: float) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = path_of(folder, name)
        os.truncate(path, int(path.stat().st_size * keep))

    return damage


def replace_with(name: str, content: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path_of(folder, name).write_bytes(content)

    return damage


def remove(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path_of(folder, name).unlink()

    return damage


def path_of(folder: Path, name: str) -> Path:
    """A file by its leg and part; the names of segments are not known before."""
    (path,) = [folder / name] if name == "stamp.json" else folder.glob(name)
    return path


def swap_legs(folder: Path) -> None:
    shutil.copyfile(path_of(folder, "grams-*-counts.npy"), path_of(folder, "words-*-counts.npy"))


def other_bytes(name: str) -> Callable[[Path], None]:
    """Behind the header, in the second two thirds, with the length kept."""

    def damage(folder: Path) -> None:
        path = path_of(folder, name)
        data = bytearray(path.read_bytes())
        start = 128 + (len(data) - 128) // 3
        data[start:] = bytes(byte ^ 0x55 for byte in data[start:])
        path.write_bytes(data)

    return damage


PARTS = ("hashes", "offsets", "postings", "counts", "lengths", "places")
FILES = [f"{leg}-*-{part}.npy" for leg in ("words", "grams") for part in PARTS]
FILES += ["roles.npy", "twins.npy", "texts.npy", "shredding.npy"]

DAMAGES = [
    *(pytest.param(shorten(name, 0), id=f"{name}-emptied") for name in FILES),
    *(pytest.param(shorten(name, 0.9), id=f"{name}-cut") for name in FILES),
    *(pytest.param(replace_with(name, b"\x93NUMPY\x01\x00garbage" * 40), id=f"{name}-garbage") for name in FILES),
    *(pytest.param(remove(name), id=f"{name}-removed") for name in (*FILES, "stamp.json")),
    *(pytest.param(other_bytes(name), id=f"{name}-other-bytes") for name in FILES),  # case 18
    pytest.param(shorten("stamp.json", 0.5), id="stamp-cut"),
    *(
        pytest.param(replace_with("stamp.json", content), id=f"stamp-{content.decode('latin-1')}")
        for content in (b"", b"[]", b"null", b"{}", b'"x"', b"\xff")
    ),
    pytest.param(replace_with("stamp.json", b'{"stamp": "stamp 1", "layout": 1}'), id="stamp-sizeless"),
    pytest.param(replace_with("stamp.json", b'{"stamp": "stamp 1", "layout": 1, "size": 9}'), id="stamp-other-size"),
    pytest.param(replace_with("stamp.json", b'{"stamp": "stamp 1", "layout": 0, "size": 4}'), id="stamp-older-layout"),
    pytest.param(swap_legs, id="legs-swapped"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_none(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = tmp_path / "lexical"
    save_index(build_index(TEXTS), folder, "stamp 1")
    damage(folder)
    assert open_index(folder, "stamp 1") is None
    save_index(build_index(TEXTS), folder, "stamp 1")
    assert open_index(folder, "stamp 1") is not None


def test_the_retriever_makes_a_damaged_index_anew(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.txt").write_text("A Title\n\nThe siege lasted four years.\n\nBread came at night.\n")
    store = open_store(tmp_path / "index", embedder.fingerprint, "test")
    try:
        ingest(store, embedder, {"documents": tmp_path / "documents"}, 20)
        learned, folder = read_learned(RANKING_FEATURES, sentences=ANSWER_FEATURES), tmp_path / "lexical"
        first = (
            HybridRetriever(store, embedder=embedder, learned=learned, folder=folder)
            .search(Question("How long was the siege?"))
            .passages
        )
        for damage in (shorten("grams-*-postings.npy", 0), remove("stamp.json"), swap_legs):
            damage(folder)
            assert open_index(folder, store.generation) is None
            again = (
                HybridRetriever(store, embedder=embedder, learned=learned, folder=folder)
                .search(Question("How long was the siege?"))
                .passages
            )
            assert again == first
            assert open_index(folder, store.generation) is not None
    finally:
        store.close()
    assert first[0].paragraph.text == "The siege lasted four years."


def test_no_room_for_the_index_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("a file")
    with pytest.raises(StorageError) as told:
        save_index(build_index(TEXTS), tmp_path / "in the way" / "lexical", "stamp 1")
    assert str(told.value).startswith(f"Cannot write to {tmp_path / 'in the way'}: ")


@given(st.lists(st.tuples(st.lists(st.sampled_from("abcdef"), max_size=9), st.booleans()), max_size=9))
def test_a_leg_of_which_some_is_seen_tells_what_one_of_those_alone_does(
    paragraphs: list[tuple[list[str], bool]],
) -> None:
    whole, alone = LegBuilder(), LegBuilder()
    for terms_of_it, is_seen in paragraphs:
        whole.add(terms_of_it)
        if is_seen:
            alone.add(terms_of_it)
    seen = np.array([is_seen for _, is_seen in paragraphs], dtype=np.bool_)
    narrowed, expected = whole.build().narrowed(seen), alone.build()
    for query in (*"abcdefg", ["a", "b", "b", "f"]):
        assert np.array_equal(narrowed.scores(query)[seen], expected.scores(query))
        assert not narrowed.scores(query)[~seen].any()
    assert [narrowed.document_frequency(one) for one in "abcdefg"] == [
        expected.document_frequency(one) for one in "abcdefg"
    ]


Steps = list[tuple[list[str], int]]


@given(st.lists(st.tuples(st.lists(words, max_size=5), st.integers(0, 4)), min_size=1, max_size=9), st.integers(1, 7))
def test_however_it_came_to_be_an_index_tells_what_one_built_at_once_does(steps: Steps, largest: int) -> None:
    """Some are added and some are gone, again and again; segments are joined and written anew meanwhile."""
    now, index = [], build_index([])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inverted, "LARGEST", largest)
        for added, gone in steps:
            new = [LexicalText(text=text, context="A Title") for text in added]
            kept = now[gone:]
            places = np.array([-1] * min(gone, len(now)) + [len(new) + i for i in range(len(kept))], np.int64)
            # What is new stands in front: everything moves.
            index, now = patched(index, places, new, np.arange(len(new))), [*new, *kept]
            assert_same(index, build_index(now))
            assert all(placed.count for leg in (index.words, index.grams) for placed in leg.segments)
            seen = np.arange(len(now)) % 3 != 1
            for leg, alone in zip(
                (index.words.narrowed(seen),),
                (build_index([one for one, is_seen in zip(now, seen, strict=True) if is_seen]).words,),
                strict=True,
            ):
                for query in QUERIES:
                    assert np.array_equal(leg.scores(query)[seen], alone.scores(query))
                    assert [leg.document_frequency(one) for one in query] == [
                        alone.document_frequency(one) for one in query
                    ]
                for one in {term for query in QUERIES for term in query}:
                    holding = leg.holding(one)
                    assert len(holding) == leg.document_frequency(one), "each once"
                    assert set(holding.tolist()) == set(np.flatnonzero(leg.scores([one])).tolist())


def test_what_is_added_costs_its_own_size(tmp_path: Path) -> None:
    """A text at a time: no segment is written again before as much came as it holds, and few are to be searched."""
    index, folder = build_index(TEXTS * 500), tmp_path / "lexical"
    save_index(index, folder, "0")
    first = {path.name: path.stat().st_ino for path in folder.glob("*-postings.npy")}
    for number in range(40):
        places = np.arange(index.size, dtype=np.int64)
        index = patched(index, places, [LexicalText(text=f"Text number {number}.", context="")], np.array([index.size]))
        save_index(index, folder, str(number + 1))
        assert len(index.words.segments) <= 8
    assert first.items() <= {path.name: path.stat().st_ino for path in folder.glob("*-postings.npy")}.items()
    opened = open_index(folder, "40")
    assert opened is not None
    assert_same(
        opened, build_index([*TEXTS * 500, *(LexicalText(text=f"Text number {i}.", context="") for i in range(40))])
    )
