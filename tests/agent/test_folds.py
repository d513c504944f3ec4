"""Series become numbers without ever counting silence."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agent.evidence import Evidence, Figure, ToolResult
from agent.plan import Step
from agent.steps import renumbered, says
from agent.tools import folds

NAN = math.nan
SERIES = arrays(
    np.float64, st.integers(1, 40), elements=st.one_of(st.just(NAN), st.floats(-1e3, 1e3))
)


@given(SERIES)
def test_numbers_of_a_series_lie_between_its_extremes_or_are_unknown(values: np.ndarray) -> None:
    if not np.isfinite(values).any():
        assert all(math.isnan(fold(values)) for fold in (folds.mean, folds.lowest, folds.highest))
        assert math.isnan(folds.integral(values, 0.5))
        return
    assert folds.lowest(values) - 1e-9 <= folds.mean(values) <= folds.highest(values) + 1e-9


@given(SERIES, st.integers(1, 7))
def test_a_coarser_series_keeps_what_is_known_and_what_is_not(
    values: np.ndarray, group: int
) -> None:
    coarse = folds.coarser(values, group)
    assert len(coarse) == -(-len(values) // group)
    for place, value in enumerate(coarse):
        block = values[place * group : (place + 1) * group]
        assert math.isnan(value) == (not np.isfinite(block).any())


@pytest.mark.parametrize(
    ("run", "wanted"),
    [([0, 1, 1, 0, 1], 2), ([1, 1, 0], 0), ([0, NAN, 1], 1), ([1, NAN, 1], 0), ([NAN, NAN], NAN)],
    ids=["twice", "on from the start", "on after silence", "on through silence", "silent"],
)
def test_starts_are_counted_over_silence(run: list[float], wanted: float) -> None:
    assert folds.starts(np.array(run)) == pytest.approx(wanted, nan_ok=True)


def test_a_slope_is_per_day_and_needs_two_values() -> None:
    line = np.arange(48) * 0.5
    line[7] = NAN
    assert folds.slope_per_day(line, 0.5) == pytest.approx(24.0)
    assert math.isnan(folds.slope_per_day(np.array([NAN, 1.0]), 1.0))


def test_efficiency_over_a_day_is_weighted_by_load() -> None:
    power, cooling = np.array([100.0, 300.0, 50.0]), np.array([200.0, 500.0, 0.0])
    assert folds.ratio([power, cooling], np.array([0.5, 0.6, NAN]), 1.0) == pytest.approx(400 / 700)


def test_evidence_of_a_later_tool_is_numbered_on_everywhere() -> None:
    figure = Figure("a", 1.0, "kW", "E1")
    result = ToolResult(
        "history", "a: 1 kW [E1]", (figure,), ({"value": figure, "evidence": "E2"},),
        (Evidence("E1", "live", "a"), Evidence("E2", "live", "b")), facts={"deep": [{"evidence": "E2"}]},
    )  # fmt: skip
    moved = renumbered(result, 10)
    assert moved.summary == "a: 1 kW [E11]"
    assert [e.id for e in moved.evidence] == ["E11", "E12"]
    assert moved.figures[0].evidence == moved.rows[0]["value"].evidence == "E11"
    assert moved.rows[0]["evidence"] == moved.facts["deep"][0]["evidence"] == "E12"


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (
            Step("history", {"of": ["CH-2"], "quantity": "condenser-approach"}),
            "Reading condenser approach of CH-2",
        ),
        (Step("faults", {}), "Checking findings of the building"),
        (
            Step("related", {"of": ["a", "b", "c", "d"], "relation": "feeds"}),
            "Following what feeds a, b, c and others",
        ),
        (Step("unheard", {}), "unheard"),
    ],
)
def test_a_step_is_said_in_words(step: Step, text: str) -> None:
    assert says(step) == text
