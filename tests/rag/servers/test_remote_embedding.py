"""An embedder on a server: unit vectors in order, and each failure one clear line in which no key stands."""

from __future__ import annotations

import socket
import time

import numpy as np
import pytest

from rag.errors import EmbeddingError
from rag.servers.remote_embedding import BATCH, RemoteEmbedding
from tests.conftest import EmbeddingServer, ModelServer

KEY = "sk-planted-0123456789"


def embedding(url: str, silent: float = 5.0, question: float = 5.0) -> RemoteEmbedding:
    return RemoteEmbedding("embed-test", KEY, url, silent_seconds=silent, question_seconds=question)


def test_vectors_are_unit_ones_in_the_order_of_their_texts(embedding_server: EmbeddingServer) -> None:
    texts = [f"word{i} siege" for i in range(BATCH + 5)]
    vectors = np.array(embedding(embedding_server.url).get_text_embedding_batch(texts))
    assert vectors.shape == (BATCH + 5, embedding_server.dimensions)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        expected = np.array(embedding_server.vector(text))
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)
    assert list(map(len, embedding_server.asked)) == [BATCH, 5]
    assert embedding_server.keys == {KEY}


def test_half_a_letter_is_sent_as_a_question_mark(embedding_server: EmbeddingServer) -> None:
    embedding(embedding_server.url).get_query_embedding("a \ud800 siege")
    assert embedding_server.texts == ["a ? siege"]


def test_a_real_server_of_the_protocol_is_understood(model_server: ModelServer) -> None:
    fixture = {"match": {"inputText": "siege"}, "response": {"embedding": [0.0, 3.0, 4.0]}}
    with model_server({"siege": fixture}) as url:
        assert np.allclose(embedding(url).get_text_embedding_batch(["a siege", "a convoy"]), [[0.0, 0.6, 0.8]] * 2)
        assert np.allclose(embedding(url).get_query_embedding("a siege"), [0.0, 0.6, 0.8])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "said", "line"),
    [
        (401, f"Incorrect API key provided: {KEY}", r"127\.0\.0\.1:\d+ refuses the key\. Check OPENAI_API_KEY\."),
        (403, f"{KEY} may not", r"does not let this key use embed-test \(… may not\)\. Check IBID_EMBED_MODEL"),
        (
            404,
            "no such model",
            r"knows no model embed-test \(no such model\)\. Check IBID_EMBED_MODEL and OPENAI_BASE_URL\.",
        ),
        (400, f"the key {KEY} is not for that", r"does not take the request .*the key … is not for that"),
        (500, f"crashed on Bearer {KEY}", r"failed .*crashed on Bearer …"),
        (400, "maximum context length is 512 tokens", r"What was sent is too long for embed-test at"),
    ],
)
def test_every_refusal_is_one_line_that_says_what_to_do(
    embedding_server: EmbeddingServer, status: int, said: str, line: str
) -> None:
    embedding_server.status, embedding_server.message = status, said
    with pytest.raises(EmbeddingError, match=line) as refused:
        embedding(embedding_server.url).get_query_embedding("a siege")
    assert "\n" not in str(refused.value)
    assert KEY not in str(refused.value)
    assert KEY not in str(refused.value.__cause__)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (lambda vectors: vectors[:1], r"sent 1 vectors for 2 texts"),
        (lambda vectors: [vectors[0], vectors[1][:5]], r"or uneven ones"),
        (lambda vectors: [[0.0] * 8, [0.0] * 8], r"sent what is no vector"),
        (lambda vectors: [["a"], ["b"]], r"sent what is no answer"),
        (lambda vectors: [[], []], r"sent what is no vector"),
        (lambda vectors: [None, None], r"sent what is no answer \(rows without a vector\)"),
        (lambda vectors: [[{}], [None]], r"sent what is no answer \(rows without a vector\)"),
    ],
    ids=["fewer", "uneven", "zeros", "no numbers", "empty", "nothing", "objects"],
)
def test_what_is_no_vector_is_told(embedding_server: EmbeddingServer, sent: object, line: str) -> None:
    embedding_server.sending = sent  # type: ignore[assignment]
    with pytest.raises(EmbeddingError, match=line):
        embedding(embedding_server.url).get_text_embedding_batch(["a siege", "a convoy"])


def test_a_question_does_not_wait_long_and_is_not_tried_again(embedding_server: EmbeddingServer) -> None:
    embedding_server.silent = 2.0
    started = time.monotonic()
    with pytest.raises(EmbeddingError, match="did not answer in time"):
        embedding(embedding_server.url, silent=30.0, question=0.3).get_query_embedding("a siege")
    assert time.monotonic() - started < 1.5


def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(EmbeddingError, match=rf"127\.0\.0\.1:{port} cannot be reached\. Check OPENAI_BASE_URL"):
        embedding(f"http://127.0.0.1:{port}/v1").get_query_embedding("a siege")


def test_an_address_is_shown_without_the_password_in_it() -> None:
    assert embedding("https://me:secret@gateway.example/v1").host == "gateway.example"
