// A stand-in for the node's pipelines: plays the example's event log and keeps the rows of the views that the example's dashboards
// show. For developing the page only: the figures are near enough, no more.
import { readFileSync } from "node:fs";

const kSteps = ["not picked up", "picked up", "being filled", "at the terminal", "weighed", "in stock", "at the bay", "loaded"];
const kTypes = ["", "Pick Up Empty Container", "Load Truck", "Drive to Terminal", "Weigh", "Place in Stock", "Bring to Loading Bay", "Load to Vehicle"];
const kLoadTypes = ["pick_started", "pick_completed", "pack_completed", "label_printed", "sorted", "loaded", "shipped", "scan_exception"];
const iso = (ms) => new Date(ms).toISOString();
const byType = (event, type) => event.objects.filter((o) => o.type === type);

export class World {
  constructor(file, changed) {
    this.lines = readFileSync(file, "utf8").trim().split("\n");
    this.changed = changed;
    this.next = 0;
    this.days = new Map();
    this.counts = new Map();
    this.hours = new Map();
    this.work = new Map();
    this.containers = new Map();
    this.plan = new Map();
    this.booked = new Map();
    this.alerts = new Map();
    this.dwell = [];
    this.sites = new Map();
    this.minutes = new Map();
    this.sequence = 0;
    this.now = Date.parse(JSON.parse(this.lines[0]).occurred_at);
  }

  put(view, row) {
    this.changed(view, row, null);
  }

  /** Plays everything up to `until` (milliseconds of the log's time). */
  play(until) {
    for (; this.next < this.lines.length; this.next++) {
      const event = JSON.parse(this.lines[this.next]);
      const at = Date.parse(event.occurred_at);
      if (at > until) break;
      this.event(event, at, this.next);
    }
    this.now = until;
    this.put("world_clock", { k: 1, now: iso(until), ticks: Math.round(until / 60000) });
    this.exceptions();
  }

  event(e, at, offset) {
    const count = { event_type: e.event_type, events: (this.counts.get(e.event_type)?.events ?? 0) + 1, last_at: iso(at) };
    this.counts.set(e.event_type, count);
    this.put("events_by_type", count);
    const day = iso(at).slice(0, 10);
    const d = this.days.get(day) ?? { day, events: 0, orders: 0, units_collected: 0, containers_arrived: 0, containers_loaded: 0, departures: 0 };
    d.events += 1;
    const counter = { "Register Customer Order": "orders", "Collect Goods": "units_collected", "Drive to Terminal": "containers_arrived", "Load to Vehicle": "containers_loaded", Depart: "departures" }[e.event_type];
    if (counter) d[counter] += 1;
    this.days.set(day, d);
    this.put("events_by_day", { ...d });
    const hour = iso(Math.floor(at / 3600000) * 3600000);
    const h = `${hour} ${e.event_type}`;
    this.hours.set(h, (this.hours.get(h) ?? 0) + 1);
    this.put("throughput_live", { hour, event_type: e.event_type, events: this.hours.get(h) });
    if (this.hours.get(h) > 14) this.put("rate_anomalies", { window_start: hour, window_end: iso(Date.parse(hour) + 3600000), event_type: e.event_type, events: this.hours.get(h), mean_events: 4.4, sd_events: 3.1, sigmas: (this.hours.get(h) - 4.4) / 3.1 });
    for (const o of [...byType(e, "Truck"), ...byType(e, "Forklift")]) this.put("current_work", { resource_id: o.id, kind: o.type, event_type: e.event_type, occurred_at: iso(at), event_id: e.event_id, src_offset: offset });
    for (const t of byType(e, "Transport Document")) {
      const order = t.belongs_to.find((b) => b.type === "Customer Order")?.id;
      for (const b of t.belongs_to) if (b.type === "Container") this.plan.set(b.id, { document_id: t.id, order_id: order, offset });
      if (e.event_type === "Book Vehicle") for (const v of byType(e, "Vehicle")) this.booked.set(t.id, { vehicle_id: v.id, departure: Date.parse(`${v.attributes["Departure Date"].replace(" ", "T")}Z`) });
    }
    for (const c of byType(e, "Container")) {
      const state = this.containers.get(c.id) ?? { step: 0 };
      if (kTypes.indexOf(e.event_type) === 4) state.weighed = at;
      Object.assign(state, { step: Math.max(state.step, kTypes.indexOf(e.event_type)), last_at: at, offset });
      if (e.event_type === "Load to Vehicle" && state.weighed) this.dwell.push((at - state.weighed) / 3600000);
      this.containers.set(c.id, state);
    }
    if (this.dwell.length) this.put("dwell_summary", { k: 1, loads: this.dwell.length, mean_h: this.dwell.reduce((a, b) => a + b) / this.dwell.length });
    const steps = kSteps.map((stage, step) => ({ step, stage, containers: [...this.containers.values()].filter((s) => s.step === step).length }));
    for (const s of steps) if (s.step > 0 && s.containers > 0) this.put("containers_by_step", s);
    this.put("terminal", { k: 1, containers: this.containers.size, on_site: steps.slice(3, 7).reduce((n, s) => n + s.containers, 0), loaded: steps[7].containers });
    this.put("last_sent", { k: 1, sent_at: iso(Date.now() - 2 - Math.random() * 6), events: offset + 1 });
  }

  exceptions() {
    const vehicles = new Map();
    for (const [container, plan] of this.plan) {
      const booking = this.booked.get(plan.document_id);
      if (!booking) continue;
      const state = this.containers.get(container) ?? { step: 0 };
      const v = vehicles.get(booking.vehicle_id) ?? { vehicle_id: booking.vehicle_id, departure: iso(booking.departure), containers: 0, loaded: 0, missing: 0 };
      v.containers += 1;
      v[state.step === 7 ? "loaded" : "missing"] += 1;
      vehicles.set(booking.vehicle_id, v);
      const open = state.step !== 7 && booking.departure - 4 * 3600000 <= this.now;
      const status = this.now >= booking.departure ? "missed" : "at risk";
      const row = { container_id: container, document_id: plan.document_id, order_id: plan.order_id, vehicle_id: booking.vehicle_id, departure: iso(booking.departure), load_by: iso(booking.departure - 4 * 3600000), status, stage: kSteps[state.step], last_at: state.last_at ? iso(state.last_at) : null, src_topic: "logistics.events", src_partition: 0, src_offset: state.offset ?? plan.offset };
      if (open) this.put("exceptions", row);
      else this.changed("exceptions", null, [container]);
      const id = `a-${container}`;
      const old = this.alerts.get(id);
      if (!open && old) {
        this.alerts.delete(id);
        this.changed("alerts", null, [id]);
      } else if (open && old?.rule !== (status === "missed" ? "departure_missed" : "container_at_risk")) {
        const missed = status === "missed";
        const alert = { id, rule: missed ? "departure_missed" : "container_at_risk", title: missed ? "Vehicle left without a container" : "Container not loaded four hours before departure", view: "exceptions", subject: container, severity: missed ? "warning" : "critical", state: "firing", summary: missed ? `${row.vehicle_id} left without ${container} (${row.stage}), order ${row.order_id}` : `${container} (${row.stage}) is not on ${row.vehicle_id}`, fired_at: iso(Date.now()), acknowledged_by: null };
        this.alerts.set(id, alert);
        this.put("alerts", alert);
      }
    }
    for (const v of vehicles.values()) this.put("departures", v);
  }

  acknowledge(id, by) {
    const alert = this.alerts.get(id);
    if (!alert) return false;
    Object.assign(alert, { state: "acknowledged", acknowledged_by: by });
    this.put("alerts", { ...alert });
    return true;
  }

  /** One event of the generated load. */
  load() {
    const now = Date.now();
    const site = `S${String(1 + Math.floor(Math.random() ** 1.4 * 20)).padStart(2, "0")}`;
    const type = kLoadTypes[Math.floor(Math.random() ** 1.2 * kLoadTypes.length)];
    const ms = 800 + Math.exp(8 + Math.random() * 1.6);
    const s = this.sites.get(site) ?? { site_id: site, events: 0, shipped: 0, scan_exceptions: 0, mean_ms: 0, max_ms: 0, last_at: "" };
    s.events += 1;
    if (type === "shipped") s.shipped += 1;
    if (type === "scan_exception") s.scan_exceptions += 1;
    s.mean_ms += (ms - s.mean_ms) / s.events;
    s.max_ms = Math.max(s.max_ms, ms);
    s.last_at = iso(now);
    this.sites.set(site, s);
    this.put("sites", { ...s });
    const minute = iso(Math.floor(now / 60000) * 60000);
    this.minutes.set(minute, (this.minutes.get(minute) ?? 0) + 1);
    this.put("load_by_minute", { minute, events: this.minutes.get(minute), sites: this.sites.size });
    this.put("order_value", { site_id: site, orders: Math.floor(s.events / 8), amount: Math.floor(s.events / 8) * 91.35 });
    this.put("payment_totals", { event_type: "payment_captured", payments: ++this.sequence, amount: this.sequence * 87.1 });
    if (Math.random() < 0.01) this.put("slow_work", { event_id: `ev-${this.sequence}`, event_type: type, site_id: site, station_id: `ST-${site.slice(1)}-07`, worker_id: "W-0113", order_id: "SO-100231", occurred_at: iso(now), duration_ms: ms * 9, mean_ms: ms, sigmas: 4 + Math.random() * 4, src_partition: 0, src_offset: this.sequence });
    this.put("load_last_sent", { k: 1, sent_at: iso(now - 2 - Math.random() * 5), events: this.sequence });
  }
}
