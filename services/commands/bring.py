"""How a model comes into a home and leaves it: read whole, compared, and committed in one piece."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ingest.exchange.changes import Changes, changes
from ingest.exchange.files import read_source
from ingest.exchange.settle import settled
from ingest.exchange.source import VOLATILE, Note, Source, dangling, source_of
from ingest.haystack import legacy
from ingest.haystack.client import SITE_PARTS, HaystackClient, read_site
from ontology.definitions import STANDARD, Def, Definitions, Spec
from ontology.errors import BadRequest, Conflict, Corrupt
from ontology.import_defs import read_definitions
from ontology.kinds import Tags
from services.commands.target import need_rights
from services.folder import DEMO, disk_errors
from services.home import (
    ALL,
    DEFINITIONS,
    ENTITIES,
    MODEL,
    has_building,
    records_of,
    running_server,
)
from services.settings import Settings

PASSWORD: Final = "PLANTROOM_HAYSTACK_PASSWORD"  # noqa: S105  (the name of a variable)
"""The variable a server's password is taken from, so that it stands in no list of processes."""
SECRET: Final = "PLANTROOM_HAYSTACK_CLIENT_SECRET"  # noqa: S105  (the name of a variable)
"""The same for WideSky's client secret."""
EXAMPLES: Final = 5
_NO_SITE: Final = Note(
    "the model", "has no site, which the server needs", "add one, or give its name with --site"
)


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import did, or would do."""

    what: str
    changes: Changes
    notes: tuple[Note, ...]
    version: int | None
    """The store's new version; None where nothing was written."""

    def to_json(self) -> dict[str, Any]:
        found = self.changes
        return {
            "source": self.what, "added": len(found.added), "changed": len(found.changed),
            "removed": len(found.removed), "same": found.same, "version": self.version,
            "examples": {
                "added": found.added[:EXAMPLES], "changed": found.changed[:EXAMPLES], "removed": found.removed[:EXAMPLES],
            },
            "notes": [note.to_json() for note in self.notes],
        }  # fmt: skip


def is_address(source: str) -> bool:
    """Whether a source is a server's URL rather than a file. Raises BadRequest for one of another kind."""
    scheme = re.match(r"([a-z][a-z0-9+.-]*)://", source, re.IGNORECASE)
    if scheme is None:
        return False
    if scheme[1].lower() not in {"http", "https"}:
        raise BadRequest(
            f"{scheme[1]}:// is no address that can be read",
            hint="give http:// or https:// and a Haystack server, or the name of a file",
        )
    return True


@dataclass(frozen=True, slots=True)
class Server:
    """A Haystack server to read. `kind` haystack is any by the standard; the others are logged in to in their own way."""

    url: str
    kind: str = "haystack"
    user: str = ""
    project: str = ""
    client_id: str = ""
    filter: str = ""


async def read_server(
    server: Server, *, ask: Callable[[str], str], seen: Callable[[int], None]
) -> Source:
    """The entities of a server, without the values that change by themselves.

    `ask` is called where the environment lacks a secret, `seen` with the count so far. Raises Refused,
    Unavailable, Corrupt, and BadRequest for a secret in the address, which everyone on the machine sees.
    """
    if "@" in re.split("[/?#]", server.url.partition("://")[2], maxsplit=1)[0]:
        raise BadRequest(
            "the address holds a user", hint=f"give --user, and its password in {PASSWORD}"
        )
    password = (os.environ.get(PASSWORD) or ask(PASSWORD)) if server.user else ""
    rows: list[Tags] = []
    async for tags in _rows(server, password, ask):
        rows.append(tags)
        if len(rows) % 500 == 0:
            seen(len(rows))
    return source_of(rows, server.url)


async def _rows(server: Server, password: str, ask: Callable[[str], str]) -> AsyncIterator[Tags]:
    if server.kind == "haystack":
        parts = (server.filter,) if server.filter else SITE_PARTS
        async with HaystackClient(server.url, user=server.user, password=password) as client:
            async for tags in read_site(client, parts):
                yield tags
        return
    more = {"project": server.project, "client_id": server.client_id}
    if server.client_id:
        more["client_secret"] = os.environ.get(SECRET) or ask(SECRET)
    station = legacy.Station(
        server.kind, server.url, server.user, password, {k: v for k, v in more.items() if v}
    )
    for tags in await legacy.read_entities(station, server.filter or ENTITIES):
        yield {tag: value for tag, value in tags.items() if tag not in VOLATILE}


def read_model(path: Path) -> Source:
    """A file's model. Raises NotFound, BadRequest or Corrupt naming the place."""
    return read_source(path)


async def bring(
    settings: Settings, source: Source, what: str, *, site: str = "", replace: bool, dry_run: bool
) -> Brought:
    """Compare a source with the home and commit what differs, all or nothing.

    A home without a building gets one; a dry run writes nothing at all. Raises Conflict where somebody
    else changed the model meanwhile.
    """
    if not source.entities:
        raise BadRequest(f"{what} holds no entities", hint="nothing was changed")
    if dry_run and not has_building(settings):
        return _compared(source, (), what, site=site, replace=replace)
    with disk_errors(settings.home):
        settings.home.mkdir(parents=True, exist_ok=True)
    async with records_of(settings) as records:
        version = await records.version()
        stored = [entity.tags for entity in await records.read(MODEL, limit=ALL)]
        found = _compared(source, stored, what, site=site, replace=replace)
        if dry_run or not found.changes.diffs:
            return found
        try:
            version = await records.commit(found.changes.diffs, expect=version)
        except Conflict as cause:
            raise Conflict(
                "somebody else changed the model meanwhile; nothing was written",
                hint="run it again: it then starts from what is there now",
            ) from cause
    notes = (*found.notes, *await _after(settings))
    return Brought(what, found.changes, notes, version)


def bring_definitions(
    settings: Settings, folder: Path, *, replace: bool = False, dry_run: bool = False
) -> dict[str, Any]:
    """Read a folder of definitions into the home, over those imported before or in place of them.

    Raises NotFound, BadRequest or Corrupt naming file, line and column; the home is then as it was.
    """
    path = settings.home / DEFINITIONS
    before = _imported(path, replace=replace)
    found = read_definitions(folder, over=Definitions(), known=STANDARD.merged(before))
    given = found.definitions
    after = given if replace else before.merged(given)
    if not dry_run:
        need_rights(settings.home)
        with disk_errors(settings.home):
            settings.home.mkdir(parents=True, exist_ok=True)
            after.write(path)
    old, new = _rows_of(before), _rows_of(after)
    changed = {
        "added": [name for name in new if name not in old],
        "changed": [name for name, row in new.items() if name in old and old[name] != row],
        "removed": [name for name in old if name not in new],
    }
    return {
        "folder": str(folder),
        "defs": len(given.defs),
        "specs": len(given.specs),
        "new": sum(name not in STANDARD for name in (*given.defs, *given.specs)),
        **{kind: len(names) for kind, names in changed.items()},
        "same": len(new) - len(changed["added"]) - len(changed["changed"]),
        "examples": {kind: names[:EXAMPLES] for kind, names in changed.items()},
        "notes": list(found.notes),
        "file": None if dry_run else str(path),
    }


def _imported(path: Path, *, replace: bool) -> Definitions:
    """What was imported before. Raises Corrupt, unless it is going to be replaced."""
    if not path.exists():
        return Definitions()
    try:
        return Definitions.read(path)
    except Corrupt as cause:
        if replace:
            return Definitions()
        raise Corrupt(
            str(cause), hint="import all your definitions again with --replace"
        ) from cause


def _rows_of(defs: Definitions) -> dict[str, Def | Spec]:
    return {**defs.defs, **defs.specs}


def _compared(
    source: Source, stored: Sequence[Tags], what: str, *, site: str, replace: bool
) -> Brought:
    source = settled(source, stored, site=site)
    found = changes(stored, source.entities, replace=replace)
    left = frozenset() if replace else frozenset(tags["id"].id for tags in stored)
    notes = [*source.notes, *dangling(source.entities, left)]
    kept = source.entities if replace else (*source.entities, *stored)
    if not any("site" in tags for tags in kept):
        notes.append(_NO_SITE)
    return Brought(what, found, tuple(notes), None)


async def _after(settings: Settings) -> list[Note]:
    """What a person should know about the home that was just changed."""
    notes = []
    if url := await running_server(settings):
        notes.append(
            Note(url, "serves this home and still shows the model as it was", "restart it")
        )
    if (settings.home / DEMO).exists():
        hint = "choose a folder of its own with --home"
        notes.append(
            Note(
                str(settings.home),
                "is the demo building: `plantroom demo --fresh` removes the import",
                hint,
            )
        )
    return notes
