// Where the focus is after each thing that can be done: on something that is seen, never nowhere.
import type { Page } from "@playwright/test";

import { expect, test } from "./fixture";
import { threads } from "./measure";
import { reply } from "./writing";

/** What has the focus, in words; "nothing" where it is lost, hidden or outside of the window. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body || !element.checkVisibility()) return "nothing";
    const { top, bottom, left, right } = element.getBoundingClientRect();
    if (bottom <= 0 || right <= 0 || top >= innerHeight || left >= innerWidth) return "nothing";
    if (element.matches("[data-row]")) return `row ${element.querySelector(".title")?.textContent?.trim()}`;
    if (element.matches(".scroller")) return "thread";
    if (element.matches("[data-key='reply']")) return "reply";
    return element.getAttribute("aria-label") ?? (element as HTMLInputElement).labels?.[0]?.textContent?.trim() ?? element.textContent?.trim() ?? "";
  });

for (const width of [1280, 390]) {
  test(`after everything that can be done with threads the focus is somewhere sensible, ${width} wide`, async ({ club, member }) => {
    const { ada } = await threads(club, member, ["One", "Two", "Three", "Four", "Five"], { viewport: { width, height: 800 } });
    const { page } = ada;
    const row = (subject: string) => page.locator("[data-row]", { hasText: subject });
    const is = (what: string | RegExp) => expect.poll(() => focused(page)).toEqual(typeof what === "string" ? what : expect.stringMatching(what));
    const wide = width > 640;

    await test.step("open and close", async () => {
      await row("Three").focus();
      await page.keyboard.press("Enter");
      await is("thread");
      await page.keyboard.press("u");
      await is("row Three");
      await page.keyboard.press("Enter");
      await is("thread");
      if (!wide) {
        await page.getByRole("link", { name: "Back" }).click();
        await is("row Three");
        await page.keyboard.press("Enter");
        await is("thread");
      }
    });

    await test.step("marks by the menu of the open thread", async () => {
      for (const mark of ["Star", "Mute", "Pin to the top"]) {
        await page.getByRole("button", { name: "More for this thread" }).click();
        await page.getByRole("menuitem", { name: mark, exact: false }).first().click();
        await is("More for this thread");
      }
      await page.getByRole("button", { name: "More for this thread" }).click();
      await page.getByRole("menuitem", { name: "Tags…" }).click();
      await is("New tag");
      await page.keyboard.press("Escape");
      await is("More for this thread");
      await page.keyboard.press("Control+k");
      await page.keyboard.press("Escape");
      await is("More for this thread");
      await page.keyboard.press("?");
      await page.keyboard.press("Escape");
      await is("More for this thread");
    });

    await test.step("archive and delete, by key and by button; undo", async () => {
      // Pinned, it stands first.
      await page.keyboard.press("e");
      // On a wide screen the next one is open at once.
      if (!wide) {
        await is("row Five");
        await page.keyboard.press("Enter");
      }
      await expect(page.getByRole("heading", { level: 1, name: "Five" })).toBeVisible();
      await is("thread");
      if (wide) {
        await page.getByRole("main").getByRole("button", { name: "Archive" }).click();
      } else {
        await page.getByRole("button", { name: "More for this thread" }).click();
        await page.getByRole("menuitem", { name: "Archive" }).click();
      }
      await is(wide ? "thread" : "row Four");
      await page.getByRole("button", { name: "Undo" }).click();
      await is(/^row |thread/);
      await row("Two").focus();
      await page.keyboard.press("#");
      await is("row One");
      await page.keyboard.press("z");
      await expect(row("Two")).toBeVisible();
      await is("row One");
    });

    await test.step("several at once", async () => {
      await page.keyboard.press("x");
      await page.keyboard.press("k");
      await page.keyboard.press("x");
      await page.getByRole("toolbar", { name: "2 selected" }).getByRole("button", { name: "Archive" }).click();
      await expect(page.locator("[data-row]")).toHaveCount(2);
      await is(/^row /);
      await page.keyboard.press("x");
      await page.getByRole("button", { name: "Select none" }).click();
      await is(/^row /);
    });

    await test.step("the last of a list", async () => {
      for (const left of [1, 0]) {
        await page.keyboard.press("e");
        await expect(page.locator("[data-row]")).toHaveCount(left);
      }
      await is(wide ? "Letters" : "Inbox");
      await page.keyboard.press("z");
      await expect(page.locator("[data-row]")).toHaveCount(1);
      await expect.poll(() => focused(page)).not.toBe("nothing");
    });
  });

  test(`after writing, sending and discarding the focus is somewhere sensible, ${width} wide`, async ({ club, member }) => {
    const { ada, boris } = await threads(club, member, ["One", "Two"], { viewport: { width, height: 800 } });
    const { page } = ada;
    const row = (subject: string) => page.locator("[data-row]", { hasText: subject });
    const is = (what: string | RegExp) => expect.poll(() => focused(page)).toEqual(typeof what === "string" ? what : expect.stringMatching(what));

    await test.step("a reply: sent, taken back, discarded", async () => {
      await row("One").focus();
      await page.keyboard.press("Enter");
      await is("thread");
      await page.keyboard.press("r");
      await page.keyboard.type("An answer");
      await page.keyboard.press("Control+Enter");
      await is("reply");
      await page.getByRole("button", { name: "Undo" }).click();
      await is("reply");
      await expect(reply(page)).toHaveValue("An answer");
      await page.getByRole("button", { name: "Discard draft" }).click();
      await is("Keep");
      await page.keyboard.press("Enter");
      await is("reply");
      await page.getByRole("button", { name: "Discard draft" }).click();
      await page.getByRole("button", { name: "Discard", exact: true }).click();
      await is("reply");
      await page.keyboard.press("Escape");
      await is("thread");
      await page.keyboard.press("Escape");
      await is("row One");
    });

    await test.step("a letter: begun, kept, discarded", async () => {
      await page.keyboard.press("c");
      await is("To");
      await page.getByLabel("Subject").fill("Begun");
      await page.getByRole("button", { name: "Discard draft" }).click();
      await is("Keep");
      await page.keyboard.press("Enter");
      await is("Letter");
      await page.getByRole("button", { name: "Discard draft" }).click();
      await page.getByRole("button", { name: "Discard", exact: true }).click();
      await is(/^row /);
    });

    await test.step("a letter sent, and one taken back", async () => {
      await page.keyboard.press("c");
      await is("To");
      await page.keyboard.type(boris.alias);
      await page.getByLabel("Subject").fill("Sent");
      await page.getByRole("textbox", { name: "Letter" }).fill("Text");
      await page.keyboard.press("Control+Enter");
      await is("reply");
      await page.getByRole("button", { name: "Undo" }).click();
      await is(/^(To|Letter|Subject)$/);
      await page.keyboard.press("Control+Enter");
      await is("reply");
      await page.getByRole("button", { name: "Send now" }).click();
      await is(/^(reply|thread)$/);
    });

    await test.step("a ping is begun from wherever one is", async () => {
      await page.keyboard.press("Escape");
      await page.keyboard.press("p");
      await is("Their alias");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
    });

    await test.step("pages that replace what had the focus", async () => {
      for (const place of ["settings", "about the service", "people", "new group"]) {
        await page.keyboard.press("Control+k");
        await page.keyboard.type(place);
        await page.keyboard.press("Enter");
        await expect(page.locator("dialog[open]")).toHaveCount(0);
        await expect.poll(() => focused(page), { message: place }).not.toBe("nothing");
      }
    });
  });
}

test("going somewhere by a key, and sending a ping or an invitation, takes the focus along", async ({ club, member }) => {
  const { ada, boris } = await threads(club, member, ["One"], { viewport: { width: 1280, height: 800 } });
  const { page } = ada;
  const is = (what: string | RegExp) => expect.poll(() => focused(page)).toEqual(typeof what === "string" ? what : expect.stringMatching(what));
  await page.reload();
  await expect(page.locator("[data-row]")).toHaveCount(1);
  // The people come after the first rows.
  await expect(async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    expect(await focused(page)).toMatch(/^row |Boris/);
  }).toPass();
  expect(new URL(page.url()).hash).toBe("#/1/people");
  await page.keyboard.press("g");
  await page.keyboard.press("g");
  // Nothing to stand on but the tab.
  await is("Groups");
  await page.keyboard.press("1");
  await is("row One");

  await test.step("a ping, by the button", async () => {
    await page.keyboard.press("p");
    await page.keyboard.type("Nobody at all");
    await page.getByRole("button", { name: "Send ping" }).click();
    await expect(page.locator(".door")).toBeVisible();
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest("#main, .list-pane") !== null)).toBe(true);
  });

  await test.step("an invitation into a group", async () => {
    await ada.run("invite", `Crew of ${ada.alias}`, boris.alias, "Come in");
    await page.keyboard.press("Escape");
    await page.keyboard.press("g");
    await page.keyboard.press("g");
    await is(/^row /);
    await page.keyboard.press("Enter");
    const field = page.getByLabel("Their alias");
    await field.fill("Somebody else");
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    await expect(page.getByRole("status").filter({ hasText: "Somebody else" })).toBeVisible();
    await expect(field).toBeFocused();
  });
});

test("a button that is pressed has the focus again when what it does has failed", async ({ club, member }) => {
  const ada = await (await member("Ada", { viewport: { width: 1280, height: 800 } })).join(club);
  const { page } = ada;
  await page.goto(`${ada.origin}/#/1/service`);
  const field = page.getByLabel("New address");
  await field.fill("nonsense");
  const button = page.getByRole("button", { name: "Use the new address" });
  await button.click();
  await expect(page.getByRole("alert").first()).toBeVisible();
  await expect(button).toBeFocused();
});

test("who has joined on a phone has the focus on what is on screen", async ({ club, member }) => {
  const { page } = await member("Ada", { viewport: { width: 390, height: 800 } });
  await page.getByLabel("Address").fill(club.address);
  await page.keyboard.press("Enter");
  await page.getByLabel("Your alias").fill(`Phone Member ${Date.now()}`);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page.locator(".list-pane")).toBeVisible();
  await expect.poll(() => focused(page)).toMatch(/^(Inbox|Test Club)/);
});
