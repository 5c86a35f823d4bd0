// The frames of /api/v1/live, one type each, and the parser from text to frame: the only place where bytes of the
// server become typed values. Unknown frame types give null and unknown fields are ignored, as the format asks.
// Format: docs/formats/live.md

export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };
export type Row = { readonly [column: string]: Value };
export type Key = readonly Value[];

export interface Position {
  readonly epoch: string;
  readonly version: number;
}

export type ClientFrame =
  | { t: "sub"; id: number; view: string; mode: "delta" | "inv"; params?: Row; from?: Position; max_hz?: number }
  | { t: "pause" | "resume"; id?: number }
  | { t: "unsub"; id: number }
  | { t: "paint"; samples: { id: number; version: number; ms: number }[] };

export type ServerFrame =
  | { t: "ok"; id: number; epoch: string; version: number; ct: number; key: string[] }
  | { t: "inv"; id: number; version: number; ct: number; n: number }
  | { t: "delta"; id: number; from: number; version: number; ct: number; up: Row[]; del: Key[] }
  | { t: "reset"; id: number; epoch: string; version: number; ct: number; key: string[]; why: string }
  | { t: "hb"; now: number }
  | { t: "err"; id: number | null; code: string; message: string; help: string };

export class ProtocolError extends Error {}

type Fields = Record<string, unknown>;

function number(f: Fields, name: string): number {
  const v = f[name];
  if (typeof v !== "number") throw new ProtocolError(`${String(f["t"])}: ${name} is not a number`);
  return v;
}

function text(f: Fields, name: string, fallback?: string): string {
  const v = f[name];
  if (typeof v === "string") return v;
  if (fallback !== undefined) return fallback;
  throw new ProtocolError(`${String(f["t"])}: ${name} is not a string`);
}

function list(f: Fields, name: string): unknown[] {
  const v = f[name];
  if (!Array.isArray(v)) throw new ProtocolError(`${String(f["t"])}: ${name} is not a list`);
  return v;
}

export function isObject(v: unknown): v is Record<string, unknown> {
  return typeof v === "object" && v !== null && !Array.isArray(v);
}

/** Rows of a view, as a GET and a delta carry them. */
export function rowsOf(values: unknown[]): Row[] {
  return values.filter(isObject) as Row[];
}

/** The frame in `data`; null for a type this page does not know. Throws ProtocolError for anything malformed. */
export function parseFrame(data: string): ServerFrame | null {
  let f: unknown;
  try {
    f = JSON.parse(data);
  } catch {
    throw new ProtocolError("not JSON");
  }
  if (!isObject(f)) throw new ProtocolError("not an object");
  switch (f["t"]) {
    case "ok":
      return { t: "ok", id: number(f, "id"), epoch: text(f, "epoch"), version: number(f, "version"), ct: number(f, "ct"), key: list(f, "key").map(String) };
    case "inv":
      return { t: "inv", id: number(f, "id"), version: number(f, "version"), ct: number(f, "ct"), n: number(f, "n") };
    case "delta":
      return {
        t: "delta", id: number(f, "id"), from: number(f, "from"), version: number(f, "version"), ct: number(f, "ct"),
        up: rowsOf(list(f, "up")), del: list(f, "del").filter(Array.isArray) as Key[],
      };
    case "reset":
      return {
        t: "reset", id: number(f, "id"), epoch: text(f, "epoch"), version: number(f, "version"), ct: number(f, "ct"),
        key: list(f, "key").map(String), why: text(f, "why", ""),
      };
    case "hb":
      return { t: "hb", now: number(f, "now") };
    case "err":
      return { t: "err", id: typeof f["id"] === "number" ? f["id"] : null, code: text(f, "code", ""), message: text(f, "message", ""), help: text(f, "help", "") };
    default:
      return null;
  }
}
