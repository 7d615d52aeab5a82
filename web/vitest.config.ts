// How the unit tests run: the page's own modules, as they are, in a document without layout.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  // Svelte's state as browsers have it, not as a server renders it.
  resolve: { conditions: ["browser"] },
  test: {
    // Style sheets are read as they are: `unit/tokens.test.ts` computes with them.
    css: true,
    include: ["unit/**/*.test.ts"],
    environment: "happy-dom",
    // For a machine that compiles beside it; they take milliseconds.
    testTimeout: 30_000,
    pool: "threads",
    restoreMocks: true,
    unstubGlobals: true,
  },
});
