import { expect, test } from "vitest";

import css from "../src/style.css?raw";

function palette(theme: string): Record<string, string> {
  const block = css.slice(css.indexOf(`:root[data-theme="${theme}"] {`));
  const found = block.slice(0, block.indexOf("}")).matchAll(/--([\w-]+): (#[0-9a-f]{6});/g);
  return Object.fromEntries([...found].map(([, name, colour]) => [name!, colour!]));
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high! + 0.05) / (low! + 0.05);
}

// WCAG 2.2, 1.4.3: text 4.5:1; 1.4.11: lines in a chart 3:1
test.each(["light", "dark"])("every text of the %s palette can be read", (theme) => {
  const colours = palette(theme);
  for (const ground of ["ground", "surface"]) {
    for (const text of ["text", "muted", "accent", "risk", "comfort", "waste"]) {
      expect(contrast(colours[text]!, colours[ground]!), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
    for (const line of ["line-1", "line-2", "line-3", "line-4", "line-5", "line-6"]) {
      expect(contrast(colours[line]!, colours[ground]!), `${line} on ${ground}`).toBeGreaterThanOrEqual(3);
    }
  }
  for (const [text, ground] of [["on-accent", "accent"], ["accent", "accent-soft"], ["text", "accent-soft"], ["text", "mark"], ["muted", "raised"], ["text", "raised"]] as const) {
    expect(contrast(colours[text]!, colours[ground]!), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  }
});
