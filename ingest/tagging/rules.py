"""From half-meanings to tags: rows that fire one after the other on what a point's words mean.

A row reads: if all of `has` and none of `lacks` are there, put `adds` and take `drops` away. Names
in capitals stand for a group. What is known beside the words takes part as `unit:temp`,
`type:in`, `type:binary`, `on:air` (the traits of `ingest.tagging.kinds`).
Tags follow https://project-haystack.org/doc/docHaystack (Points, AHUs, VAVs, Chillers, Meters).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_GROUPS: Final = {
    "QUANTITY": "temp humidity pressure flow co2 co power energy current volt pf freq speed level load enthalpy duration "
                "volume velocity dewPoint wetBulb quality",
    "STATE": "run enable occ alarm fault mode window door request demand freezeStat smoke vibration position",
    "FUNCTION": "sensor cmd sp",
    "SECTION": "discharge return mixed outside exhaust zone entering leaving building preheat",
    "WATER": "chilled hot condenser water steam domestic condenser-or-chilled",
    "MACHINE": "fan pump compressor heatWheel",
    "AIRY": "temp humidity pressure flow co2 co enthalpy velocity quality",
    "DEVICE": "fan pump compressor heatWheel damper valve filter coil heatWheel economizer",
    "GRADE": "occ unocc standby effective",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """See the module. `says` is what people read, "" for what needs no saying; "?" opens a guess."""

    has: frozenset[str]
    lacks: frozenset[str]
    adds: frozenset[str]
    drops: frozenset[str]
    says: str
    any_of: tuple[frozenset[str], ...] = ()
    guess: bool = False

    def fires(self, known: set[str]) -> bool:
        return (
            self.has <= known
            and self.lacks.isdisjoint(known)
            and all(not group.isdisjoint(known) for group in self.any_of)
        )


def _names(text: str) -> frozenset[str]:
    return frozenset(name for word in text.split() for name in _GROUPS.get(word, word).split())


def _rule(has: str, lacks: str, adds: str, drops: str, says: str = "") -> Rule:
    single = frozenset(word for word in has.split() if word not in _GROUPS and "|" not in word)
    groups = [_names(word) for word in has.split() if word in _GROUPS]
    groups += [_names(word.replace("|", " ")) for word in has.split() if "|" in word]
    sure, guess = says.removeprefix("?"), says.startswith("?")
    return Rule(single, _names(lacks), _names(adds), _names(drops), sure, tuple(groups), guess)


RULES: Final = tuple(
    _rule(*row)
    for row in (
        # has | lacks | adds | drops | why
        # abbreviations with two readings
        ("active", "", "", "active"),
        ("spt zone temp", "", "", "spt"), ("spt QUANTITY", "", "sp", "spt"), ("spt GRADE", "", "sp", "spt"), ("spt cool|heat", "", "sp", "spt"),
        ("spt SECTION", "zone", "sp", "spt"),
        ("spt", "", "zone air temp", "spt", "?SPT alone is space temperature"),
        ("sp unit:pressure type:in", "", "pressure", "sp", "SP on a pressure input is static pressure"),
        ("dp unit:temp", "", "temp dewPoint", "dp", "?DP in degrees is dew point"), ("dp damper", "", "", "dp"),
        ("dp", "", "delta pressure", "dp"),
        ("out air|damper|temp|humidity|letter-a", "cool heat valve", "outside", "out"), ("out", "", "output", "out"),
        ("tr fault|alarm", "", "fault", "tr alarm"), ("tr type:binary", "", "fault", "tr"), ("tr", "", "temp zone", "tr"),
        ("rt on:terminal", "WATER", "zone temp", "rt", "?RT of a terminal unit is room temperature"), ("rt", "", "return-line", "rt"),
        ("letter-a suction", "", "", "letter-a"), ("startstop valve", "", "cmd", "startstop"), ("speed mode", "", "", "mode"),
        ("letter-a quality", "", "air", "letter-a"),
        ("letter-v unit:volt", "", "volt", "letter-v"), ("letter-v", "", "valve", "letter-v"),
        ("heatWheel", "", "", "heat thermal"), ("vfd on:air", "MACHINE", "fan", "", "a drive on an air unit turns its fan"),
        ("rh valve|output|cmd|enable|available", "", "reheat heat", "rh", "RH of a valve or output is reheat"),
        ("rh", "", "humidity", "rh"),
        ("flt dirty|delta|pressure", "fault", "filter", "flt"), ("flt", "", "fault", "flt"),
        ("letter-a unit:current", "", "current", "letter-a"), ("letter-a", "", "alarm", "letter-a"),
        ("letter-r zone", "", "", "letter-r"), ("letter-r temp|humidity|quality|sp|co2", "SECTION", "zone", "letter-r"),
        ("condenser-or-chilled on:air", "", "chilled", "condenser-or-chilled", "?CW on an air unit is chilled water"),
        ("condenser-or-chilled on:terminal", "", "chilled", "condenser-or-chilled", "?CW on a terminal unit is chilled water"),
        ("condenser-or-chilled", "", "condenser", "condenser-or-chilled"),
        ("low-temp water", "", "leaving temp", "low-temp"), ("low-temp alarm", "", "freezeStat", "low-temp temp"),
        ("low-temp", "", "low temp", "low-temp"),
        ("low temp alarm", "zone WATER refrig SECTION", "freezeStat", "low temp air", "?a low temperature alarm of an air unit is its freeze stat"),
        ("low", "", "min", "low"), ("high", "", "max", "high"),
        ("quality", "co2", "co2", "quality"), ("quality", "", "", "quality"),
        # quantities from units, where the words name none
        ("unit:temp", "QUANTITY valve damper filter", "temp", "", "?degrees are a temperature"),
        ("unit:humidity humidity", "", "", ""), ("unit:pressure", "QUANTITY", "pressure", "", "?the unit is a pressure"),
        ("unit:flow", "QUANTITY", "flow", "", "?the unit is a flow"), ("unit:co2", "QUANTITY", "co2", "", "?ppm is CO2 where nothing else is named"),
        ("unit:power", "QUANTITY", "power", "", "?the unit is a power"), ("unit:energy", "QUANTITY", "energy", "", "?the unit is an energy"),
        ("unit:current", "QUANTITY", "current", "", "?the unit is a current"), ("unit:volt", "QUANTITY", "volt", "", "?the unit is a voltage"),
        ("unit:freq", "QUANTITY", "freq", "", "Hz is a frequency"), ("unit:duration run", "QUANTITY", "duration", ""),
        ("unit:volume", "QUANTITY", "volume", "", "?the unit is a volume"),
        ("power unit:energy", "energy", "energy", "power"), ("level occ", "", "", "level"), ("level temp|co|co2", "", "", "level"),
        ("level demand", "", "", "level"), ("count", "", "config", "count"), ("condenser power|run", "water refrig", "", ""),
        ("suction", "", "refrig", "letter-a"), ("circuit pressure", "WATER", "refrig", ""), ("building power|energy", "", "", "building"), ("pressure static", "", "", "static"), ("static", "QUANTITY", "pressure", "static"), ("static", "", "", "static"),
        ("duct", "SECTION", "discharge air", "duct", "?ducts carry supply air"), ("duct", "", "", "duct"),
        ("velocity unit:pressure", "", "pressure", ""), ("temp outside co2", "", "", "temp"),
        ("outside quality", "", "co2 air", "quality"),
        # what a state is
        ("startstop type:in", "", "run sensor", "startstop"), ("startstop status|feedback", "", "run", "startstop"),
        ("startstop", "", "run cmd", "startstop"), ("relay", "FUNCTION", "cmd", "relay"), ("relay", "", "", "relay"),
        ("fault alarm", "", "", "alarm"), ("fault", "", "sensor", "cmd status run flame feedback output switch sp active"), ("alarm", "", "sensor", "cmd status run output sp switch detect feedback active sensor-word"),
        ("dirty filter", "", "alarm sensor", "dirty status", "a dirty filter is an alarm"), ("dirty", "", "", "dirty"),
        ("filter status|switch", "alarm delta pressure", "alarm sensor", "status switch", "a filter's only state is dirty"),
        ("freezeStat", "", "alarm sensor", "status temp switch air min low"), ("smoke", "", "alarm sensor", "status switch sensor-word"),
        ("vibration", "", "alarm sensor", "switch status"), ("detect", "", "occ sensor", "detect"),
        ("keycard", "", "occ sensor", "keycard status", "a key card tells occupancy"),
        ("window", "", "sensor", "status switch"), ("door", "", "sensor", "status switch"),
        ("flow switch", "", "sensor", "switch"), ("occ switch", "", "sensor", "switch"), ("switch refrig|pressure", "", "alarm sensor", "switch"), ("switch", "", "", "switch"),
        ("schedule", "", "occ sp", "schedule cmd status"), ("occ effective", "FUNCTION temp cool heat", "sensor", "", "?an effective occupancy is what is in force"), ("occ cmd", "sensor temp", "sp", "cmd"), ("occ request", "", "sp", "request"),
        ("occ mode", "", "", "mode"), ("occ status|feedback", "", "sensor", "status feedback"),
        ("available", "", "sensor", "available"), ("economizer position", "valve", "damper", ""), ("economizer output|cmd", "enable", "damper", ""),
        ("preheat temp", "", "air", "heat"), ("preheat output|valve|enable|cmd", "", "heat", ""), ("reheat", "", "heat", ""),
        ("request", "FUNCTION", "sensor", ""), ("demand", "sp power", "sensor", ""), ("demand max", "QUANTITY", "load sp", "demand", "?a demand limit limits the load"),
        ("load sp", "min", "max", "demand"),
        ("mode", "FUNCTION output type:out type:value", "sensor", ""), ("mode status", "", "sensor", "status"), ("mode type:out|type:value", "FUNCTION", "cmd", ""),
        ("enable status|feedback", "", "sensor", "status feedback"), ("enable", "FUNCTION type:in", "cmd", "output"), ("enable", "", "", "run"), ("enable type:in", "FUNCTION", "sensor", ""),
        ("feedback", "FUNCTION", "sensor", ""), ("feedback", "", "", "cmd"), ("feedback", "", "sensor", "feedback"),
        ("max|min position", "", "sp", "position cmd output"), ("max|min damper", "FUNCTION alarm position type:in", "sp", ""),
        ("position type:out", "", "cmd", "position"), ("position sp", "", "", "position"), ("position cmd", "", "", "position"), ("position output", "", "", "position"),
        ("position", "", "sensor", "position", "a position is measured"),
        # machines
        ("duration", "", "run sensor", "count status"),
        ("vfd freq", "speed", "", "vfd"), ("vfd unit:freq", "speed fault alarm status", "freq", "vfd"), ("vfd output|cmd", "QUANTITY type:binary", "speed", "vfd"), ("vfd unit:percent", "QUANTITY", "speed", "vfd"),
        ("vfd", "", "", "vfd"), ("freq speed", "", "", "freq"), ("motor", "", "", "motor"), ("belt", "", "", "belt"),
        ("output status", "", "sensor", "output status"), ("output MACHINE unit:percent", "QUANTITY", "speed cmd", "output", "?per cent of a machine is its speed"), ("output on:machine", "QUANTITY type:binary valve damper", "speed cmd", "output"),
        ("cmd MACHINE unit:percent", "QUANTITY", "speed", "", "?per cent of a machine is its speed"),
        ("output", "", "cmd", "output"), ("power factor", "", "pf", "power factor"), ("factor", "", "", "factor"), ("status cmd", "", "", "status"), ("speed status", "", "sensor", "status"),
        ("status MACHINE", "QUANTITY STATE sp", "run sensor", "status"), ("status cool|heat", "DEVICE QUANTITY", "sensor", "status cmd"),
        ("status valve|damper|economizer", "", "sensor", "status"),
        ("status on:machine", "QUANTITY STATE sp valve damper", "run sensor", "status"), ("status on:starter", "QUANTITY STATE sp valve damper", "run sensor", "status"),
        ("status on:terminal", "QUANTITY STATE sp valve damper WATER", "run sensor", "status"), ("status on:air", "QUANTITY STATE sp valve damper WATER cool heat", "run sensor", "status"),
        ("status", "QUANTITY STATE FUNCTION config", "run sensor", "status"), ("status", "FUNCTION", "sensor", "status"), ("status", "", "", "status"),
        ("cmd on:starter", "QUANTITY STATE DEVICE WATER run heat cool", "enable", "", "?a chiller or boiler is commanded by its enable"),
        ("cmd on:machine", "QUANTITY STATE valve damper", "run", ""), ("cmd MACHINE", "QUANTITY STATE", "run", ""),
        ("MACHINE type:binary", "QUANTITY STATE", "run", ""), ("run sp", "", "cmd", "sp"), ("MACHINE run", "FUNCTION type:out type:value", "sensor", ""),
        ("flow temp hot|chilled|condenser", "", "supply", "flow", "flow temperature of water is its supply"),
        ("flow temp on:heats|on:chills|on:condenses", "", "supply water", "flow", "flow temperature of a plant is its supply"),
        ("flow temp", "", "", "", "?a flow and a temperature are named"),
        # air
        ("fresh air", "", "outside", "fresh"), ("fresh", "", "", "fresh"),
        ("supply fan", "", "discharge", "supply"), ("fan", "AIRY filter", "", "air"), ("damper", "", "", "air"), ("valve", "", "", "air"),
        ("supply air", "", "discharge", "supply"), ("supply filter", "", "discharge", "supply"), ("filter alarm", "", "", "air"), ("supply damper", "", "discharge", "supply"),
        ("supply AIRY", "WATER refrig", "discharge air", "supply", "?supply without water is supply air"),
        ("supply sp", "WATER QUANTITY on:plant", "discharge air temp", "supply"),
        ("return AIRY", "WATER refrig on:plant", "air", ""),
        ("SECTION AIRY", "WATER entering leaving refrig oil valve damper on:plant", "air", ""), ("discharge sp", "QUANTITY STATE WATER damper fan", "air temp", "", "?a setpoint of supply air is its temperature"),
        ("discharge damper on:terminal", "", "", "discharge"), ("filter pressure", "", "air delta", ""), ("filter delta", "pressure", "air pressure", ""),
        ("outside co2", "", "air", ""), ("co2|co", "SECTION", "zone air", "", "?a gas is measured in the room unless a duct is named"), ("co2|co", "", "air", ""),
        ("leaving temp on:terminal", "WATER refrig", "discharge air", "leaving"), ("leaving air", "", "discharge", "leaving"),
        ("effective sp on:air", "QUANTITY cool heat SECTION", "discharge air temp", "", "?an effective setpoint of an air unit is its supply air's"),
        # rooms
        ("sp GRADE cool|heat", "QUANTITY SECTION valve damper", "zone air temp", "", "?occupied, unoccupied and effective setpoints are the room's"),
        ("sp cool|heat on:terminal", "QUANTITY SECTION valve damper WATER", "zone air temp", "", "?a setpoint of a terminal unit is the room's"),
        ("sp cool|heat", "QUANTITY SECTION valve damper WATER DEVICE", "zone air temp", "", "?a setpoint for cooling or heating is the room's"),
        ("sp on:terminal", "QUANTITY STATE SECTION valve damper WATER fan cool heat load", "zone air temp", "", "?a setpoint of a terminal unit is the room's"),
        ("zone sp", "QUANTITY STATE fan valve damper", "temp air", ""), ("zone offset", "QUANTITY", "air temp sp", ""), ("offset on:terminal", "QUANTITY", "zone air temp sp", ""),
        ("offset temp", "FUNCTION", "sp", ""), ("zone alarm", "QUANTITY", "air temp", ""),
        ("temp on:terminal", "SECTION WATER coil refrig supply", "zone air", "", "?a terminal unit's temperature is the room's"),
        ("humidity on:terminal", "SECTION", "zone air", ""), ("temp sp", "SECTION WATER refrig supply on:plant on:tower on:tank", "zone air", "", "?a setpoint without section is the room's"),
        ("humidity", "SECTION air", "zone air", ""), ("zone AIRY", "", "air", "duct"),
        ("flow on:terminal", "SECTION WATER", "discharge air", "air", "?a terminal unit's flow is its supply air"), ("flow on:air", "SECTION WATER supply", "discharge air", ""),
        ("flow on:terminal max|min", "FUNCTION", "sp", ""), ("flow cool|heat max|min", "FUNCTION", "sp", ""), ("flow max|min", "FUNCTION alarm", "sp", ""),
        ("pressure on:air", "SECTION WATER filter refrig oil delta coil", "discharge air", ""),
        # water
        ("supply-line", "", "supply water", "supply-line"), ("return-line", "", "return water", "return-line"),
        ("water on:heats", "chilled condenser domestic hot", "hot", ""), ("water on:chills", "hot condenser chilled", "chilled", ""),
        ("water on:condenses", "hot condenser chilled makeup basin", "condenser", ""),
        ("valve chilled", "isolation bypass water-side leaving entering", "cool", "chilled water supply return"), ("valve hot", "isolation bypass leaving entering", "heat", "hot water supply return domestic"),
        ("valve coil", "", "", "coil"), ("valve condenser", "isolation bypass", "", "water"), ("valve", "", "", "coil"),
        ("isolation", "", "valve", ""), ("makeup", "damper", "valve", "water condenser chilled"), ("makeup", "", "", "hot"),
        ("chilled", "valve", "water", ""), ("hot", "valve", "water", ""), ("condenser", "valve refrig", "water", "", ""),
        ("refrig", "", "", "water"), ("evaporator pressure|temp", "water chilled", "refrig", ""),
        ("circuit", "", "", "circuit"),
        ("water supply", "QUANTITY STATE", "temp", "", "?a supply without quantity is its temperature"), ("water return", "QUANTITY STATE", "temp", "", "?a return without quantity is its temperature"), ("water leaving|entering", "QUANTITY STATE", "temp", ""),
        ("water supply on:air", "", "entering", "supply", "supply water enters a coil"), ("water return on:air", "", "leaving", "return"),
        ("water supply on:terminal", "", "entering", "supply", "supply water enters a coil"), ("water return on:terminal", "", "leaving", "return"),
        ("water supply condenser", "on:tower", "entering", "supply", "condenser water supply enters the chiller"), ("water return condenser", "on:tower", "leaving", "return", "condenser water return leaves the chiller"),
        ("water supply", "", "leaving", "supply", "supply water leaves the plant"), ("water return", "", "entering", "return", "return water enters the plant"),
        ("condenser water sp temp", "SECTION", "entering", ""), ("chilled water sp temp", "SECTION", "leaving", ""), ("hot water sp temp", "SECTION domestic on:tank", "leaving", ""),
        ("water flow", "", "", "leaving entering air"), ("water pressure", "", "", "leaving entering"), ("water flow", "", "", "run"),
        ("supply temp on:heats", "water", "leaving hot water", "supply"), ("return temp on:heats", "water", "entering hot water", "return"),
        ("supply temp on:chills", "water", "leaving chilled water", "supply"), ("return temp on:chills", "water", "entering chilled water", "return"),
        ("pressure on:machine delta on:chills", "water", "chilled water", ""), ("pressure on:machine delta on:heats", "water", "hot water", ""), ("pressure on:machine delta on:condenses", "water", "condenser water", ""),
        ("basin temp|level", "", "water", "condenser"), ("basin alarm", "temp", "water level", "condenser"), ("level on:tank", "WATER", "water", ""), ("temp on:tank", "WATER", "water", ""),
        # electricity and heat
        ("thermal power|energy", "", "", "elec active"), ("power on:thermal", "", "thermal", ""), ("energy on:thermal", "", "thermal", ""),
        ("power", "thermal reactive apparent pf cool", "elec active", ""), ("power reactive", "", "elec", "active"), ("power apparent", "", "elec", "active"), ("reactive", "QUANTITY", "elec power", ""), ("apparent", "QUANTITY", "elec power", ""),
        ("power cool", "", "thermal cooling", "cool"), ("pf", "", "elec", "power"), ("energy", "thermal gas", "elec active", "power"),
        ("current", "", "elec", ""), ("volt", "", "elec", ""), ("freq on:elec", "", "elec", ""), ("power demand", "", "", "demand"), ("load", "FUNCTION", "sensor", "compressor run"), ("load", "", "", "elec current power active"),
        ("volume on:water", "", "water", ""), ("volume on:gas", "", "gas", ""),
        # grades of setpoints
        ("sp cool temp|flow", "valve", "cooling", "cool"), ("sp heat temp|flow", "valve", "heating", "heat"),
        # one machine: it need not be named again
        ("on:machine fan", "", "", "fan exhaust discharge return"), ("on:machine pump", "", "", "pump"), ("on:machine pressure", "", "", "run"),
        # the function, where no word has said it
        ("alarm|fault", "", "sensor", "cmd sp"), ("sp cmd", "", "", "cmd"), ("sp sensor", "", "", "sensor"),
        ("type:in", "FUNCTION", "sensor", "", "an input is a sensor"), ("type:out", "FUNCTION", "cmd", "", "an output is a command"),
        ("occ", "FUNCTION QUANTITY", "sp", "", "?occupancy of a controller is what it is told"), ("occ on:terminal type:in", "QUANTITY", "sensor", "sp"),
        ("request", "FUNCTION", "sensor", ""), ("lights", "FUNCTION QUANTITY", "run cmd", ""), ("lights cmd", "QUANTITY STATE", "run", ""),
        ("speed fan|on:machine", "FUNCTION type:in", "cmd", "", "?a speed without feedback is commanded"),
        ("valve|damper", "FUNCTION temp pressure flow", "cmd", "", "?a valve or damper without feedback is commanded"),
        ("AIRY", "FUNCTION", "sensor", "", "a measured quantity"), ("QUANTITY", "FUNCTION", "sensor", "", "a measured quantity"),
        ("run type:value", "FUNCTION", "sensor", ""), ("run", "FUNCTION", "sensor", ""),
        ("cool|heat|humidifier", "FUNCTION", "cmd", "", "?cooling and heating are commanded"),
        # what is still not said
        ("valve", "cool heat isolation bypass makeup steam WATER", "", "", "?which coil the valve serves is not said"),
        ("temp|pressure|flow|humidity", "SECTION WATER refrig oil filter fan", "", "", "?where it is measured is not said"),
        ("exhaust AIRY on:air", "", "", "", "?the exhaust of an air unit may be its return"),
        ("exhaust fan on:air", "", "", "", "?the exhaust of an air unit may be its return"),
    )
)  # fmt: skip

_HALF: Final = """
    out factor rt tr status output feedback position startstop relay supply supply-line return-line condenser-or-chilled
    low high low-temp spt dp rh flt duct static letter-a letter-v letter-r letter-k vfd motor keycard switch schedule
    detect dirty circuit available config fresh quality count flame belt coil
"""
HALF: Final = frozenset(_HALF.split())
"""Half-meanings that never stay as tags."""
