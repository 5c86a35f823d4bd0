// How long things take until they are on this very screen: measured here, for every frame that arrived, from all samples.
import type { LatencyPanel } from "../api/dashboard";
import { quantile } from "../state/series";
import { useStore } from "../ui/context";
import { formatDuration, formatNumber } from "../ui/format";
import { freshness } from "../ui/freshness";
import { Empty, PanelFrame } from "../ui/panel";

/** Upper edges of the bars, in milliseconds; the objective is 95 % within 200 ms and 99 % within 500 ms. */
export const kEdges = [2, 5, 10, 20, 50, 100, 200, 500, Infinity];
const kObjective = [{ share: 0.95, ms: 200 }, { share: 0.99, ms: 500 }];
const kSpanMs = 5 * 60 * 1000;

export function histogram(values: readonly number[], edges: readonly number[] = kEdges): number[] {
  const out = new Array<number>(edges.length).fill(0);
  for (const v of values) {
    const i = edges.findIndex((edge) => v <= edge);
    if (i >= 0) out[i] = (out[i] ?? 0) + 1;
  }
  return out;
}

function Figures({ title, values }: { title: string; values: readonly number[] }) {
  return (
    <tr>
      <th scope="row">{title}</th>
      {[0.5, 0.95, 0.99].map((q) => <td key={q} class="num">{values.length === 0 ? "–" : formatDuration(Math.round(quantile(values, q)))}</td>)}
    </tr>
  );
}

export function Latency({ panel }: { panel: LatencyPanel }) {
  const store = useStore();
  void store.tick.value;
  const since = Date.now() - kSpanMs;
  const committed = store.committed.since(since);
  const sent = store.sent.since(since);
  const shown = sent.length > 0 ? sent : committed;
  const bars = histogram(shown);
  const most = Math.max(1, ...bars);
  const met = kObjective.every((o) => shown.length === 0 || quantile(shown, o.share) <= o.ms);
  const f = freshness(store);
  return (
    <PanelFrame title={panel.title} kind="latency" tools={<span class="fresh" data-kind={f.kind}><i class="dot" aria-hidden="true" />{f.text}</span>}>
      {shown.length === 0 ? <Empty>No update has arrived yet.</Empty> : (
        <>
          <table class="figures">
            <caption class="hidden">Latency of the last five minutes</caption>
            <thead><tr><th scope="col">last 5 min, to this screen</th><th scope="col" class="num">p50</th><th scope="col" class="num">p95</th><th scope="col" class="num">p99</th></tr></thead>
            <tbody>
              {sent.length > 0 && <Figures title="from the event being sent" values={sent} />}
              <Figures title="from the commit" values={committed} />
            </tbody>
          </table>
          <div class="histogram" role="img" aria-label={`Distribution over ${shown.length} updates: ${kEdges.map((e, i) => `${bars[i]} up to ${e === Infinity ? "more" : `${e} ms`}`).join(", ")}`}>
            {kEdges.map((edge, i) => (
              <div key={edge} class={edge > 200 ? "late" : ""}>
                <i style={{ height: `${(100 * (bars[i] ?? 0)) / most}%` }} />
                <span>{edge === Infinity ? "more" : edge}</span>
              </div>
            ))}
          </div>
          <p class="note" data-met={met}>
            {formatNumber(committed.length)} updates; objective 95 % within 200 ms and 99 % within 500 ms: <b>{met ? "met" : "missed"}</b>
          </p>
        </>
      )}
    </PanelFrame>
  );
}
