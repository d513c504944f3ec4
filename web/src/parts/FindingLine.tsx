// A finding in a list: how grave, what, where, since when, what it costs.

import type { ComponentChildren, JSX } from "preact";

import { figure, since } from "../format";
import { now } from "../house";
import { sentence } from "../markdown";
import { href, route } from "../route";
import type { Finding } from "../wire";
import { Icon } from "./icons";
import { Severity } from "./small";

export function FindingLine({ finding, children }: { finding: Finding; children?: ComponentChildren }): JSX.Element {
  const here = route.value.screen === "findings" && route.value.id === finding.id;
  return (
    <li>
      <a class={`finding-line is-${finding.severity}`} href={href("findings", finding.id)} aria-current={here ? "page" : undefined}>
        <span class="top">
          <Severity level={finding.severity} />
          <span class="since">{since(finding.start, now.value)}</span>
          {finding.acknowledged && (
            <span class="seen">
              <Icon name="check" size={14} /> seen
            </span>
          )}
          {finding.cost_per_day !== null && <span class="cost">{costPerDay(finding)}</span>}
        </span>
        <span class="what">{sentence(finding.says)}</span>
        <span class="where">
          {finding.equip.id}
          {finding.place && ` · ${finding.place}`}
        </span>
      </a>
      {children}
    </li>
  );
}

export function costPerDay(finding: Finding): string {
  const cost = finding.cost_per_day;
  if (cost === null) return "cost unknown";
  return `${figure(Math.round(cost), "kWh")} ${finding.currency}/day`;
}
