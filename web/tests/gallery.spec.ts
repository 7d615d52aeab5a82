// The gallery in pictures: every component in its states, light and dark, as it was when somebody last looked at it.
import { expect, test } from "@playwright/test";
import { build, preview, type PreviewServer } from "vite";

const CONFIG = new URL("../vite.gallery.config.ts", import.meta.url).pathname;
/** Another build of the browser draws letters and shadows a little otherwise. */
const ALIKE = { maxDiffPixelRatio: 0.005, threshold: 0.3, animations: "disabled" } as const;

const PARTS = ["controls", "rows", "letters", "chat", "writing", "places", "lists", "pages"];
const DIALOGS = ["keys", "link", "readers", "forward"];

let server: PreviewServer;
let address = "";

test.describe.configure({ mode: "serial" });

test.beforeAll(async () => {
  test.setTimeout(120_000);
  await build({ configFile: CONFIG, logLevel: "error" });
  server = await preview({ configFile: CONFIG, logLevel: "error", preview: { port: 0, host: "127.0.0.1" } });
  address = server.resolvedUrls?.local[0] ?? "";
});

test.afterAll(() => server.close());

for (const colorScheme of ["light", "dark"] as const) {
  test(`components look as they did, ${colorScheme}`, async ({ browser }) => {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1048, height: 720 }, timezoneId: "UTC", locale: "en-GB", reducedMotion: "reduce" });
    const failures: string[] = [];
    page.on("pageerror", (error) => failures.push(error.message));
    page.on("console", (message) => message.type() === "error" && failures.push(message.text()));
    await page.goto(address);
    await expect(page.locator("[data-part]")).toHaveCount(PARTS.length + 1);
    for (const part of PARTS) await expect.soft(page.locator(`#${part}`)).toHaveScreenshot(`${part}-${colorScheme}.png`, ALIKE);
    for (const dialog of DIALOGS) {
      await page.locator("#dialogs").getByRole("button", { name: dialog }).click();
      await expect.soft(page.getByRole("dialog")).toHaveScreenshot(`${dialog}-${colorScheme}.png`, ALIKE);
      await page.keyboard.press("Escape");
      await expect(page.getByRole("dialog")).toHaveCount(0);
    }
    expect(failures).toEqual([]);
    await page.close();
  });
}

test("a row written from right to left begins where the others do, and a group stands for its members", async ({ page }) => {
  await page.goto(address);
  const row = (text: string) => page.locator("#rows [data-row]", { hasText: text });
  const left = (text: string): Promise<number> =>
    row(text).locator(".title").evaluate((title) => {
      const range = document.createRange();
      range.selectNodeContents(title);
      return Math.round(range.getBoundingClientRect().left);
    });
  expect(await left("مرحبا")).toBe(await left("Was refused"));
  await expect(row("Spring regatta").locator(".line")).toHaveText(/^\s*Regatta Crew·\s*Björn:\s*The two/);
  await expect(row("Chat of the group").locator(".title")).toHaveText("Regatta Crew");
  await expect(row("Chat of the group").locator(".line")).toHaveText(/^\s*Björn Berg:\s*Chat of the group$/);
});

test("without colours what is unread, failed or of a stranger is told by shape and words", async ({ page }) => {
  await page.goto(address);
  const row = (subject: string) => page.locator("#rows [data-row]", { hasText: subject });
  const dot = (subject: string): Promise<string> => row(subject).evaluate((one) => getComputedStyle(one, "::before").width);
  const weight = (subject: string): Promise<string> => row(subject).locator(".title").evaluate((one) => getComputedStyle(one).fontWeight);
  expect([await dot("Spring regatta"), await weight("Spring regatta")]).toEqual(["6px", "650"]);
  expect([await dot("Has a draft"), await weight("Has a draft")]).toEqual(["auto", "500"]);
  await expect(row("Spring regatta")).toContainText("1200 unread");
  await expect(row("Was refused")).toContainText("Not sent");
  await expect(row("From somebody not known")).toContainText("Not in your address book");
  const icons = (subject: string): Promise<string[]> => row(subject).locator("svg path").evaluateAll((paths) => paths.map((path) => path.getAttribute("d") ?? ""));
  const shapes = await Promise.all(["Has a draft", "Waits to be sent", "Was refused", "From somebody not known"].map(icons));
  expect(new Set(shapes.map(String)).size).toBe(shapes.length);
  // A bar beside the letter, too.
  const failed = page.locator("#letters .failed .body");
  expect(await failed.evaluate((one) => getComputedStyle(one).borderInlineStartWidth)).toBe("3px");
});
