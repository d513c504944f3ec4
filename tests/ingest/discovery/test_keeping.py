"""A lines.toml on disk: never half written, never over somebody else's words, the one before kept."""

import dataclasses
from pathlib import Path

import pytest

from ingest.discovery.keeping import read_text, replace_text
from ingest.discovery.mapping import mapped, with_ids
from ingest.discovery.names import named
from ingest.discovery.seen import Reach, Scan, SeenDevice, SeenRegister
from ingest.tagging import Accepted, Equipment, RawName, propose
from ontology.errors import BadRequest, Conflict
from ontology.graph import Building
from ontology.kinds import MARKER, Ref


def test_the_file_before_stands_beside_it_with_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "lines.toml"
    assert replace_text(path, "", "first\n") is None
    path.chmod(0o640)
    kept = replace_text(path, "first\n", "second\n")
    assert kept is not None
    assert (kept.name, kept.read_text(), path.read_text()) == (
        "lines.toml.bak",
        "first\n",
        "second\n",
    )
    assert path.stat().st_mode & 0o777 == 0o640
    assert replace_text(path, "second\n", "second\n") is None
    assert kept.read_text() == "first\n"


def test_what_somebody_saved_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "lines.toml"
    path.write_text("theirs\n")
    with pytest.raises(Conflict, match="meanwhile"):
        replace_text(path, "mine\n", "new\n")
    assert path.read_text() == "theirs\n"
    assert [file.name for file in tmp_path.iterdir()] == ["lines.toml"]


def test_a_folder_that_cannot_be_written_leaves_no_draft(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        replace_text(tmp_path / "none" / "lines.toml", "", "x")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_another_coding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lines.toml"
    path.write_bytes(b"name = \xff")
    with pytest.raises(BadRequest, match="UTF-8"):
        read_text(path)


# --- names --------------------------------------------------------------------------------------


def seen(*registers: SeenRegister) -> Scan:
    device = SeenDevice("Floor 12", "bacnet", "10.0.0.1", 47808, 7, registers=registers)
    return Scan(Reach("bacnet"), (device,))


def ids(scan: Scan) -> list[str]:
    return [register.point for device in scan.devices for register in device.registers]


def test_ids_come_from_role_where_it_is_sure_else_from_device_and_object() -> None:
    scan = seen(
        SeenRegister("analog-input,1", "AHU-3 Return Air Temp", unit="degrees-celsius"),
        SeenRegister("analog-value,2", "XQ_77/Z"),
        SeenRegister("binary-input,3"),
        SeenRegister("analog-input,4", "CHW-PLANT.primary-flow"),
    )
    assert ids(named(scan)) == [
        "AHU-3.return-air-temp", "Floor_12.XQ_77_Z", "Floor_12.binary-input-3", "CHW-PLANT.primary-flow",
    ]  # fmt: skip


def test_two_objects_that_claim_one_role_both_keep_their_own_names() -> None:
    twins = [
        SeenRegister("analog-input,1", "AHU-3 Return Air Temp", unit="degrees-celsius"),
        SeenRegister("analog-input,2", "AHU-3 Return Air Temperature", unit="degrees-celsius"),
    ]
    assert all(id.startswith("Floor_12.") for id in ids(named(seen(*twins))))


def test_a_point_that_the_model_knows_by_its_address_keeps_its_id() -> None:
    known = Building(
        [
            {
                "id": Ref("ours.temp"), "point": MARKER, "bacnetDeviceId": "7",
                "bacnetObject": "analog-input,1", "dis": "T",
            }
        ]
    )  # fmt: skip
    scan = seen(SeenRegister("analog-input,1", "anything"))
    assert ids(named(scan, known)) == ["ours.temp"]


# --- units --------------------------------------------------------------------------------------


def accepted(unit: str, tags: str, kind: str = "Number") -> Accepted:
    return Accepted(
        "N", "ddc", "AHU-1.p", frozenset(tags.split()), Equipment("AHU-1", "ahu"), unit, kind, 2
    )


FILE = '[[line]]\nname = "ddc"\nprotocol = "bacnet"\nhost = "h"\ndevice = 1\n[line.registers]\n"N" = {row}\n'
TEMP = "return air temp sensor point"


@pytest.mark.parametrize(
    ("row", "unit", "shown", "told"),
    [
        ('"analog-input,1"', "°F", "scale = 0.555555555556", "°F to °C"),
        ('"analog-input,1"', "°C", '"AHU-1.p" = "analog-input,1"', None),
        ('{ address = "analog-input,1", scale = 0.1 }', "°F", "scale = 0.1 }", None),
        ('"analog-input,1"', "L/s", '"AHU-1.p" = "analog-input,1"', None),
    ],
    ids=["another unit", "our unit", "scaled by hand", "no unit of a temperature"],
)  # fmt: skip
def test_a_register_gets_the_arithmetic_only_where_it_needs_it(
    row: str, unit: str, shown: str, told: str | None
) -> None:
    result = mapped(FILE.replace("{row}", row), [accepted(unit, TEMP)])
    assert shown in result.text
    assert result.converted.get("AHU-1.p") == told


def test_a_name_that_no_register_has_is_told() -> None:
    row = dataclasses.replace(accepted("°C", TEMP), name="M")
    result = mapped(FILE.replace("{row}", '"analog-input,1"'), [row])
    assert result.strange == ["ddc: M"]
    assert result.renamed == {}


def test_a_wish_for_an_id_that_another_register_has_is_not_granted() -> None:
    raw = [RawName("AHU-3 Return Air Temp", unit="°C"), RawName("x")]
    proposals = with_ids(["ddc.a", "AHU-3.return-air-temp"], propose(raw))
    assert [proposal.id for proposal in proposals] == ["ddc.a", "AHU-3.return-air-temp"]
    known = with_ids(["ddc.a", "ddc.b"], propose(raw), known={"ddc.a"})
    assert [proposal.id for proposal in known] == ["ddc.a", "ddc.b"]
    free = with_ids(["ddc.a", "ddc.b"], propose(raw))
    assert [proposal.id for proposal in free] == ["AHU-3.return-air-temp", "ddc.b"]
