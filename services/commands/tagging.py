"""From raw names to tags in the home: proposals into a review a person edits, accepted rows into the model."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ingest.exchange.source import Note, Source
from ingest.exchange.tables import read_rows
from ingest.tagging.entities import entities_of
from ingest.tagging.kinds import KIND
from ingest.tagging.learning import lessons_of
from ingest.tagging.names import read_names
from ingest.tagging.propose import propose
from ingest.tagging.raw import Proposal, RawName
from ingest.tagging.review import Accepted, read_review, write_review
from ontology.defs import markers
from ontology.errors import BadRequest, Corrupt
from ontology.graph import Building
from ontology.kinds import Ref, Tags
from services.commands.target import writing
from services.folder import disk_errors

EXAMPLES: Final = 5
REVIEWS: Final = "reviews"
"""The folder of the home with the reviews accepted so far."""
MAX_REVIEWS: Final = 100
"""Reviews learnt from, the newest: a site is tagged in some tens of lists."""


def review(
    names: Path, target: Path, stored: Sequence[Tags], *, home: Path, force: bool = False
) -> dict[str, Any]:
    """Write proposals for every name, and say how many are sure.

    Reviews accepted in this home before teach these. Raises NotFound, BadRequest, Corrupt, and Refused
    for a review that is there already.
    """
    return written(_names(names), target, stored, home=home, force=force)


def written(
    raw: Sequence[RawName],
    target: Path,
    stored: Sequence[Tags],
    *,
    home: Path,
    force: bool = False,
    better: Callable[[list[Proposal]], list[Proposal]] = list,
) -> dict[str, Any]:
    """The same for names already read; `better` may change the proposals before they are written."""
    accepted, notes = _lessons(home)
    known = Building(stored) if stored else None
    proposals = better(propose(raw, known=known, lessons=lessons_of(accepted)))
    with writing(target):
        write_review(target, proposals, force=force)
    doubtful = sorted((p for p in proposals if not p.sure), key=lambda p: p.confidence)
    return {
        "names": len(proposals), "sure": sum(p.sure for p in proposals), "doubtful": len(doubtful),
        "nothing": sum(not p.tags for p in proposals), "review": str(target),
        "examples": [
            {"name": p.raw.shown, "tags": " ".join(sorted(p.tags)), "confidence": round(p.confidence, 2)}
            for p in doubtful[:EXAMPLES]
        ],
        "taught": len(accepted), "notes": [note.to_json() for note in notes],
    }  # fmt: skip


def keep(review: Path, home: Path) -> None:
    """Keep an accepted review in the home, so that it teaches the next; the same one is kept once."""
    folder = home / REVIEWS
    text = review.read_bytes()
    name = f"{hashlib.sha256(text).hexdigest()[:16]}{review.suffix.lower()}"
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{name}.{os.getpid()}"
        draft.write_bytes(text)
        draft.replace(folder / name)


def _lessons(home: Path) -> tuple[list[Accepted], list[Note]]:
    """Rows accepted before, the last answer for each name, and the reviews that cannot be read any more."""
    kept = [file for file in (home / REVIEWS).glob("[!.]*.*") if file.is_file()]
    accepted: dict[tuple[str, str], Accepted] = {}
    notes = []
    for file in sorted(kept, key=lambda file: (file.stat().st_mtime, file.name))[-MAX_REVIEWS:]:
        try:
            accepted |= {(row.device, row.name): row for row in read_review(file)}
        except (BadRequest, Corrupt) as cause:
            notes.append(Note(str(file), f"teaches nothing: {cause}", "remove it or mend it"))
    return list(accepted.values()), notes


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
