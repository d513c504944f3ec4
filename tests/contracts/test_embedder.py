"""What every embedder promises, whatever turns its wheels."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from edge.engine import Embedder
from edge.engines.hashing import HashingEmbedder
from edge.engines.onnx import OnnxEmbedder

MODELS = Path(os.environ.get("PLANTROOM_TEST_MODELS", Path(__file__).parents[2] / "var" / "models"))
TEXTS = [
    "Brush the condenser tubes of CH-2.",
    "The strainer of DOAS-1 is blocked, so rooms on floors 5 to 12 are hot and humid.",
    "PM",
    "",
    "ห้องร้อนและชื้น",
    "valve " * 400,
]


@pytest.fixture(scope="module", params=["hashing", "onnx"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "hashing":
        return HashingEmbedder()
    folder = MODELS / "all-MiniLM-L6-v2"
    if not (folder / "engine.json").exists():
        pytest.skip(f"no model in {folder}: python -m edge.build {folder}")
    return OnnxEmbedder(folder, threads=1)


def test_vectors_are_float32_of_the_promised_shape_and_length_1(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), embedder.dim)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-4)


def test_the_same_text_gives_the_same_vector_again(embedder: Embedder) -> None:
    assert np.array_equal(embedder.embed(TEXTS), embedder.embed(TEXTS))


def test_a_vector_does_not_depend_on_its_neighbours_in_the_batch(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    assert np.allclose(together, alone, atol=2e-5)


def test_texts_about_the_same_thing_are_nearer_than_others(embedder: Embedder) -> None:
    asked, same, other = embedder.embed(
        ["cleaning of condenser tubes", "condenser tubes need cleaning", "guest key card holder"]
    )
    assert asked @ same > asked @ other + 0.3


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dim)


def test_the_name_tells_one_model_from_another(embedder: Embedder) -> None:
    assert embedder.name
    assert embedder.name != HashingEmbedder(7).name
