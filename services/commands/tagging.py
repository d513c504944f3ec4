"""From raw names to tags in the home: proposals into a review a person edits, accepted rows into the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ingest.exchange.source import Source
from ingest.exchange.tables import read_rows
from ingest.tagging.entities import entities_of
from ingest.tagging.kinds import KIND
from ingest.tagging.names import read_names
from ingest.tagging.propose import propose
from ingest.tagging.raw import RawName
from ingest.tagging.review import Accepted, read_review, write_review
from ontology.defs import markers
from ontology.errors import BadRequest
from ontology.graph import Building
from ontology.kinds import Ref, Tags

EXAMPLES: Final = 5


def review(names: Path, target: Path, stored: Sequence[Tags]) -> dict[str, Any]:
    """Write proposals for every name, and say how many are sure. Raises NotFound, BadRequest, Corrupt."""
    raw = _names(names)
    proposals = propose(raw, known=Building(stored) if stored else None)
    write_review(target, proposals)
    doubtful = sorted((p for p in proposals if not p.sure), key=lambda p: p.confidence)
    return {
        "names": len(proposals), "sure": sum(p.sure for p in proposals), "doubtful": len(doubtful),
        "nothing": sum(not p.tags for p in proposals), "review": str(target),
        "examples": [
            {"name": p.raw.shown, "tags": " ".join(sorted(p.tags)), "confidence": round(p.confidence, 2)}
            for p in doubtful[:EXAMPLES]
        ],
    }  # fmt: skip


def _names(path: Path) -> list[RawName]:
    """A point list's names with all it says of them, or a file of names alone."""
    try:
        rows, _ = read_rows(path)
    except BadRequest:
        found = read_names(path)
        if not found:
            raise
        return found
    return [RawName(r.name, r.description, r.unit, r.object_type, r.device) for r in rows]


def accepted_model(path: Path, stored: Sequence[Tags]) -> Source:
    """The accepted rows as entities: points already in the home by their raw name get the tags, others are new."""
    accepted = read_review(path)
    if not accepted:
        raise BadRequest(f"{path.name}: no row is accepted", hint="write yes in the column accept")
    site = next((Ref(tags["id"].id) for tags in stored if "site" in tags), None)
    known = _by_raw_name(stored)
    placed = [row for row in accepted if "equipRef" in known.get(row.name, {})]
    moved = [
        replace(row, id=known[row.name]["id"].id) if row.name in known else row
        for row in accepted
        if "equipRef" not in known.get(row.name, {})
    ]
    found = {tags["id"].id: tags for row in placed for tags in _placed(row, known[row.name])}
    here = {known[row.name]["id"].id for row in moved if row.name in known}
    for tags in entities_of(moved, known=Building(stored), site=site):
        old = tags["id"].id in here
        found[tags["id"].id] = {k: v for k, v in tags.items() if not (old and k == "dis")}
    return Source(tuple(found.values()))


def _by_raw_name(stored: Sequence[Tags]) -> dict[str, Tags]:
    """Points by the name their device gives them, where only one has it."""
    named = [(str(tags["pointName"]), tags) for tags in stored if "pointName" in tags]
    count = Counter(name for name, _ in named)
    return {name: tags for name, tags in named if count[name] == 1}


def _placed(row: Accepted, point: Tags) -> Iterator[dict[str, Any]]:
    """What a point that has its equipment already gains, and what its equipment does."""
    gained: dict[str, Any] = {"id": point["id"], **markers(sorted(row.tags)), "kind": row.kind}
    if row.unit and row.kind == "Number":
        gained["unit"] = row.unit
    if row.tags & {"cmd", "sp"}:
        gained |= markers(["writable"])
    yield gained
    if row.equip.kind:
        yield {
            "id": Ref(point["equipRef"].id),
            **markers(["equip", *KIND[row.equip.kind].tags.split()]),
        }
