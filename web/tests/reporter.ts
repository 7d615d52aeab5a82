// Reporter of failures in few lines each, at the very end, where a log that is cut still has them.
import type { Reporter, TestCase, TestResult } from "@playwright/test/reporter";

/** Lines told of each failure: what was expected, and what was there. */
const LINES = 8;
// What colours the output.
const COLOURS = /\u001b\[\d*m/g;

export default class Brief implements Reporter {
  readonly #failures: string[] = [];

  onTestEnd(test: TestCase, { status, errors }: TestResult): void {
    if (status === "passed" || status === "skipped") return;
    const said = errors.flatMap(({ message, location }) => {
      const place = location ? [`at line ${location.line}`] : [];
      return [...place, ...(message ?? "").replace(COLOURS, "").split("\n").filter((line) => line.trim() !== "").slice(0, LINES)];
    });
    this.#failures.push([`${status}: ${test.titlePath().filter(Boolean).join(" › ")}`, ...said.map((line) => `    ${line}`)].join("\n"));
  }

  onEnd(): void {
    if (this.#failures.length > 0) console.log(`\n${this.#failures.join("\n")}`);
  }
}
