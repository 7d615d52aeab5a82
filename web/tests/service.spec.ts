// A changed certificate, a second account on one service, removing an account, and services with the same name.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Club, expect, introduce, test } from "./fixture";

/** What of a box runs over its edge, words by themselves. */
function beyond(box: Element): string[] {
  const { left, right } = box.getBoundingClientRect();
  const inside = [...box.querySelectorAll("p, dt, dd, .button")];
  return inside.flatMap((element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const boxes = [element.getBoundingClientRect(), ...range.getClientRects()];
    return boxes.some((one) => one.left < left - 1 || one.right > right + 1) ? [element.textContent.trim().slice(0, 40)] : [];
  });
}

test("changed certificate is compared and trusted, and an account is erased after confirmation", async ({ club, member }) => {
  test.setTimeout(120_000);
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  const { page } = anna;
  const digits = (text: string | null): string => (text ?? "").replace(/\s/g, "");

  // The whole address, to hand on.
  await page.getByRole("link", { name: /About this service/ }).first().click();
  await expect(page.getByText(club.address)).toBeVisible();
  const known = club.address.split("#")[1] ?? "";

  await club.renew();
  const seen = club.address.split("#")[1] ?? "";
  expect(seen).not.toBe(known);
  // The place bar leads to it, from wherever one is.
  await page.goto(`${anna.origin}/#/1/letters`);
  await page.locator(".place-bar").getByRole("link", { name: "Compare" }).click({ timeout: 60_000 });
  const note = page.locator("main .note.bad").filter({ hasText: "another certificate" });
  await expect(note).toBeVisible({ timeout: 60_000 });
  const shown = note.locator("dd.mono");
  expect(digits(await shown.nth(0).textContent())).toBe(known);
  expect(digits(await shown.nth(1).textContent())).toBe(seen);
  for (const width of [390, 320]) {
    await page.setViewportSize({ width, height: 800 });
    await note.scrollIntoViewIfNeeded();
    expect(await note.evaluate(beyond), `${width} wide`).toEqual([]);
  }
  await page.setViewportSize({ width: 1280, height: 800 });

  // Joining again leads back to the account that is here.
  await page.getByRole("link", { name: "Join a service" }).click();
  await page.getByRole("textbox", { name: "Address", exact: true }).fill(club.address);
  await page.keyboard.press("Enter");
  await page.getByRole("textbox", { name: "Your alias" }).fill(`${anna.alias} again`);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await page.getByRole("link", { name: /Go to your account/ }).click();
  await note.getByRole("button", { name: /I have compared it/ }).click();
  await expect(page.locator("main .state", { hasText: "Connected" })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(club.address)).toBeVisible();

  await page.getByRole("button", { name: "Remove this account" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove this account" });
  await expect(dialog).toContainText("1 person");
  const erase = dialog.getByRole("button", { name: "Erase it" });
  await expect(erase).toBeDisabled();
  await dialog.getByLabel(/To go on/).fill("Test Club");
  await erase.click();
  await expect(page.getByRole("heading", { name: "Welcome" })).toBeVisible();
  expect(await anna.run("contacts", "--offline")).toEqual([]);
});

test("services with the same name are told apart everywhere", async ({ club, member }) => {
  test.setTimeout(90_000);
  const data = await mkdtemp(join(tmpdir(), "tmtpd-web-"));
  const chess = new Club(data, "Chess Fans");
  await chess.start();
  const anna = await (await (await member("Anna")).join(club)).join(chess);
  const boris = await (await member("Boris")).join(chess);
  const { page } = anna;
  const place = (of: Club): string => `(${/[^=+#]+/.exec(of.address)?.[0]})`;
  const rail = page.getByRole("navigation", { name: "Services" });
  await expect(rail.getByRole("link", { name: /^Chess Fans, Connected/ })).toBeVisible();
  await expect(rail.getByRole("link", { name: /^Test Club, / }).locator("small")).toHaveCount(0);

  await chess.rename("Test Club");
  const second = rail.getByRole("link", { name: `Test Club ${place(chess)}` });
  await expect(second).toBeVisible({ timeout: 60_000 });
  await expect(rail.getByRole("link", { name: `Test Club ${place(club)}` })).toBeVisible();
  // The signs differ by more than their colours.
  await expect(second.locator("small")).toHaveText("2");

  await boris.run("ping", anna.alias, "Hello");
  await expect(async () => expect(await anna.command("pings", {})).toHaveLength(1)).toPass();
  await anna.run("accept", "1");
  await expect(async () => expect(await boris.run("contacts")).toHaveLength(1)).toPass();
  await boris.write(anna.alias, "Bank details", "Pay to my new account.");
  await second.click();
  const list = page.getByRole("region", { name: `Test Club ${place(chess)}` });
  await expect(list.getByRole("heading", { level: 2 })).toHaveText(`Test Club ${place(chess)}`);
  await expect(list).toContainText("called Chess Fans when you joined");
  await list.getByRole("link", { name: /Bank details/ }).click();
  await expect(page.locator(".place-bar .service")).toContainText(place(chess));
  await expect(page.getByRole("article").locator(".place-mark").first()).toContainText(place(chess));
  await expect(page).toHaveTitle(new RegExp(place(chess).replace(/[().]/g, "\\$&")));
  await list.getByRole("link", { name: /About this service/ }).click();
  await expect(page.getByText(/When you joined it was called/)).toContainText("Chess Fans");
  await chess.stop();
  await rm(data, { recursive: true, force: true });
});

test("a link to a service opens the form that joins it", async ({ club, member }) => {
  const anna = await member("Anna");
  const link = `tmtp://${club.address}`;
  await anna.page.goto(`${new URL(anna.page.url()).origin}/#/join/${encodeURIComponent(link)}`);
  await anna.page.reload();
  await expect(anna.page.getByRole("textbox").first()).toHaveValue(link);
});
