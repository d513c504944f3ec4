"""Bangkok weather for any dates: seeded, smooth, and the same hour always has the same weather.

Monthly means follow the 1991-2020 normals of Bangkok (Thai Meteorological Department), rounded;
dew points are half a kelvin to one kelvin higher in the cool months, for a site on the river.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.demo import moist_air
from ingest.demo.chance import wander
from ontology.history import Floats

LATITUDE: Final = 13.7235
LONGITUDE: Final = 100.5144
UTC_OFFSET_S: Final = 7 * 3600
"""Bangkok keeps no summer time."""
DAY_S: Final = 86_400

MEAN_TEMP = (27.4, 28.6, 29.8, 30.7, 30.4, 29.8, 29.4, 29.2, 28.8, 28.6, 28.2, 27.2)
MEAN_DEW = (20.2, 21.6, 23.6, 24.6, 25.0, 24.8, 24.6, 24.6, 24.8, 24.4, 23.3, 21.0)
CLOUD = (0.25, 0.25, 0.30, 0.35, 0.50, 0.60, 0.62, 0.65, 0.62, 0.50, 0.30, 0.22)
HALF_SWING_K: Final = 4.0
FACADES: Final = ("north", "east", "south", "west", "roof")
_FACADE_AZIMUTH = np.radians([0.0, 90.0, 180.0, 270.0])


@dataclass(frozen=True)
class Weather:
    """Arrays over time. `sun` is W/m2 on each of FACADES, shape (n, 5)."""

    ts: NDArray[np.int64]
    temp: Floats
    humidity: Floats
    ratio: Floats
    wet_bulb: Floats
    dew: Floats
    sun: Floats
    co2: Floats


def bangkok(ts: NDArray[np.int64], seed: int) -> Weather:
    """The weather at these unix seconds. Deterministic in (seed, calendar time)."""
    local = ts + UTC_OFFSET_S
    hour = local % DAY_S / 3600.0
    cloud = _cloud(ts, seed)
    warmest = 2 * np.pi * (hour - 14.6) / 24.0
    # the second harmonic makes mornings rise faster than evenings fall
    swing = np.cos(warmest) + 0.20 * np.cos(2 * warmest - 0.6)
    temp = (
        _monthly(MEAN_TEMP, local)
        + HALF_SWING_K * (1.12 - 0.4 * cloud) * swing
        + 0.7 * wander(seed, "w-warm", ts, 4 * DAY_S)
        + 0.25 * wander(seed, "w-gust", ts, 5400)
    )
    dew = (
        _monthly(MEAN_DEW, local)
        + 1.1 * wander(seed, "w-dew", ts, 3 * DAY_S)
        + 0.3 * wander(seed, "w-damp", ts, 4 * 3600)
        - 0.25 * np.cos(warmest)
    )
    dew = np.minimum(dew, temp - 0.6)
    ratio = np.asarray(moist_air.saturated_ratio(dew))
    return Weather(
        ts=ts,
        temp=temp,
        humidity=moist_air.relative_humidity(temp, ratio),
        ratio=ratio,
        wet_bulb=moist_air.wet_bulb(temp, ratio),
        dew=dew,
        sun=_sun(ts, cloud),
        co2=425.0 + 12.0 * wander(seed, "w-co2", ts, 6 * 3600),
    )


def _monthly(table: tuple[float, ...], local: NDArray[np.int64]) -> Floats:
    """A monthly table read smoothly by the day of the year; months are centred."""
    year_day = (local / DAY_S) % 365.2425
    middle = (np.arange(12) + 0.5) * 365.2425 / 12
    return np.asarray(np.interp(year_day, middle, table, period=365.2425))


def _cloud(ts: NDArray[np.int64], seed: int) -> Floats:
    """Share of the sky's beam that is lost, 0 to 0.95."""
    usual = _monthly(CLOUD, ts + UTC_OFFSET_S)
    daily = 0.16 * wander(seed, "w-sky", ts, DAY_S) + 0.12 * wander(seed, "w-cloud", ts, 2400)
    return np.clip(usual + daily, 0.0, 0.95)


def _sun(ts: NDArray[np.int64], cloud: Floats) -> Floats:
    """W/m2 on the facades and the roof: clear-sky beam and diffuse, weakened by cloud.

    Declination and equation of time: Spencer 1971; beam: ASHRAE clear sky with optical depth 0.17.
    """
    angle = 2 * np.pi * ((ts / DAY_S) % 365.2425 - 1) / 365.2425
    declination = (
        0.006918 - 0.399912 * np.cos(angle) + 0.070257 * np.sin(angle)
        - 0.006758 * np.cos(2 * angle) + 0.000907 * np.sin(2 * angle)
    )  # fmt: skip
    minutes = 229.2 * (
        0.000075 + 0.001868 * np.cos(angle) - 0.032077 * np.sin(angle)
        - 0.014615 * np.cos(2 * angle) - 0.040849 * np.sin(2 * angle)
    )  # fmt: skip
    solar_hour = (ts % DAY_S) / 3600.0 + LONGITUDE / 15.0 + minutes / 60.0
    hour_angle = np.radians(15.0 * (solar_hour - 12.0))
    latitude = np.radians(LATITUDE)
    sin_height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(
        declination
    ) * np.cos(hour_angle)
    east = -np.cos(declination) * np.sin(hour_angle)
    north = np.cos(latitude) * np.sin(declination) - np.sin(latitude) * np.cos(
        declination
    ) * np.cos(hour_angle)
    up = np.maximum(sin_height, 0.0)
    beam = np.where(up > 0.02, 1060.0 * np.exp(-0.17 / np.maximum(up, 0.02)), 0.0)
    diffuse = 0.12 * beam * np.sqrt(up) + 0.45 * cloud * beam * up
    beam = beam * (1.0 - cloud)
    toward = np.cos(_FACADE_AZIMUTH) * north[:, None] + np.sin(_FACADE_AZIMUTH) * east[:, None]
    ground = 0.1 * (beam * up + diffuse)  # albedo 0.2 seen by half the hemisphere
    walls = beam[:, None] * np.maximum(toward, 0.0) + 0.5 * diffuse[:, None] + ground[:, None]
    roof = beam * up + diffuse
    return np.column_stack([walls, roof])
