"""A scan merged into lines.toml: what people wrote stays, what is new is added, what is gone is marked, never removed.

merge(text, scan) twice is merge once. A register that is not wanted is put behind a #: it stays out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ingest.addresses import ADDRESS, BacnetAddress, FieldAddress, ModbusAddress, RemoteAddress
from ingest.discovery.linefile import Entry, LineFile, Row
from ingest.discovery.names import plain_id, unlike
from ingest.discovery.seen import Scan, SeenDevice, SeenRegister
from ingest.lines import PORT
from ontology.errors import BadRequest

GONE: Final = "no longer answers"
_Cells = frozenset[tuple[str, int]]
_BUSIEST: Final = 20_000
"""Registers of one line that a scan may add; the largest plant controllers have some thousands."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something a person should look at: which line, which point ("" for all of it), and what."""

    line: str
    point: str
    says: str


@dataclass(frozen=True, slots=True)
class Added:
    """A new register: of which device, what it says of itself, and the id it was given."""

    device: int
    register: SeenRegister
    point: str


@dataclass(slots=True)
class Report:
    """What a merge did."""

    new_devices: list[str] = field(default_factory=list)
    new_registers: int = 0
    """Those of new devices too."""
    added: list[Added] = field(default_factory=list)
    """The new registers, one by one."""
    gone_devices: list[str] = field(default_factory=list)
    gone_registers: int = 0
    """Registers of devices that answer, and that they no longer have."""
    back: int = 0
    """Devices and registers that answer again."""
    kept: int = 0
    """Lines that were there before; none of their keys was changed."""
    without_objects: list[str] = field(default_factory=list)
    """Devices that answer and have nothing to poll: no line was made for them."""
    told: list[Told] = field(default_factory=list)

    @property
    def says(self) -> str:
        """The summary in one line."""
        gone = len(self.gone_devices) + self.gone_registers
        parts = [
            _counted(len(self.new_devices), "new device"),
            _counted(self.new_registers, "new register"),
            f"{gone:,} no longer {'answers' if gone == 1 else 'answer'}",
        ]
        parts += [f"{self.back:,} back"] if self.back else []
        parts += (
            [_counted(len(self.told), "renumbered or moved", "renumbered or moved")]
            if self.told
            else []
        )
        return ", ".join([*parts, f"{_counted(self.kept, 'line')} as you left them"])

    def to_json(self) -> dict[str, Any]:
        return {
            "new_devices": self.new_devices, "new_registers": self.new_registers,
            "gone_devices": self.gone_devices, "gone_registers": self.gone_registers, "back": self.back,
            "kept": self.kept, "without_objects": self.without_objects, "says": self.says,
            "told": [{"line": t.line, "point": t.point, "says": t.says} for t in self.told],
        }  # fmt: skip


def merge(text: str, scan: Scan, today: dt.date) -> tuple[str, Report]:
    """The file with the scan in it, and what was done.

    `today` dates the marks. Raises BadRequest where the text is not TOML.
    """
    return _Merge(text, scan, today).done()


class _Merge:
    """One merge while it is made."""

    def __init__(self, text: str, scan: Scan, today: dt.date) -> None:
        self._file = LineFile(text)
        self._scan = scan
        self._today = today
        self._entries = self._file.entries(PORT)
        self._report = Report(kept=len(self._entries))
        self._points = {id for entry in self._entries for id in entry.rows}
        self._names = {entry.name for entry in self._entries}
        self._seen: set[int] = set()

    def done(self) -> tuple[str, Report]:
        out = [_identity(table) for table in self._file.left_out()]
        for device in self._scan.devices:
            mine = self._lines_of(device)
            if mine:
                self._known(device, mine)
            elif _identity_of(device) not in out:
                self._new(device)
        self._missed()
        return self._file.text, self._report

    def _lines_of(self, device: SeenDevice) -> list[Entry]:
        """The lines of this device: by its number, else by where it is (it was renumbered)."""
        of_protocol = [entry for entry in self._entries if entry.protocol == device.protocol]
        same = [entry for entry in of_protocol if _identity_of(entry) == _identity_of(device)]
        if sum(_identity_of(seen) == _identity_of(device) for seen in self._scan.devices) > 1:
            return [entry for entry in same if _place_of(entry) == _place_of(device)]
        if same or device.protocol != "bacnet":
            return same
        if sum(_place_of(seen) == _place_of(device) for seen in self._scan.devices) > 1:
            return []
        numbers = {seen.device for seen in self._scan.devices}
        return [
            entry
            for entry in of_protocol
            if _place_of(entry) == _place_of(device) and entry.device not in numbers
        ]

    def _known(self, device: SeenDevice, mine: Sequence[Entry]) -> None:
        """A device that has lines: told where it moved, completed where it grew."""
        for entry in mine:
            self._seen.add(entry.at)
            says = _moved(entry, device)
            if says:
                self._tell(entry, None, says)
            else:
                self._report.back += self._file.mark(entry.at, None, "", self._today)
        seen = [
            (register, _cells(device.protocol, register.address)) for register in device.registers
        ]
        written = [row.address for entry in mine for row in entry.rows.values()]
        written += [text for entry in mine for text in entry.left_out]
        taken = {cell for text in written for cell in _cells(device.protocol, text)}
        fresh = [register for register, cells in seen if cells and taken.isdisjoint(cells)]
        moved = self._judge(device, mine, {cell for _, cells in seen for cell in cells}, fresh)
        self._grow(mine[0], [register for register in fresh if register.address not in moved])

    def _judge(
        self,
        device: SeenDevice,
        mine: Sequence[Entry],
        seen: Collection[tuple[str, int]],
        fresh: Sequence[SeenRegister],
    ) -> set[str]:
        """Mark registers that the device no longer has; the new addresses of those that only moved."""
        by_name = {register.name: register for register in fresh if register.name}
        moved: set[str] = set()
        rows = [(of, id, row) for of in mine for id, row in of.rows.items()]
        for line, id, row in rows:
            cells = _cells(device.protocol, row.address)
            if any(cell in seen for cell in cells):
                self._report.back += self._file.mark(line.at, id, "", self._today)
            elif (now := by_name.get(row.name or id)) is not None:
                moved.add(now.address)
                self._tell(line, id, f"is now {now.address}")
            elif device.listed and _looked_at(device, cells):
                self._report.gone_registers += 1
                self._file.mark(line.at, id, GONE, self._today)
        return moved

    def _grow(self, entry: Entry, fresh: Sequence[SeenRegister]) -> None:
        self._file.add_rows(entry.at, self._rows(entry.name, entry.device, fresh))

    def _new(self, device: SeenDevice) -> None:
        if not device.registers:
            self._report.without_objects.append(device.name)
            return
        name = unlike(device.name or f"{device.protocol}-{device.device}", self._names)
        self._names.add(name)
        keys: dict[str, Any] = {
            "name": name, "protocol": device.protocol, "host": device.host, "port": device.port,
            "device": device.device,
        }  # fmt: skip
        if device.options:
            keys["options"] = dict(device.options)
        rows = self._rows(name, device.device, device.registers)
        self._file.append(keys, rows, says=device.says)
        self._report.new_devices.append(name)

    def _rows(self, line: str, device: int, fresh: Sequence[SeenRegister]) -> dict[str, Row]:
        """Rows with ids that no other point of the file has."""
        if len(fresh) > _BUSIEST:
            raise BadRequest(
                f"{line} says it has {len(fresh):,} objects, {_BUSIEST:,} are taken",
                hint="set this device up by hand, or leave it out of the scan",
            )
        rows: dict[str, Row] = {}
        for register in fresh:
            id = unlike(register.point or plain_id(line, register), self._points)
            self._points.add(id)
            name = "" if register.name == id else register.name
            rows[id] = Row(register.address, name, register.about, register.unit, register.log)
            self._report.added.append(Added(device, register, id))
        self._report.new_registers += len(rows)
        return rows

    def _missed(self) -> None:
        """Lines where the scan looked and nobody answered."""
        for entry in self._entries:
            within = self._scan.reach.covers(entry.protocol, entry.host, entry.port, entry.device)
            if within and entry.at not in self._seen:
                self._report.gone_devices.append(entry.name)
                self._file.mark(entry.at, None, GONE, self._today)

    def _tell(self, entry: Entry, id: str | None, says: str) -> None:
        self._report.told.append(Told(entry.name, id or "", says))
        self._file.mark(entry.at, id, says, self._today)


def _identity_of(one: SeenDevice | Entry) -> tuple[str, ...]:
    """What makes it this device: BACnet's instance is unique in a building, a unit is only behind its gateway."""
    if one.protocol == "bacnet":
        return ("bacnet", str(one.device))
    return (one.protocol, one.host, str(one.port), str(one.device))


def _identity(table: Mapping[str, Any]) -> tuple[str, ...]:
    """The same of a table behind #."""
    protocol = str(table.get("protocol", ""))
    if protocol == "bacnet":
        return ("bacnet", str(table.get("device", 0)))
    port = table.get("port", PORT.get(protocol, 0))
    return (protocol, str(table.get("host", "")), str(port), str(table.get("device", 0)))


def _place_of(one: SeenDevice | Entry) -> tuple[str, int, str, str]:
    return (one.host, one.port, one.options.get("network", ""), one.options.get("mac", ""))


def _looked_at(device: SeenDevice, cells: _Cells) -> bool:
    return device.looked is None or all(at < device.looked for _, at in cells)


def _moved(entry: Entry, device: SeenDevice) -> str:
    """What is another now: number or place; "" where the line is right."""
    if entry.device != device.device:
        return f"is now device {device.device}"
    if _place_of(entry) == _place_of(device):
        return ""
    network = device.options.get("network")
    behind = f" network {network} mac {device.options.get('mac', '')}" if network else ""
    return f"is now at {device.host}:{device.port}{behind}"


def _cells(protocol: str, text: str) -> _Cells:
    """What an address takes of its device; nothing where it is no address of the protocol: it is not polled."""
    try:
        address = ADDRESS[protocol](text)
    except (BadRequest, KeyError):
        return frozenset()
    match address:
        case BacnetAddress():
            return frozenset({(address.type, address.instance)})
        case ModbusAddress():
            return frozenset((address.table, at) for at in range(address.start, address.end))
        case RemoteAddress():
            return frozenset({(address.id, 0)})
        case FieldAddress():
            return frozenset({(address.field, 0)})


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
