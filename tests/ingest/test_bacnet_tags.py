"""Our reading and writing of BACnet's bytes, against the standard's own order and against bacpypes3's opinion."""

import datetime as dt
import math
import struct
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from bacpypes3.apdu import (
    APCISequence,
    ComplexAckPDU,
    ConfirmedRequestPDU,
    ReadPropertyMultipleACK,
    UnconfirmedRequestPDU,
)
from bacpypes3.basetypes import (
    DateTime,
    ErrorType,
    LogRecord,
    LogRecordLogDatum,
    ReadAccessResult,
    ReadAccessResultElement,
    ReadAccessResultElementChoice,
    StatusFlags,
)
from bacpypes3.constructeddata import Any as AnyValue
from bacpypes3.primitivedata import (
    BitString,
    CharacterString,
    Date,
    Double,
    Enumerated,
    Integer,
    ObjectIdentifier,
    Real,
    TagClass,
    TagList,
    Time,
    Unsigned,
)
from hypothesis import given
from hypothesis import strategies as st

from ingest.demo.devices.bacnet_device import Controller, Rejects
from ingest.demo.devices.bacnet_logs import PeriodicLog, StoredLog
from ingest.demo.devices.bacnet_things import Fails, HandSource, Thing
from ingest.drivers.bacnet import services, tags
from ingest.drivers.bacnet.clock import DeviceClock
from ingest.drivers.bacnet.services import ObjectId
from ingest.drivers.bacnet.trends import rows_of
from ontology.time import UTC

OBJECTS = st.builds(
    ObjectId,
    st.integers(min_value=0, max_value=1023),
    st.integers(min_value=0, max_value=services.ANY_INSTANCE),
)
PROPERTIES = st.integers(min_value=0, max_value=4_194_303)


def of(kind: type, value: object) -> tuple[bytes, tags.Tag]:
    """A value as bacpypes3 writes it, and as we read that."""
    octets = bytes(TagList([kind(value).encode()[0]]).encode().pduData)
    (tag,) = tags.read_tags(octets)
    return octets, tag


@given(st.floats(width=32, allow_nan=False))
def test_a_real_is_the_same_number_both_ways(value: float) -> None:
    octets, tag = of(Real, value)
    assert tags.number(tag) == value
    assert tags.real(value) == octets


@given(st.floats(allow_nan=False))
def test_a_double_is_read(value: float) -> None:
    assert tags.number(of(Double, value)[1]) == value


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_whole_numbers_are_the_same_both_ways(value: int) -> None:
    octets, tag = of(Unsigned, value)
    assert (tags.number(tag), tags.whole(value)) == (value, octets)
    octets, tag = of(Enumerated, value)
    assert (tags.number(tag), tags.enumerated(value)) == (value, octets)


@given(st.integers(min_value=-(2**31), max_value=2**31 - 1))
def test_signed_numbers_are_the_same_both_ways(value: int) -> None:
    octets, tag = of(Integer, value)
    assert (tags.number(tag), tags.signed(value)) == (value, octets)


@given(st.text(max_size=300))
def test_texts_are_the_same_bytes_and_lose_their_control_characters(value: str) -> None:
    octets, tag = of(CharacterString, value)
    assert tags.characters(value) == octets
    assert tags.text(tag) == "".join(c for c in value if c.isprintable()).strip()


@given(OBJECTS)
def test_object_identifiers_are_the_same_both_ways(value: ObjectId) -> None:
    octets, tag = of(ObjectIdentifier, tuple(value))
    assert (ObjectId(*tags.object_id(tag.content)), tags.identifier(*value)) == (value, octets)


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_bit_strings_are_the_same_bytes(value: list[bool]) -> None:
    assert tags.bits(value) == of(BitString, [int(bit) for bit in value])[0]


@given(
    st.lists(
        st.tuples(OBJECTS, st.lists(PROPERTIES, min_size=1, max_size=4)), min_size=1, max_size=6
    )
)
def test_bacpypes3_reads_what_we_ask(asked: list[tuple[ObjectId, list[int]]]) -> None:
    request = ConfirmedRequestPDU(services.READ_MULTIPLE)
    request.put_data(
        services.read_multiple([(each, [(name, None) for name in names]) for each, names in asked])
    )
    heard = APCISequence.decode(request)
    told = [
        (
            ObjectId(*map(int, spec.objectIdentifier)),
            [int(ref.propertyIdentifier) for ref in spec.listOfPropertyReferences],
        )
        for spec in heard.listOfReadAccessSpecs
    ]
    assert told == asked


@given(
    st.lists(
        st.tuples(
            OBJECTS,
            st.lists(
                st.tuples(PROPERTIES, st.one_of(st.none(), st.floats(width=32, allow_nan=False))),
                min_size=1,
                max_size=4,
            ),
        ),
        max_size=5,
    )
)
def test_we_read_what_bacpypes3_answers(answers) -> None:
    ack = ReadPropertyMultipleACK(
        listOfReadAccessResults=[
            ReadAccessResult(
                objectIdentifier=ObjectIdentifier(tuple(target)),
                listOfResults=[
                    ReadAccessResultElement(
                        propertyIdentifier=name,
                        readResult=ReadAccessResultElementChoice(
                            propertyAccessError=ErrorType(
                                errorClass="property", errorCode="unknownProperty"
                            )
                        )
                        if value is None
                        else ReadAccessResultElementChoice(propertyValue=AnyValue(Real(value))),
                    )
                    for name, value in said
                ],
            )
            for target, said in answers
        ]
    )
    heard = list(services.properties_of(bytes(ack.encode().pduData)))
    expected = [(target, name, value) for target, said in answers for name, value in said]
    told = [
        (each.object, each.property, None if each.values is None else tags.number(each.values[0]))
        for each in heard
    ]
    assert told == expected


@given(st.floats(width=32, allow_nan=False), st.integers(min_value=0, max_value=15))
def test_we_read_a_log_record_as_bacpypes3_writes_it(value: float, bits: int) -> None:
    flags = [bits >> 3 & 1, bits >> 2 & 1, bits >> 1 & 1, bits & 1]
    record = LogRecord(
        timestamp=DateTime(date=Date((126, 3, 1, 7)), time=Time((1, 2, 3, 50))),
        logDatum=LogRecordLogDatum(realValue=value),
        statusFlags=StatusFlags(flags),
    )
    octets = bytes(record.encode().encode().pduData)
    (row,) = rows_of(octets, many=False)
    assert row.local == dt.datetime(2026, 3, 1, 1, 2, 3, 500_000)
    assert (row.values, row.flags) == ((value,), bits << 4)


def controller() -> Controller:
    log = StoredLog(ObjectId(0, 1), 10)
    log.put(dt.datetime(2026, 3, 1), b"\x2c" + struct.pack(">f", 20.0))
    things = [
        Thing(ObjectId(0, 1), "T", HandSource(20.0)),
        Thing(ObjectId(1, 1), "V", HandSource(1.0, commandable=True)),
    ]
    return Controller(7, "seven", things, logs={ObjectId(20, 1): log})


def test_bacpypes3_reads_what_our_simulated_controllers_say() -> None:
    device = controller()
    asked = services.read_multiple([(ObjectId(1, 1), [(85, None), (111, None), (87, None)])])
    requests = {
        services.READ_PROPERTY: services.read_property(ObjectId(8, 7), services.OBJECT_LIST),
        services.READ_MULTIPLE: asked,
        services.READ_RANGE: services.range_by_position(ObjectId(20, 1), 1, 5),
    }
    heard = {}
    for service, request in requests.items():
        ack = ComplexAckPDU(service)
        ack.put_data(device.serve(service, request, "me", 1476))
        heard[service] = APCISequence.decode(ack)
    listed = heard[services.READ_PROPERTY].propertyValue.tagList
    assert [tuple(tag.tag_data[-1:]) for tag in listed if tag.tag_data] == [(7,), (1,), (1,), (1,)]
    (access,) = heard[services.READ_MULTIPLE].listOfReadAccessResults
    array = access.listOfResults[2].readResult.propertyValue.tagList
    assert len([tag for tag in array if tag.tag_class == TagClass.application]) == 16
    said = heard[services.READ_RANGE]
    assert (said.itemCount, list(said.resultFlags)) == (1, [1, 1, 0])
    device.serve(
        services.SUBSCRIBE_COV,
        services.subscribe(3, ObjectId(0, 1), 60, confirmed=False),
        "me",
        1476,
    )
    ((each, thing),) = device.due()
    note = UnconfirmedRequestPDU(services.UNCONFIRMED_COV)
    note.put_data(device.notification(each, thing))
    told = APCISequence.decode(note)
    assert (told.subscriberProcessIdentifier, told.monitoredObjectIdentifier[1]) == (3, 1)
    assert (
        services.notification_of(bytes(note.pduData) or device.notification(each, thing)).process
        == 3
    )


@given(st.binary(max_size=80))
def test_nonsense_is_malformed_and_never_worse(octets: bytes) -> None:
    readers = [
        lambda: list(tags.read_tags(octets)),
        lambda: list(services.properties_of(octets)),
        lambda: services.property_of(octets),
        lambda: services.notification_of(octets),
        lambda: services.range_of(octets),
        lambda: list(rows_of(octets, many=False)),
        lambda: list(rows_of(octets, many=True)),
    ]
    for read in readers:
        try:
            read()
        except tags.Malformed:
            continue


@given(st.sampled_from([1, 5, 12, 14, 15, 26]), st.binary(max_size=60))
def test_a_simulated_controller_survives_any_request(service: int, octets: bytes) -> None:
    try:
        controller().serve(service, octets, "me", 1476)
    except (Fails, Rejects, tags.Malformed):
        return


def test_brackets_without_end_are_malformed() -> None:
    with pytest.raises(tags.Malformed, match="deeper"):
        list(services.properties_of(tags.context_object(0, 0, 1) + b"\x1e\x29\x55" + b"\x4e" * 99))


def test_a_log_of_many_columns_gives_each_its_value() -> None:
    stamp = b"\x0e\xa4" + bytes([126, 3, 1, 7]) + b"\xb4" + bytes(4) + b"\x0f"
    row = b"\x1c\x41\xa0\x00\x00" + b"\x09\x01" + b"\x7e\x91\x02\x91\x20\x7f"
    status = stamp + b"\x1e\x0a\x05\x80\x1f"
    first, second = rows_of(stamp + b"\x1e\x1e" + row + b"\x1f\x1f" + status, many=True)
    assert first.local == dt.datetime(2026, 3, 1)
    assert first.values[:2] == (20.0, 1.0)
    assert math.isnan(first.values[2])
    assert second.values == ()


@given(
    st.integers(min_value=0, max_value=2000),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Bangkok"]),
)
def test_local_times_in_order_come_back_as_their_instants(start: int, zone: str) -> None:
    own = ZoneInfo(zone)
    begin = dt.datetime(2026, 10, 20, tzinfo=UTC) + dt.timedelta(minutes=15 * start)
    instants = [begin + dt.timedelta(minutes=10 * n) for n in range(40)]
    clock = DeviceClock(own)
    told = [clock.utc(at.astimezone(own).replace(tzinfo=None, fold=0)) for at in instants]
    sure = next(n for n, at in enumerate(told) if at == instants[n])
    assert sure <= 6  # begun within the second pass of the hour, nothing can tell
    assert told[sure:] == instants[sure:]
    assert all(one < other for one, other in pairwise(told[sure:]))


def test_a_log_of_the_demo_building_tells_what_the_plant_had_then() -> None:
    def plant(ts: int) -> tuple[bytes, int]:
        return b"\x2c" + struct.pack(">f", ts / 300), 0

    log = PeriodicLog(ObjectId(0, 1), plant, size=5, every_s=300, since=0.0, now=lambda: 3010.0)
    device = Controller(7, "seven", (), logs={ObjectId(20, 1): log})
    asked = services.range_by_time(ObjectId(20, 1), bytes([70, 1, 1, 4]), bytes([0, 41, 0, 0]), 9)
    page = services.range_of(device.serve(services.READ_RANGE, asked, "me", 1476))
    rows = list(rows_of(page.records, many=False))
    assert (page.count, page.sequence, page.last) == (2, 9, True)
    assert [row.values for row in rows] == [(9.0,), (10.0,)]
    assert rows[0].local == dt.datetime(1970, 1, 1, 0, 45)
