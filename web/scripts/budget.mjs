// Fails the build when the first load (page, scripts, styles, as gzip) is above its budget of 60 kB.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const kBudget = 60_000;
const dist = new URL("../dist", import.meta.url).pathname;
let total = 0;
for (const entry of readdirSync(dist, { recursive: true })) {
  if (!/\.(html|js|css)$/.test(entry)) continue;
  const size = gzipSync(readFileSync(join(dist, entry)), { level: 9 }).length;
  console.log(`${String(size).padStart(7)}  ${entry}`);
  total += size;
}
console.log(`${String(total).padStart(7)}  first load, gzip (budget ${kBudget})`);
process.exit(total > kBudget ? 1 : 0);
