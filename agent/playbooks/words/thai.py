"""Thai as technicians type it, phrase by phrase into the plain English the grammar reads.

Thai has no spaces: the longest phrase wins. Tone marks are often left out or mistyped, so a
phrase that is not found as written is looked up once more without them.
"""

from __future__ import annotations

import re

from agent.playbooks.words import thai_families

_TABLE = """
now-words
ตอนนี้ ขณะนี้ เดี๋ยวนี้ ปัจจุบัน ล่าสุดนี้ = now
วันนี้ = today
เมื่อวานนี้ เมื่อวาน วานนี้ = yesterday
เมื่อวานซืน วานซืน เมื่อวานก่อน = day before yesterday
เช้าวานนี้ เช้าวาน เช้าเมื่อวาน เมื่อวานเช้า เมื่อวานตอนเช้า = yesterday morning
บ่ายวานนี้ บ่ายวาน บ่ายเมื่อวาน เมื่อวานบ่าย เมื่อวานตอนบ่าย = yesterday afternoon
เย็นวานนี้ เย็นวาน เย็นเมื่อวาน เมื่อวานเย็น เมื่อวานตอนเย็น = yesterday evening
เมื่อคืนนี้ เมื่อคืน คืนที่แล้ว คืนที่ผ่านมา คืนวาน = last night
เมื่อเช้านี้ เมื่อเช้า เช้านี้ ช่วงเช้านี้ = this morning
ตั้งแต่เช้า แต่เช้า = since morning
บ่ายนี้ เมื่อบ่าย ช่วงบ่ายนี้ = this afternoon
เย็นนี้ = this evening
คืนนี้ = tonight
ข้ามคืน = overnight
ทั้งคืน ตลอดคืน ทุกคืน ตอนกลางคืน กลางคืน = at night
ทั้งวัน ตลอดวัน = all day
พรุ่งนี้ วันพรุ่งนี้ = tomorrow
มะรืนนี้ มะรืน = day after tomorrow
ตั้งแต่ นับตั้งแต่ นับจาก = since
จนถึง ถึง จน = to
ระหว่าง = between
สัปดาห์นี้ อาทิตย์นี้ วีคนี้ = this week
สัปดาห์ที่แล้ว อาทิตย์ที่แล้ว สัปดาห์ก่อน อาทิตย์ก่อน อาทิตที่แล้ว อาทิตย์ที่ผ่านมา สัปดาห์ที่ผ่านมา = last week
สัปดาห์หน้า อาทิตย์หน้า = next week
เดือนนี้ = this month
เดือนที่แล้ว เดือนก่อน เดือนที่ผ่านมา = last month
เดือนหน้า = next month
ปีนี้ = this year
ปีที่แล้ว ปีก่อน ปีที่ผ่านมา = last year
สุดสัปดาห์ที่แล้ว สุดสัปดาห์ เสาร์อาทิตย์ที่แล้ว เสาร์อาทิตย์ วันหยุด = weekend
ที่ผ่านมา ย้อนหลัง ล่าสุดที่ผ่านมา หลังสุด = back
ที่แล้ว ก่อนหน้านี้ มาแล้ว = ago
วันก่อนหน้านี้ วันก่อนหน้า วันก่อน = day before
ก่อนหน้า ก่อน = before
ช่วงเช้า ตอนเช้า เช้า = morning
ช่วงบ่าย ตอนบ่าย บ่าย = afternoon
ช่วงเย็น ตอนเย็น หัวค่ำ ตอนค่ำ = evening
ตอนดึก = night
ช่วงเวลา ช่วง เวลา = time
วันจันทร์ จันทร์ = monday
วันอังคาร อังคาร = tuesday
วันพุธ = wednesday
วันพฤหัสบดี วันพฤหัส พฤหัส = thursday
วันศุกร์ = friday
วันเสาร์ = saturday
วันอาทิตย์ = sunday
สัปดาห์ อาทิตย์ วีค = weeks
ชั่วโมง ชม. ชม = hours
นาที = minutes
เดือน = months
วัน = days
ปี = year
คืน = night
มกราคม ม.ค. มกรา = january
กุมภาพันธ์ ก.พ. กุมภา = february
มีนาคม มี.ค. มีนา = march
เมษายน เม.ย. เมษา = april
พฤษภาคม พ.ค. พฤษภา = in may
มิถุนายน มิ.ย. มิถุนา = june
กรกฎาคม ก.ค. กรกฎา = july
สิงหาคม ส.ค. สิงหา = august
กันยายน ก.ย. กันยา = september
ตุลาคม ต.ค. ตุลา = october
พฤศจิกายน พ.ย. พฤศจิกา = november
ธันวาคม ธ.ค. ธันวา = december
quantities
อุณหภูมิ อุนหภูมิ อุณภูมิ อุณหภุมิ อุณหภูม อุณหถูมิ เทมป์ เท็มป์ เทม = temp
กี่องศา องศาเท่าไหร่ องศาเท่าไร = how-many degrees temp
องศาเซลเซียส องศาซี เซลเซียส = c
ฟาเรนไฮต์ ฟาเรนไฮท์ องศาเอฟ = f
องศา = degrees
ความชื้นสัมพัทธ์ ความชื้น ความชืน ฮิวมิดิตี้ = humidity
คาร์บอนไดออกไซด์ คาร์บอน ซีโอทู ซีโอ2 = co2
แรงดันน้ำ แรงดันลม แรงดัน ความดัน เพรชเชอร์ = pressure
แรงดันไฟ แรงดันไฟฟ้า โวลต์ = voltage
กระแสไฟ กระแส แอมป์ แอมแปร์ = amps
อัตราการไหล ปริมาณลม ปริมาณน้ำ โฟลว์ โฟลว โฟล = flow
ความเร็วรอบ ความเร็ว สปีด รอบ หมุน = speed
วาล์วน้ำเย็น = cooling valve
วาล์ว วาวล์ วาว = valve
แดมเปอร์ แดมเปอ ใบปรับลม = damper
ฟิลเตอร์ ไส้กรอง แผ่นกรอง กรองอากาศ = filter
น้ำเย็นขาออก น้ำเย็นจ่าย น้ำเย็นส่ง น้ำเย็นซัพพลาย น้ำเย็นด้านจ่าย ซัพพลายน้ำเย็น น้ำเย็นจ่ายรวม = chilled water supply temp
น้ำเย็นขาเข้า น้ำเย็นกลับ น้ำเย็นขากลับ น้ำเย็นรีเทิร์น รีเทิร์นน้ำเย็น รีเทิร์นน้ำเย็นรวม น้ำเย็นกลับรวม = chilled water return temp
น้ำเย็น = chilled water
น้ำคอนเดนเซอร์ น้ำระบายความร้อน น้ำหล่อเย็น = condenser water
คอนเดนเซอร์ คอนเดนเซอ คอนเดนเซ่อร์ = condenser
อีแวป อีวาปอเรเตอร์ = evaporator
ขาออก ด้านออก = leaving
ขาเข้า ด้านเข้า = entering
ลมจ่าย ลมส่ง ลมซัพพลาย ลมเย็นจ่าย ลมออก = supply air temp
ลมกลับ ลมรีเทิร์น = return air temp
อากาศภายนอก อากาศข้างนอก ภายนอก ข้างนอก นอกอาคาร นอกตึก ด้านนอก = outside
กระเปาะเปียก = wet-bulb
เซ็ตพอยต์ เซ็ตพอยท์ เซตพอยต์ เซตพอยท์ เซ็ทพอยท์ ค่าที่ตั้งไว้ ค่าที่ตั้ง ตั้งไว้ที่ ตั้งไว้ = setpoint
แบตเตอรี่ แบต = battery
กำลังไฟฟ้า กำลังไฟ พาวเวอร์ กิโลวัตต์ = power
กินไฟ ใช้ไฟฟ้า ใช้ไฟ เปลืองไฟ = using power
พลังงานไฟฟ้า พลังงาน = energy
การใช้ไฟฟ้า การใช้ไฟ การใช้พลังงาน = energy
ใช้ไฟไปกี่หน่วย กี่หน่วย หน่วยไฟ กิโลวัตต์ชั่วโมง กิโลวัตต์-ชั่วโมง = how-many kwh
ค่าไฟฟ้า ค่าไฟ บิลค่าไฟ = electricity cost
ไฟฟ้า = electricity
ประสิทธิภาพ = efficiency
ทำความเย็น ความเย็นที่ทำได้ ภาระความเย็น = cooling output
โหลด ภาระ = load
ตันความเย็น กี่ตัน = how-many rt
ตัน = rt
เปอร์เซ็นต์ เปอร์เซนต์ เปอร์เซ็น = percent
เดลต้าที เดลต้า ผลต่างอุณหภูมิ = delta-t
แอพโพรช แอปโพรช = approach
ชั่วโมงทำงาน ชั่วโมงการทำงาน ชั่วโมงเดินเครื่อง = runtime
กี่ชั่วโมง เดินกี่ชั่วโมง เปิดกี่ชั่วโมง ทำงานกี่ชั่วโมง = how-many hours run
สตาร์ทกี่ครั้ง สตาร์ตกี่ครั้ง ติดกี่ครั้ง ตัดต่อกี่ครั้ง = how-many times start
กี่ครั้ง = how-many times
มีคนอยู่ มีแขกพัก มีแขก มีคนพัก มีผู้เข้าพัก = occupied
ประตูระเบียง หน้าต่าง = window
พัดลม แฟน = fan
equipment
ชิลเลอร์ ชิลเลอ ชิลเล่อร์ ชิวเลอร์ ชิลเลอร ซิลเลอร์ เครื่องทำน้ำเย็น เครื่องทำความเย็น = chiller
ปั๊มน้ำเย็น ปั้มน้ำเย็น = chilled water pump
ปั๊มคอนเดนเซอร์ ปั้มคอนเดนเซอร์ ปั๊มน้ำคอนเดนเซอร์ ปั๊มน้ำระบายความร้อน = condenser pump
ปั๊มไพรมารี ปั๊มไพรมารี่ ปั๊มปฐมภูมิ = primary pump
ปั๊มเซคันดารี ปั๊มเซกันดารี ปั๊มทุติยภูมิ = secondary pump
ปั๊ม ปั้ม ปัมพ์ ปั๊มพ์ เครื่องสูบน้ำ = pump
เซคันดารี เซกันดารี = secondary
ไพรมารี ไพรมารี่ = primary
คูลลิ่งทาวเวอร์ คูลลิงทาวเวอร์ คูลิ่งทาวเวอร์ คูลลิ่งทาวเวอ คูลลิ่ง หอผึ่งน้ำ หอผึ่งเย็น หอทำความเย็น = cooling tower
ทาวเวอร์ ทาวเวอ = tower
เอเอชยู เครื่องส่งลมเย็น แอร์แฮนด์ลิ่ง = ahu
เอฟซียู แฟนคอยล์ แฟนคอยล แฟนคอย = fcu
โดแอส = doas
วีเอวี = vav
มิเตอร์หลัก มิเตอร์เมน มิเตอร์ใหญ่ มิเตอร์รวม = main meter
มิเตอร์ไฟ มิเตอร์ = meter
เซ็นเซอร์ เซนเซอร์ เซ็นเซอ เซนเซอ เซ็นเซ่อ เซ็นเซอร หัววัด = sensor
ห้องพักแขก ห้องพัก ห้องแขก = guest room
ห้องอาหาร ร้านอาหาร ภัตตาคาร = restaurant
ห้องบอลรูม บอลรูม ห้องจัดเลี้ยง ห้องจัดงาน = ballroom
ห้องทำงาน ออฟฟิศ สำนักงาน ออฟฟิต ออฟฟิส = offices
ล็อบบี้ ล๊อบบี้ ลอบบี้ ล็อบบี โถงต้อนรับ = lobby
ห้องไหน ห้องใด ห้องอะไร = which rooms
ชั้นไหน ชั้นใด = which floors
ไหน = which
ตัวไหน เครื่องไหน ตัวใด เครื่องใด อันไหน = which
ห้องเครื่อง = plant
ห้อง = room
ชั้น = floor
อาคาร ตึก โรงแรม = building
แพลนต์ แพลนท์ แพลนท ระบบทำความเย็น ระบบน้ำเย็น โรงทำน้ำเย็น = plant
อุปกรณ์ เครื่องจักร เครื่องอะไรบ้าง = equipment
เครื่องปรับอากาศ แอร์ = aircon
คอยล์ คอยล = coil
ท่อ = duct
states-and-verbs
เดินอยู่ ทำงานอยู่ กำลังเดิน กำลังทำงาน = is running
เปิดอยู่ ติดอยู่ = is on
ปิดอยู่ ดับอยู่ = is off
เดินเครื่อง ทำงาน เดิน ติด = run
ไม่ทำงาน ไม่เดิน ไม่ติด = not working
เปิดกี่ = position how-many
เปิดทิ้งไว้ เปิดค้าง เปิดตลอด เปิดทั้งคืน = running all night
ปิด ดับ = switchoff
เปิด = switchon
หยุดเดิน หยุด = stopit
สตาร์ท สตาร์ต = startit
สั่งให้ สั่ง = commandit
ปรับเพิ่ม เพิ่ม เร่ง = raiseit
ปรับลด ลด หรี่ = lowerit
ปรับ ตั้งค่า ตั้ง เปลี่ยนค่า = setit
ปลด ยกเลิก คืนค่า = releaseit
รีเซ็ต รีเซต รีเซ็ท = reset
เปลี่ยน = change
ถูกบังคับค่า บังคับค่า ถูกบังคับ ถูกสั่ง บังคับ ถูกฟอร์ซ = forced
โอเวอร์ไรด์ โอเวอร์ไรท์ โอเวอไรด์ โอเวอร์ไรต์ = override
โหมดแมนนวล แมนนวล แมนวล โหมดมือ = manual mode
โหมด = mode
ออโต้ อัตโนมัติ = auto
ไว้ = left
complaints
ไม่เย็นเลย ไม่ค่อยเย็น ไม่เย็น เย็นไม่พอ แอร์ไม่เย็น = not cooling
ร้อนอบอ้าว อบอ้าว = hot humid
ร้อนที่สุด ร้อนสุด = hottest
หนาวที่สุด เย็นที่สุด หนาวสุด เย็นสุด = coldest
ชื้นที่สุด ชื้นสุด = most humid
มากที่สุด มากสุด สูงที่สุด สูงสุด เยอะสุด เยอะที่สุด แพงสุด แพงที่สุด พีค = highest
น้อยที่สุด น้อยสุด ต่ำที่สุด ต่ำสุด แย่สุด แย่ที่สุด = lowest
ร้อนกว่า อุ่นกว่า = hotter than
เย็นกว่า หนาวกว่า = colder than
มากกว่า สูงกว่า เยอะกว่า เกินกว่า เกิน = more than
น้อยกว่า ต่ำกว่า ไม่ถึง = less than
ร้อนมาก ร้อนเกินไป ร้อนจัด ร้อน = hot
หนาวมาก หนาวเกินไป หนาว เย็นเกินไป เย็นเกิน เย็นจัด เย็นเจี๊ยบ = cold
อับชื้น ชื้น แฉะ = humid
เหม็นอับ เหม็น กลิ่น มีกลิ่น = smell
หายใจไม่ออก อึดอัด อับ = stuffy
เสียงดัง ดังมาก ดังผิดปกติ หนวกหู = noisy
ร้องเรียน คอมเพลน คอมเพลน คอมเพลนท์ บ่นว่า บ่น แจ้งว่า = complain
ลูกค้า แขก = guest
กว่า = than
เย็น = cool
faults
ทำไม เหตุใด เพราะอะไร เพราะเหตุใด = why
สาเหตุ ต้นเหตุ = cause
เป็นอะไร เป็นไร ผิดปกติอะไร เป็นอะไรไป = what-is-wrong
วิเคราะห์ ตรวจสอบสาเหตุ วินิจฉัย = diagnose
ผิดปกติ ความผิดปกติ = anomaly
มีปัญหา ปัญหา = problem
สัญญาณเตือน แจ้งเตือน อลาร์ม อลาม อะลาร์ม = alarm
ฟอลต์ ฟอลท์ ข้อบกพร่อง ขัดข้อง = fault
รีบแก้ ต้องแก้ เร่งด่วน ด่วน = urgent
ปกติ = normal
ต่างจาก ต่างกับ แตกต่างจาก = difference vs
เหงื่อแตก เหงื่อ = sweating
หายไป หาย = missing
ทำหน้าที่อะไร มีหน้าที่อะไร ทำอะไร = what-is-it
ขอข้อมูล = details
ค้างไว้ = left
ปิดหรือเปิด เปิดหรือปิด เปิดหรือเปล่า ปิดหรือเปล่า = is on or off yesno
ต่างกัน ต่างกันเท่าไหร่ = difference how-much
คือตัวไหน = what-is-it
ชั้นอะไร = which floors
อยู่ชั้นอะไร อยู่ชั้นไหน = where is
เลี้ยง = feeds
รายละเอียด = details
ผิดปกติยังไง ผิดปกติอย่างไร = what-is-wrong
เกิดอะไรขึ้นกับ เกิดอะไรขึ้น = what happened to
สั่งมือ = by hand
รหัส = code
บ่อยแค่ไหน = how often
ข่าว นิทาน = news
ประหยัดไฟสุด ประหยัดสุด ประหยัดที่สุด = most efficient
คือเครื่องอะไร = what-is-it
เป็นไงบ้าง เป็นอย่างไรบ้าง เป็นยังไงบ้าง = how is
ฟ้อลท์ ฟ้อล ฟอล = fault
มาตรฐาน = standard
อากาศพรุ่งนี้ = weather forecast
ขอบใจ = thanks
อะไรทำให้ = what causes
ทุกกี่เดือน ทุกกี่วัน ทุกกี่ปี = how often
ไม่อัพเดท ไม่อัปเดต ไม่อัพเดต = not updating
ดัง = noisy
ชำรุด เสียบ้าง เสีย พัง = broken
ค้าง นิ่ง แข็งค้าง = stuck
เพี้ยน คลาดเคลื่อน ดริฟท์ ไม่ตรง เชื่อถือไม่ได้ เชื่อถือได้ = drift
ขาดการติดต่อ ขาดการเชื่อมต่อ ไม่ตอบสนอง หลุด ออฟไลน์ = offline
ไม่มีข้อมูล ไม่ส่งข้อมูล ข้อมูลหาย ข้อมูลขาด ข้อมูลไม่มา = no data
ข้อมูล = data
รั่ว = leaking
ต่ำ น้อย = low
สูง มาก เยอะ = high
questions
เท่าไหร่ เท่าไร เท่าไหร เท่าไหล่ เท่าใด = how-much
ต่อตัน = per rt
กี่ = how-many
อะไรบ้าง มีอะไรบ้าง มีอะไร = what-all
อะไร = what
ไหนบ้าง ที่ไหน ตรงไหน อยู่ที่ไหน อยู่ไหน อยู่ตรงไหน = where is
เมื่อไหร่ เมื่อไร เมื่อใด ตอนไหน = when
ใคร = who
อย่างไร ยังไง = how
หรือเปล่า หรือป่าว รึเปล่า รึป่าว หรือไม่ หรือยัง รึยัง ไหมครับ ไหมคะ ใช่ไหม ไหม มั้ย มัย ป่าว มั๊ย = yesno
ไปไหนบ้าง ไปไหน = where to
คืออะไร = what-is-it
แปลว่าอะไร หมายความว่าอะไร หมายถึงอะไร แปลว่า หมายถึง = mean
อยู่ชั้น = on floor
มี = there-is
ไม่ = not
และ กับ แล้วก็ = and
หรือ = or
ของ = of
ที่ = at
ใน = in
จาก = from
ให้หน่อย หน่อย ให้ที ช่วย กรุณา ขอ รบกวน ด้วยครับ ด้วยค่ะ ด้วย = please
ครับ ค่ะ คะ นะ จ้า จ้ะ ฮะ ผม ดิฉัน เรา ค้าบ ครับผม = politely
ทุกตัว ทุกเครื่อง ทั้งหมด ทุก = all
แต่ละ = each
ตัว เครื่อง = units
อยู่ = stays
เป็น = to
ไป = go
ได้ = can
จ่ายลม จ่ายน้ำเย็น จ่ายน้ำ จ่าย = feeds
ใช้แอร์จาก รับลมจาก รับน้ำจาก รับน้ำเย็นจาก = fed by
ใช้ = use
เทียบ เปรียบเทียบ เทียบกับ เปรียบเทียบกับ = compare
เฉลี่ย ค่าเฉลี่ย = average
รวม ทั้งสิ้น = total
กราฟ = graph
แนวโน้ม เทรนด์ เทรน = trend
ประวัติการซ่อม ประวัติซ่อม ประวัติการบำรุงรักษา = maintenance history
ประวัติ บันทึก = history
แสดง ดู โชว์ = show
รายชื่อ รายการ ลิสต์ = list
หา ค้นหา = find
สถานะ = status
documents
วิธีการ วิธี ทำยังไง ทำอย่างไร = how to
ขั้นตอน = procedure
คู่มือ = manual-book
ตามสเปค สเปค สเปก = spec
ล้าง ทำความสะอาด = cleaning
ควร ต้อง = should
ใบงาน ใบแจ้งซ่อม งานซ่อม = work orders
ค่าซ่อม ค่าใช้จ่ายในการซ่อม ค่าบำรุงรักษา = repair cost
ซ่อมล่าสุด = last repaired
ซ่อมบำรุง บำรุงรักษา = maintenance
ซ่อม = repaired
ช่าง = technician
ล่าสุด ครั้งสุดท้าย = latest
สรุปประจำวัน = daily summary
สรุปประจำสัปดาห์ = weekly summary
สรุปประจำเดือน = monthly summary
สรุป = summary
ประจำวัน = daily
รายงานประจำวัน = daily report
รายงานประจำสัปดาห์ = weekly report
รายงานประจำเดือน = monthly report
รายงาน สรุปรายงาน รีพอร์ต = report
ส่งกะ ส่งเวร = handover
ค่า = value
ทำงานยังไง ทำงานอย่างไร ทำงานแบบไหน = how-works
อธิบาย = explain
ทุกกี่ = every how-many
ครั้งล่าสุด = last time
สายพาน = belt
ลูกปืน แบริ่ง = bearing
เติมน้ำยา = refrigerant top up
น้ำยาแอร์ น้ำยา = refrigerant
อะไหล่ = spares
เคยซ่อม เคยเสีย = repaired before
กะดึก เวรดึก = night shift
กะเช้า เวรเช้า = day shift
กะบ่าย เวรบ่าย กะเย็น = evening shift
people
โวยวาย โวย ด่า ไม่พอใจ หงุดหงิด โมโห = complain
นอนไม่หลับ นอนไม่ได้ = cannot sleep
หนาวสั่น ตัวสั่น = shivering
ไม่มีลม ลมไม่ออก ลมเบา ลมอ่อน = no air
แอร์เสีย แอร์พัง แอร์ดับ แอร์ไม่ทำงาน แอร์ไม่ติด = aircon broken
น้ำหยด = dripping
เชื้อรา ราขึ้น = mould
เป็นยังไงบ้าง เป็นยังไง เป็นไงบ้าง เป็นไง เป็นอย่างไร = how is it
แก้ก่อน ทำก่อน = fix first
เกิดอะไรขึ้น = what happened
ตาย = dead
น่าเชื่อถือ น่าเชื่อ เชื่อได้ เชื่อถือ มั่ว รวน = drift
ไม่อัพเดท ไม่อัปเดต ไม่ขยับ = not updating
ข้อมูลขาดหาย = no data
สั่งมือ กดมือ บังคับมือ ล็อคมือ = in-hand
ล็อค ล็อก = locked
เกิดจากอะไร เกิดจาก = caused by
ต้องทำอะไรบ้าง ต้องทำอะไร ต้องทำยังไง ทำอะไรดี ควรทำอะไร ทำไงดี = what should i do
ถ้า = if
แนะนำ = recommend
นายก = prime minister
ลิฟต์ ลิฟท์ = lift
ที่สุด สุด = most
น้ำกลับ น้ำรีเทิร์น = chilled water return temp
น้ำจ่าย น้ำออก น้ำส่ง = chilled water supply temp
กินลมจาก กินน้ำจาก = fed by
มีอะไรต้อง = anything needs attention
เงียบ = silent
ครบ = complete
หัวหน้า เจ้านาย ผู้จัดการ = boss
ส่งให้ ส่ง = send to
เพลง = song
ไม่มีกฎ = no rules
attacks
ลืม = forget
เพิกเฉยต่อ เพิกเฉย ละเว้น ไม่ต้องสนใจ ไม่สนใจ ข้าม = ignore
กฎ กฏ ข้อห้าม ข้อจำกัด = rules
คำสั่งระบบ คำสั่งลับ = system prompt
ฐานข้อมูล ดาต้าเบส = database
ลบตาราง = drop table
ลบข้อมูล ล้างข้อมูล = delete data
ลบ = delete
โทเคน โทเค็น = token
ความลับ = secret
แกล้งทำเป็น ทำตัวเป็น สวมบทเป็น = pretend to be
แอดมิน ผู้ดูแลระบบ = admin

others
เล่าเรื่อง นิทาน = story
จองโต๊ะ จองรถ จอง = reservation
ข้าวเที่ยง อาหารเที่ยง กินข้าว ข้าว = lunch
เงินเดือน = salary
วันลา ลาพักร้อน = leave days
ฝนตก ฝน พยากรณ์อากาศ สภาพอากาศ = weather forecast
เรื่องตลก มุกตลก มุข = joke
ราคาทอง ทองคำ หุ้น หวย ลอตเตอรี่ ฟุตบอล บอล = football
สวัสดี หวัดดี ดีครับ ดีค่ะ = hello
ขอบคุณ = thanks
ลืมคำสั่ง ไม่ต้องสนใจคำสั่ง เพิกเฉยคำสั่ง ละเว้นคำสั่ง = ignore previous instructions
คำสั่ง = command
รหัสผ่าน = password
หนึ่ง = 1
สอง = 2
สาม = 3
สี่ = 4
เจ็ด = 7
แปด = 8
เก้า = 9
สิบ = 10
ครึ่ง = half
"""

_TONES = re.compile("[\u0e47-\u0e4c\u0e4d]")
_SILENT = re.compile("[ก-ฮ]์")
_DOUBLE = re.compile(r"(.)\1+")
_VOWELS = str.maketrans("ีึืใูฏฎศษณฬฆฑธฒฐ", "ิิิไุตตสสนลคทททถ")
_MARKS = dict.fromkeys(range(0x0E47, 0x0E4E))
_LOOSE_LEAST = 5
"""Letters of a phrase below which a loose spelling could be another word."""
_RUN = re.compile("[\u0e00-\u0e7f][\u0e00-\u0e7f.]*")


def _bare(text: str) -> str:
    """Without tone marks and the like; the two `ai` vowels as one."""
    return _TONES.sub("", text).replace("ใ", "ไ")


def _loose(text: str) -> str:
    """Long and short vowels as one, silent and doubled letters gone: how a word sounds in a hurry."""
    return _DOUBLE.sub(r"\1", _SILENT.sub("", text).translate(_VOWELS)).translate(_MARKS)


def _table() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in (_TABLE + thai_families.TABLE).strip().splitlines():
        phrases, _, plain = line.partition(" = ")
        if not plain:
            continue
        for phrase in phrases.split():
            found.setdefault(phrase, plain)
    return found


PHRASES = _table()
_BARE: dict[str, str] = {}
_LOOSE: dict[str, str] = {}
for _phrase, _plain in PHRASES.items():
    _BARE.setdefault(_bare(_phrase), _plain)
    if len(_loose(_phrase)) >= _LOOSE_LEAST:
        _LOOSE.setdefault(_loose(_phrase), _plain)
_LONGEST = max(map(len, PHRASES))

_HOUR = r"(\d{1,2}|หนึ่ง|สอง|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบเอ็ด|สิบ)"
_WORD_HOURS = {
    "หนึ่ง": 1, "สอง": 2, "สาม": 3, "สี่": 4, "ห้า": 5, "หก": 6, "เจ็ด": 7, "แปด": 8, "เก้า": 9,
    "สิบ": 10, "สิบเอ็ด": 11,
}  # fmt: skip
_CLOCKS: tuple[tuple[re.Pattern[str], int], ...] = (
    # Thai day parts: "3 ทุ่ม" is 21:00, "บ่าย 3 (โมง)" 15:00, "5 โมงเย็น" 17:00, "ตี 2" 02:00
    (re.compile(rf"{_HOUR}\s*ทุ่ม"), 18),
    (re.compile(rf"บ่าย\s*{_HOUR}(?:\s*โมง)?(?!\s*(?:ชั่วโมง|ชม|วัน|นาที|องศา))"), 12),
    (re.compile(rf"{_HOUR}\s*โมง\s*เย็น"), 12),
    (re.compile(rf"ตี\s*{_HOUR}"), 0),
    (re.compile(rf"{_HOUR}\s*โมง(?:\s*เช้า)?"), 0),
)
_FIXED_CLOCKS = (
    ("เที่ยงคืน", " 00:00 "),
    ("เที่ยงวัน", " 12:00 "),
    ("บ่ายโมง", " 13:00 "),
    ("เที่ยง", " 12:00 "),
)
_DIGIT_CLOCK = re.compile(
    r"(\d{1,2})[.:](\d{2})\s*(?:น\.|น(?![\u0e00-\u0e7f]))|(\d{1,2})\s*(?:นาฬิกา|น\.)"
)


def has_thai(text: str) -> bool:
    """Whether any Thai letter is in it."""
    return any("\u0e00" <= letter <= "\u0e7f" for letter in text)


def to_plain(text: str) -> str:
    """Thai phrases as plain English words; what is not known stays as it is."""
    if not has_thai(text):
        return text
    for phrase, clock in _FIXED_CLOCKS:
        text = text.replace(phrase, clock)
    for pattern, offset in _CLOCKS:
        text = pattern.sub(lambda m, add=offset: _clock(m.group(1), add), text)  # type: ignore[misc]
    text = _DIGIT_CLOCK.sub(lambda m: f" {m.group(1) or m.group(3)}:{m.group(2) or '00'} ", text)
    return _RUN.sub(lambda m: _translate(m.group()), text.replace("ๆ", " "))


def _clock(hour: str, add: int) -> str:
    value = (int(hour) if hour.isdigit() else _WORD_HOURS[hour]) + add
    return f" {value % 24:02d}:00 "


def _translate(run: str) -> str:
    words: list[str] = []
    unknown: list[str] = []
    at = 0
    while at < len(run):
        length, plain = _longest(run, at)
        if length:
            if unknown:
                words.append("".join(unknown))
                unknown = []
            words.append(plain)
        else:
            unknown.append(run[at])
        at += length or 1
    words.append("".join(unknown))
    return f" {' '.join(words)} "


def _longest(run: str, at: int) -> tuple[int, str]:
    """The longest phrase that starts here, as written, else without tone marks."""
    reach = min(_LONGEST + 2, len(run) - at)
    for length in range(reach, 1, -1):
        plain = PHRASES.get(run[at : at + length])
        if plain is not None:
            return length, plain
    for length in range(reach, 2, -1):
        bare = _bare(run[at : at + length])
        plain = _BARE.get(bare) if len(bare) > 1 else None
        if plain is not None:
            return length, plain
    for length in range(reach, _LOOSE_LEAST - 1, -1):
        plain = _LOOSE.get(_loose(run[at : at + length]))
        if plain is not None:
            return length, plain
    return 0, ""
