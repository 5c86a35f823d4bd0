// A dashboard that is looked at while a bench runs: opens the page in headless Chromium and stays until it is ended. On SIGTERM it says
// how many frames came and what the page's pill says.
//   node bench/browser.mjs URL
import { createRequire } from "node:module";

const { chromium } = createRequire(new URL("../web/package.json", import.meta.url))("playwright-core");
const browser = await chromium.launch({
  handleSIGTERM: false,
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
let frames = 0;
page.on("websocket", (socket) => socket.on("framereceived", () => { frames += 1; }));
process.on("SIGTERM", async () => {
  console.log(`${frames} frames; the page says: ${await page.textContent(".pill").catch(() => "nothing")}`);
  await browser.close().catch(() => {});
  process.exit(0);
});
await page.goto(process.argv[2]);
console.log("open");
