"""What is a kind of what, and which tags make an entity one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.demo.model import riverside_tower
from ontology.definitions import KINDS_OF_QUANTITY, STANDARD, Def, Definitions, Spec
from ontology.errors import Corrupt, NotFound, OutOfSpace
from ontology.units import ALL_UNITS

MANDATORY = {"site", "space", "equip", "point", "device", "network", "system"}
NAMES = st.sampled_from(sorted(STANDARD.defs))


def sets(name: str, defs: Definitions = STANDARD) -> set[str]:
    return {" ".join(sorted(one)) for one in defs.alternatives(name)}


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("ahu", "airHandlingEquip"),
        ("ahu", "equip"),
        ("mau", "ahu"),
        ("vrf-indoorUnit-fcu", "fcu"),
        ("vrf-indoorUnit-fcu", "vrf-equip"),
        ("vav", "airTerminalUnit"),
        ("ac-elec-meter", "meter"),
        ("pump-motor", "motor"),
        ("room", "space"),
        ("hot-water", "water"),
        ("chilled-water", "fluid"),
        ("naturalGas", "gas"),
        ("wetBulb", "temp"),
        ("siteRef", "ref"),
        ("Vav", "airTerminalUnit"),
        ("ph::Vav", "equip"),
        ("ph.equips::Doas", "Ahu"),
        ("DischargeAirTempSensor", "AirTempSensor"),
        ("ph.points::DischargeAirTempSensor", "point"),
    ],
)
def test_the_special_is_the_general(name: str, base: str) -> None:
    assert STANDARD.is_a(name, base)
    assert not STANDARD.is_a(base, name)


@pytest.mark.parametrize(
    ("name", "base"),
    [("fcu", "ahu"), ("vav", "airHandlingEquip"), ("nonsense", "equip"), ("equip", "nonsense"),
     ("AirTempSensor", "AirFlowSensor"), ("steam", "water")],
)  # fmt: skip
def test_what_is_only_akin_is_something_else(name: str, base: str) -> None:
    assert not STANDARD.is_a(name, base)


def test_every_kind_of_air_handler_suffices_to_be_one() -> None:
    found = sets("airHandlingEquip")
    assert {"airHandlingEquip", "ahu", "doas", "mau", "rtu", "fcu", "crac", "unitVent"} <= found
    assert not {"vav", "equip", "chiller"} & found


def test_the_marker_every_subtype_must_carry_decides_alone() -> None:
    assert sets("equip") == {"equip"}
    assert sets("point") == {"point"}


def test_a_conjunct_is_all_its_parts_and_a_pump_of_an_older_model_is_a_motor() -> None:
    assert sets("hot-water") == {"hot water"}
    assert sets("pump-motor") == {"motor pump", "equip pump"}
    assert sets("chilled-water-plant") == {"chilled plant water", "chilledWaterPlant"}
    assert sets("discharge-air-temp") == {
        "discharge air temp".replace("discharge air", "air discharge")
    }


@pytest.mark.parametrize(
    ("spec", "tags"),
    [
        ("Vav", {"vav"}),
        ("ph::Vav", {"vav"}),
        ("ElecMeter", {"elec meter"}),
        ("ph.points::DischargeAirTempSensor", {"air discharge point sensor temp"}),
        ("ZoneCo2Sensor", {"co2 point sensor zone"}),
        ("NaturalGasFlowSensor", {"flow naturalGas point sensor"}),
        ("OccupiedSensor", {"occupied point sensor"}),
        ("FanRunCmd", {"cmd fan point run"}),
        ("SensorPoint", {"point sensor"}),
    ],
)
def test_an_xeto_name_is_the_tags_in_its_camel_case(spec: str, tags: set[str]) -> None:
    assert sets(spec) == tags


@pytest.mark.parametrize(
    "name", ["", "furlongs", "Furlong", "ph::", "FooBarSensor", "A" * 5_000, "a-b", "-"]
)
def test_a_name_nobody_knows_has_no_tags(name: str) -> None:
    assert STANDARD.alternatives(name) == ()


def test_a_stream_of_unknown_names_does_not_fill_memory() -> None:
    for n in range(25_000):
        STANDARD.alternatives(f"unknown{n}")
    assert len(STANDARD._found) <= 10_001


@given(NAMES)
def test_what_suffices_to_be_a_kind_suffices_to_be_every_kind_above(name: str) -> None:
    assert STANDARD.is_a(name, name)
    above = STANDARD.supertypes(name)
    # an entity that lacks `equip`, say, is not conformant, whatever else it carries
    mine = STANDARD.defs[name].markers | (above & MANDATORY)
    for base in above:
        assert STANDARD.is_a(name, base)
        assert any(wide <= mine for wide in STANDARD.alternatives(base)), base


@given(NAMES)
def test_no_alternative_contains_another(name: str) -> None:
    found = STANDARD.alternatives(name)
    assert found
    assert not any(a < b for a in found for b in found)


def test_the_table_is_whole() -> None:
    assert all(base in STANDARD for found in STANDARD.defs.values() for base in found.supers)
    assert not [name for name in STANDARD.defs if name in STANDARD.supertypes(name)]
    kinds = {unit.kind for unit in ALL_UNITS}
    assert {kind for fit in KINDS_OF_QUANTITY.values() for kind in fit} <= kinds
    assert set(KINDS_OF_QUANTITY) <= STANDARD.tags


def test_every_tag_of_the_tower_is_known() -> None:
    assert {tag for entity in riverside_tower() for tag in entity} <= STANDARD.tags


def test_a_misspelt_tag_has_a_nearest_one() -> None:
    assert STANDARD.nearest("dischage") == "discharge"
    assert STANDARD.nearest("chiler") == "chiller"
    assert STANDARD.nearest("zyxwv") is None


MINE = Definitions(
    [
        Def("iceRink", ("room",), on=("x",), doc="Cold"),
        Def("ahu", ("iceRink",)),
        Def("siteRef", on=("y",)),
    ],
    [
        Spec("my::Base", ("Equip",)),
        Spec("my::Maker", ("my::Base",), frozenset({"maker"}), ("maker", "size"), "Makes snow"),
        Spec("my::BigMaker", ("Maker",), frozenset({"big"})),
        Spec("my::Odd", ("my::Odd",), frozenset({"odd"})),
    ],
)


def test_definitions_of_ones_own_go_over_the_standard() -> None:
    both = STANDARD.merged(MINE)
    assert both.is_a("iceRink", "space")
    assert both.is_a("ahu", "iceRink")
    assert both.is_a("siteRef", "ref")  # a row without supertypes extends
    assert {"maker", "size", "iceRink"} <= both.tags
    assert "iceRink" not in STANDARD


def test_a_spec_without_markers_of_its_own_is_what_its_heirs_are() -> None:
    assert sets("my::Base", MINE) == {"maker"}
    assert sets("Maker", MINE) == {"maker"}
    assert sets("my::BigMaker", MINE) == {"big maker"}
    assert sets("Odd", MINE) == {"odd"}
    assert MINE.is_a("BigMaker", "my::Base")


def test_definitions_survive_a_file(tmp_path: Path) -> None:
    path = tmp_path / "defs.json"
    both = STANDARD.merged(MINE)
    both.write(path)
    back = Definitions.read(path)
    assert back.defs == both.defs
    assert back.specs == both.specs
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", '{"format": "else"}', "\x00",
        '{"format": "plantroom-definitions-1", "defs": [["a"]], "specs": []}',
        '{"format": "plantroom-definitions-1", "defs": [], "specs": 3}',
        '{"format": "plantroom-definitions-1", "defs": [["a", [1], [], [], "", ""]], "specs": []}',
        json.dumps({"format": "plantroom-definitions-1", "defs": [], "specs": [["a", [], [{}], [], ""]]}),
        "[" * 100_000,
    ],
)  # fmt: skip
def test_a_spoilt_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "defs.json"
    path.write_text(text)
    with pytest.raises(Corrupt, match=r"defs\.json"):
        Definitions.read(path)


def test_a_file_that_is_not_there_or_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Definitions.read(tmp_path / "none.json")
    with pytest.raises(OutOfSpace):
        MINE.write(tmp_path / "none" / "defs.json")
