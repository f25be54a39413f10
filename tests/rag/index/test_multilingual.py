"""The multilingual embedder: what says the same lies near, in whichever language, and depends on its own text alone."""

from __future__ import annotations

import numpy as np
import pytest

from rag.index.multilingual import LONGEST, MultilingualE5

SAYINGS = (
    ("The ferry does not sail when the wind is stronger than force nine.",
     "Bei mehr als Windstärke neun fährt die Fähre nicht.",
     "El ferri no sale si el viento supera la fuerza nueve.",
     "Паром не ходит, если ветер сильнее девяти баллов.",
     "风力超过九级时渡轮停航。"),
    ("The treasurer keeps the key of the tool shed.",
     "Den Schlüssel zum Geräteschuppen hat die Schatzmeisterin.",
     "El tesorero guarda la llave del cobertizo.",
     "Ключ от сарая хранится у казначея.",
     "工具棚的钥匙由司库保管。"),
    ("Dogs are not allowed in the greenhouse.",
     "Hunde dürfen nicht ins Gewächshaus.",
     "No se permiten perros en el invernadero.",
     "С собаками в теплицу нельзя.",
     "温室内禁止带狗。"),
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> MultilingualE5:
    return MultilingualE5()


def test_vectors_have_length_one_and_384_numbers(model: MultilingualE5) -> None:
    made = np.stack([*model.get_text_embedding_batch([one[0] for one in SAYINGS]), model.get_query_embedding("Wer?")])
    assert made.shape == (4, 384)
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)


def test_what_is_said_in_another_language_lies_nearest_to_the_same(model: MultilingualE5) -> None:
    english = np.stack(model.get_text_embedding_batch([one[0] for one in SAYINGS]))
    for right, sayings in enumerate(SAYINGS):
        for foreign in sayings[1:]:
            assert int(np.argmax(english @ model.get_query_embedding(foreign))) == right, foreign


def test_a_vector_depends_on_its_own_text_alone(model: MultilingualE5) -> None:
    texts = [one for sayings in SAYINGS for one in sayings]
    together = model.get_text_embedding_batch(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(model.get_text_embedding_batch([text])[0], vector)


@pytest.mark.slow
def test_no_text_is_too_long_and_none_too_short(model: MultilingualE5) -> None:
    long = "The ferry waits. " * LONGEST
    changed = long + "Hunde dürfen nicht ins Gewächshaus. " * 40
    for text in ("", " ", "x" * 5_000, long):
        assert np.isfinite(model.get_query_embedding(text)).all()
    assert not np.array_equal(*model.get_text_embedding_batch([long, changed]))
