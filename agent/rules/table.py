"""All rules of the house as one table."""

from __future__ import annotations

from agent.rules import air, coordination, overrides, plant, rooms, sensors
from agent.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    *sensors.RULES,
    *air.RULES,
    *rooms.RULES,
    *plant.RULES,
    *overrides.RULES,
    *coordination.RULES,
)
