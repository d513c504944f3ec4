"""Nouns of the trade that the tables of measures and kinds do not read: what a question about one is really about.

Without these rows "gas usage" would be read as "usage" and answered with electricity. A row says what the
model would call it, what comes near it (words for `vocab`), its name in answers, and how people say it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Noun:
    """`word` is what the model would have if it had such a thing, in Haystack's tags; `like` what comes near.

    `says` is its name in English and Thai.
    """

    word: str
    like: str
    says: tuple[str, str]
    pattern: re.Pattern[str]
    equip: bool
    """A thing of its own: a question about one is about nothing else that is named."""


_USE = r"(?:usage|use|used|consum\w+|bills?|costs?|meters?|metering|readings?|demand|supply|flow|units)"
_ROWS = r"""
things
boiler | chiller | boiler, หม้อไอน้ำ | (?:steam |hot water )?boilers?(?! room)
heat pump | chiller pump | heat pump, ฮีตปั๊ม | heat[ -]?pumps?
generator | meter | generator, เครื่องกำเนิดไฟฟ้า | generators?|gensets?|diesel engines?
solar panel | meter | solar panels, แผงโซลาร์เซลล์ | solar(?: panels?| pv| production| power| energy| array| inverter)*|photovoltaics?|pv (?:system|panels?|array)
heat exchanger | chiller | heat exchanger, เครื่องแลกเปลี่ยนความร้อน | heat[ -]?exchangers?|plate exchangers?|phe
compressed air | ahu | air compressor, ปั๊มลม | air[ -]?compressors?|compressed air
transformer | meter | transformer, หม้อแปลง | transformers?
ups | meter | UPS, เครื่องสำรองไฟ | ups(?: battery| load| room)?
elevator | - | lift, ลิฟต์ | lifts?(?! water| the)|elevators?|escalators?
fire pump | pump | fire pump, ปั๊มดับเพลิง | fire pumps?|jockey pumps?
kitchen hood | ahu fan | kitchen hood, ฮูดครัว | kitchen (?:hoods?|exhaust)
exhaust fan | ahu fan | exhaust fan, พัดลมดูดอากาศ | exhaust fans?|extract fans?
parking fan | ahu fan | car park fan, พัดลมลานจอดรถ | (?:car ?park|parking|garage) fans?|jet fans?
cold room | room | cold room, ห้องเย็น | cold[ -]?rooms?(?: temp)?|walk-?in (?:freezer|chiller)s?
pool | - | swimming pool, สระว่ายน้ำ | pool (?:water )?(?:temp|pumps?|heater|ph|chlorine)
ice | chiller | ice storage, ถังน้ำแข็ง | ice (?:storage|tanks?|bank)|thermal storage|storage tanks?
water heater | chiller | water heater, เครื่องทำน้ำร้อน | water heaters?|calorifiers?
humidifier | humidity | humidifier, เครื่องเพิ่มความชื้น | (?:de)?humidifiers?
heat wheel | doas | heat recovery wheel, ล้อแลกเปลี่ยนความร้อน | heat wheels?|enthalpy wheels?|heat recovery(?: wheels?| units?)?|energy recovery \w+
lighting | meter | lighting, ไฟแสงสว่าง | lighting(?: (?:energy|power|load|USE|circuits?|panels?|schedule))*|lights (?:on|off|status|energy)|light status
evse | meter | EV charger, เครื่องชาร์จรถ | (?:ev|car|vehicle) charg\w+(?: stations?)?|charging stations?
television | - | television, โทรทัศน์ | tvs?|televisions?

quantities
gas | meter | gas, แก๊ส | (?:natural |town |cooking )?gas(?: USE)?|lpg|lng|propane
steam | meter | steam, ไอน้ำ | steam(?: USE| pressure| temp| load)?
domestic water | meter | water metering, มิเตอร์น้ำ | (?:domestic|city|tap|potable|fresh|cold|raw|mains|grey|waste) water(?: USE)?|(?<!chilled )(?<!condenser )(?<!hot )(?<!cooling )(?<!tower )(?<!make-up )(?<!make up )water (?:usage|use|used|consum\w+|bills?|costs?|meters?|metering|units)|how[ -]much water (?:did|do|does|have|has|was|were|is|are)(?: \w+){0,3} us(?:ed?|ing)
makeup water | condenser water | make-up water, น้ำเติม | make[- ]?up water(?: USE)?|bleed-?off(?: USE)?|blow-?down(?: USE)?
hot water | chilled water leaving temp | hot water, น้ำร้อน | hot water(?: temp| USE| pumps?| tank| loop| system)?
heating | cooling valve | heating, ระบบทำความร้อน | heating (?:coils?|valves?|water|elements?|output|load|system|power|demand|energy|mode)|(?:is|was) (?:the )?heating|(?:re|pre)-?heat(?:ers?|ing)?(?: coils?| valves?)?|hot deck|electric heaters?
diesel | meter | diesel, น้ำมันดีเซล | diesel(?: tank| fuel| oil)*(?: level| USE)?|fuel(?: oil| tank)*(?: level| USE)?
oil | refrigerant load | oil, น้ำมันหล่อลื่น | oil(?: level| pressure| temp| sump| filter| pump| differential)*
vibration | speed power load | vibration, ความสั่นสะเทือน | vibration(?: level| reading| sensors?)*
bearing | speed power load | bearing, ลูกปืน | bearings?(?: temp| vibration| sensors?)*
winding | power current | motor winding, ขดลวดมอเตอร์ | (?:motor )?windings?(?: temp)*|motor temp
suction | evaporator refrigerant | suction, ด้านดูด | suction(?: pressure| temp| line| superheat)*
superheat | refrigerant | superheat, ซูเปอร์ฮีต | superheat|sub-?cooling
glycol | chilled water temp | glycol, ไกลคอล | glycol(?: temp| USE| concentration)*|brine(?: temp| USE)*
dew point | humidity wetBulb | dew point, จุดน้ำค้าง | dew[ -]?points?(?: temp)?
enthalpy | humidity wetBulb | enthalpy, เอนทาลปี | enthalp\w+
pm25 | co2 | dust (PM2.5), ฝุ่น PM2.5 | pm ?(?:2\.5|10|2(?![\d:]))|particulates?|particles?|dust(?: level)?
voc | co2 | volatile compounds, สารระเหย | t?vocs?|formaldehyde|ozone|carbon monoxide|co level|nox|radon
illuminance | - | light level, ความสว่าง | lux(?: levels?)?|light(?:ing)? levels?|illumin\w+|brightness
noise | - | noise level, ระดับเสียง | noise levels?|decibels?|sound levels?
wind | weather outside | wind, ลมภายนอก | wind(?: speed| direction)*
precipitation | weather outside | rain, ฝน | rain(?:fall| gauge)*
solar radiation | weather outside | solar radiation, รังสีอาทิตย์ | solar (?:radiation|irradiance)|irradiance|uv index
harmonic | power factor current voltage | harmonics, ฮาร์มอนิก | harmonics?|thd|reactive power|kvar|kva|apparent power
conductivity | condenser water | water quality, คุณภาพน้ำ | conductivity|ph (?:level|value)|tds|chlorine(?: level)?|water hardness|turbidity
tank level | condenser water | tank level, ระดับน้ำในถัง | (?:tank|basin|sump|water) levels?
torque | speed power | torque, แรงบิด | torque
"""

_MEASURED = r"temp|pressure|flow|level|speed|power|valve|damper|humidity|current|voltage|load"
_BEFORE = re.compile(rf"\b([a-z]{{4,}}) ({_MEASURED})\b")


def _nouns() -> Iterator[Noun]:
    for block in _ROWS.strip().split("\n\n"):
        title, *rows = block.splitlines()
        for row in rows:
            word, like, says, pattern = (cell.strip() for cell in row.split(" | "))
            english, thai = says.split(", ")
            read = re.compile(rf"(?<![\w-])(?:{pattern.replace('USE', _USE)})(?![\w-])")
            yield Noun(word, like.strip("-"), (english, thai), read, title == "things")


NOUNS: tuple[Noun, ...] = tuple(_nouns())


def noun_in(text: str) -> Noun | None:
    """The noun that takes up most of a text in plain spelling."""
    hits = [
        (len(hit.group()), n) for n, noun in enumerate(NOUNS) if (hit := noun.pattern.search(text))
    ]
    return NOUNS[max(hits, key=lambda pair: (pair[0], -pair[1]))[1]] if hits else None


def stranger_in(text: str, is_read: Callable[[str], bool]) -> Noun | None:
    """A word that nothing here reads, right before what is measured: "gland temp" is not any temperature."""
    for hit in _BEFORE.finditer(text):
        if not is_read(hit[0]):
            return Noun(hit[0], hit[2], (hit[0], hit[0]), _BEFORE, equip=False)
    return None
