"""Point ids for what a scan found: by equipment and role where tagging is sure, else as device and object are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from ingest.discovery.seen import Scan, SeenDevice, SeenRegister
from ingest.tagging.entities import ref_id
from ingest.tagging.propose import propose
from ingest.tagging.raw import Proposal, RawName
from ontology.defs import ROLE, markers, role_of
from ontology.graph import Building

_NOT_IN_REF: Final = re.compile(r"[^a-zA-Z0-9_:\-.~]+")
_ID_MAX: Final = 120
"""Characters of an id: it stands in tables and answers that people read."""


def named(scan: Scan, known: Building | None = None) -> Scan:
    """The scan with a point id proposed for every register that has none.

    Ids of points that the model already has by this name or address win; then the object's name where
    it ends in a role; then equipment and role as tagging reads them, where it is sure and only one
    register claims them; else "device.object".
    """
    pairs = [(device, register) for device in scan.devices for register in device.registers]
    raw = [_raw(device, register) for device, register in pairs]
    proposals = propose(raw, known=known)
    places = _Known(known)
    claims = [
        register.point or places.id_of(device, register) or role_id(proposal)
        for (device, register), proposal in zip(pairs, proposals, strict=True)
    ]
    count = Counter(claim for claim in claims if claim)
    ids = iter(
        claim if claim and count[claim] == 1 else plain_id(device.name, register)
        for claim, (device, register) in zip(claims, pairs, strict=True)
    )
    devices = tuple(
        replace(
            device,
            registers=tuple(replace(register, point=next(ids)) for register in device.registers),
        )
        for device in scan.devices
    )
    return replace(scan, devices=devices)


def role_id(proposal: Proposal) -> str:
    """Equipment and role, such as "AHU-3.supply-air-temp"; "" where tagging is not sure of both."""
    name = proposal.raw.name
    if _NOT_IN_REF.sub("", name) == name and name.rpartition(".")[2] in ROLE and "." in name:
        return name  # it is called so already
    role = role_of(markers(sorted(proposal.tags))) if proposal.sure else None
    if role is None or not proposal.equip.id:
        return ""
    return f"{ref_id(proposal.equip.id)}.{role.name}"


def plain_id(device: str, register: SeenRegister) -> str:
    """Device and object as they are called, in the letters of an id.

    >>> plain_id("Floor 12", SeenRegister("analog-input,3", "Zone Temp"))
    'Floor_12.Zone_Temp'
    """
    object = _letters(register.name) or _letters(register.address.replace(",", "-"))
    owner = _letters(device) or "device"
    return object if object.startswith(f"{owner}.") else f"{owner}.{object}"[:_ID_MAX]


def unlike(wish: str, taken: Collection[str]) -> str:
    """The wish, with a number behind it where it is taken.

    >>> unlike("a", {"a", "a~2"})
    'a~3'
    """
    if wish not in taken:
        return wish
    return next(id for n in range(2, len(taken) + 3) if (id := f"{wish}~{n}") not in taken)


def _letters(text: str) -> str:
    return _NOT_IN_REF.sub("_", text).strip("_.-")[:_ID_MAX]


def _raw(device: SeenDevice, register: SeenRegister) -> RawName:
    return RawName(
        register.name or register.address,
        description=register.about,
        unit=register.unit,
        object_type=register.address.partition(",")[0] if device.protocol == "bacnet" else "",
        device=device.name,
    )


class _Known:
    """Points of the model by what point lists say of them: id, raw name, device and object."""

    def __init__(self, known: Building | None) -> None:
        points = [entity for entity in known or () if entity.is_point]
        self._ids = {point.id for point in points}
        self._names = _single((str(p["pointName"]), p.id) for p in points if "pointName" in p)
        self._places = _single(
            (f"{p['bacnetDeviceId']}/{p['bacnetObject']}", p.id)
            for p in points
            if "bacnetDeviceId" in p and "bacnetObject" in p
        )

    def id_of(self, device: SeenDevice, register: SeenRegister) -> str:
        """The id of the point that this register is; "" where the model has none, or several."""
        if register.name in self._ids:
            return register.name
        for owner in (str(device.device), device.name):
            found = self._places.get(f"{owner}/{register.address}")
            if found:
                return found
        return self._names.get(register.name, "")


def _single(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Keys that only one has."""
    listed = list(pairs)
    count = Counter(key for key, _ in listed)
    return {key: id for key, id in listed if count[key] == 1}
