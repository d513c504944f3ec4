"""Opens the history that a path or URL names: DuckDB in a file, or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ontology.errors import BadRequest
from ontology.graph import Building
from ontology.history import HistoryStore
from ontology.store.duck import DuckHistory
from ontology.store.pg_history import PgHistory
from ontology.store.sql_door import without_secret

_SCHEMES: Final = ("postgresql", "postgres", "postgresql+pg8000")


def is_url(place: Path | str) -> bool:
    """Whether a place of a history is a URL; anything else is a file's path."""
    return isinstance(place, str) and "://" in place


def open_history(place: Path | str, building: Building | None = None) -> HistoryStore:
    """Open or create the history at a path or URL, and publish the building's SQL views in it.

    Blocks for some tenths of a second; safe in a thread. Raises Conflict where another process owns the
    file, Unavailable, Corrupt or BadRequest as the histories themselves do; no message holds a secret.
    """
    if not is_url(place):
        return DuckHistory.open(Path(place), building)
    if str(place).partition("://")[0] not in _SCHEMES:
        raise BadRequest(
            f"no history can lie at {shown(place)}",
            hint="postgresql://user:password@host/name, or the path of a DuckDB file",
        )
    return PgHistory.open(str(place), building)


def shown(place: Path | str) -> str:
    """A place as people may read it: without user and password.

    >>> shown("postgresql://plant:s3cret@db/riverside")
    'postgresql://db/riverside'
    """
    return without_secret(place) if isinstance(place, str) and is_url(place) else str(place)
