// What the reader has chosen: theme, page, wallboard, name; and what is open. Kept in the address where it can be shared, and in
// localStorage where it is the reader's own.
import { effect, signal } from "@preact/signals";
import type { Row } from "../api/protocol";

const query = new URLSearchParams(location.search);

/** A wallboard: no controls, larger type, five frames a second, turns pages by itself. */
export const kiosk = query.get("kiosk") === "1";
export const rotateMs = Math.max(5, Number.parseInt(query.get("rotate") ?? "", 10) || 0) * 1000;
export const rotates = kiosk && query.has("rotate");

export type Theme = "auto" | "light" | "dark";
const kThemes: readonly Theme[] = ["auto", "light", "dark"];

function stored(name: string, fallback: string): string {
  try {
    return localStorage.getItem(`millrace.${name}`) ?? fallback;
  } catch {
    return fallback;
  }
}
function store(name: string, value: string): void {
  try {
    localStorage.setItem(`millrace.${name}`, value);
  } catch {
    // Storage is refused in private windows; the choice then lasts as long as the page.
  }
}

function themeOf(text: string | null): Theme {
  return kThemes.find((t) => t === text) ?? "auto";
}
export const theme = signal<Theme>(themeOf(query.get("theme") ?? stored("theme", "auto")));
effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
  store("theme", theme.value);
});
export function nextTheme(): void {
  theme.value = kThemes[(kThemes.indexOf(theme.value) + 1) % kThemes.length] ?? "auto";
}

/** The page in the address: "#/floor" -> "floor"; "" before the first choice. */
export const page = signal(location.hash.replace(/^#\/?/, ""));
addEventListener("hashchange", () => (page.value = location.hash.replace(/^#\/?/, "")));
export function go(name: string): void {
  location.hash = `/${name}`;
}

/** Who acknowledges, until the node knows its users. */
export const operator = signal(stored("operator", ""));
effect(() => store("operator", operator.value));

export interface OpenRecord { title: string; topic: string; partition: number; offset: number | null; row: Row }
export const openRecord = signal<OpenRecord | null>(null);
export const helpOpen = signal(false);
/** Said to a screen reader: new criticals and what an action did. */
export const announcement = signal("");
