// Rows of (x, series, y) to the columns a chart draws: sorted x, one array a series, the small series summed up as "other".
import type { SeriesPanel } from "../api/dashboard";
import type { Row } from "../api/protocol";
import { formatValue, parseTime } from "../ui/format";
import { numeric } from "./select";

export interface Pivot { x: number[]; labels: string[]; ys: (number | null)[][] }

export const kMaxSeries = 7;
export const kOther = "other";

/** `keep`: the labels of the last call, which stay in their places (and colours) while the set of series is the same. */
export function pivot(rows: Iterable<Row>, panel: Pick<SeriesPanel, "x" | "y" | "series" | "last" | "kind">, keep: readonly string[] = []): Pivot {
  const cells = new Map<number, Map<string, number>>();
  for (const row of rows) {
    const x = parseTime(row[panel.x]) / 1000;
    const y = numeric(row[panel.y]);
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    const label = panel.series ? formatValue(row[panel.series]) : panel.y;
    const cell = cells.get(x) ?? new Map<string, number>();
    cell.set(label, (cell.get(label) ?? 0) + y);
    cells.set(x, cell);
  }
  const x = [...cells.keys()].sort((a, b) => a - b).slice(-panel.last);
  const totals = new Map<string, number>();
  for (const at of x) for (const [label, y] of cells.get(at) ?? []) totals.set(label, (totals.get(label) ?? 0) + y);
  const labels = choose(totals, keep);
  const shown = new Set(labels);
  const gap = panel.kind === "line" ? null : 0;
  const ys = labels.map((label) => x.map((at) => {
    const cell = cells.get(at);
    if (label !== kOther || totals.has(kOther)) return cell?.get(label) ?? gap;
    let sum = 0;
    for (const [l, y] of cell ?? []) if (!shown.has(l)) sum += y;
    return sum;
  }));
  return { x, labels, ys };
}

function choose(totals: ReadonlyMap<string, number>, keep: readonly string[]): string[] {
  const still = keep.filter((l) => l === kOther || totals.has(l));
  if (still.length === keep.length && keep.length > 0 && (totals.size === keep.length || keep.includes(kOther))) return [...keep];
  const labels = [...totals].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([label]) => label);
  return labels.length <= kMaxSeries ? labels : [...labels.slice(0, kMaxSeries - 1), kOther];
}

/** Each series on top of the ones before it. */
export function stack(ys: readonly (number | null)[][]): number[][] {
  const out: number[][] = [];
  let below: number[] = [];
  for (const y of ys) {
    const base = below;
    below = y.map((v, i) => (v ?? 0) + (base[i] ?? 0));
    out.push(below);
  }
  return out;
}
