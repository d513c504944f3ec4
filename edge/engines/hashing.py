"""An embedder without a model: words hashed into a fixed number of signed buckets. For tests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from edge.engine import Vectors
from edge.words import terms


class HashingEmbedder:
    """Texts that share words point the same way; nothing is known of meaning.

    The same text gives the same vector on every machine and in every process.
    """

    def __init__(self, dim: int = 256) -> None:
        self._dim = dim

    @property
    def name(self) -> str:
        return f"hashing-{self._dim}"

    @property
    def dim(self) -> int:
        return self._dim

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32, shape (len(texts), dim); a text without words points along the first axis."""
        vectors = np.zeros((len(texts), self._dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for term in terms(text):
                bucket, sign = _bucket(term, self._dim)
                vectors[row, bucket] += sign
        vectors[~vectors.any(axis=1), 0] = 1.0
        lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / lengths


def _bucket(term: str, dim: int) -> tuple[int, float]:
    digest = hashlib.blake2b(term.encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "little")
    return number % dim, 1.0 if number >> 63 else -1.0
