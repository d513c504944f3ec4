"""LoRaWAN payloads: real bytes of real sensors, and every value that is sent is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.payloads import (
    CODECS,
    ELSYS,
    cayenne,
    cayenne_bytes,
    codec,
    elsys,
    elsys_bytes,
    milesight,
    milesight_bytes,
)
from ontology.errors import BadRequest, Corrupt, NotFound


@pytest.mark.parametrize(
    ("name", "frame", "says"),
    [
        (  # AM107 user guide
            "milesight",
            "01755C03673401046865056A490006651C0079001400077DE704087D070009733F27",
            {"battery": 92, "temperature": 30.8, "humidity": 50.5, "activity": 73,
             "illumination": 28, "co2": 1255, "tvoc": 7, "pressure": 1004.7},
        ),
        (  # AM319 user guide
            "milesight",
            "0175550367EE0004687C05000106CB02077DA803087D2500097366270A7D04000B7D20000C7D3000",
            {"battery": 85, "temperature": 23.8, "humidity": 62, "pir": 1, "light_level": 2, "co2": 936,
             "tvoc": 37, "pressure": 1008.6, "hcho": 0.04, "pm2_5": 32, "pm10": 48},
        ),
        (  # EM300 series user guide 5.2: water is leaked
            "milesight-em300", "01756403671001046871050001",
            {"battery": 100, "temperature": 27.2, "humidity": 56.5, "input": 1},
        ),
        (  # the same: pulse counter
            "milesight-em300", "01756403671e0104685e05c806000000",
            {"battery": 100, "temperature": 28.6, "humidity": 47, "pulses": 6},
        ),
        ("milesight", "ff0bffff0101ff166785c38226020003ff090110ff0a0101ff0f00", {}),  # EM320-TH joins
        ("cayenne", "03670110056700FF", {"temperature:3": 27.2, "temperature:5": 25.5}),  # LPP document
        ("cayenne", "01 67 FF D7 06 71 04 D2 FB 2E 00 00", {"temperature:1": -4.1}),  # and its next one
        (  # LHT65 user manual
            "dragino-lht65", "CBF60B0D0376010ADD7FFF",
            {"battery_voltage": 3.062, "temperature": 28.29, "humidity": 88.6, "external_temperature": 27.81},
        ),
        (  # the same without its probe
            "dragino-lht65", "CBF60B0D0376017FFF7FFF",
            {"battery_voltage": 3.062, "temperature": 28.29, "humidity": 88.6},
        ),
        (  # Elsys payload document
            "elsys", "0100E202290400270506060308070D62",
            {"temperature": 22.6, "humidity": 41, "light": 39, "motion": 6, "co2": 776, "vdd": 3.426},
        ),
        ("elsys", "0100E2 410A00D0", {"temperature": 22.6}),  # the second was measured earlier
    ],
    ids=["AM107", "AM319", "EM300 leak", "EM300 pulses", "join", "LPP", "LPP axes", "LHT65",
         "LHT65 alone", "ERS", "ERS earlier"],
)  # fmt: skip
def test_the_examples_of_the_makers_documents_are_read_as_they_say(
    name: str, frame: str, says: dict[str, float]
) -> None:
    assert codec(name)(bytes.fromhex(frame)) == pytest.approx(says)


def test_the_same_bytes_mean_different_temperatures_to_the_two_codecs() -> None:
    frame = bytes.fromhex("03670110")
    assert milesight(frame)["temperature"] != cayenne(frame)["temperature:3"]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "battery": st.integers(0, 100),
            "temperature": st.integers(-400, 850).map(lambda n: round(n / 10, 1)),
            "humidity": st.integers(0, 200).map(lambda n: n / 2),
            "co2": st.integers(0, 65_535),
            "pressure": st.integers(0, 65_535).map(lambda n: round(n / 10, 1)),
            "pm2_5": st.integers(0, 1000),
        },
    )
)
def test_what_a_milesight_sensor_sends_is_what_is_read(fields: dict[str, float]) -> None:
    assert milesight(milesight_bytes(fields)) == pytest.approx(fields)


@given(
    st.dictionaries(
        st.integers(0, 255).map(lambda channel: f"temperature:{channel}"),
        st.integers(-32_768, 32_767).map(lambda n: round(n / 10, 1)),
        max_size=6,
    )
)
def test_what_a_cayenne_sensor_sends_is_what_is_read(fields: dict[str, float]) -> None:
    assert cayenne(cayenne_bytes(fields)) == pytest.approx(fields)


@given(st.dictionaries(st.sampled_from([cell.name for cell in ELSYS.values()]), st.integers(0, 30)))
def test_what_an_elsys_sensor_sends_is_what_is_read(fields: dict[str, float]) -> None:
    assert elsys(elsys_bytes(fields)) == pytest.approx(fields)


@given(st.binary(max_size=60), st.sampled_from(sorted(CODECS)))
def test_noise_is_either_read_or_called_corrupt(noise: bytes, name: str) -> None:
    try:
        fields = codec(name)(noise)
    except Corrupt:
        return
    assert all(isinstance(value, float) for value in fields.values())


def test_a_codec_nobody_wrote_is_not_guessed() -> None:
    with pytest.raises(NotFound, match="no payload codec 'unheard'"):
        codec("unheard")


def test_a_temperature_that_the_sensor_cannot_send_is_refused() -> None:
    with pytest.raises(BadRequest, match="does not fit"):
        milesight_bytes({"temperature": 4000.0})
