"""Thai technical words and trade abbreviations -> the English terms that manuals are written in.

Our own table, in the spelling technicians use in chats and work orders. A row is enough to add a word.
"""

from __future__ import annotations

import re

from edge.words import THAI

THAI_WORDS: dict[str, str] = {
    # equipment
    "เครื่องทำน้ำเย็น": "chiller", "ชิลเลอร์": "chiller", "หอผึ่งเย็น": "cooling tower", "คูลลิ่งทาวเวอร์": "cooling tower",
    "คูลลิ่ง": "cooling", "ปั๊มน้ำเย็น": "chilled water pump", "ปั๊ม": "pump", "น้ำเย็น": "chilled water",
    "น้ำหล่อเย็น": "condenser water", "เครื่องส่งลมเย็น": "air handling unit AHU", "แฟนคอยล์": "fan coil FCU",
    "แฟนคอย": "fan coil FCU", "แอร์": "air conditioning", "พัดลม": "fan", "มอเตอร์": "motor", "วาล์ว": "valve",
    "หัวขับ": "actuator", "แดมเปอร์": "damper", "คอนเดนเซอร์": "condenser", "อีวาพอเรเตอร์": "evaporator",
    "คอยล์เย็น": "cooling coil", "คอยล์": "coil", "คอยเย็น": "cooling coil", "สเตรนเนอร์": "strainer", "กรองน้ำ": "strainer",
    "ฟิลเตอร์": "filter", "แผ่นกรอง": "filter", "กรองอากาศ": "filter", "ท่อ": "pipe tube", "สายพาน": "belt",
    "ถาดน้ำทิ้ง": "drain pan", "น้ำทิ้ง": "condensate drain", "มิเตอร์": "meter", "เซ็นเซอร์": "sensor", "เซนเซอร์": "sensor",
    "แบตเตอรี่": "battery", "แบต": "battery", "เทอร์โมสตัท": "thermostat", "คีย์การ์ด": "key card",
    "ลมเติม": "outdoor air DOAS", "อากาศบริสุทธิ์": "outdoor air fresh air", "ห้องพัก": "guest room", "ห้อง": "room",
    "สำนักงาน": "office", "ล็อบบี้": "lobby", "ห้องอาหาร": "restaurant", "บอลรูม": "ballroom", "แขก": "guest",
    # symptoms and quantities
    "อุณหภูมิ": "temperature", "ความชื้น": "humidity", "ชื้น": "humid", "ร้อน": "hot", "หนาว": "cold", "เย็นเกินไป": "too cold",
    "ไม่เย็น": "not cooling hot", "เหม็น": "smell", "กลิ่น": "smell", "เสียงดัง": "noise", "อับ": "stuffy", "หยดน้ำ": "condensation drip",
    "น้ำหยด": "water leak drip", "รั่ว": "leak", "ตัน": "blocked choked", "อุดตัน": "blocked choked", "สกปรก": "dirty fouled",
    "ตะกรัน": "scale fouling", "แรงดัน": "pressure", "ความดัน": "pressure", "อัตราการไหล": "flow", "แรงดันต่ำ": "low pressure",
    "แรงดันสูง": "high pressure", "พลังงาน": "energy", "ค่าไฟ": "tariff electricity cost", "ไฟฟ้า": "electricity",
    "ประสิทธิภาพ": "efficiency", "ร้องเรียน": "complaint", "ค้าง": "stuck", "เสีย": "failed",
    # work
    "ทำความสะอาด": "cleaning", "ล้าง": "clean", "แปรง": "brush", "ซ่อม": "repair", "เปลี่ยน": "replace", "ตรวจสอบ": "check",
    "ตรวจ": "check", "บำรุงรักษา": "maintenance", "ทุกกี่เดือน": "interval months", "กี่เดือน": "interval months",
    "บ่อยแค่ไหน": "interval", "สอบเทียบ": "calibration", "ขั้นตอน": "procedure steps", "วิธี": "procedure",
    "ตั้งค่า": "setpoint", "สัญญาณเตือน": "alarm", "อลาร์ม": "alarm", "แจ้งเตือน": "alarm", "คู่มือ": "manual",
    "ตารางเวลา": "schedule", "เวลาทำงาน": "occupied hours schedule", "โอเวอร์ไรด์": "override", "สั่งมือ": "manual override hand",
    "เคมี": "chemical", "น้ำยา": "refrigerant", "บำบัดน้ำ": "water treatment", "ลีจิโอเนลลา": "legionella", "เปิด": "open on", "ปิด": "shut off",
}  # fmt: skip

ABBREVIATIONS: dict[str, str] = {
    "chws": "chilled water supply temperature", "chwst": "chilled water supply temperature",
    "chwr": "chilled water return temperature", "chw": "chilled water", "cws": "condenser water supply",
    "cwst": "condenser water supply temperature", "cwr": "condenser water return", "cw": "condenser water",
    "sat": "supply air temperature", "dat": "discharge air temperature", "rat": "return air temperature",
    "oat": "outside air temperature", "mat": "mixed air temperature", "oa": "outdoor air", "ra": "return air",
    "dsp": "duct static pressure", "dp": "differential pressure", "delta-t": "temperature difference",
    "dt": "delta-T temperature difference", "vsd": "variable speed drive", "vfd": "variable speed drive",
    "pm": "preventive maintenance", "sp": "setpoint", "iaq": "indoor air quality", "tou": "time of use tariff",
    "kpi": "indicator target", "batt": "battery", "temp": "temperature", "maint": "maintenance", "ct": "cooling tower",
    "approch": "approach", "strainr": "strainer", "chillr": "chiller", "calibr": "calibration",
}  # fmt: skip

_LONGEST_FIRST = sorted(THAI_WORDS, key=len, reverse=True)
_LATIN = re.compile(r"[A-Za-z][A-Za-z-]*")


def in_english(question: str) -> str:
    """The question's English words, with Thai words it knows translated; "" when nothing remains.

    >>> in_english("ล้างคอยล์ DOAS-1 ทุกกี่เดือน")
    'DOAS-1 interval months coil clean'
    """
    rest = question
    found: list[str] = []
    for word in _LONGEST_FIRST:
        if word in rest:
            found.append(THAI_WORDS[word])
            rest = rest.replace(word, " ")
    latin = "".join(" " if THAI.match(mark) else mark for mark in rest)
    return " ".join([*latin.split(), *found])


def spelled_out(question: str) -> str:
    """The long forms of the trade abbreviations in a question, "" when there are none.

    >>> spelled_out("CHWS sp?")
    'chilled water supply temperature setpoint'
    """
    words = (word.lower() for word in _LATIN.findall(question))
    return " ".join(dict.fromkeys(ABBREVIATIONS[word] for word in words if word in ABBREVIATIONS))
