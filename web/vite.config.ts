// How the pages are built: plain files under dist/, nothing inlined, so that the strict
// Content-Security-Policy of the loopback server holds for every byte of them.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/** Has the browser fetch what the entry loads at once, without waiting for the entry. */
const preload: Plugin = {
  name: "preload-pages",
  transformIndexHtml: {
    order: "post",
    handler(_, { bundle }) {
      const pages = Object.values(bundle ?? {}).find((file) => file.type === "chunk" && file.name === "pages");
      if (pages?.type !== "chunk") return [];
      const styles = [...(pages.viteMetadata?.importedCss ?? [])];
      return [
        { tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `./${pages.fileName}` }, injectTo: "head" },
        ...styles.map((name) => ({ tag: "link", attrs: { rel: "stylesheet", crossorigin: true, href: `./${name}` }, injectTo: "head" as const })),
      ];
    },
  },
};

export default defineConfig({
  plugins: [svelte(), preload],
  // Relative names: the app puts a folder of its run before them (`crates/mnm/src/serve/assets.rs`).
  base: "./",
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
