"""The verb `find_points`: points by role, tags, unit, equipment or place, with the exact filter used."""

from __future__ import annotations

import re
from typing import Final

from agent.evidence import ToolResult
from agent.tools.clauses import in_place, of_kind, of_owner, of_role
from agent.tools.shortlist import shortlist
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Toolbox
from ontology.codec.zinc import encode_value
from ontology.errors import BadRequest
from ontology.units import symbol

MAX_TAGS: Final = 12
_TAG: Final = re.compile(r"[a-z][A-Za-z0-9_]*")


async def find_points(
    box: Toolbox,
    *,
    role: str | None = None,
    tags: str | None = None,
    unit: str | None = None,
    of: str | None = None,
    place: str | None = None,
    count: int = 20,
) -> ToolResult:
    """Points that meet all conditions given; the first `count` are listed."""
    terms = [of_role(role) if role else "point", *_tags(tags or "")]
    if unit:
        terms.append(f"unit=={encode_value(symbol(unit))}")
    if of:
        terms.append(of_owner(of_kind(box.building, of)))
    if place:
        clause = in_place(box.building, place, " and ".join(terms), points=True)
        terms.append(clause or f"equipRef==@{box.building.get(place).id}")
    filter = " and ".join(dict.fromkeys(terms))
    words = [w for w in (role, tags, unit, of, place) if w]
    return shortlist(
        box, "find_points", filter, box.building.find(filter), count=count, words=words
    )


def _tags(text: str) -> list[str]:
    """Tag names, separated by blanks or commas. Raises BadRequest for what cannot be a tag."""
    names = [name for name in re.split(r"[\s,]+", text) if name and name != "and"]
    wrong = [name for name in names if not _TAG.fullmatch(name)]
    if wrong or len(names) > MAX_TAGS:
        raise BadRequest(
            f"{wrong[0]!r:.40} is no tag" if wrong else f"{len(names)} tags",
            hint=f"at most {MAX_TAGS} tag names, such as: discharge air temp sensor",
        )
    return names


TOOL = Tool(
    "find_points",
    "List points by role, tags, unit, equipment or place: count, ids, names, units, the exact filter used.",
    (
        Arg("role", "text", "what the point does, such as zone-air-temp, power, cooling-valve"),
        Arg("tags", "text", "marker tags it must have, such as: discharge air temp sensor"),
        Arg("unit", "text", "unit of its values, such as °C, ppm, kW"),
        Arg(
            "of", "text", "kind of the equipment or space it belongs to, such as ahu, chiller, room"
        ),
        Arg("place", "text", "id of the equipment or space it must belong to, be in, or be fed by"),
        Arg("count", "integer", "how many to list", high=200),
    ),
    find_points,
)
