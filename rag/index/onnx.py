"""int8 models on the processors: how a session is opened, and how many runs go side by side.

With `embedding` and `search.cross_encoder` the only files that speak of onnxruntime.
"""

from __future__ import annotations

import os
from pathlib import Path

import onnxruntime

from rag.errors import ModelError


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def open_session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """The model in `path`, each run of which takes so many threads. One thread a run, and as many runs at once as
    there are processors, is as fast as one run on all of them, and nothing spins while others need the processor.

    Raises ModelError where the file cannot be loaded.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        # Without this fusion the shipped graphs run about 5 % faster (all-MiniLM-L6-v2/PROVENANCE.md).
        return onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=["SkipLayerNormFusion"]
        )
    except Exception as error:  # the vendor's exception types are private
        raise ModelError(f"The model in {path.parent} cannot be loaded ({error}). Run `make models`.") from error
