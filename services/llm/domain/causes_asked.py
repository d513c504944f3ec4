"""What engineers ask about faults, comfort, sensors, overrides, manuals, the log of work and what feeds what."""

from __future__ import annotations

from typing import Final

from services.llm.domain.family import Family, lines

CAUSES: Final[tuple[Family, ...]] = (
    Family("open-faults", "faults_open", "open faults", lines("""
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
        """), lines("""
        มีปัญหาอะไรบ้าง
        มีฟอลต์อะไรค้างอยู่
        """), "", 0.8),
    Family("faults-on", "faults_open", "faults on {s}", lines("""
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
        """), lines("""
        {s} มีปัญหาอะไรไหม
        มีฟอลต์ที่ {s} ไหม
        """), "chiller ahu doas cooling-tower vav floor secondary-pump chilled-water-plant", 1.2),
    Family("faults-when", "faults_open", "faults {w}", lines("""
        which faults did we have {w}
        list faults {w}
        alarms {w}
        what issues came up {w}
        fault summary, faults {w}
        {w}: which faults
        problems {w}
        show faults {w}
        """), (), "", 0.6),
    Family("faults-cost", "faults_open", "which faults cost the most money", lines("""
        what faults are costing us the most
        rank faults by cost
        the most expensive faults
        which problems waste the most money
        faults by money lost
        biggest money losing faults
        what issue costs most
        open faults, most expensive first
        """), (), "", 0.5),
    Family("why", "fault_cause", "what is wrong with {s}", lines("""
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
        """), lines("""
        {s} เป็นอะไร
        {s} มีปัญหาเพราะอะไร
        """), "chiller ahu doas cooling-tower vav secondary-pump condenser-water-pump fcu chilled-water-plant", 2.0),
    Family("why-high", "fault_cause", "why is the {q} of {s} so high", lines("""
        {q} on {s} is too high, why
        what makes {q} of {s} so high
        why does {s} have such a high {q}
        reason for the high {q} at {s}
        {s}: why the high {q}
        how come {q} on {s} is so high
        what is causing high {q} at {s}
        cause of the high {q}, {s}
        """), (), "chiller ahu doas cooling-tower secondary-pump chilled-water-plant", 1.2),
    Family("why-low", "fault_cause", "why is the {q} of {s} so low", lines("""
        {q} on {s} is too low, why
        what makes {q} of {s} so low
        why does {s} have such a low {q}
        reason for the low {q} at {s}
        {s}: why the low {q}
        how come {q} on {s} is so low
        what is causing low {q} at {s}
        cause of the low {q}, {s}
        """), (), "chiller ahu doas cooling-tower secondary-pump chilled-water-plant", 0.9),
    Family("overrides", "override_status", "what is overridden", lines("""
        list all overrides
        which points are in manual
        show everything forced by hand
        are any points overridden at present
        points not in auto
        what did somebody leave in manual
        manual overrides, all of them
        anything forced?
        """), lines("""
        มีอะไรสั่งมือค้างบ้าง
        จุดไหนอยู่ในโหมดแมนนวล
        """), "", 0.6),
    Family("overrides-on", "override_status", "overrides on {s}", lines("""
        is {s} in hand
        is something forced on {s}
        {s} in manual?
        which points of {s} are overridden
        any manual overrides at {s}
        is {s} in auto or manual
        show overrides of {s}
        check {s} for forced points
        """), lines("""
        {s} ถูกสั่งมืออยู่ไหม
        """), "chiller ahu doas cooling-tower vav secondary-pump condenser-water-pump floor", 1.0),
    Family("hot", "comfort_complaint", "{s} is too hot", lines("""
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
        """), lines("""
        {s} ร้อนมาก
        {s} ไม่เย็นเลย
        ลูกค้า {s} บ่นว่าร้อน
        """), "room room room space vav", 1.5),
    Family("cold", "comfort_complaint", "{s} is too cold", lines("""
        it is freezing cold in {s}
        people in {s} say they are cold
        {s} is like a fridge
        guest of {s} complains it is cold
        {s} too cold, please check
        {s} feels chilly, what is the matter
        complaint: {s} is cold
        why is it so cold in {s}
        """), lines("""
        {s} หนาวมาก
        {s} เย็นเกินไป
        """), "room room room space vav", 1.2),
    Family("damp", "comfort_complaint", "{s} is too humid", lines("""
        it is humid in {s}
        {s} feels damp
        guest of {s} says it is muggy
        complaint: {s} is humid
        {s} is clammy, please check
        why is it so humid in {s}
        people in {s} find it sticky
        damp air in {s}, why
        """), lines("""
        {s} ชื้นเกินไป
        """), "room room space", 0.8),
    Family("stuffy", "comfort_complaint", "{s} is stuffy", lines("""
        it is stuffy in {s}
        {s} feels airless
        people in {s} complain it is stuffy
        complaint: {s} is stuffy
        guest of {s} says the air is stuffy
        {s} stuffy, please check
        why is it so stuffy in {s}
        stuffy air in {s}
        """), (), "room space", 0.6),
    Family("sensors", "data_quality", "which sensors are faulty", lines("""
        are there sensors I should not trust
        list dead sensors
        sensor health check
        which sensors are offline
        sensors not reporting?
        any sensors stuck or drifting
        show me the broken sensors
        data quality of our sensors
        """), lines("""
        เซ็นเซอร์ไหนเสีย
        """), "", 0.6),
    Family("sensors-on", "data_quality", "are the sensors of {s} ok", lines("""
        can I trust the sensors on {s}
        sensor check for {s}
        {s}: are its sensors drifting
        which sensors of {s} are bad
        is a sensor stuck on {s}
        are the {s} sensors reliable
        {s} sensors healthy?
        do the sensors at {s} report right, any offline
        """), (), "chiller ahu doas vav cooling-tower floor", 0.9),
    Family("manual", "manual_lookup", "what does the manual say about {d}", lines("""
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
        """), lines("""
        คู่มือว่าอย่างไรเรื่อง {d}
        ขั้นตอน {d} ในคู่มือ
        """), "", 1.5),
    Family("orders", "worklog_stats", "list work orders of {s}", lines("""
        show the maintenance log of {s}
        {s} work orders
        which work orders were done on {s}
        maintenance history for {s}, work orders
        what work orders has {s} had
        list repairs on {s}
        past work orders, {s}
        service records of {s}
        """), lines("""
        ใบงานของ {s}
        """), "chiller ahu doas cooling-tower fcu secondary-pump condenser-water-pump", 1.0),
    Family("orders-count", "worklog_stats", "how many work orders for {s} {w}", lines("""
        number of work orders on {s} {w}
        count of work orders, {s}, {w}
        how many work orders has {s} had {w}
        {w} we raised how many work orders about {s}
        how many repairs did {s} need {w}, work orders
        count work orders of {s} {w}
        {s} work order count {w}
        how many jobs were logged on {s} {w}, work orders
        """), (), "chiller ahu doas cooling-tower fcu secondary-pump", 0.8),
    Family("orders-cost", "worklog_stats", "cost of work orders for {s} {w}", lines("""
        what did repairs on {s} cost {w}
        repair cost of {s} {w}
        how much was spent on work orders for {s} {w}
        maintenance spend, {s}, {w}
        {w} cost of repairs on {s}
        work order cost {s} {w}
        money spent repairing {s} {w}, work orders
        total cost of work orders on {s} {w}
        """), (), "chiller ahu doas cooling-tower fcu", 0.6),
    Family("orders-part", "worklog_stats", "when was the {p} of {s} last replaced", lines("""
        last {p} change on {s}
        when did we last change the {p} of {s}
        {s}: last time the {p} was replaced
        when was the {p} on {s} changed last
        latest {p} replacement at {s}
        {p} of {s}, last replaced when
        when was {s} {p} last serviced
        who last changed the {p} on {s}
        last cleaning of the {p} on {s}
        {s}: the {p} was cleaned last on which day
        when did somebody check the {p} of {s}
        {p} of {s}, last washed or greased when
        """), (), "ahu doas chiller fcu", 0.8),
    Family("feeds", "explain_equipment", "what is fed by {s}", lines("""
        what does {s} serve
        what is downstream of {s}
        which equipment does {s} supply
        what hangs off {s}
        what gets its supply from {s}, served by it
        {s} serves what
        what is supplied by {s}
        everything downstream of {s}
        """), lines("""
        {s} จ่ายให้อะไรบ้าง
        """), "ahu chiller doas secondary-pump", 0.8),
    Family("fed-by", "explain_equipment", "what is {s} fed by", lines("""
        where does {s} get its water or air from, fed by what
        {s} is supplied by what
        which equipment serves {s}
        what serves {s}
        what supplies {s}
        who feeds {s}
        source of supply of {s}
        {s}: fed by what
        """), lines("""
        {s} รับจากอะไร
        """), "room vav fcu ahu space", 0.8),
    Family("where", "explain_equipment", "where is {s} located", lines("""
        which floor is {s} on
        location of {s}
        where do I find {s}
        in which place is {s} installed
        find out for me on which floor {s} stands
        on what floor is {s}
        where can I find {s}
        tell me where {s} is
        """), lines("""
        {s} อยู่ที่ไหน
        {s} อยู่ชั้นไหน
        """), "chiller ahu doas cooling-tower vav secondary-pump condenser-water-pump", 0.8),
    Family("way", "explain_equipment", "trace the path of {s} to the plant", lines("""
        trace {s} back to the plant
        path from the plant to {s}
        how does chilled water get to {s}
        supply path of {s}
        follow the path of {s}
        trace the supply of {s}
        what path does cooling take to {s}
        show the path for {s}
        """), (), "room vav fcu ahu", 0.5),
    Family("about", "explain_equipment", "tell me about {s}", lines("""
        describe {s}
        explain {s} to me
        what kind of machine is {s}, tell me about it
        {s}, details please
        what is {s}
        give me details about {s}
        I do not know {s}, explain
        introduce {s}, describe it
        """), (), "chiller ahu doas cooling-tower vav secondary-pump", 0.6),
    Family("list", "find_equipment", "list all {k}", lines("""
        give me a list of all {k}
        show all {k}
        how many {k} are there
        what {k} do we have
        which {k} are there
        find all {k}
        all {k} in the building
        number of {k}
        """), (), "chiller ahu doas cooling-tower vav secondary-pump primary-pump condenser-water-pump elec-meter iaq-sensor", 0.6),
    Family("list-on", "find_equipment", "list all {k} on {f}", lines("""
        {k} on {f}
        which {k} are on {f}
        find {k} on {f}
        show all {k} of {f}
        what {k} do we have on {f}
        how many {k} are on {f}
        are there {k} on {f}
        all the {k} located on {f}
        """), (), "fcu room iaq-sensor ahu", 0.7),
    Family("report", "report_request", "report of {s} {w}", lines("""
        make a report on {s} {w}
        write up {s} {w} as a report
        {s} report {w}
        prepare a report for {s} {w}
        I need a report about {s} {w}
        report {s} {w}
        can you do a report on {s} {w}
        a short report of {s} {w} please
        """), lines("""
        ขอรายงาน {s} {w}
        """), "chiller ahu doas chilled-water-plant elec-meter", 0.7),
    Family("noun", "live_value", "{x} of {s}", lines("""
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
