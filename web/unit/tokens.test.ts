// Colours of the token file: computed contrast of every pair that stands together, in both themes and all accents.
import { expect, test } from "vitest";

import { ACCENTS } from "../src/lib/accent";

const sources: Record<string, string> = import.meta.glob("../src/**/*.{svelte,css}", { query: "?raw", import: "default", eager: true });
const file = sources["../src/styles/tokens.css"] ?? "";

type Theme = "light" | "dark";
type Rgb = readonly [number, number, number];

/** Colours of a block of the file, in one theme. */
function colours(selector: string, theme: Theme): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, selectors = "", body = ""] of file.matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    if (!selectors.split(",").some((one) => one.trim() === selector)) continue;
    for (const [, name = "", light = "", dark = ""] of body.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)) found[name] = theme === "light" ? light : dark;
  }
  return found;
}

const rgb = (hex: string): Rgb => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255) as unknown as Rgb;
const linear = (part: number): number => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);

function luminance(hex: string): number {
  const [r, g, b] = rgb(hex).map(linear) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function oklab([red, green, blue]: Rgb): Rgb {
  const [r, g, b] = [red, green, blue].map(linear) as unknown as Rgb;
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const distance = (one: Rgb, other: Rgb): number => Math.hypot(...oklab(one).map((part, i) => part - oklab(other)[i]!));

/** As somebody sees it who does not see red or green (Machado and others, 2009, full severity). */
function simulated(hex: string, matrix: readonly Rgb[]): Rgb {
  const seen = rgb(hex).map(linear) as unknown as Rgb;
  const encode = (part: number): number => (part <= 0.0031308 ? 12.92 * part : 1.055 * part ** (1 / 2.4) - 0.055);
  return matrix.map((row) => encode(Math.min(1, Math.max(0, row[0] * seen[0] + row[1] * seen[1] + row[2] * seen[2])))) as unknown as Rgb;
}

const PROTAN: readonly Rgb[] = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
const DEUTAN: readonly Rgb[] = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]];

for (const theme of ["light", "dark"] as const) {
  const base = colours(":root", theme);
  const accents = ACCENTS.map((name) => ({ name, ...colours(`[data-accent="${name}"]`, theme) }) as Record<"name" | "accent" | "bar" | "chosen" | "own", string>);
  const grounds = ["rail", "list", "sunken", "canvas", "surface", "hover"].map((name) => base[name] ?? "");

  test(`${theme}: texts are read on every ground`, () => {
    for (const ground of grounds) {
      for (const ink of ["ink", "ink-2", "ink-3", "good", "warn", "bad"]) expect(contrast(base[ink] ?? "", ground), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      expect(contrast(base["line-strong"] ?? "", ground), `line-strong on ${ground}`).toBeGreaterThanOrEqual(3);
    }
    expect(contrast(base["warn"] ?? "", base["warn-ground"] ?? "")).toBeGreaterThanOrEqual(4.5);
    expect(contrast(base["bad"] ?? "", base["bad-ground"] ?? "")).toBeGreaterThanOrEqual(4.5);
    expect(contrast(base["on-bad"] ?? "", base["bad"] ?? "")).toBeGreaterThanOrEqual(4.5);
    expect(contrast(base["on-accent"] ?? "", base["warn"] ?? "")).toBeGreaterThanOrEqual(4.5);
    expect(contrast(base["ink"] ?? "", base["found"] ?? "")).toBeGreaterThanOrEqual(4.5);
  });

  test(`${theme}: every accent is read where it stands`, () => {
    for (const { name, accent, bar, chosen, own } of accents) {
      for (const ground of [base["canvas"], base["list"], base["rail"], chosen]) expect(contrast(accent, ground ?? ""), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      expect(contrast(base["ink-2"] ?? "", chosen), `ink-2 on chosen of ${name}`).toBeGreaterThanOrEqual(4.5);
      expect(contrast(base["ink-3"] ?? "", own), `ink-3 on own of ${name}`).toBeGreaterThanOrEqual(4.5);
      expect(contrast(base["on-bar"] ?? "", bar), `on the bar of ${name}`).toBeGreaterThanOrEqual(4.5);
      expect(contrast(base["on-accent"] ?? "", accent), `on a button of ${name}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  test(`${theme}: services are told apart by their bars, also without red and green`, () => {
    for (const [i, one] of accents.entries()) {
      for (const other of accents.slice(i + 1)) {
        expect(distance(rgb(one.bar), rgb(other.bar)), `${one.name}, ${other.name}`).toBeGreaterThanOrEqual(0.1);
        for (const matrix of [PROTAN, DEUTAN]) {
          expect(distance(simulated(one.bar, matrix), simulated(other.bar, matrix)), `${one.name}, ${other.name}, simulated`).toBeGreaterThanOrEqual(0.05);
        }
      }
    }
  });

  test(`${theme}: own bubbles are told from others'`, () => {
    for (const { name, own } of accents) expect(distance(rgb(own), rgb(base["others"] ?? "")), name).toBeGreaterThanOrEqual(theme === "light" ? 0.06 : 0.09);
  });
}

test("colours stand in the token file only, and so do sizes of text", () => {
  const others = Object.entries(sources).filter(([name]) => !/\/(tokens|fonts)\.css$/.test(name));
  expect(others.length).toBeGreaterThan(50);
  for (const [name, text] of others) {
    const style = name.endsWith(".css") ? text : (/<style>([^]*)<\/style>/.exec(text)?.[1] ?? "");
    expect(style.match(/#[0-9a-f]{3,8}\b(?=[;, )])|\b(rgba?|hsla?|oklch|oklab)\(|font-size: \d+(\.\d+)?px|font-weight: \d/gi), name).toBeNull();
  }
});
