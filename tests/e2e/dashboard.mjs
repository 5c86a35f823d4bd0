// Goal: a person who opens the dashboard sees it live, and sees at once when it is not.
// Method: Chromium on a running node (or web/mock/server.mjs). It checks that
//   - at least five tiles, a chart and the exceptions table change within the time given, while frames come over the WebSocket and
//     no API address is asked for again and again;
//   - a row opens the raw event behind it; an alert can be acknowledged; the system page lists what there is, with messages;
//   - with --pid: after SIGSTOP of the node "stale" shows within 3 s on the page and on every tile, and "live" again after SIGCONT;
// and takes screenshots: light, dark, phone, wallboard, stale.
//   node tests/e2e/dashboard.mjs --url http://127.0.0.1:8080/ [--pid PID] [--seconds 60] [--out DIR]
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { chromium } = createRequire(new URL("../../web/package.json", import.meta.url))("playwright-core");

function option(name, fallback) {
  const i = process.argv.indexOf(`--${name}`);
  return i < 0 ? fallback : process.argv[i + 1];
}
const url = option("url", "http://127.0.0.1:8080/");
const pid = Number(option("pid", 0));
const seconds = Number(option("seconds", 60));
const out = option("out", join(tmpdir(), "millrace-e2e"));
const kMostGets = 2; // of one address after the page has settled: a reset may ask again, a poll would do so all the time
const kArgs = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"];

const failures = [];
function check(ok, what) {
  console.log(`${ok ? "ok  " : "FAIL"} ${what}`);
  if (!ok) failures.push(what);
}

/** Tries until it gives something, for at most `ms`: a busy machine is slow, not wrong. */
async function eventually(attempt, ms = 30_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await attempt().catch(() => null);
    if (value || Date.now() > end) return value;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Watches the page from inside: how many different contents each tile, the charts and the exceptions have shown. */
function watchChanges() {
  const seen = { tiles: {}, chart: new Set(), exceptions: new Set(), containers: new Set() };
  globalThis.millraceSeen = seen;
  setInterval(() => {
    for (const tile of document.querySelectorAll(".tile")) {
      const title = tile.querySelector("h3")?.textContent ?? "";
      (seen.tiles[title] ??= new Set()).add(tile.querySelector(".number")?.textContent ?? "");
    }
    const canvas = document.querySelector(".chart canvas");
    if (canvas && seen.chart.size < 50) seen.chart.add(canvas.toDataURL("image/webp", 0.2));
    const body = document.querySelector(".k-exceptions tbody");
    seen.exceptions.add(body?.innerText ?? "");
    seen.containers.add([...(body?.querySelectorAll("td.lead") ?? [])].map((c) => c.textContent).join(" "));
  }, 250);
}

function counts(page) {
  return page.evaluate(() => {
    const seen = globalThis.millraceSeen;
    const tiles = Object.fromEntries(Object.entries(seen.tiles).map(([title, values]) => [title, values.size]));
    return { tiles, chart: seen.chart.size, exceptions: seen.exceptions.size, containers: seen.containers.size };
  });
}

async function openPage(context, query, width, height) {
  const page = await context.newPage();
  await page.setViewportSize({ width, height });
  page.on("pageerror", (error) => check(false, `no error in the page: ${error}`));
  await page.goto(`${url}${query}`);
  await page.waitForSelector(".tile .number", { timeout: 60_000 });
  return page;
}

async function live(context) {
  const gets = new Map();
  const frames = {};
  const page = await context.newPage();
  await page.setViewportSize({ width: 1440, height: 1000 });
  page.on("pageerror", (error) => check(false, `no error in the page: ${error}`));
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => {
    const type = /^\{"t":"(\w+)"/.exec(String(payload))?.[1] ?? "other";
    frames[type] = (frames[type] ?? 0) + 1;
  }));
  await page.goto(`${url}?theme=light`);
  await page.waitForSelector(".tile .number", { timeout: 60_000 });
  await page.waitForTimeout(3000);
  page.on("request", (request) => {
    const path = new URL(request.url()).pathname;
    if (path.startsWith("/api/") && request.resourceType() !== "websocket") gets.set(path, (gets.get(path) ?? 0) + 1);
  });
  await page.evaluate(watchChanges);
  const enough = (c) => Object.values(c.tiles).filter((n) => n > 1).length >= 5 && c.chart > 1 && c.exceptions > 1;
  const started = Date.now();
  let seen = await counts(page);
  while (Date.now() - started < seconds * 1000 && !enough(seen)) {
    await page.waitForTimeout(500);
    seen = await counts(page);
  }
  const took = ((Date.now() - started) / 1000).toFixed(0);
  const changed = Object.values(seen.tiles).filter((n) => n > 1).length;
  check(changed >= 5, `${changed} tiles changed within ${took} s (at least 5)`);
  check(seen.chart > 1, `the chart changed (${seen.chart} pictures)`);
  check(seen.exceptions > 1, `the exceptions table changed (${seen.exceptions} contents, ${seen.containers} sets of rows)`);
  check((frames.delta ?? 0) > 0, `updates came as frames: ${JSON.stringify(frames)}`);
  const polled = [...gets].filter(([, n]) => n > kMostGets);
  check(polled.length === 0, `nothing is polled: ${JSON.stringify(Object.fromEntries(gets))}`);
  const pill = await page.textContent(".pill");
  check(/live/.test(pill ?? ""), `the page says how fresh it is: "${pill}"`);
  const unlabelled = await page.$$eval(".tile .fresh, .panel > header .fresh", (all) => all.filter((e) => !e.textContent?.trim()).length);
  check(unlabelled === 0, "every panel says how fresh it is");
  return page;
}

async function drillDown(page) {
  // The page repaints as frames come: a row that was found may be another element by now, so it is looked for again each time.
  if ((await page.locator(".k-exceptions tr[data-row]").count()) === 0) return check(true, "no exception to open at the moment");
  const text = await eventually(async () => {
    await page.locator(".k-exceptions tr[data-row]").first().press("Enter", { timeout: 2000 });
    const json = await page.waitForSelector(".drawer .json", { timeout: 5000 });
    return json.textContent();
  });
  check(/event_id/.test(text ?? ""), `a row opens the raw event behind it: ${(text ?? "").slice(0, 60).replaceAll(/\s+/g, " ")}`);
  await page.screenshot({ path: join(out, "record.png") });
  await page.keyboard.press("Escape");
  if ((await page.locator(".k-alerts button.small").count()) === 0) return check(true, "no alert to acknowledge at the moment");
  const firing = async () => Number.parseInt((await page.textContent(".firing", { timeout: 1000 }).catch(() => "0")) ?? "0", 10) || 0;
  const before = await firing();
  const answered = new Promise((resolve) => page.on("response", (r) => r.request().method() === "POST" && resolve(r.status())));
  const pressed = await eventually(() => page.locator(".k-alerts button.small").first().click({ timeout: 2000 }).then(() => true));
  const status = await Promise.race([answered, new Promise((resolve) => setTimeout(() => resolve(0), 30_000))]);
  // An acknowledged alert may be below what the list shows: then the number in the header is one less.
  const shown = await eventually(async () => (await page.locator(".k-alerts .acked, .k-exceptions .acked").count()) > 0 || (await firing()) < before);
  // Between the press and the answer the alert may have resolved by itself: 409 then says so.
  check(pressed && ((status === 200 && shown) || status === 409), `an alert can be acknowledged (${status})`);
}

/** The system page lists what the node has; a topic opens its newest messages. */
async function system(context) {
  const page = await context.newPage();
  await page.setViewportSize({ width: 1440, height: 1000 });
  page.on("pageerror", (error) => check(false, `no error in the system page: ${error}`));
  await page.goto(`${url}?theme=light#/system`);
  const rows = await eventually(() => page.$$eval("section", (all) => {
    const found = Object.fromEntries(all.map((s) => [s.getAttribute("aria-label"), s.querySelectorAll("tbody tr").length]));
    return found["Pipelines"] > 0 && found["Topics"] > 0 && found["Views"] > 0 ? found : null;
  }));
  check(rows !== null, `the system page lists ${JSON.stringify(rows)}`);
  const message = await eventually(async () => {
    await page.locator("tr.opens", { hasText: "logistics.events" }).first().press("Enter", { timeout: 2000 });
    const first = await page.waitForSelector(".messages summary", { timeout: 5000 });
    return first.textContent();
  });
  check(/event_id/.test(message ?? ""), "a topic opens its newest messages");
  await page.screenshot({ path: join(out, "system.png") });
  await page.close();
}

/** From inside the page, so that a busy test does not count as a slow page: when the freshness first says something else than live. */
function watchFreshness() {
  globalThis.millraceStaleAt = 0;
  const pill = document.querySelector(".pill");
  const look = () => {
    if (!globalThis.millraceStaleAt && pill && pill.getAttribute("data-kind") !== "live") globalThis.millraceStaleAt = Date.now();
  };
  new MutationObserver(look).observe(pill ?? document.body, { attributes: true, subtree: true });
}

async function stale(page) {
  await eventually(async () => (await page.getAttribute(".pill", "data-kind")) === "live");
  await page.evaluate(watchFreshness);
  process.kill(pid, "SIGSTOP");
  const stopped = Date.now();
  try {
    const at = await eventually(() => page.evaluate(() => globalThis.millraceStaleAt), 20_000);
    const took = (at ?? Infinity) - stopped;
    check(took <= 3000, `"stale" shows ${took} ms after the node was paused (at most 3000)`);
    const none = await eventually(async () => (await page.$$eval(".tile .fresh", (all) => all.filter((e) => e.getAttribute("data-kind") === "live").length)) === 0);
    check(none, "no tile still says that it is live");
    await page.screenshot({ path: join(out, "stale.png") });
  } finally {
    process.kill(pid, "SIGCONT");
  }
  const back = await eventually(async () => (await page.getAttribute(".pill", "data-kind")) === "live");
  check(back, "it is live again when the node goes on");
}

mkdirSync(out, { recursive: true });
const profile = mkdtempSync(join(tmpdir(), "millrace-e2e-profile-"));
const context = await chromium.launchPersistentContext(profile, { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: kArgs });
try {
  const page = await live(context);
  await page.screenshot({ path: join(out, "light.png"), fullPage: true });
  await drillDown(page);
  for (const [name, query, width, height] of [["dark", "?theme=dark", 1440, 1000], ["phone", "?theme=light", 390, 844], ["wallboard", "?theme=dark&kiosk=1", 1920, 1080]]) {
    const shot = await openPage(context, query, width, height);
    await shot.waitForTimeout(2000);
    const overflow = await shot.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(overflow <= 0, `${name}: nothing sticks out sideways`);
    await shot.screenshot({ path: join(out, `${name}.png`) });
    await shot.close();
  }
  await system(context);
  if (pid > 0) await stale(page);
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
console.log(failures.length === 0 ? `dashboard: all is well; screenshots in ${out}` : `dashboard: ${failures.length} checks failed; screenshots in ${out}`);
process.exit(failures.length === 0 ? 0 : 1);
