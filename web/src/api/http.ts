// The REST calls, one function each. Everything answers data or throws ApiError with the server's own message.
import { authorization, tokenNeeded } from "./token";
import { isObject, rowsOf, type Row } from "./protocol";

export class ApiError extends Error {
  constructor(readonly status: number, message: string, readonly help = "") {
    super(message);
  }
}

async function call(path: string, init?: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { accept: "application/json", ...authorization(), ...init?.headers } });
  } catch {
    throw new ApiError(0, "The node cannot be reached.");
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.status === 401) tokenNeeded.value = true;
  if (!response.ok) {
    const error = isObject(body) && isObject(body["error"]) ? body["error"] : isObject(body) ? body : {};
    throw new ApiError(response.status, String(error["message"] ?? `${path} answered ${response.status}`), String(error["help"] ?? ""));
  }
  return body;
}

function listOf(body: unknown, name: string): Row[] {
  if (Array.isArray(body)) return rowsOf(body);
  if (isObject(body) && Array.isArray(body[name])) return rowsOf(body[name]);
  return [];
}

export interface ViewSnapshot { epoch: string; version: number; commitTime: number; rows: Row[] }

export async function getView(view: string, query: { minVersion?: number; order?: string; limit: number; params?: Row }): Promise<ViewSnapshot> {
  const search = new URLSearchParams();
  for (const [column, value] of Object.entries(query.params ?? {})) search.set(column, String(value));
  if (query.order) search.set("order", query.order);
  search.set("limit", String(query.limit));
  if (query.minVersion !== undefined) search.set("min_version", String(query.minVersion));
  const body = await call(`/api/v1/views/${encodeURIComponent(view)}?${search}`);
  if (!isObject(body)) throw new ApiError(200, "not a view");
  return { epoch: String(body["epoch"]), version: Number(body["version"]), commitTime: Number(body["commit_time"]), rows: listOf(body, "rows") };
}

export async function getDashboards(): Promise<{ name: string; title: string }[]> {
  return listOf(await call("/api/v1/dashboards"), "dashboards").map((d) => ({ name: String(d["name"]), title: String(d["title"] ?? d["name"]) }));
}

export function getDashboard(name: string): Promise<unknown> {
  return call(`/api/v1/dashboards/${encodeURIComponent(name)}`);
}

/** The records at one place of a topic: normally one. */
export async function getRecords(topic: string, partition: number, offset: number): Promise<Row[]> {
  const body = await call(`/api/v1/topics/${encodeURIComponent(topic)}/records?partition=${partition}&offset=${offset}&limit=1`);
  return isObject(body) && Array.isArray(body["records"]) ? rowsOf(body["records"]) : isObject(body) ? rowsOf([body]) : [];
}

export async function getAlerts(): Promise<Row[]> {
  return listOf(await call("/api/v1/alerts"), "alerts");
}

export async function acknowledge(id: string, by: string): Promise<void> {
  await call(`/api/v1/alerts/${encodeURIComponent(id)}/ack`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ by }),
  });
}

export type SystemPart = "pipelines" | "topics" | "groups" | "transactions" | "views" | "sinks";

/** What the system page lists. */
export async function getSystem(part: SystemPart): Promise<Row[]> {
  return listOf(await call(`/api/v1/${part}`), part);
}

/** A topic with its partitions and settings. */
export async function getTopic(name: string): Promise<Record<string, unknown>> {
  const body = await call(`/api/v1/topics/${encodeURIComponent(name)}`);
  return isObject(body) ? body : {};
}

/** The newest records of each partition, or those from an offset of one. */
export async function getMessages(topic: string, partition: number, offset: number, limit: number): Promise<Row[]> {
  return listOf(await call(`/api/v1/topics/${encodeURIComponent(topic)}/records?partition=${partition}&offset=${offset}&limit=${limit}`), "records");
}

/** A consumer group with its members and where it is in each partition. */
export async function getGroup(name: string): Promise<Record<string, unknown>> {
  const body = await call(`/api/v1/groups/${encodeURIComponent(name)}`);
  return isObject(body) ? body : {};
}

/** A pipeline's plan at work. */
export async function getExplained(name: string): Promise<Record<string, unknown>> {
  const body = await call(`/api/v1/pipelines/${encodeURIComponent(name)}/explain`);
  return isObject(body) ? body : {};
}

export async function resumePipeline(name: string): Promise<void> {
  await call(`/api/v1/pipelines/${encodeURIComponent(name)}/resume`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
}
