"""Asks the network who is there, device by device, and says what it saw in our own words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ingest.discovery.linefile import plain_text
from ingest.discovery.seen import Reach, Scan, SeenDevice, SeenRegister
from ingest.drivers.bacnet.discover import Card, Found, FoundObject, card_of, discover
from ontology.errors import DeviceSilent

AT_ONCE: Final = 8
"""Devices asked for their objects at the same time; a router hands them on one by one anyway."""
_LARGEST_APDU: Final = 1476
Step = Callable[[str, int, int], None]
"""Told what is asked now, how many are done, and of how many (0: not known yet)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Where to look for BACnet devices: hosts with ports, or ("*", port) for everybody."""

    places: tuple[tuple[str, int], ...]
    local: str = ""
    bbmd: str = ""
    low: int = 0
    high: int = 4_194_303
    wait_s: float = 2.0
    tries: int = 2


async def look_for_bacnet(asked: Asked, step: Step) -> tuple[Scan, list[str]]:
    """Who answers, and the objects of each; with notes on those that did not tell all."""
    found: dict[tuple[int, str], Found] = {}
    for host, port in asked.places:
        step(f"asking who is at {host}", 0, 0)
        for device in await discover(
            host, port, local=asked.local, bbmd=asked.bbmd, low=asked.low, high=asked.high,
            wait_s=asked.wait_s, tries=asked.tries,
        ):  # fmt: skip
            found[device.instance, device.address] = device
    cards = await _cards(list(found.values()), asked, step)
    notes = [note for device, card in cards for note in _doubts(device, card)]
    devices = tuple(_bacnet(device, card) for device, card in cards)
    return Scan(_bacnet_reach(asked), devices), notes + _twice(devices)


async def _cards(
    found: Sequence[Found], asked: Asked, step: Step
) -> list[tuple[Found, Card | None]]:
    gate, done = asyncio.Semaphore(AT_ONCE), 0

    async def one(device: Found) -> tuple[Found, Card | None]:
        nonlocal done
        card: Card | None = None
        async with gate:
            step(f"asking device {device.instance}", done, len(found))
            try:
                card = await card_of(device, local=asked.local, bbmd=asked.bbmd)
            except DeviceSilent:
                card = None
        done += 1
        step(f"asked device {device.instance}", done, len(found))
        return device, card

    return list(await asyncio.gather(*map(one, found)))


def _doubts(device: Found, card: Card | None) -> list[str]:
    if card is None:
        return [
            f"device {device.instance} says it is there, and does not tell its objects: ask again"
        ]
    if not card.whole:
        return [
            f"device {device.instance} fell silent on the way: it may have more objects; ask again"
        ]
    return []


def _twice(devices: Sequence[SeenDevice]) -> list[str]:
    """Two devices with one number: one of them has to be given another."""
    places: dict[int, list[str]] = {}
    for device in devices:
        places.setdefault(device.device, []).append(f"{device.host}:{device.port}")
    return [
        f"device {number} answers from {len(where)} places ({', '.join(where)}): give one another number"
        for number, where in places.items()
        if len(where) > 1
    ]


def _bacnet(device: Found, card: Card | None) -> SeenDevice:
    options: dict[str, str] = {}
    if device.network is not None and device.mac is not None:
        options = {"network": str(device.network), "mac": device.mac}
    if 0 < device.max_apdu < _LARGEST_APDU:
        options["max_apdu"] = str(device.max_apdu)
    name = plain_text(card.name) if card else ""
    maker = " ".join(word for word in (card.vendor, card.model) if word) if card else ""
    return SeenDevice(
        name=name or f"bacnet-{device.instance}",
        protocol="bacnet",
        host=device.host,
        port=device.port,
        device=device.instance,
        options=options,
        registers=tuple(map(_object, card.objects)) if card else (),
        says=plain_text(maker),
        listed=card is not None and card.whole,
    )


def _object(found: FoundObject) -> SeenRegister:
    return SeenRegister(
        address=found.address,
        name=plain_text(found.name),
        about=plain_text(found.description) if found.description != found.name else "",
        unit=found.unit,
        log=found.log,
    )


def _bacnet_reach(asked: Asked) -> Reach:
    places = frozenset((host, port) for host, port in asked.places if host != "*")
    subnet = asked.local.partition(":")[0] if len(places) < len(set(asked.places)) else ""
    whole = (asked.low, asked.high) == (0, 4_194_303)
    limits = None if whole else (asked.low, asked.high)
    return Reach("bacnet", places, subnet=subnet, devices=limits)
