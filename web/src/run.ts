// What a run looks like so far: a pure fold over its events.

import type { Chart, Evidence, Plan, RunEvent } from "./wire";

export interface StepView {
  id: string;
  tool: string;
  says: string;
  args: Record<string, unknown>;
  done: boolean;
  summary: string;
  error: string;
  sql: string;
  elapsedS: number | null;
}

export interface RunView {
  state: "running" | "done" | "failed" | "stopped";
  linkLost: boolean;
  plan: Plan | null;
  steps: StepView[];
  evidence: Record<string, Evidence>;
  charts: Chart[];
  text: string;
  notes: string[];
  followUps: string[];
  mode: string;
  ungrounded: string[];
  elapsedS: number | null;
  failure: { message: string; hint: string } | null;
}

export const BEGINNING: RunView = {
  state: "running",
  linkLost: false,
  plan: null,
  steps: [],
  evidence: {},
  charts: [],
  text: "",
  notes: [],
  followUps: [],
  mode: "",
  ungrounded: [],
  elapsedS: null,
  failure: null,
};

export function told(view: RunView, event: RunEvent): RunView {
  switch (event.type) {
    case "understood":
      return { ...view, plan: event.plan };
    case "step_started":
      return { ...view, steps: [...view.steps, begun(event)] };
    case "step_done":
      return { ...view, steps: view.steps.map((step) => (step.id === event.id ? ended(step, event) : step)) };
    case "evidence":
      return { ...view, evidence: { ...view.evidence, [event.evidence.id]: event.evidence } };
    case "chart":
      return { ...view, charts: [...view.charts, event.chart] };
    case "token":
      return { ...view, text: event.restart ? event.text : view.text + event.text };
    case "note":
      return { ...view, notes: [...view.notes, event.text] };
    case "answer":
      return {
        ...view,
        text: event.answer,
        charts: event.charts,
        evidence: Object.fromEntries(event.evidence.map((one) => [one.id, one])),
        followUps: event.follow_ups,
        mode: event.mode,
        ungrounded: event.ungrounded,
        elapsedS: event.elapsed_s,
        plan: event.plan,
      };
    case "failed":
      return { ...view, failure: { message: event.message, hint: event.hint } };
    case "done":
      return { ...view, state: view.failure ? "failed" : view.mode ? "done" : "stopped", linkLost: false };
  }
}

type Started = Extract<RunEvent, { type: "step_started" }>;
type Ended = Extract<RunEvent, { type: "step_done" }>;

function begun({ id, tool, says, args }: Started): StepView {
  return { id, tool, says, args, done: false, summary: "", error: "", sql: "", elapsedS: null };
}

function ended(step: StepView, event: Ended): StepView {
  const { summary, error, sql, elapsed_s: elapsedS } = event;
  return { ...step, summary, error, sql, elapsedS, done: true };
}
