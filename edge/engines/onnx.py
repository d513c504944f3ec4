"""Sentence embeddings on the CPU with ONNX Runtime. The only home of onnxruntime and tokenizers.

The graph (see edge.build) takes token ids and gives pooled vectors of length 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.engine import Vectors
from ontology.errors import Corrupt, Unavailable

BATCH_TOKENS = 4_096
"""Padded tokens per run: larger batches gain nothing on two cores and cost memory."""


class OnnxEmbedder:
    """An embedding model from a folder with model.onnx, tokenizer.json and engine.json.

    `threads` 0 lets ONNX Runtime take every core. Raises Unavailable when the runtime or the
    model is not there, Corrupt when the folder cannot be read.
    """

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        about = _about(folder)
        self._name = str(about["name"])
        self._dim = int(about["dim"])
        self._session, self._tokenizer = _load(folder, int(about["window"]), threads)

    @property
    def name(self) -> str:
        return self._name

    @property
    def dim(self) -> int:
        return self._dim

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32, shape (len(texts), dim), in the order of `texts`."""
        vectors = np.zeros((len(texts), self._dim), dtype=np.float32)
        encoded = [item.ids for item in self._tokenizer.encode_batch(list(texts))]
        for rows in batches([len(ids) for ids in encoded]):
            vectors[rows] = self._run([encoded[row] for row in rows])
        return vectors

    def _run(self, encoded: list[list[int]]) -> Vectors:
        shape = (len(encoded), max(map(len, encoded)))
        ids: NDArray[np.int64] = np.zeros(shape, dtype=np.int64)
        mask: NDArray[np.int64] = np.zeros(shape, dtype=np.int64)
        for row, tokens in enumerate(encoded):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        (out,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return np.asarray(out, dtype=np.float32)


def batches(lengths: Sequence[int], budget: int = BATCH_TOKENS) -> Iterator[list[int]]:
    """Row numbers grouped by similar length, each group at most `budget` tokens when padded.

    >>> list(batches([9, 2, 8, 2], budget=16))
    [[1, 3], [2], [0]]
    """
    group: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda at: (lengths[at], at)):
        if group and (len(group) + 1) * lengths[row] > budget:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _about(folder: Path) -> dict[str, Any]:
    path = folder / "engine.json"
    try:
        about: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as cause:
        raise Unavailable(
            f"no embedding model in {folder}", hint="run `python -m edge.build FOLDER` to fetch it"
        ) from cause
    except (OSError, ValueError) as cause:
        raise Corrupt(
            f"{path} cannot be read: {cause}", hint="delete the folder, fetch again"
        ) from cause
    if not {"name", "dim", "window"} <= about.keys():
        raise Corrupt(f"{path} lacks name, dim or window", hint="delete the folder, fetch again")
    return about


def _load(folder: Path, window: int, threads: int) -> tuple[Any, Any]:
    try:
        import onnxruntime  # noqa: PLC0415  (60 MB, optional)
        from tokenizers import Tokenizer  # noqa: PLC0415  (optional)
    except ImportError as cause:
        raise Unavailable(
            f"{cause.name} is not installed", hint="install the `edge` extra"
        ) from cause
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors only; the rest is shouted to stderr
    try:
        session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as cause:  # both raise bare or private exception types
        raise Corrupt(
            f"the embedding model in {folder} cannot be loaded: {cause}",
            hint="delete the folder, fetch again",
        ) from cause
    tokenizer.enable_truncation(max_length=window)
    tokenizer.no_padding()
    return session, tokenizer
