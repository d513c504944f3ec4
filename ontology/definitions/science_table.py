"""Phenomena, substances and quantities, and which units measure a quantity.

Facts from https://project-haystack.org/doc/lib-phScience.
"""

from __future__ import annotations

from typing import Final

PHENOMENA: Final = """
phenomenon
  substance
    fluid
      gas
        air
          discharge-air
          exhaust-air
          flue-air
          mixed-air
          outside-air
          relief-air
          return-air
          ventilation-air
          zone-air
        ch2o
        ch4
        co
        co2
        hfc
        n2o
        naturalGas
        nh3
        no2
        nf3
        o2
        o3
        sf6
        so2
        steam
        tvoc
        biogas
        hydrogen
        propane
        refrig
          refrig-gas
      liquid
        water
          blowdown-water
          chilled-water
          condensate-water
          condenser-water
          domestic-water
            domestic-hot-water
            domestic-cold-water
          gray-water
          hot-water
          makeup-water
          waste-water
        fuelOil
        diesel
        gasoline
        liquefiedNaturalGas
        glycol
        refrig
          refrig-liquid
    solid
      biomass
      coal
      ice
      ash
      salt
      pm01
      pm10
      pm25
  elec
    ac-elec
    dc-elec
  energyForm
  light
  sound
  thermal
  heat
  vibration
  motion
  precipitation
  rain
  snow
  fog
  cloudage
  daytime
  smoke
"""

QUANTITIES: Final = """
quantity
  acceleration
  angle
  area
  apparentPower
  concentration
    air-co2
    air-co
    air-tvoc
    air-pm25
    air-pm10
  conductivity
  count
  current
    elec-current
  cloudCover
  cycle
  demand
  density
  direction
  duration
  efficiency
  energy
    active-energy
    apparent-energy
    reactive-energy
  enthalpy
  flow
    air-flow
    water-flow
  force
  freq
  grainDensity
  humidity
  illuminance
  irradiance
  insolation
  intensity
  length
  level
  load
  luminance
  magnitude
  mass
  occupancy
  oilLevel
  pf
  ph
  phLevel
  position
  power
    active-power
    apparent-power
    reactive-power
  pressure
    atmospheric-pressure
      barometric-pressure
    delta-pressure
    gauge-pressure
    static-pressure
    differential-pressure
    head-pressure
    suction-pressure
    velocity-pressure
  price
  rate
  resistance
  rotation
  runtime
  signal
  size
  speed
    wind-speed
  stateOfCharge
  temp
    delta-temp
    dewPoint
    dryBulb
    feelsLike
    surface-temp
    wetBulb
    globe-temp
    heatIndex
    windChill
    subcooling
    superheat
  thd
  time
  turbidity
  velocity
  visibility
  volt
    elec-volt
  volume
  weight
"""

KINDS_OF_QUANTITY: Final[dict[str, tuple[str, ...]]] = {
    # quantity tag on a point -> kinds of units (ontology.units) that can measure it
    "temp": ("temp", "temp-difference"),
    "dewPoint": ("temp",),
    "wetBulb": ("temp",),
    "humidity": ("humidity", "percent", "humidity-ratio", "density"),
    "pressure": ("pressure",),
    "flow": ("flow", "mass-flow", "velocity", "percent"),
    "power": ("power", "apparent-power", "reactive-power", "percent"),
    "energy": ("energy", "apparent-energy", "reactive-energy", "volume", "mass"),
    "volt": ("voltage", "angle", "percent"),
    "current": ("current", "angle", "percent"),
    "freq": ("frequency", "percent", "rotation"),
    "pf": ("power-factor", "percent", "ratio"),
    "enthalpy": ("enthalpy",),
    "co2": ("co2", "mass-concentration", "percent"),
    "illuminance": ("illuminance",),
    "irradiance": ("irradiance",),
    "volume": ("volume", "percent"),
}
"""A valve's or a fan's `temp`, say, is never in kW; where % stands, equipment reports a share of its rating."""
