"""Rows of a grid as they are read: one at a time, so that a large file never lies in memory twice."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ontology.kinds import Grid, Tags


class Batch(Protocol):
    """Rows that are known to be right, and of which most are made only when somebody asks for them."""

    @property
    def made(self) -> Mapping[int, dict[str, Any]]:
        """Those that are made, by number. Nothing else here speaks of them."""

    def __len__(self) -> int:
        """How many rows, made or not."""

    def row(self, number: int) -> dict[str, Any]:
        """One of the others, made anew."""

    def having(self) -> Iterator[tuple[str, NDArray[np.int32]]]:
        """Each tag and the rows that have it, ascending."""

    def refs(self) -> Iterator[tuple[str, NDArray[np.int32], list[str]]]:
        """Each tag that leads to entities, the rows in which it does, ascending, and the ids it leads to."""

    def column(self, tag: str) -> Mapping[int, Any]:
        """What a tag says, by row."""


@dataclass(frozen=True)
class Rows:
    """The head of a grid, read already, and its rows, which are read while they are iterated, once.

    `columns` is () for formats that name no columns up front (Trio, a plain JSON list). `batches` are the
    same rows, for those who need only some of them as dicts: take one or the other. None: only rows.
    """

    columns: tuple[str, ...]
    rows: Iterator[dict[str, Any]]
    meta: Tags = field(default_factory=dict)
    column_meta: Mapping[str, Tags] = field(default_factory=dict)
    batches: Iterator[Batch] | None = None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self.rows

    def grid(self) -> Grid:
        """All that is left, as a grid; without columns they are the rows' tags, `id` first."""
        with collector_paused():
            rows = tuple(self.rows)
        columns = self.columns or Grid.of(rows).columns
        return Grid(columns, rows, self.meta, self.column_meta)


@contextmanager
def collector_paused() -> Iterator[None]:
    """No search for reference circles meanwhile: rows have none, and looking through a hundred
    thousand of them again and again while they are made takes a third of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
