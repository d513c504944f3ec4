"""Byte orders: a device that is read in the wrong one is recognised by the numbers it would give in each."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.addresses import MODBUS_ORDERS
from ingest.word_order import Seen, word_order, word_order_advice
from ingest.words import decode, encode

everyday = st.floats(0.0625, 99_000, width=32).filter(lambda value: value != round(value, 1))


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("order", MODBUS_ORDERS)
def test_a_chiller_full_of_floats_gives_its_order_away(kind: str, order: str) -> None:
    truth = [6.7, 12.4, 310.52, 63.251, 4.913, 101.33, 0.871, 27.64]
    seen = [Seen(kind, "ABCD", tuple(encode(value, kind, order))) for value in truth]
    verdict = word_order(seen)
    assert verdict is not None
    assert verdict.order == order
    assert (order in word_order_advice(seen)) == (order != "ABCD")


@given(st.lists(everyday, min_size=16, max_size=40), st.sampled_from(MODBUS_ORDERS))
def test_a_line_that_is_set_right_is_never_advised_to_change(
    values: list[float], order: str
) -> None:
    seen = [Seen("float32", order, tuple(encode(value, "float32", order))) for value in values]
    assert word_order_advice(seen) == ""


@given(st.lists(st.integers(0, 0xFFFF_FFFF), max_size=12), st.sampled_from(MODBUS_ORDERS))
def test_any_words_are_judged_without_an_error(words: list[int], order: str) -> None:
    seen = [Seen("float32", order, (word >> 16, word & 0xFFFF)) for word in words]
    verdict = word_order(seen)
    assert verdict is None or 0 <= verdict.set_share <= verdict.share <= 1


def test_three_numbers_or_a_meter_at_rest_say_nothing() -> None:
    few = [Seen("float32", "CDAB", tuple(encode(value, "float32"))) for value in (6.7, 12.4, 310.5)]
    rest = [Seen("float32", "CDAB", (0, 0))] * 20 + [Seen("uint32", "CDAB", (0xFFFF, 0xFFFF))] * 20
    assert word_order(few) is None
    assert word_order_advice(rest) == ""


def test_meter_readings_in_swapped_words_are_recognised_by_their_size() -> None:
    readings = [1_204_455, 88_230, 450_911, 2_017, 730_001]
    seen = [Seen("uint32", "ABCD", tuple(encode(value, "uint32", "CDAB"))) for value in readings]
    assert "look like CDAB" in word_order_advice(seen)


@given(st.floats(allow_nan=False), st.sampled_from(MODBUS_ORDERS))
def test_a_double_comes_back_from_its_words(value: float, order: str) -> None:
    assert decode(encode(value, "float64", order), "float64", order) == value


@given(st.integers(-(2**53), 2**53), st.sampled_from(MODBUS_ORDERS))
def test_a_long_counter_comes_back_from_its_words(value: int, order: str) -> None:
    assert decode(encode(value, "int64", order), "int64", order) == value
    assert decode(encode(abs(value), "uint64", order), "uint64", order) == abs(value)


def test_eight_bytes_in_each_order_are_those_of_the_wire() -> None:
    # 6.7 as IEEE 754 double is 40 1A CC CC CC CC CC CD
    assert decode([0x401A, 0xCCCC, 0xCCCC, 0xCCCD], "float64", "ABCD") == 6.7
    assert decode([0xCCCD, 0xCCCC, 0xCCCC, 0x401A], "float64", "CDAB") == 6.7
    assert decode([0x1A40, 0xCCCC, 0xCCCC, 0xCDCC], "float64", "BADC") == 6.7
    assert decode([0xCDCC, 0xCCCC, 0xCCCC, 0x1A40], "float64", "DCBA") == 6.7
    assert math.isnan(decode([0xFFFF] * 4, "uint64"))
