// The conversation: turns that go on when the link is lost, and come back after a reload.

import { type Signal, signal } from "@preact/signals";

import { Problem, get, post, problemOf } from "./api";
import { go } from "./route";
import { BEGINNING, type RunView, told } from "./run";
import { follow } from "./sse";
import type { RunEvent, RunRow, Thread } from "./wire";

export interface Turn {
  id: string;
  question: string;
  view: Signal<RunView>;
}

export const thread = signal("");
export const turns = signal<Turn[]>([]);
export const threads = signal<Thread[]>([]);
export const draft = signal("");
export const loading = signal(false);

let stopFollowing = new AbortController();

export async function openThread(id: string): Promise<void> {
  if (thread.value === id) return;
  stopFollowing.abort();
  stopFollowing = new AbortController();
  const { signal: mine } = stopFollowing;
  thread.value = id;
  turns.value = [];
  if (!id) return;
  loading.value = true;
  try {
    const rows = await get<RunRow[]>(`api/runs?thread=${encodeURIComponent(id)}`, mine);
    if (mine.aborted) return;
    turns.value = rows.map((row) => newTurn(row.id, row.question));
    for (const turn of turns.value) void followTurn(turn, mine);
  } catch (error) {
    if (!mine.aborted) turns.value = [failedTurn("", problemOf(error))];
  } finally {
    loading.value = false;
  }
}

export async function ask(question: string): Promise<void> {
  const text = question.trim();
  if (!text) return;
  if (!thread.value) {
    stopFollowing = new AbortController();
    thread.value = uuid();
    turns.value = [];
    go("chat", thread.value, "replace");
  }
  const turn = newTurn(uuid(), text);
  turns.value = [...turns.value, turn];
  draft.value = "";
  await start(turn);
}

/** Posts the question, again where the link fails: the server knows its UUID, so nothing runs twice. */
export async function start(turn: Turn): Promise<void> {
  const { signal: mine } = stopFollowing;
  turn.view.value = BEGINNING;
  for (let tries = 0; ; tries++) {
    try {
      await post(`api/runs/${turn.id}`, { question: turn.question, thread: thread.value });
      break;
    } catch (error) {
      const problem = problemOf(error);
      if (problem.status !== 0 || tries >= 3) {
        turn.view.value = failed(problem);
        return;
      }
      turn.view.value = { ...turn.view.value, linkLost: true };
      await new Promise((done) => setTimeout(done, 500 * 2 ** tries));
    }
  }
  await followTurn(turn, mine);
  void loadThreads();
}

export async function stop(turn: Turn): Promise<void> {
  try {
    await post(`api/runs/${turn.id}/cancel`);
  } catch (error) {
    turn.view.value = { ...turn.view.value, notes: [...turn.view.value.notes, problemOf(error).message] };
  }
}

export async function loadThreads(): Promise<void> {
  try {
    threads.value = await get<Thread[]>("api/threads");
  } catch {
    // the list of old conversations is a convenience; the status line tells about a lost link
  }
}

async function followTurn(turn: Turn, mine: AbortSignal): Promise<void> {
  const fold = batched(turn.view);
  try {
    await follow({
      url: `api/runs/${turn.id}/events`,
      signal: mine,
      onEvent: ({ data }) => {
        const event = JSON.parse(data) as RunEvent;
        fold(event);
        return event.type === "done";
      },
      onLink: (up) => {
        if (turn.view.value.linkLost === up) turn.view.value = { ...turn.view.value, linkLost: !up };
      },
    });
  } catch (error) {
    turn.view.value = failed(problemOf(error));
  }
}

/** Folds events once per frame, so that a fast stream costs one layout instead of many. */
function batched(view: Signal<RunView>): (event: RunEvent) => void {
  let waiting: RunEvent[] = [];
  const flush = () => {
    const events = waiting;
    waiting = [];
    view.value = events.reduce(told, view.value);
  };
  return (event) => {
    waiting.push(event);
    if (waiting.length > 1) return;
    if (document.hidden) setTimeout(flush, 0);
    else requestAnimationFrame(flush);
  };
}

function newTurn(id: string, question: string): Turn {
  return { id, question, view: signal(BEGINNING) };
}

function failedTurn(question: string, problem: Problem): Turn {
  return { id: "", question, view: signal(failed(problem)) };
}

function failed(problem: Problem): RunView {
  return { ...BEGINNING, state: "failed", failure: { message: problem.message, hint: problem.hint } };
}

/** Version 4, also where the page is not served over HTTPS and `crypto.randomUUID` is missing. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
