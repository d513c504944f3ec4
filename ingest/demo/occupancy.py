"""People: who has which room, who is in, who opens the balcony door, how full the public areas are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.demo.chance import uniform, wander
from ingest.demo.model import ROOMS
from ingest.demo.weather import DAY_S, UTC_OFFSET_S
from ontology.history import Floats

Bools = NDArray[np.bool_]

CHECK_IN_H: Final = 14.0
CHECK_OUT_H: Final = 11.0
SOLD_SHARE: Final = 0.78
"""High-season occupancy of a city hotel in Bangkok."""
LONG_STAYS: Final = {"807": 23.5, "1203": 25.0}
"""Guests who stay for months and work in their room in the afternoon; their setpoints."""
DOOR_SHARE: Final = 0.05
"""Share of occupied room-days on which the balcony door stands open for a while."""

SUITE_LEAST_SP: Final = 23.0
"""The lowest setpoint that the corner suites' thermostats (x07) accept."""

_ROOM = np.arange(len(ROOMS))
_CORNER = np.array([room.endswith("07") for room in ROOMS])
_LONG = np.isin(np.array(ROOMS), list(LONG_STAYS))


@dataclass(frozen=True)
class Guests:
    """Shapes (n, 192). `present` follows the key card; `people` counts those in the room."""

    rented: Bools
    present: Bools
    setpoint: Floats
    door_open: Bools
    people: Floats
    shower: Bools


def guests(ts: NDArray[np.int64], seed: int) -> Guests:
    """The guests at these times. A hotel day runs from check-in to check-in."""
    since = (ts + UTC_OFFSET_S) / 3600.0 - CHECK_IN_H
    day = np.floor(since / 24.0).astype(np.int64)[:, None]
    hour = (since[:, None] - 24.0 * day) + CHECK_IN_H  # 14.0 to 38.0
    first = int(day[0, 0])
    # one day more on each side, so that arrivals and departures at the edges are known
    days = np.arange(first - 1, int(day[-1, 0]) + 2)
    rows = (day - first)[:, 0] + 1
    length = 2 + (3 * uniform(seed, "stay-len", _ROOM)).astype(np.int64)
    stay = (days[:, None] + (7 * uniform(seed, "stay-off", _ROOM)).astype(np.int64)) // length
    sold = (uniform(seed, "sold", _ROOM, stay) < SOLD_SHARE) | _LONG
    arrives = sold & ((np.roll(stay, 1, axis=0) != stay) | ~np.roll(sold, 1, axis=0)) & ~_LONG
    leaves = sold & (np.roll(stay, -1, axis=0) != stay) & ~_LONG
    draw = _Days(seed, days[:, None], rows)
    check_in = np.where(arrives, CHECK_IN_H + 4.0 * draw("in", spread=False), CHECK_IN_H)[rows]
    check_out = np.where(leaves, 24.0 + CHECK_OUT_H - 2.0 * draw("out", spread=False), 38.0)[rows]
    rented = sold[rows] & (hour >= check_in) & (hour < check_out)
    present = rented & _in_room(hour, check_in, arrives[rows], draw)
    door_at = 17.0 + 5.0 * draw("door-at")
    door_open = (
        present
        & (draw("door") < DOOR_SHARE)
        & (hour >= door_at)
        & (hour < door_at + 0.2 + 0.4 * draw("dur"))
    )
    rises = 30.5 + 2.0 * draw("rise")
    setpoint = 22.5 + 0.5 * np.floor(4.0 * uniform(seed, "comfort", _ROOM, stay))
    setpoint = np.where(_CORNER, np.maximum(setpoint, SUITE_LEAST_SP), setpoint)
    setpoint[:, _LONG] = [LONG_STAYS[room] for room in ROOMS if room in LONG_STAYS]
    return Guests(
        rented=rented,
        present=present,
        setpoint=setpoint[rows],
        door_open=door_open & ~_LONG,
        people=present * (1.0 + (uniform(seed, "two", _ROOM, stay) < 0.6)[rows]),
        shower=present & (hour >= rises) & (hour < rises + 0.3),
    )


class _Days:
    """One even number per hotel day and room, spread over the time steps."""

    def __init__(self, seed: int, days: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        self._seed, self._days, self._rows = seed, days, rows

    def __call__(self, stream: str, *, spread: bool = True) -> Floats:
        drawn = uniform(self._seed, stream, _ROOM, self._days)
        return drawn[self._rows] if spread else drawn


def _in_room(hour: Floats, check_in: Floats, arrives: Bools, draw: _Days) -> Bools:
    """Nights are spent in the room; most guests are out from the morning until the evening."""
    back = np.where(draw("early") < 0.25, 14.0 + 2.0 * draw("back"), 16.5 + 5.5 * draw("back"))
    back = np.where(arrives, check_in, back)
    back = np.where(_LONG, CHECK_IN_H, back)
    out = 31.5 + 3.0 * draw("leave")
    dinner = (hour >= 19.0) & (hour < 20.5) & (draw("dinner") < 0.4)
    stays_in = (draw("sleepy") < 0.08) & (hour < 35.5)
    works = _LONG & (hour >= 36.0)  # from noon on, until the next hotel day begins
    return np.asarray((hour >= back) & ((hour < out) | stays_in) & ~dinner | works)


@dataclass(frozen=True)
class Public:
    """Shapes (n, 15): the 12 office zones, then lobby, ballroom, restaurant."""

    people: Floats
    power_w: Floats
    occupied: Bools


_OFFICE_PEOPLE = 32.0
_PEAK_PEOPLE = np.array([_OFFICE_PEOPLE] * 12 + [420.0, 800.0, 450.0])
_LIGHT_W = np.array([4600.0] * 12 + [90_000.0, 80_000.0, 52_000.0])
_PLUG_W = np.array([7400.0] * 12 + [75_000.0, 65_000.0, 68_000.0])


def office_hours(ts: NDArray[np.int64]) -> Bools:
    """The offices' calendar: 07:00 to 19:00, Monday to Saturday."""
    hour, weekday = _clock(ts)
    return np.asarray((hour >= 7.0) & (hour < 19.0) & (weekday < 6))


def public(ts: NDArray[np.int64], seed: int) -> Public:
    """How full and how lit the public areas are."""
    hour, weekday = _clock(ts)
    day = (ts + UTC_OFFSET_S) // DAY_S
    desks = np.interp(
        hour, [7, 9.2, 12, 12.6, 13.5, 17, 19], [0, 1, 1, 0.55, 1, 0.95, 0]
    ) * np.where(weekday == 5, 0.35, 1.0)
    desks = np.where(office_hours(ts), desks, 0.0)
    lobby = np.interp(
        hour, [0, 6, 9, 11, 14, 17, 20, 24], [0.08, 0.1, 0.5, 0.65, 0.75, 0.8, 0.6, 0.08]
    )
    party = uniform(seed, "party", day)
    halls = np.interp(
        hour, [8.5, 10, 12, 13.5, 16.5, 18, 20, 22, 23], [0, 0.7, 0.8, 0.7, 0.7, 0.4, 0.9, 0.7, 0]
    )
    halls = np.where(party < 0.25, 0.12 * (halls > 0), halls * (0.5 + 0.5 * party))
    meals = np.interp(
        hour,
        [6, 8, 10.5, 12.5, 14.5, 17, 19.5, 21.5, 23],
        [0, 0.8, 0.25, 0.75, 0.25, 0.2, 1.0, 0.6, 0],
    )
    zone = np.arange(12)
    mood = 0.85 + 0.3 * uniform(seed, "desk", zone, day[:, None])
    share = np.column_stack([desks[:, None] * mood, lobby, halls, meals])
    share *= 1.0 + 0.06 * wander(seed, "crowd", ts, 3600)[:, None]
    share = np.clip(share, 0.0, 1.2)
    lit = np.column_stack(
        [np.repeat(office_hours(ts)[:, None] * 0.92 + 0.08, 12, axis=1), 0.7 + 0.3 * (hour >= 6),
         0.1 + 0.9 * (halls > 0), 0.12 + 0.88 * (meals > 0)]
    )  # fmt: skip
    return Public(
        people=share * _PEAK_PEOPLE,
        power_w=lit * _LIGHT_W + np.minimum(share + 0.12, 1.1) * _PLUG_W,
        occupied=np.column_stack(
            [
                np.repeat(office_hours(ts)[:, None], 12, axis=1),
                hour >= -1,
                (hour >= 7) & (hour < 23),
                (hour >= 6) & (hour < 23),
            ]
        ),
    )


def _clock(ts: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Local hour of day, and weekday (Monday is 0)."""
    local = ts + UTC_OFFSET_S
    return local % DAY_S / 3600.0, (local // DAY_S + 3) % 7
