// The page's own measures, for `cargo xtask bench --pages`: from a cause until its effect is painted. They are in
// the browser's performance timeline under these names.

export type Measure = "first-row" | "thread" | "search";

/** Measures from `start`, of the page's clock, until what has changed since is on screen. */
export function measurePainted(name: Measure, start: number): void {
  requestAnimationFrame(() => {
    // A message that is posted in a frame comes after it was painted.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      // The timeline is never emptied by itself; whoever observes it has been told of those before.
      performance.clearMeasures(name);
      performance.measure(name, { start, end: performance.now() });
    };
    port2.postMessage(null);
  });
}
