// What the tab of the pages shows.
import { beforeEach, expect, test } from "vitest";

import { countOnIcon, drawing, titleTab } from "../src/lib/tab";

beforeEach(() => {
  document.head.innerHTML = '<link rel="icon" href="/favicon.svg">';
});

test("a count stands in title and icon, and goes again", () => {
  const icon = document.querySelector<HTMLLinkElement>("link[rel='icon']");
  const plain = icon?.href;
  titleTab("Club · mnm", 3);
  countOnIcon(3);
  expect(document.title).toBe("(3) Club · mnm");
  expect(decodeURIComponent(icon?.href ?? "")).toContain(">3</text>");
  titleTab("Club · mnm", 0);
  countOnIcon(0);
  expect([document.title, icon?.href]).toEqual(["Club · mnm", plain]);
});

test("an icon has the colour of the place, and no more than two digits", () => {
  expect(drawing(100, "rgb(1 2 3)")).toContain('fill="rgb(1 2 3)"');
  expect(drawing(100, "rgb(1 2 3)")).toContain(">99+</text>");
  expect(drawing(1, '"/><script>')).toContain('fill="#3b5bbf"');
});
