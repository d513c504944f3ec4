// A chart: uPlot with units on its axes, fault episodes as labelled bands, and values under the finger.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";

import { figure } from "../format";
import { zone } from "../house";
import { plotOf } from "../plot";
import { theme } from "../theme";
import type { Chart } from "../wire";

const COLOURS = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];
const DASHES: (number[] | undefined)[] = [undefined, [7, 4], [2, 3], [10, 3, 2, 3], undefined, [7, 4]];

export function Plot({ chart, height = 220 }: { chart: Chart; height?: number }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const plot = plotOf(chart.series);
  const colours = theme.value; // read here, so that a change of theme draws again

  useEffect(() => {
    const element = box.current;
    if (!element || plot.ts.length === 0) return;
    const made = new uPlot(options(chart, element.clientWidth, height, setAt), [plot.ts, ...plot.rows], element);
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [chart, height, colours, zone.value]);

  const index = at ?? lastKnown(plot.rows);
  const stamp = plot.ts[index];
  return (
    <figure class="plot">
      <figcaption>
        <span class="plot-title">{chart.title}</span>
        {stamp !== undefined && <time>{clock(stamp)}</time>}
      </figcaption>
      <ul class="legend">
        {plot.shown.map((series, i) => (
          <li key={series.name}>
            <svg width="18" height="8" aria-hidden="true">
              <line x1="0" x2="18" y1="4" y2="4" style={`stroke:var(${COLOURS[i % 6]})`} stroke-width="2.5"
                stroke-dasharray={DASHES[i % 6]?.join(" ") ?? ""} />
            </svg>
            <span>{series.name}</span>
            <b>
              {figure(plot.rows[i]?.[index], series.unit)} {series.unit}
            </b>
          </li>
        ))}
      </ul>
      {plot.ts.length === 0 ? (
        <p class="nothing" style={`height:${height}px`}>No values in this range</p>
      ) : (
        <div ref={box} style={`height:${height}px`} role="img" aria-label={describe(chart)} />
      )}
    </figure>
  );
}

function options(chart: Chart, width: number, height: number, onMove: (i: number | null) => void): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const plot = plotOf(chart.series);
  const font = `12px ${style.getPropertyValue("--font")}`;
  const grid = { stroke: colour("--grid"), width: 1 };
  const axes: uPlot.Axis[] = [
    { stroke: colour("--muted"), font, grid: { show: false }, ticks: { ...grid, size: 4 }, space: 64, size: 30, values: hours },
    ...plot.units.map((unit, i) => ({
      scale: unit || "none", side: i === 0 ? 3 : 1, stroke: colour("--muted"), font, size: 52, space: 34,
      grid: i === 0 ? grid : { show: false }, ticks: { show: false },
      values: (_: uPlot, ticks: number[]) => withUnit(ticks, unit),
    })),
  ];
  const series: uPlot.Series[] = plot.shown.map((one, i) => ({
    label: one.name, scale: one.unit || "none", stroke: colour(COLOURS[i % 6]!), width: 2, spanGaps: false,
    points: { show: false }, ...(DASHES[i % 6] ? { dash: DASHES[i % 6]! } : {}),
  }));
  const scales = Object.fromEntries(plot.units.map((unit) => [unit || "none", { range: roomy(unit) }]));
  return {
    width, height, axes, scales: { x: { time: true }, ...scales }, series: [{}, ...series],
    tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), zone.value),
    legend: { show: false }, padding: [20, plot.units.length > 1 ? 0 : 12, 0, 0],
    cursor: { y: false, drag: { setScale: false }, points: { size: 7 } },
    hooks: {
      drawClear: [(u) => drawBands(u, chart, colour("--band"), colour("--band-edge"), font)],
      setCursor: [(u) => onMove(u.cursor.idx ?? null)],
    },
  };
}

/** Fault episodes behind the lines, each with its name above as far as there is room before the next name. */
function drawBands(u: uPlot, chart: Chart, fill: string, edge: string, font: string): void {
  const { ctx, bbox } = u;
  const scale = devicePixelRatio || 1;
  ctx.save();
  let free = Infinity;
  const latestFirst = [...chart.bands].sort((a, b) => b[0] - a[0]);
  for (const [start, end, label] of latestFirst) {
    const left = Math.max(u.valToPos(start, "x", true), bbox.left);
    const right = Math.min(u.valToPos(end, "x", true), bbox.left + bbox.width);
    if (right <= left) continue;
    ctx.fillStyle = fill;
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.fillStyle = edge;
    ctx.fillRect(left, bbox.top, right - left, 2 * scale);
    ctx.font = font.replace(/^\d+/, (size) => String(Number(size) * scale));
    ctx.textBaseline = "bottom";
    ctx.textAlign = "left";
    const shown = fitted(ctx, label, Math.min(free, bbox.left + bbox.width) - left - 8 * scale);
    if (!shown) continue;
    ctx.fillText(shown, left, bbox.top - 3 * scale);
    free = left;
  }
  ctx.restore();
}

/** As many whole words as fit, the rest as an ellipsis; "" where not one does. */
function fitted(ctx: CanvasRenderingContext2D, label: string, room: number): string {
  if (ctx.measureText(label).width <= room) return label;
  const words = label.split(" ");
  while (words.length > 0) {
    const shorter = `${words.join(" ")} …`;
    if (ctx.measureText(shorter).width <= room) return shorter;
    words.pop();
  }
  return "";
}

/** Some air around the lines; a percentage never looks like a cliff because it moved by one. */
function roomy(unit: string) {
  return (_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax => {
    if (low === null || high === null) return [0, 1];
    const least = unit === "%" || unit === "%RH" ? 5 : 0.25;
    const room = Math.max((high - low) * 0.12, Math.abs(high) * 0.01, least);
    // a command at 100 % is at its end: an axis up to 105 % would say otherwise
    const top = unit.startsWith("%") && high <= 100 ? Math.min(high + room, 101) : high + room;
    return [low - room, top];
  };
}

function withUnit(ticks: number[], unit: string): string[] {
  const step = ticks.length > 1 ? Math.abs(ticks[1]! - ticks[0]!) : 1;
  const digits = [0, 1].find((n) => Math.abs(step * 10 ** n - Math.round(step * 10 ** n)) < 1e-6) ?? 2;
  return ticks.map((tick, i) => {
    const shown = tick.toFixed(digits);
    return i === ticks.length - 1 && unit ? `${shown} ${unit}` : shown;
  });
}

/** Midnights carry the date, other ticks the hour, in the site's time. */
function hours(_: uPlot, ticks: number[]): string[] {
  const long = ticks.length > 1 && ticks[1]! - ticks[0]! >= 86_400;
  return ticks.map((tick) => {
    const date = uPlot.tzDate(new Date(tick * 1000), zone.value);
    if (long || (date.getHours() === 0 && date.getMinutes() === 0)) {
      return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
    }
    return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
  });
}

function lastKnown(rows: (number | null)[][]): number {
  const first = rows[0] ?? [];
  for (let i = first.length - 1; i >= 0; i--) if (rows.some((row) => row[i] !== null)) return i;
  return 0;
}

function clock(stamp: number): string {
  const how: Intl.DateTimeFormatOptions = {
    timeZone: zone.value, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  };
  return new Intl.DateTimeFormat("en-GB", how).format(new Date(stamp * 1000));
}

function describe(chart: Chart): string {
  const lines = chart.series.map((one) => `${one.name} in ${one.unit || "on/off"}`).join(", ");
  return `Chart: ${chart.title}. ${lines}`;
}
