// The bar at the foot of the page: its height, above which notices are shown.
import type { Attachment } from "svelte/attachments";

/** More than one while one page takes the place of another. */
const bars = new Set<HTMLElement>();

function tell(): void {
  const height = Math.max(0, ...[...bars].map((bar) => bar.offsetHeight));
  document.documentElement.style.setProperty("--h-foot", `${height}px`);
}

/** Tells the height of a bar in `--h-foot` for as long as it is there. */
export const foot: Attachment<HTMLElement> = (bar) => {
  const resized = new ResizeObserver(tell);
  bars.add(bar);
  resized.observe(bar);
  return () => {
    resized.disconnect();
    bars.delete(bar);
    tell();
  };
};
