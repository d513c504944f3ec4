"""The verb `worklog`: what was done before: counts, hours, cost, mean time to repair, repeats."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

from agent.evidence import Figure, ToolResult, Trust
from agent.figures import show, show_time
from agent.tools import upkeep
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox, inside
from agent.tools.upkeep import of_equip, words_of
from ontology.entity import Entity
from ontology.errors import BadRequest, Unavailable
from ontology.kinds import Number

STATS: Final = ("count", "hours", "cost", "list", "mttr", "repeat")
GROUPS: Final = ("equip", "trade", "month", "cause", "none")
REPEAT_WITHIN: Final = dt.timedelta(days=90)
"""A breakdown of the same equipment for the same cause within a quarter is a repeat (callback)."""


async def worklog(
    box: Toolbox,
    *,
    of: list[str] | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    group_by: str | None = None,
    stat: str | None = None,
    text: str | None = None,
    count: int = 10,
) -> ToolResult:
    """Work orders opened in the range, newest work first; groups are ordered by their number."""
    if start is not None and end is not None and end <= start:
        raise BadRequest("the range ends before it starts", hint="give the earlier time first")
    log = await upkeep.orders(box)
    if not log:
        raise Unavailable("no maintenance log is loaded here", hint="load its XLSX export first")
    orders = _those(box, log, of, text, (start, end))
    stat = stat or ("list" if group_by in (None, "none") else "count")
    draft = Draft("worklog")
    cite = draft.cite("worklog", _source(of, text), trust=Trust.DOCUMENT, start=start, end=end)
    draft.facts |= {
        "of": of or [], "stat": stat, "group_by": group_by or "none", "text": text, "start": start, "end": end,
        "total": draft.figure("orders", len(orders), "work orders", cite),
        "open": draft.figure("open", sum("closed" not in o for o in orders), "", cite),
    }  # fmt: skip
    draft.lines.append(f"{show(draft.facts['total'])} [{cite}]")
    if group_by not in (None, "none"):
        _tell_groups(draft, _grouped(box, orders, group_by), stat, cite, count)
    elif stat != "list" and orders:
        draft.facts["value"] = value = _figure(draft, "all", stat, orders, cite)
        draft.lines.append(f"{stat}: {show(value)} [{cite}]")
    if text and stat == "list" and (done := upkeep.upkeep(orders, box.now)):
        draft.facts["last"] = upkeep.upkeep_row(draft, done)
        draft.facts["last"]["equip"] = of_equip(done.order)
    for order in _listed(orders, stat)[:count]:
        _tell_order(box, draft, order)
    return draft.done()


def _source(of: list[str] | None, text: str | None) -> str:
    parts = ["maintenance log", *(of or []), *([f"“{text}”"] if text else [])]
    return ", ".join(parts)


def _those(
    box: Toolbox,
    found: list[Entity],
    of: list[str] | None,
    text: str | None,
    between: tuple[dt.datetime | None, dt.datetime | None],
) -> list[Entity]:
    """Orders that meet every condition given, in the order of the log given."""
    start, end = between
    if of:
        ids = {id for one in of for id in _asked(box, one)}
        found = [o for o in found if (ref := o.get_ref("equipRef")) and ref.id in ids]
    if start is not None:
        found = [o for o in found if o["opened"] >= start]
    if end is not None:
        found = [o for o in found if o["opened"] < end]
    if text:
        words = text.lower().split()
        found = [o for o in found if all(w in words_of(o) for w in words)]
    return found


def _asked(box: Toolbox, one: str) -> set[str]:
    """The equipment itself; of a space or a plant all that is inside. What it feeds has its own orders."""
    entity = box.building.get(one)
    if entity.is_equip and entity.kind != "chilled-water-plant":
        return {entity.id}
    return inside(box.building, one)


def _grouped(
    box: Toolbox, orders: Sequence[Entity], group_by: str | None
) -> dict[str, list[Entity]]:
    groups: dict[str, list[Entity]] = defaultdict(list)
    for order in orders:
        groups[_KEYS[group_by or "none"](box, order)].append(order)
    return groups


_KEYS: dict[str, Callable[[Toolbox, Entity], str]] = {
    "equip": lambda _box, order: of_equip(order),
    "trade": lambda _box, order: str(order.tags.get("trade", "(no trade)")),
    "month": lambda box, order: f"{order['opened'].astimezone(box.zone):%Y-%m}",
    "cause": lambda _box, order: str(order.tags.get("cause", "(no cause written)")),
}


def _tell_groups(
    draft: Draft, groups: dict[str, list[Entity]], stat: str, cite: str, count: int
) -> None:
    rows: list[dict[str, Any]] = [
        {"group": key, "value": _figure(draft, key, stat, members, cite),
         "orders": draft.figure(f"{key}.orders", len(members), "work orders", cite)}
        for key, members in groups.items()
    ]  # fmt: skip
    if draft.facts["group_by"] == "month":
        rows.sort(key=lambda row: row["group"])
    else:
        rows.sort(key=lambda row: -(row["value"].value or 0.0))
    draft.facts["groups"] = rows[: max(count, 24)]
    draft.lines += [
        f"{row['group']}: {show(row['value'])} [{cite}]" for row in draft.facts["groups"]
    ]


def _figure(draft: Draft, name: str, stat: str, orders: Sequence[Entity], cite: str) -> Figure:
    """The number of a group; None where no order has what it needs."""
    value, unit = _STATS[stat](orders)
    return draft.figure(f"{name}.{stat}", value, unit, cite)


def _summed(tag: str) -> Callable[[Sequence[Entity]], tuple[float | None, str]]:
    def total(orders: Sequence[Entity]) -> tuple[float | None, str]:
        numbers = [n for o in orders if isinstance(n := o.tags.get(tag), Number)]
        return (sum(n.value for n in numbers), numbers[0].unit) if numbers else (None, "")

    return total


def _count(orders: Sequence[Entity]) -> tuple[float | None, str]:
    return float(len(orders)), "work orders"


def _mttr(orders: Sequence[Entity]) -> tuple[float | None, str]:
    """Mean hours from opened to closed over breakdowns (CM) that were closed."""
    hours = [(o["closed"] - o["opened"]) / dt.timedelta(hours=1) for o in orders
             if "closed" in o and o.tags.get("woType", "CM") == "CM"]  # fmt: skip
    return (sum(hours) / len(hours) if hours else None), "h"


def _repeats(orders: Sequence[Entity]) -> list[Entity]:
    """Breakdowns that follow another of the same equipment and cause within `REPEAT_WITHIN`."""
    last: dict[tuple[str, str], dt.datetime] = {}
    found = []
    for order in sorted(orders, key=lambda o: o["opened"]):
        ref, cause = order.get_ref("equipRef"), str(order.tags.get("cause", ""))
        if ref is None or not cause or order.tags.get("woType", "CM") != "CM":
            continue
        before = last.get((ref.id, cause))
        if before is not None and order["opened"] - before <= REPEAT_WITHIN:
            found.append(order)
        last[ref.id, cause] = order["opened"]
    return found[::-1]


_STATS: dict[str, Callable[[Sequence[Entity]], tuple[float | None, str]]] = {
    "count": _count,
    "list": _count,
    "hours": _summed("hours"),
    "cost": _summed("cost"),
    "mttr": _mttr,
    "repeat": lambda orders: (float(len(_repeats(orders))), "work orders"),
}


def _listed(orders: list[Entity], stat: str) -> list[Entity]:
    if stat == "repeat":
        return _repeats(orders)
    return orders if stat == "list" else []


def _tell_order(box: Toolbox, draft: Draft, order: Entity) -> None:
    tags = order.tags
    text = "; ".join(
        f"{tag}: {tags[tag]}"
        for tag in ("description", "cause", "action", "technician")
        if tag in tags
    )
    cite = draft.cite("worklog", str(tags["woNum"]), text, Trust.DOCUMENT, id=order.id)
    hours, cost = _summed("hours")([order]), _summed("cost")([order])
    draft.rows.append({
        "id": order.id, "number": str(tags["woNum"]), "opened": tags["opened"], "closed": tags.get("closed"),
        "equip": of_equip(order), "description": str(tags["description"]), "cause": str(tags.get("cause", "")),
        "action": str(tags.get("action", "")), "type": str(tags.get("woType", "")), "evidence": cite,
        "by": str(tags.get("technician", "")),
        "hours": draft.figure(f"{order.id}.hours", *hours, cite),
        "cost": draft.figure(f"{order.id}.cost", *cost, cite),
    })  # fmt: skip
    when = show_time(upkeep.done_at(order), box.zone, box.now)
    draft.lines.append(f"[{cite}] {tags['woNum']}, {when}, {of_equip(order)}: {text}"[:400])


TOOL = Tool(
    "worklog",
    "The maintenance log: work orders by equipment, time, trade, cause or words; counts, hours, cost, mttr, repeats.",
    (
        Arg("of", "ids", "only about these and what is inside them"),
        Arg("start", "time", "opened from here"),
        Arg("end", "time", "opened before here"),
        Arg("group_by", "choice", "one number per group", GROUPS),
        Arg("stat", "choice", "what number; list: the orders themselves", STATS),
        Arg("text", "text", "words that must occur"),
        Arg("count", "integer", "how many to list", high=50),
    ),
    worklog,
)  # fmt: skip
