// What time it is in the data: the dashboard's clock view where it names one (a replay has its own time), else the server's clock.
import { signal } from "@preact/signals";
import { useStore } from "./context";
import { parseTime } from "./format";

export const worldClock = signal<{ view: string; column: string } | null>(null);

export function useWorldNow(): number {
  const store = useStore();
  const clock = worldClock.value;
  if (clock) {
    const view = store.view(clock.view);
    void view.rev.value;
    const row = view.rows.values().next().value;
    return row ? parseTime(row[clock.column]) : NaN;
  }
  void store.tick.value;
  return store.clock.now();
}
