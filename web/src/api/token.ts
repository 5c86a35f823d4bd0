// The bearer token that this page shows to the node, where it asks for one: kept with the tab (session storage), or with the browser
// (local storage) when the reader says so, as a wallboard needs it.
import { signal } from "@preact/signals";

const kKey = "millrace.token";

/** True when the node has refused what was asked for want of a token it knows. */
export const tokenNeeded = signal(false);

/** A browser may keep nothing for this page; a token then lasts as long as the page. */
function attempt(access: () => string | null | void): string {
  try {
    return access() ?? "";
  } catch {
    return "";
  }
}
let current = attempt(() => sessionStorage.getItem(kKey)) || attempt(() => localStorage.getItem(kKey));

export function token(): string {
  return current;
}

/** "" forgets it. */
export function setToken(text: string, keep: boolean): void {
  current = text.trim();
  for (const [storage, wanted] of [["sessionStorage", !keep], ["localStorage", keep]] as const) {
    attempt(() => (wanted && current ? window[storage].setItem(kKey, current) : window[storage].removeItem(kKey)));
  }
}

export function authorization(): Record<string, string> {
  return current ? { authorization: `Bearer ${current}` } : {};
}

/** A browser cannot set headers of a WebSocket, but it can offer subprotocols. */
export function subprotocols(): string[] {
  return current ? ["millrace.v1", `bearer.${current}`] : ["millrace.v1"];
}
