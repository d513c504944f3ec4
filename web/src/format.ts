// Numbers with units, ages, times of the site. A number that is not known is an en dash, never zero.

export const UNKNOWN = "–";

const DIGITS: Record<string, number> = {
  "°C": 1, K: 1, "°F": 1, "%": 0, "%RH": 0, ppm: 0, kW: 1, kWh: 0, RT: 0, "kW/RT": 2, "L/s": 1, Pa: 0, kPa: 0, A: 0, V: 0,
};

/** The digits worth showing: few enough to read, enough to see a change. */
export function figure(value: number | null | undefined, unit = ""): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  const digits = DIGITS[unit] ?? (size >= 100 ? 0 : size >= 10 ? 1 : 2);
  const shown = value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return shown.replace(/^-(0(?:\.0+)?)$/, "$1").replace("-", "−");
}

export function quantity(value: number | null | undefined, unit = ""): string {
  return `${figure(value, unit)}${unit ? "\u00a0" + unit : ""}`;
}

/** A point's value for people: on/off for states. */
export function pointValue(point: { value: number | null; unit: string; quantity: string }): string {
  if (point.quantity === "state") return point.value === null ? UNKNOWN : point.value >= 0.5 ? "On" : "Off";
  return quantity(point.value, point.unit);
}

export function age(seconds: number | null): string {
  if (seconds === null) return "never seen";
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s ago`;
  return `${lasting(seconds)} ago`;
}

/** How long something has lasted, in the two units people use. */
export function lasting(seconds: number): string {
  const minutes = seconds / 60;
  if (minutes < 90) return `${Math.round(minutes)} min`;
  if (minutes < 36 * 60) return `${Math.round(minutes / 60)} h`;
  return `${Math.round(minutes / 1440)} days`;
}

export function since(iso: string, now: number): string {
  return lasting((now - Date.parse(iso)) / 1000);
}

export function siteTime(iso: string, zone: string): string {
  const how: Intl.DateTimeFormatOptions = {
    timeZone: zone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  };
  return new Intl.DateTimeFormat("en-GB", how).format(new Date(iso));
}

export const KINDS: Record<string, string> = {
  "chilled-water-plant": "Plant",
  chiller: "Chillers",
  "chilled-water-pump": "Chilled-water pumps",
  "condenser-water-pump": "Condenser pumps",
  "cooling-tower": "Cooling towers",
  doas: "Outdoor-air units",
  ahu: "Air handlers",
  vav: "VAV boxes",
  fcu: "Fan coils",
  "elec-meter": "Meters",
  "iaq-sensor": "Air quality",
  "weather-station": "Weather",
  room: "Rooms",
  floor: "Floors",
};

export const SEVERITIES: Record<number, { word: string; icon: "risk" | "comfort" | "waste" | "info" }> = {
  4: { word: "Risk", icon: "risk" },
  3: { word: "Comfort", icon: "comfort" },
  2: { word: "Waste", icon: "waste" },
  1: { word: "Info", icon: "info" },
};
