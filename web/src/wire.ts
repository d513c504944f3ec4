// The JSON shapes of the HTTP interface, as in /api/openapi.json and agent/events.py.

export interface Series {
  name: string;
  unit: string;
  ts: number[];
  values: (number | null)[];
}

export interface Chart {
  title: string;
  series: Series[];
  bands: [number, number, string][];
  evidence: string;
}

export interface Evidence {
  id: string;
  kind: string;
  source: string;
  text: string;
  detail: Record<string, unknown>;
  trust: string;
}

export interface Plan {
  mode: string;
  intent: string;
  entities: string[];
  quantity: string | null;
  time: { start: string; end: string } | null;
  question_back: string | null;
}

export type RunEvent =
  | { type: "understood"; plan: Plan }
  | { type: "step_started"; id: string; tool: string; args: Record<string, unknown>; says: string }
  | { type: "step_done"; id: string; tool: string; summary: string; elapsed_s: number; error: string; sql: string }
  | { type: "chart"; chart: Chart }
  | { type: "evidence"; evidence: Evidence }
  | { type: "token"; text: string; restart: boolean }
  | { type: "note"; text: string }
  | {
      type: "answer";
      answer: string;
      mode: string;
      evidence: Evidence[];
      charts: Chart[];
      follow_ups: string[];
      plan: Plan;
      elapsed_s: number;
      ungrounded: string[];
    }
  | { type: "failed"; code: string; message: string; hint: string }
  | { type: "done"; elapsed_s: number };

export interface RunRow {
  id: string;
  thread: string;
  question: string;
  asked_at: string;
  state: string;
  answer: string;
}

export interface Thread {
  id: string;
  title: string;
  runs: number;
  last_at: string;
}

export interface Named {
  id: string;
  dis: string;
  kind: string | null;
}

export interface Link extends Named {
  medium: string;
}

export interface LivePoint {
  id: string;
  role: string;
  dis: string;
  unit: string;
  quantity: string;
  value: number | null;
  status: string;
  at: string | null;
  age_s: number | null;
}

export interface Proof {
  point: string;
  start: string;
  end: string;
  statistic: string;
  value: number | null;
  unit: string;
  text: string;
}

export interface Cause {
  says: string;
  likelihood: number;
  check: string;
  equip: string;
  proofs: Proof[];
}

/** A finding in a list; `FindingInFull` has its proofs and causes too. */
export interface Finding {
  id: string;
  rule: string;
  family: string;
  equip: Named;
  place: string;
  point: string;
  start: string;
  end: string | null;
  severity: number;
  says: string;
  next_check: string;
  cost_per_day: number | null;
  kwh_per_day: number | null;
  comfort_hours: number | null;
  currency: string;
  confidence: number;
  status: string;
  parent: string | null;
  acknowledged: { by: string; note: string } | null;
}

export interface FindingInFull extends Finding {
  causes: Cause[];
  proofs: Proof[];
  impact_method: string;
}

export interface Listed extends Named {
  place: string;
  points: number;
  findings: number;
  worst: number;
}

export interface EquipmentPage {
  total: number;
  kinds: Record<string, number>;
  items: Listed[];
}

export interface DocumentLink {
  document: string;
  title: string;
  format: string;
}

export interface Equipment extends Named {
  tags: Record<string, unknown>;
  place: Named[];
  inside: Named[];
  feeds: Link[];
  fed_by: Link[];
  points: LivePoint[];
  findings: Finding[];
  documents: DocumentLink[];
}

export interface Histories {
  start: number;
  step_s: number;
  lines: { point: string; dis: string; role: string; unit: string; values: (number | null)[] }[];
}

export interface Passage extends DocumentLink {
  id: string;
  page: number;
  headings: string[];
  before: string;
  text: string;
  after: string;
}

export interface Rows {
  columns: string[];
  rows: unknown[][];
  sql: string;
  elapsed_s: number;
  truncated: boolean;
}

export interface Status {
  site: string;
  time_zone: string;
  now: string;
  vitals: { label: string; value: number | null; unit: string; of: string }[];
  open_findings: number;
  examples: string[];
  parts: { name: string; state: string; says: string; hint: string }[];
  devices: { name: string; protocol: string; state: string; last_seen: string | null; points: number }[];
}
