"""all-MiniLM-L6-v2 as int8 ONNX: texts in, unit vectors out. The only file that runs a model for vectors.

A text's vector depends on the text alone. The model's int8 activations share one scale in a run, so every text is
run by itself: in a batch its neighbours would leak into it. It also pads nothing, and is the faster way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np

from rag.index.embedder import Progress, Vectors
from rag.index.onnx import Session, open_session, processors
from rag.index.wordpieces import WordPieces
from rag.text.identify import is_in

MODEL_FOLDER = Path(__file__).parents[1] / "models" / "all-MiniLM-L6-v2"
DIMENSIONS = 384

AT_ONCE = 8
"""Texts that a thread embeds before it says so: few enough to be stopped between, many enough to be no trouble."""

REMEMBERED = 20_000
"""Vectors kept for sentences, about 30 MB."""

_MADE = b"each text by itself"
"""How vectors are made: part of their fingerprint, as another way gives other numbers."""


class MiniLM(WordPieces):
    """The shipped embedder; `rag.llamaindex` makes it a LlamaIndex one.

    >>> MiniLM().vectors(["a siege", "a blockade"]).shape
    (2, 384)
    """

    model_name = "all-MiniLM-L6-v2-int8"

    def __init__(self, folder: Path = MODEL_FOLDER) -> None:
        super().__init__(folder)
        self._folder = folder
        self._memory: dict[str, Vectors] = {}

    def speaks(self, texts: Sequence[str]) -> bool | None:
        """It was trained on English."""
        return is_in("english", texts)

    def open_session(self, threads: int) -> Session:
        """The model itself, each run of which takes so many threads."""
        return open_session(self._folder / "model.onnx", threads)

    @cached_property
    def _session(self) -> Session:
        """One thread a run, and as many runs at once as there are processors: as fast as one run on all of them,
        nothing spins while others need the processor, and a question does not wait for a batch of documents."""
        return self.open_session(threads=1)

    @cached_property
    def _hands(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(processors(), "ibid-embedder")

    @cached_property
    def fingerprint(self) -> str:
        """Which vectors these are: stored vectors of another fingerprint cannot be compared with them."""
        digest = hashlib.sha256((self._folder / "model.onnx").read_bytes() + _MADE).hexdigest()
        return f"{self.model_name}-{digest[:8]}"

    def vectors(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """One unit vector per text, `[len(texts), 384]`: the same bytes whatever stands beside it. Each text must fit
        the window (see `cut`); `progress(done, total)` is called after every few."""
        out = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        groups = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
        if len(groups) == 1:
            # On the caller's own thread: a question is not to queue behind the texts of an ingest.
            made: Iterable[Vectors] = [self._embed(groups[0])]
        else:
            made = self._hands.map(self._embed, groups)
        done = 0
        try:
            for vectors in made:
                out[done : done + len(vectors)] = vectors
                done += len(vectors)
                if progress is not None:
                    progress(done, len(texts))
        finally:
            # Whoever ends it in the middle, by an error from `progress`, does not wait for the others.
            if close := getattr(made, "close", None):
                close()
        return out

    def _embed(self, texts: Sequence[str]) -> Vectors:
        return np.stack([run_one(self._session, ids) for ids in self.token_ids(texts)])

    def remembered(self, texts: Sequence[str]) -> Vectors:
        """As `vectors`, and kept: the sentences of popular paragraphs come back question after question. Always on
        the caller's own thread."""
        memory = self._memory
        if len(memory) > REMEMBERED:
            # A new one, not the old one emptied: another thread may be about to read from that.
            memory = self._memory = {}
        for text in texts:
            if text not in memory:
                memory[text] = self._embed([text])[0]
        return np.array([memory[text] for text in texts], dtype=np.float32).reshape(-1, DIMENSIONS)

    def query_vector(self, question: str) -> Vectors:
        """Of a question too long for the window, the mean of its pieces' vectors, at unit length."""
        if self.fits(question):
            return np.asarray(self.vectors([question])[0], dtype=np.float32)
        pieces = self.vectors([span.of(question) for span in self.cut([question], [""])[0].windows])
        mean = pieces.mean(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)


def run_one(session: Session, ids: Sequence[int]) -> Vectors:
    """The unit vector of one text's token ids, `[384]`."""
    tokens = np.array([ids], dtype=np.int64)
    (vectors,) = session.run(["embedding"], {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
    return np.asarray(vectors[0], dtype=np.float32)
