"""A history at one moment, as another process on this machine may read it while its owner writes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Snapshot:
    """Cold segments and the fresh rows that are in none of them, or correct one.

    Reading it: `fresh`, and of each segment the rows whose (point, ts) is not in `fresh`.
    """

    version: int
    """Rises whenever something is written: a reader that has this version has everything."""
    segments: tuple[Path, ...]
    """DuckDB files, each with `cold(point INTEGER, ts BIGINT, value DOUBLE, status UTINYINT)`, sorted by
    (point, ts), no (point, ts) twice among all of them. They never change; one that was merged away is
    gone: take a new snapshot."""
    fresh: bytes
    """An Arrow IPC stream of point, ts, value, status; no (point, ts) twice."""
    points: tuple[str, ...]
    """The id of each point by its number."""
    latest: bytes = b""
    """An Arrow IPC stream of point, ts, value, status: the newest sample of each point."""
    corrects: bool = True
    """False: no (point, ts) of `fresh` is in a segment, so that a plain UNION ALL is right (and faster)."""
    hourly: tuple[Path, ...] = ()
    """DuckDB files, each with `hourly(point INTEGER, hour BIGINT, mean DOUBLE, min DOUBLE, max DOUBLE,
    count BIGINT)`: what is left of hours whose samples were forgotten; no (point, hour) twice among all."""
