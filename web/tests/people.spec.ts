// People: pings grouped by person, presence, forwarding, readers of a thread, removing a contact.
import { expect, introduce, test } from "./fixture";

test("pings of one person are one row, on both sides", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  for (const [own, other] of [
    [anna, boris],
    [boris, anna],
  ] as const) {
    // The knock, and the answer to it.
    await expect.poll(async () => ((await own.run("pings")) as unknown[]).length).toBe(2);
    await own.page.getByRole("link", { name: /^Pings/ }).click();
    const row = own.page.getByRole("list", { name: "Pings" }).getByRole("link");
    await expect(row).toHaveCount(1);
    await expect(row).toContainText(`It is ${anna.alias}`);
    await row.click();
    await expect(row).toHaveAttribute("aria-current", "true");
    await expect(own.page.locator("blockquote")).toHaveCount(2);
    await expect(own.page.locator("dl")).toContainText(other.alias);
  }
});

test("presence is asked for, and can be set for one contact", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  const { page } = anna;
  const seen = async (): Promise<boolean | undefined> => (await boris.command<{ alias: string; online: boolean }[]>("contacts")).find(({ alias }) => alias === anna.alias)?.online;
  expect(await seen()).toBe(false);

  await page.getByRole("link", { name: /About this service/ }).click();
  await page.getByRole("button", { name: "They may see it" }).click();
  const all = page.getByRole("checkbox", { name: "People in my address book see when I am online" });
  await expect(all).toBeChecked();
  await expect(all).toBeFocused();
  await expect.poll(seen).toBe(true);

  await page.getByRole("link", { name: /^People/ }).click();
  await page.getByRole("link", { name: boris.alias }).click();
  const one = page.getByRole("checkbox", { name: "They see when you are online" });
  await expect(one).toBeChecked();
  await one.uncheck();
  await expect.poll(seen).toBe(false);
  await page.reload();
  await expect(one).not.toBeChecked();
  await page.getByRole("link", { name: /About this service/ }).click();
  await expect(all).toBeChecked();
});

test("thread is forwarded to the recipients of the dialog", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  const clara = await (await member("Clara")).join(club);
  await introduce(anna, boris);
  await introduce(anna, clara);
  await boris.write(anna.alias, "Plans", "Shall we?");
  const { page } = anna;
  await page.getByRole("link", { name: /Plans/ }).click();
  const open = page.getByRole("button", { name: "Forward this thread" });
  await open.click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("combobox")).toBeFocused();
  await expect(dialog.getByRole("button", { name: "Forward", exact: true })).toBeDisabled();
  // Nothing covers the dialog before a name is typed; then the list of names closes first.
  await expect(dialog.getByRole("option")).toHaveCount(0);
  await page.keyboard.type(clara.alias.slice(0, 3));
  await expect(dialog.getByRole("option")).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(dialog.getByRole("option")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(open).toBeFocused();

  await open.click();
  await page.keyboard.type(clara.alias);
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Forward", exact: true }).click();
  await expect(dialog).toHaveCount(0);
  await clara.page.getByRole("link", { name: /Plans/ }).click();
  await expect(clara.page.locator("[data-message]").first()).toContainText("Shall we?");

  // Who is not in the address book is told of in place.
  await open.click();
  await page.keyboard.type("Nobody of this name");
  await page.keyboard.press("Enter");
  await expect(dialog.getByText("isn’t in your address book")).toBeVisible();
});

test("readers that a reply reaches are listed apart from others", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  const clara = await (await member("Clara")).join(club);
  await introduce(anna, boris);
  await introduce(boris, clara);
  const group = `Readers of ${boris.alias}`;
  await boris.run("invite", group, clara.alias, "Come in");
  await expect.poll(async () => ((await clara.run("groups")) as { gid: string }[]).map(({ gid }) => gid)).toEqual([group]);
  await clara.run("join-group", group);
  const thread = await boris.write(group, "Harvest", "To the group");
  await expect.poll(async () => ((await clara.run("inbox")) as unknown[]).length).toBe(1);
  const [theirs] = (await clara.run("inbox")) as { id: number }[];
  await clara.run("reply", String(theirs?.id), "Of the group");
  await expect.poll(async () => JSON.stringify(await boris.run("read", String(thread)))).toContain("Of the group");
  await boris.run("forward", String(thread), "--to", anna.alias);

  // Anna is not in the group, so its member only wrote as far as she is concerned.
  const { page } = anna;
  await page.getByRole("link", { name: /Harvest/ }).click();
  await expect(page.locator("[data-message]")).toHaveCount(2);
  await page.getByRole("button", { name: "Who reads this thread" }).click();
  const dialog = page.getByRole("dialog", { name: "Who reads this" });
  const names = (list: string) => dialog.getByRole("list", { name: list, exact: true }).locator(".name");
  await expect(names("A reply goes to")).toHaveText([boris.alias, "You"]);
  await expect(names("Only wrote here")).toHaveText([/Clara/]);
  await expect(names("You are not in it: a reply does not go there")).toHaveText([group]);
  await dialog.getByRole("list", { name: "A reply goes to" }).getByRole("button", { name: "Strike" }).click();
  await expect(names("Struck by you")).toHaveText([boris.alias]);
  await expect(dialog.getByRole("button", { name: "Let read again" })).toBeFocused();
  // The group gets no reply, so nobody gets one through it.
  await expect(dialog.getByText("as one of its members")).toHaveCount(0);
  await dialog.getByRole("list", { name: "You are not in it" }).getByRole("button", { name: "Strike" }).click();
  await expect(names("Struck by you")).toHaveCount(2);
  await page.keyboard.press("Escape");
  await expect(page.locator("main header").getByText("Everybody else is struck")).toBeVisible();
});

test("removing a contact leaves the others", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  const clara = await (await member("Clara")).join(club);
  await introduce(anna, boris);
  await introduce(anna, clara);
  const { page } = anna;
  await page.getByRole("link", { name: /^People/ }).click();
  for (const [gone, next] of [
    [boris.alias, page.getByRole("link", { name: clara.alias })],
    [clara.alias, page.getByRole("link", { name: "New ping" }).last()],
  ] as const) {
    await page.getByRole("link", { name: gone }).click();
    await page.getByRole("button", { name: "Remove from the address book" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
    await expect(page.getByRole("link", { name: gone })).toHaveCount(0);
    await expect(next).toBeFocused();
  }
});
