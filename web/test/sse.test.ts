import { expect, test, vi } from "vitest";

import { Splitter, follow } from "../src/sse";

test("messages come whole, however the network cuts the bytes", () => {
  const wire = ': ping\n\ndata: {"n":1}\nid: 1\n\ndata: {"n":2}\nid: 2\n\n';
  for (const size of [1, 3, 7, wire.length]) {
    const splitter = new Splitter();
    const seen = [];
    for (let at = 0; at < wire.length; at += size) seen.push(...splitter.push(wire.slice(at, at + size)));
    expect(seen).toEqual([{ id: 1, data: '{"n":1}' }, { id: 2, data: '{"n":2}' }]);
  }
});

test("a link cut every seven events loses none and repeats none", async () => {
  const total = 42;
  const asked: number[] = [];
  vi.stubGlobal("fetch", (_: string, init: RequestInit) => {
    const last = Number(new Headers(init.headers).get("last-event-id"));
    asked.push(last);
    const upTo = Math.min(last + 7, total);
    let text = "";
    // the server may also send again what was seen: the reader must not care
    for (let n = Math.max(1, last); n <= upTo; n++) text += `data: ${n}\nid: ${n}\n\n`;
    return Promise.resolve(new Response(text));
  });
  const seen: number[] = [];
  const links: boolean[] = [];
  await follow({
    url: "x",
    signal: new AbortController().signal,
    onEvent: ({ id }) => seen.push(id) === total,
    onLink: (up) => links.push(up),
    wait: () => Promise.resolve(),
  });
  expect(seen).toEqual(Array.from({ length: total }, (_, n) => n + 1));
  expect(asked).toEqual([0, 7, 14, 21, 28, 35]);
  expect(links.slice(0, 3)).toEqual([true, false, true]);
});

test("a run the server does not know ends the following with its words", async () => {
  const body = JSON.stringify({ code: "not-found", detail: "no such question", hint: "ask it again" });
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, { status: 404 })));
  const nothing = { url: "x", signal: new AbortController().signal, onEvent: () => false, onLink: () => undefined };
  await expect(follow(nothing)).rejects.toMatchObject({ status: 404, hint: "ask it again" });
});
