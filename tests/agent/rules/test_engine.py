"""From flags to episodes to findings: holds, joins, skips, gates, numbers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from agent.diagnosis import Cause as Cause_
from agent.diagnosis import Family, Finding, Severity, State, finding_id, ranked
from agent.rules.arrays import At, Flags, for_the_last, held, joined, rolling_range, runs, theil_sen
from agent.rules.engine import evaluate, finding, mask, next_check
from agent.rules.frames import STEP, Frames, Layout
from agent.rules.rule import Rule, Suspect, hours, minutes, supports
from ontology.defs import ROLE, markers
from ontology.graph import Building
from ontology.history import Floats
from ontology.kinds import Ref
from ontology.time import UTC, Span

START = dt.datetime(2026, 11, 1, tzinfo=UTC)
STEPS = 96


def two_rooms() -> Building:
    """Two fan coils; the second has no valve."""
    entities: list[dict[str, object]] = [
        {"id": Ref("house"), **markers(("site",)), "tz": "Bangkok"}
    ]
    for name, roles in (
        ("FCU-1", ("zone-air-temp", "cooling-valve")),
        ("FCU-2", ("zone-air-temp",)),
    ):
        entities.append({"id": Ref(name), "siteRef": Ref("house"), **markers(("equip", "fcu"))})
        entities += [
            {
                "id": Ref(f"{name}.{role}"),
                "equipRef": Ref(name),
                **markers(["point", *ROLE[role].tags]),
            }
            for role in roles
        ]
    return Building(entities)


def frames(**rows: Floats) -> Frames:
    points = {Ref(f"FCU-1.{name.replace('_', '-')}"): values for name, values in rows.items()}
    return Frames(Layout(two_rooms()), Span(START, START + STEPS * STEP), points)


def too_hot(at: At) -> Flags:
    return at["zone-air-temp"] > 26.0


def a_rule(**changes: object) -> Rule:
    row: dict[str, object] = {
        "id": "T-1", "family": Family.ROOM, "severity": Severity.COMFORT, "equip": "fcu",
        "needs": ("zone-air-temp", "cooling-valve"), "symptom": too_hot, "says": "is at {zone-air-temp}",
        "source": "test", "causes": (Suspect("a", "cause a", 0.6, "check a", 30), Suspect("b", "cause b", 0.4, "check b", 5)),
        "join": hours(2),
    }  # fmt: skip
    return Rule(**(row | changes))  # type: ignore[arg-type]


def hot_for(*spans: tuple[int, int]) -> Floats:
    values = np.full(STEPS, 24.0)
    for start, end in spans:
        values[start:end] = 28.0
    return values


def found_in(rule: Rule, temp: Floats) -> list[Finding]:
    seen = frames(zone_air_temp=temp, cooling_valve=np.full(STEPS, 50.0))
    return [finding(e, seen, 4.2) for e in evaluate(rule, seen)[0]]


def test_a_symptom_shorter_than_its_hold_is_nothing() -> None:
    assert found_in(a_rule(hold=minutes(60)), hot_for((10, 13))) == []


def test_a_symptom_that_holds_becomes_one_finding_with_its_hours_and_numbers() -> None:
    (one,) = found_in(a_rule(hold=minutes(60)), hot_for((10, 20)))
    assert (one.start, one.end) == (START + 10 * STEP, START + 20 * STEP)
    assert one.status is State.CLOSED
    assert one.says == "FCU-1 is at 28.0 °C"
    assert one.proofs[0].value == 28.0
    assert one.proofs[0].span == Span(one.start, START + 20 * STEP)


def test_runs_that_follow_each_other_closely_are_one_episode() -> None:
    assert len(found_in(a_rule(), hot_for((10, 20), (24, 30)))) == 1
    assert len(found_in(a_rule(), hot_for((10, 20), (50, 60)))) == 2


def test_an_episode_near_the_end_of_the_range_is_still_open() -> None:
    (one,) = found_in(a_rule(), hot_for((80, 92)))
    assert one.end is None
    assert one.status is State.OPEN


def test_an_episode_must_add_up_to_its_least() -> None:
    assert found_in(a_rule(least=hours(4)), hot_for((10, 20))) == []


def test_a_rule_that_misses_a_role_says_so_and_judges_the_others() -> None:
    seen = frames(zone_air_temp=hot_for((10, 20)), cooling_valve=np.zeros(STEPS))
    episodes, skipped = evaluate(a_rule(), seen)
    assert [e.equip.id for e in episodes] == ["FCU-1"]
    assert skipped is not None
    assert skipped.equips == ("FCU-2",)
    assert "needs cooling-valve" in skipped.text


def test_a_point_found_wrong_is_hidden_from_the_rules_that_follow() -> None:
    seen = frames(zone_air_temp=hot_for((10, 20)), cooling_valve=np.zeros(STEPS))
    gate = a_rule(id="SV", needs=("zone-air-temp",), subject="zone-air-temp", gates=True)
    wrong = [finding(e, seen, 4.2) for e in evaluate(gate, seen)[0]]
    assert [f.point for f in wrong] == ["FCU-1.zone-air-temp"]
    mask(wrong, seen)
    assert evaluate(a_rule(), seen)[0] == []


def test_evidence_moves_the_ranking_of_causes() -> None:
    def valve_open(at: At) -> Floats:
        return supports(at["cooling-valve"] > 40, at["cooling-valve"])

    weighed = a_rule(causes=(
        Suspect("a", "cause a", 0.6, "check a"),
        Suspect("b", "cause b", 0.4, "check b", support=valve_open, tells="open {pct} of that time"),
    ))  # fmt: skip
    (one,) = found_in(weighed, hot_for((10, 20)))
    assert [c.id for c in one.causes] == ["b", "a"]
    assert one.causes[0].proofs[0].text == "open 100 % of that time"
    assert sum(c.likelihood for c in one.causes) == pytest.approx(1, abs=0.01)


def test_the_next_check_is_the_cheaper_one_that_tells_the_top_two_apart() -> None:
    (one,) = found_in(a_rule(), hot_for((10, 20)))
    assert one.next_check == "check b"
    assert next_check((), ()) == ""


def test_impact_counts_only_flagged_hours_and_is_priced() -> None:
    def two_kw(at: At) -> Floats:
        return np.full_like(at["zone-air-temp"], 2.0)

    (one,) = found_in(a_rule(waste=two_kw, method="2 kW", comfort=True), hot_for((10, 18)))
    assert one.impact.kwh == pytest.approx(4.0)  # two hours
    assert one.impact.cost == pytest.approx(16.8)
    assert one.impact.comfort_hours == 2.0
    assert "4.2 per kWh" in one.impact.method


def test_an_unknown_waste_is_unknown_not_zero() -> None:
    def unknown(at: At) -> Floats:
        return np.full_like(at["zone-air-temp"], np.nan)

    (one,) = found_in(a_rule(waste=unknown), hot_for((10, 18)))
    assert one.impact.kwh is None
    assert one.impact.cost is None


def test_an_id_names_rule_subject_and_local_day() -> None:
    zone = two_rooms().zone
    late = dt.datetime(2026, 11, 1, 18, 0, tzinfo=UTC)  # 01:00 of the next day in Bangkok
    assert finding_id("T-1", "FCU-1", late, zone) == "T-1:FCU-1:2026-11-02"


def test_ranked_causes_sum_to_one() -> None:
    causes = ranked([Cause_("a", "", 3.0, ""), Cause_("b", "", 1.0, "")])
    assert [(c.id, c.likelihood) for c in causes] == [("a", 0.75), ("b", 0.25)]


def test_a_slope_is_found_through_outliers_and_gaps() -> None:
    days = np.arange(30.0)
    values = 0.1 * days
    values[[3, 17]] = 40.0
    values[[5, 6, 7]] = np.nan
    slope, p = theil_sen(days, values)
    assert slope == pytest.approx(0.1, abs=0.01)
    assert p < 0.001
    assert theil_sen(days[:5], values[:5])[1] == 1.0


def test_runs_hold_and_join_as_said() -> None:
    flags = np.array([[True, True, False, True, False, False, True, True, True]])
    assert runs(flags[0]) == [(0, 2), (3, 4), (6, 9)]
    assert held(flags, 2).tolist()[0] == [True, True, False, False, False, False, True, True, True]
    assert joined(runs(flags[0]), 1) == [(0, 4), (6, 9)]
    assert for_the_last(flags, 3)[0].tolist() == [False] * 8 + [True]


def test_a_range_over_silence_is_unknown() -> None:
    values = np.array([[1.0, 2.0, np.nan, np.nan, np.nan, 5.0]])
    spread = rolling_range(values, 3)[0]
    assert np.isnan(spread[4])
    assert spread[2] == 1.0
