// How fresh what is shown is: in words, always visible, for the page and for every panel.
import { formatDuration, formatSecond } from "./format";
import { useStore } from "./context";
import type { View } from "../state/view";

export type Freshness = { kind: "live" | "loading" | "stale" | "disconnected" | "paused" | "error"; text: string };

/** What to say of a page or panel. `view`: the panel's own. */
export function freshness(store: ReturnType<typeof useStore>, view?: View): Freshness {
  void store.tick.value;
  const state = store.socket.state.value;
  const silence = Math.round(store.socket.silentMs / 1000);
  if (state === "disconnected") return { kind: "disconnected", text: "disconnected" };
  if (state === "connecting") return { kind: "loading", text: "connecting" };
  if (state === "stale") return { kind: "stale", text: `stale ${silence} s` };
  if (view?.state === "error") return { kind: "error", text: "not available" };
  if (store.paused.value) return { kind: "paused", text: `paused ${formatDuration(Date.now() - store.pausedAt)}` };
  if (view && view.state === "loading") return { kind: "loading", text: "loading" };
  const latency = view ? view.latency : store.committed.values(1)[0] ?? NaN;
  return { kind: "live", text: Number.isNaN(latency) ? "live" : `live · ${formatDuration(Math.round(latency))}` };
}

/** Beside the title of a panel. */
export function PanelFreshness({ view }: { view: View }) {
  const store = useStore();
  void view.rev.value;
  const f = freshness(store, view);
  const title = view.version < 0 ? view.name : `view ${view.name}, version ${view.version}, committed ${formatSecond(view.ct)} UTC; the time is from commit to this screen`;
  return (
    <span class="fresh" data-kind={f.kind} title={title}>
      <i class="dot" aria-hidden="true" />
      {f.text}
    </span>
  );
}

/** In the header, for the whole page. */
export function PageFreshness() {
  const store = useStore();
  const f = freshness(store);
  const last = store.clock.now() - store.socket.silentMs;
  const detail = f.kind === "stale" ? `data of ${formatSecond(last)}` : f.kind === "disconnected" ? `data of ${formatSecond(last)}, retrying` : "";
  return (
    <div class="pill" data-kind={f.kind} role="status" aria-live="off">
      <i class="dot" aria-hidden="true" />
      <b>{f.text}</b>
      {detail && <span>{detail}</span>}
    </div>
  );
}
