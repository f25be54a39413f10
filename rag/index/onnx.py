"""int8 models on the processors: how a session and a tokenizer are opened, and how many runs go side by side."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeAlias

import onnxruntime
from tokenizers import Tokenizer

from rag.errors import ModelError

Session: TypeAlias = onnxruntime.InferenceSession


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def open_session(path: Path, threads: int = 1) -> Session:
    """The model in `path`, each run of which takes so many threads. One thread a run, and as many runs at once as
    there are processors, is as fast as one run on all of them, and nothing spins while others need the processor.

    Raises ModelError where the file cannot be loaded.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        # Without this fusion the shipped graphs run about 5 % faster (all-MiniLM-L6-v2/PROVENANCE.md).
        return Session(
            str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=["SkipLayerNormFusion"]
        )
    except Exception as error:  # the vendor's exception types are private
        raise _unloadable(path, error) from error


def open_tokenizer(path: Path) -> Any:
    """The tokenizer in `path`, which neither cuts nor pads: both are the caller's to choose. Raises ModelError where
    the file cannot be loaded."""
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the vendor raises a bare Exception here
        raise _unloadable(path, error) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _unloadable(path: Path, error: Exception) -> ModelError:
    way = "Install Ibid again, or, in a checkout, run `make models`."
    return ModelError(f"The model in {path.parent} cannot be loaded ({error}). {way}")
