// The inbox: what is wrong, the gravest first; one finding with its proof, causes and next check.

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { type Problem, post, problemOf } from "../api";
import { draft } from "../chat";
import { figure, quantity, since, siteTime } from "../format";
import { causes, findings, linkDown, now, refresh, zone } from "../house";
import { sentence } from "../markdown";
import { go, href, route } from "../route";
import { costPerDay, FindingLine } from "../parts/FindingLine";
import { Icon } from "../parts/icons";
import { useLoaded } from "../parts/loaded";
import { Plot } from "../parts/Plot";
import { chartOf } from "../parts/Sheet";
import { Empty, EquipLink, Severity, Trouble, Waiting } from "../parts/small";
import type { Cause, Finding, FindingInFull, Histories, Proof } from "../wire";

export function Findings(): JSX.Element {
  const id = route.value.id;
  return (
    <div class={id ? "split has-detail" : "split"}>
      <section class="list" aria-label="Findings">
        <Inbox />
      </section>
      <section class="detail" aria-label="Finding">
        {id ? <One id={id} key={id} /> : <Empty title="Choose a finding">Its proof, its likely causes and the next check open here.</Empty>}
      </section>
    </div>
  );
}

function Inbox(): JSX.Element {
  const [unseenOnly, setUnseenOnly] = useState(false);
  const all = findings.value;
  if (!all) return linkDown.value ? <Empty title="No link">{linkDown.value}</Empty> : <Waiting lines={6} />;
  const shown = all.filter((one) => !unseenOnly || !one.acknowledged);
  const ids = new Set(shown.map((one) => one.id));
  const roots = shown.filter((one) => !one.parent || !ids.has(one.parent));
  const cost = causes.value.reduce((sum, one) => sum + (one.cost_per_day ?? 0), 0);
  return (
    <>
      <header class="list-head">
        <h1>Findings</h1>
        <p class="hint">
          {causes.value.length} open
          {all.length > causes.value.length && `, explaining ${all.length - causes.value.length} more`}
          {cost > 0 && `; about ${figure(Math.round(cost), "kWh")} ${all[0]?.currency ?? ""} a day`}
        </p>
        <div class="filters">
          <button type="button" class="chip" aria-pressed={!unseenOnly} onClick={() => setUnseenOnly(false)}>All</button>
          <button type="button" class="chip" aria-pressed={unseenOnly} onClick={() => setUnseenOnly(true)}>Not seen yet</button>
        </div>
      </header>
      {shown.length === 0 && <Empty title="Nothing here">{unseenOnly ? "Everything open has been seen." : "No open findings."}</Empty>}
      <ul class="finding-list">
        {roots.map((root) => (
          <FindingLine key={root.id} finding={root}>
            <Explained findings={shown.filter((one) => one.parent === root.id)} />
          </FindingLine>
        ))}
      </ul>
    </>
  );
}

/** What a finding explains: folded, because one cause may trouble a hundred rooms. */
function Explained({ findings: list }: { findings: Finding[] }): JSX.Element | null {
  if (list.length === 0) return null;
  return (
    <details class="explained">
      <summary>
        Explains {list.length} {list.length === 1 ? "other" : "others"}
      </summary>
      <ul class="finding-list">
        {list.map((child) => (
          <FindingLine key={child.id} finding={child} />
        ))}
      </ul>
    </details>
  );
}

function One({ id }: { id: string }): JSX.Element {
  const { value: finding, problem, again } = useLoaded<FindingInFull>(`api/faults/${encodeURIComponent(id)}`);
  if (problem) return <Trouble problem={problem} retry={again} />;
  if (!finding) return <Waiting lines={6} />;
  return (
    <article class="finding">
      <a class="back" href={href("findings")}>
        <Icon name="back" size={18} /> Findings
      </a>
      <p class="meta">
        <Severity level={finding.severity} />
        <span>since {siteTime(finding.start, zone.value)} ({since(finding.start, now.value)})</span>
      </p>
      <h1>{sentence(finding.says)}</h1>
      <p class="links">
        <EquipLink to={finding.equip} />
        {finding.place && <span class="hint">{finding.place}</span>}
      </p>
      <Parent id={finding.parent} />
      <Impact finding={finding} />
      {finding.next_check && (
        <section class="next-check">
          <h2 class="label">Next check</h2>
          <p>{sentence(finding.next_check)}</p>
        </section>
      )}
      {finding.causes.length > 0 && <Causes causes={finding.causes} />}
      {finding.proofs.length > 0 && <Proofs finding={finding} />}
      <Explained findings={findings.value?.filter((one) => one.parent === id) ?? []} />
      <Seen finding={finding} onSeen={() => { again(); void refresh(); }} />
      <button type="button" class="button" onClick={() => askAbout(finding)}>
        <Icon name="ask" /> Ask about {finding.equip.id}
      </button>
    </article>
  );
}

function Parent({ id }: { id: string | null }): JSX.Element | null {
  const parent = id && findings.value?.find((one) => one.id === id);
  if (!parent) return null;
  return (
    <section>
      <h2 class="label">Explained by</h2>
      <ul class="finding-list">
        <FindingLine finding={parent} />
      </ul>
    </section>
  );
}

function askAbout(finding: Finding): void {
  draft.value = `What is wrong with ${finding.equip.id}?`;
  go("chat");
}

function Impact({ finding }: { finding: FindingInFull }): JSX.Element | null {
  const { cost_per_day: cost, kwh_per_day: kwh, comfort_hours: hours } = finding;
  if (cost === null && kwh === null && hours === null) return null;
  return (
    <dl class="figures" title={finding.impact_method}>
      {cost !== null && <div><dt>Cost</dt><dd>{costPerDay(finding)}</dd></div>}
      {kwh !== null && <div><dt>Energy</dt><dd>{figure(kwh, "kWh")} kWh/day</dd></div>}
      {hours !== null && hours > 0 && <div><dt>Outside comfort</dt><dd>{figure(hours, "kWh")} room-hours</dd></div>}
    </dl>
  );
}

function Causes({ causes }: { causes: Cause[] }): JSX.Element {
  return (
    <section>
      <h2 class="label">Likely causes</h2>
      <ol class="causes">
        {causes.map((cause) => (
          <li key={cause.says}>
            <p class="cause">
              <span>{sentence(cause.says)}</span>
              <b>{Math.round(cause.likelihood * 100)} %</b>
            </p>
            <span class="bar" aria-hidden="true"><i style={`width:${Math.round(cause.likelihood * 100)}%`} /></span>
            {cause.check && <p class="hint">{sentence(cause.check)}</p>}
            {cause.equip && <a class="chip" href={href("equip", cause.equip)}>{cause.equip}</a>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Proofs({ finding }: { finding: FindingInFull }): JSX.Element {
  const points = [...new Set(finding.proofs.map((proof) => proof.point))].filter(Boolean).slice(0, 4);
  return (
    <section>
      <h2 class="label">Proof</h2>
      <ul class="proofs">
        {finding.proofs.map((proof) => (
          <li key={proof.point + proof.statistic + proof.text}>
            <span>{sentence(proof.text)}</span>
            <b>{shownProof(proof)}</b>
          </li>
        ))}
      </ul>
      {points.length > 0 && <ProofPlot finding={finding} points={points} />}
    </section>
  );
}

function shownProof(proof: Proof): string {
  return proof.value === null ? "" : quantity(proof.value, proof.unit);
}

/** The proof's points from before the fault began until now, the fault as a band. */
function ProofPlot({ finding, points }: { finding: Finding; points: string[] }): JSX.Element | null {
  const start = Date.parse(finding.start);
  const end = finding.end ? Date.parse(finding.end) : now.value;
  const before = Math.max((end - start) * 0.25, 6 * 3_600_000);
  const from = new Date(Math.max(start - before, end - 31 * 86_400_000)).toISOString();
  const path = `api/histories?points=${points.map(encodeURIComponent).join(",")}` +
    `&start=${encodeURIComponent(from)}&end=${encodeURIComponent(new Date(end).toISOString())}`;
  const { value, problem } = useLoaded<Histories>(path);
  if (problem) return <Trouble problem={problem} />;
  if (!value) return <Waiting lines={4} />;
  return <Plot chart={chartOf(value, "Before and since", [[start / 1000, end / 1000, "Fault"]])} />;
}

function Seen({ finding, onSeen }: { finding: Finding; onSeen: () => void }): JSX.Element {
  const [note, setNote] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const word = finding.acknowledged;
  const send = async (event: Event) => {
    event.preventDefault();
    try {
      await post(`api/faults/${encodeURIComponent(finding.id)}/ack`, { note, by: "operator" });
      setProblem(null);
      onSeen();
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  if (word) {
    return (
      <p class="acknowledged">
        <Icon name="check" size={18} /> Seen by {word.by}{word.note && `: “${word.note}”`}
      </p>
    );
  }
  return (
    <form class="acknowledge" onSubmit={send}>
      <label for="ack-note" class="label">Acknowledge</label>
      <div>
        <input id="ack-note" maxLength={1000} placeholder="A note for the next shift (optional)" value={note}
          onInput={(event) => setNote(event.currentTarget.value)} />
        <button type="submit" class="button is-main"><Icon name="check" /> Seen</button>
      </div>
      {problem && <Trouble problem={problem} />}
    </form>
  );
}
