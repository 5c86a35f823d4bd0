// From the rows of a view to the rows of a panel: filter, order, cut. Pure, so that it can be tested on its own.
import type { RecordRef, Severity, Sort, TilePanel } from "../api/dashboard";
import type { Row, Value } from "../api/protocol";
import type { Alert } from "../state/alerts";
import { compare } from "../state/view";

export function matches(row: Row, where: Row): boolean {
  for (const column in where) {
    const wanted = where[column];
    const found = row[column] ?? null;
    if (Array.isArray(wanted) ? !wanted.includes(found) : found !== wanted) return false;
  }
  return true;
}

export function order(rows: Row[], sort: readonly Sort[]): Row[] {
  if (sort.length === 0) return rows;
  return rows.sort((a, b) => {
    for (const { column, descending } of sort) {
      const c = compare(a[column] ?? null, b[column] ?? null);
      if (c !== 0) return descending ? -c : c;
    }
    return 0;
  });
}

export function select(rows: Iterable<Row>, where: Row, sort: readonly Sort[]): Row[] {
  const out: Row[] = [];
  for (const row of rows) if (matches(row, where)) out.push(row);
  return order(out, sort);
}

export function numeric(value: Value | undefined): number {
  return typeof value === "number" ? value : typeof value === "string" && value !== "" ? Number(value) : NaN;
}

/** The tile's number over the selected rows; NaN where there is none. */
export function aggregate(rows: readonly Row[], panel: Pick<TilePanel, "aggregate" | "value">): number {
  if (panel.aggregate === "count") return rows.length;
  const values = rows.map((r) => numeric(r[panel.value]));
  switch (panel.aggregate) {
    case "first": return values[0] ?? NaN;
    case "sum": return values.reduce((a, b) => a + (Number.isNaN(b) ? 0 : b), 0);
    case "max": return Math.max(...values);
    case "min": return Math.min(...values);
  }
}

export type Level = "critical" | "warning" | "none";

function reaches(value: Value, level: Value[] | number): boolean {
  return typeof level === "number" ? typeof value === "number" && value >= level : level.includes(value);
}

export function severityOf(row: Row, severity: Severity | null): Level {
  if (!severity) return "none";
  const value = row[severity.column] ?? null;
  if (reaches(value, severity.critical)) return "critical";
  return reaches(value, severity.warning) ? "warning" : "none";
}

/** Where the record behind a row is; null where the row does not say. */
export function place(row: Row, ref: RecordRef): { topic: string; partition: number; offset: number } | null {
  const offset = numeric(row[ref.offset]);
  const partition = typeof ref.partition === "number" ? ref.partition : /^\d+$/.test(ref.partition) ? Number(ref.partition) : numeric(row[ref.partition]);
  const topic = typeof row[ref.topic] === "string" ? String(row[ref.topic]) : ref.topic;
  return Number.isNaN(offset) || Number.isNaN(partition) ? null : { topic, partition, offset };
}

/** The alert that this row raised: an alert names its view, and the row's key as its subject. */
export function alertFor(row: Row, view: { name: string; key: readonly string[] }, alerts: readonly Alert[]): Alert | undefined {
  const subject = view.key.map((k) => String(row[k] ?? "")).join(", ");
  return alerts.find((a) => a.view === view.name && a.subject === subject);
}
