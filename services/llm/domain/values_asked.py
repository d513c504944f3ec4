"""What engineers ask about values: now, over a range, compared, ranked, in energy and in money."""

from __future__ import annotations

from typing import Final

from services.llm.domain.family import Family, lines

MEASURED: Final = (
    "chiller chiller ahu ahu doas vav room room room fcu chilled-water-plant cooling-tower secondary-pump primary-pump "
    "condenser-water-pump elec-meter weather space iaq-sensor"
)
DRIVEN: Final = "chiller cooling-tower secondary-pump primary-pump condenser-water-pump ahu doas"
RANKED: Final = "chiller ahu cooling-tower vav doas secondary-pump"

VALUES: Final[tuple[Family, ...]] = (
    Family("live", "live_value", "what is the {q} of {s} now", lines("""
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
        """), lines("""
        {s} {q} เท่าไหร่
        {q} ของ {s} ตอนนี้เท่าไร
        ขอค่า {q} {s} หน่อย
        เช็ค {q} ที่ {s}
        {q} {s} ขณะนี้
        """), MEASURED, 3.0),
    Family("in-unit", "live_value", "what is the {q} of {s} in {u}", lines("""
        {s} {q} in {u}
        {q} of {s}, {u} please
        give me {q} on {s} as {u}
        {u}: {q} of {s} right now
        show {s} {q}, I think in {u}
        current {q} at {s} in {u}
        how many {u} is the {q} of {s}
        {s}'s {q} expressed in {u}
        """), (), "chiller ahu doas room fcu chilled-water-plant weather", 2.0),
    Family("state", "live_value", "is {s} running", lines("""
        {s} running right now?
        is {s} on or off
        is {s} currently in operation
        has {s} been switched on? run status
        {s} run status?
        does {s} run at the moment
        {s} on?
        tell me if {s} is running
        """), lines("""
        {s} เดินอยู่ไหม
        {s} เปิดอยู่หรือปิด
        """), DRIVEN, 0.8),
    Family("status", "live_value", "status of {s}", lines("""
        what state is {s} in, status
        {s} overview
        how is {s} doing
        quick summary of how {s} is doing now
        give me the state of {s}
        {s} at a glance
        show me {s}
        how are things with {s}, status?
        """), lines("""
        สถานะ {s}
        ภาพรวม {s}
        """), "chiller ahu doas cooling-tower room chilled-water-plant vav floor", 0.8),
    Family("trend", "history_trend", "plot {q} of {s} {w}", lines("""
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
        """), lines("""
        กราฟ {q} ของ {s} {w}
        แนวโน้ม {q} {s} {w}
        ขอดูกราฟ {s} {q} {w}
        """), MEASURED, 2.0),
    Family("mean", "aggregate", "average {q} of {s} {w}", lines("""
        mean {q} for {s} {w}
        {s} average {q} {w}
        {w} what was the average {q} of {s}
        what did {q} of {s} average {w}
        avg {q}, {s}, {w}
        typical {q} at {s} {w}, average
        on average, {q} at {s} {w}?
        give the mean {q} on {s} {w}
        """), lines("""
        {q} เฉลี่ยของ {s} {w}
        {s} {q} เฉลี่ย {w}
        """), MEASURED, 1.5),
    Family("max", "aggregate", "maximum {q} of {s} {w}", lines("""
        highest {q} of {s} {w}
        peak {q}, {s}, {w}
        {w} what was the highest {q} on {s}
        max of {s} {q} {w}
        how high did {q} get on {s} {w}, max
        the top {q} {s} reached {w}, maximum
        {s}: highest {q} {w}
        what is the peak {q} recorded at {s} {w}
        """), lines("""
        {q} สูงสุดของ {s} {w}
        {s} {q} สูงสุด {w}
        """), MEASURED, 1.5),
    Family("min", "aggregate", "minimum {q} of {s} {w}", lines("""
        lowest {q} of {s} {w}
        {w} what was the lowest {q} on {s}
        min {q}, {s}, {w}
        how low did {q} go on {s} {w}, minimum
        smallest {q} seen at {s} {w}, min
        {s}: minimum {q} {w}
        bottom {q} of {s} {w}, lowest
        the least {q} at {s} {w}
        """), lines("""
        {q} ต่ำสุดของ {s} {w}
        {s} {q} ต่ำสุด {w}
        """), MEASURED, 1.2),
    Family("beyond", "aggregate", "how long was {q} of {s} above {n} {w}", lines("""
        hours {s} {q} spent over {n} {w}
        for how many hours was {s} {q} above {n} {w}
        how much time did {q} of {s} stay above {n} {w}
        {w}, how long {s} {q} over {n}
        time with {q} at {s} above {n} {w}, how long
        duration of {q} above {n} at {s} {w}
        how long has {q} on {s} been over {n} {w}
        total time {s} {q} exceeded {n} {w}, how long above {n}
        """), lines("""
        {s} {q} เกิน {n} กี่ชั่วโมง {w}
        {q} {s} สูงกว่า {n} นานกี่ชั่วโมง {w}
        """), "room room room vav ahu doas chiller space", 1.2),
    Family("under", "aggregate", "how long was {q} of {s} below {n} {w}", lines("""
        hours {s} {q} spent under {n} {w}
        for how many hours was {s} {q} below {n} {w}
        how much time did {q} of {s} stay below {n} {w}
        {w}, how long {s} {q} under {n}
        duration of {q} below {n} at {s} {w}
        how long has {q} on {s} been under {n} {w}
        time {s} {q} was less than {n} {w}, how long
        how long below {n}: {q} of {s}, {w}
        """), (), "room room vav ahu doas chiller space", 0.8),
    Family("runtime", "aggregate", "how many hours did {s} run {w}", lines("""
        run hours of {s} {w}
        {s} runtime {w}
        operating hours, {s}, {w}
        how long has {s} been running {w}
        {w} how many hours was {s} running
        total run time for {s} {w}
        hours of operation of {s} {w}
        runtime {s} {w}?
        """), lines("""
        {s} เดินกี่ชั่วโมง {w}
        {s} ทำงานกี่ชั่วโมง {w}
        """), DRIVEN, 1.2),
    Family("starts", "aggregate", "how many times did {s} start {w}", lines("""
        number of starts of {s} {w}
        {s} starts {w}
        how often did {s} start {w}
        {w} how many starts had {s}
        start count {s} {w}
        how many times has {s} been started {w}, starts
        is {s} short cycling? starts {w}
        starts per period, {s}, {w}
        """), (), "chiller secondary-pump primary-pump condenser-water-pump cooling-tower", 0.7),
    Family("periods", "compare_periods", "compare {q} of {s} {pair}", lines("""
        {s} {q} {pair}
        {q} of {s}, {pair}
        how does {q} of {s} compare {pair}
        {q} on {s}: {pair}
        what is the difference in {q} of {s} {pair}
        {s} {q}, please compare {pair}
        comparison of {s} {q} {pair}
        {pair}: {q} of {s}
        """), lines("""
        {q} ของ {s} {pair}
        ขอเทียบ {q} ที่ {s} {pair}
        """), MEASURED, 1.2),
    Family("two", "live_value", "{q} of {s} and {s2}", lines("""
        {q}: {s} and {s2}
        {s} and {s2} {q} please
        {q} on {s} and on {s2}
        what are the {q} readings of {s} and {s2}
        give me {q} of both {s} and {s2}
        read {q} for {s} and {s2}
        show {q} for {s} and {s2} now
        {s}, {s2}: {q}?
        """), (), "chiller ahu room room vav doas cooling-tower secondary-pump", 0.8),
    Family("energy", "energy_efficiency", "energy used by {s} {w}", lines("""
        kWh of {s} {w}
        {s} energy consumption {w}
        how much electricity did {s} use {w}
        {w} consumption of {s} in kWh
        electricity used by {s} {w}
        how many kWh did {s} consume {w}
        {s} kWh {w}
        energy use, {s}, {w}
        """), lines("""
        {s} ใช้ไฟกี่หน่วย {w}
        {s} ใช้พลังงานไฟฟ้าเท่าไหร่ {w}
        """), "chiller chilled-water-plant elec-meter ahu secondary-pump cooling-tower", 1.5),
    Family("cost", "energy_efficiency", "electricity cost of {s} {w}", lines("""
        what did {s} cost us in electricity {w}
        power bill of {s} {w}
        {s} electricity cost {w}
        how much money went into running {s} {w}
        cost of running {s} {w}
        {w} how much money went on {s}
        baht spent on {s} electricity {w}
        energy cost, {s}, {w}
        """), lines("""
        ค่าไฟ {s} {w}
        ค่าไฟของ {s} เท่าไหร่ {w}
        """), "chiller chilled-water-plant elec-meter ahu", 1.0),
    Family("efficiency", "energy_efficiency", "efficiency of {s} {w}", lines("""
        kW/RT figure achieved by {s} {w}
        how efficient was {s} {w}
        kW per ton for {s} {w}
        specific power of {s} {w}
        {w} efficiency of {s}
        {s} efficiency {w}
        what kW/RT did {s} run at {w}
        how well is {s} performing {w}, kW/RT
        """), lines("""
        ประสิทธิภาพ {s} {w}
        ค่า kW/RT ที่ {s} ทำได้ {w}
        """), "chiller chilled-water-plant", 1.5),
    Family("highest", "aggregate", "which {one} has the highest {q}", lines("""
        rank the {k} by {q}, highest first
        {one} with the highest {q}
        which {one} shows the highest {q}
        top {q} among the {k}, which one
        which of the {k} has the highest {q} now
        of all {k}, which has the highest {q}
        find the {one} with the highest {q}
        highest {q} of all {k}
        """), (), RANKED, 1.0),
    Family("lowest", "aggregate", "which {one} has the lowest {q}", lines("""
        rank the {k} by {q}, lowest first
        {one} with the lowest {q}
        which {one} shows the lowest {q}
        which of the {k} has the lowest {q} now
        of all {k}, which has the lowest {q}
        find the {one} with the lowest {q}
        lowest {q} of all {k}
        which {one} reads the lowest {q}
        """), (), RANKED, 0.8),
    Family("efficient", "energy_efficiency", "which chiller is most efficient {w}", lines("""
        best chiller by kW/RT {w}
        which chiller had the best efficiency {w}
        most efficient chiller {w}
        {w} which of the chillers has the best kW/RT
        rank chillers, best efficiency {w}
        which machine of the chillers is most efficient {w}
        the best kW/RT among chillers {w}
        name the most efficient chiller {w}
        """), (), "", 0.4),
    Family("inefficient", "energy_efficiency", "which chiller is least efficient {w}", lines("""
        worst chiller by kW/RT {w}
        which chiller had the worst efficiency {w}
        least efficient of the chillers {w}
        {w} which of the chillers has the worst kW/RT
        which chiller is the most inefficient {w}
        the worst kW/RT among chillers {w}
        name the least efficient chiller {w}
        rank chillers, worst efficiency {w}
        """), (), "", 0.4),
    Family("hottest", "aggregate", "which room is the hottest on {f}", lines("""
        hottest room on {f}?
        warmest room of {f}
        which room on {f} has the highest temperature
        {f}: which room is warmest
        name the warmest room on {f}
        where is it hottest on {f}, which room
        room with the highest temperature on {f}
        rank rooms on {f} by temperature, hottest first
        """), lines("""
        ห้องไหนร้อนที่สุดบน {f}
        """), "floor", 0.7),
    Family("coldest", "aggregate", "which room is the coldest on {f}", lines("""
        coldest room on {f}?
        which room on {f} has the lowest temperature
        {f}: which room is coolest
        name the coldest room on {f}
        room with the lowest temperature on {f}
        rank rooms on {f} by temperature, coldest first
        which is the coldest of the rooms on {f}
        coolest room of {f}
        """), (), "floor", 0.6),
    Family("humid", "aggregate", "which room is the most humid on {f}", lines("""
        highest humidity room on {f}
        room with the highest humidity on {f}
        which room of {f} has the highest RH
        dampest room on {f}, highest humidity
        {f}: which room has the highest humidity
        rank rooms on {f} by humidity, highest first
        which room on {f} is most humid
        name the room on {f} with the highest humidity
        """), (), "floor", 0.5),
    Family("anywhere", "aggregate", "which room is the hottest", lines("""
        warmest room in the house?
        which guest room is the warmest right now
        room with the highest temperature at the moment
        name our warmest room
        the hottest of all rooms?
        where is the hottest room now
        rank rooms by temperature, hottest first
        hottest guest room at present
        """), (), "", 0.8),
    Family("hot-rooms", "aggregate", "which rooms on {f} are above {n} degrees", lines("""
        rooms over {n} degrees on {f}
        list rooms on {f} above {n} °C
        any rooms on {f} warmer than {n} degrees, which
        {f}: which rooms are over {n} °C
        show rooms above {n} degrees on {f}
        who is above {n} °C on {f}, which rooms
        which rooms on {f} exceed {n} degrees
        rooms on {f} with temperature above {n}
        """), (), "floor", 0.8),
    Family("count-rooms", "aggregate", "how many rooms on {f} are above {n} degrees", lines("""
        number of rooms over {n} degrees on {f}
        count rooms on {f} above {n} °C
        how many rooms are warmer than {n} degrees on {f}
        {f}: how many rooms over {n} °C
        how many rooms above {n} degrees do we have on {f}
        count of rooms on {f} with temperature above {n}
        on {f}, how many rooms exceed {n} degrees
        how many rooms on {f} are over {n}
        """), (), "floor", 0.6),
)  # fmt: skip
