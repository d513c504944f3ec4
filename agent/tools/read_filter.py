"""The verb `read_filter`: whatever a Haystack filter matches."""

from __future__ import annotations

from agent.evidence import ToolResult
from agent.tools.shortlist import shortlist
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Toolbox


async def read_filter(box: Toolbox, *, filter: str, count: int = 20) -> ToolResult:
    """Entities in the order of the model; BadRequest with the column of what is wrong in the filter."""
    return shortlist(
        box, "read_filter", filter, box.building.find(filter), count=count, words=[filter]
    )


TOOL = Tool(
    "read_filter",
    "List what a Haystack filter matches. For filters given by people; otherwise use find_equip and find_points.",
    (
        Arg(
            "filter",
            "text",
            "Haystack filter, such as: point and temp and equipRef->ahu",
            required=True,
        ),
        Arg("count", "integer", "how many to list", high=200),
    ),
    read_filter,
)
