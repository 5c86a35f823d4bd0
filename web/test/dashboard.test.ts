// Goal: the example's dashboards are understood in full, and what is not understood does no harm.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseDashboard, parseSort } from "../src/api/dashboard";
import { retryHint } from "../src/api/socket";
import { histogram } from "../src/panels/latency";
import { alertFor, place } from "../src/panels/select";
import { cellText, csv } from "../src/ui/table";
import type { Alert } from "../src/state/alerts";

const folder = fileURLToPath(new URL("../../examples/fulfilment/", import.meta.url));
const sql = readdirSync(`${folder}pipelines`).map((f) => readFileSync(`${folder}pipelines/${f}`, "utf8")).join("\n");
const views = new Set([...sql.matchAll(/CREATE MATERIALIZED VIEW (\w+)/g)].map((m) => m[1]));

describe("the example's dashboards", () => {
  for (const file of readdirSync(`${folder}dashboards`)) {
    const board = parseDashboard(file, parse(readFileSync(`${folder}dashboards/${file}`, "utf8")));
    it(`${file}: every panel is known and reads a view that the example has`, () => {
      expect(board.panels.filter((p) => p.type === "unknown")).toEqual([]);
      for (const panel of board.panels) {
        if (panel.type === "alerts") continue;
        expect(views).toContain(panel.type === "latency" ? panel.sent?.view : panel.view);
      }
      for (const view of Object.keys(board.views)) expect(views).toContain(view);
    });
    it(`${file}: at least five tiles, a chart and the exceptions`, () => {
      const count = (type: string) => board.panels.filter((p) => p.type === type).length;
      expect(count("tile")).toBeGreaterThanOrEqual(5);
      expect(count("series")).toBeGreaterThanOrEqual(1);
      expect(count("exceptions")).toBe(1);
    });
  }
  it("anything else becomes a panel that says so", () => {
    const board = parseDashboard("x", { panels: [{ type: "pie" }, 3, { type: "tile", width: 99 }], views: 4 });
    expect(board.panels.map((p) => p.type)).toEqual(["unknown", "unknown", "tile"]);
    expect(board.panels[2]?.width).toBe(12);
    expect(parseDashboard("x", null).panels).toEqual([]);
  });
  it("reads sort orders", () => {
    expect(parseSort("departure desc, id")).toEqual([{ column: "departure", descending: true }, { column: "id", descending: false }]);
    expect(parseSort("")).toEqual([]);
  });
});

describe("rows", () => {
  const ref = { topic: "src_topic", partition: "src_partition", offset: "src_offset" };
  it("name the record behind them, by column or by constant", () => {
    expect(place({ src_topic: "t", src_partition: 2, src_offset: 7 }, ref)).toEqual({ topic: "t", partition: 2, offset: 7 });
    expect(place({ src_offset: 7 }, { topic: "logistics.events", partition: 0, offset: "src_offset" })).toEqual({ topic: "logistics.events", partition: 0, offset: 7 });
    expect(place({ src_topic: "t", src_partition: 0, src_offset: null }, ref)).toBeNull();
  });
  it("find the alert they raised", () => {
    const alert = { id: "1", view: "exceptions", subject: "cr1" } as Alert;
    const exceptions = { name: "exceptions", key: ["container_id"] };
    expect(alertFor({ container_id: "cr1" }, exceptions, [alert])).toBe(alert);
    expect(alertFor({ container_id: "cr2" }, exceptions, [alert])).toBeUndefined();
    expect(alertFor({ container_id: "cr1" }, { ...exceptions, name: "other" }, [alert])).toBeUndefined();
  });
  it("are written as text and as CSV", () => {
    const since = { column: "at", title: "At", format: "since" as const };
    expect(cellText({ at: "2026-11-22T10:00:00Z" }, since, Date.UTC(2026, 10, 22, 11, 30))).toBe("1 h 30 min");
    expect(cellText({ at: "2026-11-22T10:00:00Z" }, since, Date.UTC(2026, 10, 22, 9, 59))).toBe("in 1 min");
    expect(csv([since], [{ at: 'a "b", c' }, { at: null }])).toBe('at\r\n"a ""b"", c"\r\n\r\n');
  });
});

describe("socket", () => {
  it("takes the server's word for when to come back, within reason", () => {
    expect(retryHint({ code: 1012, reason: '{"retry_ms":500}' })).toBe(500);
    expect(retryHint({ code: 1012, reason: '{"retry_ms":1e9}' })).toBe(15000);
    expect(retryHint({ code: 1012, reason: "soon" })).toBeNull();
    expect(retryHint({ code: 4008, reason: '{"retry_ms":500}' })).toBeNull();
  });
});

describe("histogram", () => {
  it("puts every sample in one bar", () => {
    expect(histogram([1, 2, 3, 200, 201, 9999], [2, 200, Infinity])).toEqual([2, 2, 2]);
  });
});
