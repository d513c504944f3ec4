"""What the building remembers from one step to the next."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ingest.demo import air, rooms
from ingest.demo.chilled_water import PlantState
from ontology.history import Floats

ENERGY_START_KWH: Final = (312_450.0, 148_220.0, 61_040.0, 70_310.0, 55_870.0)
"""Main, plant, CH-1..3 counters when the simulation begins (they roll over each year)."""


@dataclass
class Meters:
    """Counters kWh: main, plant, CH-1..3."""

    energy: Floats = field(default_factory=lambda: np.array(ENERGY_START_KWH))


@dataclass
class WorldState:
    """Everything that is remembered from one step to the next."""

    spaces: rooms.SpaceState = field(default_factory=rooms.SpaceState)
    fcu: rooms.FcuState = field(default_factory=rooms.FcuState)
    air: air.AirState = field(default_factory=air.AirState)
    plant: PlantState = field(default_factory=PlantState)
    meters: Meters = field(default_factory=Meters)

    def copy(self) -> WorldState:
        """An independent copy."""
        return copy.deepcopy(self)
