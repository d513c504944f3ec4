"""Which engine answers SQL over a history."""

from __future__ import annotations

from ontology.errors import Unavailable
from ontology.graph import Building
from ontology.store.pg_history import PgHistory
from ontology.store.sandbox_pool import Sandbox
from ontology.store.sql_engine import SqlEngine
from ontology.store.sql_postgres import PgSql


def engine_of(history: object, building: Building) -> SqlEngine:
    """PostgreSQL's own where the history is there; else workers over its snapshots."""
    if isinstance(history, PgHistory):
        return PgSql(history, building)
    if hasattr(history, "snapshot"):
        return Sandbox(history, building)
    raise Unavailable(
        f"no SQL over a {type(history).__name__}", hint="use the DuckDB or the PostgreSQL history"
    )
