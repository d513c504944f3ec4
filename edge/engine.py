"""The Embedder port: texts in, unit vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into vectors of length 1, so that a dot product is a cosine."""

    @property
    def name(self) -> str:
        """Identifies model, precision and version: vectors of different names never mix."""

    @property
    def dim(self) -> int:
        """Numbers per vector."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32, shape (len(texts), dim). Long texts are cut at the model's window."""
