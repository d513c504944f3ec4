"""Asks a Modbus address which units and registers answer. Registers have no names: the manual has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ingest.discovery.linefile import plain_text
from ingest.discovery.looking import Step
from ingest.discovery.seen import Reach, Scan, SeenDevice, SeenRegister
from ingest.drivers.modbus_discover import SPAN, FoundUnit, scan

MOST: Final = 400
"""Registers of a unit that are written down; one that answers everywhere has its real ones in the manual."""


@dataclass(frozen=True, slots=True)
class AskedUnits:
    """Where to look, and how: `framer` rtu is a serial line through a transparent gateway."""

    host: str
    port: int
    units: tuple[int, ...]
    framer: str = "tcp"
    timeout_s: float = 0.5


async def look_for_modbus(asked: AskedUnits, step: Step) -> tuple[Scan, list[str]]:
    """The units that answer with their registers, and notes on what is a guess. Raises DeviceSilent."""
    found: list[FoundUnit] = []
    for done, unit in enumerate(asked.units):
        step(f"asking unit {unit}", done, len(asked.units))
        found += await scan(
            asked.host, asked.port, units=[unit], framer=asked.framer, timeout_s=asked.timeout_s
        )
    devices = tuple(_device(unit) for unit in found)
    limits = (min(asked.units), max(asked.units)) if _gapless(asked.units) else None
    # with gaps, units between them were not asked: then none counts as missed
    places = frozenset({(asked.host, asked.port)} if limits else ())
    reach = Reach("modbus", places, devices=limits)
    return Scan(reach, devices), [note for unit in found for note in _notes(unit)]


def _gapless(units: Sequence[int]) -> bool:
    return list(units) == list(range(min(units), max(units) + 1))


def _device(unit: FoundUnit) -> SeenDevice:
    said = unit.identity
    product = plain_text(said.get("product_name") or said.get("model") or said.get("product") or "")
    name = f"{product}-{unit.unit}" if product else f"unit-{unit.unit}"
    rows = list(_registers(unit, name))
    return SeenDevice(
        name=name,
        protocol="modbus",
        host=unit.host,
        port=unit.port,
        device=unit.unit,
        options={"framer": unit.framer} if unit.framer != "tcp" else {},
        registers=tuple(rows[:MOST]),
        says=plain_text(
            " ".join(said[key] for key in ("vendor", "product", "version") if key in said)
        ),
        listed=unit.complete and len(rows) <= MOST,
        looked=SPAN.stop,
    )


def _registers(unit: FoundUnit, name: str) -> Iterator[SeenRegister]:
    """Bits one by one; words as floats in the order that fits, else one by one."""
    late = 1 if "second register" in unit.evidence else 0
    for table, ranges in unit.tables.items():
        floats = bool(unit.order) and table in ("holding", "input")
        for start, end in ranges:
            for at, address in _addresses(table, start, end, unit.order if floats else "", late):
                yield SeenRegister(address, point=f"{name}.{table}-{at}")


def _addresses(
    table: str, start: int, end: int, order: str, late: int
) -> Iterator[tuple[int, str]]:
    at = start
    while at < end:
        pair = bool(order) and at + 1 < end and at >= start + late
        yield at, f"{table}:{at}:float32:{order}" if pair else f"{table}:{at}"
        at += 2 if pair else 1


def _notes(unit: FoundUnit) -> Iterator[str]:
    if unit.order:
        yield f"unit {unit.unit}: {unit.evidence}: written so; compare with the manual"
    count = sum(1 for _ in _registers(unit, ""))
    if count > MOST:
        yield f"unit {unit.unit} answers for {count:,} registers: the first {MOST} are written; take the others from the manual"
    if not unit.complete:
        yield f"unit {unit.unit} was not asked to the end: ask for it alone"
