"""What energy cost: the metered kilowatt-hours times the flat tariff of the site, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from agent.tools.measure import Found
from agent.tools.toolbox import Draft, Tariff, Toolbox
from ontology.errors import BadRequest, NotFound
from ontology.units import convert

WORDS: Final = {
    "THB": ("thb", "baht", "บาท", "฿"),
    "USD": ("usd", "dollar", "dollars", "$"),
    "EUR": ("eur", "euro", "€"),
}
COSTS: Final = ("energy-cost", "cost")
ENERGY: Final = ("energy-use", "energy", *COSTS)


def priced_in(box: Toolbox, quantity: str, unit: str | None) -> Tariff | None:
    """The tariff, when money is asked for: by the quantity `energy-cost` or by a currency as unit."""
    asked = (unit or "").strip().lower()
    currency = next((name for name, words in WORDS.items() if asked in words), "")
    if quantity not in COSTS and not currency:
        return None
    if quantity not in ENERGY:
        raise BadRequest(f"{quantity} has no price", hint="only energy-use can be shown as money")
    if box.tariff is None:
        raise NotFound("no tariff is set here", hint="set the tariff per kWh, or ask for kWh")
    if currency and currency != box.tariff.currency:
        raise BadRequest(
            f"the tariff is in {box.tariff.currency}", hint=f"ask for {box.tariff.currency}"
        )
    return box.tariff


def at_price(found: Sequence[Found], tariff: Tariff) -> list[Found]:
    """The same totals as money; the drawn series stays what was measured."""
    return [replace(f, value=f.value * tariff.per_kwh, unit=tariff.currency) for f in found]


def money_facts(
    draft: Draft, tariff: Tariff, values: Sequence[Found], evidence: str
) -> dict[str, Any]:
    """The tariff, and per entity its kilowatt-hours and their price, whichever of both was asked for."""
    kwh = {
        f.reading.entity.id: f.value / tariff.per_kwh
        if f.unit == tariff.currency
        else convert(f.value, f.unit, "kWh")
        for f in values
    }
    return {
        "tariff": draft.figure("tariff", tariff.per_kwh, f"{tariff.currency}/kWh", evidence),
        "kwh": {
            id: draft.figure(f"{id}.energy-use", used, "kWh", evidence) for id, used in kwh.items()
        },
        "cost": {
            id: draft.figure(f"{id}.energy-cost", used * tariff.per_kwh, tariff.currency, evidence)
            for id, used in kwh.items()
        },
    }
