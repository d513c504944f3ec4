// The sheet that opens on a citation: the source, its text, and the way to look again for oneself.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Problem, post, problemOf } from "../api";
import { figure, siteTime, UNKNOWN } from "../format";
import { zone } from "../house";
import { sentence } from "../markdown";
import { href } from "../route";
import type { Chart, Evidence, Histories, Passage, Rows } from "../wire";
import { Icon } from "./icons";
import { useLoaded } from "./loaded";
import { Plot } from "./Plot";
import { Trouble, Waiting } from "./small";

export const opened = signal<Evidence | null>(null);

const KIND_WORDS: Record<string, string> = {
  history: "Measured history",
  live: "Live value",
  sql: "Query",
  ontology: "Building model",
  fault: "Finding",
  manual: "Document",
  worklog: "Maintenance log",
};

export function Sheet(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const evidence = opened.value;
  useEffect(() => {
    if (evidence && !dialog.current?.open) dialog.current?.showModal();
    if (!evidence && dialog.current?.open) dialog.current.close();
  }, [evidence]);
  const close = () => {
    opened.value = null;
  };
  return (
    <dialog ref={dialog} class="sheet" onClose={close} aria-labelledby="sheet-title"
      onClick={(event) => event.target === dialog.current && close()}>
      {evidence && (
        <article key={evidence.id}>
          <header>
            <span class="cite is-static">{evidence.id}</span>
            <h2 id="sheet-title">{KIND_WORDS[evidence.kind] ?? evidence.kind}</h2>
            <button type="button" class="icon-button" aria-label="Close" onClick={close}>
              <Icon name="close" />
            </button>
          </header>
          {evidence.kind !== "sql" && <p class="source">{evidence.source}</p>}
          {evidence.kind !== "manual" && evidence.text && <p class="evidence-text">{sentence(evidence.text)}</p>}
          <Body evidence={evidence} />
        </article>
      )}
    </dialog>
  );
}

function Body({ evidence }: { evidence: Evidence }): JSX.Element | null {
  const { detail } = evidence;
  const chunk = text(detail["chunk"]);
  if (chunk) return <CitedPassage id={chunk} fallback={evidence.text} />;
  if (evidence.kind === "sql") return <Query sql={evidence.source} />;
  const points = pointsOf(evidence);
  if (points.length > 0) {
    return <PointsAgain points={points} start={text(detail["start"])} end={text(detail["end"])} />;
  }
  if (evidence.kind === "fault") {
    const one = evidence.source.includes(":"); // a finding's id is rule:subject:day; else it is a list of them
    return (
      <a class="button" href={href("findings", one ? evidence.source : "")} onClick={() => (opened.value = null)}>
        {one ? "Open the finding" : "Open the findings"}
      </a>
    );
  }
  return <Details detail={detail} />;
}

/** The points an evidence names, in its detail or else in its source ("CH-2.power, CH-2.load"). */
function pointsOf({ kind, source, detail }: Evidence): string[] {
  const named = list(detail["points"]).filter((id) => id.includes("."));
  if (named.length > 0 || !["history", "live"].includes(kind)) return named;
  return source.match(/[A-Za-z][\w-]*\.[a-z][a-z0-9-]+/g) ?? [];
}

function CitedPassage({ id, fallback }: { id: string; fallback: string }): JSX.Element {
  const { value, problem } = useLoaded<Passage>(`api/passages/${encodeURIComponent(id)}`);
  if (problem) return <p class="evidence-text">{fallback}</p>;
  if (!value) return <Waiting />;
  const page = value.page ? `#page=${value.page}` : "";
  return (
    <section class="passage">
      {value.headings.length > 0 && <p class="path">{value.headings.join(" › ")}</p>}
      {value.before && <p class="around">{value.before}</p>}
      <p>
        <mark>{value.text}</mark>
      </p>
      {value.after && <p class="around">{value.after}</p>}
      {value.format && (
        <a class="button" target="_blank" rel="noopener" href={`api/documents/${encodeURIComponent(value.document)}/file${page}`}>
          <Icon name="doc" /> Open {value.page ? `page ${value.page}` : "the original"} ({value.format.toUpperCase()})
        </a>
      )}
    </section>
  );
}

function Query({ sql }: { sql: string }): JSX.Element {
  const [rows, setRows] = useState<Rows | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = async () => {
    setProblem(null);
    try {
      setRows(await post<Rows>("api/sql", { query: sql, limit: 100 }));
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  return (
    <section>
      <pre class="sql">{sql}</pre>
      <button type="button" class="button" onClick={run}>
        <Icon name="rerun" /> Run it again
      </button>
      {problem && <Trouble problem={problem} />}
      {rows && <Table rows={rows} />}
    </section>
  );
}

function Table({ rows }: { rows: Rows }): JSX.Element {
  return (
    <div class="scroll">
      <table class="rows">
        <thead>
          <tr>{rows.columns.map((name) => <th key={name}>{name}</th>)}</tr>
        </thead>
        <tbody>
          {rows.rows.map((row, n) => (
            <tr key={n}>{row.map((cell, m) => <td key={m}>{shown(cell)}</td>)}</tr>
          ))}
        </tbody>
      </table>
      {rows.truncated && <p class="hint">The first {rows.rows.length} rows.</p>}
    </div>
  );
}

function PointsAgain(props: { points: string[]; start: string; end: string }): JSX.Element {
  const range = props.start && props.end
    ? `&start=${encodeURIComponent(props.start)}&end=${encodeURIComponent(props.end)}`
    : "&hours=24";
  const points = props.points.slice(0, 6).map(encodeURIComponent).join(",");
  const { value, problem } = useLoaded<Histories>(`api/histories?points=${points}${range}`);
  if (problem) return <p class="hint">{problem.message}</p>;
  if (!value) return <Waiting lines={4} />;
  return (
    <section>
      <Plot chart={chartOf(value, "Read again from the history")} height={200} />
      <p class="links">
        {props.points.slice(0, 6).map((point) => (
          <a key={point} class="chip" href={href("equip", point.split(".")[0])} onClick={() => (opened.value = null)}>
            {point}
          </a>
        ))}
      </p>
    </section>
  );
}

function Details({ detail }: { detail: Record<string, unknown> }): JSX.Element | null {
  const rows = Object.entries(detail).filter(([, value]) => typeof value !== "object");
  if (rows.length === 0) return null;
  return (
    <dl class="details">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{shown(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

export function chartOf(histories: Histories, title: string, bands: Chart["bands"] = []): Chart {
  const { start, step_s: step, lines } = histories;
  const series = lines.map((line) => ({
    name: line.dis,
    unit: line.unit,
    ts: line.values.map((_, i) => start + i * step),
    values: line.values,
  }));
  return { title, series, bands, evidence: "" };
}

function shown(cell: unknown): string {
  if (cell === null || cell === undefined) return UNKNOWN;
  if (typeof cell === "number") return figure(cell);
  const words = String(cell);
  return /^\d{4}-\d\d-\d\dT/.test(words) && /(Z|[+-]\d\d:\d\d)$/.test(words) ? siteTime(words, zone.value) : words;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function list(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === "string" && one !== "");
}
