"""lines.toml: which devices are polled, over what, for which points; written by people, so errors name file and key."""

from __future__ import annotations

import importlib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from ingest.addresses import ADDRESS, LOG, Address, clash
from ingest.driver import Driver, Line, Register
from ingest.payloads import CODECS
from ontology.errors import BadRequest, NotFound, Unavailable
from ontology.kinds import Ref

POLLED: Final[Mapping[str, tuple[str, str]]] = {
    # protocol -> (module, class) of its driver; LoRaWAN sensors send by themselves
    "bacnet": ("ingest.drivers.bacnet", "Bacnet"),
    "modbus": ("ingest.drivers.modbus", "Modbus"),
    "haystack": ("ingest.drivers.haystack", "Haystack"),
}
PORT: Final[Mapping[str, int]] = {"bacnet": 47808, "modbus": 502, "lorawan": 0, "haystack": 0}
DEVICES_MAX: Final[Mapping[str, int]] = {
    "bacnet": 4_194_302,
    "modbus": 255,
    "lorawan": 0,
    "haystack": 0,
}
OPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    # protocol -> option -> how its text looks
    "bacnet": {
        "network": r"[1-9]\d{0,4}",
        "mac": r"\d{1,3}|0x[0-9a-fA-F]{2,}|[\d.]+:\d+",
        "local": r"[\d.]+(/\d{1,2})?:\d{1,5}",
        "max_apdu": r"\d{2,4}",
        "cov": r"[1-9]\d{1,4}",
        "notify": "confirmed|unconfirmed",
        "zone": r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)*",
        "bbmd": r"[\d.]+:\d{1,5}",
        "ttl": r"[1-9]\d{1,4}",
        "writable": "yes",
    },
    "modbus": {
        "framer": "tcp|rtu",
        "writable": "yes",
        "gap_ms": r"\d{1,4}",
        "max_registers": r"[4-9]|[1-9]\d|1[01]\d|12[0-5]",
        "max_gap": r"\d{1,2}|1[01]\d|120",
    },
    "haystack": {
        "user": r"[^:\s]{1,128}",
        "password_env": r"[A-Z][A-Z0-9_]{2,60}",
        "server": "haystack|skyspark|skyspark2|niagara|niagara4|widesky",
        "project": r"[\w.-]{1,60}",
        "client_id": r"\S{1,128}",
        "client_secret_env": r"[A-Z][A-Z0-9_]{2,60}",
        "chunk_hours": r"[1-9]\d{0,2}",
    },
    "lorawan": {"dev_eui": r"[0-9a-fA-F]{16}", "codec": "|".join((*CODECS, "network"))},
}
REQUIRED: Final[Mapping[str, str]] = {
    # option -> the one it cannot do without
    "network": "mac", "mac": "network", "dev_eui": "codec", "codec": "dev_eui",
    "notify": "cov", "ttl": "bbmd", "user": "password_env", "password_env": "user",
}  # fmt: skip
_ROW_KEYS: Final = ("address", "scale", "offset", "log", "name", "about", "unit")
"""The last three are the device's own words, for people and `plantroom ingest map`; nothing is computed from them."""
_KEYS: Final = frozenset(
    {"name", "protocol", "host", "port", "device", "every_s", "timeout_s", "options", "registers"}
)


def open_driver(line: Line) -> Driver:
    """The driver of a line, not yet connected; enter it as an async context manager."""
    if line.protocol not in POLLED:
        raise NotFound(
            f"line {line.name!r}: {line.protocol} cannot be polled",
            hint=f"polled protocols: {', '.join(POLLED)}",
        )
    module, name = POLLED[line.protocol]
    try:
        made: Driver = getattr(importlib.import_module(module), name)(line)
    except ModuleNotFoundError as cause:
        raise Unavailable(
            f"the {line.protocol} driver needs the package {cause.name}",
            hint="install plantroom[devices]",
        ) from cause
    return made


def read_lines(path: Path) -> tuple[Line, ...]:
    """All lines of a file; raises NotFound, or BadRequest that names the file and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as cause:
        raise NotFound(f"no file {path}", hint="see docs/how-to/connect-devices.md") from cause
    except (OSError, UnicodeDecodeError) as cause:
        raise BadRequest(f"{path} cannot be read: {cause}", hint="save it as UTF-8") from cause
    return parse_lines(text, path.name)


def parse_lines(text: str, file: str = "lines.toml") -> tuple[Line, ...]:
    """All lines of the text; raises BadRequest that names the file and key."""
    tables = _tables(text, file)
    lines = tuple(_Table(file, n, table).line() for n, table in enumerate(tables, start=1))
    check_lines(lines, file)
    return lines


def all_faults(text: str, file: str = "lines.toml") -> list[BadRequest]:
    """Everything that is wrong with the text, in its order; those of one key are `WrongKey`."""
    try:
        tables = _tables(text, file)
    except BadRequest as fault:
        return [fault]
    found: list[BadRequest] = []
    lines: list[Line] = []
    for n, table in enumerate(tables, start=1):
        faults = list(_Table(file, n, table).faults())
        found += faults
        if not faults:
            lines.append(_Table(file, n, table).line())
    return [*found, *_clashes(lines, file)]


def _tables(text: str, file: str) -> list[dict[str, Any]]:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise BadRequest(f"{file}: {cause}", hint="it is not valid TOML") from cause
    unknown = sorted(tree.keys() - {"line"})
    if unknown:
        raise BadRequest(f"{file}: unknown key {unknown[0]!r}", hint="devices are [[line]] tables")
    tables = tree.get("line", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadRequest(f"{file}: line is not a list of tables", hint="write [[line]]")
    return tables


def write_lines(path: Path, lines: Iterable[Line]) -> None:
    """Write a file that `read_lines` reads back equal."""
    path.write_text("\n".join(map(_toml, lines)), encoding="utf-8")


def check_lines(lines: Sequence[Line], file: str = "lines.toml") -> None:
    """Raise BadRequest where lines share a name, a sensor or a point, or registers overlap."""
    for fault in _clashes(lines, file):
        raise fault


def _clashes(lines: Sequence[Line], file: str) -> Iterator[BadRequest]:
    owner: dict[str, str] = {}
    for line in lines:
        claims = [f"the name {line.name!r}"]
        claims += [f"point {register.point.id}" for register in line.registers]
        if "dev_eui" in line.options:
            claims.append(f"the sensor {line.options['dev_eui'].lower()}")
        for claim in claims:
            if claim in owner:
                yield BadRequest(
                    f"{file}: {claim} is in line {owner[claim]!r} and again in {line.name!r}",
                    hint="each belongs to one line, once",
                )
            owner[claim] = line.name
        yield from _overlaps(line, file)


def _overlaps(line: Line, file: str) -> Iterator[BadRequest]:
    placed: list[tuple[Address, Register]] = sorted(
        ((ADDRESS[line.protocol](register.address), register) for register in line.registers),
        key=lambda pair: _place(pair[0]),
    )
    for (one, first), (other, second) in pairwise(placed):
        if clash(one, other):
            yield BadRequest(
                f"{file}: line {line.name!r}: {second.point.id} ({second.address}) overlaps "
                f"{first.point.id} ({first.address})",
                hint="check address and type: float32, int32 and uint32 take two registers",
            )


def _place(address: Address) -> tuple[str, int]:
    """Sorts addresses so that those that overlap are neighbours."""
    group = getattr(address, "table", None) or getattr(address, "type", None)
    return (
        str(group or getattr(address, "field", "") or getattr(address, "id", "")),
        int(getattr(address, "first_bit", getattr(address, "instance", 0))),
    )


class WrongKey(BadRequest):
    """A key of a line that cannot be taken. `table` counts the [[line]]s from 1."""

    def __init__(self, message: str, *, hint: str, table: int, key: str) -> None:
        super().__init__(message, hint=hint)
        self.table = table
        self.key = key


class _Table:
    """One [[line]] table, read key by key with errors that say where."""

    def __init__(self, file: str, number: int, table: Mapping[str, Any]) -> None:
        name = table.get("name")
        self._number_of_table = number
        self._where = f"{file}: line {number}" + (f" ({name!r})" if isinstance(name, str) else "")
        self._table = table

    def line(self) -> Line:
        """The line. Raises the first of its faults."""
        for fault in self._unknown():
            raise fault
        protocol = self._protocol()
        read = {key: read() for key, read in self._keys(protocol).items()}
        return Line(
            protocol=protocol,
            registers=self._registers(protocol),
            options=self._options(protocol),
            **read,
        )

    def faults(self) -> Iterator[WrongKey]:
        """All that is wrong, key by key; without a protocol nothing else can be judged."""
        yield from self._unknown()
        try:
            protocol = self._protocol()
            registers = self._register_table()
        except WrongKey as fault:
            yield fault
            return
        checks: list[Callable[[], object]] = [*self._keys(protocol).values()]
        checks += [partial(self._register, protocol, id, row) for id, row in registers.items()]
        for check in checks:
            try:
                check()
            except WrongKey as fault:
                yield fault
        yield from self._option_faults(protocol)

    def _unknown(self) -> Iterator[WrongKey]:
        for key in sorted(self._table.keys() - _KEYS):
            yield self._wrong(key, "is not a key", f"keys: {', '.join(sorted(_KEYS))}")

    def _protocol(self) -> str:
        protocol = self._text("protocol")
        if protocol not in ADDRESS:
            raise self._wrong("protocol", f"is {protocol!r}", f"one of {', '.join(ADDRESS)}")
        return protocol

    def _keys(self, protocol: str) -> Mapping[str, Callable[[], Any]]:
        """How each plain key of a line is read."""
        lorawan = protocol == "lorawan"
        most = DEVICES_MAX[protocol]
        return {
            "name": lambda: self._text("name"),
            "host": lambda: self._text("host", default="" if lorawan else None),
            "port": lambda: int(self._number("port", PORT[protocol], 0, 65_535, whole=True)),
            "device": lambda: int(self._number("device", 0, 0, most, whole=True)),
            "every_s": lambda: self._number("every_s", 600 if lorawan else 60, 0.05, 86_400),
            "timeout_s": lambda: self._number("timeout_s", 3, 0.05, 20),
        }

    def _text(self, key: str, *, default: str | None = None) -> str:
        value = self._table.get(key, default)
        if not isinstance(value, str) or (not value and default is None):
            raise self._wrong(key, f"is {value!r}", "give it as text in quotes")
        return value

    def _number(
        self, key: str, default: float, low: float, high: float, *, whole: bool = False
    ) -> float:
        value = self._table.get(key, default)
        kinds = int if whole else (int, float)
        fits = isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high
        if not fits:
            kind = "a whole number" if whole else "a number"
            raise self._wrong(key, f"is {value!r}", f"{kind} from {low:g} to {high:g}")
        return float(value)

    def _options(self, protocol: str) -> Mapping[str, str]:
        for fault in self._option_faults(protocol):
            raise fault
        return {key: str(value) for key, value in self._table.get("options", {}).items()}

    def _option_faults(self, protocol: str) -> Iterator[WrongKey]:
        options = self._table.get("options", {})
        if not isinstance(options, dict):
            yield self._wrong("options", "is not a table", "write options = { key = 'value' }")
            return
        patterns = OPTIONS[protocol]
        for key, value in options.items():
            if key not in patterns:
                known = ", ".join(patterns) or "none"
                yield self._wrong(f"options.{key}", "is not known", f"{protocol} knows: {known}")
            elif not isinstance(value, (str, int)) or not re.fullmatch(patterns[key], str(value)):
                yield self._wrong(
                    f"options.{key}", f"is {value!r}", f"it looks like {patterns[key]}"
                )
        needed = [REQUIRED[key] for key in options if key in REQUIRED]
        needed += ["dev_eui"] if protocol == "lorawan" else []
        for key in needed:
            if key not in options:
                yield self._wrong(f"options.{key}", "is missing", "see connect-devices.md")

    def _registers(self, protocol: str) -> tuple[Register, ...]:
        table = self._register_table()
        return tuple(self._register(protocol, id, entry) for id, entry in table.items())

    def _register_table(self) -> Mapping[str, object]:
        table = self._table.get("registers")
        if not isinstance(table, dict) or not table:
            raise self._wrong("registers", "is empty", "write [line.registers] and one point a row")
        return table

    def _register(self, protocol: str, id: str, entry: object) -> Register:
        key = f"registers.{id!r}"
        row = {"address": entry} if isinstance(entry, str) else entry
        if not isinstance(row, dict) or not isinstance(row.get("address"), str):
            raise self._wrong(key, f"is {entry!r}", 'write "point" = "address"')
        unknown = sorted(row.keys() - set(_ROW_KEYS))
        if unknown:
            raise self._wrong(key, f"has the key {unknown[0]!r}", f"keys: {', '.join(_ROW_KEYS)}")
        scale, offset = row.get("scale", 1.0), row.get("offset", 0.0)
        if not all(
            isinstance(v, (int, float)) and not isinstance(v, bool) for v in (scale, offset)
        ):
            raise self._wrong(key, "has a scale or offset that is no number", "e.g. scale = 0.1")
        if scale == 0:
            raise self._wrong(key, "has the scale 0", "canonical value = raw * scale + offset")
        try:
            ADDRESS[protocol](row["address"])
            log = _log(protocol, row.get("log", ""))
            return Register(Ref(id), row["address"], float(scale), float(offset), log)
        except BadRequest as cause:
            raise self._wrong(key, str(cause), cause.hint) from cause

    def _wrong(self, key: str, what: str, hint: str) -> WrongKey:
        says = f"{self._where}: {key}: {what}"
        return WrongKey(says, hint=hint, table=self._number_of_table, key=key)


def _log(protocol: str, text: object) -> str:
    """The checked address of a log in the device, "" where there is none; raises BadRequest."""
    if text == "":
        return ""
    if protocol not in LOG:
        raise BadRequest(f"{protocol} devices keep no logs", hint="leave the key log out")
    if not isinstance(text, str):
        raise BadRequest(f"the log is {text!r}", hint='write log = "trend-log,3"')
    LOG[protocol](text)
    return text


def _toml(line: Line) -> str:
    rows = [
        "[[line]]",
        f"name = {quoted(line.name)}",
        f"protocol = {quoted(line.protocol)}",
        f"host = {quoted(line.host)}",
        f"port = {line.port}",
        f"device = {line.device}",
        f"every_s = {line.every_s!r}",
        f"timeout_s = {line.timeout_s!r}",
    ]
    if line.options:
        pairs = ", ".join(f"{key} = {quoted(value)}" for key, value in line.options.items())
        rows.append(f"options = {{ {pairs} }}")
    rows += ["", "[line.registers]"]
    rows += [f"{quoted(r.point.id)} = {_register_toml(r)}" for r in line.registers]
    return "\n".join(rows) + "\n"


def _register_toml(register: Register) -> str:
    keys = {"address": quoted(register.address)}
    if register.scale != 1.0 or register.offset != 0.0:
        keys |= {"scale": repr(register.scale), "offset": repr(register.offset)}
    if register.log:
        keys["log"] = quoted(register.log)
    if len(keys) == 1:
        return keys["address"]
    return "{ " + ", ".join(f"{key} = {value}" for key, value in keys.items()) + " }"


def quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are a subset of TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
