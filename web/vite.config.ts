// How the pages are built: plain files under dist/, nothing inlined, so that the strict
// Content-Security-Policy of the loopback server holds for every byte of them.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte()],
  // Relative names: the app puts a folder of its run before them (`crates/mnm/src/serve/assets.rs`).
  base: "./",
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
