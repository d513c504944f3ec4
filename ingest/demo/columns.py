"""Where each point's value sits in a row of the simulation: one block per family and role."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ingest.demo.model import riverside_tower
from ontology.defs import ROLE, Role

_FAMILIES = (
    # id prefix -> family; equipment of one family shares its arrays, in the order of the ontology
    ("FCU-", "fcu"), ("AHU-", "air"), ("DOAS-", "air"), ("VAV-", "vav"), ("IAQ-", "iaq"),
    ("CH-", "chiller"), ("CHWP-", "primary"), ("CWP-", "condenser"), ("SCHWP-", "secondary"),
    ("CT-", "tower"), ("CHW-PLANT", "plant"), ("meter-", "meter"), ("weather", "weather"),
)  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """`points[i]` is the id of column i; `block[family, role]` is the slice of its columns.

    `equips[family]` gives the order of the equipment inside a family. A role that only some of
    the family have (discharge humidity of DOAS) takes only their columns, in the same order.
    """

    points: tuple[str, ...]
    roles: tuple[Role, ...]
    block: dict[tuple[str, str], slice]
    equips: dict[str, tuple[str, ...]]
    place: dict[str, int]

    def where(self, *role_names: str) -> NDArray[np.intp]:
        """The columns of all points that play one of these roles."""
        wanted = set(role_names)
        return np.array(
            [i for i, role in enumerate(self.roles) if role.name in wanted], dtype=np.intp
        )


@cache
def columns() -> Columns:
    """The layout for Riverside Tower: every point of the ontology has one column."""
    members: dict[tuple[str, str], list[str]] = {}
    equips: dict[str, dict[str, None]] = {}
    for entity in riverside_tower():
        if "point" not in entity:
            continue
        equip, _, role = entity["id"].id.partition(".")
        family = next(name for prefix, name in _FAMILIES if equip.startswith(prefix))
        equips.setdefault(family, {})[equip] = None
        members.setdefault((family, role), []).append(entity["id"].id)
    points: list[str] = []
    block: dict[tuple[str, str], slice] = {}
    for key, ids in members.items():
        block[key] = slice(len(points), len(points) + len(ids))
        points += ids
    return Columns(
        points=tuple(points),
        roles=tuple(ROLE[point.partition(".")[2]] for point in points),
        block=block,
        equips={family: tuple(names) for family, names in equips.items()},
        place={point: i for i, point in enumerate(points)},
    )
