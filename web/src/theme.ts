// Light or dark: as the device says, until a person chooses.

import { signal } from "@preact/signals";

export type Theme = "light" | "dark";

const wishes = matchMedia("(prefers-color-scheme: dark)");
const kept = localStorage.getItem("theme");

export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : wishes.matches ? "dark" : "light");

export function startTheme(): void {
  document.documentElement.dataset["theme"] = theme.value;
  wishes.addEventListener("change", () => {
    if (!localStorage.getItem("theme")) show(wishes.matches ? "dark" : "light");
  });
}

export function toggleTheme(): void {
  const next = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem("theme", next);
  show(next);
}

function show(next: Theme): void {
  document.documentElement.dataset["theme"] = next;
  theme.value = next;
}
