"""Raw point names become proposals that say what they know, and how sure they are."""

from __future__ import annotations

import dataclasses
import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.tagging import Accepted, Equipment, Proposal, RawName, lessons_of, propose
from ingest.tagging.compose import canonical_unit
from ingest.tagging.propose import MAX_NAMES
from ingest.tagging.reading import read_name
from ingest.tagging.words import meaning_of, words_of
from ontology.definitions import STANDARD
from ontology.errors import BadRequest
from ontology.graph import Building
from ontology.kinds import MARKER, Ref


def one(
    name: str, description: str = "", unit: str = "", object_type: str = "", device: str = ""
) -> Proposal:
    return propose([RawName(name, description, unit, object_type, device)])[0]


@pytest.mark.parametrize(
    ("raw", "tags"),
    [
        (RawName("AHU-4.SAT", "", "°C", "AI"), "discharge air temp sensor"),
        (RawName("AHU4_SupAirTmpSP", "", "°C", "AV"), "discharge air temp sp"),
        (RawName("CH-2.CHWST", "", "°C", "AI"), "chilled water leaving temp sensor"),
        (RawName("AHU-4.CHWS-T", "", "°C", "AI"), "chilled water entering temp sensor"),
        (RawName("CT-1.CWR-T", "", "°C", "AI"), "condenser water entering temp sensor"),
        (RawName("CH-1.CWR-T", "", "°C", "AI"), "condenser water leaving temp sensor"),
        (RawName("VAV-7.ZN-T", "", "°F", "AI"), "zone air temp sensor"),
        (RawName("VAV-7.SP", "", "°F", "AV"), "zone air temp sp"),
        (RawName("AHU-7.SF-S", "", "", "BI"), "discharge fan run sensor"),
        (RawName("AHU-7.SF-C", "", "", "BO"), "discharge fan run cmd"),
        (RawName("CHWP-3 Spd Fbk", "", "%", "AI"), "speed sensor"),
        (RawName("AHU-9.X12", "Zulufttemperatur Sollwert", "°C", "AV"), "discharge air temp sp"),
        (RawName("FCU-9.X12", "อุณหภูมิห้อง", "°C", "AI"), "zone air temp sensor"),
        (RawName("AHU-2.DPT", "", "Pa", "AI"), "delta pressure sensor"),
        (RawName("EM-2.kWh", "", "kWh", "AI"), "elec active energy sensor"),
        (RawName("AHU-2.PID Gain", "", "", "AV"), ""),
    ],
    ids=lambda value: value.name if isinstance(value, RawName) else "",
)  # fmt: skip
def test_a_name_says_its_tags(raw: RawName, tags: str) -> None:
    assert propose([raw])[0].tags - {"point"} == frozenset(tags.split())


@pytest.mark.parametrize(
    ("name", "id", "kind", "place"),
    [
        ("B1_L03_VAV_312_ZnTmp", "VAV_312", "vav", "B1_L03"),
        ("NAE01/FC-1.VAV-12.ZN-T", "VAV-12", "vav", ""),
        ("AHU-1.SF-1.Spd", "AHU-1", "ahu", ""),
        ("AHU-LOBBY RET TEMP", "AHU-LOBBY", "ahu", ""),
        ("B'HGrp2'TFl", "HGrp2", "heating-circuit", ""),
        ("Primary CHW Pump 2 Trip", "Primary CHW Pump 2", "chilled-water-pump", ""),
        ("Cooling Tower 3 Fan Status", "Cooling Tower 3", "cooling-tower", ""),
        ("RmTmp_R807", "R807", "", "R807"),
        ("OA Temp", "", "", ""),
        ("Chiller Enable", "Chiller", "chiller", ""),
    ],
)
def test_a_name_says_its_equipment(name: str, id: str, kind: str, place: str) -> None:
    read = read_name(name)
    assert (read.equip, read.kind, read.place) == (id, kind, place)


def test_rooms_without_a_kind_get_it_from_their_points() -> None:
    names = [
        RawName("RmTmp_R807", unit="°C"),
        RawName("FanSpd_R807"),
        RawName("Vlv_R807", unit="%"),
        RawName("Door_R808"),
    ]
    assert [p.equip.kind for p in propose(names)] == ["fcu"] * 4


def test_a_level_shared_by_names_is_equipment_whose_kind_its_points_tell() -> None:
    suffixes = [("ZN-T", "°C"), ("DPR", "%"), ("FLOW", "L/s"), ("RH-V", "%")]
    names = [
        RawName(f"Area2/Box{n}.{suffix}", unit=unit) for n in (1, 2) for suffix, unit in suffixes
    ]
    assert {(p.equip.id, p.equip.kind) for p in propose(names)} == {
        ("Box1", "vav"),
        ("Box2", "vav"),
    }


def test_a_silent_sibling_takes_over_what_the_described_ones_say() -> None:
    told = [RawName(f"B'AHU0{n}'TEx", "Ablufttemperatur", "°C", "AI") for n in (1, 2)]
    silent = propose([*told, RawName("B'AHU03'TEx", "", "°C", "AI")])[2]
    assert silent.tags == {"point", "return", "air", "temp", "sensor"}
    assert any("sibling" in reason for reason in silent.reasons)
    assert "exhaust" in one("B'AHU03'TEx", "", "°C", "AI").tags


def test_the_same_number_on_two_floors_is_two_pieces_of_equipment() -> None:
    proposals = propose([RawName("L2_VAV_1_ZnTmp"), RawName("L3_VAV_1_ZnTmp")])
    assert [p.equip.id for p in proposals] == ["L2_VAV_1", "L3_VAV_1"]


def test_a_device_names_the_equipment_its_objects_do_not() -> None:
    proposal = one("ZN-T", unit="°C", object_type="AI", device="VAV-12")
    assert (proposal.equip.id, proposal.equip.kind, proposal.id) == ("VAV-12", "vav", "VAV-12.ZN-T")


def test_equipment_of_the_model_keeps_its_id() -> None:
    known = Building([{"id": Ref("AHU-01"), "dis": "x", "equip": MARKER, "ahu": MARKER}])
    assert propose([RawName("ahu_1/sa_temp")], known=known)[0].equip.id == "AHU-01"


def test_a_unit_that_contradicts_the_name_lowers_the_confidence() -> None:
    fits, contradicts = one("AHU-1.SAT", unit="°C"), one("AHU-1.SAT", unit="kWh")
    assert contradicts.confidence < fits.confidence
    assert not contradicts.sure


def test_an_unknown_word_lowers_the_confidence() -> None:
    assert (
        one("AHU-1.HEATPIPE_TEMP", unit="°C").confidence
        < one("AHU-1.MIX_TEMP", unit="°C").confidence - 0.2
    )
    assert not one("AHU-1.HEATPIPE_TEMP", unit="°C").sure


def test_a_misspelt_word_is_read() -> None:
    assert one("AHU-1 Retrn Air Tempreature", unit="°C").tags >= {"return", "air", "temp"}
    assert meaning_of("tempreature").how == "near"


WOBBLE = Accepted(
    "QX-1.WOBBLE", "", "a", frozenset(["point", "basin", "water", "temp", "sensor"]),
    Equipment("QX-1", "cooling-tower"), "°C", "Number", 2,
)  # fmt: skip


def test_what_people_accepted_once_is_proposed_again() -> None:
    unseen = RawName("QX-7.WOBBLE", unit="°C")
    assert propose([unseen])[0].tags != WOBBLE.tags
    taught = propose([RawName("CT-7.WOBBLE")], lessons=lessons_of([WOBBLE]))[0]
    assert taught.tags == WOBBLE.tags
    assert not taught.sure
    assert "accepted 1 time(s) at this site" in taught.reasons


def test_what_people_accepted_twice_alike_needs_no_look() -> None:
    assert propose([RawName("CT-7.WOBBLE")], lessons=lessons_of([WOBBLE, WOBBLE]))[0].sure


def test_what_people_disagreed_about_is_left_to_them() -> None:
    other = dataclasses.replace(WOBBLE, tags=frozenset({"point", "run", "cmd"}))
    torn = propose([RawName("CT-7.WOBBLE")], lessons=lessons_of([WOBBLE, WOBBLE, other]))[0]
    assert not torn.tags
    assert not torn.sure


def test_a_kind_people_gave_is_the_kind_of_the_next_with_the_same_letters() -> None:
    names = [RawName(f"QX-7.{point}", unit="°C") for point in ("WOBBLE", "JITTER", "SHAKE")]
    taught = propose(names, lessons=lessons_of([WOBBLE, WOBBLE]))
    assert [p.equip for p in taught] == [Equipment("QX-7", "cooling-tower")] * 3
    assert taught[0].tags == WOBBLE.tags


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "x" * 10_000_000,
        "\x00\x01\x02",
        "\ud800",
        "\u202e\u2028",
        "....",
        "'''",
        "[[[[" * 100,
    ],
)
def test_rubbish_is_left_to_a_person(name: str) -> None:
    proposal = one(name)
    assert (proposal.tags, proposal.sure, proposal.confidence) == (frozenset(), False, 0.0)
    assert proposal.reasons
    assert Ref(proposal.id)


def test_a_huge_name_in_any_field_takes_no_time() -> None:
    started = time.perf_counter()
    one("x" * 10_000_000, "y" * 10_000_000, "z" * 10_000_000, "q" * 10_000_000, "w" * 10_000_000)
    one("AHU-1.SAT", "y" * 10_000_000, "z" * 10_000_000, "q" * 10_000_000, "w" * 10_000_000)
    assert time.perf_counter() - started < 5


def test_names_in_the_list_twice_get_two_ids() -> None:
    ids = [
        p.id
        for p in propose(
            [
                RawName("AHU-1.SAT"),
                RawName("AHU-1.SAT"),
                RawName("AHU-1.SAT~2"),
                RawName("AHU-1 SAT"),
                RawName("AHU-1_SAT"),
            ]
        )
    ]
    assert len(set(ids)) == 5


def test_too_long_a_list_is_refused() -> None:
    with pytest.raises(BadRequest, match="possible"):
        propose([RawName("a")] * (MAX_NAMES + 1))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.builds(RawName, *[st.text(max_size=60)] * 5), max_size=5))
def test_any_text_gets_a_proposal_that_can_be_stored(names: list[RawName]) -> None:
    proposals = propose(names)
    assert [p.raw for p in proposals] == names
    assert len({p.id for p in proposals}) == len(names)
    for proposal in proposals:
        assert Ref(proposal.id)
        assert 0 <= proposal.confidence <= 1
        assert not proposal.tags or len(proposal.tags & {"sensor", "cmd", "sp"}) >= 1


@pytest.mark.long
@settings(max_examples=10_000, deadline=None)
@given(st.builds(RawName, *[st.text(alphabet="aAhHuUvV sStT1209-_./'[]%°CkWpP=", max_size=40)] * 5))
def test_any_likely_text_gets_a_proposal(raw: RawName) -> None:
    assert propose([raw])[0].raw == raw


@given(st.text(max_size=80))
def test_words_stand_in_the_name_in_order(name: str) -> None:
    words = words_of(name)
    assert all(a.end <= b.start for a, b in itertools.pairwise(words))
    assert all(0 <= w.start < w.end <= len(name) for w in words)


def test_every_tag_we_can_propose_is_a_tag() -> None:
    from ingest.tagging.kinds import KINDS
    from ingest.tagging.lexicon import LEXICON
    from ingest.tagging.review import OUR_TAGS
    from ingest.tagging.rules import HALF, RULES

    ours = {tag for rule in RULES for tag in rule.adds} | {
        m for meanings in LEXICON.values() for m in meanings
    }
    assert ours - HALF - STANDARD.tags - OUR_TAGS == set()
    assert {tag for kind in KINDS for tag in kind.tags.split()} <= STANDARD.tags


@pytest.mark.parametrize(
    ("text", "unit"),
    [("degrees-celsius", "°C"), ("Deg C", "°C"), ("inWC", "inH₂O"), ("no-units", ""), ("", "")],
)
def test_units_are_read_in_any_spelling(text: str, unit: str) -> None:
    assert canonical_unit(text) == unit
