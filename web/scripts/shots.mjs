// Screenshots of a running page, for looking at: light, dark, tablet, phone, wallboard, the drawer.
//   node scripts/shots.mjs URL OUT_DIR [name ...]
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, out, ...only] = process.argv.slice(2);
const kShots = {
  light: { path: "?theme=light#/floor", width: 1440, height: 900, full: true },
  dark: { path: "?theme=dark#/floor", width: 1440, height: 900, full: true },
  load: { path: "?theme=dark#/load", width: 1440, height: 900, full: true },
  system: { path: "?theme=light#/system", width: 1440, height: 900 },
  tablet: { path: "?theme=light#/floor", width: 820, height: 1180 },
  phone: { path: "?theme=light#/floor", width: 390, height: 1900 },
  phone2: { path: "?theme=dark#/floor", width: 390, height: 1900, act: async (page) => { await page.evaluate(() => scrollTo(0, 1800)); await page.waitForTimeout(300); } },
  wallboard: { path: "?theme=dark&kiosk=1#/floor", width: 1920, height: 1080 },
  drawer: { path: "?theme=light#/floor", width: 1440, height: 900, act: async (page) => { await page.keyboard.press("j"); await page.keyboard.press("Enter"); await page.waitForTimeout(600); } },
  help: { path: "?theme=dark#/floor", width: 1440, height: 900, act: async (page) => { await page.keyboard.press("?"); await page.waitForTimeout(300); } },
};
mkdirSync(out, { recursive: true });
const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), "millrace-shots-")), {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
});
for (const [name, shot] of Object.entries(kShots)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const page = await context.newPage();
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && console.log(name, m.text()));
  page.on("pageerror", (e) => console.log(name, String(e)));
  await page.setViewportSize({ width: shot.width, height: shot.height });
  await page.goto(base + shot.path);
  await page.waitForTimeout(Number(process.env.WAIT ?? 3500));
  await shot.act?.(page);
  await page.screenshot({ path: join(out, `${name}.png`), fullPage: shot.full ?? false });
  await page.close();
}
await context.close();
