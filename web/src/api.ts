// Requests to the server; every failure is a Problem with a hint.

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly hint: string,
  ) {
    super(detail);
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return read<T>(await send(path, signal ? { signal } : {}));
}

export async function post<T>(path: string, body: unknown = {}): Promise<T> {
  const headers = { "content-type": "application/json" };
  return read<T>(await send(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** A response that is not an error; a lost link is a Problem with status 0. */
export async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new Problem(0, "no-link", "the server does not answer", "check the network; it is tried again");
  }
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as Partial<Record<string, string>>;
  throw new Problem(response.status, body["code"] ?? "http", body["detail"] ?? response.statusText, body["hint"] ?? "");
}

async function read<T>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

export function problemOf(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, "bug", String(error), "reload the page");
}
