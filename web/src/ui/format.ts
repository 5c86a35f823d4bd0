// Numbers, times and durations as people read them. Times are shown in UTC, as the data has them.
import type { Value } from "../api/protocol";

const formats = new Map<number, Intl.NumberFormat>();

export function formatNumber(value: number, decimals = 0): string {
  if (!Number.isFinite(value)) return "–";
  let format = formats.get(decimals);
  if (!format) formats.set(decimals, (format = new Intl.NumberFormat("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })));
  return format.format(value);
}

/** 12345678 -> "12.3 M": for a tile, where the width is small. */
export function formatShort(value: number, decimals = 0): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${formatNumber(value / 1e9, 2)} B`;
  if (size >= 1e7) return `${formatNumber(value / 1e6, 2)} M`;
  return formatNumber(value, decimals);
}

/** 1536 -> "1.5 KiB". */
export function formatBytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return `${formatNumber(n, i === 0 ? 0 : 1)} ${units[i]}`;
}

export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 1000) return `${formatNumber(ms, ms < 10 && ms % 1 !== 0 ? 1 : 0)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${formatNumber(s, s < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Milliseconds of an ISO time; a time without a zone is UTC. */
export function parseTime(value: Value | undefined): number {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return NaN;
  const text = value.includes("T") || value.includes(" ") ? value.replace(" ", "T") : `${value}T00:00:00`;
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}

const day = new Intl.DateTimeFormat("en", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short" });
const year = new Intl.DateTimeFormat("en", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
const minute = new Intl.DateTimeFormat("en", { timeZone: "UTC", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const second = new Intl.DateTimeFormat("en", { timeZone: "UTC", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export function formatDay(ms: number): string {
  return Number.isNaN(ms) ? "–" : day.format(ms);
}
export function formatDate(ms: number): string {
  return Number.isNaN(ms) ? "–" : year.format(ms);
}
export function formatMinute(ms: number): string {
  return Number.isNaN(ms) ? "–" : minute.format(ms);
}
export function formatTime(ms: number): string {
  return Number.isNaN(ms) ? "–" : `${day.format(ms)}, ${minute.format(ms)}`;
}
export function formatSecond(ms: number): string {
  return Number.isNaN(ms) ? "–" : second.format(ms);
}

/** Any value as text, for a cell without a format. */
export function formatValue(value: Value | undefined): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return formatNumber(value, Number.isInteger(value) ? 0 : 2);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : JSON.stringify(value);
}
