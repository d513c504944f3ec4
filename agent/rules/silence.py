"""Silence: which devices and points have not been heard of, judged from the newest samples alone."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ontology.entity import Entity
from ontology.graph import Building
from ontology.history import Sample
from ontology.kinds import Ref

SILENT_AFTER = dt.timedelta(hours=1)
"""More than three intervals of the slowest device (a battery-powered sensor every 15 min)."""
EVERYWHERE = 0.5
"""When half of the building is silent, the reader is at fault, not the devices."""


@dataclass(frozen=True)
class Silence:
    """An equipment, or a single point of one that otherwise talks. `since` None: never heard."""

    equip: str
    point: str
    since: dt.datetime | None


def silences(building: Building, newest: Mapping[Ref, Sample], now: dt.datetime) -> list[Silence]:
    """Who is silent at `now`: whole equipment once, single points apart, one for the site if it is the reader."""
    points: dict[str, list[Entity]] = defaultdict(list)
    for entity in building:
        equip = entity.get_ref("equipRef")
        if entity.is_point and equip is not None:
            points[equip.id].append(entity)
    silent = {
        id: [p for p in own if _is_silent(newest.get(p.ref), now)] for id, own in points.items()
    }
    dumb = [id for id, own in silent.items() if len(own) == len(points[id])]
    if dumb and len(dumb) >= EVERYWHERE * len(points):
        heard = [sample.at for sample in newest.values()]
        return [Silence(building.site.id, "", max(heard) if heard else None)]
    found = [Silence(id, "", _last_heard(points[id], newest)) for id in dumb]
    for id, own in silent.items():
        if id not in dumb:
            found += [Silence(id, p.id, _last_heard([p], newest)) for p in own]
    return found


def _is_silent(sample: Sample | None, now: dt.datetime) -> bool:
    return sample is None or now - sample.at > SILENT_AFTER


def _last_heard(points: list[Entity], newest: Mapping[Ref, Sample]) -> dt.datetime | None:
    heard = [newest[p.ref].at for p in points if p.ref in newest]
    return max(heard) if heard else None
