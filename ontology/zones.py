"""Haystack names a time zone by its city alone: `Bangkok` for `Asia/Bangkok`."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from ontology.errors import BadRequest


@cache
def _cities() -> dict[str, str]:
    # Sorted so that Europe/London wins over historic aliases; Etc/ first so that regions win.
    names = sorted(
        available_timezones(), key=lambda name: (not name.startswith("Etc/"), name.count("/"))
    )
    return {name.rsplit("/", 1)[-1]: name for name in names}


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone of a Haystack city or an IANA name. Raises BadRequest.

    >>> zone_named("Bangkok").key
    'Asia/Bangkok'
    """
    full = name if name in available_timezones() else _cities().get(name)
    if full is None:
        raise BadRequest(f"no time zone is called {name!r}", hint="use a city, such as Bangkok")
    return ZoneInfo(full)


def city_of(instant: dt.datetime) -> str:
    """Haystack's name of an instant's zone; "UTC" and "GMT+7" for fixed offsets."""
    key = getattr(instant.tzinfo, "key", None)
    if isinstance(key, str):
        return key.rsplit("/", 1)[-1]
    hours, rest = divmod(int((instant.utcoffset() or dt.timedelta()).total_seconds()), 3600)
    # Etc/GMT signs run against ISO: GMT-7 is seven hours ahead of UTC.
    return "UTC" if hours == 0 or rest else f"GMT{'-' if hours > 0 else '+'}{abs(hours)}"
