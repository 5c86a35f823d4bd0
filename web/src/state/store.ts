// The page's state: which views are subscribed, what time it is, whether the reader has paused. Messages only change
// this; one requestAnimationFrame repaints whatever changed, and what it cost from commit to paint is measured here.
import { batch, signal } from "@preact/signals";
import { getDashboards } from "../api/http";
import { LiveSocket } from "../api/socket";
import type { ServerFrame } from "../api/protocol";
import { checkBuild } from "./build";
import { ServerClock } from "./clock";
import { Ring } from "./series";
import { View, type ViewQuery } from "./view";

const kPaintReportMs = 5000;
const kMaxSamples = 64;
const kRetryMissingMs = 10000;
const kDefaultLimit = 5000;

export class Store {
  readonly clock = new ServerClock();
  readonly socket: LiveSocket;
  readonly paused = signal(false);
  /** Local time when the reader paused. */
  pausedAt = 0;
  /** Goes up five times a second: ages on the page tick by it, without any message. */
  readonly tick = signal(0);
  /** Goes up with every repaint. */
  readonly frames = signal(0);
  /** Commit to paint, and sent to paint, in milliseconds; x is the local time. */
  readonly committed = new Ring(4096);
  readonly sent = new Ring(4096);
  private readonly views = new Map<string, View>();
  private readonly byId = new Map<number, View>();
  private readonly dirtyViews = new Set<View>();
  private scheduled = false;
  private nextId = 1;
  private connections = 0;
  private samples: { id: number; version: number; ms: number }[] = [];
  private readonly watchers = new Map<string, string>();

  constructor(url: string, readonly maxHz: number) {
    this.socket = new LiveSocket(url, { open: () => this.opened(), failed: () => void getDashboards().catch(() => undefined), frame: (f) => this.frame(f) });
    setInterval(() => (this.tick.value += 1), 200);
    setInterval(() => this.report(), kPaintReportMs);
    setInterval(() => this.retryMissing(), kRetryMissingMs);
    document.addEventListener("visibilitychange", () => this.sendPause());
  }

  /** The view by this name; subscribes it if it is not yet. */
  view(name: string): View {
    return this.views.get(name) ?? this.add({ view: name, order: "", limit: kDefaultLimit });
  }

  /** Subscribes these views and drops all others but `keep`. */
  show(queries: ViewQuery[], keep: readonly string[] = []): void {
    const wanted = new Set([...queries.map((q) => q.view), ...keep]);
    for (const [name, view] of this.views) {
      if (wanted.has(name)) continue;
      this.socket.send({ t: "unsub", id: view.id });
      this.views.delete(name);
      this.byId.delete(view.id);
    }
    for (const q of queries) if (!this.views.has(q.view)) this.add(q);
  }

  /** `column` of `view` holds when its newest event was sent: measured to the paint. */
  measureSent(view: string, column: string): void {
    this.watchers.set(view, column);
  }

  setPaused(paused: boolean): void {
    this.pausedAt = Date.now();
    this.paused.value = paused;
    this.sendPause();
  }

  private add(query: ViewQuery): View {
    const view = new View(this.nextId++, query, (v) => this.dirty(v));
    this.views.set(query.view, view);
    this.byId.set(view.id, view);
    this.socket.send(view.subscribeFrame(this.maxHz));
    return view;
  }

  private opened(): void {
    for (const view of this.views.values()) this.socket.send(view.subscribeFrame(this.maxHz));
    if (this.paused.peek() || document.hidden) this.socket.send({ t: "pause" });
    if (this.connections++ > 0) void checkBuild();
  }

  /** A view that did not exist may have been deployed meanwhile. */
  private retryMissing(): void {
    for (const view of this.views.values()) if (view.state === "error") this.socket.send(view.subscribeFrame(this.maxHz));
  }

  private sendPause(): void {
    this.socket.send({ t: this.paused.peek() || document.hidden ? "pause" : "resume" });
  }

  private frame(f: ServerFrame): void {
    if (f.t === "hb") this.clock.heard(f.now);
    else if (f.id !== null) this.byId.get(f.id)?.frame(f);
    else if (f.t === "err") console.error("live:", f.message);
  }

  private dirty(view: View): void {
    this.dirtyViews.add(view);
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => this.repaint());
  }

  private repaint(): void {
    this.scheduled = false;
    const views = [...this.dirtyViews];
    this.dirtyViews.clear();
    batch(() => {
      for (const view of views) view.rev.value += 1;
      this.frames.value += 1;
    });
    // The panels render in a microtask of this frame; a message task comes after the browser has painted it.
    setTimeout(() => this.painted(views), 0);
  }

  private painted(views: View[]): void {
    const now = Date.now();
    for (const view of views) {
      if (view.unpainted === 0) continue;
      view.unpainted = 0;
      view.latency = this.clock.age(view.ct, now);
      this.committed.push(now, view.latency);
      if (this.samples.length < kMaxSamples) this.samples.push({ id: view.id, version: view.version, ms: view.latency });
      const column = this.watchers.get(view.name);
      const sentAt = column ? Date.parse(String(view.rows.values().next().value?.[column] ?? "")) : NaN;
      if (!Number.isNaN(sentAt)) this.sent.push(now, this.clock.age(sentAt, now));
    }
  }

  private report(): void {
    if (this.samples.length > 0 && this.socket.state.peek() === "live") this.socket.send({ t: "paint", samples: this.samples });
    this.samples = [];
  }
}
