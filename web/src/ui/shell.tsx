// The page around the panels: header with where we are, what time it is, how fresh it is; the dashboards; the wallboard's turning.
import { useEffect, useRef, useState } from "preact/hooks";
import { parseDashboard, type Dashboard, type Panel } from "../api/dashboard";
import { getDashboard, getDashboards } from "../api/http";
import { AlertList } from "../panels/alerts";
import { RowTable } from "../panels/exceptions";
import { Latency } from "../panels/latency";
import { RecordDialog } from "../panels/record";
import { Series } from "../panels/series";
import { SystemPage } from "../panels/system";
import { Tile } from "../panels/tile";
import { TopN } from "../panels/top_n";
import { kAlertsView } from "../state/alerts";
import { newerPage } from "../state/build";
import { announcement, go, helpOpen, kiosk, nextTheme, page, rotateMs, rotates, theme } from "../state/page";
import { useAlerts, useStore } from "./context";
import { formatTime } from "./format";
import { PageFreshness } from "./freshness";
import { HelpDialog } from "./help";
import { Icon, Logo } from "./icons";
import { listenToKeys } from "./keyboard";
import { TokenDialog } from "./token";
import { useWorldNow, worldClock } from "./world";

const kSystem = "system";
const kRetryMs = 2000;

function PanelOf({ panel }: { panel: Panel }) {
  switch (panel.type) {
    case "tile": return <Tile panel={panel} />;
    case "series": return <Series panel={panel} />;
    case "top": return <TopN panel={panel} />;
    case "table":
    case "exceptions": return <RowTable panel={panel} />;
    case "latency": return <Latency panel={panel} />;
    case "alerts": return <AlertList panel={panel} />;
    case "unknown": return <section class="card panel"><header><h3>{panel.title}</h3></header><p class="problem">{panel.problem}</p></section>;
  }
}

function Board({ board }: { board: Dashboard }) {
  const tiles = board.panels.filter((p) => p.type === "tile");
  return (
    <>
      {tiles.length > 0 && <div class="tiles" data-n={tiles.length}>{tiles.map((p) => <PanelOf key={p.title} panel={p} />)}</div>}
      <div class="grid">
        {board.panels.map((p) => p.type !== "tile" && <div key={p.title} class={`span w${p.width}`}><PanelOf panel={p} /></div>)}
      </div>
    </>
  );
}

/** The views a dashboard reads, each with the query of its GET. */
export function queriesOf(board: Dashboard): { view: string; order: string; limit: number }[] {
  const names = new Set(board.panels.flatMap((p) => (p.type === "latency" ? (p.sent ? [p.sent.view] : []) : p.view ? [p.view] : [])));
  if (board.clock) names.add(board.clock.view);
  return [...names].map((view) => ({ view, order: board.views[view]?.order ?? "", limit: board.views[view]?.limit ?? 5000 }));
}

function WorldTime() {
  const now = useWorldNow();
  if (!worldClock.value || Number.isNaN(now)) return null;
  return <span class="world" title="What time it is in the data"><Icon name="clock" size={16} />{formatTime(now)}</span>;
}

function Header({ pages, current }: { pages: { name: string; title: string }[]; current: string }) {
  const store = useStore();
  const firing = useAlerts().list.value.filter((a) => a.state === "firing").length;
  const paused = store.paused.value;
  return (
    <header class="top">
      <a class="brand" href={`#/${pages[0]?.name ?? ""}`}><Logo /><span>millrace</span></a>
      {kiosk ? <h1>{pages.find((p) => p.name === current)?.title}</h1> : (
        <nav aria-label="Pages">
          {[...pages, { name: kSystem, title: "System" }].map((p) => (
            <a key={p.name} href={`#/${p.name}`} aria-current={p.name === current ? "page" : undefined}>{p.title}</a>
          ))}
        </nav>
      )}
      <div class="status">
        <WorldTime />
        {firing > 0 && <span class="firing" title="Alerts that nobody has acknowledged"><Icon name="critical" size={16} />{firing}<span class="hidden"> alerts firing</span></span>}
        <PageFreshness />
        {!kiosk && (
          <>
            <button type="button" class="round" aria-pressed={paused} aria-label={paused ? "Go on" : "Pause"} title={paused ? "Go on (p)" : "Pause (p)"} onClick={() => store.setPaused(!paused)}>
              <Icon name={paused ? "play" : "pause"} />
            </button>
            <button type="button" class="round" aria-label={`Theme: ${theme.value}`} title={`Theme: ${theme.value} (t)`} onClick={nextTheme}>
              <Icon name={theme.value === "dark" ? "moon" : theme.value === "light" ? "sun" : "auto"} />
            </button>
            <button type="button" class="round keys" aria-label="Keys" title="Keys (?)" onClick={() => (helpOpen.value = true)}><Icon name="help" /></button>
          </>
        )}
      </div>
    </header>
  );
}

export function Shell() {
  const store = useStore();
  const [pages, setPages] = useState<{ name: string; title: string }[]>([]);
  const [board, setBoard] = useState<Dashboard | null>(null);
  const [problem, setProblem] = useState("");
  const names = useRef<string[]>([]);
  const current = page.value || pages[0]?.name || "";

  // The list of dashboards, asked again while the node does not answer.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const load = (): void => void getDashboards().then(
      (list) => {
        setPages(list);
        names.current = [...list.map((d) => d.name), kSystem];
        setProblem(list.length === 0 ? "This project has no dashboards: add a file to its dashboards folder." : "");
      },
      (error: unknown) => {
        setProblem(error instanceof Error ? error.message : String(error));
        timer = setTimeout(load, kRetryMs);
      },
    );
    load();
    listenToKeys(store, () => names.current);
    return () => clearTimeout(timer);
  }, []);

  useEffect(() => {
    if (!rotates || pages.length < 2) return;
    const timer = setInterval(() => {
      const here = pages.findIndex((p) => p.name === (page.peek() || pages[0]?.name));
      go(pages[(here + 1) % pages.length]?.name ?? "");
    }, rotateMs);
    return () => clearInterval(timer);
  }, [pages]);

  useEffect(() => {
    if (!current || current === kSystem) return setBoard(null);
    let wanted = true;
    getDashboard(current).then((value) => {
      if (!wanted) return;
      const parsed = parseDashboard(current, value);
      worldClock.value = parsed.clock;
      for (const p of parsed.panels) if (p.type === "latency" && p.sent) store.measureSent(p.sent.view, p.sent.column);
      store.show(queriesOf(parsed), [kAlertsView]);
      setProblem("");
      setBoard(parsed);
    }, (error: unknown) => wanted && setProblem(error instanceof Error ? error.message : String(error)));
    return () => {
      wanted = false;
    };
  }, [current]);

  const link = store.socket.state.value;
  const here = current === kSystem ? "System" : board?.title ?? "";
  useEffect(() => {
    document.title = `${link === "live" || link === "connecting" ? "" : `(${link}) `}${here ? `${here} · ` : ""}millrace`;
  }, [link, here]);
  return (
    <div class={`app ${kiosk ? "kiosk" : ""}`} data-link={link} data-paused={store.paused.value}>
      <a class="skip" href="#main">Skip to the content</a>
      <Header pages={pages} current={current} />
      <main id="main">
        {newerPage.value && <p class="card banner newer">This node serves a newer version of this page. <button type="button" class="small" onClick={() => location.reload()}>Reload</button></p>}
        {problem && <p class="card problem banner" role="alert">{problem}</p>}
        {current === kSystem ? <SystemPage /> : board ? <Board key={board.name} board={board} /> : !problem && <p class="empty">Loading …</p>}
      </main>
      <div class="hidden" role="status" aria-live="polite">{announcement.value}</div>
      <RecordDialog />
      <HelpDialog />
      <TokenDialog />
    </div>
  );
}
