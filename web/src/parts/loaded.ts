// A value that comes from the server: loading, there, or why not.

import { useEffect, useState } from "preact/hooks";

import { Problem, get, problemOf } from "../api";

export interface Loaded<T> {
  value: T | null;
  problem: Problem | null;
  loading: boolean;
  again: () => void;
}

/** Fetches `path` when it changes (null: nothing yet) and keeps the old value while the new one loads. */
export function useLoaded<T>(path: string | null, everyMs = 0): Loaded<T> {
  const [state, setState] = useState<{ path: string | null; value: T | null; problem: Problem | null }>({
    path: null, value: null, problem: null,
  });
  const [round, setRound] = useState(0);

  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    get<T>(path, stop.signal)
      .then((value) => setState({ path, value, problem: null }))
      .catch((error: unknown) => {
        if (!stop.signal.aborted) setState({ path, value: null, problem: problemOf(error) });
      });
    return () => stop.abort();
  }, [path, round]);

  useEffect(() => {
    if (!everyMs) return;
    const timer = setInterval(() => {
      if (!document.hidden) setRound((n) => n + 1);
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);

  return { ...state, loading: path !== null && state.path !== path, again: () => setRound((n) => n + 1) };
}
