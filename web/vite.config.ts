// The build: hashed file names (served as immutable), no inlined assets (the page's policy forbids inline code).
// `npm run dev` proxies the API, WebSocket included, to a node or to `npm run mock` at MILLRACE_URL.
import { defineConfig } from "vite";

const target = process.env["MILLRACE_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "./",
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
  server: { host: "127.0.0.1", proxy: { "/api": { target, ws: true } } },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
} as Parameters<typeof defineConfig>[0]);
