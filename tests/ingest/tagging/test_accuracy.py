"""Proposals are right often enough, and know when they are not; judged building by building."""

from __future__ import annotations

import time

import pytest

from bench.tagging_accuracy import Judged, Score, buildings, calibrated_on, judged, score
from ingest.tagging import RawName, propose
from ingest.tagging.confidence import DEFAULT, Evidence, fit

LISTS = buildings()


@pytest.fixture(scope="module")
def seen() -> dict[str, Judged]:
    return {name: judged(golds) for name, golds in LISTS.items()}


@pytest.fixture(scope="module")
def scores(seen: dict[str, Judged]) -> dict[str, Score]:
    return {
        name: score(golds, calibrated_on(other for key, other in seen.items() if key != name))
        for name, golds in LISTS.items()
    }


def test_there_are_enough_buildings_to_judge_by() -> None:
    assert len(LISTS) >= 5
    assert all(80 <= len(golds) <= 200 for golds in LISTS.values())
    assert len([name for name in LISTS if not name.startswith("dev")]) >= 2


@pytest.mark.parametrize("name", LISTS)
def test_a_building_nobody_calibrated_on_is_read_well(scores: dict[str, Score], name: str) -> None:
    found = scores[name]
    assert found.exact >= 0.80
    assert found.f1 >= 0.93
    assert found.equipment >= 0.95


def test_what_is_applied_without_a_look_is_right(scores: dict[str, Score]) -> None:
    held = [s for name, s in scores.items() if not name.startswith("dev")]
    sure = sum(s.coverage * s.names for s in held)
    assert sum(s.precision * s.coverage * s.names for s in held) / sure >= 0.97
    assert sure / sum(s.names for s in held) >= 0.5


def test_the_shipped_calibration_is_that_of_the_labelled_lists(seen: dict[str, Judged]) -> None:
    again = calibrated_on(seen.values())
    assert DEFAULT.weights == pytest.approx(again.weights, abs=0.01)
    assert (DEFAULT.bias, DEFAULT.threshold) == pytest.approx(
        (again.bias, again.threshold), abs=0.01
    )


def test_labels_are_not_read_when_proposing() -> None:
    golds = next(iter(LISTS.values()))
    assert propose([g.raw for g in golds]) == propose(
        [RawName(*(getattr(g.raw, f) for f in RawName.__slots__)) for g in golds]
    )


def test_a_calibration_learns_which_evidence_counts() -> None:
    def clue(known: float, noise: float) -> Evidence:
        return Evidence(known, 0, noise, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1)

    evidence = [clue(k, n) for k in (0.0, 1.0) for n in (0.0, 1.0)] * 100
    right = [e.known == 1.0 for e in evidence]
    curve = fit(evidence, right)
    assert curve.confidence(clue(1, 0)) > 0.9
    assert curve.confidence(clue(0, 1)) < 0.1
    assert curve.confidence(clue(1, 0)) >= curve.threshold > curve.confidence(clue(0, 0))


def test_a_hundred_thousand_names_take_less_than_half_a_minute() -> None:
    some = [gold.raw for golds in LISTS.values() for gold in golds]
    names = [
        RawName(f"B{n}_{raw.name}", raw.description, raw.unit, raw.object_type)
        for n in range(10)
        for raw in some
    ]
    started = time.process_time()
    assert len(propose(names)) == len(names)
    assert (time.process_time() - started) / len(names) * 100_000 < 30
