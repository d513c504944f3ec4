// Equipment: a list to search, and one equipment with its live points, trends, neighbours and findings.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { draft } from "../chat";
import { age, pointValue } from "../format";
import { go, href, route } from "../route";
import { FindingLine } from "../parts/FindingLine";
import { Icon } from "../parts/icons";
import { useLoaded } from "../parts/loaded";
import { Plot } from "../parts/Plot";
import { chartOf } from "../parts/Sheet";
import { Empty, kindWord, Severity, Trouble, Waiting } from "../parts/small";
import { sparkPath } from "../plot";
import type { Equipment, EquipmentPage, Histories, Link, LivePoint, Named } from "../wire";

const REFRESH_MS = 30_000;
const MOST_LINES = 4;
const SPARKS = 24;

/** What a person looks at first, in this order; with it comes its setpoint. */
const FIRST_ROLES = [
  "chilled-water-leaving-temp", "discharge-air-temp", "zone-air-temp", "power", "zone-air-co2", "speed",
  "outside-air-temp", "condenser-water-leaving-temp",
];

const searched = signal("");
const chosenKind = signal("");

export function Equip(): JSX.Element {
  const id = route.value.id;
  return (
    <div class={id ? "split has-detail" : "split"}>
      <section class="list" aria-label="Equipment list">
        <List />
      </section>
      <section class="detail" aria-label="Equipment">
        {id ? <One id={id} key={id} /> : <Empty title="Choose an equipment">Its live values, trends and neighbours open here.</Empty>}
      </section>
    </div>
  );
}

function List(): JSX.Element {
  const [words, setWords] = useState(searched.value);
  useEffect(() => {
    const timer = setTimeout(() => (searched.value = words), 200);
    return () => clearTimeout(timer);
  }, [words]);
  const kind = chosenKind.value ? `&kind=${chosenKind.value}` : "";
  const path = `api/equipment?limit=100&search=${encodeURIComponent(searched.value)}${kind}`;
  const { value, problem, again } = useLoaded<EquipmentPage>(path);
  return (
    <>
      <header class="list-head">
        <h1>Equipment</h1>
        <label class="search">
          <Icon name="search" />
          <input type="search" placeholder="CH-2, room 807, ballroom …" aria-label="Search equipment" value={words}
            onInput={(event) => setWords(event.currentTarget.value)} />
        </label>
        <div class="filters">
          <button type="button" class="chip" aria-pressed={!chosenKind.value} onClick={() => (chosenKind.value = "")}>All</button>
          {Object.entries(value?.kinds ?? {}).map(([name, count]) => (
            <button key={name} type="button" class="chip" aria-pressed={chosenKind.value === name}
              onClick={() => (chosenKind.value = chosenKind.value === name ? "" : name)}>
              {kindWord(name)} <span class="count">{count}</span>
            </button>
          ))}
        </div>
      </header>
      {problem && <Trouble problem={problem} retry={again} />}
      {!value && !problem && <Waiting lines={8} />}
      {value?.total === 0 && <Empty title="Nothing matches">Try a part of the name, a floor or a kind.</Empty>}
      <ul class="equip-list">
        {value?.items.map((item) => (
          <li key={item.id}>
            <a href={href("equip", item.id)} aria-current={route.value.id === item.id ? "page" : undefined}>
              <span>
                <b>{item.id}</b>
                <span class="hint">{[item.dis !== item.id && item.dis, item.place].filter(Boolean).join(" · ")}</span>
              </span>
              {item.worst > 0 && <Severity level={item.worst} />}
            </a>
          </li>
        ))}
      </ul>
      {value && value.total > value.items.length && <p class="hint more">{value.total - value.items.length} more; search to narrow</p>}
    </>
  );
}

function One({ id }: { id: string }): JSX.Element {
  const { value: equip, problem, again } = useLoaded<Equipment>(`api/equipment/${encodeURIComponent(id)}`, REFRESH_MS);
  if (problem) return <Trouble problem={problem} retry={again} />;
  if (!equip) return <Waiting lines={8} />;
  return (
    <article class="equipment">
      <a class="back" href={href("equip")}>
        <Icon name="back" size={18} /> Equipment
      </a>
      <header>
        <h1>{equip.id}</h1>
        <p class="hint">
          {[equip.dis !== equip.id && equip.dis, ...equip.place.map((one) => one.dis)].filter(Boolean).join(" · ")}
        </p>
        <button type="button" class="button" onClick={() => { draft.value = `How is ${equip.id} doing?`; go("chat"); }}>
          <Icon name="ask" /> Ask about it
        </button>
      </header>
      {equip.findings.length > 0 && (
        <section>
          <h2 class="label">Findings</h2>
          <ul class="finding-list">
            {equip.findings.map((finding) => <FindingLine key={finding.id} finding={finding} />)}
          </ul>
        </section>
      )}
      {equip.points.length > 0 && <Points equip={equip} />}
      <Neighbours equip={equip} />
      {equip.documents.length > 0 && (
        <section>
          <h2 class="label">Documents</h2>
          <ul class="documents">
            {equip.documents.map((one) => (
              <li key={one.document}>
                <a target="_blank" rel="noopener" href={`api/documents/${encodeURIComponent(one.document)}/file`}>
                  <Icon name="doc" /> {one.title} {one.format && <span class="hint">{one.format.toUpperCase()}</span>}
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </article>
  );
}

function Points({ equip }: { equip: Equipment }): JSX.Element {
  const [chosen, setChosen] = useState(() => firstShown(equip.points));
  const [hours, setHours] = useState(24);
  const drawable = equip.points.filter((point) => point.quantity !== "state").slice(0, SPARKS).map((point) => point.id);
  const sparks = useSparks(drawable);
  const toggle = (id: string) =>
    setChosen((now) => (now.includes(id) ? now.filter((one) => one !== id) : [...now, id].slice(-MOST_LINES)));
  return (
    <section class="points">
      <div class="section-head">
        <h2 class="label">Trend</h2>
        <div class="filters">
          {[[24, "24 h"], [168, "7 days"], [720, "30 days"]].map(([value, word]) => (
            <button key={word} type="button" class="chip" aria-pressed={hours === value} onClick={() => setHours(Number(value))}>
              {word}
            </button>
          ))}
        </div>
      </div>
      <Trend points={chosen} hours={hours} title={equip.id} />
      <h2 class="label">Live values <span>tap to add to the trend</span></h2>
      <ul class="point-list">
        {equip.points.map((point) => (
          <li key={point.id}>
            <button type="button" aria-pressed={chosen.includes(point.id)} onClick={() => toggle(point.id)}>
              <span class="name">{point.dis}</span>
              <Spark values={sparks[point.id]} />
              <span class="value">
                <b>{pointValue(point)}</b>
                <PointState point={point} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function PointState({ point }: { point: LivePoint }): JSX.Element {
  if (point.status === "good") return <span class="state">{age(point.age_s)}</span>;
  const word = point.status === "overridden" ? "in hand" : point.status.replace("-", " ");
  return (
    <span class="state is-odd">
      <Icon name="info" size={13} /> {word}
      {point.status !== "silent" && `, ${age(point.age_s)}`}
    </span>
  );
}

function Trend({ points, hours, title }: { points: string[]; hours: number; title: string }): JSX.Element {
  const path = points.length > 0 ? `api/histories?points=${points.map(encodeURIComponent).join(",")}&hours=${hours}` : null;
  const { value, problem } = useLoaded<Histories>(path);
  if (problem) return <Trouble problem={problem} />;
  if (!path) return <p class="nothing" style="height:285px">Tap a value below to draw it</p>;
  if (!value) return <p class="nothing" style="height:285px">Reading the history …</p>;
  const lines = value.lines.map((line) => ({ ...line, dis: line.dis.replace(`${title} `, "") }));
  return <Plot chart={chartOf({ ...value, lines }, title)} height={230} />;
}

function Spark({ values }: { values: (number | null)[] | undefined }): JSX.Element {
  return (
    <svg class="spark" viewBox="0 -2 88 26" preserveAspectRatio="none" aria-hidden="true">
      {values && <path d={sparkPath(values, 88, 22)} />}
    </svg>
  );
}

/** The last day of each point in half hours, twelve points a request. */
function useSparks(ids: string[]): Record<string, (number | null)[]> {
  const parts = [ids.slice(0, 12), ids.slice(12, 24)];
  const paths = parts.map((part) =>
    part.length > 0 ? `api/histories?points=${part.map(encodeURIComponent).join(",")}&hours=24&step_minutes=30` : null,
  );
  const first = useLoaded<Histories>(paths[0] ?? null);
  const second = useLoaded<Histories>(paths[1] ?? null);
  const lines = [...(first.value?.lines ?? []), ...(second.value?.lines ?? [])];
  return Object.fromEntries(lines.map((line) => [line.point, line.values]));
}

function firstShown(points: LivePoint[]): string[] {
  const role = FIRST_ROLES.find((name) => points.some((point) => point.role === name && point.value !== null));
  const names = role ? [role, `${role}-sp`, role.replace("leaving", "entering")] : [points[0]?.role];
  const found = names.flatMap((name) => points.filter((point) => point.role === name));
  return [...new Set(found.map((point) => point.id))].slice(0, MOST_LINES);
}

function Neighbours({ equip }: { equip: Equipment }): JSX.Element | null {
  const groups: [string, (Named | Link)[]][] = [
    ["Fed by", equip.fed_by],
    ["Feeds", equip.feeds],
    ["Contains", equip.inside],
  ];
  return (
    <>
      {groups
        .filter(([, list]) => list.length > 0)
        .map(([word, list]) => (
          <section key={word}>
            <h2 class="label">
              {word} {list.length > 12 && <span>{list.length}</span>}
            </h2>
            <div class={list.length > 12 ? "links is-many" : "links"}>
              {list.map((one) => (
                <a key={one.id + ("medium" in one ? one.medium : "")} class="chip" href={href("equip", one.id)} title={one.dis}>
                  {one.id}
                  {"medium" in one && <span class="count">{one.medium.replace("-", " ")}</span>}
                </a>
              ))}
            </div>
          </section>
        ))}
    </>
  );
}
