"""A source as a home takes it: points that are there already keep their ids, and each entity has its site."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingest.exchange.source import Note, Source, id_of
from ontology.kinds import MARKER, Ref, Tags


def settled(source: Source, stored: Sequence[Tags], *, site: str = "") -> Source:
    """The source with the ids of `stored` points it names, and a site for what has none."""
    return with_site(recognised(source, stored), stored, site)


def recognised(source: Source, stored: Sequence[Tags]) -> Source:
    """The source with the ids that its points have in the home, and a note of those that changed.

    A point is known by its `pointName` and equipment, or by its BACnet device and object; where the home has
    two of one kind, by neither.
    """
    here = {tags["id"].id for tags in source.entities}
    homes = {tags["id"].id for tags in stored}
    known = {key: id for key, id in _by_key(stored).items() if id not in here}
    names: dict[str, str] = {}
    for tags in source.entities:
        id = tags["id"].id
        found = next((known[key] for key in _keys(tags) if key in known), None)
        if id not in homes and found is not None and found not in names.values():
            names[id] = found
    if not names:
        return source
    id, name = next(iter(names.items()))
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    note = Note(f"@{id}{more}", f"is in the home already, as @{name}: it keeps that id")
    entities = tuple(
        {tag: _renamed(value, names) for tag, value in tags.items()} for tags in source.entities
    )
    return Source(entities, (*source.notes, note))


def with_site(source: Source, stored: Sequence[Tags], name: str) -> Source:
    """The source with `siteRef` wherever there is none, to the site of this name or id, made where it is new.

    Without a name, or where nothing lacks a site, only a note is added.
    """
    sites = {tags["id"].id: tags for tags in (*source.entities, *stored) if "site" in tags}
    if not name:
        return Source(source.entities, (*source.notes, *_homeless(source, stored, sites)))
    lacking = {t["id"].id for t in source.entities if "site" not in t and "siteRef" not in t}
    if not lacking:
        note = Note(f"--site {name}", "was not needed: every entity has a site already")
        return Source(source.entities, (*source.notes, note))
    found = next((id for id, tags in sites.items() if name in (id, tags.get("dis"))), None)
    id = found or _new_id(name, {tags["id"].id for tags in (*source.entities, *stored)})
    new: tuple[Tags, ...] = () if found else ({"id": Ref(id), "dis": name, "site": MARKER},)
    rows = ({**t, "siteRef": Ref(id)} if t["id"].id in lacking else t for t in source.entities)
    return Source((*new, *rows), source.notes)


def _new_id(name: str, taken: set[str]) -> str:
    """An id for a new site that nothing else has."""
    base = id_of(name, "site")
    numbered = (f"{base}-{number}" for number in itertools.count(2))
    return base if base not in taken else next(id for id in numbered if id not in taken)


def _homeless(source: Source, stored: Sequence[Tags], sites: Mapping[str, Tags]) -> Iterator[Note]:
    """A note where entities have no site and several could be meant."""
    placed = {tags["id"].id for tags in stored if "siteRef" in tags} | set(sites)
    lacking = [
        tags["id"].id
        for tags in source.entities
        if "siteRef" not in tags and tags["id"].id not in placed
        if tags.keys() & {"space", "equip", "point"}
    ]
    if lacking and len(sites) > 1:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        names = ", ".join(str(tags.get("dis", id)) for id, tags in list(sites.items())[:5])
        yield Note(
            f"@{lacking[0]}{more}", "without a site, and there are several", f"name it with --site: {names}"
        )  # fmt: skip


def _keys(tags: Tags) -> Iterator[tuple[str, str, str]]:
    """What a point is known by, the surest first."""
    if "point" not in tags:
        return
    equip, device = tags.get("equipRef"), tags.get("bacnetDeviceId")
    if "pointName" in tags and isinstance(equip, Ref):
        yield "name", equip.id, str(tags["pointName"])
    if device and "bacnetObject" in tags:
        yield "object", str(device), str(tags["bacnetObject"])


def _by_key(stored: Sequence[Tags]) -> dict[tuple[str, str, str], str]:
    """Ids of points by what they are known by, where only one point is."""
    keys = [(key, tags["id"].id) for tags in stored for key in _keys(tags)]
    count = Counter(key for key, _ in keys)
    return {key: id for key, id in keys if count[key] == 1}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Ref):
        return Ref(names[value.id]) if value.id in names else value
    if isinstance(value, (list, tuple)):
        return [_renamed(one, names) for one in value]
    return value
