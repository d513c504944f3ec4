// What every screen shows of the house: the status line and the open findings, refreshed calmly.

import { computed, signal } from "@preact/signals";

import { get, problemOf } from "./api";
import type { Finding, Status } from "./wire";

const EVERY_MS = 30_000;

export const status = signal<Status | null>(null);
export const findings = signal<Finding[] | null>(null);
export const linkDown = signal("");

export const zone = computed(() => status.value?.time_zone ?? "UTC");
/** The server's clock, in ms: ages are told by it, not by the phone's. */
export const now = computed(() => (status.value ? Date.parse(status.value.now) : Date.now()));
/** Findings that no other finding explains: the causes, not their consequences. */
export const causes = computed(() => findings.value?.filter((one) => !one.parent) ?? []);
export const unseen = computed(() => causes.value.filter((one) => !one.acknowledged).length);

export async function refresh(): Promise<void> {
  try {
    [status.value, findings.value] = await Promise.all([get<Status>("api/status"), get<Finding[]>("api/faults")]);
    linkDown.value = "";
  } catch (error) {
    linkDown.value = problemOf(error).message;
  }
}

export function keepFresh(): void {
  void refresh();
  setInterval(() => {
    if (!document.hidden) void refresh();
  }, EVERY_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void refresh();
  });
}
