// One question and its answer: steps on one line that opens, text, charts, what to ask next.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import { type Turn, ask, start, stop } from "../chat";
import { render, sentence } from "../markdown";
import { href } from "../route";
import type { RunView, StepView } from "../run";
import { Icon } from "./icons";
import { Plot } from "./Plot";
import { opened } from "./Sheet";

export function TurnView({ turn, last }: { turn: Turn; last: boolean }): JSX.Element {
  const view = turn.view.value;
  return (
    <article class={last ? "turn is-last" : "turn"} id={`turn-${turn.id}`}>
      <h2 class="question">{turn.question}</h2>
      <Steps view={view} />
      <Text view={view} />
      {view.linkLost && view.state === "running" && (
        <p class="note" role="status">The link is lost. The answer goes on at the server; reconnecting …</p>
      )}
      {view.notes.map((note) => (
        <p class="note" key={note}>{note}</p>
      ))}
      {view.failure && (
        <div class="trouble" role="alert">
          <strong>{view.failure.message}</strong>
          {view.failure.hint && <span>{view.failure.hint}</span>}
          <button type="button" class="quiet" onClick={() => (turn.id ? void again(turn, view) : location.reload())}>
            Ask again
          </button>
        </div>
      )}
      {view.state !== "running" && view.charts.map((chart) => <Plot key={chart.title} chart={chart} />)}
      {view.state !== "running" && <Foot view={view} />}
      {last && view.state === "done" && view.followUps.length > 0 && (
        <ul class="follow-ups" aria-label="Ask next">
          {view.followUps.map((question) => (
            <li key={question}>
              <button type="button" onClick={() => void ask(question)}>{sentence(question)}</button>
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

/** A post that never reached the server is sent again under its UUID; a failed run is asked anew. */
function again(turn: Turn, view: RunView): Promise<void> {
  return view.steps.length === 0 && view.plan === null ? start(turn) : ask(turn.question);
}

function Steps({ view }: { view: RunView }): JSX.Element {
  const { steps } = view;
  const running = view.state === "running";
  const current = steps.findLast((step) => !step.done);
  const failed = steps.filter((step) => step.error).length;
  const says = running
    ? (current?.says ?? (steps.length > 0 ? "Writing the answer" : "Reading the question"))
    : `${steps.length} ${steps.length === 1 ? "step" : "steps"}${failed ? `, ${failed} without result` : ""}`;
  return (
    <details class="steps">
      <summary aria-live="polite">
        <span class={running ? "pulse" : "tick"} aria-hidden="true">
          {!running && <Icon name={view.state === "done" ? "check" : "info"} size={16} />}
        </span>
        <span class="says">{says}</span>
        {view.elapsedS !== null && <span class="elapsed">{view.elapsedS.toFixed(1)} s</span>}
      </summary>
      {view.plan && <Understood view={view} />}
      <ol>
        {steps.map((step) => (
          <StepLine key={step.id} step={step} />
        ))}
      </ol>
    </details>
  );
}

function Understood({ view }: { view: RunView }): JSX.Element {
  const { intent, quantity, entities } = view.plan!;
  const parts = [intent.replaceAll("_", " "), quantity?.replaceAll("-", " "), entities.slice(0, 6).join(", ")];
  return <p class="understood">Understood as: {parts.filter(Boolean).join(" · ")}</p>;
}

function StepLine({ step }: { step: StepView }): JSX.Element {
  const args = Object.entries(step.args).filter(([name, value]) => value !== null && !(step.sql && name === "query"));
  return (
    <li class={step.error ? "is-error" : ""}>
      <p>
        {step.says} <code>{step.tool}</code>
        {step.elapsedS !== null && <span class="elapsed">{step.elapsedS.toFixed(2)} s</span>}
      </p>
      {args.length > 0 && (
        <p class="args">
          {args.map(([name, value]) => (
            <span key={name}>
              {name} <b>{shownArg(value)}</b>
            </span>
          ))}
        </p>
      )}
      {step.sql && <pre class="sql">{step.sql}</pre>}
      {(step.error || step.summary) && <p class="summary">{step.error || step.summary}</p>}
    </li>
  );
}

function shownArg(value: unknown): string {
  if (Array.isArray(value)) return value.map(shownArg).join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Text({ view }: { view: RunView }): JSX.Element {
  const html = useMemo(() => render(view.text), [view.text]);
  const open = (event: MouseEvent) => {
    const id = (event.target as HTMLElement).closest<HTMLElement>("[data-evidence]")?.dataset["evidence"];
    const evidence = id && view.evidence[id];
    if (evidence) opened.value = evidence;
  };
  return (
    <div class="answer" aria-busy={view.state === "running"} onClick={open}
      dangerouslySetInnerHTML={{ __html: html }} />
  );
}

function Foot({ view }: { view: RunView }): JSX.Element | null {
  const entities = view.plan?.entities.slice(0, 5) ?? [];
  const evidence = Object.values(view.evidence);
  if (evidence.length === 0 && entities.length === 0 && !view.mode) return null;
  return (
    <footer class="foot">
      {view.ungrounded.length > 0 && (
        <p class="note">Not found in any source: {view.ungrounded.join(", ")}. Check before you rely on it.</p>
      )}
      <div class="links">
        {entities.map((id) => (
          <a key={id} class="chip" href={href("equip", id)}>
            {id}
            <Icon name="next" size={14} />
          </a>
        ))}
        {evidence.length > 0 && (
          <button type="button" class="chip" onClick={() => (opened.value = evidence[0] ?? null)}>
            {evidence.length} {evidence.length === 1 ? "source" : "sources"}
          </button>
        )}
        {view.mode && <span class="mode">{view.mode === "playbook" ? "Playbook, no language model" : "Language model"}</span>}
      </div>
    </footer>
  );
}

export function StopButton({ turn }: { turn: Turn }): JSX.Element {
  return (
    <button type="button" class="send is-stop" aria-label="Stop" onClick={() => void stop(turn)}>
      <Icon name="stop" />
    </button>
  );
}
