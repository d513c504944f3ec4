"""A number changes its unit here and nowhere else."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.defs import ROLES
from ontology.errors import BadRequest
from ontology.units import (
    ALL_UNITS,
    UNITS,
    Unit,
    convert,
    kinds_of_unit,
    nearest_units,
    quantity_of_unit,
    symbol,
    units_of,
)

PAIRS = [(a, b) for a in UNITS for b in UNITS if a.kind == b.kind]


@given(st.sampled_from(PAIRS), st.floats(0.01, 1e6))
def test_there_and_back_again_gives_the_same_number(pair: tuple[Unit, Unit], value: float) -> None:
    here, there = pair
    back = convert(
        convert(value, here.symbol, there.symbol, here.kind), there.symbol, here.symbol, here.kind
    )
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


@given(st.sampled_from([u for u in ALL_UNITS if not math.isnan(u.scale)]), st.floats(0.01, 1e6))
def test_a_number_of_any_unit_survives_the_way_to_the_base_unit_and_back(
    unit: Unit, value: float
) -> None:
    back = unit.from_base(unit.to_base(value))
    # a tiny unit on a shifted scale (none today) would lose digits to its offset
    assert math.isclose(back, value, rel_tol=1e-9, abs_tol=1e-9 * abs(unit.offset / unit.scale))


@pytest.mark.parametrize(
    ("value", "source", "target", "wanted"),
    [
        # NIST SP 811 appendix B.8, and definitions
        (1.0, "inHg", "kPa", 3.386389),
        (1.0, "atm", "psi", 14.69595),
        (1.0, "therm", "MJ", 105.5056),
        (1.0, "MMBTU", "kWh", 293.0711),
        (1.0, "boiler_horsepower", "kW", 9.80950),
        (1.0, "ft²", "m²", 0.09290304),
        (1.0, "acre", "m²", 4840 * 0.9144**2),
        (1.0, "gallon", "liter", 3.785412),
        (1.0, "imperial_gallon", "L", 4.54609),
        (1.0, "lb/h", "kg/s", 1.259979e-4),
        (100.0, "fpm", "m/s", 0.508),
        (1.0, "footcandle", "lux", 10.76391),
        (1.0, "BTU/lb", "kJ/kg", 2.326),
        (7.0, "gr/lb", "gH₂O/kgAir", 1.0),
        (60.0, "rpm", "rad/s", 6.283185),
        (1.0, "W/cfm", "W/(L/s)", 2.118880),
        (12.0, "EER", "kW/RT", 1.0),
        (3.51685, "COP", "kW/RT", 1.0),
        (1.0, "kWh/ft²", "kWh/m²", 10.76391),
        (491.67, "°R", "°C", 0.0),
        (18.0, "Δ°F", "Δ°C", 10.0),
    ],
)
def test_units_of_models_and_devices_convert_by_their_defined_factors(
    value: float, source: str, target: str, wanted: float
) -> None:
    assert convert(value, source, target) == pytest.approx(wanted, rel=2e-6, abs=1e-9)


def test_a_unit_has_one_row_per_kind_and_no_name_means_two_units() -> None:
    assert len({(u.kind, u.symbol) for u in ALL_UNITS}) == len(ALL_UNITS) >= 300
    meant: dict[str, set[str]] = {}
    for unit in ALL_UNITS:
        for name in (unit.symbol, *unit.names):
            meant.setdefault(name, set()).add(unit.symbol)
    assert {name: units for name, units in meant.items() if len(units) > 1} == {}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("celsius", "°C"), ("degC", "°C"), ("DEG C", "°C"), ("inches_of_water", "inH₂O"), ("inH2O", "inH₂O"),
        ("kilowatt_hour", "kWh"), ("KWH", "kWh"), ("mW", "mW"), ("MW", "MW"), ("mw", "MW"), ("F", "°F"),
        ("kW/ton", "kW/RT"), ("m3/h", "m³/h"), ("ug/m3", "µg/m³"), ("sec", "s"), ("sq ft", "ft²"),
        ("ft^2", "ft²"), ("$", "USD"), ("Liters per second", "L/s"),
    ],
)  # fmt: skip
def test_a_unit_is_known_by_every_way_people_write_it(written: str, meant: str) -> None:
    assert symbol(written) == meant


def test_a_unit_tells_what_it_measures() -> None:
    assert quantity_of_unit("°F") == "temp"
    assert quantity_of_unit("kVAR") == "reactive-power"
    assert "humidity" in kinds_of_unit("%")
    assert kinds_of_unit("furlong") == ()


def test_an_unknown_unit_is_refused_with_the_nearest_ones() -> None:
    with pytest.raises(BadRequest) as refusal:
        quantity_of_unit("kilowat_hour")
    assert "kWh" in refusal.value.hint
    with pytest.raises(BadRequest, match="no unit is called 'celsus'") as refusal:
        convert(1.0, "celsus", "°F")
    assert "°C" in refusal.value.hint
    assert nearest_units("zzzzzzzz") == ()


def test_money_has_a_unit_and_no_exchange_rate() -> None:
    assert quantity_of_unit("฿") == "currency"
    with pytest.raises(BadRequest):
        convert(1.0, "THB", "USD")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("degreesCelsius", "°C"), ("degrees-kelvin", "K"), ("pascals", "Pa"), ("kilowattHours", "kWh"), ("btus-per-hour", "Btu/h"),
     ("cubic-feet-per-minute", "cfm"), ("litersPerSecond", "L/s"), ("cubicMetresPerHour", "m³/h"), ("inches-of-water", "inH₂O"),
     ("usGallonsPerMinute", "gpm"), ("percent-relative-humidity", "%RH"), ("voltAmperesReactive", "VAR"), ("kilo-btus", "kBtu"),
     ("tons-refrigeration", "RT"), ("revolutionsPerMinute", "rpm"), ("parts-per-million", "ppm"), ("degreescelsius", "°C"),
     ("poundsForcePerSquareInch", "psi"), ("no-units", ""), ("noUnits", "")],
)  # fmt: skip
def test_a_controller_names_its_units_as_bacnet_does(name: str, wanted: str) -> None:
    assert symbol(name) == wanted


@given(
    st.sampled_from(
        [
            (unit, name)
            for unit in ALL_UNITS
            for name in unit.names
            if re.fullmatch("[a-z]{3,}(_[a-z0-9]{2,})+", name)
        ]
    )
)
def test_a_units_name_is_known_in_snake_kebab_and_camel_case(named: tuple[Unit, str]) -> None:
    unit, name = named
    first, *more = name.split("_")
    camel = first + "".join(word.capitalize() for word in more)
    assert {symbol(name.replace("_", "-")), symbol(camel)} == {unit.symbol}
