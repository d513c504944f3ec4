import { expect, test } from "vitest";

import { age, figure, lasting, pointValue, quantity, UNKNOWN } from "../src/format";
import { unbroken, withCitations } from "../src/markdown";
import { plotOf, sparkPath } from "../src/plot";
import { href, parse } from "../src/route";

test("an unknown number is a dash, never zero", () => {
  for (const value of [null, undefined, NaN, Infinity]) expect(figure(value, "kW")).toBe(UNKNOWN);
  expect(pointValue({ value: null, unit: "", quantity: "state" })).toBe(UNKNOWN);
  expect(quantity(0, "kW")).toBe("0.0\u00a0kW");
});

test("a number has the digits its unit deserves", () => {
  expect(quantity(6.94, "°C")).toBe("6.9\u00a0°C");
  expect(quantity(0.7349, "kW/RT")).toBe("0.73\u00a0kW/RT");
  expect(quantity(1034.5, "RT")).toBe("1,035\u00a0RT");
  expect(figure(-0.04, "°C")).toBe("0.0");
  expect(figure(-3.5, "K")).toBe("−3.5");
});

test("times are told as people tell them", () => {
  expect([age(40), age(300), age(null)]).toEqual(["40 s ago", "5 min ago", "never seen"]);
  expect([lasting(30 * 3600), lasting(5 * 86400)]).toEqual(["30 h", "5 days"]);
});

test("citations become buttons, other brackets stay", () => {
  const html = withCitations("<p>hot [E1] and [E2, E13] [see note] [E]</p>");
  expect(html.match(/data-evidence="(E\d+)"/g)).toEqual(['data-evidence="E1"', 'data-evidence="E2"', 'data-evidence="E13"']);
  expect(html).toContain("[see note] [E]");
});

test("a number keeps its unit on the line", () => {
  expect(unbroken("above 25 kPa in 3 rooms")).toBe("above 25\u00a0kPa in 3 rooms");
});

test("series of different times share one axis with gaps, and a third unit is left out", () => {
  const plot = plotOf([
    { name: "a", unit: "°C", ts: [0, 10], values: [1, 2] },
    { name: "b", unit: "kW", ts: [10, 20], values: [3, null] },
    { name: "c", unit: "%", ts: [0], values: [4] },
  ]);
  expect(plot.ts).toEqual([0, 10, 20]);
  expect(plot.rows).toEqual([[1, 2, null], [null, 3, null]]);
  expect(plot.units).toEqual(["°C", "kW"]);
});

test("a silence breaks a spark line", () => {
  expect(sparkPath([0, 1, null, 1, 0], 40, 10)).toBe("M0.0 10.0L10.0 0.0M30.0 0.0L40.0 10.0");
  expect(sparkPath([null, 5], 40, 10)).toBe("");
});

test("a link to a finding or an equipment survives the address bar", () => {
  for (const id of ["CH-2", "doas:DOAS-1:2026-11-15", "a/b c"]) {
    expect(parse(href("findings", id))).toEqual({ screen: "findings", id });
  }
  expect(parse("#/")).toEqual({ screen: "chat", id: "" });
  expect(parse("#/%E0%A4%A")).toEqual({ screen: "chat", id: "" });
});
