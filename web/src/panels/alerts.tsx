// The alerts that fire, worst and newest first, each with its acknowledgement.
import type { AlertsPanel } from "../api/dashboard";
import { kAlertsView } from "../state/alerts";
import { useAlerts, useStore } from "../ui/context";
import { formatNumber, formatSecond, parseTime } from "../ui/format";
import { Icon, type IconName } from "../ui/icons";
import { Empty, PanelFrame } from "../ui/panel";

const kShown = 40;

function iconOf(severity: string): IconName {
  return severity === "critical" || severity === "error" ? "critical" : severity === "warning" ? "warning" : "info";
}

export function AlertList({ panel }: { panel: AlertsPanel }) {
  const alerts = useAlerts();
  const view = useStore().view(kAlertsView);
  const list = alerts.list.value;
  const firing = list.filter((a) => a.state === "firing").length;
  return (
    <PanelFrame title={firing > 0 ? `${panel.title} (${formatNumber(firing)} firing)` : panel.title} kind="alerts" {...(view.state === "error" ? {} : { view })}>
      {alerts.problem.value && <p class="problem" role="alert">{alerts.problem.value}</p>}
      {list.length === 0 ? <Empty>No alert.</Empty> : (
        <ul class="alerts">
          {list.slice(0, kShown).map((a) => (
            <li key={a.id} data-level={a.severity} data-state={a.state}>
              <span class={`badge ${a.severity}`}><Icon name={iconOf(a.severity)} size={16} /><span class="hidden">{a.severity}</span></span>
              <div>
                <p>{a.summary}</p>
                <small>{[a.title !== a.summary && a.title, a.firedAt && `since ${formatSecond(parseTime(a.firedAt))} UTC`].filter(Boolean).join(" · ")}</small>
              </div>
              {a.state === "firing"
                ? <button type="button" class="small" onClick={() => void alerts.acknowledge(a.id)} aria-label={`Acknowledge: ${a.summary}`}>Acknowledge</button>
                : <span class="acked"><Icon name="ok" size={15} />{a.ackedBy || a.state}</span>}
            </li>
          ))}
        </ul>
      )}
      {list.length > kShown && <p class="more">{formatNumber(list.length - kShown)} more.</p>}
    </PanelFrame>
  );
}
