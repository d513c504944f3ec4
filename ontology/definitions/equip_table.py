"""Kinds of equipment, spaces and other entities: deeper is a subtype.

Facts from https://project-haystack.org/doc/lib-phIoT (chapters Equips, AHUs, VAVs, Plants, Motors,
Meters, Elec Panels, VRF, Spaces). After `=`: what older models carry instead, as in `{pump, equip}`.
"""

from __future__ import annotations

from typing import Final

EQUIP: Final = """
entity
  equip
    airHandlingEquip
      ahu
        doas
          mau
        rtu
      crah
      fcu
        crac
        unitVent
        vrf-indoorUnit-fcu
    airCurtain
    airTerminalUnit
      cav
      vav
    actuator
      damper-actuator = damper equip
      valve-actuator = valve equip
    boiler
      hot-water-boiler
      steam-boiler
    chiller
      absorption-chiller = absorptionChiller equip | chillerAbsorption equip
      centrifugal-chiller
      screw-chiller
      scroll-chiller
      reciprocal-chiller
    chilledBeam
      activeChilledBeam
      passiveChilledBeam
    compressor-equip
    conduit
      duct
        discharge-duct
        exhaust-duct
        flue-duct
        inlet-duct
        mixed-duct
        outside-duct
        return-duct
        ventilation-duct
      pipe
        entering-pipe
        leaving-pipe
        bypass-pipe
        header-pipe
      wire
    controls-panel
    coolingTower
      openCircuit-coolingTower
      closedCircuit-coolingTower
    dehumidifier-equip
    elec-panel = elecPanel equip
    elevator-equip
    ates
    circuit
    circuitBreaker
    ats
    unitHeater
    ups
    pdu
    transformer-equip
    elecGenerator = genset equip | generator equip
      engineGenerator
    batteryStorage
    solarPanel
    pvInverter
    evse
      evse-port
      evse-cable
    fumeHood
    heatPump
    heatExchanger = heatExchanger equip | hx equip
      coil
        coolingCoil
          chilled-water-coolingCoil
          dx-coolingCoil
        heatingCoil
          hot-water-heatingCoil
          steam-heatingCoil
          elec-heatingCoil
      heatWheel
      heatRecovery-equip
      condenser-equip
      evaporator-equip
    humidifier-equip
    iaqSensor
    leakDetector-equip
    luminaire
    lighting-panel = lightPanel equip | lightingPanel equip
    meter
      elec-meter
        ac-elec-meter
        dc-elec-meter
      flow-meter
        air-flow-meter
        naturalGas-flow-meter
          naturalGas-meter = gas meter
        fuelOil-flow-meter
        steam-flow-meter
          steam-meter
        water-flow-meter
          water-meter
            domestic-water-meter
            chilled-water-meter
            condenser-water-meter
            hot-water-meter
      thermal-meter
        chilled-water-thermal-meter
        hot-water-thermal-meter
      hvac-meter
    motor
      fan-motor = fan equip
        discharge-fan-motor = discharge fan equip
        return-fan-motor = return fan equip
        exhaust-fan-motor = exhaust fan equip
        relief-fan-motor = relief fan equip
      pump-motor = pump equip
        chilled-water-pump-motor = chilled pump equip
        hot-water-pump-motor = hot pump equip
        condenser-water-pump-motor = condenser pump equip
        domestic-water-pump-motor = domestic pump equip
      compressor-motor
    panel
    plant
      chilled-water-plant = chilledWaterPlant
      condenser-water-plant = condenserWaterPlant
      hot-water-plant = hotWaterPlant
      steam-plant = steamPlant
    radiantEquip
      chilledBeam
      radiator
      radiantFloor
      radiantPanel
    rack
    refrigeratedCase
    refrigerationEquip
    securityPanel
    fireAlarmPanel
    tank
      thermalStorage-tank = iceStorage equip
      expansion-tank
      domestic-water-tank
      fuelOil-tank
      septic-tank
    thermostat
    vfd
    verticalTransport
      elevator
      escalator
      movingWalkway
    vrf-equip
      vrf-indoorUnit = vrf indoorUnit
        vrf-indoorUnit-fcu
      vrf-outdoorUnit
      vrf-branchSelector = branchSelector equip
      vrf-refnet
    waterHeater
      domestic-hot-water-heater
    fireplace
    camera
    door-equip
    weatherStation-equip
  device
    controller
    gateway-device
    router-device
    modem-device
    switch-device
    repeater-device
  network
    bacnet-network
    modbus-network
    knx-network
    lonworks-network
    zigbee-network
  system
  weatherStation
  weather
  schedule
  calendar
  connector
"""

SPACES: Final = """
entity
  site
    campus-site
    building-site
  space
    floor
      ground-floor
      roof-floor
      subterranean-floor
    room
      guestRoom
      conference-room
      mechanical-room
      elec-room
      data-room
      office-room
      restroom
      kitchen-room
      lobby-room
      corridor-room
      stairwell
      shaft
    zone-space
      hvac-zone-space = hvacZone
      lighting-zone-space = lightingZone
      airQuality-zone-space = airQualityZone
      occupancy-zone-space
    zone
    dataCenter
    dataCenter-aisle
      cold-aisle
      hot-aisle
  pointGroup
    airQualityZonePoints
    hvacZonePoints
    lightingZonePoints
"""
