"""The few words answers are made of, in English and Thai."""

from __future__ import annotations

import re
from typing import Final

from agent.tools.quantities import quantity_dis

ENGLISH: Final = "en"
THAI: Final = "th"


def language_of(text: str) -> str:
    """The language to answer in: Thai when the question has Thai letters, else English."""
    return THAI if re.search(r"[\u0e00-\u0e7f]", text) else ENGLISH


_THAI_QUANTITY: Final = {
    "zone-air-temp": "อุณหภูมิห้อง", "zone-air-temp-sp": "ค่าตั้งอุณหภูมิห้อง", "zone-air-humidity": "ความชื้นห้อง",
    "zone-air-co2": "CO2 ในห้อง", "outside-air-temp": "อุณหภูมิภายนอก", "outside-air-humidity": "ความชื้นภายนอก",
    "outside-air-wet-bulb": "อุณหภูมิกระเปาะเปียกภายนอก", "discharge-air-temp": "อุณหภูมิลมจ่าย",
    "return-air-temp": "อุณหภูมิลมกลับ", "mixed-air-temp": "อุณหภูมิลมผสม", "discharge-air-flow": "ปริมาณลมจ่าย",
    "cooling-valve": "วาล์วน้ำเย็น", "outside-damper": "แดมเปอร์อากาศภายนอก", "damper": "แดมเปอร์",
    "fan-speed": "ความเร็วพัดลม", "fan-run": "สถานะพัดลม", "fan-power": "กำลังไฟฟ้าพัดลม", "run": "สถานะการเดินเครื่อง",
    "power": "กำลังไฟฟ้า", "cooling-power": "กำลังทำความเย็น", "load": "โหลด", "speed": "ความเร็วรอบ",
    "chilled-water-leaving-temp": "อุณหภูมิน้ำเย็นจ่าย", "chilled-water-entering-temp": "อุณหภูมิน้ำเย็นกลับ",
    "chilled-water-flow": "อัตราการไหลน้ำเย็น", "condenser-water-entering-temp": "อุณหภูมิน้ำระบายความร้อนเข้า",
    "condenser-water-leaving-temp": "อุณหภูมิน้ำระบายความร้อนออก", "filter-pressure": "ความดันตกคร่อมฟิลเตอร์",
    "efficiency": "ประสิทธิภาพ", "delta-t": "ผลต่างอุณหภูมิ (delta-T)", "condenser-approach": "approach คอนเดนเซอร์",
    "evaporator-approach": "approach อีวาพอเรเตอร์", "tower-approach": "approach หอผึ่งน้ำ",
    "energy-use": "พลังงานไฟฟ้าที่ใช้", "energy-cost": "ค่าไฟฟ้า", "cooling-energy": "พลังงานความเย็น", "runtime": "ชั่วโมงเดินเครื่อง",
    "starts": "จำนวนครั้งที่สตาร์ต", "energy": "มิเตอร์พลังงาน", "battery": "แบตเตอรี่", "occupied": "มีคนอยู่",
    "discharge-air-temp-sp": "ค่าตั้งลมจ่าย", "discharge-air-pressure": "ความดันลมจ่าย", "discharge-air-pressure-sp": "ค่าตั้งความดันลมจ่าย",
    "zone-air-temp-effective-sp": "ค่าตั้งใช้งานจริง", "return-air-humidity": "ความชื้นลมกลับ", "return-air-co2": "CO2 ลมกลับ",
    "coil-leaving-water-temp": "น้ำออกคอยล์", "fan-cmd": "คำสั่งพัดลม", "run-cmd": "คำสั่งเดิน", "enable-cmd": "คำสั่งเปิดใช้",
    "occupied-sp": "ตารางเวลาใช้งาน", "cooling-requests": "จำนวนคำขอความเย็น", "condenser-refrig-temp": "อุณหภูมิสารทำความเย็นคอนเดนเซอร์",
    "evaporator-refrig-temp": "อุณหภูมิสารทำความเย็นอีวาพอเรเตอร์", "chilled-water-leaving-temp-sp": "ค่าตั้งน้ำเย็นจ่าย",
    "chilled-water-pressure": "ความดันต่างลูปน้ำเย็น", "chilled-water-pressure-sp": "ค่าตั้งความดันต่าง",
    "condenser-water-entering-temp-sp": "ค่าตั้งน้ำระบายความร้อน", "condenser-water-flow": "อัตราการไหลน้ำระบายความร้อน",
    "primary-flow": "อัตราการไหลวงจรแรก", "secondary-flow": "อัตราการไหลวงจรรอง", "decoupler-flow": "การไหลดีคัปเปลอร์",
    "isolation-valve": "วาล์วกั้น", "discharge-air-humidity": "ความชื้นลมจ่าย", "window-open": "ประตูระเบียงเปิด",
    "current": "กระแสไฟฟ้า", "voltage": "แรงดันไฟฟ้า", "power-factor": "เพาเวอร์แฟกเตอร์",
}  # fmt: skip

_THAI: Final = {
    "no data": "ไม่มีข้อมูล",
    "on": "เดิน",
    "off": "หยุด",
    "mean": "เฉลี่ย",
    "min": "ต่ำสุด",
    "max": "สูงสุด",
    "sum": "รวม",
    "trend": "เฉลี่ย",
    "now": "ขณะนี้",
    "highest": "สูงสุด",
    "lowest": "ต่ำสุด",
    "air": "ลม",
    "chilled-water": "น้ำเย็น",
    "condenser-water": "น้ำระบายความร้อน",
    "electricity": "ไฟฟ้า",
    "hot-water": "น้ำร้อน",
    "steam": "ไอน้ำ",
    "gas": "แก๊ส",
    "stale": "ค่าค้าง",
    "silent": "เงียบ",
    "faulty": "ค่าผิดปกติ",
    "out of service": "ปลดออกจากงาน",
    "without a value": "ไม่มีค่า",
    "info": "ข้อมูล",
    "waste": "สิ้นเปลือง",
    "comfort": "ความสบาย",
    "risk": "เสี่ยง",
}

_KINDS: Final = {
    "chiller": ("chillers", "ชิลเลอร์"), "chilled-water-pump": ("chilled-water pumps", "ปั๊มน้ำเย็น"),
    "condenser-water-pump": ("condenser-water pumps", "ปั๊มน้ำระบายความร้อน"), "cooling-tower": ("cooling towers", "หอผึ่งน้ำ"),
    "ahu": ("AHUs", "AHU"), "doas": ("DOAS", "DOAS"), "vav": ("VAV boxes", "VAV"), "fcu": ("fan coils", "แฟนคอยล์"),
    "elec-meter": ("electricity meters", "มิเตอร์ไฟฟ้า"), "iaq-sensor": ("air quality sensors", "เซ็นเซอร์คุณภาพอากาศ"),
    "weather-station": ("weather stations", "สถานีอากาศ"), "chilled-water-plant": ("chilled-water plants", "ระบบน้ำเย็น"),
    "room": ("rooms", "ห้อง"), "floor": ("floors", "ชั้น"), "boiler": ("boilers", "หม้อไอน้ำ"),
    "hot-water-plant": ("hot-water plants", "ระบบน้ำร้อน"), "hot-water-pump": ("hot-water pumps", "ปั๊มน้ำร้อน"),
    "heat-exchanger": ("heat exchangers", "เครื่องแลกเปลี่ยนความร้อน"), "crac": ("CRAC units", "CRAC"), "rtu": ("rooftop units", "RTU"),
}  # fmt: skip


def kind(name: str, language: str) -> str:
    """What people call several of a kind in their language."""
    english, thai = _KINDS.get(name, (name, name))
    return thai if language == THAI else english


def quantity(name: str, language: str) -> str:
    """What people call a quantity in their language."""
    if language == THAI and name in _THAI_QUANTITY:
        return _THAI_QUANTITY[name]
    plain = quantity_dis(name)
    return plain if plain[:2].isupper() else plain[:1].lower() + plain[1:]


def word(name: str, language: str) -> str:
    """A single word of the house in the language asked."""
    return _THAI.get(name, name) if language == THAI else name
