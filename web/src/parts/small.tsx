// Small pieces that several screens share.

import type { ComponentChildren, JSX } from "preact";

import type { Problem } from "../api";
import { KINDS, SEVERITIES } from "../format";
import { href } from "../route";
import type { Named } from "../wire";
import { Icon } from "./icons";

/** Icon and word, so that colour only helps. */
export function Severity({ level }: { level: number }): JSX.Element {
  const { word, icon } = SEVERITIES[level] ?? SEVERITIES[1]!;
  return (
    <span class={`severity is-${icon}`}>
      <Icon name={icon} size={16} />
      {word}
    </span>
  );
}

export function EquipLink({ to }: { to: Named }): JSX.Element {
  return (
    <a class="chip" href={href("equip", to.id)}>
      {to.id}
    </a>
  );
}

export function kindWord(kind: string | null): string {
  return (kind && KINDS[kind]) ?? kind ?? "";
}

export function Trouble({ problem, retry }: { problem: Problem; retry?: () => void }): JSX.Element {
  return (
    <div class="trouble" role="alert">
      <strong>{problem.message}</strong>
      {problem.hint && <span>{problem.hint}</span>}
      {retry && (
        <button type="button" class="quiet" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Waiting({ lines = 3 }: { lines?: number }): JSX.Element {
  return (
    <div class="waiting" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, n) => (
        <i key={n} style={`width:${90 - n * 17}%`} />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <strong>{title}</strong>
      <p>{children}</p>
    </div>
  );
}
