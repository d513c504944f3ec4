"""What people measure: words -> a base ("temp") and modifiers ("leaving"), then -> a role by the kind of equipment.

The two tables replace a list of phrases: "leaving water temp", "supply temp" and "outlet
temperature" of a chiller all end at `chilled-water-leaving-temp`, however they are mixed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BASES: tuple[tuple[str, str], ...] = (
    # base, pattern in plain words; the first that is found wins, so the derived come first
    ("efficiency", r"kw/rt|specific power|efficien\w*|inefficien\w*|cop\b|kw per (?:ton|rt)|eer\b|performance of (?:the )?chiller"),
    ("evaporator-approach", r"evaporator approach"),
    ("approach", r"approach"),
    ("delta-t", r"delta-t|temp(?:erature)? difference|temp(?:erature)? diff|chilled water range|range of the tower"),
    ("starts", r"starts\b|how often (?:has|have|did|does|do|was) .{0,30}(?:start|switch|trip)|how-many times start|(?:how many|how-many|number of) (?:times|starts)|start count|times did \S+(?: \S+)? start|cycl(?:e|ed|es|ing)\b|start(?:s|ed)? per|short cycling"),
    ("runtime", r"run ?time|(?:ran|runs?|running|on) (?:for )?(?:the )?(?:most|longest|least|more\b|shortest)|longest running|run(?:ning)? hours|hours? (?:¤+ )?(?:ran|run|on|running)\b|operating hours|how[ -]many hours (?:did|has|was|were|is)|how[ -]many hours run|how long\b|¤ hours\b(?! (?:ago|back))|\bduration\b|how much did .{0,12}\brun\b|total run\w*|how much time\b|hours of operation|hours (?:did|has)|how[ -]many hours"),
    ("cooling-energy", r"rt ?-?hours?|rth|cooling energy|kwh of cooling|total cooling"),
    ("energy-use", r"kwh|mwh|energy|electricity|consumption|consum\w+|electric bill|power bill|energy bill|bill|eui\b|usage|units of power|units .{0,15}(?:used?|burn|burnt|burned|consumed?)\b|(?:used?|burn|burnt|burned|consumed?)\b.{0,15} units|how many units\W*$"),
    ("wet-bulb", r"wet-bulb"),
    ("setpoint", r"setpoint|set to|set at|is set\b|target temp|desired temp"),
    ("humidity", r"humidity|driest|dampest|wettest|how humid|humid\b|moisture"),
    ("co2", r"co2|carbon|air quality(?! sensor)|ppm"),
    ("battery", r"battery|batteries"),
    ("power-factor", r"power factor"),
    ("voltage", r"voltage|volts?\b"),
    ("current", r"amps\b|ampere\w*|motor current|current draw|phase current"),
    ("filter", r"filter (?:differential )?pressure|filter(?: pressure)? drop|filters?\b(?! pump)"),
    ("pressure", r"pressure|static\b|in ?w[cg]\b|kpa\b|psi\b|\bpa\b|head\b"),
    ("flow", r"flow|airflow|cfm\b|gpm\b|l/s|lps\b"),
    ("window", r"window|balcony|balcony door"),
    ("rented", r"rented|sold\b|checked in|vacant"),
    ("occupied", r"occupied|occupancy|occupation|anyone in|anybody in|someone in|key ?cards?|cards? in\b|empty\b"),
    ("valve", r"valves?\b"),
    ("damper", r"dampers?\b"),
    ("schedule", r"schedules?\b|occupied hours"),
    ("speed", r"speed|fans?\b.{0,12}(?:%|percent)|(?:%|percent) (?:of )?(?:the )?fan|fans? (?:at |runs? at |running at )?(?:how-many|how-much|how much|what|which) ?(?:percent|%)|rpm\b|\d+ ?hz\b|\bhz\b|vsd|vfd|frequency|runs? (?:the )?(?:fastest|slowest)|fastest|slowest"),
    ("requests", r"cooling requests?|requests\b"),
    ("temp", r"temp|dry[ -]bulb|blowing (?:at|out)|(?:zone|room|supply air|return air|discharge air) sensor|how (?:hot|cold|warm|cool)|degrees|hottest|coldest|warmest|coolest|hotter|colder|warmer|cooler than|warm or cold|\bc\b(?! ?h)|\bf\b"),
    ("cooling", r"cooling (?:load|output|capacity|power|duty)|how[ -]many rt|rt\b|thermal load|(?:cooling|rt) (?:is|being) (?:made|produced)|duty"),
    ("load", r"load\b|loaded|loading|plr\b|part load"),
    ("power", r"kw\b|power|watts?\b|mw\b|wattage|pulling|taking\b|guzzling|drawing|draws?\b|demand"),
    ("percent", r"(?:how-many|how-much|how much|what) ?(?:%|percent)|percent(?:age)?\b|%"),
    ("run", r"running|\bruns?\b|ran\b|\bon\b(?! (?:the |floor|level|\d|monday|tuesday|wednesday|thursday|friday|saturday|sunday|ahu|ch|ct|doas|vav|my|our|a |it|roof|shift|¤))|\boff\b(?! coil| with)|(?:run|fan|pump|on/off|operating) status|status run|started|stopped|tripped|working\b|switchon|switchoff|enabled|idle|in operation|operating\b|online|spinning"),
    ("power", r"peak\b"),
    ("fan", r"fans?\b"),
    ("status", r"status|stat\b"),
)  # fmt: skip

MODIFIERS: tuple[tuple[str, str], ...] = (
    ("setpoint", r"setpoint|set to|set at|is set\b|target"),
    ("condenser", r"condenser|condensing"),
    ("evaporator", r"evaporator|evaporating"),
    ("refrigerant", r"refrigerant|saturation|saturated|refrig|(?:condensing|evaporating) temp"),
    ("chilled", r"chilled|(?:chw)\b"),
    ("return", r"return|back water|inlet water from load"),
    ("entering", r"entering|inlet|\bin temp|incoming|coming in"),
    ("leaving", r"leaving|outlet|\bout temp|off[ -]coil"),
    ("supply", r"supply|discharge|going out|blowing|coming out"),
    ("mixed", r"mixed"),
    ("outside", r"outside|outdoor|ambient|oa\b|fresh air|weather|external"),
    ("zone", r"zone|room|space"),
    ("static", r"static|duct"),
    ("differential", r"differential"),
    ("fan", r"fans?\b"),
    ("filter", r"filters?\b"),
    ("coil", r"coil\b"),
    ("secondary", r"secondary"),
    ("primary", r"primary"),
    ("decoupler", r"decoupler|bypass|common leg|bridge"),
    ("tower", r"tower|cooling tower"),
    ("effective", r"effective"),
    ("feedback", r"feedback|actual position"),
    ("water", r"water"),
    ("air", r"\bair\b"),
    ("cooling", r"cooling|chilled"),
    ("isolation", r"isolation"),
    ("enable", r"enable command|enabled"),
    ("airflow", r"airflow|cfm"),
    ("schedule", r"schedule"),
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """`base` with all of `mods`, on a family of equipment ("" for any), is this quantity."""

    family: str
    base: str
    mods: frozenset[str]
    quantity: str


def _rules(family: str, table: str) -> tuple[Rule, ...]:
    rows = []
    for line in filter(None, table.splitlines()):
        left, quantity = line.split("->")
        base, *mods = left.split()
        rows.append(Rule(family, base, frozenset(mods), quantity.strip()))
    return tuple(rows)


_WATER = """
temp setpoint condenser -> condenser-water-entering-temp-sp
temp setpoint -> chilled-water-leaving-temp-sp
temp condenser refrigerant -> condenser-refrig-temp
temp evaporator refrigerant -> evaporator-refrig-temp
temp refrigerant -> evaporator-refrig-temp
temp condenser leaving -> condenser-water-leaving-temp
temp condenser return -> condenser-water-leaving-temp
temp condenser -> condenser-water-entering-temp
temp evaporator entering -> chilled-water-entering-temp
temp evaporator leaving -> chilled-water-leaving-temp
temp evaporator -> evaporator-refrig-temp
temp outside -> outside-air-temp
temp return -> chilled-water-entering-temp
temp entering -> chilled-water-entering-temp
temp -> chilled-water-leaving-temp
setpoint condenser -> condenser-water-entering-temp-sp
pressure setpoint -> chilled-water-pressure-sp
setpoint -> chilled-water-leaving-temp-sp
approach evaporator -> evaporator-approach
approach tower -> tower-approach
approach -> condenser-approach
flow condenser -> condenser-water-flow
valve isolation -> isolation-valve
valve -> isolation-valve
cooling -> cooling-power
"""

RULES: tuple[Rule, ...] = (
    *_rules("plant", _WATER + """
energy-use chilled -> cooling-energy
flow secondary -> secondary-flow
flow decoupler -> decoupler-flow
flow primary -> primary-flow
flow -> secondary-flow
pressure -> chilled-water-pressure
load -> cooling-power
run -> run
"""),
    *_rules("chiller", _WATER + """
flow -> chilled-water-flow
percent -> load
load -> load
run enable -> enable-cmd
pressure condenser -> condenser-refrig-temp
pressure evaporator -> evaporator-refrig-temp
"""),
    *_rules("tower", """
temp entering -> condenser-water-entering-temp
temp return -> condenser-water-entering-temp
temp -> condenser-water-leaving-temp
approach -> tower-approach
speed -> speed
percent -> speed
"""),
    *_rules("pump", """
pressure -> pump-pressure
speed -> speed
percent -> speed
"""),
    *_rules("air", """
temp setpoint -> discharge-air-temp-sp
temp mixed -> mixed-air-temp
temp outside -> outside-air-temp
temp return water -> coil-leaving-water-temp
temp coil water -> coil-leaving-water-temp
temp leaving water -> coil-leaving-water-temp
temp return -> return-air-temp
temp -> discharge-air-temp
humidity outside -> outside-air-humidity
humidity supply -> discharge-air-humidity
humidity -> return-air-humidity
pressure setpoint -> discharge-air-pressure-sp
setpoint static -> discharge-air-pressure-sp
setpoint -> discharge-air-temp-sp
filter -> filter-pressure
pressure filter -> filter-pressure
pressure -> discharge-air-pressure
flow -> discharge-air-flow
co2 outside -> outside-air-co2
co2 -> return-air-co2
valve -> cooling-valve
damper -> outside-damper
speed -> fan-speed
percent -> fan-speed
power -> fan-power
run schedule -> occupied-sp
schedule -> occupied-sp
fan -> fan-run
status -> fan-run
occupied -> occupied-sp
run -> fan-run
load -> fan-power
"""),
    *_rules("zone", """
temp supply -> discharge-air-temp
temp setpoint effective -> zone-air-temp-effective-sp
temp setpoint -> zone-air-temp-sp
flow setpoint -> discharge-air-flow-sp
setpoint airflow -> discharge-air-flow-sp
setpoint effective -> zone-air-temp-effective-sp
setpoint -> zone-air-temp-sp
temp -> zone-air-temp
humidity -> zone-air-humidity
co2 -> zone-air-co2
flow -> discharge-air-flow
schedule -> occupied-sp
fan -> fan-run
status -> fan-run
valve feedback -> cooling-valve-position
valve -> cooling-valve
damper -> damper
speed -> fan-speed
run -> fan-run
occupied -> occupied
rented -> rented
window -> window-open
requests -> cooling-requests
"""),
    *_rules("weather", """
temp -> outside-air-temp
humidity -> outside-air-humidity
co2 -> outside-air-co2
"""),
    *_rules("meter", """
load -> power
current -> current
"""),
    *_rules("site", """
load -> power
temp outside -> outside-air-temp
temp -> zone-air-temp
humidity outside -> outside-air-humidity
humidity -> zone-air-humidity
co2 -> zone-air-co2
occupied -> occupied
rented -> rented
window -> window-open
"""),
    *_rules("", """
wet-bulb -> outside-air-wet-bulb
evaporator-approach -> evaporator-approach
approach tower -> tower-approach
approach -> condenser-approach
efficiency -> efficiency
delta-t -> delta-t
starts -> starts
runtime -> runtime
energy-use -> energy-use
cooling-energy -> cooling-energy
battery -> battery
power-factor -> power-factor
voltage -> voltage
current -> current
power -> power
speed -> speed
run -> run
status -> run
cooling -> cooling-power
load -> power
occupied -> occupied
rented -> rented
window -> window-open
co2 -> zone-air-co2
humidity -> zone-air-humidity
filter -> filter-pressure
flow -> discharge-air-flow
requests -> cooling-requests
"""),
)  # fmt: skip

REFINED: dict[tuple[str, str], str] = {
    # a room's or air handler's vav: role -> role on another kind of equipment of the same family
    ("vav", "cooling-valve"): "damper",
    ("iaq-sensor", "discharge-air-temp"): "zone-air-temp",
    ("doas", "return-air-humidity"): "discharge-air-humidity",
    ("doas", "return-air-co2"): "outside-air-co2",
}

IMPLIED: tuple[tuple[frozenset[str], str, str], ...] = (
    # nothing named: modifiers and base that tell whose quantity it is
    (frozenset({"outside"}), "temp humidity co2", "weather"),
    (frozenset(), "wet-bulb", "weather"),
    (
        frozenset({"chilled"}),
        "temp flow pressure setpoint delta-t load cooling energy-use",
        "plant",
    ),
    (frozenset({"differential"}), "pressure setpoint", "plant"),
    (frozenset({"condenser"}), "temp flow setpoint", "plant"),
    (frozenset({"secondary"}), "flow", "plant"),
    (frozenset({"primary"}), "flow", "plant"),
    (frozenset({"decoupler"}), "flow", "plant"),
    (frozenset(), "delta-t cooling efficiency cooling-energy", "plant"),
    (frozenset(), "energy-use power load power-factor voltage", "site"),
)

UNITS: tuple[tuple[str, str], ...] = (
    # wanted display unit, as History's tool knows it
    ("°F", r"\bin f\b|fahrenheit|\d ?°?f\b|degrees f\b|\bdeg f\b"),
    ("°C", r"\bin c\b|celsius|degrees c\b"),
    ("RT", r"\brt\b(?! ?-?hours?)"),
    ("kWh", r"\bkwh\b"), ("MWh", r"\bmwh\b"),
    ("cfm", r"\bcfm\b"), ("gpm", r"\bgpm\b"), ("L/s", r"\bl/s\b|\blps\b"),
    ("inH₂O", r"\b(?:in|inch|inches)[. ]*(?:of )?(?:wc|wg|h2o|water)\b"), ("psi", r"\bpsi\b"), ("kPa", r"\bkpa\b"), ("COP", r"\bcop\b"),
)  # fmt: skip

BASE_PATTERNS = tuple((base, re.compile(rf"(?<![\w/])(?:{pattern})")) for base, pattern in BASES)
MODIFIER_PATTERNS = tuple(
    (mod, re.compile(rf"(?<![\w/])(?:{pattern})")) for mod, pattern in MODIFIERS
)
UNIT_PATTERNS = tuple((unit, re.compile(pattern)) for unit, pattern in UNITS)
