import { expect, test } from "vitest";

import { BEGINNING, told } from "../src/run";
import type { RunEvent } from "../src/wire";

const plan = { mode: "model", intent: "live_value", entities: ["CH-2"], quantity: null, time: null, question_back: null };
const started: RunEvent = { type: "step_started", id: "S1", tool: "sql", args: { query: "SELECT 1" }, says: "Read" };
const answer: RunEvent = {
  type: "answer", answer: "6.9 °C [E1]", mode: "model", charts: [], follow_ups: ["More?"], plan, elapsed_s: 1.2,
  ungrounded: [], evidence: [{ id: "E1", kind: "live", source: "CH-2", text: "", detail: {}, trust: "sensor" }],
};
const fold = (...events: RunEvent[]) => events.reduce(told, BEGINNING);

test("tokens add up, and a restart drops what was said before", () => {
  const view = fold(
    { type: "token", text: "It is ", restart: false },
    { type: "token", text: "7", restart: false },
    { type: "token", text: "It is ", restart: true },
    { type: "token", text: "6.9", restart: false },
  );
  expect(view.text).toBe("It is 6.9");
});

test("a step shows its query and what went wrong", () => {
  const view = fold(started, { type: "step_done", id: "S1", tool: "sql", summary: "", elapsed_s: 0.1, error: "no rows", sql: "SELECT 1" });
  expect(view.steps[0]).toMatchObject({ done: true, sql: "SELECT 1", error: "no rows" });
});

test("an answer is done, a failure failed, and neither means that somebody stopped it", () => {
  const done: RunEvent = { type: "done", elapsed_s: 1 };
  expect(fold(answer, done).state).toBe("done");
  expect(fold({ type: "failed", code: "x", message: "m", hint: "h" }, done).state).toBe("failed");
  expect(fold({ type: "token", text: "It", restart: false }, { type: "note", text: "Stopped." }, done).state).toBe("stopped");
});

test("the whole answer replaces what was streamed, with its evidence by id", () => {
  const view = fold({ type: "token", text: "6.", restart: false }, answer);
  expect(view.text).toBe("6.9 °C [E1]");
  expect(view.evidence["E1"]?.source).toBe("CH-2");
});
