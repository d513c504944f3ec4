"""The table of units: symbol, names, kind of quantity, and the factor to the kind's base unit.

Symbols and names are those of Haystack's unit database (https://project-haystack.org/doc/docHaystack/Units)
beside the ones people write. Factors are exact by definition or from NIST SP 811, appendix B.8/B.9
(https://www.nist.gov/pml/special-publication-811). Btu is the International Table one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

KW_PER_RT: Final = 3.51685
"""One refrigeration ton is 12,000 Btu(IT)/h."""
_BTU_KWH: Final = KW_PER_RT / 12_000
_FAHRENHEIT: Final = 5 / 9
_GALLON_L: Final = 3.785411784
_IMPERIAL_L: Final = 4.54609
_FT3_L: Final = 28.316846592
_LB: Final = 0.45359237
_FT: Final = 0.3048
_FT2: Final = _FT * _FT
_UNKNOWN: Final = float("nan")
"""What one currency is worth in another is no property of a unit."""


@dataclass(frozen=True)
class Unit:
    """`base = value * scale + offset`, where base is the kind's first unit; `inverse`: base = scale / value."""

    symbol: str
    kind: str
    scale: float
    offset: float = 0.0
    inverse: bool = False
    names: tuple[str, ...] = ()

    def to_base(self, value: float) -> float:
        return _over(self.scale, value) if self.inverse else value * self.scale + self.offset

    def from_base(self, base: float) -> float:
        return _over(self.scale, base) if self.inverse else (base - self.offset) / self.scale


def _over(top: float, bottom: float) -> float:
    return top / bottom if bottom else float("nan")


_Rows: TypeAlias = Mapping[str, Mapping[str, "float | tuple[float, float]"]]

_SHOWN: Final[_Rows] = {
    # kind -> "symbol names..." -> scale, or (scale, offset); these are the units people are answered in
    "temp": {
        "°C celsius degrees_celsius": 1.0,
        "°F fahrenheit degrees_fahrenheit": (_FAHRENHEIT, -32 * _FAHRENHEIT),
        "K kelvin": (1.0, -273.15),
    },
    "temp-difference": {"K": 1.0, "°C": 1.0, "°F": _FAHRENHEIT},
    "power": {
        "kW kilowatt": 1.0,
        "W watt": 1e-3,
        "MW megawatt": 1e3,
        "RT tonref tons_refrigeration": KW_PER_RT,
        "Btu/h BTU/h btus_per_hour": _BTU_KWH,
        "MBH kBTU/h kilobtus_per_hour": 1e3 * _BTU_KWH,
        "hp horsepower": 0.7456999,
    },
    "energy": {
        "kWh kilowatt_hour": 1.0,
        "Wh watt_hour": 1e-3,
        "MWh megawatt_hour": 1e3,
        "GWh gigawatt_hour": 1e6,
        "MJ megajoule": 1 / 3.6,
        "GJ gigajoule": 1e3 / 3.6,
        "RTh tonrefh tons_refrigeration_hour": KW_PER_RT,
        "kBtu kBTU kilobtu": 1e3 * _BTU_KWH,
    },
    "pressure": {
        "Pa pascal": 1.0,
        "kPa kilopascal": 1e3,
        "bar": 1e5,
        "mbar millibar": 100.0,
        "psi pounds_per_square_inch": 6894.757,
        "inH₂O in/wc inches_of_water": 249.089,
        "ftH₂O feet_of_water": 2989.067,
        "mH₂O meters_of_water": 9806.65,
    },
    "flow": {
        "L/s liters_per_second": 1.0,
        "m³/h cubic_meters_per_hour": 1 / 3.6,
        "m³/s cubic_meters_per_second": 1e3,
        "cfm cubic_feet_per_minute ft³/min": _FT3_L / 60,
        "gpm gal/min gallons_per_minute": _GALLON_L / 60,
        "L/min liters_per_minute": 1 / 60,
    },
    "humidity": {"%RH percent_relative_humidity": 1.0, "%": 1.0},
    "percent": {"% percent": 1.0},
    "co2": {"ppm parts_per_million": 1.0},
    "current": {"A ampere amp amps": 1.0},
    "voltage": {"V volt volts": 1.0, "kV kilovolt": 1e3},
    "duration": {"h hr hour": 1.0, "min minute": 1 / 60, "s sec second": 1 / 3600, "d day": 24.0},
    "efficiency": {"kW/RT kW/ton kilowatts_per_ton": 1.0},
}

_MORE: Final[_Rows] = {
    "temp": {"°R degrees_rankine rankine": (_FAHRENHEIT, -273.15)},
    "temp-difference": {"Δ°C celsius_degrees": 1.0, "Δ°F fahrenheit_degrees": _FAHRENHEIT, "ΔK kelvin_degrees": 1.0},
    "power": {
        "mW milliwatt": 1e-6,
        "GW gigawatt": 1e6,
        "BTU/s btus_per_second": 3600 * _BTU_KWH,
        "BTU/min btus_per_minute": 60 * _BTU_KWH,
        "MMBTU/h megabtus_per_hour": 1e6 * _BTU_KWH,
        "therm/h therms_per_hour": 1e5 * _BTU_KWH,
        "bhp boiler_horsepower": 9.80950,
        "PS metric_horsepower": 0.73549875,
        "J/h joules_per_hour": 1e-3 / 3600,
        "kJ/h kilojoules_per_hour": 1 / 3600,
        "MJ/h megajoules_per_hour": 1 / 3.6,
        "GJ/h gigajoules_per_hour": 1e3 / 3.6,
        "kcal/h kilocalories_per_hour": 4.1868 / 3600,
        "ft·lbf/s foot_pounds_per_second": 1.355818e-3,
    },
    "energy": {
        "J joule": 1e-3 / 3600,
        "kJ kilojoule": 1 / 3600,
        "TJ terajoule": 1e6 / 3.6,
        "BTU Btu btu": _BTU_KWH,
        "MMBTU MBTU megabtu": 1e6 * _BTU_KWH,
        "therm": 1e5 * _BTU_KWH,
        "decatherm dekatherm": 1e6 * _BTU_KWH,
        "cal calorie": 4.1868e-3 / 3600,
        "kcal kilocalorie": 4.1868 / 3600,
        "ftlbs foot_pound": 1.355818e-3 / 3600,
        "hph horsepower_hour": 0.7456999,
        "TWh terawatt_hour": 1e9,
    },
    "apparent-power": {"kVA kilovolt_ampere": 1.0, "VA volt_ampere": 1e-3, "MVA megavolt_ampere": 1e3},
    "reactive-power": {
        "kVAR kvar kilovolt_ampere_reactive": 1.0,
        "VAR var volt_ampere_reactive": 1e-3,
        "MVAR megavolt_ampere_reactive": 1e3,
    },
    "apparent-energy": {
        "kVAh kilovolt_ampere_hour": 1.0,
        "VAh volt_ampere_hour": 1e-3,
        "MVAh megavolt_ampere_hour": 1e3,
    },
    "reactive-energy": {
        "kVARh kvarh kilovolt_ampere_reactive_hour": 1.0,
        "VARh varh volt_ampere_reactive_hour": 1e-3,
        "MVARh megavolt_ampere_reactive_hour": 1e3,
    },
    "pressure": {
        "hPa hectopascal": 100.0,
        "MPa megapascal": 1e6,
        "atm atmosphere": 101_325.0,
        "inHg inches_of_mercury": 3386.389,
        "mmHg millimeters_of_mercury": 133.3224,
        "cmHg centimeters_of_mercury": 1333.224,
        "torr": 133.3224,
        "cmH₂O centimeters_of_water": 98.0665,
        "mmH₂O millimeters_of_water": 9.80665,
        "lbf/ft² psf pounds_per_square_foot": 47.88026,
        "ksi": 6894757.0,
        "kgf/cm² kilograms_force_per_square_centimeter": 98_066.5,
        "dyn/cm² dynes_per_square_centimeter": 0.1,
        "N/m² newtons_per_square_meter": 1.0,
        "µPa micropascal": 1e-6,
        "mPa millipascal": 1e-3,
    },
    "flow": {
        "L/h liters_per_hour": 1 / 3600,
        "mL/s milliliters_per_second": 1e-3,
        "mL/min milliliters_per_minute": 1e-3 / 60,
        "m³/min cubic_meters_per_minute": 1e3 / 60,
        "m³/d cubic_meters_per_day": 1e3 / 86_400,
        "cfh ft³/h cubic_feet_per_hour": _FT3_L / 3600,
        "cfs ft³/s cubic_feet_per_second": _FT3_L,
        "kcfm kilocubic_feet_per_minute": 1e3 * _FT3_L / 60,
        "gal/h gph gallons_per_hour": _GALLON_L / 3600,
        "gal/d gallons_per_day": _GALLON_L / 86_400,
        "gal/s gallons_per_second": _GALLON_L,
        "gal_uk/min imperial_gallons_per_minute": _IMPERIAL_L / 60,
        "hL/s hectoliters_per_second": 100.0,
        "Ml/d megaliters_per_day": 1e6 / 86_400,
    },
    "mass-flow": {
        "kg/s kilograms_per_second": 1.0,
        "kg/min kilograms_per_minute": 1 / 60,
        "kg/h kilograms_per_hour": 1 / 3600,
        "g/s grams_per_second": 1e-3,
        "g/min grams_per_minute": 1e-3 / 60,
        "t/h metric_tons_per_hour": 1 / 3.6,
        "lb/s pounds_per_second": _LB,
        "lb/min pounds_per_minute": _LB / 60,
        "lb/h pph pounds_per_hour": _LB / 3600,
        "klb/h kilopounds_per_hour": 1e3 * _LB / 3600,
        "ton/h short_tons_per_hour": 2000 * _LB / 3600,
    },
    "velocity": {
        "m/s meters_per_second": 1.0,
        "m/min meters_per_minute": 1 / 60,
        "m/h meters_per_hour": 1 / 3600,
        "mm/s millimeters_per_second": 1e-3,
        "cm/s centimeters_per_second": 1e-2,
        "mm/min millimeters_per_minute": 1e-3 / 60,
        "mm/h millimeters_per_hour": 1e-3 / 3600,
        "km/s kilometers_per_second": 1e3,
        "km/h kilometers_per_hour kph": 1 / 3.6,
        "ft/s feet_per_second": _FT,
        "ft/min feet_per_minute fpm": _FT / 60,
        "in/h inches_per_hour": 0.0254 / 3600,
        "mph miles_per_hour": 0.44704,
        "knot knots": 1852 / 3600,
    },
    "acceleration": {
        "m/s² meters_per_second_squared": 1.0,
        "ft/s² feet_per_second_squared": _FT,
        "gₙ standard_gravity": 9.80665,
    },
    "length": {
        "m meter metre meters": 1.0,
        "km kilometer": 1e3,
        "cm centimeter": 1e-2,
        "mm millimeter": 1e-3,
        "µm micrometer micron": 1e-6,
        "in inch inches": 0.0254,
        "ft foot feet": _FT,
        "yd yard": 0.9144,
        "mile miles": 1609.344,
    },
    "area": {
        "m² square_meter": 1.0,
        "cm² square_centimeter": 1e-4,
        "mm² square_millimeter": 1e-6,
        "km² square_kilometer": 1e6,
        "ha hectare": 1e4,
        "ft² sqft square_foot square_feet": _FT2,
        "in² square_inch": 0.0254**2,
        "yd² square_yard": 0.9144**2,
        "mile² square_mile": 1609.344**2,
        "acre": 4046.8564224,
    },
    "volume": {
        "L liter litre liters": 1.0,
        "mL milliliter": 1e-3,
        "hL hectoliter": 100.0,
        "kL kiloliter": 1e3,
        "ML megaliter": 1e6,
        "m³ cubic_meter": 1e3,
        "cm³ cubic_centimeter": 1e-3,
        "mm³ cubic_millimeter": 1e-6,
        "ft³ cubic_foot cf": _FT3_L,
        "in³ cubic_inch": 0.016387064,
        "yd³ cubic_yard": 764.554857984,
        "gal gallon gallons": _GALLON_L,
        "kgal kilogallon": 1e3 * _GALLON_L,
        "gal_uk imperial_gallon": _IMPERIAL_L,
        "qt quart": _GALLON_L / 4,
        "pt pint": _GALLON_L / 8,
        "fl_oz fluid_ounce": _GALLON_L / 128,
        "ccf hundred_cubic_feet": 100 * _FT3_L,
        "Mcf kilo_cubic_feet": 1e3 * _FT3_L,
        "bbl barrel": 42 * _GALLON_L,
    },
    "mass": {
        "kg kilogram": 1.0,
        "g gram": 1e-3,
        "mg milligram": 1e-6,
        "µg microgram": 1e-9,
        "t metric_ton tonne": 1e3,
        "lb pound pounds": _LB,
        "klb kilopound": 1e3 * _LB,
        "oz ounce": _LB / 16,
        "gr grain": _LB / 7000,
        "short_ton": 2000 * _LB,
        "long_ton": 2240 * _LB,
    },
    "density": {
        "kg/m³ kilograms_per_cubic_meter": 1.0,
        "g/m³ grams_per_cubic_meter": 1e-3,
        "g/L grams_per_liter": 1.0,
        "lb/ft³ pounds_per_cubic_foot": _LB / (_FT2 * _FT),
    },
    "mass-concentration": {
        "µg/m³ micrograms_per_cubic_meter": 1.0,
        "mg/m³ milligrams_per_cubic_meter": 1e3,
        "ng/m³ nanograms_per_cubic_meter": 1e-3,
        "mg/L milligrams_per_liter": 1e6,
        "µg/L micrograms_per_liter": 1e3,
    },
    "co2": {"ppb parts_per_billion": 1e-3, "ppt parts_per_trillion": 1e-6, "ppu parts_per_unit": 1e6},
    "percent": {"‰ permille": 0.1},
    "ratio": {"x": 1.0},
    "power-factor": {"pf power_factor": 1.0},
    "humidity-ratio": {
        "gH₂O/kgAir g/kg grams_of_water_per_kilogram_dry_air": 1.0,
        "gr/lb grains_of_water_per_pound_dry_air": 1 / 7,
    },
    "enthalpy": {
        "kJ/kg kilojoules_per_kilogram": 1.0,
        "J/kg joules_per_kilogram": 1e-3,
        "kJ/kg_dry kilojoules_per_kilogram_dry_air": 1.0,
        "J/kg_dry joules_per_kilogram_dry_air": 1e-3,
        "BTU/lb btus_per_pound": 2.326,
        "BTU/lb_dry btus_per_pound_dry_air": 2.326,
    },
    "entropy": {"kJ/K kilojoules_per_degree_kelvin": 1.0, "J/K joules_per_degree_kelvin": 1e-3},
    "specific-heat": {
        "kJ/kg_K kJ/kg°K kilojoules_per_kilogram_degree_kelvin": 1.0,
        "J/kg_K J/kg°K joules_per_kilogram_degree_kelvin": 1e-3,
        "BTU/lb°F btus_per_pound_degree_fahrenheit": 4.1868,
    },
    "thermal-conductivity": {
        "W/m_K W/m°K watts_per_meter_degree_kelvin": 1.0,
        "BTU/h_ft_°F btus_per_hour_foot_degree_fahrenheit": 1.730735,
    },
    "heat-transfer": {
        "W/m²_K W/m²°K watts_per_square_meter_degree_kelvin": 1.0,
        "BTU/h_ft²_°F btus_per_hour_square_foot_degree_fahrenheit": 5.678263,
    },
    "thermal-resistance": {"m²K/W square_meter_kelvin_per_watt": 1.0, "ft²h°F/BTU r_value": 0.1761102},
    "frequency": {
        "Hz hertz": 1.0,
        "kHz kilohertz": 1e3,
        "MHz megahertz": 1e6,
        "GHz gigahertz": 1e9,
        "cpm cycles_per_minute": 1 / 60,
        "cph cycles_per_hour": 1 / 3600,
    },
    "rotation": {
        "rpm revolutions_per_minute": 1.0,
        "rps revolutions_per_second": 60.0,
        "rad/s radians_per_second": 9.549296585513721,
        "deg/s degrees_per_second": 1 / 6,
    },
    "air-change": {"ach air_changes_per_hour": 1.0, "air_changes_per_minute": 60.0},
    "angle": {"deg degrees_angular °": 1.0, "rad radian": 57.29577951308232, "arcmin": 1 / 60},
    "solid-angle": {"sr steradian": 1.0},
    "current": {"mA milliampere": 1e-3, "µA microampere": 1e-6, "kA kiloampere": 1e3},
    "charge": {"Ah ampere_hour": 1.0, "mAh milliampere_hour": 1e-3, "coulomb": 1 / 3600},
    "voltage": {"mV millivolt": 1e-3, "µV microvolt": 1e-6, "MV megavolt": 1e6},
    "voltage-time": {"Vh volt_hour": 1.0},
    "electric-resistance": {"Ω ohm": 1.0, "mΩ milliohm": 1e-3, "kΩ kilohm": 1e3, "MΩ megohm": 1e6},
    "conductance": {"S siemens": 1.0, "mS millisiemens": 1e-3, "µS microsiemens": 1e-6},
    "conductivity": {
        "µS/cm microsiemens_per_centimeter": 1.0,
        "mS/cm millisiemens_per_centimeter": 1e3,
        "S/m siemens_per_meter": 1e4,
    },
    "resistivity": {"Ωm ohm_meter": 1.0},
    # farad and coulomb stand under their names only: in a building F and C are temperatures
    "capacitance": {"farad": 1.0, "µF microfarad": 1e-6, "nF nanofarad": 1e-9},
    "inductance": {"henry": 1.0, "mH millihenry": 1e-3},
    "magnetic-flux": {"Wb weber": 1.0},
    "magnetic-flux-density": {"T tesla": 1.0},
    "field-strength": {"V/m volts_per_meter": 1.0},
    "illuminance": {"lx lux": 1.0, "klx kilolux": 1e3, "ftcd footcandle footcandles fc": 10.76391, "phot": 1e4},
    "luminous-flux": {"lm lumen": 1.0},
    "luminous-intensity": {"cd candela": 1.0},
    "luminance": {"cd/m² candelas_per_square_meter": 1.0},
    "irradiance": {
        "W/m² W/m²_irr watts_per_square_meter watts_per_square_meter_irradiance": 1.0,
        "kW/m² kilowatts_per_square_meter": 1e3,
        "W/ft² W/ft²_irr watts_per_square_foot watts_per_square_foot_irradiance": 1 / _FT2,
        "BTU/h_ft² btus_per_hour_square_foot": 1e3 * _BTU_KWH / _FT2,
        "kW/ft² kilowatts_per_square_foot": 1e3 / _FT2,
    },
    "energy-per-area": {
        "kWh/m² kilowatt_hours_per_square_meter": 1.0,
        "Wh/m² watt_hours_per_square_meter": 1e-3,
        "MJ/m² megajoules_per_square_meter": 1 / 3.6,
        "kJ/m² kilojoules_per_square_meter": 1 / 3600,
        "kWh/ft² kilowatt_hours_per_square_foot": 1 / _FT2,
        "kBTU/ft² kilobtus_per_square_foot": 1e3 * _BTU_KWH / _FT2,
        "BTU/ft² btus_per_square_foot": _BTU_KWH / _FT2,
    },
    "fan-power": {
        "W/(L/s) watts_per_liter_per_second": 1.0,
        "kW/(m³/s) kilowatts_per_cubic_meter_per_second": 1.0,
        "W/cfm watts_per_cubic_feet_per_minute": 60 / _FT3_L,
    },
    "flow-per-area": {
        "L/s_m² liters_per_second_per_square_meter": 1.0,
        "cfm/ft² cubic_feet_per_minute_per_square_foot": _FT3_L / 60 / _FT2,
    },
    "volume-energy": {"kWh/m³ kilowatt_hours_per_cubic_meter": 1.0, "MJ/m³ megajoules_per_cubic_meter": 1 / 3.6},
    "heating-rate": {
        "K/h kelvins_per_hour Δ°C/h celsius_degrees_per_hour °C/h degrees_celsius_per_hour": 1.0,
        "K/min kelvins_per_minute Δ°C/min °C/min degrees_celsius_per_minute": 60.0,
        "K/s kelvins_per_second": 3600.0,
        "°F/h Δ°F/h degrees_fahrenheit_per_hour": _FAHRENHEIT,
        "°F/min Δ°F/min degrees_fahrenheit_per_minute": 60 * _FAHRENHEIT,
    },
    "degree-days": {
        "°daysC degree_days_celsius": 1.0,
        "°daysF degree_days_fahrenheit": _FAHRENHEIT,
        "°hC degree_hours_celsius": 1 / 24,
        "°hF degree_hours_fahrenheit": _FAHRENHEIT / 24,
        "°minC degree_minutes_celsius": 1 / 1440,
        "°minF degree_minutes_fahrenheit": _FAHRENHEIT / 1440,
    },
    "force": {
        "N newton": 1.0,
        "kN kilonewton": 1e3,
        "lbf pound_force": 4.4482216152605,
        "kgf kilogram_force": 9.80665,
    },
    "torque": {"Nm newton_meter": 1.0, "lbf_ft pound_force_foot": 1.3558179483314},
    "surface-tension": {"N/m newtons_per_meter": 1.0},
    "viscosity": {"Pa_s pascal_second": 1.0, "cP centipoise": 1e-3},
    "duration": {
        "ms millisecond": 1e-3 / 3600,
        "µs microsecond": 1e-6 / 3600,
        "ns nanosecond": 1e-9 / 3600,
        "hsec hundredths_second": 1e-2 / 3600,
        "tsec tenths_second": 0.1 / 3600,
        "wk week": 168.0,
        "mo julian_month": 365.25 * 24 / 12,
        "yr year julian_year": 365.25 * 24,
    },
    "storage": {
        "byte bytes": 1.0,
        "kB kilobyte": 1024.0,
        "MB megabyte": 1024.0**2,
        "GB gigabyte": 1024.0**3,
        "TB terabyte": 1024.0**4,
        "PB petabyte": 1024.0**5,
        "bit": 1 / 8,
    },
    "bit-rate": {
        "bit/s bits_per_second bps": 1.0,
        "kbit/s kilobits_per_second": 1e3,
        "Mbit/s megabits_per_second": 1e6,
    },
    "emission": {"kgCO₂e kilograms_of_co2_equivalent": 1.0, "gCO₂e": 1e-3, "tCO₂e": 1e3},
    "emission-factor": {"kgCO₂e/kWh": 1.0, "gCO₂e/kWh": 1e-3, "tCO₂e/MWh": 1.0},
    "obscuration": {"%obsc/m percent_obscuration_per_meter": 1.0, "%obsc/ft percent_obscuration_per_foot": 1 / _FT},
    "level-ratio": {"db dB decibel": 1.0, "dBA decibel_a_weighted": 1.0, "dBm decibel_milliwatt": 1.0},
    "acidity": {"pH ph": 1.0},
    "turbidity": {"NTU nephelometric_turbidity_unit": 1.0, "FTU formazin_turbidity_unit": 1.0},
    "radioactivity": {"Bq/m³ becquerels_per_cubic_meter": 1.0, "pCi/L picocuries_per_liter": 37.0},
    "thermovoltage": {"V/K volts_per_degree_kelvin": 1.0},
    "count": {"px pixel": 1.0, "people persons person": 1.0, "pulses pulse": 1.0, "cycles cycle": 1.0, "starts": 1.0},
    "currency": dict.fromkeys(
        (
            "USD $ us_dollar", "EUR € euro", "GBP £ british_pound", "JPY japanese_yen", "CNY 元 chinese_yuan",
            "THB ฿ thai_baht", "SGD singapore_dollar", "MYR malaysian_ringgit", "IDR indonesian_rupiah",
            "PHP philippine_peso", "VND ₫ vietnamese_dong", "KRW ₩ south_korean_won", "TWD taiwan_dollar",
            "HKD hong_kong_dollar", "INR ₹ indian_rupee", "AUD australian_dollar", "NZD new_zealand_dollar",
            "CAD canadian_dollar", "MXN mexican_peso", "BRL brazilian_real", "CHF swiss_franc",
            "SEK swedish_krona", "NOK norwegian_krone", "DKK danish_krone", "PLN polish_zloty",
            "CZK czech_koruna", "HUF hungarian_forint", "TRY turkish_lira", "RUB russian_ruble",
            "ZAR south_african_rand", "AED uae_dirham", "SAR saudi_riyal", "QAR qatari_riyal",
            "ILS israeli_shekel", "EGP egyptian_pound",
        ),
        _UNKNOWN,
    ),
}  # fmt: skip


def _units(rows: _Rows) -> Iterator[Unit]:
    for kind, table in rows.items():
        for words, factor in table.items():
            symbol, *names = words.split()
            scale, offset = factor if isinstance(factor, tuple) else (factor, 0.0)
            yield Unit(symbol, kind, scale, offset, names=tuple(names))


SHOWN: Final[tuple[Unit, ...]] = (
    *_units(_SHOWN),
    Unit("COP", "efficiency", KW_PER_RT, inverse=True, names=("coefficient_of_performance",)),
)
"""The units the house answers in."""

MORE: Final[tuple[Unit, ...]] = (
    *_units(_MORE),
    # an EER is Btu/h of cooling per W of electricity
    Unit("EER", "efficiency", 12.0, inverse=True, names=("btus_per_hour_per_watt", "BTU/Wh")),
)
"""Units that models and devices may carry."""
