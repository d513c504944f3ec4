"""A number changes its unit here and nowhere else."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.defs import ROLES
from ontology.errors import BadRequest
from ontology.units import UNITS, convert, symbol, units_of

PAIRS = [(a, b) for a in UNITS for b in UNITS if a.kind == b.kind]


@given(st.sampled_from(PAIRS), st.floats(0.01, 1e6))
def test_there_and_back_again_gives_the_same_number(
    pair: tuple[object, object], value: float
) -> None:
    here, there = pair
    back = convert(
        convert(value, here.symbol, there.symbol, here.kind), there.symbol, here.symbol, here.kind
    )  # type: ignore[attr-defined]
    assert math.isclose(back, value, rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("value", "source", "target", "kind", "wanted"),
    [
        (26.0, "°C", "degF", None, 78.8),
        (80.0, "F", "°C", "temp", 26.6667),
        (10.0, "°C", "°F", "temp-difference", 18.0),
        (5.5, "K", "°F", None, 9.9),
        (300.0, "K", "°C", "temp", 26.85),
        (500.0, "RT", "kW", None, 1758.425),
        (1000.0, "kW", "tons", "power", 284.3454),
        (12.0, "MWh", "kWh", None, 12_000.0),
        (100.0, "L/s", "gpm", "water-flow", 1585.03),
        (1000.0, "L/s", "cfm", "air-flow", 2118.88),
        (150.0, "kPa", "psi", None, 21.7557),
        (250.0, "Pa", "inwc", "pressure", 1.00366),
        (0.6, "kW/RT", "COP", None, 5.86142),
        (5.86142, "COP", "kw/ton", None, 0.6),
        (90.0, "min", "h", None, 1.5),
    ],
)  # fmt: skip
def test_known_conversions(
    value: float, source: str, target: str, kind: str | None, wanted: float
) -> None:
    assert convert(value, source, target, kind) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(
    ("source", "target"), [("°C", "kW"), ("kW", "kWh"), ("ppm", "%"), ("kW", "furlong"), ("", "°C")]
)
def test_units_that_do_not_fit_are_refused_with_the_possible_ones(source: str, target: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        convert(1.0, source, target)
    assert refusal.value.hint.startswith("possible: ")


def test_unknown_stays_unknown() -> None:
    assert math.isnan(convert(math.nan, "°C", "°F"))
    assert math.isnan(convert(0.0, "COP", "kW/RT"))


def test_every_canonical_unit_of_a_role_is_in_the_table() -> None:
    for role in ROLES:
        assert not role.unit or role.unit in units_of(role.quantity), role.name


def test_a_canonical_symbol_is_its_own_name() -> None:
    assert all(symbol(unit.symbol) == unit.symbol for unit in UNITS)
