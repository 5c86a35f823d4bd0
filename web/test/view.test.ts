// Goal: the rules of docs/formats/live.md that no golden exchange covers: the GET may be slow, late, refused.
import { describe, expect, it } from "vitest";
import { ApiError, type ViewSnapshot } from "../src/api/http";
import type { Row } from "../src/api/protocol";
import { compare, View } from "../src/state/view";

const row = (id: number, n: number): Row => ({ id, n });
const snapshot = (version: number, rows: Row[], epoch = "e1"): ViewSnapshot => ({ epoch, version, commitTime: 1, rows });
const ok = (version: number, epoch = "e1") => ({ t: "ok" as const, id: 1, epoch, version, ct: 1, key: ["id"] });
const delta = (from: number, version: number, up: Row[], del: number[][] = []) => ({ t: "delta" as const, id: 1, from, version, ct: version, up, del });
const tick = () => new Promise((done) => setTimeout(done, 0));

/** A view whose GETs are answered by hand. */
function setUp(limit = 100, order = "") {
  const gets: { minVersion: number | undefined; answer: (s: ViewSnapshot) => void; fail: (e: unknown) => void }[] = [];
  const view = new View(1, { view: "v", order, limit }, () => undefined, (_v, q) => new Promise((answer, fail) => gets.push({ minVersion: q.minVersion, answer, fail })));
  return { view, gets };
}

describe("View", () => {
  it("applies the deltas that came before the GET was there, and drops those it already holds", async () => {
    const { view, gets } = setUp();
    view.frame(ok(10));
    view.frame(delta(10, 11, [row(1, 11)]));
    view.frame(delta(11, 13, [row(2, 13)], [[3]]));
    expect(gets[0]?.minVersion).toBe(10);
    gets[0]?.answer(snapshot(12, [row(1, 12), row(3, 1)]));
    await tick();
    expect([...view.rows.values()]).toEqual([row(1, 12), row(2, 13)]);
    expect(view.version).toBe(13);
  });

  it("resumes from where it was, keeps its rows, and continues", async () => {
    const { view, gets } = setUp();
    view.frame(ok(5));
    gets[0]?.answer(snapshot(5, [row(1, 1)]));
    await tick();
    expect(view.subscribeFrame(20)).toMatchObject({ from: { epoch: "e1", version: 5 } });
    view.frame(ok(5));
    view.frame(delta(5, 9, [row(1, 9)]));
    expect(gets.length).toBe(1);
    expect([...view.rows.values()]).toEqual([row(1, 9)]);
  });

  it("keeps the old rows after a reset until the new ones are there, then never mixes them", async () => {
    const { view, gets } = setUp();
    view.frame(ok(500));
    gets[0]?.answer(snapshot(500, [row(1, 1), row(2, 2)]));
    await tick();
    view.frame({ t: "reset", id: 1, epoch: "e2", version: 3, ct: 3, key: ["id"], why: "redeployed" });
    expect(view.state).toBe("loading");
    expect(view.rows.size).toBe(2);
    gets[1]?.answer(snapshot(3, [row(9, 9)], "e2"));
    await tick();
    expect([...view.rows.values()]).toEqual([row(9, 9)]);
    expect(view.version).toBe(3);
  });

  it("ignores the answer of a GET that a newer one has replaced", async () => {
    const { view, gets } = setUp();
    view.frame(ok(1));
    view.frame({ t: "reset", id: 1, epoch: "e2", version: 7, ct: 1, key: ["id"], why: "redeployed" });
    gets[1]?.answer(snapshot(7, [row(7, 7)], "e2"));
    await tick();
    gets[0]?.answer(snapshot(1, [row(1, 1)]));
    await tick();
    expect([...view.rows.values()]).toEqual([row(7, 7)]);
  });

  it("says what is wrong when the view does not exist", async () => {
    const { view, gets } = setUp();
    view.frame({ t: "err", id: 1, code: "not_found", message: "unknown view: v", help: "did you mean `w`?" });
    expect(view.state).toBe("error");
    expect(view.problem).toContain("did you mean `w`?");
    view.frame(ok(1));
    gets[0]?.fail(new ApiError(400, "unknown column"));
    await tick();
    expect(view.problem).toBe("unknown column");
  });

  it("holds no more rows than its limit and a quarter, the first in its order", async () => {
    const { view, gets } = setUp(100, "id:desc");
    view.frame(ok(1));
    gets[0]?.answer(snapshot(1, []));
    await tick();
    for (let i = 2; i < 1000; i++) view.frame(delta(i - 1, i, [row(i, i)]));
    expect(view.rows.size).toBeLessThanOrEqual(125);
    expect(view.rows.has("[999]")).toBe(true);
    expect(view.rows.has("[2]")).toBe(false);
  });
});

describe("compare", () => {
  it("orders nulls first, numbers by value, times as text", () => {
    expect([10, null, 9].sort(compare)).toEqual([null, 9, 10]);
    expect(["2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z"].sort((a, b) => -compare(a, b))[0]).toBe("2026-11-22T10:00:00Z");
  });
});
