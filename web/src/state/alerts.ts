// The alerts: pushed like any view, as the view `alerts` (docs/formats/alerts.md). Where a node has no such view the list is
// fetched once, and again only after a view that alerts watch has changed, at most every five seconds.
import { computed, signal } from "@preact/signals";
import { acknowledge, ApiError, getAlerts } from "../api/http";
import type { Row } from "../api/protocol";
import { announcement, operator } from "./page";
import type { Store } from "./store";

export const kAlertsView = "alerts";
const kRefetchMs = 5000;

export interface Alert {
  id: string; rule: string; title: string; summary: string; severity: string; state: string;
  view: string; subject: string; firedAt: string; ackedBy: string;
}

function alertOf(row: Row): Alert {
  const text = (name: string): string => (typeof row[name] === "string" ? row[name] : "");
  return {
    id: text("id"), rule: text("rule"), title: text("title") || text("rule"), summary: text("summary") || text("title"), severity: text("severity"),
    state: text("state"), view: text("view"), subject: text("subject"), firedAt: text("fired_at"), ackedBy: text("acknowledged_by"),
  };
}

const kRank: Record<string, number> = { critical: 0, error: 1, warning: 2, info: 3 };

export class Alerts {
  /** Problem to show instead of the list, or "". */
  readonly problem = signal("");
  private readonly fetched = signal<Row[]>([]);
  private readonly optimistic = signal<ReadonlyMap<string, string>>(new Map());
  private fallback = false;
  private asked = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private known = new Set<string>();

  constructor(private readonly store: Store) {}

  readonly list = computed<Alert[]>(() => {
    const view = this.store.view(kAlertsView);
    void view.rev.value;
    if (view.state === "error") this.fallBack();
    const rows = this.fallback ? this.fetched.value : [...view.rows.values()];
    const acked = this.optimistic.value;
    const out = rows.map(alertOf).filter((a) => a.state === "firing" || a.state === "acknowledged");
    for (const a of out) {
      const by = acked.get(a.id);
      if (by !== undefined && a.state === "firing") Object.assign(a, { state: "acknowledged", ackedBy: by });
    }
    return out.sort((a, b) => Number(a.state !== "firing") - Number(b.state !== "firing") || (kRank[a.severity] ?? 4) - (kRank[b.severity] ?? 4) || (a.firedAt < b.firedAt ? 1 : -1));
  });

  /** Called after each repaint: announces new criticals, refetches where alerts are not pushed. */
  changed(): void {
    const critical = this.list.peek().filter((a) => a.state === "firing" && a.severity === "critical");
    const fresh = critical.filter((a) => !this.known.has(a.id));
    if (fresh.length > 0 && this.known.size > 0) announcement.value = fresh.length === 1 ? `Critical: ${fresh[0]?.summary ?? ""}` : `${fresh.length} new critical alerts`;
    for (const a of critical) this.known.add(a.id);
    if (this.known.size > 5000) this.known = new Set(critical.map((a) => a.id));
    if (this.fallback) this.refetch();
  }

  async acknowledge(id: string): Promise<void> {
    const by = operator.peek() || "operator";
    this.optimistic.value = new Map(this.optimistic.peek()).set(id, by);
    try {
      await acknowledge(id, by);
      announcement.value = "Acknowledged";
      if (this.fallback) this.refetch();
    } catch (error) {
      const back = new Map(this.optimistic.peek());
      back.delete(id);
      this.optimistic.value = back;
      this.problem.value = error instanceof ApiError && error.status === 409 ? `Somebody else was first: ${error.message}` : `Not acknowledged: ${error instanceof Error ? error.message : String(error)}`;
      setTimeout(() => (this.problem.value = ""), 6000);
    }
  }

  private fallBack(): void {
    if (this.fallback) return;
    this.fallback = true;
    this.refetch();
  }

  private refetch(): void {
    if (this.timer !== null) return;
    const wait = Math.max(0, this.asked + kRefetchMs - Date.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      this.asked = Date.now();
      getAlerts().then((rows) => (this.fetched.value = rows), () => undefined);
    }, wait);
  }
}
