// Upgrade of a home of version 0.1.0.
import { copyFile, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

import { expect, test } from "./fixture";

const OLD_HOME = resolve(import.meta.dirname, "../../crates/mnm-engine/tests/kept/0.1.0-stopped/home");

test("account of 0.1.0 asks for the presence choice, and says that it is shown so far", async ({ member }) => {
  const anna = await member("Anna");
  await anna.page.close();
  await anna.stopApp();
  for (const name of await readdir(anna.home)) if (name.startsWith("vault.")) await rm(join(anna.home, name));
  for (const name of await readdir(OLD_HOME)) await copyFile(join(OLD_HOME, name), join(anna.home, name));
  await anna.startApp();
  const page = await anna.openPage();
  await page.getByRole("link", { name: /^People/ }).click();
  const question = page.getByRole("group", { name: "Who sees when you are online" });
  await expect(question).toContainText("So far they do, as it was before version 0.2.0");
  await page.reload();
  await question.getByRole("button", { name: "They may see it" }).click();
  await expect(question).toHaveCount(0);
  // Once: what was chosen is not asked again.
  await page.reload();
  await expect(page.getByRole("list", { name: "People" }).getByRole("link").first()).toBeVisible();
  await expect(question).toHaveCount(0);
  await page.getByRole("link", { name: /About this service/ }).first().click();
  await expect(page.getByRole("checkbox", { name: /People in my address book/ })).toBeChecked();
});
