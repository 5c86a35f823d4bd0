// After a reconnect the node may be a newer one, with a newer page: a wallboard then reloads itself, anybody else is told.
import { signal } from "@preact/signals";
import { kiosk } from "./page";

/** True when the node serves another page than this one. */
export const newerPage = signal(false);

/** The address of the script, which holds a hash of its content. */
export function scriptOf(html: string): string {
  return /<script[^>]+src="([^"]+)"/.exec(html)?.[1] ?? "";
}

const own = document.querySelector<HTMLScriptElement>("script[src]")?.getAttribute("src") ?? "";

export async function checkBuild(): Promise<void> {
  try {
    const response = await fetch("./", { cache: "no-store" });
    if (!response.ok) return;
    const served = scriptOf(await response.text());
    if (!served || !own || served === own) return;
    if (kiosk) location.reload();
    newerPage.value = true;
  } catch {
    // The node is still starting; the next reconnect asks again.
  }
}
