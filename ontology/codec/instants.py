"""Times as text: ISO 8601, for instants with the offset and the city that names the zone, in every format."""

from __future__ import annotations

import datetime as dt

from ontology.errors import BadRequest
from ontology.zones import city_of, zone_at, zone_named


def read_instant(text: str, city: str | None) -> dt.datetime:
    """The instant in its zone. Raises BadRequest for text, offsets and cities that do not exist.

    Only UTC may leave its city out, says the standard; without a city the offset itself is the zone.
    Digits below a microsecond are cut. The written offset decides which instant is meant, so that a
    wall clock that repeats an hour in autumn is read right.
    """
    try:
        given = dt.datetime.fromisoformat(text)
    except ValueError as cause:
        raise BadRequest(f"no such time: {text!r:.40}", hint=str(cause)) from cause
    offset = given.utcoffset()
    if offset is None:
        raise BadRequest(f"{text!r:.40} has no offset", hint="add Z or an offset, such as +07:00")
    zone = zone_named(city) if city else zone_at(offset)
    # Not by UTC where the wall clock fits: the first and last hours of the calendar have none.
    wall = given.replace(tzinfo=zone)
    if wall.utcoffset() == offset:
        return wall
    try:
        return given.astimezone(zone)
    except OverflowError as cause:
        raise BadRequest(f"{text!r:.40} runs off the calendar", hint="years 1 to 9999") from cause


def write_instant(instant: dt.datetime) -> tuple[str, str]:
    """ISO 8601 text with an offset of whole minutes, and the city.

    Offsets of local mean time have seconds, which the standard cannot write: the wall clock moves by
    them, the instant and its zone stay. Raises BadRequest for a time without a zone.
    """
    offset = instant.utcoffset()
    if offset is None:
        raise BadRequest(f"{instant} has no time zone", hint="Haystack's instants have one")
    city = city_of(instant)
    whole = dt.timedelta(minutes=offset // dt.timedelta(minutes=1))
    if whole != offset:
        try:
            instant = instant.astimezone(dt.timezone(whole))
        except OverflowError as cause:
            raise BadRequest(f"{instant} runs off the calendar", hint="years 1 to 9999") from cause
    elif city == "UTC" and offset and getattr(instant.tzinfo, "key", None) is None:
        instant = instant.astimezone(dt.timezone.utc)  # noqa: UP017  (half-hour offsets have no name)
    text = instant.isoformat()
    return (text[:-6] + "Z" if text.endswith("+00:00") else text), city


def read_time(text: str) -> dt.time:
    """A time of day. Raises ValueError."""
    time = dt.time.fromisoformat(text)
    if time.tzinfo is not None:
        raise ValueError("a time of day has no zone")
    return time


def write_time(time: dt.time) -> str:
    """ISO 8601 text. Raises BadRequest where it has a zone."""
    if time.tzinfo is not None:
        raise BadRequest(f"{time} has a zone", hint="Haystack's time of day has none")
    return time.isoformat()
