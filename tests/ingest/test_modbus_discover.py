"""Finding Modbus units: which answer, what they have, and how their numbers are written."""

import pytest

from ingest.drivers.modbus_discover import scan
from ingest.words import encode
from ontology.errors import BadRequest, DeviceSilent
from tests.ingest.odd_modbus import OddGateway, OddUnit


def floats(order: str, start: int = 0) -> dict[int, int]:
    words: dict[int, int] = {}
    for n in range(12):
        words |= dict(enumerate(encode(18.31 + 3.7 * n, "float32", order), start + 2 * n))
    return words


async def test_a_gateway_tells_its_units_their_registers_and_their_byte_order(free_port) -> None:
    meter = OddUnit(
        floats("CDAB") | {300: 7, 301: 8},
        functions=frozenset({3}),
        texts=(b"Meters & Co", b"EM-340\x1b[31m", b"1.04"),
    )
    chiller = OddUnit(floats("ABCD", 101), functions=frozenset({3, 4}), most=50)
    gone = OddUnit(refuses=11)
    async with OddGateway({2: meter, 5: chiller, 6: gone}, free_port(), rtu=True) as gateway:
        found = await scan(
            "127.0.0.1",
            gateway.port,
            units=range(1, 8),
            framer="rtu",
            span=range(400),
            timeout_s=0.1,
        )
    assert [unit.unit for unit in found] == [2, 5]
    assert found[0].tables == {"holding": [(0, 24), (300, 302)]}
    assert found[1].tables == {table: [(101, 125)] for table in ("holding", "input")}
    assert [unit.order for unit in found] == ["CDAB", "ABCD"]
    says = {"vendor": "Meters & Co", "product": "EM-340[31m", "version": "1.04"}
    assert [unit.identity for unit in found] == [says, {}]
    assert "believable float32 in CDAB" in found[0].evidence
    assert all(unit.complete for unit in found)


async def test_nobody_at_the_address_is_said_at_once(free_port) -> None:
    with pytest.raises(DeviceSilent, match="no connection"):
        await scan("127.0.0.1", free_port(), units=[1], timeout_s=0.2)


async def test_a_framer_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadRequest, match="no framer"):
        await scan("127.0.0.1", framer="ascii")
