// What the system page makes of the node's lists, without a browser: rates from two looks, groups summed up, retention in words.
import type { Row, Value } from "../api/protocol";
import { formatDuration } from "../ui/format";

const kRetentionForEver = -1;

export interface Part { rows?: Row[]; problem: string; at: number; before?: { rows: Row[]; at: number } }

/** Per second since the time before: of `field`, of the row with the same name. */
export function rateOf(part: Part | undefined, row: Row, field: string): number | null {
  const before = part?.before?.rows.find((r) => r["name"] === row["name"]);
  const seconds = part?.before ? (part.at - part.before.at) / 1000 : 0;
  const now = row[field];
  const then = before?.[field];
  return typeof now === "number" && typeof then === "number" && seconds > 0 && now >= then ? (now - then) / seconds : null;
}

/** How long a topic keeps its records, in words. */
export function kept(topic: Row): string {
  if (topic["cleanup_policy"] === "compact") return "newest of each key";
  const time = topic["retention_ms"] === kRetentionForEver ? "for ever" : formatDuration(Number(topic["retention_ms"]));
  return topic["cleanup_policy"] === "delete" ? time : `newest of each key, ${time}`;
}

/** One row a group: its partitions' lag summed up. */
export function sumGroups(rows: readonly Row[]): Row[] {
  interface Group { state: Value; members: Value; topics: Set<string>; partitions: number; lag: number }
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const name = String(row["group"]);
    const group = groups.get(name) ?? { state: row["state"] ?? null, members: row["members"] ?? 0, topics: new Set(), partitions: 0, lag: 0 };
    if (typeof row["topic"] === "string") {
      group.topics.add(row["topic"]);
      group.partitions++;
      group.lag += Number(row["lag"] ?? 0);
    }
    groups.set(name, group);
  }
  return [...groups].map(([name, g]) => ({ name, ...g, topics: [...g.topics].join(", ") }));
}
