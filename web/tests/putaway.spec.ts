// Threads that are put away: archive, trash, mute, pin, star, and how they come back.
import { expect, introduce, type Member, test } from "./fixture";

const row = (member: Member, subject: string) => member.page.locator("[data-thread-row]", { hasText: subject });
const list = (member: Member, view: string) => member.page.getByRole("combobox", { name: "Which threads" }).selectOption({ label: view });

/** Does something with a message, as its buttons offer it. */
async function act(member: Member, at: number, name: string): Promise<void> {
  const message = member.page.locator("[data-message]").nth(at);
  await message.hover();
  await message.getByRole("button", { name: "More for this message" }).click();
  await message.getByRole("menuitem", { name, exact: true }).click();
}

async function pair(member: (name: string) => Promise<Member>, club: Parameters<Member["join"]>[0]): Promise<[Member, Member]> {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  return [anna, boris];
}

test("threads are archived and deleted by key, taken back, and come back with a letter", async ({ club, member }) => {
  const [anna, boris] = await pair(member, club);
  for (const subject of ["Oars", "Rudder", "Sails"]) await boris.write(anna.alias, subject, `About the ${subject}.`);
  await expect(anna.page.locator("[data-thread-row]")).toHaveCount(3);
  await expect(anna.page).toHaveTitle(/^\(3\)/);

  await test.step("e archives the row with the focus; the next row has it then", async () => {
    await row(anna, "Rudder").locator("[data-row]").focus();
    await anna.page.keyboard.press("e");
    await expect(row(anna, "Rudder")).toHaveCount(0);
    await expect(row(anna, "Oars").locator("[data-row]")).toBeFocused();
    await expect(anna.page).toHaveTitle(/^\(2\)/);
    await expect(anna.page.locator("[data-bar='put-away']")).toContainText("Archived.");
    await anna.page.keyboard.press("z");
    await expect(row(anna, "Rudder")).toBeVisible();
    await expect(anna.page.locator("[data-bar='put-away']")).toHaveCount(0);
  });

  await test.step("an archived thread is in its list, and a letter brings it back", async () => {
    await row(anna, "Rudder").hover();
    await row(anna, "Rudder").getByRole("button", { name: "Archive" }).click();
    await list(anna, "Archive");
    await expect(row(anna, "Rudder")).toBeVisible();
    await list(anna, "Inbox");
    await expect(row(anna, "Rudder")).toHaveCount(0);
    const threads = await boris.command<{ id: number; subject: string }[]>("threads");
    const rudder = threads.find((thread) => thread.subject === "Rudder")?.id ?? 0;
    await boris.write(anna.alias, "", "More of it.", rudder);
    await expect(row(anna, "Rudder")).toContainText("More of it.");
  });

  await test.step("a muted thread is not counted, and its count is hollow", async () => {
    await expect(anna.page).toHaveTitle(/^\(4\)/);
    await row(anna, "Rudder").locator("[data-row]").focus();
    await anna.page.keyboard.press("m");
    await expect(anna.page).toHaveTitle(/^\(2\)/);
    await expect(row(anna, "Rudder").locator(".badge")).toHaveCSS("background-color", "rgba(0, 0, 0, 0)");
  });

  await test.step("a pinned thread comes first, a starred one is in its list", async () => {
    await row(anna, "Oars").locator("[data-row]").focus();
    await anna.page.keyboard.press("s");
    await row(anna, "Oars").locator("[data-row]").click();
    await anna.page.getByRole("button", { name: "More for this thread" }).click();
    await anna.page.getByRole("menuitem", { name: "Pin to the top" }).click();
    await expect(anna.page.locator("[data-thread-row]").first()).toContainText("Oars");
    await list(anna, "Starred");
    await expect(anna.page.locator("[data-thread-row]")).toHaveCount(1);
    await list(anna, "Inbox");
  });

  await test.step("# deletes the open thread; the trash is emptied after a question", async () => {
    await anna.page.locator(".scroller").focus();
    await anna.page.keyboard.press("#");
    await expect(row(anna, "Oars")).toHaveCount(0);
    // The next one is open, with the focus in it.
    await expect(anna.page.getByRole("heading", { level: 1 })).not.toHaveText("Oars");
    await expect(anna.page.locator("main .scroller")).toBeFocused();
    await expect(anna.page.locator("[data-bar='put-away']")).toContainText("In the trash for 30 days.");
    await list(anna, "Trash");
    await expect(row(anna, "Oars")).toBeVisible();
    await anna.page.getByRole("button", { name: "Empty trash" }).click();
    const dialog = anna.page.getByRole("dialog");
    await expect(dialog).toContainText("What others have stays with them");
    await dialog.getByRole("button", { name: "Erase them" }).click();
    await expect(anna.page.getByText("The trash is empty")).toBeVisible();
    const found = async (who: Member) => (await who.command<{ hits: unknown[] }>("search", { words: "Oars" })).hits.length;
    expect([await found(anna), await found(boris)]).toEqual([0, 1]);
  });
});

test("several threads are selected by key and by click, and put away together", async ({ club, member }) => {
  const [anna, boris] = await pair(member, club);
  const subjects = ["One", "Two", "Three", "Four", "Five"];
  for (const subject of subjects) await boris.write(anna.alias, subject, `About ${subject}.`);
  await expect(anna.page.locator("[data-thread-row]")).toHaveCount(5);
  const link = (subject: string) => row(anna, subject).locator("[data-row]");
  const selected = anna.page.getByRole("toolbar", { name: /selected/ });

  await link("Five").focus();
  await anna.page.keyboard.press("x");
  await expect(selected).toHaveAccessibleName("1 selected");
  await link("Three").click({ modifiers: ["Shift"] });
  await expect(selected).toHaveAccessibleName("3 selected");
  await link("Four").click({ modifiers: ["Control"] });
  await expect(selected).toHaveAccessibleName("2 selected");
  expect(new URL(anna.page.url()).hash).not.toContain("letters/");
  await selected.getByRole("button", { name: "Mark as read" }).click();
  await expect(anna.page).toHaveTitle(/^\(3\)/);
  await expect(selected).toHaveCount(0);

  await link("Five").click({ modifiers: ["Control"] });
  await link("One").click({ modifiers: ["Shift"] });
  await anna.page.keyboard.press("e");
  await expect(anna.page.locator("[data-thread-row]")).toHaveCount(0);
  await expect(anna.page.locator("[data-bar='put-away']")).toContainText("5 threads archived.");
  await anna.page.keyboard.press("z");
  await expect(anna.page.locator("[data-thread-row]")).toHaveCount(5);
  await link("One").click({ modifiers: ["Control"] });
  await anna.page.keyboard.press("Escape");
  await expect(selected).toHaveCount(0);
});

test("threads are tagged, listed by tag, and a search is kept as a tab", async ({ club, member }) => {
  const [anna, boris] = await pair(member, club);
  for (const subject of ["Oars", "Rudder"]) await boris.write(anna.alias, subject, `About the ${subject}.`);
  await row(anna, "Oars").locator("[data-row]").click();
  await anna.page.getByRole("button", { name: "More for this thread" }).click();
  await anna.page.getByRole("menuitem", { name: "Tags…" }).click();
  const dialog = anna.page.getByRole("dialog");
  await dialog.getByLabel("New tag").fill("Boathouse");
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(dialog.getByRole("checkbox", { name: "Boathouse" })).toBeChecked();
  // What is typed still is meant.
  await dialog.getByLabel("New tag").fill("Varnish");
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(row(anna, "Oars").getByText("Varnish")).toBeVisible();
  await expect(row(anna, "Oars").getByText("Boathouse")).toBeVisible();

  // A tag goes from all threads, so the member is asked.
  await anna.page.getByRole("button", { name: "More for this thread" }).click();
  await anna.page.getByRole("menuitem", { name: "Tags…" }).click();
  const bin = dialog.getByRole("button", { name: /^Remove the tag .Varnish. everywhere$/ });
  await bin.click();
  await expect(dialog.getByRole("alert")).toContainText("cannot be undone");
  await dialog.getByRole("button", { name: "Keep it" }).click();
  await expect(dialog.getByRole("checkbox", { name: "Varnish" })).toBeChecked();
  await bin.click();
  await dialog.getByRole("button", { name: "Remove the tag", exact: true }).click();
  await expect(dialog.getByRole("checkbox", { name: "Varnish" })).toHaveCount(0);
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(row(anna, "Oars").getByText("Varnish")).toHaveCount(0);

  await list(anna, "Boathouse");
  await expect(anna.page.locator("[data-thread-row]")).toHaveCount(1);
  await anna.page.getByRole("button", { name: "Back to the inbox" }).click();
  await expect(anna.page.locator("[data-thread-row]")).toHaveCount(2);

  const field = anna.page.getByRole("searchbox");
  await field.fill("tag:boat about");
  await expect(anna.page.locator(".snippet")).toHaveCount(1);
  await anna.page.getByRole("button", { name: "Keep" }).click();
  await field.fill("");
  // It comes before the lists that are opened less often, which have a menu where there is no room.
  await anna.page.locator(".tab.kept", { hasText: "tag:boat about" }).click();
  await expect(anna.page.locator(".snippet")).toHaveCount(1);
  await anna.page.getByRole("button", { name: "Forget" }).click();
  await field.fill("");
  await expect(anna.page.locator(".tab.kept")).toHaveCount(0);
});

test("a list is sorted by time, subject, person and what is unread, and the choice is kept", async ({ club, member }) => {
  const [anna, boris] = await pair(member, club);
  const clara = await (await member("Clara")).join(club);
  await introduce(anna, clara);
  await clara.write(anna.alias, "Mast", "About the mast.");
  for (const subject of ["rudder", "Anchor"]) await boris.write(anna.alias, subject, `About the ${subject}.`);
  const rows = anna.page.locator("[data-thread-row]");
  await expect(rows).toHaveCount(3);
  const order = (option: RegExp) =>
    anna.page.getByRole("combobox", { name: "Which threads" }).evaluate((select: HTMLSelectElement, source) => {
      const found = [...select.options].find(({ label }) => new RegExp(source).test(label));
      select.value = found?.value ?? "";
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }, option.source);
  const subjects = async (...expected: string[]) => {
    for (const [at, subject] of expected.entries()) await expect(rows.nth(at)).toContainText(subject);
  };
  const newest = (await anna.command<{ subject: string }[]>("threads")).map(({ subject }) => subject);
  await subjects(...newest);
  await order(/^Oldest first/);
  await subjects(...newest.toReversed());
  await order(/^By subject/);
  await subjects("Anchor", "Mast", "rudder");
  await anna.page.reload();
  await subjects("Anchor", "Mast", "rudder");
  await order(/^By person/);
  await expect(rows.last()).toContainText("Mast");
  const threads = await anna.command<{ id: number; subject: string }[]>("threads");
  for (const { id, subject } of threads) if (subject !== "Mast") await anna.command("mark_read", { thread: id });
  await order(/^Unread first/);
  await expect(rows.first()).toContainText("Mast");
  await anna.page.getByRole("button", { name: "Newest first again" }).click();
  await subjects(...newest);
});

test("a single message gets a star, is deleted after a question, and is put back", async ({ club, member }) => {
  const [anna, boris] = await pair(member, club);
  const thread = await boris.write(anna.alias, "Oars", "The first.");
  await boris.write("", "", "The second.", thread);
  await expect.poll(() => anna.unread()).toBe(2);
  await row(anna, "Oars").locator("[data-row]").click();
  const { page } = anna;
  const messages = page.locator("[data-message]");
  await expect(page.locator(".prose")).toHaveCount(2);
  await expect.poll(() => anna.unread()).toBe(0);

  await act(anna, 0, "Star");
  await expect(messages.first().getByTitle("has a star")).toBeVisible();
  await list(anna, "Starred");
  await expect(row(anna, "Oars")).toBeVisible();
  await list(anna, "Inbox");

  await act(anna, 1, "Delete");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("Everybody else who has it keeps theirs");
  await dialog.getByRole("button", { name: "Keep it" }).click();
  await expect(page.locator(".prose")).toHaveCount(2);
  await act(anna, 1, "Delete");
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.locator("[data-trashed]")).toContainText(`Deleted, from ${boris.alias}.`);
  await expect(page.locator("[data-trashed]")).toBeFocused();
  await expect(page.locator(".prose")).toHaveText(["The first."]);
  await expect(row(anna, "Oars")).toContainText("The first.");
  const found = async (who: Member) => (await who.command<{ hits: unknown[] }>("search", { words: "second" })).hits.length;
  expect([await found(anna), await found(boris)]).toEqual([0, 1]);

  await page.reload();
  await page.locator("[data-trashed]").getByRole("button", { name: "Put back" }).click();
  await expect(page.locator(".prose").getByText("The second.")).toBeVisible();
  await expect(row(anna, "Oars")).toContainText("The second.");

  // Of a thread without any other nothing is shown behind the people.
  await expect(row(anna, "Oars").locator(".dot")).toBeVisible();
  const all = await messages.evaluateAll((found) => found.map((one) => Number((one as HTMLElement).dataset["message"])));
  await anna.command("mark_messages", { messages: all, mark: "trashed", on: true });
  await expect(page.locator("[data-trashed]")).toHaveCount(2);
  await expect(row(anna, "Oars")).toContainText(boris.alias);
  await expect(row(anna, "Oars").locator(".dot")).toHaveCount(0);
});

test("who archives or deletes what they read goes on to the next thread, then the one before; on a phone to the list", async ({ club, member }) => {
  const [anna, boris] = await pair(member, club);
  for (const subject of ["One", "Two", "Three", "Four"]) {
    await boris.write(anna.alias, subject, `About ${subject}.`);
    await expect(row(anna, subject)).toBeVisible();
  }
  const { page } = anna;
  const reads = async (subject: string): Promise<void> => {
    await expect(page.getByRole("heading", { level: 1, name: subject })).toBeVisible();
    await expect(page.locator(".prose")).toHaveText(`About ${subject}.`);
    await expect(page.locator("main .scroller")).toBeFocused();
  };
  await page.setViewportSize({ width: 1280, height: 800 });
  await row(anna, "Two").locator("[data-row]").click();
  await reads("Two");
  await page.keyboard.press("#");
  await reads("One");
  await page.keyboard.press("e");
  await reads("Three");
  await page.setViewportSize({ width: 390, height: 800 });
  await page.locator("main .scroller").focus();
  await page.keyboard.press("e");
  await expect(row(anna, "Four").locator("[data-row]")).toBeFocused();
  expect(new URL(page.url()).hash).toBe("#/1/letters");
});

test("who archives what a search has found goes on to the next hit", async ({ club, member }) => {
  const [anna, boris] = await pair(member, club);
  const { page } = anna;
  await page.setViewportSize({ width: 1280, height: 800 });
  for (const subject of ["One", "Two", "Three"]) {
    await boris.write(anna.alias, subject, `About ${subject}.`);
    await expect(row(anna, subject)).toBeVisible();
  }
  // The list is in another order than what is found.
  await page.getByRole("combobox", { name: "Which threads" }).selectOption("sort:oldest");
  await page.getByRole("searchbox").fill("about");
  const hits = page.locator(".list-pane [data-row]");
  await expect(hits).toHaveText([/Three/, /Two/, /One/]);
  await hits.first().click();
  await expect(page.locator(".prose")).toHaveText("About Three.");
  for (const next of ["Two", "One"]) {
    await page.locator("main .scroller").focus();
    await page.keyboard.press("e");
    await expect(page.locator(".prose")).toHaveText(`About ${next}.`);
    await expect(page.locator(".list-pane [aria-current='true']")).toContainText(next);
  }
});

test("what a key has done is said, and an unread thread is not marked as read by it", async ({ club, member }) => {
  const [anna, boris] = await pair(member, club);
  await boris.write(anna.alias, "Oars", "About the oars.");
  const { page } = anna;
  const said = page.getByRole("status").last();
  await row(anna, "Oars").locator("[data-row]").focus();
  const says = async (key: string, what: string): Promise<void> => {
    await page.keyboard.press(key);
    await expect(said).toContainText(what);
  };
  await says("Shift+U", "It is unread already.");
  await expect(row(anna, "Oars").locator(".badge")).toBeVisible();
  expect(await anna.unread()).toBe(1);
  await says("m", "Muted.");
  await says("m", "Muted no more.");
  await says("s", "Starred.");
  await says("s", "The star is off.");
  await page.keyboard.press("Enter");
  await expect.poll(() => anna.unread()).toBe(0);
  await says("Shift+U", "Marked as unread.");
  await expect(row(anna, "Oars").locator("[data-row]")).toBeFocused();
  await expect.poll(() => anna.unread()).toBe(1);
  await page.keyboard.press("#");
  await expect(row(anna, "Oars")).toHaveCount(0);
  await says("z", "Out of the trash.");
});
