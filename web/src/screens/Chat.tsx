// Home: the conversation, with the state of the plant one glance away.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { ask, draft, loading, openThread, threads, turns } from "../chat";
import { quantity, siteTime } from "../format";
import { causes, findings, linkDown, status, zone } from "../house";
import { href, route } from "../route";
import { FindingLine } from "../parts/FindingLine";
import { Icon } from "../parts/icons";
import { Waiting } from "../parts/small";
import { StopButton, TurnView } from "../parts/Turn";

export function Chat(): JSX.Element {
  const id = route.value.id;
  const list = turns.value;
  const lastId = list.at(-1)?.id;
  useEffect(() => void openThread(id), [id]);
  useEffect(() => {
    // a new question goes to the top, once; what streams in below it moves nothing
    if (lastId) document.getElementById(`turn-${lastId}`)?.scrollIntoView({ block: "start" });
  }, [lastId]);
  return (
    <div class="chat">
      <main class="talk" id="main">
        {list.length === 0 && (loading.value ? <Waiting lines={4} /> : <First />)}
        {list.map((turn, n) => (
          <TurnView key={turn.id} turn={turn} last={n === list.length - 1} />
        ))}
      </main>
      <Composer />
    </div>
  );
}

function First(): JSX.Element {
  const now = status.value;
  return (
    <section class="first">
      <h1>What do you want to know?</h1>
      <Vitals />
      <h2 class="label">Ask, for example</h2>
      <ul class="examples">
        {(now?.examples ?? []).map((question) => (
          <li key={question}>
            <button type="button" onClick={() => void ask(question)}>
              <span>{question}</span>
              <Icon name="next" size={18} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Vitals(): JSX.Element {
  const now = status.value;
  return (
    <dl class="vitals">
      {(now?.vitals ?? [{ label: "CHW supply", value: null, unit: "°C", of: "" }]).map((vital) => (
        <a key={vital.label} href={vital.of ? href("equip", vital.of) : "#/equip"}>
          <dt>{vital.label}</dt>
          <dd>{quantity(vital.value, vital.unit)}</dd>
        </a>
      ))}
      <a href="#/findings">
        <dt>Open findings</dt>
        <dd>{findings.value ? causes.value.length : "–"}</dd>
      </a>
      {linkDown.value && <p class="note" role="status">{linkDown.value}</p>}
    </dl>
  );
}

/** The second column of a wide screen: the plant now, and what is wrong. */
export function RightNow(): JSX.Element {
  const top = causes.value.slice(0, 6);
  return (
    <aside class="aside" aria-label="Right now">
      <h2 class="label">Right now</h2>
      <Vitals />
      <h2 class="label">Most important</h2>
      <ul class="finding-list">
        {top.map((finding) => (
          <FindingLine key={finding.id} finding={finding} />
        ))}
      </ul>
      <Parts />
    </aside>
  );
}

function Parts(): JSX.Element | null {
  const weak = status.value?.parts.filter((part) => part.state !== "ok") ?? [];
  const silent = status.value?.devices.filter((device) => device.state !== "ok").length ?? 0;
  if (weak.length === 0 && silent === 0) return null;
  return (
    <>
      <h2 class="label">How the server does</h2>
      <ul class="parts">
        {weak.map((part) => (
          <li key={part.name} title={part.hint}>
            <Icon name="info" size={16} />
            <span>{part.says}</span>
          </li>
        ))}
        {silent > 0 && (
          <li>
            <Icon name="info" size={16} />
            <span>
              {silent} of {status.value?.devices.length} devices late or silent
            </span>
          </li>
        )}
      </ul>
    </>
  );
}

export function History(): JSX.Element {
  return (
    <ul class="threads">
      {threads.value.map((one) => (
        <li key={one.id}>
          <a href={href("chat", one.id)} aria-current={route.value.screen === "chat" && route.value.id === one.id ? "page" : undefined}>
            {one.title}
            <small>{siteTime(one.last_at, zone.value)}</small>
          </a>
        </li>
      ))}
      {threads.value.length === 0 && <li class="hint">Earlier questions appear here.</li>}
    </ul>
  );
}

function Composer(): JSX.Element {
  const box = useRef<HTMLTextAreaElement>(null);
  const running = turns.value.findLast((turn) => turn.view.value.state === "running");
  const send = () => {
    if (running) return;
    void ask(draft.value);
    box.current?.focus();
  };
  useEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 160)}px`;
  }, [draft.value]);
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={box}
        rows={1}
        maxLength={8000}
        enterkeyhint="send"
        aria-label="Your question"
        placeholder="Ask the building"
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            send();
          }
        }}
      />
      {running ? (
        <StopButton turn={running} />
      ) : (
        <button type="submit" class="send" aria-label="Send" disabled={!draft.value.trim()}>
          <Icon name="send" />
        </button>
      )}
    </form>
  );
}
