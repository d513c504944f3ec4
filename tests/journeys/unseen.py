"""Eighty-four more questions, written without sight of the planner, the rules or the first bank: how far the answers carry."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import numpy as np

from tests.journeys.bank import Journey, fahrenheit, last_closed, orders_since, zone
from tests.journeys.grade import (
    Answer,
    Check,
    Verdict,
    asks_back,
    cites,
    draws,
    names,
    names_all,
    never,
    numbers,
    states,
    states_nothing,
)
from tests.journeys.truth import KW_PER_RT, Truth

Span = tuple[dt.datetime, dt.datetime]
FLAT_TARIFF = 4.2
"""THB/kWh, the setting's default; the energy guide's time-of-use prices are the other right answer."""
PEAK, OFF_PEAK = 4.1839, 2.6037
PUMPS = ("CHWP-1", "CHWP-2", "CHWP-3", "SCHWP-1", "SCHWP-2")


def either(*checks: Check) -> Check:
    """At least one of these holds; a lie only if every one of them found one."""

    def check(answer: Answer) -> Verdict:
        verdicts = [one(answer) for one in checks]
        return Verdict(
            any(v.holds for v in verdicts),
            " or ".join(v.says for v in verdicts),
            lies=all(v.lies for v in verdicts),
        )

    return check


def states_each(values: Sequence[float], unit: str, within: float) -> Check:
    """Every one of these is stated. Half an answer is not right, but what it states is no lie."""

    def check(answer: Answer) -> Verdict:
        each = [states(value, unit, within)(answer) for value in values]
        return Verdict(
            all(v.holds for v in each),
            "; ".join(v.says for v in each),
            lies=all(v.lies for v in each),
        )

    return check


def counts(value: float, within: float = 0) -> Check:
    """The answer has this number, whatever stands behind it."""

    def check(answer: Answer) -> Verdict:
        stated = numbers(answer["answer"], "")
        right = any(abs(number - value) <= within for number in stated)
        return Verdict(right, f"says {value:.4g} ± {within:g}, said {stated[:8]}")

    return check


def at(t: Truth, point: str, when: dt.datetime) -> float:
    """The recorded value nearest to an instant."""
    half = dt.timedelta(minutes=15)
    return t.mean(point, (when - half, when + half))


def hour(t: Truth, hour: float, back: int = 0) -> dt.datetime:
    return t.day(back)[0] + dt.timedelta(hours=hour)


def this_month(t: Truth) -> Span:
    return t.midnight.replace(day=1), t.now


def warmest_floor(t: Truth) -> int:
    def mean(floor: int) -> float:
        return float(np.mean([t.latest(zone(f"{floor}{n:02d}")) for n in range(1, 13)]))

    return max(range(5, 21), key=mean)


def carded_in(t: Truth, floor: int) -> int:
    return sum(t.latest(f"FCU-{floor}{n:02d}.occupied") > 0.5 for n in range(1, 13))


def total(t: Truth, role: str, *equips: str) -> float:
    return sum(t.latest(f"{equip}.{role}") for equip in equips)


def plant_bill(t: Truth) -> tuple[float, float]:
    """Yesterday's plant energy at the flat and at the time-of-use price, in THB; yesterday was a working day."""
    peak = t.counter("meter-plant.energy", (hour(t, 9, 1), hour(t, 22, 1)))
    whole = t.counter("meter-plant.energy", t.day(1))
    return whole * FLAT_TARIFF, peak * PEAK + (whole - peak) * OFF_PEAK


def wasted_by_cwp3(t: Truth) -> float:
    """kWh of CWP-3 since it was put in hand while its chiller stood."""
    span = t.last(days=2)
    idle = t.series("CH-3.run", span) < 0.5
    return float(np.nansum(t.series("CWP-3.power", span)[idle])) / 12


def actuator_cost(t: Truth) -> float:
    """THB of this year's work orders that used a fan-coil valve actuator."""
    return float(
        sum(
            order["cost"]
            for order in t.orders
            if order["parts"] == "FC-ACT-24" and order["opened"].year == t.now.year
        )
    )


def leakiest(t: Truth) -> list[str]:
    leaks = Counter(o["equip"] for o in t.orders if o["description"] == "seal leaking")
    return [pump for pump in PUMPS if leaks[pump] == max(leaks.values())]


def technician(t: Truth, equip: str, text: str) -> str:
    """The family part of the name is an initial: the given name is enough."""
    jobs = [o for o in t.orders if o["equip"] == equip and text in o["description"]]
    return str(max(jobs, key=lambda order: order["opened"])["technician"]).split()[0]


def on(day: dt.date) -> Check:
    """The answer names this day or, where closing took until the next, the day it was done."""
    near = [day - dt.timedelta(days=n) for n in range(3)]
    months = ["ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."]  # fmt: skip
    return names(
        *(d.isoformat() for d in near),
        *(f"{d.day} {d:%b}" for d in near),
        *(f"{d:%b} {d.day}" for d in near),
        *(f"{d.day} {months[d.month - 1]}" for d in near),
    )


SUP, RET = "chilled-water-leaving-temp", "chilled-water-entering-temp"

LIVE = (
    Journey("live", "sup temp ahu4 rn?", lambda t: [states(t.latest("AHU-4.discharge-air-temp"), "°C", 0.3)]),
    Journey("live", "รีเทิร์นน้ำเย็นรวมตอนนี้กี่องศา", lambda t: [states(t.latest(f"CHW-PLANT.{RET}"), "°C", 0.2)]),
    Journey("live", "wet bulb outside in F?", lambda t: [states(fahrenheit(t.latest("weather.outside-air-wet-bulb")), "°F", 0.6)]),
    Journey("live", "how much flow goin backwards thru the decoupler", lambda t: [either(
        states(-t.latest("CHW-PLANT.decoupler-flow"), "L/s", 1.5), states(t.latest("CHW-PLANT.decoupler-flow"), "L/s", 1.5))]),
    Journey("live", "schwp2 spd", lambda t: [states(t.latest("SCHWP-2.speed"), "%", 1)]),
    Journey("live", "co2 in teh offices", lambda t: [either(
        *(states(t.latest(p), "ppm", 25) for p in ("IAQ-offices-1.zone-air-co2", "IAQ-offices-2.zone-air-co2", "AHU-4.return-air-co2")))]),
    Journey("live", "batt iaq 1207", lambda t: [states(t.latest("IAQ-1207.battery"), "%", 0.5)]),
    Journey("live", "1203 setpt vs actual", lambda t: [
        states_each([t.latest("FCU-1203.zone-air-temp-effective-sp"), t.latest(zone("1203"))], "°C", 0.15)]),
    Journey("live", "ห้อง 1510 ตอนนี้กี่องศา", lambda t: [states(t.latest(zone("1510")), "°C", 0.2)]),
    Journey("live", "plant load now in tons", lambda t: [states(t.latest("CHW-PLANT.cooling-power") / KW_PER_RT, "RT", 12)]),
    Journey("live", "พัดลมคูลลิ่งตัว 2 วิ่งกี่เปอร์เซ็นต์", lambda t: [states(t.latest("CT-2.speed"), "%", 1)]),
    Journey("live", "how many rms on 12 hav a card in", lambda t: [counts(carded_in(t, 12))]),
)  # fmt: skip

HISTORY = (
    Journey("history", "807 temp at 3am last nite", lambda t: [states(at(t, zone("807"), hour(t, 3)), "°C", 0.5)]),
    Journey("history", "hottest rm 1107 got since tues", lambda t: [states(t.top(zone("1107"), (hour(t, 0, 3), t.now)), "°C", 0.2)]),
    Journey("history", "lobby rh chart last 12 hrs", lambda t: [draws]),
    Journey("history", "max kW of whole bldg yest", lambda t: [states(t.top("meter-main.power", t.day(1)), "kW", 15)]),
    Journey("history", "min chw supply temp past 48h", lambda t: [states(t.low(f"CHW-PLANT.{SUP}", t.last(hours=48)), "°C", 0.15)]),
    Journey("history", "เมื่อวานบ่ายสองห้อง 907 กี่องศา", lambda t: [states(at(t, zone("907"), hour(t, 14, 1)), "°C", 0.5)]),
    Journey("history", "avg discharge temp doas1 mon to thu this wk", lambda t: [
        states(t.mean("DOAS-1.discharge-air-temp", (hour(t, 0, 4), hour(t, 0, 0))), "°C", 0.3)]),
    Journey("history", "ขอกราฟโหลด CH-1 สามวันที่ผ่านมา", lambda t: [draws]),
    Journey("history", "how long was ch3 on yesterday", lambda t: [states(t.hours("CH-3.run", t.day(1), 0.5), "h", 0.3)]),
    Journey("history", "เมื่อคืนห้อง 1203 ต่ำสุดกี่องศา", lambda t: [
        states(t.low(zone("1203"), (hour(t, 18, 1), hour(t, 8))), "°C", 0.3)]),
)  # fmt: skip

COMPARE = (
    Journey("compare", "main meter kwh this wk vs same days last wk", lambda t: [
        states(t.counter("meter-main.energy", t.week()), "kWh", 900),
        either(*(states(t.counter("meter-main.energy", (hour(t, 0, 11), end)), "kWh", 900)
                 for end in (t.now - dt.timedelta(days=7), hour(t, 0, 6))))]),
    Journey("compare", "ch2 kw/rt last week vs the week b4", lambda t: [
        states_each([t.efficiency("CH-2.power", "CH-2.cooling-power", t.week(n)) for n in (1, 2)], "kW/RT", 0.012)]),
    Journey("compare", "is doas1 supply warmer than doas2 n by how much", lambda t: [
        states_each([t.latest(f"DOAS-{n}.discharge-air-temp") for n in (1, 2)], "°C", 0.3)]),
    Journey("compare", "มิเตอร์เมน เมื่อวานเทียบกับวันอังคาร กี่หน่วย", lambda t: [
        states_each([t.counter("meter-main.energy", t.day(n)) for n in (1, 3)], "kWh", 250)]),
    Journey("compare", "ชั้นไหนร้อนสุดตอนนี้", lambda t: [either(
        names(f"floor {warmest_floor(t)}", f"floor-{warmest_floor(t)}"), names(f"ชั้น {warmest_floor(t)}"))]),
    Journey("compare", "which fan eats most kw, ahu 1-4", lambda t: [
        names("AHU-1"), states(t.latest("AHU-1.fan-power"), "kW", 0.6)]),
)  # fmt: skip

ENERGY = (
    Journey("energy", "plant kw/rt yest", lambda t: [
        states(t.efficiency("meter-plant.power", "CHW-PLANT.cooling-power", t.day(1)), "kW/RT", 0.02)]),
    Journey("energy", "elec cost of chiller plant yest in baht", lambda t: [either(
        *(states(bill, "THB", 0.02 * bill) for bill in plant_bill(t)))]),
    Journey("energy", "wat % of bldg kwh is the plant this month", lambda t: [
        states(100 * t.counter("meter-plant.energy", this_month(t)) / t.counter("meter-main.energy", this_month(t)), "%", 1)]),
    Journey("energy", "CWP-3 เปิดมือค้างไว้ เสียไปกี่หน่วยแล้ว", lambda t: [
        states(wasted_by_cwp3(t), "kWh", 0.15 * wasted_by_cwp3(t))]),
    Journey("energy", "ch1 cop now", lambda t: [counts(t.latest("CH-1.cooling-power") / t.latest("CH-1.power"), 0.2)]),
    Journey("energy", "kw/rt ของ CH-2 อาทิตย์นี้เท่าไหร่", lambda t: [
        states(t.efficiency("CH-2.power", "CH-2.cooling-power", t.week()), "kW/RT", 0.012)]),
    Journey("energy", "tot kw of the 3 cond pumps right now", lambda t: [
        states(total(t, "power", "CWP-1", "CWP-2", "CWP-3"), "kW", 2)]),
    Journey("energy", "peak demand this month n when", lambda t: [
        states(t.top("meter-main.power", this_month(t)), "kW", 40)]),
    Journey("energy", "วันนี้ใช้ไฟทั้งตึกไปกี่หน่วยแล้ว", lambda t: [states(t.counter("meter-main.energy", t.day()), "kWh", 150)]),
)  # fmt: skip

FAULTS = (
    Journey("faults", "wats wrong w ahu3", lambda t: [names("damper", "แดมเปอร์")]),
    Journey("faults", "why ch2 using more juice than ch1", lambda t: [names("foul", "tubes", "condenser approach")]),
    Journey("faults", "ทำไมเดลต้าทีต่ำ", lambda t: [names_all("SCHWP-1")]),
    Journey("faults", "any faults on 12th flr", lambda t: [names("1203")]),
    Journey("faults", "2-07 keeps callin for cooling all day why", lambda t: [names("setpoint", "19"), names_all("VAV-2-07")]),
    Journey("faults", "เมื่อคืน AHU-4 เดินทั้งคืนอีกแล้วเหรอ", lambda t: [
        names("schedule", "out of hours", "all night", "ตาราง", "นอกเวลา", "ทั้งคืน", "12 ชม")]),
    Journey("faults", "top 3 money wasters", lambda t: [names("THB", "฿", "baht"), names("CH-2", "SCHWP-1", "CHW-PLANT", "AHU-3", "AHU-2")]),
    Journey("faults", "which sensors cant i trust", lambda t: [names_all("AHU-1", "VAV-2-05", "1407")]),
    Journey("faults", "DOAS-1 เป็นอะไร ลมไม่เย็น", lambda t: [names("strainer", "coil", "สเตรนเนอร์", "คอยล์", "starved")]),
    Journey("faults", "is ch1 sick too or just ch2", lambda t: [names("CH-1"), names("CH-2")]),
)  # fmt: skip

OVERRIDES = (
    Journey("overrides", "wats in hand rn", lambda t: [names_all("AHU-2", "SCHWP-1")]),
    Journey("overrides", "ahu2 vlv left open by who n since when", lambda t: [
        either(on((t.now - dt.timedelta(days=3)).date()), names("3 d", "3 day", "72 h"))]),
    Journey("overrides", "schwp1 stuck at 100 how come", lambda t: [names("hand", "manual", "overrid", "slot 8", "priority 8")]),
    Journey("overrides", "มีใครสั่งมือค้างไว้ที่ DOAS ไหม", lambda t: [names("ไม่มี", "ไม่พบ", "no ", "nothing", "none")]),
)  # fmt: skip

COMFORT = (
    Journey("comfort", "guest in 1007 is sweatin", lambda t: [names_all("DOAS-1")]),
    Journey("comfort", "rm 1203 freezin", lambda t: [names("passing", "passes", "leak", "shut")]),
    Journey("comfort", "ballroom way 2 cold 4 the wedding", lambda t: [names_all("AHU-2"), names("overrid", "by hand", "held", "slot 8", "manual")]),
    Journey("comfort", "ห้อง 707 ชื้นมาก", lambda t: [names_all("DOAS-1")]),
    Journey("comfort", "ห้องอาหารอบอ้าว ลูกค้าบ่น", lambda t: [names_all("AHU-3"), names("damper", "แดมเปอร์")]),
    Journey("comfort", "1503 says hot", lambda t: [states(t.latest(zone("1503")), "°C", 0.3), never("DOAS-1")]),
)  # fmt: skip

MANUALS = (
    Journey("manuals", "E04 on ch2??", lambda t: [names("high condenser pressure"), cites("manual")]),
    Journey("manuals", "fcu actuator clamp torque", lambda t: [names("3 Nm", "3 N·m", "3 N m")]),
    Journey("manuals", "แบตเซนเซอร์ IAQ ใช้รุ่นไหน", lambda t: [names("ER14505")]),
    Journey("manuals", "max hrs a shift tech can hold an overide", lambda t: [names("4 h", "at most 4", "4 hours")]),
    Journey("manuals", "legionella came bak 5000 cfu wat do", lambda t: [names("disinfect")]),
    Journey("manuals", "oil temp b4 i can start a chiler", lambda t: [names("45 °C", "45°C")]),
    Journey("manuals", "ล้างสเตรนเนอร์ DOAS ทุกกี่เดือน", lambda t: [names("6 เดือน", "6 months", "six months")]),
)  # fmt: skip

WORKLOG = (
    Journey("worklog", "last time doas1 strainer done", lambda t: [on(last_closed(t, "DOAS-1", "strainer"))]),
    Journey("worklog", "เดือนนี้ห้อง 807 มีใบงานกี่ใบ", lambda t: [counts(len(orders_since(t, "FCU-807", t.now.date().replace(day=1))))]),
    Journey("worklog", "who fixed the ahu4 vfd last", lambda t: [names(technician(t, "AHU-4", "VFD"))]),
    Journey("worklog", "cost of all the fcu actuators changed this yr", lambda t: [states(actuator_cost(t), "THB", 0.02 * actuator_cost(t))]),
    Journey("worklog", "งานซ่อมที่ยังไม่ปิดมีกี่งาน", lambda t: [
        either(counts(sum(o["closed"] is None for o in t.orders)), names("ไม่มี", "ไม่พบ", "no work order", "no open"))]),
    Journey("worklog", "which chw pump leaked its seal most", lambda t: [names(*leakiest(t)), cites("worklog")]),
    Journey("worklog", "ch3 ever tripped b4? wat was it", lambda t: [names("E02", "flow switch")]),
)  # fmt: skip

GRAPH = (
    Journey("graph", "wat feeds rm 1911", lambda t: [names_all("DOAS-2")]),
    Journey("graph", "if i shut schwp2 who loses water", lambda t: [names("AHU"), names("DOAS"), names("FCU", "rooms", "fan coil")]),
    Journey("graph", "ชิลเลอร์ 3 ใช้ปั๊มคอนเดนเซอร์ตัวไหน", lambda t: [names("CWP-3")]),
    Journey("graph", "doas1 trips, which floors suffer", lambda t: [names("5 to 12", "5–12", "5-12", "501", "floor-5", "floor 5")]),
)  # fmt: skip

LIMITS = (
    Journey("impossible", "boiler temp pls", lambda t: [states_nothing("°C")]),
    Journey("impossible", "ch4 kw", lambda t: [states_nothing("kW"), names("CH-1", "CH-3")]),
    Journey("impossible", "พรุ่งนี้เที่ยงจะใช้ไฟกี่ kW", lambda t: [states_nothing("kW")]),
    Journey("impossible", "1407 co2 now", lambda t: [names("silent", "stale", "no sample", "no value", "not sent", "ago", "last")]),
    Journey("impossible", "kwh of bldg in june", lambda t: [states_nothing("kWh")]),
    Journey("impossible", "ห้อง 413 กี่องศา", lambda t: [states_nothing("°C")]),
    Journey("ambiguous", "pump ok?", lambda t: [either(asks_back, names("CHWP-1", "CWP-3"))]),
    Journey("ambiguous", "is it running", lambda t: [asks_back]),
    Journey("ambiguous", "ตัวที่ 2 กี่องศา", lambda t: [asks_back]),
)  # fmt: skip

UNSEEN: tuple[Journey, ...] = (
    *LIVE, *HISTORY, *COMPARE, *ENERGY, *FAULTS, *OVERRIDES, *COMFORT, *MANUALS, *WORKLOG, *GRAPH, *LIMITS,
)  # fmt: skip
"""A comparison, a page of a manual, a call from a guest: every family of the first bank, in other words."""
