// Line icons on a 24-grid, drawn here so that nothing is fetched.

import type { JSX } from "preact";

const PATHS = {
  ask: "M4 5.5h16v11H9.5L5 20v-3.5H4z",
  findings: "M12 4 3 19.5h18zM12 10v4.5M12 17v.5",
  equip: "M4 20V9l8-5 8 5v11M4 20h16M9 20v-6h6v6",
  send: "M5 12h13M12.5 6l6 6-6 6",
  stop: "M7 7h10v10H7z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2.5v2M12 19.5v2M4.6 4.6 6 6M18 18l1.4 1.4M2.5 12h2M19.5 12h2M4.6 19.4 6 18M18 6l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  plus: "M12 5v14M5 12h14",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 8v4.5l3 2",
  close: "M6 6l12 12M18 6 6 18",
  back: "M14.5 5.5 8 12l6.5 6.5",
  next: "M9.5 5.5 16 12l-6.5 6.5",
  check: "M5 12.5 10 17.5 19.5 7",
  search: "M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12ZM15 15l5 5",
  risk: "M8.2 3.5h7.6l4.7 4.7v7.6l-4.7 4.7H8.2l-4.7-4.7V8.2zM12 8v5M12 16v.5",
  comfort: "M12 4 3 19.5h18zM12 10v4.5M12 17v.5",
  waste: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 8v8M8.8 13l3.2 3.2 3.2-3.2",
  info: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 11v5M12 8v.5",
  doc: "M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12h6M9 15.5h6",
  rerun: "M19 12a7 7 0 1 1-2.2-5.1M19.5 4v4h-4",
  list: "M4 7h16M4 12h16M4 17h10",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
