"""What engineers ask and in which words: one family per kind of question, its plain form and how it is really said.

The plain form is never trained on; it is what the playbook reads without fail, and its plan is the right answer to all the
others. {s} is a thing, {q} a quantity of it, {w} a time, {n} a limit, {k} a kind in plural, {f} a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MEASURED: Final = (
    "chiller chiller ahu ahu doas vav room room room fcu chilled-water-plant cooling-tower secondary-pump primary-pump "
    "condenser-water-pump elec-meter weather space iaq-sensor"
)
PLANT: Final = (
    "chiller ahu doas cooling-tower secondary-pump primary-pump condenser-water-pump vav fcu"
)
DRIVEN: Final = "chiller cooling-tower secondary-pump primary-pump condenser-water-pump ahu doas"
RANKED: Final = "chiller ahu cooling-tower vav doas secondary-pump"


@dataclass(frozen=True)
class Family:
    """`about`: kinds of things it is asked of. `intent`: what the plain form must be read as. `weight`: how often."""

    name: str
    intent: str
    plain: str
    english: tuple[str, ...]
    thai: tuple[str, ...] = ()
    about: str = ""
    weight: float = 1.0


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


FAMILIES: Final[tuple[Family, ...]] = (
    Family("live", "live_value", "what is the {q} of {s} now", _lines("""
        {q} {s} please
        give me {s} {q}
        what does {s} show for {q}
        current {q} at {s}?
        {s} - {q}?
        I need the {q} reading of {s}
        can you read {q} on {s} for me
        tell me the {q} of {s} at the moment
        {q} for {s} as of now
        how much is the {q} on {s}
        {s} {q} right this minute
        check {q}, {s}
        present {q} of {s}
        what {q} have we on {s}
        {s}, what is its {q}?
        could I have {s}'s {q}
        """), _lines("""
        {s} {q} เท่าไหร่
        {q} ของ {s} ตอนนี้เท่าไร
        ขอค่า {q} {s} หน่อย
        เช็ค {q} ที่ {s}
        {q} {s} ขณะนี้
        """), MEASURED, 3.0),
    Family("state", "live_value", "is {s} running", _lines("""
        {s} running right now?
        is {s} on or off
        is {s} currently in operation
        has {s} been switched on? run status
        {s} run status?
        does {s} run at the moment
        {s} on?
        tell me if {s} is running
        """), _lines("""
        {s} เดินอยู่ไหม
        {s} เปิดอยู่หรือปิด
        """), DRIVEN, 0.8),
    Family("status", "live_value", "status of {s}", _lines("""
        what state is {s} in, status
        {s} overview
        how is {s} doing
        quick summary of how {s} is doing now
        give me the state of {s}
        {s} at a glance
        show me {s}
        how are things with {s}, status?
        """), _lines("""
        สถานะ {s}
        ภาพรวม {s}
        """), "chiller ahu doas cooling-tower room chilled-water-plant vav floor", 0.8),
    Family("trend", "history_trend", "plot {q} of {s} {w}", _lines("""
        show the {q} trend of {s} {w}
        graph {s} {q} {w}
        draw me {q} on {s} {w}
        trend of {q}, {s}, {w}
        {s} {q} history {w}
        I want a chart of {q} for {s} {w}
        how has {q} of {s} moved {w}, chart it
        can I see {s}'s {q} curve {w}
        {q} {s} {w} as a graph
        put {q} of {s} {w} on a chart
        timeline of {s} {q} {w}
        show how {q} went on {s} {w}, trend
        """), _lines("""
        กราฟ {q} ของ {s} {w}
        แนวโน้ม {q} {s} {w}
        ขอดูกราฟ {s} {q} {w}
        """), MEASURED, 2.0),
    Family("mean", "aggregate", "average {q} of {s} {w}", _lines("""
        mean {q} for {s} {w}
        {s} average {q} {w}
        {w} what was the average {q} of {s}
        what did {q} of {s} average {w}
        avg {q}, {s}, {w}
        typical {q} at {s} {w}, average
        on average, {q} at {s} {w}?
        give the mean {q} on {s} {w}
        """), _lines("""
        {q} เฉลี่ยของ {s} {w}
        {s} {q} เฉลี่ย {w}
        """), MEASURED, 1.5),
    Family("max", "aggregate", "maximum {q} of {s} {w}", _lines("""
        highest {q} of {s} {w}
        peak {q}, {s}, {w}
        {w} what was the highest {q} on {s}
        max of {s} {q} {w}
        how high did {q} get on {s} {w}, max
        the top {q} {s} reached {w}, maximum
        {s}: highest {q} {w}
        what is the peak {q} recorded at {s} {w}
        """), _lines("""
        {q} สูงสุดของ {s} {w}
        {s} {q} สูงสุด {w}
        """), MEASURED, 1.5),
    Family("min", "aggregate", "minimum {q} of {s} {w}", _lines("""
        lowest {q} of {s} {w}
        {w} what was the lowest {q} on {s}
        min {q}, {s}, {w}
        how low did {q} go on {s} {w}, minimum
        smallest {q} seen at {s} {w}, min
        {s}: minimum {q} {w}
        bottom {q} of {s} {w}, lowest
        the least {q} at {s} {w}
        """), _lines("""
        {q} ต่ำสุดของ {s} {w}
        {s} {q} ต่ำสุด {w}
        """), MEASURED, 1.2),
    Family("beyond", "aggregate", "how long was {q} of {s} above {n} {w}", _lines("""
        hours {s} {q} spent over {n} {w}
        for how many hours was {s} {q} above {n} {w}
        how much time did {q} of {s} stay above {n} {w}
        {w}, how long {s} {q} over {n}
        time with {q} at {s} above {n} {w}, how long
        duration of {q} above {n} at {s} {w}
        how long has {q} on {s} been over {n} {w}
        total time {s} {q} exceeded {n} {w}, how long above {n}
        """), _lines("""
        {s} {q} เกิน {n} กี่ชั่วโมง {w}
        {q} {s} สูงกว่า {n} นานกี่ชั่วโมง {w}
        """), "room room room vav ahu doas chiller space", 1.2),
    Family("under", "aggregate", "how long was {q} of {s} below {n} {w}", _lines("""
        hours {s} {q} spent under {n} {w}
        for how many hours was {s} {q} below {n} {w}
        how much time did {q} of {s} stay below {n} {w}
        {w}, how long {s} {q} under {n}
        duration of {q} below {n} at {s} {w}
        how long has {q} on {s} been under {n} {w}
        time {s} {q} was less than {n} {w}, how long
        how long below {n}: {q} of {s}, {w}
        """), (), "room room vav ahu doas chiller space", 0.8),
    Family("runtime", "aggregate", "how many hours did {s} run {w}", _lines("""
        run hours of {s} {w}
        {s} runtime {w}
        operating hours, {s}, {w}
        how long has {s} been running {w}
        {w} how many hours was {s} running
        total run time for {s} {w}
        hours of operation of {s} {w}
        runtime {s} {w}?
        """), _lines("""
        {s} เดินกี่ชั่วโมง {w}
        {s} ทำงานกี่ชั่วโมง {w}
        """), DRIVEN, 1.2),
    Family("starts", "aggregate", "how many times did {s} start {w}", _lines("""
        number of starts of {s} {w}
        {s} starts {w}
        how often did {s} start {w}
        {w} how many starts had {s}
        start count {s} {w}
        how many times has {s} been started {w}, starts
        is {s} short cycling? starts {w}
        starts per period, {s}, {w}
        """), (), "chiller secondary-pump primary-pump condenser-water-pump cooling-tower", 0.7),
    Family("periods", "compare_periods", "compare {q} of {s} {pair}", _lines("""
        {s} {q} {pair}
        {q} of {s}, {pair}
        how does {q} of {s} compare {pair}
        {q} on {s}: {pair}
        what is the difference in {q} of {s} {pair}
        {s} {q}, please compare {pair}
        comparison of {s} {q} {pair}
        {pair}: {q} of {s}
        """), _lines("""
        {q} ของ {s} {pair}
        ขอเทียบ {q} ที่ {s} {pair}
        """), MEASURED, 1.2),
    Family("two", "live_value", "{q} of {s} and {s2}", _lines("""
        {q}: {s} and {s2}
        {s} and {s2} {q} please
        {q} on {s} and on {s2}
        what are the {q} readings of {s} and {s2}
        give me {q} of both {s} and {s2}
        read {q} for {s} and {s2}
        show {q} for {s} and {s2} now
        {s}, {s2}: {q}?
        """), (), "chiller ahu room room vav doas cooling-tower secondary-pump", 0.8),
    Family("energy", "energy_efficiency", "energy used by {s} {w}", _lines("""
        kWh of {s} {w}
        {s} energy consumption {w}
        how much electricity did {s} use {w}
        {w} consumption of {s} in kWh
        electricity used by {s} {w}
        how many kWh did {s} consume {w}
        {s} kWh {w}
        energy use, {s}, {w}
        """), _lines("""
        {s} ใช้ไฟกี่หน่วย {w}
        {s} ใช้พลังงานไฟฟ้าเท่าไหร่ {w}
        """), "chiller chilled-water-plant elec-meter ahu secondary-pump cooling-tower", 1.5),
    Family("cost", "energy_efficiency", "electricity cost of {s} {w}", _lines("""
        what did {s} cost us in electricity {w}
        power bill of {s} {w}
        {s} electricity cost {w}
        how much money went into running {s} {w}
        cost of running {s} {w}
        {w} how much money went on {s}
        baht spent on {s} electricity {w}
        energy cost, {s}, {w}
        """), _lines("""
        ค่าไฟ {s} {w}
        ค่าไฟของ {s} เท่าไหร่ {w}
        """), "chiller chilled-water-plant elec-meter ahu", 1.0),
    Family("efficiency", "energy_efficiency", "efficiency of {s} {w}", _lines("""
        kW/RT figure achieved by {s} {w}
        how efficient was {s} {w}
        kW per ton for {s} {w}
        specific power of {s} {w}
        {w} efficiency of {s}
        {s} efficiency {w}
        what kW/RT did {s} run at {w}
        how well is {s} performing {w}, kW/RT
        """), _lines("""
        ประสิทธิภาพ {s} {w}
        ค่า kW/RT ที่ {s} ทำได้ {w}
        """), "chiller chilled-water-plant", 1.5),
    Family("highest", "aggregate", "which {one} has the highest {q}", _lines("""
        rank the {k} by {q}, highest first
        {one} with the highest {q}
        which {one} shows the highest {q}
        top {q} among the {k}, which one
        which of the {k} has the highest {q} now
        of all {k}, which has the highest {q}
        find the {one} with the highest {q}
        highest {q} of all {k}
        """), (), RANKED, 1.0),
    Family("lowest", "aggregate", "which {one} has the lowest {q}", _lines("""
        rank the {k} by {q}, lowest first
        {one} with the lowest {q}
        which {one} shows the lowest {q}
        which of the {k} has the lowest {q} now
        of all {k}, which has the lowest {q}
        find the {one} with the lowest {q}
        lowest {q} of all {k}
        which {one} reads the lowest {q}
        """), (), RANKED, 0.8),
    Family("efficient", "energy_efficiency", "which chiller is most efficient {w}", _lines("""
        best chiller by kW/RT {w}
        which chiller had the best efficiency {w}
        most efficient chiller {w}
        {w} which of the chillers has the best kW/RT
        rank chillers, best efficiency {w}
        which machine of the chillers is most efficient {w}
        the best kW/RT among chillers {w}
        name the most efficient chiller {w}
        """), (), "", 0.4),
    Family("inefficient", "energy_efficiency", "which chiller is least efficient {w}", _lines("""
        worst chiller by kW/RT {w}
        which chiller had the worst efficiency {w}
        least efficient of the chillers {w}
        {w} which of the chillers has the worst kW/RT
        which chiller is the most inefficient {w}
        the worst kW/RT among chillers {w}
        name the least efficient chiller {w}
        rank chillers, worst efficiency {w}
        """), (), "", 0.4),
    Family("hottest", "aggregate", "which room is the hottest on {f}", _lines("""
        hottest room on {f}?
        warmest room of {f}
        which room on {f} has the highest temperature
        {f}: which room is warmest
        name the warmest room on {f}
        where is it hottest on {f}, which room
        room with the highest temperature on {f}
        rank rooms on {f} by temperature, hottest first
        """), _lines("""
        ห้องไหนร้อนที่สุดบน {f}
        """), "floor", 0.7),
    Family("coldest", "aggregate", "which room is the coldest on {f}", _lines("""
        coldest room on {f}?
        which room on {f} has the lowest temperature
        {f}: which room is coolest
        name the coldest room on {f}
        room with the lowest temperature on {f}
        rank rooms on {f} by temperature, coldest first
        which is the coldest of the rooms on {f}
        coolest room of {f}
        """), (), "floor", 0.6),
    Family("humid", "aggregate", "which room is the most humid on {f}", _lines("""
        highest humidity room on {f}
        room with the highest humidity on {f}
        which room of {f} has the highest RH
        dampest room on {f}, highest humidity
        {f}: which room has the highest humidity
        rank rooms on {f} by humidity, highest first
        which room on {f} is most humid
        name the room on {f} with the highest humidity
        """), (), "floor", 0.5),
    Family("anywhere", "aggregate", "which room is the hottest", _lines("""
        warmest room in the house?
        which guest room is the warmest right now
        room with the highest temperature at the moment
        name our warmest room
        the hottest of all rooms?
        where is the hottest room now
        rank rooms by temperature, hottest first
        hottest guest room at present
        """), (), "", 0.4),
    Family("hot-rooms", "aggregate", "which rooms on {f} are above {n} degrees", _lines("""
        rooms over {n} degrees on {f}
        list rooms on {f} above {n} °C
        any rooms on {f} warmer than {n} degrees, which
        {f}: which rooms are over {n} °C
        show rooms above {n} degrees on {f}
        who is above {n} °C on {f}, which rooms
        which rooms on {f} exceed {n} degrees
        rooms on {f} with temperature above {n}
        """), (), "floor", 0.8),
    Family("count-rooms", "aggregate", "how many rooms on {f} are above {n} degrees", _lines("""
        number of rooms over {n} degrees on {f}
        count rooms on {f} above {n} °C
        how many rooms are warmer than {n} degrees on {f}
        {f}: how many rooms over {n} °C
        how many rooms above {n} degrees do we have on {f}
        count of rooms on {f} with temperature above {n}
        on {f}, how many rooms exceed {n} degrees
        how many rooms on {f} are over {n}
        """), (), "floor", 0.6),
    Family("open-faults", "faults_open", "open faults", _lines("""
        what faults do we have at present
        list all open faults
        which alarms are active
        are there problems I should know about
        show active faults
        what is broken today
        list current issues
        fault list please
        what needs fixing
        give me the open alarms
        any issues in the building?
        anything broken?
        """), _lines("""
        มีปัญหาอะไรบ้าง
        มีฟอลต์อะไรค้างอยู่
        """), "", 0.8),
    Family("faults-on", "faults_open", "faults on {s}", _lines("""
        open faults at {s}
        list faults of {s}
        alarms on {s}?
        are there issues on {s}
        any problems at {s}
        which faults are active on {s}
        show me faults for {s}
        {s} faults
        {s}: any active alarms
        fault list {s}
        """), _lines("""
        {s} มีปัญหาอะไรไหม
        มีฟอลต์ที่ {s} ไหม
        """), "chiller ahu doas cooling-tower vav floor secondary-pump chilled-water-plant", 1.2),
    Family("faults-when", "faults_open", "faults {w}", _lines("""
        which faults did we have {w}
        list faults {w}
        alarms {w}
        what issues came up {w}
        fault summary, faults {w}
        {w}: which faults
        problems {w}
        show faults {w}
        """), (), "", 0.6),
    Family("faults-cost", "faults_open", "which faults cost the most money", _lines("""
        what faults are costing us the most
        rank faults by cost
        the most expensive faults
        which problems waste the most money
        faults by money lost
        biggest money losing faults
        what issue costs most
        open faults, most expensive first
        """), (), "", 0.5),
    Family("why", "fault_cause", "what is wrong with {s}", _lines("""
        what is the trouble with {s}
        {s} is acting up, what is the cause
        diagnose {s}
        something is off with {s}, why
        find the cause of the problem at {s}
        root cause for {s}?
        {s} misbehaving, reason?
        what is causing trouble at {s}
        troubleshoot {s}
        why is {s} not right
        investigate {s} for me
        tell me why {s} has a problem
        """), _lines("""
        {s} เป็นอะไร
        {s} มีปัญหาเพราะอะไร
        """), "chiller ahu doas cooling-tower vav secondary-pump condenser-water-pump fcu chilled-water-plant", 2.0),
    Family("why-high", "fault_cause", "why is the {q} of {s} so high", _lines("""
        {q} on {s} is too high, why
        what makes {q} of {s} so high
        why does {s} have such a high {q}
        reason for the high {q} at {s}
        {s}: why the high {q}
        how come {q} on {s} is so high
        what is causing high {q} at {s}
        cause of the high {q}, {s}
        """), (), "chiller ahu doas cooling-tower secondary-pump chilled-water-plant", 1.2),
    Family("why-low", "fault_cause", "why is the {q} of {s} so low", _lines("""
        {q} on {s} is too low, why
        what makes {q} of {s} so low
        why does {s} have such a low {q}
        reason for the low {q} at {s}
        {s}: why the low {q}
        how come {q} on {s} is so low
        what is causing low {q} at {s}
        cause of the low {q}, {s}
        """), (), "chiller ahu doas cooling-tower secondary-pump chilled-water-plant", 0.9),
    Family("overrides", "override_status", "what is overridden", _lines("""
        list all overrides
        which points are in manual
        show everything forced by hand
        are any points overridden at present
        points not in auto
        what did somebody leave in manual
        manual overrides, all of them
        anything forced?
        """), _lines("""
        มีอะไรสั่งมือค้างบ้าง
        จุดไหนอยู่ในโหมดแมนนวล
        """), "", 0.6),
    Family("overrides-on", "override_status", "overrides on {s}", _lines("""
        is {s} in hand
        is something forced on {s}
        {s} in manual?
        which points of {s} are overridden
        any manual overrides at {s}
        is {s} in auto or manual
        show overrides of {s}
        check {s} for forced points
        """), _lines("""
        {s} ถูกสั่งมืออยู่ไหม
        """), "chiller ahu doas cooling-tower vav secondary-pump condenser-water-pump floor", 1.0),
    Family("hot", "comfort_complaint", "{s} is too hot", _lines("""
        it is too warm in {s}
        people in {s} say it is hot
        {s} is like an oven
        guest of {s} complains of heat, too hot
        {s} not cooling
        {s} too warm, please check
        {s} feels hot, what is the matter
        complaint: {s} is hot
        why is it so warm in {s}
        no cooling in {s}
        """), _lines("""
        {s} ร้อนมาก
        {s} ไม่เย็นเลย
        ลูกค้า {s} บ่นว่าร้อน
        """), "room room room space vav", 1.5),
    Family("cold", "comfort_complaint", "{s} is too cold", _lines("""
        it is freezing cold in {s}
        people in {s} say they are cold
        {s} is like a fridge
        guest of {s} complains it is cold
        {s} too cold, please check
        {s} feels chilly, what is the matter
        complaint: {s} is cold
        why is it so cold in {s}
        """), _lines("""
        {s} หนาวมาก
        {s} เย็นเกินไป
        """), "room room room space vav", 1.2),
    Family("damp", "comfort_complaint", "{s} is too humid", _lines("""
        it is humid in {s}
        {s} feels damp
        guest of {s} says it is muggy
        complaint: {s} is humid
        {s} is clammy, please check
        why is it so humid in {s}
        people in {s} find it sticky
        damp air in {s}, why
        """), _lines("""
        {s} ชื้นเกินไป
        """), "room room space", 0.8),
    Family("stuffy", "comfort_complaint", "{s} is stuffy", _lines("""
        it is stuffy in {s}
        {s} feels airless
        people in {s} complain it is stuffy
        complaint: {s} is stuffy
        guest of {s} says the air is stuffy
        {s} stuffy, please check
        why is it so stuffy in {s}
        stuffy air in {s}
        """), (), "room space", 0.6),
    Family("sensors", "data_quality", "which sensors are faulty", _lines("""
        are there sensors I should not trust
        list dead sensors
        sensor health check
        which sensors are offline
        sensors not reporting?
        any sensors stuck or drifting
        show me the broken sensors
        data quality of our sensors
        """), _lines("""
        เซ็นเซอร์ไหนเสีย
        """), "", 0.6),
    Family("sensors-on", "data_quality", "are the sensors of {s} ok", _lines("""
        can I trust the sensors on {s}
        sensor check for {s}
        {s}: are its sensors drifting
        which sensors of {s} are bad
        is a sensor stuck on {s}
        are the {s} sensors reliable
        {s} sensors healthy?
        do the sensors at {s} report right, any offline
        """), (), "chiller ahu doas vav cooling-tower floor", 0.9),
    Family("manual", "manual_lookup", "what does the manual say about {d}", _lines("""
        procedure for {d}
        look up {d} in the manual
        manual: {d}
        what do the documents say on {d}
        find {d} in the O&M manuals
        which steps does the manual give for {d}
        instructions for {d}, manual
        how do I do this by the book: {d}
        O&M manual on {d}
        according to the manual, {d}?
        """), _lines("""
        คู่มือว่าอย่างไรเรื่อง {d}
        ขั้นตอน {d} ในคู่มือ
        """), "", 1.5),
    Family("orders", "worklog_stats", "list work orders of {s}", _lines("""
        show the maintenance log of {s}
        {s} work orders
        which work orders were done on {s}
        maintenance history for {s}, work orders
        what work orders has {s} had
        list repairs on {s}
        past work orders, {s}
        service records of {s}
        """), _lines("""
        ใบงานของ {s}
        """), "chiller ahu doas cooling-tower fcu secondary-pump condenser-water-pump", 1.0),
    Family("orders-count", "worklog_stats", "how many work orders for {s} {w}", _lines("""
        number of work orders on {s} {w}
        count of work orders, {s}, {w}
        how many work orders has {s} had {w}
        {w} we raised how many work orders about {s}
        how many repairs did {s} need {w}, work orders
        count work orders of {s} {w}
        {s} work order count {w}
        how many jobs were logged on {s} {w}, work orders
        """), (), "chiller ahu doas cooling-tower fcu secondary-pump", 0.8),
    Family("orders-cost", "worklog_stats", "cost of work orders for {s} {w}", _lines("""
        what did repairs on {s} cost {w}
        repair cost of {s} {w}
        how much was spent on work orders for {s} {w}
        maintenance spend, {s}, {w}
        {w} cost of repairs on {s}
        work order cost {s} {w}
        money spent repairing {s} {w}, work orders
        total cost of work orders on {s} {w}
        """), (), "chiller ahu doas cooling-tower fcu", 0.6),
    Family("orders-part", "worklog_stats", "when was the {p} of {s} last replaced", _lines("""
        last {p} change on {s}
        when did we last change the {p} of {s}
        {s}: last time the {p} was replaced
        when was the {p} on {s} changed last
        latest {p} replacement at {s}
        {p} of {s}, last replaced when
        when was {s} {p} last serviced
        who last changed the {p} on {s}
        """), (), "ahu doas chiller fcu", 0.8),
    Family("feeds", "explain_equipment", "what is fed by {s}", _lines("""
        what does {s} serve
        what is downstream of {s}
        which equipment does {s} supply
        what hangs off {s}
        what gets its supply from {s}, served by it
        {s} serves what
        what is supplied by {s}
        everything downstream of {s}
        """), _lines("""
        {s} จ่ายให้อะไรบ้าง
        """), "ahu chiller doas secondary-pump", 0.8),
    Family("fed-by", "explain_equipment", "what is {s} fed by", _lines("""
        where does {s} get its water or air from, fed by what
        {s} is supplied by what
        which equipment serves {s}
        what serves {s}
        what supplies {s}
        who feeds {s}
        source of supply of {s}
        {s}: fed by what
        """), _lines("""
        {s} รับจากอะไร
        """), "room vav fcu ahu space", 0.8),
    Family("where", "explain_equipment", "where is {s} located", _lines("""
        which floor is {s} on
        location of {s}
        where do I find {s}
        in which place is {s} installed
        find out for me on which floor {s} stands
        on what floor is {s}
        where can I find {s}
        tell me where {s} is
        """), _lines("""
        {s} อยู่ที่ไหน
        {s} อยู่ชั้นไหน
        """), "chiller ahu doas cooling-tower vav secondary-pump condenser-water-pump", 0.8),
    Family("way", "explain_equipment", "trace the path of {s} to the plant", _lines("""
        trace {s} back to the plant
        path from the plant to {s}
        how does chilled water get to {s}
        supply path of {s}
        follow the path of {s}
        trace the supply of {s}
        what path does cooling take to {s}
        show the path for {s}
        """), (), "room vav fcu ahu", 0.5),
    Family("about", "explain_equipment", "tell me about {s}", _lines("""
        describe {s}
        explain {s} to me
        what kind of machine is {s}, tell me about it
        {s}, details please
        what is {s}
        give me details about {s}
        I do not know {s}, explain
        introduce {s}, describe it
        """), (), "chiller ahu doas cooling-tower vav secondary-pump", 0.6),
    Family("list", "find_equipment", "list all {k}", _lines("""
        give me a list of all {k}
        show all {k}
        how many {k} are there
        what {k} do we have
        which {k} are there
        find all {k}
        all {k} in the building
        number of {k}
        """), (), "chiller ahu doas cooling-tower vav secondary-pump primary-pump condenser-water-pump elec-meter iaq-sensor", 0.6),
    Family("list-on", "find_equipment", "list all {k} on {f}", _lines("""
        {k} on {f}
        which {k} are on {f}
        find {k} on {f}
        show all {k} of {f}
        what {k} do we have on {f}
        how many {k} are on {f}
        are there {k} on {f}
        all the {k} located on {f}
        """), (), "fcu room iaq-sensor ahu", 0.7),
    Family("report", "report_request", "report of {s} {w}", _lines("""
        make a report on {s} {w}
        write up {s} {w} as a report
        {s} report {w}
        prepare a report for {s} {w}
        I need a report about {s} {w}
        report {s} {w}
        can you do a report on {s} {w}
        a short report of {s} {w} please
        """), _lines("""
        ขอรายงาน {s} {w}
        """), "chiller ahu doas chilled-water-plant elec-meter", 0.7),
    Family("noun", "live_value", "{x} of {s}", _lines("""
        what is the {x} of {s}
        {s} {x}
        show {x} on {s}
        give me the {x} at {s}
        read {x}, {s}
        {x} reading for {s}
        {s} {x} now
        check the {x} of {s}
        """), (), "chiller ahu", 0.7),
)  # fmt: skip
"""All kinds of questions that have a plan. Thai forms use the same placeholders."""

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
PARTS: Final = ("filter", "belt", "bearing", "actuator", "valve", "sensor", "motor", "coil", "seal")

PLURALS: Final = {
    # kind -> one, several, as people say them
    "chiller": ("chiller", "chillers"), "ahu": ("AHU", "AHUs"), "doas": ("DOAS", "DOAS units"), "cooling-tower": ("cooling tower", "cooling towers"),
    "vav": ("VAV box", "VAV boxes"), "fcu": ("FCU", "FCUs"), "secondary-pump": ("secondary pump", "secondary pumps"),
    "primary-pump": ("primary pump", "primary pumps"), "condenser-water-pump": ("condenser water pump", "condenser water pumps"),
    "elec-meter": ("electricity meter", "electricity meters"), "iaq-sensor": ("IAQ sensor", "IAQ sensors"), "room": ("room", "rooms"),
}  # fmt: skip
