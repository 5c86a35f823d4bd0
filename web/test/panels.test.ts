// Goal: from rows to what is drawn, without a browser: selection, numbers, pivot, formats, histogram.
import { describe, expect, it } from "vitest";
import type { Row } from "../src/api/protocol";
import { aggregate, matches, select, severityOf } from "../src/panels/select";
import { stepsOf } from "../src/panels/pipeline";
import { kOther, pivot, stack } from "../src/panels/pivot";
import { ServerClock } from "../src/state/clock";
import { quantile, Ring } from "../src/state/series";
import { formatDuration, formatShort, formatTime, parseTime } from "../src/ui/format";
import { sparkPath } from "../src/ui/sparkline";
import { kept, rateOf, sumGroups } from "../src/panels/system_rows";

const rows: Row[] = [{ id: "b", n: 2, s: "at risk" }, { id: "a", n: 2, s: "missed" }, { id: "c", n: 1, s: "at risk" }, { id: "d", n: null, s: null }];

describe("select", () => {
  it("filters by equality or by a list, and orders by several columns", () => {
    expect(matches({ s: "x" }, { s: ["x", "y"] })).toBe(true);
    expect(select(rows, { s: "at risk" }, []).map((r) => r["id"])).toEqual(["b", "c"]);
    const sort = [{ column: "n", descending: true }, { column: "id", descending: false }];
    expect(select(rows, {}, sort).map((r) => r["id"])).toEqual(["a", "b", "c", "d"]);
  });
  it("makes one number of rows", () => {
    expect(aggregate(rows, { aggregate: "count", value: "" })).toBe(4);
    expect(aggregate(rows, { aggregate: "sum", value: "n" })).toBe(5);
    expect(aggregate([], { aggregate: "first", value: "n" })).toBeNaN();
    expect(aggregate([], { aggregate: "count", value: "n" })).toBe(0);
  });
  it("finds the severity by value and by threshold", () => {
    expect(severityOf({ s: "at risk" }, { column: "s", critical: ["at risk"], warning: ["missed"] })).toBe("critical");
    expect(severityOf({ s: 4.5 }, { column: "s", critical: 6, warning: 4 })).toBe("warning");
    expect(severityOf({ s: 1 }, null)).toBe("none");
  });
});

describe("a pipeline's operators", () => {
  it("are listed from the sink down, a shared part once", () => {
    const node = (id: number, type: string, inputs: number[]): Row => ({ id, type, predecessors: inputs.map((i) => ({ id: i })) });
    const steps = stepsOf([node(1, "Source", []), node(2, "Filter", [1]), node(3, "Join", [2, 1])]);
    expect(steps.map((s) => `${s.depth} ${String(s.node["type"])}`)).toEqual(["0 Join", "1 Filter", "2 Source"]);
    expect(stepsOf([])).toEqual([]);
  });
});

describe("pivot", () => {
  const panel = { x: "hour", y: "events", series: "kind", last: 2, kind: "bars" as const };
  const data: Row[] = [
    { hour: "2026-11-22T12:00:00.000Z", kind: "a", events: 5 }, { hour: "2026-11-22T10:00:00.000Z", kind: "a", events: 1 },
    { hour: "2026-11-22T11:00:00.000Z", kind: "b", events: 7 }, { hour: "2026-11-22T12:00:00.000Z", kind: "b", events: 1 },
  ];
  it("keeps the newest x, in order, and a zero where a bar has no row", () => {
    const p = pivot(data, panel);
    expect(p.x).toEqual([Date.UTC(2026, 10, 22, 11) / 1000, Date.UTC(2026, 10, 22, 12) / 1000]);
    expect(p.labels).toEqual(["b", "a"]);
    expect(p.ys).toEqual([[7, 1], [0, 5]]);
    expect(stack(p.ys)).toEqual([[7, 1], [7, 6]]);
  });
  it("keeps series in their places while they are the same", () => {
    expect(pivot([...data, { hour: "2026-11-22T12:00:00.000Z", kind: "a", events: 50 }], panel, ["b", "a"]).labels).toEqual(["b", "a"]);
  });
  it("sums up what is beyond seven series", () => {
    const many: Row[] = Array.from({ length: 12 }, (_, i) => ({ hour: "2026-11-22T12:00:00Z", kind: `k${i}`, events: 12 - i }));
    const p = pivot(many, panel);
    expect(p.labels.length).toBe(7);
    expect(p.labels[6]).toBe(kOther);
    expect(p.ys.reduce((n, y) => n + (y[0] ?? 0), 0)).toBe(78);
  });
});

describe("formats", () => {
  it("durations", () => {
    expect([0, 8, 950, 1500, 59000, 3.6e6 + 60000, 3 * 86.4e6].map(formatDuration)).toEqual(["0 ms", "8 ms", "950 ms", "1.5 s", "59 s", "1 h 01 min", "3 d"]);
  });
  it("a time without a zone is UTC, a date its midnight", () => {
    expect(parseTime("2026-11-22 19:00:00")).toBe(parseTime("2026-11-22T19:00:00.000Z"));
    expect(formatTime(parseTime("2026-11-22"))).toBe("Sun, Nov 22, 00:00");
    expect(parseTime(null)).toBeNaN();
  });
  it("large numbers stay narrow", () => {
    expect(formatShort(12345678)).toBe("12.35 M");
    expect(formatShort(1234567)).toBe("1,234,567");
    expect(formatShort(NaN)).toBe("–");
  });
});

describe("Ring", () => {
  it("never holds more than its capacity, newest kept", () => {
    const ring = new Ring(3);
    for (let i = 0; i < 10; i++) ring.push(i, i * 10);
    expect(ring.length).toBe(3);
    expect(ring.values()).toEqual([70, 80, 90]);
    expect(ring.values(2)).toEqual([80, 90]);
    expect(ring.since(8)).toEqual([80, 90]);
    expect(ring.since(100)).toEqual([]);
  });
  it("quantiles are of the samples, by nearest rank", () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([0.5, 0.95, 0.99, 1].map((q) => quantile(values, q))).toEqual([50, 95, 99, 100]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe("ServerClock", () => {
  it("takes the fastest message as the clock's difference, and no age is negative", () => {
    const clock = new ServerClock();
    clock.heard(1000, 1530);
    clock.heard(2000, 2503);
    clock.heard(3000, 3999);
    expect(clock.offset).toBe(503);
    expect(clock.age(4000, 4511)).toBe(8);
    expect(clock.age(9000, 4511)).toBe(0);
  });
});

describe("sparkline", () => {
  it("draws nothing of too few points and stays inside its box", () => {
    expect(sparkPath([1, 2]).line).toBe("");
    expect(sparkPath([5, 5, 5, 5, 5]).line).not.toContain("NaN");
  });
});

describe("the system page", () => {
  it("sums a group's partitions up", () => {
    const rows = [
      { group: "g", state: "Stable", members: 2, topic: "a", partition: 0, lag: 3 },
      { group: "g", state: "Stable", members: 2, topic: "b", partition: 0, lag: 4 },
      { group: "empty", state: "Empty", members: 0 },
    ];
    expect(sumGroups(rows)).toEqual([
      { name: "g", state: "Stable", members: 2, topics: "a, b", partitions: 2, lag: 7 },
      { name: "empty", state: "Empty", members: 0, topics: "", partitions: 0, lag: 0 },
    ]);
  });
  it("knows a rate only from two looks, and none after a restart", () => {
    const part = { rows: [], problem: "", at: 4000, before: { rows: [{ name: "t", records: 10 }], at: 2000 } };
    expect(rateOf(part, { name: "t", records: 30 }, "records")).toBe(10);
    expect(rateOf(part, { name: "t", records: 5 }, "records")).toBeNull();
    expect(rateOf(part, { name: "new", records: 5 }, "records")).toBeNull();
    expect(rateOf(undefined, { name: "t", records: 5 }, "records")).toBeNull();
  });
  it("says how long a topic keeps its records", () => {
    expect(kept({ cleanup_policy: "delete", retention_ms: 604800000 })).toBe("7 d");
    expect(kept({ cleanup_policy: "delete", retention_ms: -1 })).toBe("for ever");
    expect(kept({ cleanup_policy: "compact", retention_ms: 604800000 })).toBe("newest of each key");
  });
});
