"""Haystack names a time zone by its city alone: `Bangkok` for `Asia/Bangkok`."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from ontology.errors import BadRequest

_UTC: Final = frozenset(
    ("UTC", "Etc/UTC", "UCT", "Etc/UCT", "Universal", "Etc/Universal", "Zulu", "Etc/Zulu")
)
"""Eight names of one clock; Haystack knows one of them."""


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _cities() -> dict[str, str]:
    # Sorted so that Europe/London wins over historic aliases; Etc/ first so that regions win. The
    # name itself last: Canada/Eastern and US/Eastern must not change places from run to run.
    names = sorted(_names(), key=lambda name: (not name.startswith("Etc/"), name.count("/"), name))
    return {name.rsplit("/", 1)[-1]: name for name in names} | {"UTC": "UTC"}


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone of a Haystack city or an IANA name. Raises BadRequest.

    >>> zone_named("Bangkok").key
    'Asia/Bangkok'
    """
    full = name if name in _names() else _cities().get(name)
    if full is None:
        raise BadRequest(f"no time zone is called {name!r:.60}", hint="use a city, such as Bangkok")
    return ZoneInfo(full)


@cache
def _city_of_key(key: str) -> str:
    if key in _UTC:
        return "UTC"
    city = key.rsplit("/", 1)[-1]
    return city if (city if city in _names() else _cities().get(city)) == key else key


def city_of(instant: dt.datetime) -> str:
    """Haystack's name of an instant's zone; "UTC" and "GMT-7" for fixed offsets.

    A zone whose city means another zone keeps its whole name: "US/Eastern" is not "Canada/Eastern".

    >>> city_of(dt.datetime(2026, 11, 20, tzinfo=ZoneInfo("Asia/Bangkok")))
    'Bangkok'
    """
    key = getattr(instant.tzinfo, "key", None)
    if isinstance(key, str):
        return _city_of_key(key)
    hours, rest = divmod(int((instant.utcoffset() or dt.timedelta()).total_seconds()), 3600)
    # Etc/GMT signs run against ISO: GMT-7 is seven hours ahead of UTC. There are 14 east, 12 west.
    whole = hours != 0 and rest == 0 and -12 <= hours <= 14
    return f"GMT{'-' if hours > 0 else '+'}{abs(hours)}" if whole else "UTC"


def zone_at(offset: dt.timedelta) -> dt.tzinfo:
    """The zone of an instant that gives its offset and no name."""
    name = city_of(dt.datetime(2000, 1, 1, tzinfo=dt.timezone(offset)))
    return zone_named(name) if name != "UTC" or not offset else dt.timezone(offset)
