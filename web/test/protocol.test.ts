// Goal: the page reads every frame the server writes, and the rows it ends with are the server's.
// Method: the golden exchanges, which the C++ encoder is checked against too.
import { describe, expect, it } from "vitest";
import { parseFrame, ProtocolError } from "../src/api/protocol";
import { goldens, play } from "./golden";

describe("golden frames", () => {
  for (const golden of goldens()) {
    it(`${golden.name}: every server frame parses to itself`, () => {
      for (const { server } of golden.steps) {
        if (!server) continue;
        const parsed = parseFrame(JSON.stringify(server));
        expect(parsed).not.toBeNull();
        expect(parsed).toMatchObject(Object.fromEntries(Object.entries(server).filter(([k]) => parsed && k in parsed)));
      }
    });
  }
});

describe("a view follows the server", () => {
  for (const golden of goldens()) {
    const subs = golden.steps.filter((s) => s.client?.t === "sub");
    const modes = golden.steps.map((s) => s.server?.t);
    if (subs.length !== 1 || modes.includes("err") || !modes.some((t) => t === "delta" || t === "inv" || t === "reset")) continue;
    if (golden.steps.some((s) => s.client?.t === "sub" && s.client.from && !modes.includes("reset"))) continue;
    it(`${golden.name}: ${golden.description}`, async () => {
      const { view, server } = await play(golden);
      expect(view.state).toBe("ready");
      expect(view.epoch).toBe(server.epoch);
      expect(Object.fromEntries(view.rows)).toEqual(Object.fromEntries(server.history.get(view.version) ?? []));
    });
  }
});

describe("malformed frames", () => {
  it.each(["", "{", "[]", "3", '{"t":"delta","id":1}', '{"t":"ok","id":"1"}', '{"t":"hb"}'])("%j is refused", (text) => {
    expect(() => parseFrame(text)).toThrow(ProtocolError);
  });
  it("an unknown type is ignored, so that servers may add some", () => {
    expect(parseFrame('{"t":"news","id":1}')).toBeNull();
  });
});
