"""The default story of Riverside Tower: twelve faults that are active now, and what each really is."""

from __future__ import annotations

from typing import Final

from ingest.demo.faults import Fault
from ingest.demo.model import GUEST_FLOORS

_CORNERS_BELOW = tuple(f"FCU-{floor}07.zone-air-temp" for floor in GUEST_FLOORS if floor <= 12)

DEFAULT_STORY: Final = (
    Fault(
        "sensor-drift", "sensor-drift", "AHU-1.return-air-temp", 2.5, 25,
        says="AHU-1 return-air temperature sensor reads higher and higher, now about 2.5 K too warm",
        root_cause="the return-air temperature sensor of AHU-1 has lost its calibration",
        sees="return air reads warmer than the lobby's own sensors and the mixed air does not follow it",
        affected=("AHU-1.return-air-temp",),
    ),
    Fault(
        "sensor-flat", "sensor-flat", "VAV-2-05.zone-air-temp", 1.0, 4,
        says="VAV-2-05 zone temperature has not moved for 4 days",
        root_cause="the zone temperature sensor of VAV-2-05 is frozen; its value is a constant",
        sees="a straight line while the sister zones rise and fall with the day",
        affected=("VAV-2-05.zone-air-temp",),
    ),
    Fault(
        "valve-passing", "valve-passing", "FCU-1203.cooling-valve", 25.0, 12,
        says="FCU-1203 keeps cooling with its valve commanded shut",
        root_cause="the cooling valve of FCU-1203 passes about 25 % of its flow when shut",
        sees="room 1203 colder than its setpoint, valve at 0 %, discharge air still cold",
        affected=("FCU-1203.zone-air-temp", "FCU-1203.discharge-air-temp", "FCU-1203.cooling-valve"),
    ),
    Fault(
        "damper-stuck", "damper-stuck", "AHU-3.outside-damper", 80.0, 9,
        says="AHU-3 outdoor-air damper stands about 80 % open though it is commanded to minimum",
        root_cause="the outdoor-air damper of AHU-3 is stuck about 80 % open",
        sees="mixed air follows the outdoor air, the cooling valve runs far open",
        affected=("AHU-3.mixed-air-temp", "AHU-3.cooling-valve", "AHU-3.outside-damper"),
    ),
    Fault(
        "condenser-fouled", "condenser-fouled", "CH-2", 5.0, 20,
        says="CH-2 condenser approach is about 3.5 K too high at load",
        root_cause="the condenser tubes of CH-2 are fouled",
        sees="condenser refrigerant far above the leaving condenser water; about 10 % more kW/RT than CH-1",
        affected=("CH-2.condenser-refrig-temp", "CH-2.condenser-water-leaving-temp", "CH-2.power", "meter-CH-2.power"),
    ),
    Fault(
        "override-left", "override-left", "AHU-2.cooling-valve", 100.0, 3,
        says="AHU-2 cooling valve is held at 100 % by hand",
        root_cause="a manual override (priority 8) was left on the cooling valve of AHU-2",
        sees="valve at 100 % day and night, supply air far below its setpoint, cold ballroom",
        affected=("AHU-2.cooling-valve", "AHU-2.discharge-air-temp"),
    ),
    Fault(
        "fan-out-of-hours", "fan-out-of-hours", "AHU-4.fan-cmd", 1.0, 6,
        says="AHU-4 runs all night though the offices are empty",
        root_cause="the fan schedule of AHU-4 was left ON for 24 hours",
        sees="fan command and status on while the occupied schedule is off",
        affected=("AHU-4.fan-cmd", "AHU-4.fan-run", "AHU-4.occupied-sp", "AHU-4.fan-power"),
    ),
    Fault(
        "low-delta-t", "low-delta-t", "SCHWP-1.speed", 28.0, 14,
        says="the chilled-water temperature difference is low: too much water for the load",
        root_cause="SCHWP-1 is held at 100 % speed by hand and the riser bypass and valves of floors 13 to 16 pass",
        sees="return water only about 3.5 K warmer than supply, secondary flow above primary flow",
        affected=(
            "SCHWP-1.speed", "CHW-PLANT.chilled-water-entering-temp", "CHW-PLANT.chilled-water-leaving-temp",
            "CHW-PLANT.secondary-flow", "CHW-PLANT.decoupler-flow", "CHW-PLANT.chilled-water-pressure",
        ),
    ),
    Fault(
        "rogue-zone", "rogue-zone", "VAV-2-07.zone-air-temp-sp", 19.0, 10,
        says="VAV-2-07 asks for full cooling all the time and drives AHU-4",
        root_cause="the setpoint of VAV-2-07 was set to 19 °C",
        sees="damper fully open, requests every step, supply setpoint of AHU-4 at its lowest",
        affected=("VAV-2-07.zone-air-temp-sp", "VAV-2-07.cooling-requests", "VAV-2-07.damper", "AHU-4.discharge-air-temp-sp"),
    ),
    Fault(
        "complaint-upstream", "coil-starved", "DOAS-1.cooling-valve", 5.0, 5,
        says="guests on floors 5 to 12, rooms x07 first, are hot and humid in the afternoon",
        root_cause="the chilled-water strainer of DOAS-1 is blocked: its coil is starved, the riser air is 22 to 24 °C and damp",
        sees="DOAS-1 valve at 100 %, discharge air far above setpoint; FCU-807 at full valve and full fan",
        affected=(
            "DOAS-1.discharge-air-temp", "DOAS-1.discharge-air-humidity", "DOAS-1.cooling-valve",
            "DOAS-1.coil-leaving-water-temp", *_CORNERS_BELOW,
        ),
    ),
    Fault(
        "comms-gap", "comms-gap", "IAQ-1407", 1.0, 30 / 24,
        says="IAQ-1407 has been silent for 30 hours",
        root_cause="the LoRaWAN sensor in room 1407 no longer sends",
        sees="no samples of its four points",
        affected=("IAQ-1407.zone-air-co2", "IAQ-1407.zone-air-temp", "IAQ-1407.zone-air-humidity", "IAQ-1407.battery"),
    ),
    Fault(
        "pump-hand", "pump-hand", "CWP-3.run", 1.0, 2,
        says="CWP-3 runs while CH-3 is off",
        root_cause="the hand switch of CWP-3 was left in HAND",
        sees="pump status on without command, water through a stopped chiller",
        affected=("CWP-3.run", "CWP-3.run-cmd", "CWP-3.power", "CH-3.run"),
    ),
)  # fmt: skip
