"""About 2,000 entities that filters are compared on: a site of the campus, and one record of each oddity the standard allows."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from bench.ontology_peers.campus import SAMPLE, campus
from ontology.kinds import MARKER, Number, Ref, Symbol, Uri

UTC: Final = dt.timezone.utc  # noqa: UP017  (the same name on every Python)
_FIRST: Final = dt.datetime(2026, 11, 1, 23, 30, tzinfo=UTC)


def sample() -> list[dict[str, Any]]:
    """The entities, in a fixed order; every ref leads to one of them but for `@nowhere`."""
    return [*campus(SAMPLE), *_oddities()]


def _oddities() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for index in range(50):
        tags: dict[str, Any] = {
            "id": Ref(f"odd-{index}", f"Odd {index}" if index % 2 else ""), "dis": f"Odd {index}",
            "odd": MARKER, "ts": _FIRST + dt.timedelta(hours=11 * index),
            "target": Number(index / 2, ("", "°C", "°F", "kW")[index % 4]), "enabled": index % 3 == 0,
            "doc": Uri(f"http://docs.example/{index % 5}"), "phenomenon": Symbol(("air", "water")[index % 2]),
        }  # fmt: skip
        tags |= _ODD[index % len(_ODD)]
        rows.append(tags)
    return rows


_ODD: Final[tuple[dict[str, Any], ...]] = (
    {"airRef": [Ref("s1.ahu-1"), Ref("s1.ahu-2")]},
    {"airRef": Ref("nowhere")},
    {"nameplate": {"model": "MX-1", "capacity": Number(350, "kW"), "made": dt.date(2014, 6, 30)}},
    {"equipRef": [Ref("s1.vav-101"), Ref("s1.ahu-3", "AHU-3"), Ref("nowhere")]},
    {"equipRef": Ref("s1.ahu-4", "AHU four")},
    {"aliases": ["AHU", "air handler"], "runs": dt.time(7, 30)},
    {"spec": Ref("ph::Vav"), "vav": MARKER, "equip": MARKER},
    {"partOf": Ref("odd-3"), "stage": Number(-3.5)},
)
