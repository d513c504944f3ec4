"""The weather of Bangkok: plausible, and the same for the same hour."""

from __future__ import annotations

import datetime as dt

import numpy as np

from ingest.demo.weather import FACADES, bangkok


def _season(step_s: int = 1800) -> np.ndarray:
    start = int(dt.datetime(2026, 11, 1, tzinfo=dt.UTC).timestamp())
    end = int(dt.datetime(2027, 5, 1, tzinfo=dt.UTC).timestamp())
    return np.arange(start, end, step_s, dtype=np.int64)


def test_november_to_april_is_tropical() -> None:
    weather = bangkok(_season(), 7)
    assert 20.0 < weather.temp.min() < weather.temp.max() < 38.0
    low, high = np.percentile(weather.temp, [5, 95])
    assert 22.0 < low < 26.0
    assert 31.0 < high < 35.5
    assert 40.0 < weather.humidity.mean() < 85.0
    assert np.all(weather.wet_bulb <= weather.temp)
    assert 22.0 < weather.wet_bulb.mean() < 27.0


def test_an_hour_has_one_weather_wherever_the_run_begins() -> None:
    ts = _season(300)[:600]
    whole, part = bangkok(ts, 7), bangkok(ts[317:], 7)
    assert np.array_equal(whole.temp[317:], part.temp)
    assert np.array_equal(whole.sun[317:], part.sun)
    assert not np.allclose(bangkok(ts, 8).temp, whole.temp, atol=0.1)


def test_the_sun_stands_in_the_east_in_the_morning_and_in_the_west_in_the_afternoon() -> None:
    start = int(dt.datetime.fromisoformat("2026-11-20T00:00+07:00").timestamp())
    sun = bangkok(start + 3600 * np.arange(24, dtype=np.int64), 7).sun
    east, west = FACADES.index("east"), FACADES.index("west")
    assert sun[9, east] > 2 * sun[9, west]
    assert sun[16, west] > 2 * sun[16, east]
    assert np.all(sun[:5] == 0)
    assert np.all(sun[20:] == 0)
    assert 600 < sun[12, FACADES.index("roof")] < 1100
