// Recipients in the "To" field: a typed name means the one recipient of that name, or the page asks.
import type { Page } from "@playwright/test";

import { expect, introduce, type Member, test } from "./fixture";

const to = (page: Page) => page.getByRole("combobox", { name: "To" });
const chips = (page: Page) => page.locator(".chip bdi");
const options = (page: Page) => page.getByRole("main").getByRole("option");
const asks = (page: Page) => page.getByRole("alert").filter({ hasText: "Choose" });

/** A member of just this alias. */
const called = (member: Member, alias: string): Member => Object.assign(member, { alias });

/** Ada, who knows Cleo, and a second Cleo whose name ends with the first one's. */
async function cleos(club: Parameters<Member["join"]>[0], member: (name: string) => Promise<Member>): Promise<{ ada: Member; cleo: Member; twin: Member }> {
  const ada = await (await member("Ada")).join(club);
  const cleo = await (await member("Cleo Claus")).join(club);
  const twin = await called(await member("Twin"), `Anna ${cleo.alias}`).join(club);
  await introduce(ada, twin);
  await introduce(ada, cleo);
  return { ada, cleo, twin };
}

/** What the list says that Enter takes is what the field says of it. */
async function highlighted(page: Page): Promise<string> {
  const id = await to(page).getAttribute("aria-activedescendant");
  const chosen = page.locator("[role=option][aria-selected=true]");
  expect(await chosen.evaluateAll((all) => all.map((one) => one.id))).toEqual(id === null ? [] : [id]);
  return id === null ? "" : (await chosen.locator("bdi").textContent()) ?? "";
}

async function subjects(member: Member): Promise<string[]> {
  return (await member.command<{ subject: string }[]>("threads", { account: 1, limit: 50 })).map((row) => row.subject).sort();
}

test("typed name means the recipient of that very name, not a longer one", async ({ club, member }) => {
  const { ada, cleo, twin } = await cleos(club, member);
  const { page } = ada;
  const sent: string[] = [];
  for (const delay of [0, 40]) {
    for (const key of ["Enter", "Tab", "Control+Enter", ","]) {
      // As it is written, and in another case.
      for (const typed of key === "Enter" ? [cleo.alias, cleo.alias.toLowerCase()] : [cleo.alias]) {
        await page.goto(`${ada.origin}/#/1/letters/new`);
        await to(page).pressSequentially(typed, { delay });
        if (key !== ",") expect(await highlighted(page)).toBe(cleo.alias);
        await page.keyboard.press(key);
        await expect(chips(page)).toHaveText([cleo.alias]);
        const subject = `Typed ${sent.length}`;
        sent.push(subject);
        await page.getByLabel("Subject").fill(subject);
        await page.getByRole("textbox", { name: "Letter" }).fill("For Cleo alone");
        await page.keyboard.press("Control+Enter");
        await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
        await page.keyboard.press("Control+Enter");
        await expect(page.getByRole("button", { name: "Undo" })).toHaveCount(0);
      }
    }
  }
  await expect.poll(() => subjects(cleo), { timeout: 20_000 }).toEqual([...sent].sort());
  expect(await subjects(twin)).toEqual([]);
});

test("ambiguous name is not resolved without the member", async ({ club, member }) => {
  const { ada, cleo, twin } = await cleos(club, member);
  const { page } = ada;
  await page.goto(`${ada.origin}/#/1/letters/new`);
  for (const delay of [0, 40]) {
    for (const key of ["Enter", "Tab", "Control+Enter"]) {
      await to(page).pressSequentially("Cleo", { delay });
      // Who begins so comes first.
      await expect(options(page)).toContainText([cleo.alias, twin.alias]);
      expect(await highlighted(page)).toBe("");
      await page.keyboard.press(key);
      await expect(asks(page)).toBeVisible();
      await expect(to(page)).toBeFocused();
      await expect(to(page)).toHaveAttribute("aria-expanded", "true");
      await expect(to(page)).toHaveValue("Cleo");
      await expect(chips(page)).toHaveCount(0);
      await to(page).fill("");
    }
  }
  await to(page).fill("Cleo");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  expect(await highlighted(page)).toBe(twin.alias);
  await page.keyboard.press("Enter");
  await expect(chips(page)).toHaveText([twin.alias]);
  // Who is named already is not the other one.
  await to(page).fill(twin.alias);
  await page.keyboard.press("Tab");
  await to(page).fill("Cleo");
  await page.keyboard.press("Tab");
  await expect(asks(page)).toBeVisible();
  await expect(chips(page)).toHaveText([twin.alias]);
  await options(page).filter({ hasText: cleo.alias }).click();
  await expect(chips(page)).toHaveText([twin.alias, cleo.alias]);
  // The only one who matches needs no choice.
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Backspace");
  await to(page).fill("anna");
  expect(await highlighted(page)).toBe(twin.alias);
  await page.keyboard.press("Enter");
  await expect(chips(page)).toHaveText([twin.alias]);
});

test("option chosen with the arrow keys stays chosen while the address book changes", async ({ club, member }) => {
  const { ada, cleo, twin } = await cleos(club, member);
  const early = await called(await member("Early"), `Aa ${cleo.alias}`).join(club);
  const { page } = ada;
  await page.goto(`${ada.origin}/#/1/letters/new`);
  await to(page).fill("Claus");
  await page.keyboard.press("ArrowUp");
  const chosen = await highlighted(page);
  expect([cleo.alias, twin.alias]).toContain(chosen);
  await introduce(early, ada);
  await expect(options(page)).toHaveCount(3);
  expect(await highlighted(page)).toBe(chosen);
  await page.keyboard.press("Enter");
  await expect(chips(page)).toHaveText([chosen]);
});

test("thread is not forwarded while a recipient is ambiguous", async ({ club, member }) => {
  const { ada, cleo, twin } = await cleos(club, member);
  const { page } = ada;
  await cleo.run("send", "--to", ada.alias, "--subject", "Plans", "Shall we?");
  await page.getByRole("link", { name: /Plans/ }).click();
  await page.getByRole("button", { name: "Forward this thread" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox").fill("Anna");
  await page.keyboard.press("Enter");
  await dialog.getByRole("combobox").fill("Claus");
  await page.keyboard.press("Enter");
  await expect(asks(page)).toBeVisible();
  await expect(chips(page)).toHaveText([twin.alias]);
  await page.keyboard.press("Escape");
  expect(await subjects(twin)).toEqual([]);
});

test("line that is one name and several is not parsed without the member", async ({ club, member }) => {
  const ada = await (await member("Ada")).join(club);
  const bjorn = await (await member("Björn Berg")).join(club);
  const cleo = await (await member("Cleo Claus")).join(club);
  const list = await called(await member("List"), `${bjorn.alias},${cleo.alias}`).join(club);
  await introduce(ada, bjorn);
  await introduce(ada, cleo);
  await introduce(list, ada);
  const { page } = ada;
  await page.goto(`${ada.origin}/#/1/letters/new`);
  const line = list.alias;
  // Typed, and in one go, as it is pasted; with a comma behind it, and without.
  for (const [typed, end] of [[`${line},`, ""], [line, "Enter"], [line, "Tab"], [line, "Control+Enter"], [line.replace(",", ", ").toUpperCase(), "Enter"]] as const) {
    for (const way of ["type", "paste"] as const) {
      const spaced = typed.includes(", ");
      if (way === "type") await to(page).pressSequentially(typed);
      else await to(page).fill(typed);
      if (end) await page.keyboard.press(end);
      if (spaced) {
        // With a space it is not that one name.
        await expect(chips(page)).toHaveText([bjorn.alias, cleo.alias]);
        await page.keyboard.press("Backspace");
        await page.keyboard.press("Backspace");
      } else {
        await expect(asks(page)).toBeVisible();
        await expect(options(page)).toHaveCount(2);
        expect(await highlighted(page)).toBe("");
        await expect(to(page)).toHaveValue(typed);
      }
      await expect(chips(page)).toHaveCount(0);
      await to(page).fill("");
    }
  }
  // The first name alone is not the longer one, nor is it with the beginning of the second.
  await to(page).fill(`${bjorn.alias},`);
  await page.keyboard.press("Enter");
  await expect(chips(page)).toHaveText([bjorn.alias]);
  await page.keyboard.press("Backspace");
  await to(page).fill(`${bjorn.alias},Cleo`);
  await page.keyboard.press("Enter");
  await expect(asks(page)).toBeVisible();
  await expect(chips(page)).toHaveCount(0);
  await to(page).fill("");

  // What nobody has chosen is not sent, to neither.
  await page.getByLabel("Subject").fill("For both");
  await page.getByRole("textbox", { name: "Letter" }).fill("Each of you");
  await to(page).fill(`${line},`);
  await page.getByRole("textbox", { name: "Letter" }).press("Control+Enter");
  await expect(asks(page)).toBeVisible();
  await expect(to(page)).toBeFocused();
  await options(page).filter({ hasText: "2 names" }).click();
  await expect(chips(page)).toHaveText([bjorn.alias, cleo.alias]);
  await page.getByRole("textbox", { name: "Letter" }).press("Control+Enter");
  await page.getByRole("button", { name: "Send now" }).click();
  await expect.poll(() => subjects(bjorn)).toEqual(["For both"]);
  await expect.poll(() => subjects(cleo)).toEqual(["For both"]);
  expect(await subjects(list)).toEqual([]);
  // The list member can be chosen too.
  await page.goto(`${ada.origin}/#/1/letters/new`);
  await to(page).fill(`${line},`);
  await options(page).filter({ hasText: "1 name" }).click();
  await expect(chips(page)).toHaveText([list.alias]);
});
