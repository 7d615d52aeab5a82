// Browser tests against a real service and real apps. Binaries: TMTPD_BIN and MNM_BIN, otherwise
// those of the debug build. The browser: CHROMIUM_BIN, otherwise the system's Chromium.
import { existsSync } from "node:fs";

import { defineConfig } from "@playwright/test";

const system = [process.env["CHROMIUM_BIN"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);

export default defineConfig({
  testDir: "tests",
  timeout: 60_000,
  expect: { timeout: 15_000 },
  fullyParallel: false,
  workers: process.env["CI"] ? 1 : 2,
  retries: 0,
  forbidOnly: true,
  reporter: [["list"], ["./tests/reporter.ts"]],
  outputDir: "test-results",
  snapshotPathTemplate: "gallery/pictures/{arg}{ext}",
  use: {
    actionTimeout: 15_000,
    locale: "en-GB",
    trace: "retain-on-failure",
    launchOptions: {
      ...(system === undefined ? {} : { executablePath: system }),
      args: [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--disable-gpu",
      ],
    },
  },
});
