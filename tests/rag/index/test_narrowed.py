"""Searches among some texts: what Chroma would find, without asking it a second time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.index import narrowed
from rag.index.chroma import CONFIGURATIONS, NEAREST, client_of
from rag.index.embedder import Vectors
from rag.index.narrowed import Narrowed

TEXTS = [f"text-{i:03}" for i in range(300)]


class Asked:
    """A collection, and how often it was asked for what."""

    def __init__(self, collection: Any) -> None:
        self.collection, self.calls = collection, list[str]()

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self.collection, name)


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    drawn = np.random.default_rng(7).normal(size=(len(TEXTS), 16))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module", params=[CONFIGURATIONS["windows"], NEAREST], ids=["shipped", "second"])
def collection(request: pytest.FixtureRequest, vectors: Vectors, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:  # fmt: skip
    client = client_of(tmp_path_factory.mktemp("index"))
    made = client.create_collection("texts", embedding_function=None, configuration={"hnsw": request.param})
    # A second embedder's may be of any length.
    lengths = 1.0 if request.param["space"] == "ip" else np.linspace(0.5, 3.0, len(TEXTS))[:, None]
    made.upsert(ids=TEXTS, embeddings=(vectors * lengths).astype(np.float32))
    yield made


@settings(max_examples=30)
@given(
    chosen=st.sets(st.sampled_from(TEXTS), min_size=1, max_size=80),
    limit=st.integers(1, 100),
    query=st.integers(0, len(TEXTS) - 1),
)
def test_it_finds_what_is_nearest_among_them_and_tells_the_cosines(
    collection: Any, vectors: Vectors, chosen: set[str], limit: int, query: int
) -> None:
    among = sorted(chosen)
    found = Narrowed().nearest(collection, 2 * vectors[query], limit, among, keeps=True)
    cosines = {text: float(vectors[TEXTS.index(text)] @ vectors[query]) for text in among}
    best = sorted(among, key=lambda text: -cosines[text])[:limit]
    assert [text for text, _ in found] == best
    assert [cosine for _, cosine in found] == pytest.approx([cosines[text] for text in best], abs=1e-5)


def test_the_same_texts_are_fetched_once_and_of_all_texts_chroma_is_asked(collection: Any, vectors: Vectors) -> None:
    asked, searches = Asked(collection), Narrowed()
    for query in vectors[:5]:
        searches.nearest(asked, query, 3, TEXTS[:50], keeps=True)
    assert asked.calls == ["get"]
    assert searches.nearest(asked, vectors[3], 1, None, keeps=True) == [(TEXTS[3], pytest.approx(1.0, abs=1e-5))]
    assert searches.nearest(asked, vectors[3], 1, [], keeps=True) == []
    assert asked.calls == ["get", "query"]
    searches.nearest(asked, vectors[3], 1, TEXTS[:50], keeps=False)
    assert asked.calls == ["get", "query", "query"], "what is not to be kept is Chroma's to find"


def test_those_of_long_ago_are_let_go_and_of_too_many_chroma_is_asked(
    collection: Any, vectors: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narrowed, "MOST", 100)
    asked, searches = Asked(collection), Narrowed()
    first, second, third = TEXTS[:40], TEXTS[40:80], TEXTS[80:120]
    for among in (first, second, first, third, first, second):
        searches.nearest(asked, vectors[0], 3, among, keeps=True)
    assert asked.calls == ["get", "get", "get", "get"], "the second had to go for the third"
    assert len(searches.nearest(asked, vectors[0], 3, TEXTS[:101], keeps=True)) == 3
    assert asked.calls[-1] == "query"


def test_a_vector_that_is_made_anew_later_is_found_then(collection: Any, vectors: Vectors) -> None:
    searches, among = Narrowed(), [*TEXTS[:3], "text-late"]
    assert {text for text, _ in searches.nearest(collection, vectors[0], 9, among, keeps=True)} == set(TEXTS[:3])
    collection.upsert(ids=["text-late"], embeddings=vectors[:1])
    try:
        assert {text for text, _ in searches.nearest(collection, vectors[0], 9, among, keeps=True)} == set(among)
    finally:
        collection.delete(ids=["text-late"])
