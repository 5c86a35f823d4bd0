// Tables of rows: a plain one, and the queue of exceptions with severity, filter, the raw event behind each row, and the alert it raised.
import { useState } from "preact/hooks";
import type { TablePanel } from "../api/dashboard";
import type { Row } from "../api/protocol";
import type { Alert } from "../state/alerts";
import { openRecord } from "../state/page";
import { useAlerts, useStore } from "../ui/context";
import { formatNumber } from "../ui/format";
import { Icon } from "../ui/icons";
import { Empty, PanelFrame } from "../ui/panel";
import { cellText, csv, download, Table, type TableRow } from "../ui/table";
import { useWorldNow } from "../ui/world";
import { alertFor, place, select, severityOf } from "./select";

const kNewForMs = 1500;
const kMaxShown = 200;
const kRank = { critical: 0, warning: 1, none: 2 };

function Acknowledge({ alert }: { alert: Alert | undefined }) {
  const alerts = useAlerts();
  if (!alert) return null;
  if (alert.state !== "firing") return <span class="acked"><Icon name="ok" size={15} />{alert.ackedBy || "acknowledged"}</span>;
  return (
    <button type="button" class="small" data-ack onClick={(e) => { e.stopPropagation(); void alerts.acknowledge(alert.id); }}>Acknowledge</button>
  );
}

export function RowTable({ panel }: { panel: TablePanel }) {
  const store = useStore();
  const alerts = useAlerts();
  const view = store.view(panel.view);
  void view.rev.value;
  const now = useWorldNow();
  const [filter, setFilter] = useState("");
  const queue = panel.type === "exceptions";
  const watched = queue ? alerts.list.value.filter((a) => a.view === panel.view) : [];

  const wanted = filter.trim().toLowerCase();
  const found = select(view.rows.values(), panel.where, panel.sort)
    .filter((row) => !wanted || panel.columns.some((c) => cellText(row, c, now).toLowerCase().includes(wanted)));
  const at = performance.now();
  const rows = found.map((row): TableRow => {
    const key = JSON.stringify(view.key.map((k) => row[k] ?? null));
    return { key, row, level: severityOf(row, panel.severity), fresh: queue && at - (view.touched.get(key) ?? -1e9) < kNewForMs };
  });
  if (panel.severity) rows.sort((a, b) => kRank[a.level] - kRank[b.level]);
  const shown = rows.slice(0, Math.min(panel.limit, kMaxShown));

  const ref = panel.record;
  const open = ref && ((row: Row) => {
    const where = place(row, ref) ?? { topic: ref.topic, partition: 0, offset: null };
    openRecord.value = { ...where, title: formatTitle(row, panel), row };
  });
  const tools = (
    <>
      {queue && (
        <label class="filter">
          <Icon name="search" size={15} />
          <input type="search" placeholder="Filter" aria-label={`Filter ${panel.title}`} value={filter} data-filter onInput={(e) => setFilter(e.currentTarget.value)} />
        </label>
      )}
      {queue && (
        <button type="button" class="tool" title="Download what is shown as CSV" onClick={() => download(`${panel.view}.csv`, csv(panel.columns, found))}>
          <Icon name="download" /> CSV
        </button>
      )}
    </>
  );
  return (
    <PanelFrame title={queue && found.length > 0 ? `${panel.title} (${formatNumber(found.length)})` : panel.title} view={view} kind={panel.type} tools={tools}>
      {rows.length === 0 ? <Empty view={view}>{wanted ? "No row matches the filter." : queue ? "None: all is well." : "Nothing yet."}</Empty> : (
        <Table
          title={panel.title} columns={panel.columns} rows={shown} now={now} onOpen={open ?? undefined}
          action={queue && watched.length > 0 ? (row) => <Acknowledge alert={alertFor(row, view, watched)} /> : undefined}
        />
      )}
      {shown.length < rows.length && <p class="more">{formatNumber(rows.length - shown.length)} more{queue && "; filter to find them"}.</p>}
    </PanelFrame>
  );
}

function formatTitle(row: Row, panel: TablePanel): string {
  const first = panel.columns[0];
  return first ? `${first.title} ${cellText(row, first, 0)}` : panel.title;
}
