"""LoRaWAN payloads: real bytes of real sensors, and every value that is sent is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.payloads import cayenne, cayenne_bytes, codec, milesight, milesight_bytes
from ontology.errors import BadRequest, Corrupt, NotFound


def test_a_milesight_am107_frame_is_read_with_its_light_channel_skipped() -> None:
    frame = bytes.fromhex("01755C03673401046865056A490006651C0079001400077DE704087D070009733F27")
    assert milesight(frame) == {
        "battery": 92.0,
        "temperature": 30.8,
        "humidity": 50.5,
        "activity": 73.0,
        "co2": 1255.0,
        "tvoc": 7.0,
        "pressure": 1004.7,
    }


def test_a_cayenne_frame_is_read_by_channel() -> None:
    # the two examples of the Cayenne LPP document
    assert cayenne(bytes.fromhex("03670110056700FF")) == {
        "temperature:3": 27.2,
        "temperature:5": 25.5,
    }


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


@given(st.binary(max_size=60), st.sampled_from(["milesight", "cayenne"]))
def test_noise_is_either_read_or_called_corrupt(noise: bytes, name: str) -> None:
    try:
        fields = codec(name)(noise)
    except Corrupt:
        return
    assert all(isinstance(value, float) for value in fields.values())


def test_a_codec_nobody_wrote_is_not_guessed() -> None:
    with pytest.raises(NotFound, match="no payload codec 'elsys'"):
        codec("elsys")


def test_a_temperature_that_the_sensor_cannot_send_is_refused() -> None:
    with pytest.raises(BadRequest, match="does not fit"):
        milesight_bytes({"temperature": 4000.0})
