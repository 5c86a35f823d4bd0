// A table of a view's rows: on a phone each row becomes a card (the style sheet reads data-label). A row that leads somewhere is a
// button for keyboard and screen reader. Newly pushed rows are marked for a moment.
import type { ComponentChildren } from "preact";
import type { Column } from "../api/dashboard";
import type { Row, Value } from "../api/protocol";
import type { Level } from "../panels/select";
import { formatDate, formatDuration, formatNumber, formatTime, formatValue, parseTime } from "./format";
import { Icon } from "./icons";

/** A cell as text. `now`: the time of the data's world. */
export function cellText(row: Row, column: Column, now: number): string {
  const value: Value = row[column.column] ?? null;
  if (value === null) return "–";
  switch (column.format) {
    case "number": return typeof value === "number" ? formatNumber(value, column.decimals ?? 0) : formatValue(value);
    case "time": return formatTime(parseTime(value));
    case "date": return formatDate(parseTime(value));
    case "since": {
      const ms = now - parseTime(value);
      return ms < 0 ? `in ${formatDuration(-ms)}` : formatDuration(ms);
    }
    case "duration": return formatDuration(Number(value));
    case "sigma": return `${Number(value) > 0 ? "+" : "−"}${formatNumber(Math.abs(Number(value)), 1)} σ`;
    case "of": return `${formatValue(value)} of ${formatValue(row[column.of ?? ""])}`;
    case "text": return formatValue(value);
  }
}

const kNumeric = new Set(["number", "duration", "sigma", "of", "since"]);

export interface TableRow { key: string; row: Row; level: Level; fresh: boolean }

interface Props {
  title: string;
  columns: readonly Column[];
  rows: readonly TableRow[];
  now: number;
  onOpen?: ((row: Row) => void) | undefined;
  action?: ((row: Row) => ComponentChildren) | undefined;
}

export function Table({ title, columns, rows, now, onOpen, action }: Props) {
  const withLevel = rows.some((r) => r.level !== "none");
  return (
    <div class="scroll">
      <table class="cards">
        <caption class="hidden">{title}</caption>
        <thead>
          <tr>
            {withLevel && <th scope="col"><span class="hidden">Severity</span></th>}
            {columns.map((c) => <th key={c.column} scope="col" class={kNumeric.has(c.format) ? "num" : ""}>{c.title}</th>)}
            {action && <th scope="col"><span class="hidden">Action</span></th>}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, row, level, fresh }) => (
            <tr
              key={key} data-level={level} data-row={onOpen ? key : undefined} class={`${fresh ? "new" : ""} ${onOpen ? "opens" : ""}`}
              tabIndex={onOpen ? 0 : undefined} aria-label={onOpen ? `${columns.map((c) => cellText(row, c, now)).join(", ")}. Open.` : undefined}
              onClick={onOpen && (() => onOpen(row))}
              onKeyDown={onOpen && ((e) => e.key === "Enter" && e.target === e.currentTarget && onOpen(row))}
            >
              {withLevel && (
                <td class="level">{level !== "none" && <span class={`badge ${level}`}><Icon name={level} size={15} /><span>{level}</span></span>}</td>
              )}
              {columns.map((c, i) => <td key={c.column} data-label={c.title} class={`${kNumeric.has(c.format) ? "num" : ""} ${i === 0 ? "lead" : ""}`}>{cellText(row, c, now)}</td>)}
              {action && <td class="action">{action(row)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What is shown, as a CSV file. */
export function csv(columns: readonly Column[], rows: readonly Row[]): string {
  const quote = (v: Value | undefined): string => {
    const s = v === null || v === undefined ? "" : typeof v === "string" ? v : JSON.stringify(v);
    return /[",\n\r]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
  };
  return [columns.map((c) => quote(c.column)).join(","), ...rows.map((r) => columns.map((c) => quote(r[c.column])).join(","))].join("\r\n") + "\r\n";
}

export function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
