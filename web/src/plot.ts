// From charts to what uPlot draws: one time axis, at most two unit axes, gaps where silent.

import type { Series } from "./wire";

export interface Plot {
  ts: number[];
  /** One row per series, aligned with `ts`; null where silent or not sampled. */
  rows: (number | null)[][];
  /** The units of the left and right axis; series of further units are left out. */
  units: string[];
  shown: Series[];
}

export function plotOf(series: Series[]): Plot {
  const units = [...new Set(series.map((one) => one.unit))].slice(0, 2);
  const shown = series.filter((one) => units.includes(one.unit));
  const ts = [...new Set(shown.flatMap((one) => one.ts))].sort((a, b) => a - b);
  const place = new Map(ts.map((stamp, i) => [stamp, i]));
  const rows = shown.map((one) => {
    const row = new Array<number | null>(ts.length).fill(null);
    one.ts.forEach((stamp, i) => {
      row[place.get(stamp)!] = one.values[i] ?? null;
    });
    return row;
  });
  return { ts, rows, units, shown };
}

/** An SVG path over `width` x `height` for a spark line; a silence breaks it. */
export function sparkPath(values: (number | null)[], width: number, height: number): string {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return "";
  const low = Math.min(...known);
  const range = Math.max(...known) - low;
  const step = width / (values.length - 1);
  let path = "";
  let pen = "M";
  values.forEach((value, i) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const y = range === 0 ? height / 2 : height - ((value - low) / range) * height;
    path += `${pen}${(i * step).toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  });
  return path;
}
