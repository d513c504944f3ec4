"""lines.toml: read, written, and wrong in ways a person can mend."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.demo.devices.layout import Layout
from ingest.driver import Line, Register
from ingest.lines import OPTIONS, open_driver, parse_lines, read_lines, write_lines
from ingest.payloads import CODECS
from ontology.errors import BadRequest, NotFound
from ontology.kinds import Ref

CHILLER = """
[[line]]
name = "CH-1"
protocol = "modbus"
host = "10.0.0.7"
device = 1
every_s = 30

[line.registers]
"CH-1.power" = "input:122:float32:CDAB"
"CH-1.run" = "discrete:1"
"meter-CH-1.energy" = { address = "holding:2:uint32", scale = 0.1 }
"""


def test_a_chiller_line_reads_as_written() -> None:
    (line,) = parse_lines(CHILLER)
    assert line == Line(
        name="CH-1",
        protocol="modbus",
        host="10.0.0.7",
        port=502,
        device=1,
        every_s=30.0,
        timeout_s=3.0,
        registers=(
            Register(Ref("CH-1.power"), "input:122:float32:CDAB"),
            Register(Ref("CH-1.run"), "discrete:1"),
            Register(Ref("meter-CH-1.energy"), "holding:2:uint32", scale=0.1),
        ),
    )


def test_the_whole_demo_building_survives_its_file(tmp_path: Path) -> None:
    lines = Layout.of_riverside_tower().at("127.0.0.1", 47808, 5020).lines
    write_lines(tmp_path / "lines.toml", lines)
    assert read_lines(tmp_path / "lines.toml") == lines


@given(st.text(min_size=1), st.floats(0.001, 1e6), st.floats(-1e6, 1e6))
def test_any_name_and_scale_survive_the_file(name: str, scale: float, offset: float) -> None:
    from ingest.lines import _toml

    (line,) = parse_lines(CHILLER)
    register = replace(line.registers[0], scale=scale, offset=offset)
    odd = replace(line, name=name, registers=(register,), options={})
    assert parse_lines(_toml(odd)) == (odd,)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "CH-1"', "", "line 1: name: is None"),
        ('host = "10.0.0.7"', "", r"line 1 \('CH-1'\): host: is None"),
        ('"modbus"', '"profibus"', "protocol: is 'profibus'"),
        ("device = 1", "device = 256", "device: is 256"),
        ("device = 1", "device = 1.5", "device: is 1.5"),
        ("every_s = 30", "every_s = 0", "every_s: is 0"),
        ("every_s = 30", "evry_s = 30", "evry_s: is not a key"),
        ("every_s = 30", "options = { mac = '1' }", "options.mac: is not known"),
        ("input:122:float32:CDAB", "input:122:float16", "registers.'CH-1.power': not a Modbus"),
        ("input:122:float32:CDAB", "input:122:float32:ABDC", "not a Modbus register"),
        ("input:122:float32:CDAB", "input:65535:float32", "not a Modbus register"),
        ("discrete:1", "discrete:1:float32", "registers.'CH-1.run'"),
        ("scale = 0.1", "scale = 0", "has the scale 0"),
        ("scale = 0.1", "scal = 0.1", "has the key"),
        ('"CH-1.run"', '"CH 1 run"', "not a Haystack ref"),
        ("[[line]]", "[[line]", "not valid TOML|lines.toml"),
        ("[[line]]", "[line]", "not a list of tables"),
        ("[[line]]", "[[lines]]", "unknown key 'lines'"),
    ],
)
def test_a_mistake_is_named_with_its_place(old: str, new: str, says: str) -> None:
    assert old in CHILLER
    with pytest.raises(BadRequest, match=says) as error:
        parse_lines(CHILLER.replace(old, new, 1))
    assert "lines.toml" in str(error.value)
    assert error.value.hint


def test_two_points_in_one_register_are_refused() -> None:
    with pytest.raises(BadRequest, match=r"CH-1.load .* overlaps CH-1.power"):
        parse_lines(CHILLER + '"CH-1.load" = "input:123:uint16"\n')


def test_one_point_in_two_lines_is_refused() -> None:
    other = CHILLER.replace('name = "CH-1"', 'name = "CH-1 again"')
    with pytest.raises(BadRequest, match=r"CH-1\.power is in line 'CH-1' and again"):
        parse_lines(CHILLER + other)


def test_two_lines_of_one_name_are_refused() -> None:
    with pytest.raises(BadRequest, match="the name 'CH-1' is in line"):
        parse_lines(CHILLER + CHILLER)


SENSOR = """
[[line]]
name = "IAQ-807"
protocol = "lorawan"
options = { dev_eui = "24e124710c401234", codec = "milesight" }

[line.registers]
"IAQ-807.zone-air-co2" = "co2"
"""
ROOMS = """
[[line]]
name = "floor-12"
protocol = "bacnet"
host = "10.0.0.5"
options = { network = 2001, mac = 12 }

[line.registers]
"FCU-1203.zone-air-temp" = "analog-input,1"
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        (SENSOR, "24e124710c401234", "24e1", "options.dev_eui: is '24e1'"),
        (SENSOR, '"milesight"', '"unheard"', "options.codec: is 'unheard'"),
        (SENSOR, ', codec = "milesight"', "", "options.codec: is missing"),
        (SENSOR, 'dev_eui = "24e124710c401234", ', "", "options.dev_eui: is missing"),
        (SENSOR, '"co2"', '"CO2!"', "not a payload field"),
        (ROOMS, ", mac = 12", "", "options.mac: is missing"),
        (ROOMS, "2001", "'basement'", "options.network: is 'basement'"),
        (ROOMS, "analog-input,1", "analog-inputs,1", "not a BACnet object"),
        (ROOMS, "analog-input,1", "analog-input,4194303", "out of range"),
    ],
)
def test_a_mistake_in_an_option_is_named(text: str, old: str, new: str, says: str) -> None:
    assert parse_lines(text)
    assert old in text
    with pytest.raises(BadRequest, match=says):
        parse_lines(text.replace(old, new, 1))


def test_one_sensor_in_two_lines_is_refused() -> None:
    other = SENSOR.replace("IAQ-807", "IAQ-907").replace("24e124710c401234", "24E124710C401234")
    with pytest.raises(BadRequest, match="the sensor 24e124710c401234 is in line"):
        parse_lines(SENSOR + other)


def test_a_missing_file_says_where_to_read_on(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as error:
        read_lines(tmp_path / "lines.toml")
    assert "connect-devices" in error.value.hint


def test_a_sensor_that_sends_by_itself_is_not_polled() -> None:
    with pytest.raises(NotFound, match="lorawan cannot be polled"):
        open_driver(Line("iaq", "lorawan", "", 0))


def test_every_option_is_explained_in_the_how_to() -> None:
    pages = Path(__file__).parents[2] / "docs/how-to"
    for protocol in ("bacnet", "modbus", "lorawan"):
        text = (pages / f"{protocol}.md").read_text()
        for option in OPTIONS[protocol]:
            assert f"`{option}`" in text, option
        assert parse_lines(text.split("```toml")[1].split("```")[0])
    for codec in CODECS:
        assert f"`{codec}`" in (pages / "lorawan.md").read_text(), codec
    page = (pages / "connect-devices.md").read_text()
    for line in parse_lines("\n".join(page.split("```toml")[1].split("```")[:1])):
        assert line.registers


def test_a_register_may_name_the_log_that_records_it(tmp_path: Path) -> None:
    text = CHILLER.replace('"modbus"', '"bacnet"').replace("device = 1", "device = 1202")
    table = text[: text.index('"CH-1.power"')]
    table += '"CH-1.power" = { address = "analog-input,1", scale = 0.1, log = "trend-log,3" }\n'
    table += '"CH-1.run" = { address = "binary-input,1", log = "trend-log-multiple,5,2" }\n'
    lines = parse_lines(table)
    assert [r.log for r in lines[0].registers] == ["trend-log,3", "trend-log-multiple,5,2"]
    write_lines(tmp_path / "lines.toml", lines)
    assert read_lines(tmp_path / "lines.toml") == lines


@pytest.mark.parametrize("log", ["trend-log", "trend-log,4194303", "trend-log-multiple,5", "x,1"])
def test_a_log_that_is_none_is_refused_with_its_point(log: str) -> None:
    text = CHILLER.replace('"modbus"', '"bacnet"')
    text = text[: text.index('"CH-1.power"')]
    text += f'"CH-1.power" = {{ address = "analog-input,1", log = "{log}" }}\n'
    with pytest.raises(BadRequest, match=r"CH-1\.power.*trend log"):
        parse_lines(text)


def test_a_log_in_a_device_that_keeps_none_is_refused() -> None:
    with pytest.raises(BadRequest, match="keep no logs"):
        parse_lines(CHILLER.replace("scale = 0.1", 'log = "trend-log,3"'))
