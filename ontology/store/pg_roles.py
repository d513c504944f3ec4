"""The role that SQL of people and agent runs as in PostgreSQL: it sees what is published, and nothing else.

Grants are what holds: settings of a role (time-outs, read-only) are undone by a plain SET, and are here
for queries that mean well.
"""

from __future__ import annotations

import secrets
from typing import Final

import sqlalchemy as sa

from ontology.errors import PlantroomError, Unavailable
from ontology.store import pg_layout, pg_views
from ontology.store.pg_door import PgDoor, Session, sqlstate

READER: Final = "plantroom_reader"
_PASSWORD: Final = "reader password"  # noqa: S105  (the name of a row in `meta`)
_DENIED: Final = "42501"
_SETTINGS: Final = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "work_mem": "32MB",
    "jit": "off",
    "search_path": f"{pg_views.PUBLISHED}, pg_catalog",
    "timezone": "UTC",
}
CONNECTIONS: Final = 8
"""At most so many at once, so that pollers and people always find one free."""


def reader_url(door: PgDoor) -> sa.URL:
    """Where the restricted role connects, with its secret inside; the role is made or mended first.

    The secret lies in the database, where only its owner reads it: all Plantrooms on one database share
    it. Raises Unavailable where the history's own user may not make roles: an administrator can, once.
    """
    name = reader_name(door.url)
    try:
        with door.transaction() as db:
            pg_layout.hold_creation(db)
            password = pg_layout.meta(db, _PASSWORD) or secrets.token_urlsafe(24)
            _set_up(db, name, password, str(door.url.database))
            pg_layout.put_meta(db, _PASSWORD, password)
    except PlantroomError as error:
        if sqlstate(error) != _DENIED:
            raise
        raise Unavailable(
            f"the role {name}, which SQL runs as, cannot be made: {error}",
            hint="let the history's user make it: ALTER ROLE its_name CREATEROLE; see docs/how-to/history.md",
        ) from error
    return door.url.set(username=name, password=password)


def reader_name(url: sa.URL) -> str:
    """The role's name; roles belong to the whole server, so it says which database it is for.

    >>> reader_name(sa.make_url("postgresql://plant@db/riverside"))
    'plantroom_reader_riverside'
    """
    return f"{READER}_{url.database or url.username}"[:63]


def _set_up(db: Session, name: str, password: str, database: str) -> None:
    role, where = pg_views.quoted(name), pg_views.quoted(database)
    if db.value("SELECT 1 FROM pg_roles WHERE rolname = :name", {"name": name}) is None:
        db.script(f"CREATE ROLE {role}")
    db.script(
        f"ALTER ROLE {role} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT"
        f" CONNECTION LIMIT {CONNECTIONS} PASSWORD '{password}'"
    )
    for setting, value in _SETTINGS.items():
        quoted = value if setting == "search_path" else f"'{value}'"
        db.script(f"ALTER ROLE {role} SET {setting} = {quoted}")
    owner = pg_views.quoted(str(db.value("SELECT current_user")))
    # everyone may make temporary tables unless told otherwise; the history's own user needs them
    db.script(f"GRANT TEMPORARY ON DATABASE {where} TO {owner}")
    db.script(f"REVOKE TEMPORARY, CREATE ON DATABASE {where} FROM PUBLIC")
    db.script("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    db.script(f"GRANT CONNECT ON DATABASE {where} TO {role}")
    pg_views.grant(db, name)
