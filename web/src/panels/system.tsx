// The system page: pipelines, topics and views as the node lists them. Fetched when opened and on request, never by a timer; its
// age is shown, so that nobody takes it for live.
import { useEffect, useState } from "preact/hooks";
import { getSystem } from "../api/http";
import type { Row } from "../api/protocol";
import { useStore } from "../ui/context";
import { formatDuration, formatNumber, formatTime, formatValue, parseTime } from "../ui/format";
import { Icon } from "../ui/icons";
import { Latency } from "./latency";

type Part = "pipelines" | "topics" | "views";
const kParts: readonly Part[] = ["pipelines", "topics", "views"];
const kMaxColumns = 12;
const kBad = /fail|dead|error|stop|full|reject/i;

function Cell({ name, value }: { name: string; value: Row[string] | undefined }) {
  if (name === "state" || name === "status") {
    const text = formatValue(value);
    return <span class={`state ${kBad.test(text) ? "bad" : "good"}`}><Icon name={kBad.test(text) ? "critical" : "ok"} size={14} />{text}</span>;
  }
  if (typeof value === "number" && /commit_time|_ms$|^ct$/.test(name) && value > 1e12) return <>{formatTime(value)}</>;
  if (typeof value === "number" && /_ms$/.test(name) && value >= 0) return <>{formatDuration(value)}</>;
  if (typeof value === "number") return <>{/bytes/.test(name) ? bytes(value) : formatNumber(value, Number.isInteger(value) ? 0 : 2)}</>;
  if (typeof value === "string" && /(_at|_time)$/.test(name) && !Number.isNaN(parseTime(value))) return <>{formatTime(parseTime(value))}</>;
  if (Array.isArray(value)) return <>{value.every((v) => typeof v === "string" || typeof v === "number") ? value.join(", ") : formatNumber(value.length)}</>;
  return <>{formatValue(value)}</>;
}

function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return `${formatNumber(n, i === 0 ? 0 : 1)} ${units[i]}`;
}

/** The columns worth showing: what every row has in common first, in the order of the first row; long texts and objects are left out. */
export function systemColumns(rows: readonly Row[]): string[] {
  const out: string[] = [];
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      const long = (typeof value === "string" && value.length > 120) || (typeof value === "object" && value !== null && !Array.isArray(value));
      if (!out.includes(name) && !long && name !== "columns" && name !== "sql" && out.length < kMaxColumns) out.push(name);
    }
  }
  return out;
}

function SystemTable({ part, rows, problem }: { part: Part; rows: Row[]; problem: string }) {
  const columns = systemColumns(rows);
  const isNumber = (c: string): boolean => rows.some((r) => typeof r[c] === "number");
  return (
    <section class="card panel wide" aria-label={part}>
      <header><h3>{part[0]?.toUpperCase() + part.slice(1)} {rows.length > 0 && `(${rows.length})`}</h3></header>
      {rows.length === 0 ? <p class="empty">{problem || "None."}</p> : (
        <div class="scroll">
          <table class="cards">
            <caption class="hidden">{part}</caption>
            <thead><tr>{columns.map((c) => <th key={c} scope="col" class={isNumber(c) ? "num" : ""}>{c.replaceAll("_", " ")}</th>)}</tr></thead>
            <tbody>
              {rows.map((row, i) => (
                <tr key={i}>{columns.map((c, n) => <td key={c} data-label={c.replaceAll("_", " ")} class={`${isNumber(c) ? "num" : ""} ${n === 0 ? "lead" : ""}`}><Cell name={c} value={row[c]} /></td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

export function SystemPage() {
  const store = useStore();
  void store.tick.value;
  const [parts, setParts] = useState<Partial<Record<Part, { rows: Row[]; problem: string }>>>({});
  const [at, setAt] = useState(0);
  const load = (): void => {
    setAt(Date.now());
    for (const part of kParts) {
      getSystem(part).then(
        (rows) => setParts((p) => ({ ...p, [part]: { rows, problem: "" } })),
        (error: unknown) => setParts((p) => ({ ...p, [part]: { rows: p[part]?.rows ?? [], problem: error instanceof Error ? error.message : String(error) } })),
      );
    }
  };
  useEffect(load, []);
  return (
    <>
      <div class="bar">
        <h2>System</h2>
        <span class="muted">as of {formatDuration(Math.max(0, Date.now() - at))} ago</span>
        <button type="button" class="tool" onClick={load}><Icon name="refresh" /> Refresh</button>
      </div>
      <div class="grid">
        {kParts.map((part) => <SystemTable key={part} part={part} rows={parts[part]?.rows ?? []} problem={parts[part]?.problem ?? "Loading …"} />)}
        <div class="span w6"><Latency panel={{ type: "latency", title: "How fresh this page's data is", width: 6, view: "", where: {}, sort: [], limit: 0, sent: null }} /></div>
      </div>
    </>
  );
}
