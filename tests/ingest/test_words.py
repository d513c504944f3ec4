"""Modbus words: every number survives every byte order, and a wrong order is noticed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.addresses import MODBUS_ORDERS
from ingest.words import decode, encode, implausible
from ontology.errors import BadRequest

orders = st.sampled_from(MODBUS_ORDERS)


@given(st.floats(width=32, allow_nan=False), orders)
def test_a_float_comes_back_from_its_words(value: float, order: str) -> None:
    assert decode(encode(value, "float32", order), "float32", order) == value


@given(
    st.one_of(
        st.tuples(st.just("int16"), st.integers(-(2**15) + 1, 2**15 - 1)),
        st.tuples(st.just("uint16"), st.integers(0, 2**16 - 2)),
        st.tuples(st.just("int32"), st.integers(-(2**31) + 1, 2**31 - 1)),
        st.tuples(st.just("uint32"), st.integers(0, 2**32 - 2)),
    ),
    orders,
)
def test_a_whole_number_comes_back_from_its_words(case: tuple[str, int], order: str) -> None:
    kind, value = case
    assert decode(encode(value, kind, order), kind, order) == value


@pytest.mark.parametrize("kind", ["int16", "uint16", "int32", "uint32", "float32"])
def test_a_meter_without_a_value_gives_nan_not_a_number(kind: str) -> None:
    assert math.isnan(decode(encode(math.nan, kind), kind))


def test_the_four_orders_are_those_of_the_wire() -> None:
    # 6.7 as IEEE 754 is 40 D6 66 66
    assert decode([0x40D6, 0x6666], "float32", "ABCD") == pytest.approx(6.7)
    assert decode([0x6666, 0x40D6], "float32", "CDAB") == pytest.approx(6.7)
    assert decode([0xD640, 0x6666], "float32", "BADC") == pytest.approx(6.7)
    assert decode([0x6666, 0xD640], "float32", "DCBA") == pytest.approx(6.7)


@pytest.mark.parametrize("value", [7.0, 6.7, 12.5, 310.0, 0.5, 4.0])
def test_a_chiller_value_read_in_the_wrong_word_order_is_implausible(value: float) -> None:
    assert implausible(decode(encode(value, "float32", "ABCD"), "float32", "CDAB"))


def test_a_day_of_temperatures_in_the_wrong_word_order_cannot_pass_for_temperatures() -> None:
    day = [6.5 + 0.7 * math.sin(n / 229.2) for n in range(1440)]
    read = [decode(encode(value, "float32", "ABCD"), "float32", "CDAB") for value in day]
    believed = [value for value in read if not implausible(value) and -50 <= value <= 150]
    assert len(believed) < len(day) / 4


@pytest.mark.parametrize("value", [0.0, -40.0, 0.001, 1e10])
def test_true_values_are_plausible(value: float) -> None:
    assert not implausible(value)


def test_a_value_too_large_for_its_register_is_refused() -> None:
    with pytest.raises(BadRequest, match="does not fit uint16"):
        encode(70_000, "uint16")
