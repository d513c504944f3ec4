"""Accepted rows as entities: the equipment they name, and its points."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from ingest.tagging.kinds import KIND
from ingest.tagging.review import Accepted
from ontology.defs import markers
from ontology.graph import Building
from ontology.kinds import Ref

_NOT_IN_REF: Final = re.compile(r"[^a-zA-Z0-9_:\-.~]+")


def entities_of(
    accepted: Iterable[Accepted], *, known: Building | None = None, site: Ref | None = None
) -> list[dict[str, Any]]:
    """Equipment first, then points, each once. Equipment `known` already is left out.

    A point keeps its raw name as `dis` and, where it came from a device, the device's as `device`.
    """
    rows = list(accepted)
    equips = {row.equip.id: row for row in rows if row.equip.id}
    whole: dict[str, Any] = {"siteRef": site} if site else {}
    found = [
        _equip(row) | whole for id, row in equips.items() if not (known and ref_id(id) in known)
    ]
    return found + [_point(row) | whole for row in rows]


def ref_id(name: str) -> str:
    """A name as an id: what a ref cannot hold becomes "_".

    >>> ref_id("Cooling Tower 1")
    'Cooling_Tower_1'
    """
    return _NOT_IN_REF.sub("_", name).strip("_.-") or "equip"


def _equip(row: Accepted) -> dict[str, Any]:
    kind = KIND[row.equip.kind].tags if row.equip.kind else ""
    place = {"place": row.equip.place} if row.equip.place else {}
    return {
        "id": Ref(ref_id(row.equip.id), row.equip.id), "dis": row.equip.id, **markers(["equip", *kind.split()]), **place,
    }  # fmt: skip


def _point(row: Accepted) -> dict[str, Any]:
    tags: dict[str, Any] = {
        "id": Ref(row.id, row.name), "dis": row.name, **markers(sorted(row.tags)), "kind": row.kind,
    }  # fmt: skip
    if row.unit and row.kind == "Number":
        tags["unit"] = row.unit
    if row.equip.id:
        tags["equipRef"] = Ref(ref_id(row.equip.id))
    if row.device:
        tags["device"] = row.device
    if row.tags & {"cmd", "sp"}:
        tags |= markers(["writable"])
    return tags
