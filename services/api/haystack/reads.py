"""Ops that tell what there is: about, read, nav."""

from __future__ import annotations

from typing import Final

from ontology.entity import PLACES, Entity
from ontology.errors import BadRequest
from ontology.kinds import Grid, Number, Ref, Uri
from services.api.haystack.media import argument, refs
from services.api.haystack.served import MAX_READ, Call

MAX_IDS: Final = 10_000
"""Entities read by id in one call."""
OURS: Final = Uri("/")
"""The product's own pages are on this very server."""


async def about(call: Call) -> Grid:
    """`about`: the server and its clock."""
    served = call.served
    row = {
        "haystackVersion": "4.0", "tz": served.zone.key.rsplit("/", 1)[-1], "serverName": served.name,
        "serverTime": served.clock().astimezone(served.zone),
        "serverBootTime": served.started.astimezone(served.zone),
        "productName": "Plantroom", "productUri": OURS, "productVersion": served.version,
        "vendorName": "Plantroom", "vendorUri": OURS, "moduleName": "services.api.haystack",
        "moduleVersion": served.version, "whoami": call.session.user,
    }  # fmt: skip
    return Grid.of((row,))


async def read(call: Call) -> Grid:
    """`read`: by filter and limit, or by ids with an empty row for a miss."""
    filter = argument(call.grid, "filter")
    if filter is not None:
        if not isinstance(filter, str):
            raise BadRequest(f"filter is {filter!r:.60}", hint="a text, such as point and temp")
        found = await call.served.records.read(filter, limit=limit_of(call.grid))
        return Grid.of(await call.served.rows(found))
    ids = refs(call.grid)
    if not 1 <= len(ids) <= MAX_IDS:
        raise BadRequest(f"{len(ids)} ids and no filter", hint=f"a filter, or 1 to {MAX_IDS} ids")
    return Grid.of(await call.served.rows([await call.served.entity(id) for id in ids]))


def limit_of(grid: Grid) -> int:
    """How many rows a call wants at most. Raises BadRequest."""
    limit = argument(grid, "limit")
    if limit is None:
        return MAX_READ
    if not isinstance(limit, Number) or not limit.value >= 1:
        raise BadRequest(f"limit is {limit}", hint="a number of at least 1")
    return int(min(limit.value, MAX_READ))


async def nav(call: Call) -> Grid:
    """`nav`: sites, then what is in each; a row with `navId` can be entered."""
    id = argument(call.grid, "navId") or argument(call.grid, "nav_id")
    if id is None:
        found = await call.served.records.read("site", limit=MAX_READ)
    else:
        inside = await call.served.entity(id if isinstance(id, Ref) else Ref(str(id).lstrip("@")))
        found = [] if inside is None else await _children(call, inside)
    rows = [
        row if each.is_point else {**row, "navId": each.id}
        for each, row in zip(found, await call.served.rows(found), strict=True)
    ]
    return Grid.of(rows)


async def _children(call: Call, of: Entity) -> list[Entity]:
    """Sites hold spaces and equipment without a place; spaces hold both; equipment holds parts and points."""
    if "site" in of:
        outside = " and ".join(f"not {tag}" for tag in ("equipRef", *PLACES))
        filter = f"siteRef=={of.ref} and {outside}"
    elif of.is_space:
        # the nearest of its places holds a thing: of PLACES, one before which it has none
        ways = (
            " and ".join([f"{tag}=={of.ref}", *(f"not {nearer}" for nearer in PLACES[:n])])
            for n, tag in enumerate(PLACES)
        )
        filter = f"({' or '.join(ways)}) and not equipRef"
    else:
        filter = f"equipRef=={of.ref}"
    return await call.served.records.read(filter, limit=MAX_READ)
