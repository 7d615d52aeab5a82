// The benchmark of the pages, `cargo xtask bench --pages`: as the browser tests, but of the release build, one
// after another and for as long as it takes.
import tests from "./playwright.config";

// Recording a trace costs the page more than what is measured.
export default { ...tests, use: { ...tests.use, trace: "off" as const }, testDir: "bench", testMatch: "*.bench.ts", timeout: 3_600_000, workers: 1 };
