// A time series: chart with a legend that follows the cursor, and the same figures as a table for whoever cannot use a canvas.
import { useMemo, useRef, useState } from "preact/hooks";
import type { SeriesPanel } from "../api/dashboard";
import { Chart, kColours } from "../ui/chart";
import { useStore } from "../ui/context";
import { formatNumber, formatTime } from "../ui/format";
import { Icon } from "../ui/icons";
import { Empty, PanelFrame } from "../ui/panel";
import { useThrottled } from "../ui/throttle";
import { pivot, type Pivot } from "./pivot";

const kTableRows = 60;
/** A canvas is dear to draw; four times a second is enough for the eye. The tiles follow every event. */
const kRedrawMs = 250;

function Legend({ data, index, unit }: { data: Pivot; index: number; unit: string }) {
  const at = data.x[index];
  return (
    <div class="legend">
      {at !== undefined && <span class="at">{formatTime(at * 1000)}</span>}
      {data.labels.map((label, i) => (
        <span key={label} class="key">
          <i class={`swatch s${(i % kColours) + 1}`} aria-hidden="true" />
          {label} <b>{formatNumber(data.ys[i]?.[index] ?? NaN)}{unit && ` ${unit}`}</b>
        </span>
      ))}
    </div>
  );
}

function SeriesTable({ data, panel }: { data: Pivot; panel: SeriesPanel }) {
  const rows = data.x.map((x, i) => ({ x, i })).slice(-kTableRows).reverse();
  return (
    <div class="scroll tall">
      <table>
        <caption class="hidden">{panel.title}</caption>
        <thead><tr><th scope="col">{panel.x}</th>{data.labels.map((l) => <th key={l} scope="col" class="num">{l}</th>)}</tr></thead>
        <tbody>
          {rows.map(({ x, i }) => (
            <tr key={x}>
              <th scope="row" data-label={panel.x}>{formatTime(x * 1000)}</th>
              {data.labels.map((l, s) => <td key={l} class="num" data-label={l}>{formatNumber(data.ys[s]?.[i] ?? NaN)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Series({ panel }: { panel: SeriesPanel }) {
  const view = useStore().view(panel.view);
  const rev = useThrottled(view.rev.value, kRedrawMs);
  const labels = useRef<readonly string[]>([]);
  const [asTable, setAsTable] = useState(false);
  const [cursor, setCursor] = useState<number | null>(null);
  const data = useMemo(() => pivot(view.rows.values(), panel, labels.current), [rev, panel]);
  labels.current = data.labels;
  const last = data.x.length - 1;
  const total = data.ys.reduce((sum, y) => sum + (y[last] ?? 0), 0);
  const summary = last < 0 ? panel.title : `${panel.title}: ${data.x.length} points, latest ${formatTime((data.x[last] ?? 0) * 1000)}, ${formatNumber(total)} ${panel.unit}`;
  const toggle = (
    <button type="button" class="tool" aria-pressed={asTable} title={asTable ? "Show the chart" : "Show as a table"} onClick={() => setAsTable(!asTable)}>
      <Icon name={asTable ? "chart" : "table"} /> {asTable ? "Chart" : "Table"}
    </button>
  );
  return (
    <PanelFrame title={panel.title} view={view} kind="series" tools={toggle}>
      {last < 0 ? <Empty view={view}>Nothing yet.</Empty> : asTable ? <SeriesTable data={data} panel={panel} /> : (
        <>
          <Chart pivot={data} kind={panel.kind} label={`${summary}. The table beside the title holds the same figures.`} onCursor={setCursor} />
          <Legend data={data} index={Math.min(cursor ?? last, last)} unit={panel.unit} />
        </>
      )}
    </PanelFrame>
  );
}
