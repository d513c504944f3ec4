"""Hundreds of drawn filters: ours alone, the index beside the predicate, and the peers where their environments exist."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bench.ontology_peers.agreement import agreement, answers, telling
from bench.ontology_peers.divergences import DIVERGENCES, predicted
from bench.ontology_peers.environments import PEERS, Installed, Peer
from bench.ontology_peers.files import zinc
from bench.ontology_peers.filters import Drawn, draw
from bench.ontology_peers.measure import ROOT, Program
from bench.ontology_peers.sample import sample
from ontology.filter import parse, parse_filter
from ontology.index import EntityIndex

FILTERS = 120


@cache
def rows() -> list[dict[str, Any]]:
    """Every seventh entity of the sample and all that they refer to, oddities included."""
    everything = sample()
    return [*everything[:400], *everything[400:-50:7], *everything[-50:]]


@cache
def drawn() -> list[Drawn]:
    return draw(rows(), FILTERS)


@cache
def found(text: str) -> frozenset[str]:
    at: Callable[[Any], Any] = {tags["id"]: tags for tags in rows()}.get
    matches = parse_filter(text)
    return frozenset(tags["id"].id for tags in rows() if matches(tags, at))


def test_a_third_of_the_drawn_filters_finds_some_but_not_all() -> None:
    assert telling([found(one.text) for one in drawn()], len(rows())) >= FILTERS / 3


def test_an_answer_is_put_together_from_its_terms() -> None:
    assert [one.text for one in drawn() if found(one.text) != one.answer(found)] == []


def test_a_printed_filter_is_the_same_filter() -> None:
    assert [one.text for one in drawn() if found(str(parse(one.text))) != found(one.text)] == []


def test_the_index_finds_what_the_predicate_finds() -> None:
    index = EntityIndex(rows())
    assert [
        one.text
        for one in drawn()
        if {tags["id"].id for tags in index.find(one.text)} != found(one.text)
    ] == []


def test_without_habits_a_peer_would_answer_as_we_do() -> None:
    assert [one.text for one in drawn() if predicted(one, rows(), ())[0] != found(one.text)] == []


def test_each_divergence_names_its_place_in_the_standard() -> None:
    assert len({rule.id for rule in DIVERGENCES}) == len(DIVERGENCES)
    sections = ("Overview", "Usage", "Number Comparisons", "Arrow Operator", "Ref Lists", "Grammar")
    assert [rule.id for rule in DIVERGENCES if not rule.spec.startswith(sections)] == []


def test_each_divergence_stands_in_the_decision() -> None:
    decision = (ROOT / "docs" / "decisions" / "0011-ontology.md").read_text(encoding="utf-8")
    assert [rule.id for rule in DIVERGENCES if f"`{rule.id}`" not in decision] == []


@pytest.mark.parametrize("peer", [p for p in PEERS if p.has_filter], ids=lambda peer: peer.name)
def test_every_other_answer_of_a_peer_follows_a_written_rule(peer: Peer, tmp_path: Path) -> None:
    """Peers are installed by `plantroom bench ontology`; tests only use what is there."""
    program = Program.of(_there(peer))
    file = tmp_path / "sample.zinc"
    file.write_text(zinc(rows()), encoding="utf-8")
    task = {"format": "zinc", "file": str(file), "times": 1, "filters": [d.text for d in drawn()]}
    theirs = answers(program.answer(task)["matches"])
    beside = agreement(peer.name, drawn(), rows(), [found(one.text) for one in drawn()], theirs)
    assert beside.unexplained == []
    assert beside.same > FILTERS / 2, json.dumps(beside.explained)


def _there(peer: Peer) -> Installed:
    folder = ROOT / "var" / "bench" / "peers" / peer.name
    installed = Installed.at(peer, folder)
    if installed is None:
        pytest.skip(f"{peer.package} is not installed: run `plantroom bench ontology` once")
    return installed
