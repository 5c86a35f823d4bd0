// A node without a node: serves the built page, the REST calls it makes and /api/v1/live over a stand-in world (world.mjs), so that the
// page can be developed and looked at without the binary. Speaks docs/formats/live.md; keeps no change ring, so a resume is a reset.
//   node mock/server.mjs [--port 8080] [--speed 3600] [--from 2023-06-20] [--still]
import { createServer } from "node:http";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { WebSocketServer } from "ws";
import { parse } from "yaml";
import { World } from "./world.mjs";

const option = (name, fallback) => {
  const i = process.argv.indexOf(`--${name}`);
  return i < 0 ? fallback : process.argv[i + 1];
};
const port = Number(option("port", 8080));
const speed = Number(option("speed", 3600));
const from = Date.parse(`${option("from", "2023-07-19")}T08:00:00Z`);
const root = new URL("../..", import.meta.url).pathname;
const example = join(root, "examples/fulfilment");
const dist = join(root, "web/dist");
const log = join(example, "input/container-logistics.jsonl");

const kKeys = {
  events_by_type: ["event_type"], events_by_day: ["day"], throughput_live: ["hour", "event_type"], rate_anomalies: ["window_start", "window_end", "event_type"],
  current_work: ["resource_id"], containers_by_step: ["step"], terminal: ["k"], world_clock: ["k"], last_sent: ["k"], dwell_summary: ["k"],
  exceptions: ["container_id"], departures: ["vehicle_id"], alerts: ["id"], sites: ["site_id"], load_by_minute: ["minute"], order_value: ["site_id"],
  payment_totals: ["event_type"], payments_by_minute: ["window_start", "window_end"], slow_work: ["event_id"], load_last_sent: ["k"],
};
const epoch = Date.now().toString(36);
const views = new Map(Object.entries(kKeys).map(([name, key]) => [name, { name, key, rows: new Map(), version: 1, ct: Date.now() }]));
const clients = new Set();
let version = 1;
let changes = new Map();

function changed(name, row, del) {
  const view = views.get(name);
  const key = JSON.stringify(row ? view.key.map((k) => row[k] ?? null) : del);
  const before = view.rows.get(key);
  if (row ? before && JSON.stringify(before) === JSON.stringify(row) : !before) return;
  if (row) view.rows.set(key, row);
  else view.rows.delete(key);
  const delta = changes.get(name) ?? { up: new Map(), del: new Map() };
  delta.up.delete(key);
  delta.del.delete(key);
  if (row) delta.up.set(key, row);
  else delta.del.set(key, del);
  changes.set(name, delta);
}

function commit() {
  const ct = Date.now();
  for (const [name, delta] of changes) {
    const view = views.get(name);
    const before = view.version;
    Object.assign(view, { version: ++version, ct });
    for (const client of clients) {
      for (const sub of client.subs.values()) {
        if (sub.view !== name || client.paused) continue;
        client.send({ t: "delta", id: sub.id, from: before, version, ct, up: [...delta.up.values()], del: [...delta.del.values()] });
      }
    }
  }
  changes = new Map();
}

const world = new World(log, changed);
world.play(from);
commit();
if (!process.argv.includes("--still")) {
  setInterval(() => {
    world.play(world.now + (speed * 1000) / 10);
    commit();
  }, 100);
  setInterval(() => {
    world.load();
    commit();
  }, 70);
}

function dashboards() {
  return readdirSync(join(example, "dashboards")).filter((f) => f.endsWith(".yaml"))
    .map((f) => ({ name: f.slice(0, -5), ...parse(readFileSync(join(example, "dashboards", f), "utf8")) }))
    .sort((a, b) => (a.order ?? 99) - (b.order ?? 99));
}

function api(path, query) {
  const [, what, name, part] = /^\/api\/v1\/([a-z]+)(?:\/([^/]+))?(?:\/([^/]+))?/.exec(path) ?? [];
  if (what === "dashboards") return name ? dashboards().find((d) => d.name === name) : { dashboards: dashboards().map((d) => ({ name: d.name, title: d.title })) };
  if (what === "views" && !name) return { views: [...views.values()].map((v) => ({ name: v.name, key: v.key, rows: v.rows.size, epoch, version: v.version, commit_time: v.ct })) };
  if (what === "views") {
    const view = views.get(name);
    if (!view) return null;
    let rows = [...view.rows.values()];
    const [column, way] = (query.get("order") ?? "").split(":");
    if (column) rows.sort((a, b) => (a[column] < b[column] ? -1 : a[column] > b[column] ? 1 : 0) * (way === "desc" ? -1 : 1));
    rows = rows.slice(0, Number(query.get("limit") ?? 1000));
    return { view: name, epoch, version: view.version, commit_time: view.ct, rows };
  }
  if (what === "alerts") return { alerts: [...views.get("alerts").rows.values()] };
  if (what === "pipelines") return { pipelines: ["operational", "storage", "enrichment", "exceptions", "load"].map((n, i) => ({ name: n, state: "running", position: version, in: 8000 + world.next * (i + 1), accepted: 8000 + world.next * (i + 1), rejected: 0, late: 0, lag: 0, p99_ms: 7.94, steps: version * 2, state_bytes: 1_400_000 * (i + 1), error: "" })) };
  const topics = ["logistics.events", "clock", "fulfilment.operations", "fulfilment.orders", "fulfilment.payments", "logistics.processed"].map((n, i) => ({
    name: n, partitions: i > 1 && i < 5 ? 3 : 1, records: world.next * (i + 1), bytes: world.next * 412 * (i + 1), retention_ms: 604800000, cleanup_policy: "delete",
  }));
  if (what === "topics" && part === "records") {
    // Below 0: so many from the end.
    const asked = Number(query.get("offset"));
    const from = asked < 0 ? Math.max(0, world.next + asked) : asked;
    const count = Math.min(Number(query.get("limit") ?? 1), Math.max(1, world.next - from));
    const records = Array.from({ length: count }, (_, i) => ({ partition: 0, offset: from + i, timestamp: Date.now() - 4000, key: null, headers: {}, value: world.lines[from + i] ? JSON.parse(world.lines[from + i]) : null }));
    return { topic: name, partition: Number(query.get("partition")), records };
  }
  if (what === "topics" && name) {
    const topic = topics.find((t) => t.name === name);
    return topic && { ...topic, configs: {}, logs: Array.from({ length: topic.partitions }, (_, p) => ({ partition: p, start: 0, end: Math.floor(topic.records / topic.partitions), bytes: Math.floor(topic.bytes / topic.partitions) })) };
  }
  if (what === "topics") return { topics };
  const offsets = [{ topic: "logistics.processed", partition: 0, committed: Math.max(0, world.next - 3), end: world.next, lag: Math.min(3, world.next) }];
  if (what === "groups" && name) return { group: name, state: "Stable", protocol: "range", members: 1, member_list: [{ member: "billing-1", client: "billing", host: "127.0.0.1", partitions: "logistics.processed 0" }], offsets };
  if (what === "groups") return { groups: [{ group: "billing", state: "Stable", members: 1, ...offsets[0] }] };
  if (what === "sinks") return { sinks: [{ name: "logistics.processed_events", kind: "lake", rows: world.next, commits: Math.floor(world.next / 40), last_commit_ms: Date.now() - 4000, error: "" }] };
  return null;
}

const kMime = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  const ack = /^\/api\/v1\/alerts\/([^/]+)\/ack$/.exec(url.pathname);
  if (request.method === "POST" && ack) {
    let body = "";
    request.on("data", (d) => (body += d)).on("end", () => {
      const done = world.acknowledge(decodeURIComponent(ack[1]), JSON.parse(body || "{}").by ?? "operator");
      commit();
      response.writeHead(done ? 200 : 404, { "content-type": "application/json" }).end("{}");
    });
    return;
  }
  if (url.pathname.startsWith("/api/")) {
    const body = api(url.pathname, url.searchParams);
    response.writeHead(body ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(body ?? { error: { code: "not_found", message: `not found: ${url.pathname}` } }));
    return;
  }
  const file = join(dist, url.pathname === "/" ? "index.html" : url.pathname);
  if (!file.startsWith(dist) || !existsSync(file)) return void response.writeHead(404).end();
  response.writeHead(200, {
    "content-type": kMime[extname(file)] ?? "application/octet-stream",
    "content-security-policy": "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'none'",
  }).end(readFileSync(file));
});

const sockets = new WebSocketServer({ server, path: "/api/v1/live", handleProtocols: (offered) => (offered.has("millrace.v1") ? "millrace.v1" : false) });
sockets.on("connection", (socket) => {
  const client = { subs: new Map(), paused: false, send: (f) => socket.send(JSON.stringify(f)) };
  clients.add(client);
  const beat = setInterval(() => client.send({ t: "hb", now: Date.now() }), 1000);
  client.send({ t: "hb", now: Date.now() });
  socket.on("close", () => {
    clearInterval(beat);
    clients.delete(client);
  });
  socket.on("message", (data) => {
    const f = JSON.parse(String(data));
    if (f.t === "pause") client.paused = true;
    if (f.t === "resume") {
      client.paused = false;
      for (const sub of client.subs.values()) client.send({ t: "reset", id: sub.id, epoch, version: views.get(sub.view).version, ct: Date.now(), key: kKeys[sub.view], why: "retention" });
    }
    if (f.t === "unsub") client.subs.delete(f.id);
    if (f.t !== "sub") return;
    const view = views.get(f.view);
    if (!view) return client.send({ t: "err", id: f.id, code: "not_found", message: `unknown view: ${f.view}`, help: "" });
    client.subs.set(f.id, { id: f.id, view: f.view });
    const resumes = f.from && (f.from.epoch !== epoch || f.from.version !== view.version);
    client.send({ t: resumes ? "reset" : "ok", id: f.id, epoch, version: view.version, ct: view.ct, key: view.key, ...(resumes ? { why: f.from.epoch === epoch ? "retention" : "redeployed" } : {}) });
  });
});
server.listen(port, "127.0.0.1", () => console.log(`mock node: http://127.0.0.1:${server.address().port}/`));
