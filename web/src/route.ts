// Where we are: the part of the address behind #. Every screen has a link that can be sent to a colleague.

import { signal } from "@preact/signals";

export type Screen = "chat" | "findings" | "equip";

export interface Route {
  screen: Screen;
  id: string;
}

export function parse(hash: string): Route {
  const [first = "", ...rest] = hash.replace(/^#\/?/, "").split("/");
  const id = decode(rest.join("/"));
  if (first === "findings" || first === "equip") return { screen: first, id };
  return { screen: "chat", id: first === "chat" ? id : "" };
}

export function href(screen: Screen, id = ""): string {
  if (screen === "chat" && !id) return "#/";
  return `#/${screen}${id ? "/" + encodeURIComponent(id) : ""}`;
}

export const route = signal<Route>(parse(globalThis.location?.hash ?? ""));

export function listen(): void {
  addEventListener("hashchange", () => {
    route.value = parse(location.hash);
  });
}

export function go(screen: Screen, id = "", how: "push" | "replace" = "push"): void {
  if (how === "push") {
    location.hash = href(screen, id);
    return;
  }
  history.replaceState(null, "", href(screen, id));
  route.value = { screen, id };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
