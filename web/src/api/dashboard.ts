// A dashboard as dashboards/*.yaml describes it, and the parser from the JSON the server answers.
// A panel that is not understood becomes a panel that says so; the rest of the page works.
// Format: docs/formats/dashboard.md
import { isObject, type Row, type Value } from "./protocol";

export interface Sort { column: string; descending: boolean }
export type Format = "text" | "number" | "time" | "date" | "since" | "duration" | "sigma" | "of";
export interface Column { column: string; title: string; format: Format; decimals?: number; of?: string }
export interface RecordRef { topic: string; partition: string | number; offset: string }
export interface Severity { column: string; critical: Value[] | number; warning: Value[] | number }

interface Base { title: string; width: number; view: string; where: Row; sort: Sort[]; limit: number }
export type Aggregate = "first" | "count" | "sum" | "max" | "min";
export interface TilePanel extends Base {
  type: "tile"; value: string; aggregate: Aggregate; unit: string; decimals: number; spark: string; goal: "high" | "low" | "none";
  warn: number | null; critical: number | null;
}
export interface SeriesPanel extends Base { type: "series"; x: string; y: string; series: string; kind: "bars" | "line" | "area"; last: number; unit: string }
export interface TopPanel extends Base { type: "top"; label: string; value: string }
export interface TablePanel extends Base { type: "table" | "exceptions"; columns: Column[]; record: RecordRef | null; severity: Severity | null }
export interface LatencyPanel extends Base { type: "latency"; sent: { view: string; column: string } | null }
export interface AlertsPanel extends Base { type: "alerts" }
export interface UnknownPanel extends Base { type: "unknown"; problem: string }
export type Panel = TilePanel | SeriesPanel | TopPanel | TablePanel | LatencyPanel | AlertsPanel | UnknownPanel;

export interface Dashboard {
  name: string;
  title: string;
  clock: { view: string; column: string } | null;
  /** How much of a view the page keeps: the query of its GET. */
  views: Record<string, { order: string; limit: number }>;
  panels: Panel[];
}

const kMaxRows = 5000;

function str(o: Record<string, unknown>, name: string, fallback = ""): string {
  const v = o[name];
  return typeof v === "string" ? v : typeof v === "number" ? String(v) : fallback;
}
function num<T>(o: Record<string, unknown>, name: string, fallback: T): number | T {
  const v = o[name];
  return typeof v === "number" ? v : typeof v === "string" && v.trim() !== "" && Number.isFinite(Number(v)) ? Number(v) : fallback;
}
function oneOf<T extends string>(v: string, allowed: readonly T[], fallback: T): T {
  return (allowed as readonly string[]).includes(v) ? (v as T) : fallback;
}

/** "departure desc, container_id" -> two sort columns. */
export function parseSort(text: string): Sort[] {
  return text.split(",").map((part) => part.trim().split(/[\s:]+/)).filter((p) => p[0])
    .map(([column, way]) => ({ column: column ?? "", descending: way?.toLowerCase() === "desc" }));
}

function columns(value: unknown): Column[] {
  if (!Array.isArray(value)) return [];
  return value.map((c): Column => {
    const o: Record<string, unknown> = isObject(c) ? c : { column: c };
    const decimals = num(o, "decimals", null);
    return {
      column: str(o, "column"), title: str(o, "title", str(o, "column")),
      format: oneOf(str(o, "format", "text"), ["text", "number", "time", "date", "since", "duration", "sigma", "of"], "text"),
      ...(decimals === null ? {} : { decimals }), ...(o["of"] ? { of: str(o, "of") } : {}),
    };
  });
}

function record(value: unknown): RecordRef | null {
  if (!isObject(value)) return null;
  const partition = value["partition"];
  return { topic: str(value, "topic"), partition: typeof partition === "number" ? partition : str(value, "partition", "0"), offset: str(value, "offset") };
}

function levels(value: unknown): Value[] | number {
  return typeof value === "number" ? value : Array.isArray(value) ? (value as Value[]) : [];
}

function panel(value: unknown): Panel {
  const o = isObject(value) ? value : {};
  const type = str(o, "type");
  const base: Base = {
    title: str(o, "title", str(o, "view")), view: str(o, "view"), width: Math.min(12, Math.max(2, num(o, "width", type === "tile" ? 2 : 6))),
    where: (isObject(o["where"]) ? o["where"] : {}) as Row, sort: parseSort(str(o, "sort")), limit: num(o, "limit", 200),
  };
  switch (type) {
    case "tile":
      return {
        ...base, type, value: str(o, "value"), unit: str(o, "unit"), decimals: num(o, "decimals", 0), spark: str(o, "spark"),
        aggregate: oneOf(str(o, "aggregate", "first"), ["first", "count", "sum", "max", "min"], "first"),
        goal: oneOf(str(o, "goal", "none"), ["high", "low", "none"], "none"), warn: num(o, "warn", null), critical: num(o, "critical", null),
      };
    case "series":
      return { ...base, type, x: str(o, "x"), y: str(o, "y"), series: str(o, "series"), kind: oneOf(str(o, "kind", "line"), ["bars", "line", "area"], "line"), last: num(o, "last", 120), unit: str(o, "unit") };
    case "top":
      return { ...base, type, label: str(o, "label"), value: str(o, "value"), limit: num(o, "limit", 15) };
    case "table":
    case "exceptions": {
      const s = o["severity"];
      const severity = isObject(s) ? { column: str(s, "column"), critical: levels(s["critical"]), warning: levels(s["warning"]) } : null;
      return { ...base, type, columns: columns(o["columns"]), record: record(o["record"]), severity };
    }
    case "latency": {
      const sent = o["sent"];
      return { ...base, type, sent: isObject(sent) ? { view: str(sent, "view"), column: str(sent, "column") } : null };
    }
    case "alerts":
      return { ...base, type };
    default:
      return { ...base, type: "unknown", problem: `This page does not know panels of type "${type}".` };
  }
}

export function parseDashboard(name: string, value: unknown): Dashboard {
  const o = isObject(value) ? value : {};
  const clock = o["clock"];
  const views: Dashboard["views"] = {};
  if (isObject(o["views"])) {
    for (const [view, v] of Object.entries(o["views"])) {
      if (isObject(v)) views[view] = { order: str(v, "order"), limit: Math.min(kMaxRows, num(v, "limit", kMaxRows)) };
    }
  }
  return {
    name, title: str(o, "title", name), views,
    clock: isObject(clock) ? { view: str(clock, "view"), column: str(clock, "column") } : null,
    panels: Array.isArray(o["panels"]) ? o["panels"].map(panel) : [],
  };
}
