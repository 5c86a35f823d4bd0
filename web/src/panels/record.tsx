// The raw event behind a row, as the topic holds it: place, time, headers, the bytes as text. Opened by a row, closed by Escape.
import { useEffect, useRef, useState } from "preact/hooks";
import { getRecords } from "../api/http";
import { isObject, type Row, type Value } from "../api/protocol";
import { openRecord, type OpenRecord } from "../state/page";
import { formatTime, formatValue, parseTime } from "../ui/format";
import { Icon } from "../ui/icons";

export function pretty(value: Value | undefined): string {
  if (typeof value !== "string") return JSON.stringify(value ?? null, null, 2);
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}

/** JSON as text with its keys and strings told apart; everything goes through the DOM as text, nothing as markup. */
export function Json({ text }: { text: string }) {
  const parts = text.split(/("(?:[^"\\]|\\.)*"(?:\s*:)?)/);
  return <pre class="json" tabIndex={0}>{parts.map((p, i) => (i % 2 === 0 ? p : <span key={i} class={p.endsWith(":") ? "k" : "s"}>{p}</span>))}</pre>;
}

function Body({ open }: { open: OpenRecord }) {
  const [record, setRecord] = useState<Row | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let current = true;
    setRecord(null);
    setProblem("");
    if (open.offset === null) return setProblem("This row names no event.");
    getRecords(open.topic, open.partition, open.offset).then(
      (records) => current && (records[0] ? setRecord(records[0]) : setProblem("The topic no longer holds this record; it is in the lake.")),
      (error: unknown) => current && setProblem(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      current = false;
    };
  }, [open]);
  if (problem) return <p class="problem">{problem}</p>;
  if (!record) return <p class="empty">Loading …</p>;
  const time = record["timestamp"];
  const headers = record["headers"];
  return (
    <>
      <dl class="facts">
        {typeof time === "number" || typeof time === "string" ? <><dt>sent</dt><dd>{formatTime(parseTime(time))} UTC</dd></> : null}
        {record["key"] !== null && record["key"] !== undefined && <><dt>key</dt><dd>{formatValue(record["key"])}</dd></>}
        {(isObject(headers) ? Object.keys(headers).length > 0 : Array.isArray(headers) && headers.length > 0) && <><dt>headers</dt><dd>{JSON.stringify(headers)}</dd></>}
      </dl>
      <Json text={pretty(record["value"])} />
    </>
  );
}

export function RecordDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = openRecord.value;
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open) dialog.current?.close();
  }, [open]);
  const close = (): void => void (openRecord.value = null);
  return (
    <dialog ref={dialog} class="drawer" aria-labelledby="record-title" onClose={close} onClick={(e) => e.target === dialog.current && close()}>
      {open && (
        <div class="sheet">
          <header>
            <h2 id="record-title">{open.title}</h2>
            <button type="button" class="tool" onClick={close}><Icon name="close" /> Close</button>
          </header>
          <h3>In the view</h3>
          <dl class="facts">{Object.entries(open.row).map(([k, v]) => <><dt>{k}</dt><dd>{/_at$|departure|load_by/.test(k) && typeof v === "string" ? `${formatTime(parseTime(v))} UTC` : typeof v === "number" ? String(v) : formatValue(v)}</dd></>)}</dl>
          <h3>The event behind it</h3>
          {open.offset !== null && <p class="place">topic <b>{open.topic}</b> partition <b>{open.partition}</b> offset <b>{open.offset}</b></p>}
          <Body open={open} />
        </div>
      )}
    </dialog>
  );
}
