"""What a device needs to know of the plant behind it: the value, the hand and the silence of each point."""

from __future__ import annotations

import datetime as dt
from typing import Protocol


class PlantValues(Protocol):
    """The building as its instruments see it, by point id; cheap enough to ask for every point. None: now."""

    def value(self, point_id: str, at: dt.datetime | None = None) -> float:
        """In the point's canonical unit; NaN where the instrument gives nothing."""

    def override_level(self, point_id: str) -> int | None:
        """The priority slot (1 to 8) in which a person holds the point; None while automatic."""

    def is_silent(self, point_id: str) -> bool:
        """Whether the device of this point does not answer now."""
