// The system page: pipelines, topics, consumer groups, transactions, views and sinks as the node lists them, with what is wrong in front. It is for
// the person who runs the node: asked every few seconds while somebody looks (the dashboards never ask, they are told), so that
// rates can be shown. Its age is shown, so that nobody takes it for live.
import { useEffect, useRef, useState } from "preact/hooks";
import { getSystem, resumePipeline, type SystemPart } from "../api/http";
import type { Row, Value } from "../api/protocol";
import { useStore } from "../ui/context";
import { formatBytes, formatDuration, formatNumber, formatTime, formatValue, parseTime } from "../ui/format";
import { Icon } from "../ui/icons";
import { BrokerDialog, type Opened } from "./broker";
import { Listing, type Column } from "./listing";
import { kept, rateOf, sumGroups, type Part } from "./system_rows";

const kParts: readonly SystemPart[] = ["pipelines", "topics", "groups", "transactions", "views", "sinks"];
const kEveryMs = 5000;

type Parts = Partial<Record<SystemPart, Part>>;

const count = (v: Value | undefined): string => (typeof v === "number" ? formatNumber(v) : "–");
const size = (v: Value | undefined): string => (typeof v === "number" ? formatBytes(v) : "–");

function Rate({ value }: { value: number | null }) {
  return <>{value === null ? "–" : `${formatNumber(value, value > 0 && value < 10 ? 1 : 0)}/s`}</>;
}

function State({ value, good }: { value: Value | undefined; good: boolean }) {
  return <span class={`state ${good ? "good" : "bad"}`}><Icon name={good ? "ok" : "critical"} size={14} />{formatValue(value)}</span>;
}

function Problems({ pipelines, reload }: { pipelines: readonly Row[]; reload: () => void }) {
  const bad = pipelines.filter((p) => p["state"] !== "running" && p["error"]);
  if (bad.length === 0) return null;
  return (
    <ul class="card banner problems" role="alert">
      {bad.map((p) => (
        <li key={String(p["name"])}>
          <p><b>{String(p["name"])}</b> is {String(p["state"])}: {String(p["error"])}</p>
          {p["state"] === "paused" && <button type="button" class="small" onClick={() => void resumePipeline(String(p["name"])).finally(reload)}>Resume</button>}
        </li>
      ))}
    </ul>
  );
}

function useParts(): { parts: Parts; at: number; load: () => void } {
  const [parts, setParts] = useState<Parts>({});
  const [at, setAt] = useState(0);
  const load = useRef(() => {
    setAt(Date.now());
    for (const part of kParts) {
      getSystem(part).then(
        (rows) => setParts((p) => {
          const old = p[part];
          const before = old?.rows ? { before: { rows: old.rows, at: old.at } } : {};
          return { ...p, [part]: { rows, problem: "", at: Date.now(), ...before } };
        }),
        (error: unknown) => setParts((p) => ({ ...p, [part]: { ...p[part], at: p[part]?.at ?? 0, problem: error instanceof Error ? error.message : String(error) } })),
      );
    }
  }).current;
  useEffect(() => {
    load();
    const timer = setInterval(() => document.visibilityState === "visible" && load(), kEveryMs);
    return () => clearInterval(timer);
  }, []);
  return { parts, at, load };
}

export function SystemPage() {
  const store = useStore();
  void store.tick.value;
  const { parts, at, load } = useParts();
  const [opened, setOpened] = useState<Opened | null>(null);
  const name = (row: Row): string => String(row["name"] ?? row["view"] ?? row["transactional_id"]);
  const pipelines: Column<Row>[] = [
    { title: "pipeline", cell: name },
    { title: "state", cell: (r) => <State value={r["state"]} good={r["state"] === "running"} /> },
    { title: "rate", num: true, cell: (r) => <Rate value={rateOf(parts.pipelines, r, "in")} /> },
    { title: "read", num: true, cell: (r) => count(r["in"]) },
    { title: "rejected", num: true, cell: (r) => <span class={Number(r["rejected"]) > 0 ? "state bad" : ""}>{count(r["rejected"])}</span> },
    { title: "late", num: true, cell: (r) => count(r["late"]) },
    { title: "lag", num: true, cell: (r) => count(r["lag"]) },
    { title: "p99 to view", num: true, cell: (r) => (typeof r["p99_ms"] === "number" ? formatDuration(r["p99_ms"]) : "–") },
    { title: "state size", num: true, cell: (r) => size(r["state_bytes"]) },
    { title: "watermark", cell: (r) => (typeof r["watermark"] === "string" ? formatTime(parseTime(r["watermark"])) : "–") },
  ];
  const topics: Column<Row>[] = [
    { title: "topic", cell: name },
    { title: "partitions", num: true, cell: (r) => count(r["partitions"]) },
    { title: "rate", num: true, cell: (r) => <Rate value={rateOf(parts.topics, r, "records")} /> },
    { title: "records", num: true, cell: (r) => count(r["records"]) },
    { title: "size", num: true, cell: (r) => size(r["bytes"]) },
    { title: "kept", cell: kept },
  ];
  const groups: Column<Row>[] = [
    { title: "group", cell: name },
    { title: "state", cell: (r) => formatValue(r["state"]) },
    { title: "members", num: true, cell: (r) => count(r["members"]) },
    { title: "reads", cell: (r) => formatValue(r["topics"] || null) },
    { title: "lag", num: true, cell: (r) => count(r["lag"]) },
  ];
  const transactions: Column<Row>[] = [
    { title: "transactional id", cell: name },
    { title: "state", cell: (r) => formatValue(r["state"]) },
    { title: "open for", num: true, cell: (r) => (typeof r["open_ms"] === "number" ? formatDuration(r["open_ms"]) : "–") },
    { title: "times out after", num: true, cell: (r) => formatDuration(Number(r["timeout_ms"])) },
    { title: "producer", num: true, cell: (r) => `${String(r["producer_id"])}, epoch ${String(r["epoch"])}` },
  ];
  const views: Column<Row>[] = [
    { title: "view", cell: name },
    { title: "rows", num: true, cell: (r) => <span class={r["over_limit"] === true ? "state bad" : ""}>{count(r["rows"])}{r["over_limit"] === true && " over its limit"}</span> },
    { title: "size", num: true, cell: (r) => size(r["bytes"]) },
    { title: "last change", cell: (r) => (typeof r["commit_time"] === "number" ? `${formatDuration(Math.max(0, Date.now() - r["commit_time"]))} ago` : "–") },
  ];
  const sinks: Column<Row>[] = [
    { title: "sink", cell: name },
    { title: "kind", cell: (r) => formatValue(r["kind"]) },
    { title: "rows", num: true, cell: (r) => count(r["rows"]) },
    { title: "commits", num: true, cell: (r) => count(r["commits"]) },
    { title: "last commit", cell: (r) => (Number(r["last_commit_ms"]) > 0 ? `${formatDuration(Math.max(0, Date.now() - Number(r["last_commit_ms"])))} ago` : "–") },
    ...(parts.sinks?.rows?.some((r) => r["error"]) ? [{ title: "error", cell: (r: Row) => formatValue(r["error"] || null) }] : []),
  ];
  const section = (part: SystemPart, title: string, width: number, none: string, columns: Column<Row>[], open?: Opened["kind"]) => {
    const rows = part === "groups" && parts.groups?.rows ? sumGroups(parts.groups.rows) : parts[part]?.rows;
    return (
      <div class={`span w${width}`}>
        <Listing title={title} rows={rows} problem={parts[part]?.problem ?? ""} none={none} columns={columns} name={name}
          bad={(r) => (part === "pipelines" && r["state"] !== "running") || Boolean(r["error"])}
          {...(open ? { open: (r: Row) => setOpened({ kind: open, name: name(r) }) } : {})} />
      </div>
    );
  };
  return (
    <>
      <div class="bar">
        <h2>System</h2>
        <span class="muted">as of {formatDuration(at === 0 ? NaN : Math.max(0, Math.floor((Date.now() - at) / 1000) * 1000))} ago</span>
        <button type="button" class="tool" onClick={load}><Icon name="refresh" /> Refresh</button>
      </div>
      <Problems pipelines={parts.pipelines?.rows ?? []} reload={load} />
      <div class="grid">
        {section("pipelines", "Pipelines", 12, "This project has no pipelines.", pipelines, "pipeline")}
        {section("topics", "Topics", 7, "No topics yet.", topics, "topic")}
        {section("groups", "Consumer groups", 5, "Nobody has read with a consumer group yet.", groups, "group")}
        {(parts.transactions?.rows?.length ?? 0) > 0 && section("transactions", "Transactions", 12, "", transactions)}
        {section("views", "Views", 5, "No views.", views)}
        {section("sinks", "Lake, archive and warehouse", 7, "Nothing is written outside.", sinks)}
      </div>
      <BrokerDialog opened={opened} close={() => setOpened(null)} />
    </>
  );
}
