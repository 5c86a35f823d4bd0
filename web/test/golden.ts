// The golden exchanges of tests/golden/ws, which the server's encoder is tested against as well: loaded, and played to a View.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseFrame, type ClientFrame, type Key, type Row, type ServerFrame } from "../src/api/protocol";
import type { ViewSnapshot } from "../src/api/http";
import { keyText, View } from "../src/state/view";

export interface Step {
  client?: ClientFrame;
  server?: ServerFrame & Record<string, unknown>;
  commit?: { version: number; ct: number; up: Row[]; del: Key[] };
  redeploy?: { epoch: string; version: number; ct: number };
  clock_ms?: number;
}
export interface Golden {
  name: string;
  description: string;
  view: { name: string; epoch: string; key: string[] };
  steps: Step[];
}

const folder = fileURLToPath(new URL("../../tests/golden/ws", import.meta.url));

export function goldens(): Golden[] {
  return readdirSync(folder).filter((f) => f.endsWith(".json")).sort()
    .map((f) => ({ name: f.slice(0, -5), ...(JSON.parse(readFileSync(`${folder}/${f}`, "utf8")) as Omit<Golden, "name">) }));
}

/** The server's side of an exchange: its rows, and a GET of them. */
export class FakeServer {
  readonly rows = new Map<string, Row>();
  version = 0;
  ct = 0;
  epoch: string;

  /** The rows after each commit. */
  readonly history = new Map<number, Map<string, Row>>();

  constructor(private readonly golden: Golden, private readonly params: Row) {
    this.epoch = golden.view.epoch;
  }

  commit(c: NonNullable<Step["commit"]>): void {
    for (const key of c.del) this.rows.delete(keyText(key));
    for (const row of c.up) this.rows.set(keyText(this.golden.view.key.map((k) => row[k] ?? null)), row);
    this.version = c.version;
    this.ct = c.ct;
    this.history.set(c.version, this.matching());
  }

  matching(): Map<string, Row> {
    return new Map([...this.rows].filter(([, row]) => Object.entries(this.params).every(([k, v]) => row[k] === v)));
  }

  get = (): Promise<ViewSnapshot> =>
    Promise.resolve({ epoch: this.epoch, version: this.version, commitTime: this.ct, rows: [...this.matching().values()] });
}

const settle = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

/** Plays every step of the first subscription to a View; gives both sides at the end. */
export async function play(golden: Golden): Promise<{ view: View; server: FakeServer; repaints: number }> {
  const sub = golden.steps.find((s) => s.client?.t === "sub")?.client;
  if (sub?.t !== "sub") throw new Error(`${golden.name}: nothing is subscribed`);
  const server = new FakeServer(golden, sub.params ?? {});
  let repaints = 0;
  const view = new View(sub.id, { view: sub.view, order: "", limit: 100 }, () => repaints++, server.get);
  for (const step of golden.steps) {
    if (step.commit) server.commit(step.commit);
    if (step.server) {
      const frame = parseFrame(JSON.stringify(step.server));
      if (!frame) throw new Error(`${golden.name}: unknown frame ${String(step.server["t"])}`);
      if (frame.t === "reset" || frame.t === "ok") server.epoch = frame.epoch;
      if (frame.t !== "hb" && frame.id === sub.id) view.frame(frame);
    }
    await settle();
  }
  return { view, server, repaints };
}
