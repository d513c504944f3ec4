"""A rescan and the file people keep: their words stay, new devices come, those gone are marked and never removed."""

import datetime as dt
import tomllib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.discovery.merge import merge
from ingest.discovery.names import named
from ingest.discovery.seen import Reach, Scan, SeenDevice, SeenRegister
from ingest.lines import parse_lines
from ontology.errors import BadRequest

DAY = dt.date(2026, 11, 21)
LATER = dt.date(2026, 12, 24)
ROUTER = Reach("bacnet", frozenset({("10.0.0.5", 47808)}))
FILE = """\
# Riverside Tower, kept by the plant room
[[line]]   # ours
name = "ahu"   # beside the lift
protocol = "bacnet"
host = "10.0.0.5"
device = 12
every_s = 30   # fast
options = { network = "2001", mac = "1" }

[line.registers]
"AHU-1.return-air-temp" = "analog-input,1"   # keep
"AHU-1.valve" = { address = "analog-output,2", scale = 0.1, name = "AHU1.CLG" }
# "AHU-1.nobody-needs-it" = "analog-input,3"

# the one by the river
[[line]]
name = "pumps"
protocol = "bacnet"
host = "10.0.0.5"
device = 13
options = { network = "2001", mac = "2" }
[line.registers]
"P-1.run" = "binary-input,1"
"""


def device(number: int, *registers: SeenRegister, mac: int = 0, **more: object) -> SeenDevice:
    options = {"network": "2001", "mac": str(mac or number - 11)}
    seen = SeenDevice(f"device-{number}", "bacnet", "10.0.0.5", 47808, number, options, registers)
    return replace(seen, **more)


AHU = device(
    12, SeenRegister("analog-input,1", "AHU1.RAT"), SeenRegister("analog-output,2", "AHU1.CLG")
)
PUMPS = device(13, SeenRegister("binary-input,1", "P1.RUN"))


def scan(*devices: SeenDevice, reach: Reach = ROUTER) -> Scan:
    return Scan(reach, devices)


def test_a_scan_that_finds_what_is_written_changes_not_one_byte() -> None:
    text, report = merge(FILE, scan(AHU, PUMPS), DAY)
    assert text == FILE
    assert report.says == (
        "0 new devices, 0 new registers, 0 no longer answer, 2 lines as you left them"
    )


def test_a_new_object_joins_its_line_and_nothing_else_moves() -> None:
    grown = replace(
        AHU, registers=(*AHU.registers, SeenRegister("binary-input,7", "AHU1.FAN", "Supply fan"))
    )
    text, report = merge(FILE, scan(grown, PUMPS), DAY)
    row = '"ahu.AHU1.FAN" = { address = "binary-input,7", name = "AHU1.FAN", about = "Supply fan" }'
    assert text.replace(row + "\n", "") == FILE
    assert text.index(row) < text.index("# the one by the river")
    assert (report.new_registers, report.kept) == (1, 2)


def test_a_row_behind_a_hash_stays_out() -> None:
    grown = replace(AHU, registers=(*AHU.registers, SeenRegister("analog-input,3", "AHU1.X")))
    assert merge(FILE, scan(grown, PUMPS), DAY)[0] == FILE


def test_a_whole_line_behind_hashes_stays_out() -> None:
    out = FILE + "\n#[[line]]\n# name = 'lab'\n# protocol = 'bacnet'\n# device = 14\n"
    text, report = merge(out, scan(AHU, PUMPS, device(14, SeenRegister("analog-input,1"))), DAY)
    assert text == out
    assert report.new_devices == []


def test_a_new_device_gets_a_line_at_the_end_that_can_be_polled() -> None:
    new = device(
        14, SeenRegister("analog-input,1", "VAV_312_ZN_T", "Zone temp", "degrees-celsius", "trend-log,4"),
        says="ACME\n[[line]] 3000",
    )  # fmt: skip
    text, report = merge(FILE, named(scan(AHU, PUMPS, new)), DAY)
    assert text.startswith(FILE)
    assert "# ACME [[line]] 3000\n[[line]]" in text
    line = parse_lines(text)[-1]
    assert (line.name, line.device, line.options["mac"]) == ("device-14", 14, "3")
    (register,) = line.registers
    assert (register.point.id, register.log) == ("VAV_312.zone-air-temp", "trend-log,4")
    assert report.says.startswith("1 new device, 1 new register, 0 no longer answer")


def test_what_is_gone_is_marked_with_the_day_it_was_missed_first() -> None:
    first, report = merge(FILE, scan(replace(AHU, registers=AHU.registers[:1])), DAY)
    assert '"AHU1.CLG" }  # no longer answers (2026-11-21)' in first
    assert 'name = "pumps"  # no longer answers (2026-11-21)' in first
    assert (report.gone_devices, report.gone_registers) == (["pumps"], 1)
    assert parse_lines(first)[0].registers == parse_lines(FILE)[0].registers
    later, _ = merge(first, scan(replace(AHU, registers=AHU.registers[:1])), LATER)
    assert later == first
    back, report = merge(later, scan(AHU, PUMPS), LATER)
    assert back == FILE
    assert report.back == 2


def test_the_mark_of_a_register_stands_behind_what_a_person_wrote_there() -> None:
    gone, _ = merge(FILE, scan(replace(AHU, registers=AHU.registers[1:]), PUMPS), DAY)
    assert '"analog-input,1"   # keep; no longer answers (2026-11-21)' in gone
    assert merge(gone, scan(AHU, PUMPS), DAY)[0] == FILE


def test_a_device_whose_objects_could_not_be_listed_has_lost_none() -> None:
    text, _ = merge(FILE, scan(replace(AHU, registers=(), listed=False), PUMPS), DAY)
    assert text == FILE


def test_a_line_elsewhere_is_not_missed() -> None:
    other = Reach("bacnet", frozenset({("10.0.0.6", 47808)}))
    assert merge(FILE, scan(reach=other), DAY)[0] == FILE
    one = Reach("bacnet", frozenset({("10.0.0.5", 47808)}), devices=(12, 12))
    assert merge(FILE, scan(AHU, reach=one), DAY)[0] == FILE
    lan = Reach("bacnet", subnet="10.0.0.9/24")
    assert merge(FILE, scan(AHU, reach=lan), DAY)[1].gone_devices == ["pumps"]


def test_a_scan_of_another_port_of_the_same_host_misses_nobody() -> None:
    wrong_port = Reach("bacnet", frozenset({("10.0.0.5", 47809)}))
    text, report = merge(FILE, scan(reach=wrong_port), DAY)
    assert text == FILE
    assert report.gone_devices == []


def test_a_renumbered_device_is_told_and_not_taken_for_a_new_one() -> None:
    text, report = merge(FILE, scan(AHU, replace(PUMPS, device=77)), DAY)
    assert 'name = "pumps"  # is now device 77 (2026-11-21)' in text
    assert report.new_devices == []
    assert [(t.line, t.says) for t in report.told] == [("pumps", "is now device 77")]


def test_a_device_that_moved_is_told_with_its_new_place() -> None:
    moved = replace(PUMPS, host="10.0.0.7", options={})
    text, report = merge(FILE, scan(AHU, moved), DAY)
    assert "# is now at 10.0.0.7:47808 (2026-11-21)" in text
    assert parse_lines(text) == parse_lines(FILE)
    assert report.new_devices == report.gone_devices == []


def test_a_renumbered_object_is_told_by_its_name() -> None:
    moved = (AHU.registers[0], SeenRegister("analog-output,9", "AHU1.CLG"))
    text, report = merge(FILE, scan(replace(AHU, registers=moved), PUMPS), DAY)
    assert "# is now analog-output,9 (2026-11-21)" in text
    assert [(t.point, t.says) for t in report.told] == [("AHU-1.valve", "is now analog-output,9")]
    assert report.new_registers == report.gone_registers == 0


def test_two_lines_of_one_device_share_its_objects() -> None:
    split = (
        FILE + '\n[[line]]\nname = "slow"\nprotocol = "bacnet"\nhost = "10.0.0.5"\ndevice = 12\n'
    )
    split += 'options = { network = "2001", mac = "1" }\n[line.registers]\n"a" = "analog-value,1"\n'
    whole = replace(AHU, registers=(*AHU.registers, SeenRegister("analog-value,1", "SP")))
    assert merge(split, scan(whole, PUMPS), DAY)[0] == split


def test_a_modbus_unit_is_itself_only_behind_its_gateway() -> None:
    text = """[[line]]
name = "meter"
protocol = "modbus"
host = "10.0.0.8"
device = 3
[line.registers]
"meter.energy" = "holding:2:uint32:CDAB"
"""
    seen = SeenDevice(
        "unit-3", "modbus", "10.0.0.8", 502, 3,
        registers=tuple(SeenRegister(f"holding:{at}") for at in range(6)), listed=False,
    )  # fmt: skip
    reach = Reach("modbus", frozenset({("10.0.0.8", 502)}), devices=(1, 10))
    merged, report = merge(text, Scan(reach, (seen, replace(seen, host="10.0.0.9"))), DAY)
    line, other = parse_lines(merged)
    assert [r.address for r in line.registers[1:]] == [
        "holding:0",
        "holding:1",
        "holding:4",
        "holding:5",
    ]
    assert other.host == "10.0.0.9"
    assert report.new_registers == 4 + 6


def test_windows_line_ends_stay_windows_line_ends() -> None:
    windows = FILE.replace("\n", "\r\n")
    text, _ = merge(windows, scan(AHU, PUMPS, device(14, SeenRegister("analog-input,1"))), DAY)
    assert text.startswith(windows)
    assert "\n" not in text.replace("\r\n", "")


def test_a_file_without_a_last_line_end_takes_new_registers() -> None:
    bare = FILE.rstrip("\n")
    grown = replace(PUMPS, registers=(*PUMPS.registers, SeenRegister("binary-input,2", "P2")))
    text, _ = merge(bare, scan(AHU, grown), DAY)
    assert [r.address for r in parse_lines(text)[1].registers] == [
        "binary-input,1",
        "binary-input,2",
    ]


def test_registers_in_one_line_grow_too() -> None:
    text = "line = []\n"
    with pytest.raises(BadRequest, match="one list"):
        merge("line = [{ name = 'a' }]", scan(), DAY)
    text = '[[line]]\nname = "a"\nprotocol = "bacnet"\nhost = "h"\ndevice = 12\nregisters = { "x" = "analog-input,1" }\n'
    merged, _ = merge(text, scan(AHU), DAY)
    assert [r.address for r in parse_lines(merged)[0].registers] == [
        "analog-input,1",
        "analog-output,2",
    ]


FEW = settings(max_examples=40, deadline=None)

# --- properties ---------------------------------------------------------------------------------

TYPES = st.sampled_from(["analog-input", "binary-output", "analog-value"])
ADDRESSES = st.builds("{},{}".format, TYPES, st.integers(0, 6))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
REGISTERS = st.lists(
    st.builds(SeenRegister, ADDRESSES, WORDS, WORDS, WORDS),
    max_size=6, unique_by=lambda register: register.address,
).map(tuple)  # fmt: skip
SCANS = st.lists(
    st.builds(
        device, st.integers(12, 16), mac=st.integers(1, 6), registers=REGISTERS,
        name=WORDS, says=WORDS, listed=st.booleans(),
    ),
    max_size=4, unique_by=lambda seen: seen.device,
).map(lambda devices: scan(*devices))  # fmt: skip
COMMENTS = st.from_regex(r"#[ a-zA-Z0-9äß°;,.!-]{0,20}", fullmatch=True)


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file as people write it: lines with comments anywhere."""
    rows: list[str] = []
    for number in draw(st.lists(st.integers(12, 15), max_size=3)):
        name = f"line-{len(rows)}"
        rows += [
            draw(COMMENTS),
            f"[[line]]  {draw(COMMENTS)}",
            f'name = "{name}"   {draw(COMMENTS)}',
        ]
        rows += [f'protocol="bacnet"\nhost = "10.0.0.5"\n\ndevice = {number}']
        rows += [f"every_s = {draw(st.integers(1, 99))}", "[line.registers]"]
        addresses = draw(st.lists(ADDRESSES, min_size=1, max_size=4, unique=True))
        for n, address in enumerate(addresses):
            rows += [f'"{name}.{n}" = {{ address = "{address}", scale = 0.5 }} {draw(COMMENTS)}']
            rows += draw(
                st.lists(
                    st.sampled_from(["", "# a word", '# "out" = "analog-value,5"']), max_size=2
                )
            )
    return "\n".join(rows)


def tables(text: str) -> Iterator[dict[str, object]]:
    yield from tomllib.loads(text).get("line", [])


@FEW
@given(files(), SCANS)
def test_every_key_a_person_wrote_stays_as_it_was(text: str, found: Scan) -> None:
    merged, report = merge(text, named(found), DAY)
    before, after = list(tables(text)), list(tables(merged))
    for old, new in zip(before, after, strict=False):
        registers = new["registers"]
        assert {k: v for k, v in new.items() if k != "registers"} == {
            k: v for k, v in old.items() if k != "registers"
        }
        assert dict(list(registers.items())[: len(old["registers"])]) == old["registers"]
    assert len(after) - len(before) == len(report.new_devices)
    lines = parse_lines(merged)
    assert sum(len(line.registers) for line in lines) == (
        sum(len(old["registers"]) for old in before) + report.new_registers
    )
    kept = iter(merged.splitlines())
    assert all(any(line.rstrip("# ") in now for now in kept) for line in text.splitlines())


@FEW
@given(files(), SCANS)
def test_merging_twice_is_merging_once(text: str, found: Scan) -> None:
    once, _ = merge(text, named(found), DAY)
    twice, report = merge(once, named(found), LATER)
    assert twice == once
    assert report.new_devices == []
    assert report.new_registers == 0


@FEW
@given(files(), SCANS, SCANS)
def test_what_comes_back_is_as_if_it_had_never_gone(text: str, found: Scan, other: Scan) -> None:
    there, _ = merge(text, named(found), DAY)
    away, _ = merge(there, Scan(ROUTER), DAY)
    assert list(tables(away)) == list(tables(there))
    assert merge(merge(there, named(other), DAY)[0], named(other), DAY)[1].new_registers == 0
