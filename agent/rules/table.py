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

RULE: dict[str, Rule] = {rule.id: rule for rule in reversed(RULES)}
"""The first row of each id: several rows share one where one idea is tried on several quantities."""
