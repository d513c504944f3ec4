"""Which device serves which point of the demo building, and where in the device: pure tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from ingest.demo.model import riverside_tower
from ingest.driver import Line, Register
from ontology.entity import Entity
from ontology.kinds import Ref

NETWORK: Final = 2001
"""Number of the virtual BACnet network behind the demo router."""
ROUTER_INSTANCE: Final = 260_000
COV_S: Final = 300
"""For how long the air handlers' controllers are subscribed to at a time."""
IAQ_EVERY_S: Final = 600.0
"""Report interval of the air-quality sensors (Milesight AM series: 10 minutes by default)."""
_DECODED_ELSEWHERE: Final = 1
"""The sensor whose payload only the network server decodes, counted from 0."""
_SERIAL: Final = {"framer": "rtu", "gap_ms": "5"}
"""The meters share one RS-485 line behind a transparent gateway; the pause is its silence between frames."""
_COMMANDS: Final = frozenset({"cmd", "sp"})
_METER: Final = {
    # role -> register of the meters: mixed types and a swapped word order, as meters have them
    "power": ("holding:0:float32:CDAB", 1.0),
    "energy": ("holding:2:uint32:CDAB", 0.1),
    "power-factor": ("holding:4:int16", 0.001),
    "current": ("holding:6:float32:CDAB", 1.0),
    "voltage": ("holding:8:uint16", 0.1),
}
_CHILLER_ORDER: Final = {"CH-3": "DCBA"}
"""The third chiller is of another make."""
_IAQ: Final = {
    # role -> value of the payload
    "zone-air-co2": "co2",
    "zone-air-temp": "temperature",
    "zone-air-humidity": "humidity",
    "battery": "battery",
}


@dataclass(frozen=True)
class Layout:
    """Every line of the building, by protocol; hosts and ports are filled in by `at`."""

    bacnet: tuple[Line, ...]
    modbus: tuple[Line, ...]
    lorawan: tuple[Line, ...]

    def at(self, host: str, bacnet_port: int, modbus_port: int, rtu_port: int = 0) -> Layout:
        """The same lines at the address where the devices really are; meters at their serial gateway."""
        return Layout(
            tuple(replace(line, host=host, port=bacnet_port) for line in self.bacnet),
            tuple(
                replace(line, host=host, port=rtu_port if is_serial(line) else modbus_port)
                for line in self.modbus
            ),
            self.lorawan,
        )

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.bacnet + self.modbus + self.lorawan

    @classmethod
    def of_riverside_tower(cls) -> Layout:
        """The demo building: 24 BACnet controllers, 8 Modbus units, 32 LoRaWAN sensors."""
        points = [entity for entity in map(Entity, riverside_tower()) if entity.is_point]
        groups: dict[str, list[Entity]] = {}
        for point in points:
            groups.setdefault(_device_of(_equip(point)), []).append(point)
        bacnet: list[Line] = []
        modbus: list[Line] = []
        lorawan: list[Line] = []
        for name, members in groups.items():
            if name.startswith("IAQ-"):
                codec = "network" if len(lorawan) == _DECODED_ELSEWHERE else "milesight"
                lorawan.append(_sensor(name, members, codec))
            elif name.startswith(("CH-", "meter-")):
                modbus.append(_unit(name, len(modbus) + 1, members))
            else:
                bacnet.append(_controller(name, len(bacnet) + 1, members))
        return cls(tuple(bacnet), tuple(modbus), tuple(lorawan))


def is_serial(line: Line) -> bool:
    """Whether a Modbus line is behind a gateway that passes RTU frames on."""
    return line.options.get("framer") == "rtu"


def dev_eui(name: str) -> str:
    """The EUI-64 of a demo sensor: a locally administered prefix and its place in the alphabet."""
    return f"a84041{int.from_bytes(name.encode()[-5:], 'big'):010x}"


def _equip(point: Entity) -> str:
    return point.id.partition(".")[0]


def _device_of(equip: str) -> str:
    """The controller that serves an equipment."""
    if equip.startswith("FCU-"):
        return f"floor-{int(equip[4:-2])}-rooms"
    if equip.startswith("VAV-"):
        return "offices-vav"
    if equip.startswith(("AHU-", "DOAS-", "CH-", "meter-", "IAQ-")):
        return equip
    return "plant"  # CHW-PLANT, pumps, towers, weather station


def _controller(name: str, mac: int, points: Iterable[Entity]) -> Line:
    """Plant and air handlers log what they measure; air handlers also report changes by themselves."""
    air = name.startswith(("AHU-", "DOAS-"))
    counts: dict[str, int] = {}
    registers = []
    for point in points:
        kind = _object_type(point)
        counts[kind] = counts.get(kind, 0) + 1
        logged = kind == "analog-input" and (air or name == "plant")
        log = f"trend-log,{counts[kind]}" if logged else ""
        registers.append(Register(point.ref, f"{kind},{counts[kind]}", log=log))
    options = {"network": str(NETWORK), "mac": str(mac)} | ({"cov": str(COV_S)} if air else {})
    return Line(
        name=name, protocol="bacnet", host="", port=0, device=ROUTER_INSTANCE + mac,
        registers=tuple(registers), options=options,
    )  # fmt: skip


def _object_type(point: Entity) -> str:
    """Outputs for commands, values for setpoints, inputs for everything measured."""
    role = point.role
    family = "binary" if role is not None and role.is_bool else "analog"
    if "cmd" in point:
        return f"{family}-output"
    return f"{family}-value" if "sp" in point else f"{family}-input"


def _unit(name: str, unit: int, points: Iterable[Entity]) -> Line:
    if name.startswith("meter-"):
        registers, options = _meter_registers(points), _SERIAL
    else:
        registers, options = _chiller_registers(points, _CHILLER_ORDER.get(name, "ABCD")), {}
    return Line(
        name=name, protocol="modbus", host="", port=0, device=unit,
        registers=tuple(registers), options=options,
    )  # fmt: skip


def _meter_registers(points: Iterable[Entity]) -> Iterator[Register]:
    for point in points:
        address, scale = _METER[point.id.partition(".")[2]]
        yield Register(point.ref, address, scale)


def _chiller_registers(points: Iterable[Entity], order: str) -> Iterator[Register]:
    """A status word whose bits are its states, then floats."""
    analog = binary = 0
    for point in points:
        if point.role is not None and point.role.is_bool:
            yield Register(point.ref, f"input:99:bit:{binary}")
            binary += 1
        else:
            yield Register(point.ref, f"input:{100 + 2 * analog}:float32:{order}")
            analog += 1


def _sensor(name: str, points: Iterable[Entity], codec: str) -> Line:
    return Line(
        name=name, protocol="lorawan", host="", port=0, every_s=IAQ_EVERY_S,
        registers=tuple(
            Register(Ref(point.id), _IAQ[point.id.partition(".")[2]]) for point in points
        ),
        options={"dev_eui": dev_eui(name), "codec": codec},
    )  # fmt: skip
