// What the browser shows of the page outside of it: title, icon of the tab, badge of an installed page.

const LIMIT = 99;

/** The title of the tab, with the count before it if there is one. */
export function titleTab(title: string, count: number): void {
  document.title = count ? `(${count}) ${title}` : title;
}

/** The count on the icon of the tab and as the badge of an installed page; 0 removes it. The icon is drawn in the
    accent that holds when it is called. */
export function countOnIcon(count: number): void {
  const icon = document.querySelector<HTMLLinkElement>("link[rel='icon']");
  if (icon) {
    const plain = (icon.dataset["plain"] ??= icon.href);
    icon.href = count ? `data:image/svg+xml,${encodeURIComponent(drawing(count, accent()))}` : plain;
  }
  const { setAppBadge } = navigator as { setAppBadge?: (count: number) => Promise<void> };
  setAppBadge?.call(navigator, count).catch(() => undefined);
}

/** The accent as a colour that holds outside of the page: the browser has resolved it for light or dark. */
function accent(): string {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = "var(--accent)";
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** The icon in a colour, with a count on it. */
export function drawing(count: number, colour: string): string {
  const text = count > LIMIT ? `${LIMIT}+` : String(count);
  const size = 22 - 4 * text.length;
  const fill = /^#[0-9a-f]{3,8}$|^[a-z-]+\([\d\s.,%/a-z]+\)$/i.test(colour) ? colour : "#3b5bbf";
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="${fill}"/>` +
    `<path d="M7 22V13.5a3 3 0 0 1 6 0V22M13 14a3 3 0 0 1 6 0v8M19 14a3 3 0 0 1 6 0v8" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/>` +
    `<circle cx="22" cy="22" r="10" fill="#c2263a" stroke="#fff" stroke-width="1.5"/>` +
    `<text x="22" y="${22 + size * 0.36}" text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="${size}" fill="#fff">${text}</text></svg>`
  );
}
