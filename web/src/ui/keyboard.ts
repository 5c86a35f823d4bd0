// Keys of the page. They do nothing while somebody types, or while a modal dialog (which has its own Escape) is open.
import { go, helpOpen, nextTheme } from "../state/page";
import type { Store } from "../state/store";

export const kKeys: readonly [string, string][] = [
  ["j / k", "next, previous row"], ["Enter", "open the row's event"], ["a", "acknowledge the row's alert"], ["/", "filter the exceptions"],
  ["p", "pause, go on"], ["t", "theme: as the system, light, dark"], ["1 … 9", "page"], ["?", "this list"], ["Esc", "close"],
];

function move(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  if (rows.length === 0) return;
  const here = rows.findIndex((r) => r.contains(document.activeElement));
  const next = here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + by));
  rows[next]?.focus();
  rows[next]?.scrollIntoView({ block: "nearest" });
}

export function listenToKeys(store: Store, pages: () => readonly string[]): void {
  addEventListener("keydown", (e) => {
    const target = e.target as HTMLElement | null;
    const typing = target?.closest("input, textarea, select, [contenteditable]");
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
    if (typing) {
      if (e.key === "Escape") target?.blur();
      return;
    }
    const page = /^[1-9]$/.test(e.key) ? pages()[Number(e.key) - 1] : undefined;
    if (page) go(page);
    else if (e.key === "j") move(1);
    else if (e.key === "k") move(-1);
    else if (e.key === "p") store.setPaused(!store.paused.peek());
    else if (e.key === "t") nextTheme();
    else if (e.key === "?") helpOpen.value = true;
    else if (e.key === "a") document.activeElement?.closest("[data-row]")?.querySelector<HTMLElement>("[data-ack]")?.click();
    else if (e.key === "/") document.querySelector<HTMLElement>("[data-filter]")?.focus();
    else return;
    e.preventDefault();
  });
}
