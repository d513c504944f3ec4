"""What grows old in PostgreSQL: rolled up by the hour, then forgotten, a month's partition at a time."""

from __future__ import annotations

import datetime as dt

from ontology.history import Retention
from ontology.store.pg_door import PgDoor


def retain(door: PgDoor, retention: Retention, *, now: dt.datetime, timescale: bool) -> int:
    """See HistoryStore.retain."""
    return 0
