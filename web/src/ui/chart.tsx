// uPlot in a component: made anew when the series, the theme or the kind change, given new data otherwise.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { stack, type Pivot } from "../panels/pivot";
import { theme } from "../state/page";
import { formatDay, formatMinute, formatNumber, formatSecond } from "./format";

export const kColours = 8;
/** Width of a digit of the axes' font: as wide as its longest number is the axis. */
const kDigit = 7.2;
const kHeight = 250;

/** The colour of `--name` in the theme that is on: a canvas cannot read light-dark(). */
function colour(host: HTMLElement, name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  host.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** "rgb(1, 2, 3)" -> "rgba(1, 2, 3, alpha)". */
function faded(rgb: string, alpha: number): string {
  return rgb.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
}

const kDashes = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

function seriesOf(host: HTMLElement, pivot: Pivot, kind: string): uPlot.Series[] {
  const bars = uPlot.paths.bars?.({ size: [0.82, 48], align: 1, radius: 0.08 });
  return pivot.labels.map((label, i): uPlot.Series => {
    const tone = colour(host, `--series-${(i % kColours) + 1}`);
    const base = { label, stroke: tone, points: { show: false } };
    if (kind === "bars") return { ...base, width: 0, fill: tone, ...(bars ? { paths: bars } : {}) };
    return { ...base, width: 2, dash: kDashes[kind === "line" ? i % kDashes.length : 0] ?? [], ...(kind === "area" ? { fill: faded(tone, 0.22) } : {}) };
  });
}

/** Stacked charts are drawn from the top of the pile down, so that each covers the one behind it. */
function drawn(pivot: Pivot, kind: string): { order: number[]; data: uPlot.AlignedData } {
  const stacked = kind !== "line" && pivot.labels.length > 1;
  const ys = stacked ? stack(pivot.ys) : pivot.ys;
  const order = pivot.labels.map((_, i) => i);
  if (stacked) order.reverse();
  return { order, data: [pivot.x, ...order.map((i) => ys[i] ?? [])] as uPlot.AlignedData };
}

function tickText(at: number, step: number): string {
  if (at % 86400 === 0) return formatDay(at * 1000);
  return step < 60 ? formatSecond(at * 1000) : formatMinute(at * 1000);
}

interface Props { pivot: Pivot; kind: "bars" | "line" | "area"; label: string; onCursor(index: number | null): void }

export function Chart({ pivot, kind, label, onCursor }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const names = pivot.labels.join("\n");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const { order, data } = drawn(pivot, kind);
    const ink = colour(element, "--muted");
    const grid = { stroke: colour(element, "--grid"), width: 1 };
    const series = seriesOf(element, pivot, kind);
    const axis = { stroke: ink, grid, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const made = new uPlot({
      width: element.clientWidth, height: kHeight, legend: { show: false }, padding: [10, 26, 0, 0],
      tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), "Etc/UTC"),
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
      hooks: { setCursor: [(u) => onCursor(u.cursor.idx ?? null)] },
      scales: { y: { range: (_u, _min, max) => [0, max > 0 ? max * 1.08 : 1] } },
      series: [{}, ...order.map((i) => series[i] ?? {})],
      axes: [{ ...axis, grid: { show: false }, space: 64, size: 30, values: (_u, ticks, _axis, _space, step) => ticks.map((t) => tickText(t, step)) }, { ...axis, size: (_u, values) => Math.max(52, ...(values ?? []).map((v) => v.length * kDigit + 14)), values: (_u, ticks) => ticks.map((t) => formatNumber(t, t % 1 === 0 ? 0 : 1)) }],
    }, data, element);
    plot.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: kHeight }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [names, kind, theme.value, dark]);

  useEffect(() => plot.current?.setData(drawn(pivot, kind).data), [pivot]);

  return <div class="chart" ref={host} role="img" aria-label={label} />;
}
