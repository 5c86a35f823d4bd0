// One subscribed view: its rows by key, the position they are of, and a signal that goes up when they have changed.
// Rules of docs/formats/live.md: subscribe, then GET; rows of a delta are absolute, so a delta newer than the GET is
// applied and an older one dropped; after `reset` the old rows stay (greyed) until the GET is there.
import { signal } from "@preact/signals";
import { ApiError, getView, type ViewSnapshot } from "../api/http";
import type { ClientFrame, Key, Position, Row, ServerFrame, Value } from "../api/protocol";

export type ViewState = "loading" | "ready" | "error";
export interface ViewQuery { view: string; order: string; limit: number }
type Fetch = (view: string, query: { minVersion?: number; order?: string; limit: number }) => Promise<ViewSnapshot>;

const kMaxPending = 500;
const kRetryMs = 1000;

export class View {
  readonly rows = new Map<string, Row>();
  /** When each key last came in a delta (performance.now()), for the highlight of what is new. */
  readonly touched = new Map<string, number>();
  readonly rev = signal(0);
  state: ViewState = "loading";
  problem = "";
  key: readonly string[] = [];
  epoch = "";
  version = -1;
  /** Commit time of `version`, by the server's clock. */
  ct = 0;
  /** Milliseconds from commit to paint of the newest frame; NaN before the first. */
  latency = NaN;
  /** Frames applied since the last repaint: their commit times wait to be measured. */
  unpainted = 0;
  private pending: (ServerFrame & { t: "delta" })[] = [];
  private load = 0;

  constructor(readonly id: number, readonly query: ViewQuery, private readonly dirty: (view: View) => void, private readonly get: Fetch = getView) {}

  get name(): string {
    return this.query.view;
  }

  subscribeFrame(maxHz: number): ClientFrame {
    const from: Position | undefined = this.state === "ready" && this.epoch ? { epoch: this.epoch, version: this.version } : undefined;
    return { t: "sub", id: this.id, view: this.name, mode: "delta", max_hz: maxHz, ...(from ? { from } : {}) };
  }

  frame(f: Exclude<ServerFrame, { t: "hb" }>): void {
    switch (f.t) {
      case "ok":
        this.key = f.key;
        if (this.state === "ready" && f.epoch === this.epoch) break;
        this.restart(f.epoch, f.version);
        break;
      case "reset":
        this.key = f.key;
        this.restart(f.epoch, f.version);
        break;
      case "inv":
        if (f.version > this.version) this.fetch(f.version);
        break;
      case "delta":
        if (this.state !== "ready") {
          if (this.pending.length < kMaxPending) this.pending.push(f);
          else this.fetch(f.version);
        } else if (this.apply(f)) this.dirty(this);
        break;
      case "err":
        this.state = "error";
        this.problem = f.help ? `${f.message} (${f.help})` : f.message;
        this.dirty(this);
    }
  }

  private restart(epoch: string, version: number): void {
    this.epoch = epoch;
    this.version = -1;
    this.state = "loading";
    this.fetch(version);
  }

  private fetch(minVersion: number): void {
    const load = ++this.load;
    this.pending = [];
    const order = this.query.order;
    this.state = this.version < 0 ? "loading" : this.state;
    this.dirty(this);
    this.get(this.name, { minVersion, limit: this.query.limit, ...(order ? { order } : {}) }).then(
      (snapshot) => load === this.load && this.replace(snapshot),
      (error: unknown) => load === this.load && this.failed(error, minVersion),
    );
  }

  private replace(snapshot: ViewSnapshot): void {
    if (snapshot.version < this.version && snapshot.epoch === this.epoch) return;
    this.rows.clear();
    this.touched.clear();
    for (const row of snapshot.rows) this.rows.set(this.keyOf(row), row);
    this.epoch = snapshot.epoch;
    this.version = snapshot.version;
    this.ct = snapshot.commitTime;
    this.state = "ready";
    this.problem = "";
    for (const f of this.pending) this.apply(f);
    this.pending = [];
    this.dirty(this);
  }

  private failed(error: unknown, minVersion: number): void {
    const again = error instanceof ApiError && (error.status === 0 || error.status === 503);
    if (again) {
      setTimeout(() => this.state === "loading" && this.fetch(minVersion), kRetryMs);
      return;
    }
    this.state = "error";
    this.problem = error instanceof Error ? error.message : String(error);
    this.dirty(this);
  }

  /** False when the delta says nothing new. */
  private apply(f: ServerFrame & { t: "delta" }): boolean {
    if (f.version <= this.version) return false;
    const now = performance.now();
    for (const key of f.del) {
      this.rows.delete(keyText(key));
      this.touched.delete(keyText(key));
    }
    for (const row of f.up) {
      const key = this.keyOf(row);
      this.rows.set(key, row);
      this.touched.set(key, now);
    }
    this.version = f.version;
    this.ct = f.ct;
    this.unpainted += 1;
    if (this.rows.size > this.query.limit * 1.25) this.trim();
    return true;
  }

  /** Keeps the first `limit` rows in the order of the GET, so that a view watched for a week does not grow in the page. */
  private trim(): void {
    const [column = "", way] = this.query.order.split(":");
    if (!column) return;
    const sign = way === "desc" ? -1 : 1;
    const kept = [...this.rows].sort(([, a], [, b]) => sign * compare(a[column] ?? null, b[column] ?? null)).slice(0, this.query.limit);
    this.rows.clear();
    for (const [key, row] of kept) this.rows.set(key, row);
    for (const key of this.touched.keys()) if (!this.rows.has(key)) this.touched.delete(key);
  }

  private keyOf(row: Row): string {
    return keyText(this.key.map((column) => row[column] ?? null));
  }
}

export function keyText(key: Key): string {
  return JSON.stringify(key);
}

/** Nulls first, numbers by value, the rest as text (ISO times sort as text). */
export function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : 1;
}
