// Notices in the browser, and what is chosen for them.
import { expect, introduce, test } from "./fixture";

test("the page shows what comes once it may, and the tab counts it", async ({ club, member }) => {
  const anna = await (await member("Anna", { permissions: ["notifications"] })).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  const { page } = anna;
  // What the browser is told to show; a browser of a test shows nothing.
  await page.addInitScript(() => {
    const shown: { title: string; body: string; click: () => void }[] = [];
    class Shown extends EventTarget {
      static permission = "granted";
      static requestPermission = (): Promise<string> => Promise.resolve("granted");
      onclick = (): void => {};
      close(): void {}
      constructor(title: string, { body }: { body: string }) {
        super();
        shown.push({ title, body, click: () => this.onclick() });
      }
    }
    Object.assign(window, { Notification: Shown, shown });
  });
  await page.reload();
  await page.getByRole("link", { name: "Settings" }).first().click();
  await page.getByLabel("Show notices in this browser").check();
  await page.getByLabel("Show subject and text").check();
  const stream = page.waitForResponse((response) => response.url().endsWith("/api/notices"));
  await page.reload();
  await stream;

  await boris.run("send", "--to", anna.alias, "--subject", "Harvest", "Pumpkins!");
  await expect.poll(() => page.evaluate(() => (window as unknown as { shown: { title: string; body: string }[] }).shown.map(({ title, body }) => `${title}\n${body}`))).toEqual([
    `${boris.alias}\nNew letter · Test Club\nHarvest\nPumpkins!`,
  ]);
  await expect(page).toHaveTitle(/^\(1\)/);
  await expect(page.locator("link[rel='icon']")).toHaveAttribute("href", /^data:image\/svg/);
  // In the colour of the service, and not in the one that stands for colours that are not understood.
  expect(decodeURIComponent((await page.locator("link[rel='icon']").getAttribute("href")) ?? "")).toMatch(/<rect [^>]*fill="(rgb|oklch)/);
  await page.evaluate(() => (window as unknown as { shown: { click: () => void }[] }).shown[0]?.click());
  await expect(page.locator("[data-message]")).toContainText("Pumpkins!");
  await expect(page).not.toHaveTitle(/^\(/);

  // Of this thread, nothing any more.
  await page.getByRole("button", { name: "More for this thread" }).click();
  await page.getByLabel("Tell me of").selectOption("none");
  await expect.poll(async () => ((await anna.run("notify")) as { levels: { level: string; thread: number | null }[] }).levels).toEqual([
    expect.objectContaining({ level: "none" }),
  ]);
});

test("quiet hours and the level of a service are kept", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const { page } = anna;
  await page.goto(`${new URL(page.url()).origin}/#/settings`);
  await page.getByLabel("Quiet hours").check();
  await page.getByLabel("From").fill("21:30");
  await expect.poll(async () => ((await anna.run("notify")) as { quiet: unknown }).quiet).toEqual({ from_minute: 1290, until_minute: 420 });
  await page.goto(`${new URL(page.url()).origin}/#/1/service`);
  await page.getByLabel("Tell me of").selectOption("mentions");
  await expect.poll(async () => ((await anna.run("notify")) as { levels: unknown[] }).levels).toEqual([expect.objectContaining({ level: "mentions" })]);
  await page.reload();
  await expect(page.getByLabel("Tell me of")).toHaveValue("mentions");
});
