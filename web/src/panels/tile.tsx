// One number, large, with where it came from: the row before it and a small line of its past.
import { useRef } from "preact/hooks";
import type { TilePanel } from "../api/dashboard";
import { Ring } from "../state/series";
import { useStore } from "../ui/context";
import { formatNumber, formatShort } from "../ui/format";
import { PanelFreshness } from "../ui/freshness";
import { Icon } from "../ui/icons";
import { Sparkline } from "../ui/sparkline";
import { aggregate, numeric, select, type Level } from "./select";

const kPast = 60;
/** A number that changes more often than this is not marked when it does: the mark would never be off. */
const kRareMs = 2000;

function level(value: number, panel: TilePanel): Level {
  if (panel.critical !== null && value >= panel.critical) return "critical";
  return panel.warn !== null && value >= panel.warn ? "warning" : "none";
}

/** "14 more than before", coloured only where the panel says which way is good. */
function Change({ panel, value, before }: { panel: TilePanel; value: number; before: number }) {
  const change = value - before;
  const good = panel.goal === "none" || change === 0 ? "" : change > 0 === (panel.goal === "high") ? "good" : "bad";
  return <span class={`change ${good}`}>was {formatNumber(before, panel.decimals)}</span>;
}

export function Tile({ panel }: { panel: TilePanel }) {
  const view = useStore().view(panel.view);
  void view.rev.value;
  const past = useRef(new Ring(kPast)).current;
  const seen = useRef(NaN);
  const changed = useRef({ at: 0, rare: false });
  const rows = select(view.rows.values(), panel.where, panel.sort);
  const value = aggregate(rows, panel);
  if (!Number.isNaN(value) && value !== seen.current) {
    past.push(0, value);
    changed.current = { at: performance.now(), rare: !Number.isNaN(seen.current) && performance.now() - changed.current.at > kRareMs };
    seen.current = value;
  }
  const history = panel.spark ? rows.slice(0, kPast).map((r) => numeric(r[panel.value])).reverse() : past.values();
  const before = panel.spark ? numeric(rows[1]?.[panel.value]) : NaN;
  const severity = level(value, panel);
  const shown = Number.isNaN(value) ? "–" : formatShort(value, panel.decimals);
  return (
    <section class="card tile" data-level={severity} aria-label={`${panel.title}: ${shown} ${panel.unit}`}>
      <header>
        <h3>{panel.title}</h3>
        {severity !== "none" && <span class={`badge ${severity}`}><Icon name={severity} size={14} />{severity === "critical" ? "high" : "watch"}</span>}
      </header>
      <p class="value" data-loading={view.state === "loading" && view.version < 0}>
        <span key={shown} class="number" data-rare={changed.current.rare}>{shown}</span>
        {panel.unit && <small>{panel.unit}</small>}
      </p>
      <Sparkline values={history} level={severity} />
      <footer>
        {Number.isNaN(before) ? <span class="change">{view.problem}</span> : <Change panel={panel} value={value} before={before} />}
        <PanelFreshness view={view} />
      </footer>
    </section>
  );
}
