"""All kinds of questions that have a plan, and the words they are filled with."""

from __future__ import annotations

from typing import Final

from services.llm.domain.causes_asked import CAUSES
from services.llm.domain.family import Family
from services.llm.domain.values_asked import VALUES

FAMILIES: Final[tuple[Family, ...]] = (*VALUES, *CAUSES)
"""Thai forms use the same placeholders."""

NOUNS: Final = (
    "oil pressure", "vibration", "refrigerant charge", "noise level", "oil temperature", "suction pressure", "bearing temperature",
    "purge count", "motor temperature",
)  # fmt: skip
"""What people ask of machines and these buildings do not measure: the model must ask the vocabulary."""

TOPICS: Final = (
    "replacing AHU filters", "purging air from the condenser", "starting a chiller after a long stop", "cooling tower water treatment",
    "calibrating a temperature sensor", "lockout before pump work", "belt tension on the fan", "cleaning the drain pan",
    "winter shutdown of the tower", "refrigerant leak", "chiller alarm A12", "setting the VSD minimum speed", "testing the fire damper",
    "balancing the VAV boxes", "greasing the pump bearings", "eddy current test of tubes", "strainer inspection interval",
    "changing the IAQ sensor mounting height", "commissioning a fan coil", "low load operation of the chillers", "make-up water quality",
    "coil cleaning chemicals", "oil sampling", "guest room valve replacement", "who approves an override", "night setback hours",
    "humidity limits in guest rooms", "legionella sampling points", "spare parts list of the pumps", "restart after a power failure",
)  # fmt: skip
TASKS: Final = tuple(
    f"{doing} the {part} of {thing}"
    for doing in ("cleaning", "replacing", "checking", "adjusting", "isolating", "lubricating", "testing", "ordering", "fitting")
    for part in ("strainer", "belt", "bearings", "coil", "damper", "actuator", "valve", "fan", "battery", "relay", "gasket", "contactor", "tubes")
    for thing in ("a pump", "the AHU", "a cooling tower", "the DOAS", "a chiller", "an FCU", "the heat exchanger", "a VAV box")
)  # fmt: skip
"""What no document of ours is about: copied all the same when the manuals are asked."""
PARTS: Final = (
    "filter", "belt", "bearing", "actuator", "valve", "sensor", "motor", "coil", "seal", "strainer", "tube", "damper", "battery",
    "compressor",
)  # fmt: skip

PLURALS: Final = {
    # kind -> one, several, as people say them
    "chiller": ("chiller", "chillers"), "ahu": ("AHU", "AHUs"), "doas": ("DOAS", "DOAS units"), "cooling-tower": ("cooling tower", "cooling towers"),
    "vav": ("VAV box", "VAV boxes"), "fcu": ("FCU", "FCUs"), "secondary-pump": ("secondary pump", "secondary pumps"),
    "primary-pump": ("primary pump", "primary pumps"), "condenser-water-pump": ("condenser water pump", "condenser water pumps"),
    "elec-meter": ("electricity meter", "electricity meters"), "iaq-sensor": ("IAQ sensor", "IAQ sensors"), "room": ("room", "rooms"),
}  # fmt: skip
