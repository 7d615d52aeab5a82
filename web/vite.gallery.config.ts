// How the gallery is built: with the pages' own modules, and into a folder of its own, so that nothing of it ships.
import { resolve } from "node:path";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  root: resolve(import.meta.dirname, "gallery"),
  plugins: [svelte({ configFile: resolve(import.meta.dirname, "svelte.config.js") })],
  server: { fs: { allow: [import.meta.dirname] } },
  build: { target: "es2022", outDir: resolve(import.meta.dirname, "../target/gallery"), emptyOutDir: true },
});
