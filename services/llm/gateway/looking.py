"""For a gateway without a supervisor: a replica that lists its models is ready, one that does not three times is down.

That is all that can be seen from outside; who watches the engine itself tells through `turn`, and from then on this
leaves the replica alone.
"""

from __future__ import annotations

import asyncio

from services.llm.gateway.models import Models
from services.llm.gateway.pool import Pool
from services.llm.gateway.upstream import session
from services.llm.traffic import Turn

# A busy server may miss one look of 3 s, hardly three in a row.
MISSES = 3


async def look(pool: Pool, key: str, every_s: float) -> None:
    """Look at all replicas until cancelled."""
    missed = dict.fromkeys((one.name for one in pool.listed()), 0)
    async with session() as http:
        models = Models(pool, http, key)
        while True:
            for one in pool.listed():
                listed = await models.of(one)
                missed[one.name] = 0 if listed else missed[one.name] + 1
                if listed:
                    pool.turn_unless_told(one.name, Turn.READY, "")
                elif missed[one.name] >= MISSES:
                    pool.turn_unless_told(one.name, Turn.DOWN, f"lists no models at {one.url}")
            await asyncio.sleep(every_s)
