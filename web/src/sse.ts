// Server-sent events over fetch: a cursor that comes back with Last-Event-ID after every lost link.

import { Problem, send } from "./api";

export interface Message {
  id: number;
  data: string;
}

/** Splits a stream of text into messages, whatever the chunks; comments and unknown fields are skipped. */
export class Splitter {
  private rest = "";

  push(text: string): Message[] {
    const blocks = (this.rest + text).replace(/\r\n?/g, "\n").split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      let id = 0;
      const data: string[] = [];
      for (const line of block.split("\n")) {
        if (line.startsWith("id:")) id = Number(line.slice(3));
        if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      }
      return data.length > 0 ? [{ id, data: data.join("\n") }] : [];
    });
  }
}

export interface Follow {
  url: string;
  signal: AbortSignal;
  /** Gets every event once and in order; returns true when the run is over. */
  onEvent: (message: Message) => boolean;
  onLink: (up: boolean) => void;
  /** Waits before the n-th new try. */
  wait?: (tries: number) => Promise<void>;
}

const backOff = (tries: number): Promise<void> =>
  new Promise((done) => setTimeout(done, Math.min(8000, 300 * 2 ** tries)));

/** Follows to the end, over any number of lost links. Rejects only when the server refuses. */
export async function follow({ url, signal, onEvent, onLink, wait = backOff }: Follow): Promise<void> {
  let last = 0;
  let tries = 0;
  while (!signal.aborted) {
    try {
      const response = await send(url, { signal, headers: { "last-event-id": String(last) } });
      if (response.status === 204) return;
      onLink(true);
      for await (const message of messages(response)) {
        tries = 0;
        if (message.id <= last) continue;
        last = message.id;
        if (onEvent(message)) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status >= 400 && error.status < 500) throw error;
    }
    if (signal.aborted) return;
    onLink(false);
    await wait(tries++);
  }
}

async function* messages(response: Response): AsyncGenerator<Message> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const splitter = new Splitter();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield* splitter.push(value);
  }
}
