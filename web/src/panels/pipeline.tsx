// What is behind a pipeline on the system page: its operators, sink by sink, with what each has done since the node started. Asked again
// every two seconds while it is open.
import { useEffect, useState } from "preact/hooks";
import { getExplained } from "../api/http";
import { isObject, rowsOf, type Row, type Value } from "../api/protocol";
import { formatBytes, formatDuration, formatNumber, formatTime, parseTime } from "../ui/format";

const kEveryMs = 2000;

interface Step { node: Row; depth: number }

/** The plan from the sink down to its sources, a shared part once. */
export function stepsOf(nodes: readonly Row[]): Step[] {
  const byId = new Map(nodes.map((n) => [Number(n["id"]), n]));
  const seen = new Set<number>();
  const steps: Step[] = [];
  const visit = (id: number, depth: number): void => {
    const node = byId.get(id);
    if (!node || seen.has(id)) return;
    seen.add(id);
    steps.push({ node, depth });
    const inputs = node["predecessors"];
    if (Array.isArray(inputs)) for (const i of rowsOf(inputs)) visit(Number(i["id"]), depth + 1);
  };
  const last = nodes[nodes.length - 1];
  if (last) visit(Number(last["id"]), 0);
  return steps;
}

const count = (v: Value | undefined): string => (typeof v === "number" ? formatNumber(v) : "");

function Operators({ sink, total }: { sink: Row; total: number }) {
  const plan: unknown = sink["plan"];
  const nodes = isObject(plan) && Array.isArray(plan["nodes"]) ? rowsOf(plan["nodes"]) : [];
  return (
    <>
      <h3>{String(sink["name"])} <span class="muted">{formatNumber(Number(sink["changes"]))} changes written</span></h3>
      <div class="scroll">
        <table class="operators">
          <thead><tr><th scope="col">operator</th><th scope="col" class="num">rows in</th><th scope="col" class="num">rows out</th><th scope="col" class="num">time</th><th scope="col" class="num">p99 a round</th><th scope="col" class="num">state</th><th scope="col">watermark</th></tr></thead>
          <tbody>
            {stepsOf(nodes).map(({ node, depth }) => {
              const ms = Number(node["time_ms"] ?? 0);
              const lost = Number(node["late_rows"] ?? 0) + Number(node["failed_rows"] ?? 0) + Number(node["rejected"] ?? 0);
              const share = total > 0 ? (100 * ms) / total : 0;
              return (
                <tr key={Number(node["id"])}>
                  <td style={{ paddingLeft: `${8 + depth * 10}px` }} title={`${String(node["type"])}(${String(node["contents"])})`}>
                    <b>{String(node["type"])}</b> <code>{String(node["contents"]).slice(0, 48)}</code>
                    {lost > 0 && <span class="state bad"> {formatNumber(lost)} late, failed or rejected</span>}
                  </td>
                  <td class="num">{count(node["rows_in"] ?? node["records_in"])}</td>
                  <td class="num">{count(node["rows_out"])}</td>
                  <td class="num"><meter min={0} max={100} value={share} title={`${share.toFixed(1)} % of the pipeline's time`} /> {formatDuration(ms)}</td>
                  <td class="num">{Number(node["rounds"] ?? 0) > 0 ? `${formatNumber(Number(node["round_p99_us"]), 0)} µs` : ""}</td>
                  <td class="num">{Number(node["state_bytes"] ?? 0) > 0 ? formatBytes(Number(node["state_bytes"])) : ""}</td>
                  <td>{typeof node["watermark_time"] === "string" ? formatTime(parseTime(node["watermark_time"])) : ""}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

export function Pipeline({ name }: { name: string }) {
  const [explained, setExplained] = useState<Record<string, unknown> | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let current = true;
    const load = (): void => {
      getExplained(name).then(
        (e) => current && (setExplained(e), setProblem("")),
        (error: unknown) => current && setProblem(error instanceof Error ? error.message : String(error)),
      );
    };
    load();
    const timer = setInterval(() => document.visibilityState === "visible" && load(), kEveryMs);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [name]);
  if (problem && !explained) return <p class="problem">{problem}</p>;
  if (!explained) return <p class="empty">Loading …</p>;
  const sinks = Array.isArray(explained["sinks"]) ? rowsOf(explained["sinks"]) : [];
  const total = Number(explained["time_ms"]);
  return (
    <>
      <dl class="facts">
        <dt>steps</dt><dd>{formatNumber(Number(explained["steps"]))}</dd>
        <dt>time at work</dt><dd>{formatDuration(total)}</dd>
        <dt>state</dt><dd>{formatBytes(Number(explained["state_bytes"]))}</dd>
        <dt>event to view</dt><dd>{Number(explained["latency_p99_ms"]) > 0 ? `p50 ${formatDuration(Number(explained["latency_p50_ms"]))}, p99 ${formatDuration(Number(explained["latency_p99_ms"]))}` : "–"}</dd>
      </dl>
      {sinks.map((s) => <Operators key={String(s["name"])} sink={s} total={total} />)}
    </>
  );
}
