// What is behind a topic, a consumer group or a pipeline on the system page: a drawer with partitions, settings and the newest messages as
// their JSON; members and where the group is; operators (pipeline.tsx).
import { useEffect, useRef, useState } from "preact/hooks";
import { getGroup, getMessages, getTopic } from "../api/http";
import { isObject, rowsOf, type Row } from "../api/protocol";
import { formatBytes, formatNumber, formatTime, formatValue } from "../ui/format";
import { Icon } from "../ui/icons";
import { Pipeline } from "./pipeline";
import { Json, pretty } from "./record";

export type Opened = { kind: "topic" | "group" | "pipeline"; name: string };
const kMessages = 20;

function Messages({ topic, partitions }: { topic: string; partitions: number }) {
  const [partition, setPartition] = useState(-1);
  const [from, setFrom] = useState<number | null>(null);
  const [rows, setRows] = useState<Row[] | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let current = true;
    setRows(null);
    getMessages(topic, partition, from ?? -kMessages, kMessages).then(
      (list) => current && (setRows(list.sort((a, b) => Number(b["timestamp"]) - Number(a["timestamp"]) || Number(b["offset"]) - Number(a["offset"]))), setProblem("")),
      (error: unknown) => current && setProblem(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      current = false;
    };
  }, [topic, partition, from]);
  const first = rows?.length ? Math.min(...rows.map((r) => Number(r["offset"]))) : 0;
  return (
    <>
      <div class="tools messages-tools">
        <label>partition <select value={partition} onChange={(e) => { setPartition(Number(e.currentTarget.value)); setFrom(null); }}>
          <option value={-1}>all</option>
          {Array.from({ length: partitions }, (_, i) => <option key={i} value={i}>{i}</option>)}
        </select></label>
        <button type="button" class="tool" disabled={partition < 0 || first <= 0} onClick={() => setFrom(Math.max(0, first - kMessages))}>Older</button>
        <button type="button" class="tool" onClick={() => setFrom(from === null ? -kMessages : null)}>Newest</button>
      </div>
      {problem ? <p class="problem">{problem}</p> : !rows ? <p class="empty">Loading …</p> : rows.length === 0 ? <p class="empty">No messages.</p> : (
        <ol class="messages">
          {rows.map((r) => (
            <li key={`${r["partition"]}-${r["offset"]}`}>
              <details>
                <summary>
                  <b>{formatValue(r["partition"])}:{String(r["offset"])}</b> <span class="muted">{formatTime(Number(r["timestamp"]))}</span>
                  <code>{(typeof r["value"] === "string" ? r["value"] : r["value"] === null ? "(deleted: no value)" : JSON.stringify(r["value"])).slice(0, 160)}</code>
                </summary>
                {r["key"] !== null && <p class="place">key <b>{typeof r["key"] === "string" ? r["key"] : JSON.stringify(r["key"])}</b></p>}
                <Json text={pretty(r["value"])} />
              </details>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}

function Topic({ name }: { name: string }) {
  const [topic, setTopic] = useState<Record<string, unknown> | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    getTopic(name).then(setTopic, (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  }, [name]);
  if (problem) return <p class="problem">{problem}</p>;
  if (!topic) return <p class="empty">Loading …</p>;
  const logs = Array.isArray(topic["logs"]) ? rowsOf(topic["logs"]) : [];
  const configs = isObject(topic["configs"]) ? Object.entries(topic["configs"]) : [];
  return (
    <>
      <h3>Partitions</h3>
      <table>
        <thead><tr><th scope="col">partition</th><th scope="col" class="num">from</th><th scope="col" class="num">to</th><th scope="col" class="num">size</th></tr></thead>
        <tbody>{logs.map((l) => <tr key={String(l["partition"])}><td>{String(l["partition"])}</td><td class="num">{formatNumber(Number(l["start"]))}</td><td class="num">{formatNumber(Number(l["end"]))}</td><td class="num">{formatBytes(Number(l["bytes"]))}</td></tr>)}</tbody>
      </table>
      {configs.length > 0 && <><h3>Settings</h3><dl class="facts">{configs.map(([k, v]) => <><dt>{k}</dt><dd>{String(v)}</dd></>)}</dl></>}
      <h3>Messages</h3>
      <Messages topic={name} partitions={logs.length} />
    </>
  );
}

function Group({ name }: { name: string }) {
  const [group, setGroup] = useState<Record<string, unknown> | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    getGroup(name).then(setGroup, (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  }, [name]);
  if (problem) return <p class="problem">{problem}</p>;
  if (!group) return <p class="empty">Loading …</p>;
  const members = Array.isArray(group["member_list"]) ? rowsOf(group["member_list"]) : [];
  const offsets = Array.isArray(group["offsets"]) ? rowsOf(group["offsets"]) : [];
  return (
    <>
      <dl class="facts"><dt>state</dt><dd>{String(group["state"])}</dd>{group["protocol"] ? <><dt>assignment</dt><dd>{String(group["protocol"])}</dd></> : null}</dl>
      <h3>Members</h3>
      {members.length === 0 ? <p class="muted">Nobody reads with this group at the moment.</p> : (
        <table>
          <thead><tr><th scope="col">client</th><th scope="col">host</th><th scope="col">reads</th></tr></thead>
          <tbody>{members.map((m) => <tr key={String(m["member"])} title={String(m["member"])}><td>{formatValue(m["client"])}</td><td>{formatValue(m["host"])}</td><td>{formatValue(m["partitions"])}</td></tr>)}</tbody>
        </table>
      )}
      <h3>Where it is</h3>
      <table>
        <thead><tr><th scope="col">topic</th><th scope="col" class="num">partition</th><th scope="col" class="num">committed</th><th scope="col" class="num">end</th><th scope="col" class="num">lag</th></tr></thead>
        <tbody>{offsets.map((o) => <tr key={`${o["topic"]}-${o["partition"]}`}><td>{String(o["topic"])}</td><td class="num">{String(o["partition"])}</td><td class="num">{formatNumber(Number(o["committed"]))}</td><td class="num">{formatNumber(Number(o["end"] ?? NaN))}</td><td class="num">{formatNumber(Number(o["lag"] ?? NaN))}</td></tr>)}</tbody>
      </table>
    </>
  );
}

export function BrokerDialog({ opened, close }: { opened: Opened | null; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (opened && !dialog.current?.open) dialog.current?.showModal();
    if (!opened) dialog.current?.close();
  }, [opened]);
  return (
    <dialog ref={dialog} class={opened?.kind === "pipeline" ? "drawer wide" : "drawer"} aria-labelledby="broker-title" onClose={close} onClick={(e) => e.target === dialog.current && close()}>
      {opened && (
        <div class="sheet">
          <header>
            <h2 id="broker-title">{opened.name}</h2>
            <button type="button" class="tool" onClick={close}><Icon name="close" /> Close</button>
          </header>
          {opened.kind === "topic" ? <Topic key={opened.name} name={opened.name} /> : opened.kind === "pipeline" ? <Pipeline key={opened.name} name={opened.name} /> : <Group key={opened.name} name={opened.name} />}
        </div>
      )}
    </dialog>
  );
}
