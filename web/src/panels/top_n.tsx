// The largest few: a bar, a name, a number. A list, so that a screen reader reads it as one.
import type { TopPanel } from "../api/dashboard";
import { useStore } from "../ui/context";
import { formatNumber, formatValue } from "../ui/format";
import { Empty, PanelFrame } from "../ui/panel";
import { numeric, select } from "./select";

export function TopN({ panel }: { panel: TopPanel }) {
  const view = useStore().view(panel.view);
  void view.rev.value;
  const rows = select(view.rows.values(), panel.where, panel.sort).slice(0, panel.limit);
  const most = Math.max(1, ...rows.map((r) => numeric(r[panel.value]) || 0));
  return (
    <PanelFrame title={panel.title} view={view} kind="top">
      {rows.length === 0 ? <Empty view={view}>Nothing yet.</Empty> : (
        <ol class="bars">
          {rows.map((row) => {
            const value = numeric(row[panel.value]);
            const label = formatValue(row[panel.label]);
            return (
              <li key={label}>
                <span class="name">{label}</span>
                <span class="number">{formatNumber(value)}</span>
                <span class="track" aria-hidden="true"><i style={{ width: `${Math.max(0.6, (100 * value) / most)}%` }} /></span>
              </li>
            );
          })}
        </ol>
      )}
    </PanelFrame>
  );
}
