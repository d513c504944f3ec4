"""The real all-MiniLM-L6-v2, where it was fetched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.engines.onnx import OnnxEmbedder, batches

MODELS = Path(os.environ.get("PLANTROOM_TEST_MODELS", Path(__file__).parents[2] / "var" / "models"))


def test_cosines_are_those_the_model_card_publishes() -> None:
    """Its widget shows these sentences with 0.695, 0.943 and 0.257."""
    folder = MODELS / "all-MiniLM-L6-v2"
    if not (folder / "engine.json").exists():
        pytest.skip(f"no model in {folder}: python -m edge.build {folder}")
    embedder = OnnxEmbedder(folder, threads=1)
    person, *others = embedder.embed(
        [
            "That is a happy person",
            "That is a happy dog",
            "That is a very happy person",
            "Today is a sunny day",
        ]
    )
    assert [float(person @ other) for other in others] == pytest.approx(
        [0.695, 0.943, 0.257], abs=1e-3
    )


@given(st.lists(st.integers(1, 256), max_size=200), st.integers(256, 4096))
def test_every_text_is_in_exactly_one_batch_within_the_budget(
    lengths: list[int], budget: int
) -> None:
    groups = list(batches(lengths, budget))
    assert sorted(row for group in groups for row in group) == list(range(len(lengths)))
    assert all(len(group) * max(lengths[row] for row in group) <= budget for group in groups)
