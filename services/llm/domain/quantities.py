"""How people say what is measured: for each kind of thing its quantities, in plain words, in a hurry, and in Thai."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Said:
    """A quantity. `plain` is read without fail; `loose` and `thai` are how it is said; `limits`: thresholds people name."""

    quantity: str
    plain: str
    loose: tuple[str, ...] = ()
    thai: tuple[str, ...] = ()
    limits: tuple[int, ...] = ()


def _said(table: str) -> tuple[Said, ...]:
    """Rows "quantity | plain | loose, ... | thai, ... | limits"."""
    rows = []
    for line in filter(None, map(str.strip, table.splitlines())):
        quantity, plain, loose, thai, limits = (part.strip() for part in line.split("|"))
        rows.append(Said(
            quantity, plain, _list(loose), _list(thai), tuple(int(n) for n in _list(limits)),
        ))  # fmt: skip
    return tuple(rows)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_CHILLER = """
chilled-water-leaving-temp | chilled water supply temperature | leaving water temp, CHW supply temp, outlet water temperature, LWT, supply water temp | อุณหภูมิน้ำเย็นจ่าย, น้ำเย็นขาออก | 7, 8, 9
chilled-water-entering-temp | chilled water return temperature | entering water temp, CHW return, return water temp, EWT | อุณหภูมิน้ำเย็นกลับ, น้ำเย็นขากลับ | 11, 12, 13
condenser-water-leaving-temp | condenser water leaving temperature | condenser leaving temp, condenser outlet temperature | | 35, 36, 37
condenser-water-entering-temp | condenser water entering temperature | condenser entering temp, condenser inlet temp | | 29, 30, 31
chilled-water-flow | chilled water flow | CHW flow, evaporator flow rate | อัตราการไหลน้ำเย็น |
power | power | kW, power draw, electrical power, demand | กำลังไฟ, กิโลวัตต์ | 200, 250, 300
load | load | percent load, loading, part load | โหลด | 60, 80, 90
cooling-power | cooling output | cooling load, cooling power, cooling capacity now made | ความเย็นที่ทำได้ | 800, 1200
condenser-approach | condenser approach | approach on the condenser side, cond approach | approach คอนเดนเซอร์ | 2, 3, 4
evaporator-approach | evaporator approach | evap approach | | 2, 3
efficiency | efficiency | kW/RT, kW per ton, specific power | ประสิทธิภาพ |
chilled-water-leaving-temp-sp | chilled water supply setpoint | leaving water setpoint, CHW setpoint | |
"""
_PUMP = """
power | power | kW, power draw | กำลังไฟ | 15, 20, 25
speed | speed | VSD speed, frequency, percent speed | ความเร็วรอบ | 70, 80, 90
pump-pressure | differential pressure | pump head, dp across | แรงดัน | 150, 200
"""
_AHU = """
discharge-air-temp | supply air temperature | SAT, discharge temp, supply temp, off coil temp, temperature of the supply air | อุณหภูมิลมจ่าย | 14, 15, 16, 18
return-air-temp | return air temperature | RAT, return temp, return air temp | อุณหภูมิลมกลับ | 24, 25, 26
mixed-air-temp | mixed air temperature | MAT, mixed temp | | 26, 27, 28
return-air-co2 | return air CO2 | CO2 in the return air, return CO2 level | CO2 ลมกลับ | 800, 900, 1000
discharge-air-pressure | duct static pressure | static pressure, supply duct pressure, duct static | แรงดันลม | 250, 300
discharge-air-flow | supply air flow | airflow, supply airflow, air volume | ปริมาณลม |
filter-pressure | filter pressure drop | filter dp, drop over the filter, filter differential pressure | ความดันตกคร่อมฟิลเตอร์ | 150, 200, 250
outside-damper | outside air damper position | OA damper, fresh air damper position | แดมเปอร์อากาศภายนอก | 30, 50
cooling-valve | cooling valve position | CHW valve, cooling valve opening, chilled water valve | วาล์วน้ำเย็น | 50, 80, 95
fan-speed | fan speed | fan VSD percent, supply fan speed | ความเร็วพัดลม | 70, 80, 90
fan-power | fan power | fan kW, fan motor kW | | 5, 7
discharge-air-temp-sp | supply air setpoint | SAT setpoint, discharge setpoint | |
"""
_DOAS = """
discharge-air-temp | supply air temperature | SAT, discharge temp, supply temp, leaving air temp | อุณหภูมิลมจ่าย | 15, 16, 18, 20
discharge-air-humidity | supply air humidity | RH of the supply air, discharge RH | ความชื้นลมจ่าย | 70, 80
cooling-valve | cooling valve position | CHW valve, cooling valve | วาล์วน้ำเย็น | 80, 95
fan-speed | fan speed | fan percent, supply fan speed | ความเร็วพัดลม | 70, 80
fan-power | fan power | fan kW | | 8, 10
filter-pressure | filter pressure drop | filter dp, filter differential pressure | | 150, 200
discharge-air-flow | supply air flow | airflow, fresh air volume | ปริมาณลม |
"""
_ZONE = """
zone-air-temp | temperature | temp, room temp, air temperature, degrees | อุณหภูมิ, กี่องศา | 23, 24, 25, 26, 27, 28
zone-air-humidity | humidity | RH, relative humidity, moisture level | ความชื้น | 55, 60, 65, 70
zone-air-temp-sp | setpoint | set temp, temperature setpoint, thermostat setting | เซ็ตพอยต์, ค่าที่ตั้งไว้ |
"""
_VAV = """
zone-air-temp | zone temperature | temp, zone temp, space temperature | อุณหภูมิ, กี่องศา | 22, 23, 24, 25, 26
discharge-air-flow | airflow | air flow, air volume, supply flow | ปริมาณลม |
damper | damper position | damper, damper opening, percent damper | แดมเปอร์ | 70, 80, 95
zone-air-temp-sp | setpoint | zone setpoint, temp setpoint | เซ็ตพอยต์ |
cooling-requests | cooling requests | requests for cooling | |
"""
_AREA = """
zone-air-co2 | CO2 | CO2 level, carbon dioxide, ppm | CO2, คาร์บอนไดออกไซด์ | 800, 900, 1000, 1100
"""
_IAQ = """
zone-air-co2 | CO2 | CO2 level, carbon dioxide reading | CO2 | 800, 900, 1000
battery | battery | battery level, battery charge | แบตเตอรี่ | 20, 30
zone-air-temp | temperature | temp reading | อุณหภูมิ | 24, 26
"""
_PLANT = """
chilled-water-leaving-temp | chilled water supply temperature | CHW supply temp, header supply temp, supply water temp | อุณหภูมิน้ำเย็นจ่าย | 7, 8, 9
chilled-water-entering-temp | chilled water return temperature | CHW return temp, common return temp | อุณหภูมิน้ำเย็นกลับ | 11, 12, 13
secondary-flow | secondary flow | flow in the secondary loop | |
decoupler-flow | decoupler flow | flow in the decoupler, bypass flow | |
cooling-power | cooling load | cooling output, cooling being made | ภาระความเย็น | 2000, 3000
efficiency | efficiency | kW/RT, kW per ton, specific power | ประสิทธิภาพ |
delta-t | delta T | delta-T, temperature difference, chilled water range | เดลต้าที | 4, 5
chilled-water-pressure | differential pressure | remote dp, loop pressure | แรงดันน้ำ |
"""
_TOWER = """
condenser-water-leaving-temp | leaving water temperature | outlet temp, leaving temp, basin leaving temp | น้ำขาออก | 28, 30, 31
speed | fan speed | fan percent, fan VSD | ความเร็วพัดลม | 60, 80
power | fan power | kW, fan kW | กำลังไฟ | 10, 15
tower-approach | approach | approach to wet bulb | | 3, 4
"""
_METER = """
power | power | kW, demand, load in kW | กำลังไฟ | 800, 1000, 1200
power-factor | power factor | pf reading, cos phi power factor | เพาเวอร์แฟกเตอร์ |
voltage | voltage | volts | แรงดันไฟ |
current | current | amps | กระแสไฟ |
"""
_WEATHER = """
outside-air-temp | outdoor temperature | outside temp, ambient temperature, dry bulb outside | อุณหภูมิภายนอก | 30, 32, 34
outside-air-humidity | outdoor humidity | outside RH, ambient humidity | ความชื้นภายนอก | 70, 80
outside-air-wet-bulb | outdoor wet bulb | wet bulb temperature, WB outside, ambient wet bulb | อุณหภูมิกระเปาะเปียก | 26, 27
"""

QUANTITIES: Final[Mapping[str, tuple[Said, ...]]] = {
    "chiller": _said(_CHILLER), "primary-pump": _said(_PUMP)[::2], "condenser-water-pump": _said(_PUMP)[::2],
    "secondary-pump": _said(_PUMP), "cooling-tower": _said(_TOWER), "ahu": _said(_AHU), "doas": _said(_DOAS),
    "vav": _said(_VAV), "fcu": _said(_ZONE), "room": _said(_ZONE), "space": _said(_AREA), "iaq-sensor": _said(_IAQ),
    "chilled-water-plant": _said(_PLANT), "elec-meter": _said(_METER), "weather": _said(_WEATHER),
}  # fmt: skip
"""Kind of thing -> what is asked of it."""

TOTALS: Final = (
    Said("energy-use", "energy used", ("kWh used", "electricity used", "energy consumption", "kWh"), ("ใช้ไฟกี่หน่วย",)),
)  # fmt: skip
"""Quantities that add up over a range."""
