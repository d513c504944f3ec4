"""What rules, causes and checks are called: headlines without numbers in English and Thai, as tables.

The English of causes and checks stands in the rule table; here is what people say in Thai. A row that
is missing here is told in the rule's own English words.
"""

from __future__ import annotations

from typing import Final

HEADLINES: Final[dict[str, tuple[str, str]]] = {
    # rule -> what the equipment does; {what} is the quantity of the point at fault
    "SV-01": ("{what} shows impossible values", "{what}แสดงค่าที่เป็นไปไม่ได้"),
    "SV-02": ("{what} is frozen at one value", "{what}ค้างอยู่ค่าเดียว"),
    "SV-04": ("is silent", "ไม่ส่งข้อมูล"),
    "SV-05": ("{what} disagrees with its neighbours", "{what}ไม่ตรงกับเซ็นเซอร์ข้างเคียง"),
    "SV-06": ("{what} sensor drifts", "เซ็นเซอร์{what}อ่านเพี้ยนสะสม"),
    "AHU-FC13": ("is short of cold: valve wide open, air too warm", "ทำความเย็นไม่พอ: วาล์วเปิดสุดแต่ลมจ่ายยังร้อน"),
    "AHU-FC01": ("cannot keep its duct pressure", "รักษาความดันท่อลมไม่ได้"),
    "AHU-18": ("cools with its valve shut", "ลมเย็นทั้งที่วาล์วปิด"),
    "AHU-19": ("hardly cools with its valve open", "วาล์วเปิดแต่แทบไม่เย็น"),
    "AHU-21": ("outdoor damper does not follow its command", "แดมเปอร์อากาศภายนอกไม่ตามคำสั่ง"),
    "AHU-24": ("takes in far more outdoor air than asked (outdoor damper)", "ดึงอากาศภายนอกเข้ามากเกินคำสั่ง (แดมเปอร์)"),
    "AHU-26": ("runs its fan out of hours", "เดินพัดลมนอกเวลา"),
    "AHU-30": ("has a loaded filter", "ฟิลเตอร์ตัน"),
    "AHU-32": ("blows colder than asked", "จ่ายลมเย็นเกินค่าตั้ง"),
    "FCU-01": ("cools with its valve shut", "ลมเย็นทั้งที่วาล์วปิด"),
    "FCU-02": ("hardly cools", "แทบไม่เย็น"),
    "FCU-03": ("does not start its fan", "พัดลมไม่เดินทั้งที่สั่ง"),
    "FCU-04": ("room is humid", "ห้องชื้น"),
    "ROOM-01": ("cools an empty room", "ทำความเย็นในห้องว่าง"),
    "ROOM-02": ("cools with the balcony door open", "ทำความเย็นทั้งที่ประตูระเบียงเปิด"),
    "ROOM-03": ("room air is stale", "อากาศในห้องอับ"),
    "ROOM-05": ("room stays too warm with its valve open", "ห้องร้อนทั้งที่วาล์วเปิดสุด"),
    "VAV-03": ("is starved of air", "ได้ลมไม่พอ"),
    "VAV-04": ("measures flow through a shut damper", "วัดลมได้ทั้งที่แดมเปอร์ปิด"),
    "VAV-08": ("is a rogue zone: most of the cooling requests are its own", "เป็นโซนที่ดึงความเย็นผิดปกติ (rogue zone)"),
    "VAV-09": ("setpoint is far from the other zones'", "ค่าตั้งต่างจากโซนอื่นมาก"),
    "CHW-01": ("has a low delta-T: its water returns too cold", "delta-T ต่ำ: น้ำกลับเย็นเกินไป"),
    "CHW-02": ("mixes return water into its supply", "น้ำกลับปนเข้าน้ำจ่าย"),
    "CHW-03": ("supplies water that is too warm", "จ่ายน้ำเย็นอุ่นเกินไป"),
    "CHW-04": ("starts too often", "สตาร์ตบ่อยเกินไป"),
    "CHW-07": ("has a high evaporator approach", "approach อีวาพอเรเตอร์สูง"),
    "CHW-08": ("condenses too hot: high condenser approach", "คอนเดนเซอร์ร้อนเกิน: approach สูง"),
    "CHW-09": ("uses more power for its cooling than before", "กินไฟมากขึ้นต่อความเย็นที่ได้"),
    "CHW-10": ("does not balance its heat", "สมดุลความร้อนไม่ลงตัว"),
    "CHW-15": ("is off with its isolation valve open", "หยุดแต่วาล์วกั้นยังเปิด"),
    "CT-01": ("cools too little at full fan", "ระบายความร้อนไม่พอทั้งที่พัดลมเต็ม"),
    "MET-01": ("meter disagrees with what it measures", "มิเตอร์ไม่ตรงกับสิ่งที่วัด"),
    "OVR-01": ("{what} is held by hand", "{what}ถูกสั่งค้างด้วยมือ"),
    "OVR-02": ("cooling valve stands still", "วาล์วน้ำเย็นค้างนิ่ง"),
    "CMD-01": ("does not follow its command", "ไม่ทำตามคำสั่ง"),
    "CMD-02": ("pumps for a chiller that is off", "ปั๊มเดินทั้งที่ชิลเลอร์หยุด"),
    "SYS-04": ("serves several rooms with the same trouble", "หลายห้องที่รับลมมีอาการเดียวกัน"),
}  # fmt: skip

THAI_CAUSES: Final[dict[str, str]] = {
    "sensor-open-or-short": "เซ็นเซอร์หรือสายขาดหรือลัดวงจร", "wrong-scaling": "ตั้งสเกลหรือหน่วยผิด",
    "sensor-dead": "เซ็นเซอร์เสีย", "sensor-frozen": "เซ็นเซอร์ค้างที่ค่าสุดท้าย",
    "value-substituted": "มีคนใส่ค่าคงที่แทนที่คอนโทรลเลอร์", "controller-frozen": "การ์ดอินพุตของคอนโทรลเลอร์ค้าง",
    "sensor-drift": "เซ็นเซอร์คลาดเคลื่อนตามอายุ", "sensor-misplaced": "เซ็นเซอร์หลุดหรืออยู่ผิดที่",
    "heat-source": "มีแหล่งความร้อนหรือรอยรั่วใกล้เซ็นเซอร์", "sensor-bias": "เซ็นเซอร์ต้องสอบเทียบ",
    "device-off": "อุปกรณ์ไม่มีไฟหรือแบตหมด", "link-lost": "สัญญาณวิทยุหรือเครือข่ายขาด",
    "driver-stuck": "สายถูกถอดจากรายการอ่านค่า", "coil-choked": "คอยล์หรือสเตรนเนอร์ตัน น้ำหรือลมผ่านไม่ได้",
    "water-too-warm": "น้ำเย็นจากแพลนต์อุ่นเกินไป", "valve-not-open": "สั่งวาล์วเปิดแต่วาล์วไม่เปิด",
    "low-water-pressure": "ความดันน้ำในไรเซอร์ต่ำ", "beyond-design": "อากาศภายนอกร้อนเกินที่ออกแบบ",
    "valve-held-open": "วาล์วน้ำเย็นถูกเปิดค้างด้วยมือหรือ override", "valve-held": "วาล์วถูกสั่งค้างด้วยมือหรือ override",
    "valve-passes": "วาล์วน้ำเย็นปิดไม่สนิท", "actuator-stroke": "แอคชูเอเตอร์ปิดไม่สุด",
    "damper-stuck-open": "แดมเปอร์อากาศภายนอกค้างเปิด", "damper-stuck": "แดมเปอร์อากาศภายนอกค้าง",
    "linkage-slipped": "แอคชูเอเตอร์หรือก้านโยงรูด ใบไม่ขยับตามคำสั่ง", "mixed-sensor-wrong": "เซ็นเซอร์ลมผสมอยู่ในแนวลมนอก",
    "return-damper-shut": "แดมเปอร์ลมกลับปิดค้าง", "schedule-left-on": "ตารางเวลาถูกเปิดทิ้งไว้ หรือไม่ได้ตั้งวันหยุด",
    "night-request": "มีโซนเรียกใช้ตอนกลางคืน", "fan-in-hand": "พัดลมอยู่ตำแหน่ง hand หรือ override",
    "filter-dirty": "ฟิลเตอร์สกปรก", "no-water": "น้ำเย็นเข้าไม่พอ: ลมค้าง สเตรนเนอร์ หรือวาล์วมือ",
    "coil-dirty": "คอยล์หรือฟิลเตอร์สกปรก", "warm-fresh-air": "ลมเติมที่ได้รับร้อนและชื้น", "coil-weak": "คอยล์ของห้องเองไม่เย็น",
    "door-open": "ประตูระเบียงหรือหน้าต่างเปิด", "high-load": "แดดหรือคนมากเกินที่เครื่องออกแบบ",
    "tenant-override": "มีคนตั้งค่าด้วยมือ", "special-use": "โซนใช้งานพิเศษ (เซิร์ฟเวอร์ เครื่องถ่ายเอกสาร)",
    "setpoint-outlier": "ค่าตั้งต่ำกว่าโซนอื่นมาก", "undersized": "กล่อง VAV เล็กไปสำหรับโซน",
    "over-pumping": "ปั๊มรองส่งน้ำมากเกินที่คอยล์ใช้", "valves-passing": "วาล์วที่คอยล์ปิดไม่สนิทหรือเปิดโดยไม่จำเป็น",
    "staging-late": "ชิลเลอร์ตัวถัดไปเดินช้า", "tubes-fouled": "ท่อคอนเดนเซอร์สกปรกหรือมีตะกรัน",
    "condenser-fouled": "คอนเดนเซอร์สกปรก", "low-flow": "น้ำระบายความร้อนไหลน้อย", "non-condensables": "มีอากาศในสารทำความเย็น",
    "left-after-work": "override ค้างหลังทดสอบหรือซ่อม", "works-around": "ใช้แก้ขัดอาการเสียอื่น",
    "wanted": "เป็นคำสั่งประจำที่ไม่มีใครบันทึก", "hand-switch": "สวิตช์ hand-off-auto ที่ตู้สตาร์ตอยู่ตำแหน่ง hand",
    "status-wrong": "หน้าสัมผัสสถานะผิด", "tripped": "เบรกเกอร์ โอเวอร์โหลด หรือไดรฟ์ทริป", "chiller-tripped": "ชิลเลอร์ทริป",
    "post-run": "ขั้นตอนหยุดเครื่องไม่ได้สั่งปั๊มหยุด", "load": "ไม่พบความเสีย ภาระความร้อนมากกว่าที่ออกแบบ",
}  # fmt: skip

THAI_CHECKS: Final[dict[str, str]] = {
    "coil-choked": "อ่านความดันตกคร่อมสเตรนเนอร์ และอุณหภูมิน้ำเข้า-ออกคอยล์", "valve-not-open": "ดูก้านวาล์วขณะสั่งจากปิดสุดถึงเปิดสุด",
    "water-too-warm": "เทียบน้ำเย็นที่คอยล์กับน้ำออกจากแพลนต์", "tubes-fouled": "เทียบกับการแปรงท่อครั้งล่าสุด อ่านความดันตกคร่อมคอนเดนเซอร์",
    "low-flow": "อ่านความดันตกคร่อมคอนเดนเซอร์ ดูสเตรนเนอร์", "condenser-fouled": "อ่าน approach คอนเดนเซอร์",
    "damper-stuck-open": "สั่งแดมเปอร์ปิดสุดถึงเปิดสุดแล้วดูใบ", "damper-stuck": "สั่งแดมเปอร์ปิดสุดถึงเปิดสุดแล้วดูใบ",
    "linkage-slipped": "ดูว่าเพลากับแอคชูเอเตอร์หมุนไปด้วยกันไหม", "schedule-left-on": "เปิดดูตารางเวลาของเครื่อง",
    "hand-switch": "ไปดูสวิตช์ hand-off-auto ที่ตู้", "valve-passes": "ปิดวาล์วกั้นแล้วดูว่าลมจ่ายอุ่นขึ้นไหม",
    "actuator-stroke": "ดูก้านวาล์วขณะสั่งปิดสุด", "sensor-drift": "เทียบกับเทอร์โมมิเตอร์อ้างอิงสองอุณหภูมิ",
    "sensor-misplaced": "ดูตำแหน่งและการติดตั้งเซ็นเซอร์", "sensor-frozen": "ใช้มืออุ่นเซ็นเซอร์แล้วดูกราฟ",
    "value-substituted": "ดู out-of-service หรือค่า manual ที่อินพุต", "device-off": "ดูแบตหรือไฟเลี้ยงของอุปกรณ์",
    "link-lost": "ดูว่ามีอุปกรณ์อื่นบนเกตเวย์เดียวกันเงียบด้วยไหม", "left-after-work": "ถามกะและดูบันทึกซ่อมวันนั้น แล้วปล่อย override",
    "valve-held-open": "อ่าน priority array ของคำสั่งวาล์ว", "valve-held": "อ่าน priority array ของคำสั่งวาล์ว",
    "setpoint-outlier": "อ่านเทอร์โมสแตตและขอบเขตค่าตั้ง", "tenant-override": "ถามผู้เช่า แล้วคืนค่าตั้งและขอบเขต",
    "over-pumping": "เทียบความเร็วปั๊มและความดันลูปกับค่าตั้ง", "valves-passing": "ไล่ดูอุณหภูมิน้ำกลับรายชั้นที่ไรเซอร์",
    "warm-fresh-air": "วัดอุณหภูมิและความชื้นที่หัวจ่ายลมเติม", "no-water": "จับท่อคอยล์ทั้งสองเส้น ไล่ลม", "filter-dirty": "ดูฟิลเตอร์",
    "load": "ดูประตูระเบียง ม่าน และจำนวนคน",
}  # fmt: skip

SEVERITIES: Final[dict[str, tuple[str, str]]] = {
    "risk": ("risk to equipment", "เสี่ยงเครื่องเสีย"), "comfort": ("comfort", "กระทบความสบาย"),
    "waste": ("wasted energy", "สิ้นเปลืองพลังงาน"), "info": ("for information", "เพื่อทราบ"),
}  # fmt: skip
