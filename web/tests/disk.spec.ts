// Writing on a disk that is full, and has room again. The disk is a file system in memory, which only
// root can mount.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "./fixture";
import { reply, thread } from "./writing";

/** Puts a home on a disk of its own; false where that can't be done. */
function moveToSmallDisk(home: string): boolean {
  const kept = mkdtempSync(join(tmpdir(), "mnm-kept-"));
  try {
    cpSync(home, kept, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16M,mode=0700", "tmpfs", home], { stdio: "ignore" });
    cpSync(kept, home, { recursive: true });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(kept, { recursive: true });
  }
}

/** Fills the disk at a home to its last byte. */
function fill(home: string): string {
  const path = join(home, "filler");
  const piece = Buffer.alloc(4096, 7);
  try {
    for (;;) writeFileSync(path, piece, { flag: "a" });
  } catch {
    return path;
  }
}

test("draft refused by a full disk is saved once there is room", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  anna.forgive(/ERR_/);
  const { page } = anna;
  await anna.stopApp();
  test.skip(!moveToSmallDisk(anna.home), "this user can't mount a small disk");
  try {
    await anna.startApp();
    await expect(page.getByText("isn’t answering")).toHaveCount(0);
    const filler = fill(anna.home);
    await reply(page).fill("Written on a full disk. ".repeat(2000));
    await expect(page.getByText("The disk is full")).toBeVisible();
    await expect(page.getByText("Not saved yet")).toBeVisible();
    rmSync(filler);
    await expect(page.getByText("The disk is full")).toHaveCount(0, { timeout: 8_000 });
    await expect(page.getByText("Not saved yet")).toHaveCount(0);
    const [draft] = await anna.command<{ text: string }[]>("drafts");
    expect(draft?.text.length).toBe(48_000);
  } finally {
    await page.close();
    await anna.stopApp();
    execFileSync("umount", ["--lazy", anna.home]);
  }
});
