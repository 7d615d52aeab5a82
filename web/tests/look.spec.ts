// The look in numbers: sizes of rows, letters and bubbles, the typeface, and that nothing moves by itself.
import type { Page } from "@playwright/test";

import { expect, test } from "./fixture";
import { box, letters, style, wholeRows } from "./measure";
import { reply } from "./writing";

/** How far things have moved by themselves since the page was loaded. */
const shift = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((done) => {
        let sum = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) if (!entry.hadRecentInput) sum += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
      }),
  );

test("a list shows twelve threads, and nothing in it moves when the service is lost", async ({ club, member }) => {
  test.setTimeout(90_000);
  const { ada } = await letters(club, member, 22);
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 800 });
  const first = page.locator("[data-row]").first();
  expect((await box(first)).y).toBe(80);
  expect((await box(first)).height).toBe(60);
  expect(await wholeRows(page)).toBe(12);

  await page.reload();
  await expect(first).toBeVisible();
  await club.kill();
  await expect(page.locator(".place-bar")).toContainText("Offline since", { timeout: 30_000 });
  await expect(page.locator(".place-bar [role=status]")).not.toBeEmpty();
  expect((await box(first)).y).toBe(80);
  expect(await shift(page)).toBe(0);
  await club.start();

  await page.evaluate(() => localStorage.setItem("mnm.density", "compact"));
  await page.reload();
  await expect(first).toBeVisible();
  expect((await box(first)).height).toBe(36);
  expect(await wholeRows(page)).toBe(20);
});

test("settings take effect at once and are kept in the browser", async ({ club, member }) => {
  const { ada } = await letters(club, member, 2);
  const { page } = ada;
  await page.getByRole("link", { name: "Settings" }).click();
  const setting = (name: string) => page.getByRole("group", { name });
  await setting("Theme").getByText("Dark", { exact: true }).click();
  expect(await style(page.locator("body"), "background-color")).toBe("rgb(23, 26, 29)");
  await setting("Rows of lists").getByText("Compact", { exact: true }).click();
  await setting("Take back a letter").getByText("Not at all", { exact: true }).click();
  await setting("Single letters").getByText("Off", { exact: true }).click();

  await page.getByRole("navigation", { name: "Services" }).getByRole("link", { name: /Test Club/ }).click();
  const first = page.locator("[data-row]").first();
  expect((await box(first)).height).toBe(36);
  await page.reload();
  await expect(first).toBeVisible();
  expect((await box(first)).height).toBe(36);
  expect(await style(page.locator("body"), "background-color")).toBe("rgb(23, 26, 29)");
  await page.keyboard.press("c");
  await page.keyboard.press("p");
  await expect(page.locator("form")).toHaveCount(0);
  await first.click();
  await reply(page).fill("It leaves at once.");
  await reply(page).press("Control+Enter");
  await expect(page.locator("[data-message] [data-state=sent]")).toBeVisible({ timeout: 4_000 });
});

test("text is in the typeface that ships, and none of it is small", async ({ club, member }) => {
  const { ada } = await letters(club, member, 1);
  const { page } = ada;
  await page.locator("[data-row]").click();
  const body = page.locator(".prose");
  await expect(body).toBeVisible();
  expect(await style(body, "font-family")).toMatch(/^"IBM Plex Sans Variable"/);
  expect([await style(body, "font-size"), await style(body, "line-height")]).toEqual(["16px", "26px"]);
  expect(await page.evaluate(() => document.fonts.check('16px "IBM Plex Sans Variable"'))).toBe(true);
  // The files come from the app; others than those of the letters on screen are not fetched.
  expect(ada.requests.filter((url) => /woff2/.test(url)).length).toBeGreaterThan(0);
  expect(ada.requests.filter((url) => /cyrillic|greek|vietnamese/.test(url))).toEqual([]);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("body *")]
      .filter((element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim()))
      .filter((element) => !element.closest(".badge, .logo") && parseFloat(getComputedStyle(element).fontSize) < 12)
      .map((element) => element.outerHTML.slice(0, 80)),
  );
  expect(small).toEqual([]);
});

test("three short letters are no longer than a screen's third, and one author's are shorter", async ({ club, member }) => {
  const { ada, boris } = await letters(club, member, 1);
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.locator("[data-row]").click();
  const shown = page.locator("[data-message]");
  const [thread] = (await boris.command<{ id: number }[]>("threads", {})).map((row) => row.id);
  for (const text of ["Two.", "Three."]) await boris.write("", "", text, thread);
  await expect(shown).toHaveCount(3);
  const span = async (): Promise<number> => {
    const [top, bottom] = [await box(shown.first()), await box(shown.last())];
    return bottom.y + bottom.height - top.y;
  };
  await expect.poll(span).toBeLessThanOrEqual(170);
  const width = (await box(page.locator(".prose").first())).width;
  expect(width).toBeLessThanOrEqual(600);
  expect(width).toBeGreaterThan(540);

  // From one to the other each has a head.
  await reply(page).fill("Mine.");
  await reply(page).press("Control+Enter");
  await reply(page).press("Control+Enter");
  await expect(page.locator("[data-message] [data-state=sent]")).toBeVisible();
  await boris.write("", "", "Yours.", thread);
  await expect(shown).toHaveCount(5);
  const three = [await box(shown.nth(2)), await box(shown.nth(3)), await box(shown.nth(4))];
  expect(three[1]!.height).toBe(87);
  expect(three[1]!.height + three[2]!.height).toBeLessThanOrEqual(178);
});

test("what is read is folded into a line, and shown when it is chosen, pointed at or printed", async ({ club, member }) => {
  const { ada, boris } = await letters(club, member, 1);
  const { page } = ada;
  const [thread] = (await boris.command<{ id: number }[]>("threads", {})).map((row) => row.id);
  for (const text of ["Second **bold** one.", "Third.", "Fourth."]) await boris.write("", "", text, thread);
  await expect.poll(() => ada.unread()).toBe(4);
  await page.locator("[data-row]").click();
  // What was unread when the thread was opened stays open, also once it is read.
  await expect.poll(() => ada.unread()).toBe(0);
  const folded = page.locator("[data-folded]");
  await expect(folded).toHaveCount(0);

  await page.reload();
  await expect(page.locator(".prose")).toHaveText("Fourth.");
  await expect(folded).toHaveText([/Text of Letter 0\./, /Second bold one\./, /Third\./]);
  expect((await box(folded.first())).height).toBe(40);
  await folded.nth(1).click();
  await expect(page.locator(".prose strong")).toHaveText("bold");
  await expect(folded).toHaveCount(2);

  const third = (await folded.nth(1).getAttribute("data-message")) ?? "";
  await page.evaluate((third) => (location.hash += `/${third}`), third);
  await expect(folded).toHaveCount(1);
  await expect(page.locator(`#m${third} .prose`)).toHaveText("Third.");

  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await expect(page.locator(".prose")).toHaveCount(4);

  // What is new has a line of its own; the one before it has no second, but on paper.
  await page.goto(`${ada.origin}/#/1/letters`);
  await page.reload();
  await boris.write("", "", "Fifth.", thread);
  await expect.poll(() => ada.unread()).toBe(1);
  await page.locator("[data-row]").click();
  await expect(page.locator(".fresh")).toBeVisible();
  const before = (): Promise<string> => style(folded.last(), "border-bottom-color");
  expect(await before()).toBe("rgba(0, 0, 0, 0)");
  await page.emulateMedia({ media: "print" });
  expect(await before()).not.toBe("rgba(0, 0, 0, 0)");
});

test("reply box is one row, and the undo bar covers neither it nor the list", async ({ club, member }) => {
  const { ada } = await letters(club, member, 1);
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.locator("[data-row]").click();
  const field = page.locator(".reply .box");
  expect((await box(field)).height).toBe(40);
  await reply(page).fill("Line.\n".repeat(30));
  expect((await box(field)).height).toBeLessThan(200);
  await expect(page.getByRole("button", { name: "Send" })).toBeInViewport();
  await reply(page).press("Control+Enter");
  const bar = await box(page.locator(".undo-bar"));
  const list = await box(page.locator(".list-pane"));
  const below = await box(field);
  expect(bar.height).toBe(44);
  expect(bar.x).toBeGreaterThanOrEqual(list.x + list.width);
  expect(bar.y + bar.height).toBeLessThanOrEqual(below.y);
});

test("a long letter with files keeps its fields and Send in view", async ({ club, member }) => {
  const { ada } = await letters(club, member, 1);
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 640 });
  await page.keyboard.press("c");
  await expect(page.getByRole("combobox", { name: "To" })).toBeFocused();
  await expect(page.getByRole("main").getByRole("option")).toHaveCount(0);
  await page.getByRole("textbox", { name: "Letter" }).fill("A line of a long letter.\n".repeat(40));
  await page.locator("main input[type=file]").setInputFiles(Array.from({ length: 5 }, (_, n) => ({ name: `file ${n}.txt`, mimeType: "text/plain", buffer: Buffer.from("x") })));
  await expect(page.locator(".tray li")).toHaveCount(5);
  await page.getByRole("textbox", { name: "Letter" }).press("Control+End");
  for (const one of [page.getByRole("combobox", { name: "To" }), page.getByLabel("Subject"), page.locator(".tray"), page.getByRole("button", { name: "Send" })]) await expect(one).toBeInViewport({ ratio: 1 });
  expect((await box(page.locator(".tray"))).height).toBe(108);
});

test("every target of a chat, and of a service that is not reached, is large enough for a finger", async ({ club, member }) => {
  const { ada } = await letters(club, member, 3, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const { page } = ada;
  expect(await wholeRows(page)).toBe(3);
  const small = (): Promise<string[]> =>
    page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>("a, button, input, textarea, select")]
        .filter((element) => element.checkVisibility({ opacityProperty: true }) && !element.closest(".prose, .hidden"))
        .filter((element) => {
          const { width, height } = element.getBoundingClientRect();
          // Less is what moving to its place makes of it.
          return width > 0 && (width < 43.9 || height < 43.9);
        })
        .map((element) => `${element.outerHTML.slice(0, 90)} ${element.getBoundingClientRect().width}×${element.getBoundingClientRect().height}`),
    );
  await page.locator("[data-row]").first().click();
  await expect(page.locator(".prose")).toBeVisible();
  await page.getByRole("button", { name: "More for this thread" }).click();
  await page.getByRole("menuitem", { name: "Show as chat" }).click();
  expect.soft(await small(), "chat").toEqual([]);
  await page.goto(`${ada.origin}/#/1/letters`);
  await club.kill();
  await expect(page.locator(".place-bar").getByRole("button", { name: "Reconnect" })).toBeVisible({ timeout: 30_000 });
  expect.soft(await small(), "offline").toEqual([]);
  await club.start();
});

test("chosen places are told by more than a colour", async ({ club, member }) => {
  const { ada } = await letters(club, member, 2, { forcedColors: "active" });
  const { page } = ada;
  await page.locator("[data-row]").first().click();
  for (const chosen of [page.locator(".rail [aria-current] .logo"), page.locator("[data-row][aria-current]"), page.locator(".list-pane nav [aria-current]")]) {
    expect(await style(chosen, "outline-style")).toBe("solid");
  }
  await page.keyboard.press("v");
  expect(await style(page.locator(".bubble"), "outline-style")).toBe("solid");
  expect(await style(page.locator(".reply .send"), "border-top-style")).toBe("solid");
});

test("a phone shows eleven threads, and at 400 % a reply can be sent", async ({ club, member }) => {
  const { ada } = await letters(club, member, 12, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const { page } = ada;
  expect((await box(page.locator("[data-row]").first())).height).toBe(60);
  expect(await wholeRows(page)).toBe(11);
  // 1280 × 800 at 400 %.
  await page.setViewportSize({ width: 320, height: 200 });
  await page.goto(`${ada.origin}/#/1/letters/1`);
  await reply(page).fill("Written at 400 %");
  await expect(page.getByRole("button", { name: "Send" })).toBeInViewport();
});

test("with reduced motion nothing moves; otherwise nothing takes longer than a sixth of a second", async ({ club, member }) => {
  for (const reducedMotion of ["reduce", "no-preference"] as const) {
    const { ada } = await letters(club, member, 2, { reducedMotion, viewport: { width: 390, height: 844 } });
    const { page } = ada;
    await page.evaluate(() => {
      const seen: { name: string; ms: number; moves: boolean }[] = [];
      Object.assign(globalThis, { seen });
      const note = (): void => {
        for (const animation of document.getAnimations()) {
          const { duration } = animation.effect!.getComputedTiming();
          const frames = (animation.effect as KeyframeEffect).getKeyframes();
          const name = (animation as CSSAnimation).animationName ?? (animation as CSSTransition).transitionProperty;
          seen.push({ name, ms: Number(duration), moves: frames.some((frame) => "transform" in frame && frame["transform"] !== "none") });
        }
      };
      for (const kind of ["animationstart", "transitionrun"]) addEventListener(kind, note, true);
    });
    await page.locator("[data-row]").first().click();
    await expect(page.locator(".prose")).toBeVisible();
    await page.getByRole("button", { name: "More for this thread" }).click();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("dialog")).toBeVisible();
    await page.keyboard.press("Escape");
    await reply(page).fill("Sent.");
    await page.keyboard.press("Control+Enter");
    await expect(page.locator(".undo-bar")).toBeVisible();
    await page.goBack();
    await expect(page.locator("[data-row]").first()).toBeVisible();
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: { name: string; ms: number; moves: boolean }[] }).seen);
    if (reducedMotion === "reduce") expect(seen).toEqual([]);
    else {
      expect(seen.some(({ name, moves }) => name.endsWith("pane-on") && moves)).toBe(true);
      expect(seen.some(({ name }) => name.endsWith("pane-back"))).toBe(true);
      // The ring of a connection being made turns for as long as that takes.
      expect(seen.filter(({ name, ms }) => ms > 160 && !/(found|turn)$/.test(name))).toEqual([]);
    }
    await ada.page.goto("about:blank");
  }
});

test("a new member's alias and the way into the service are shown as a code", async ({ club, member }) => {
  const ada = await (await member("Ada")).join(club);
  const { page } = ada;
  await page.getByRole("button", { name: "Your alias as a code" }).click();
  const code = page.getByRole("dialog").getByRole("img");
  await expect(code).toBeVisible();
  const text = (await code.getAttribute("data-text")) ?? "";
  expect(text.split("\n")).toEqual([ada.alias, expect.stringMatching(/^[=+]127\.0\.0\.1:\d+#[0-9a-f]{64}$/)]);
  const [background, ink] = [await style(code, "background-color"), await style(code, "fill")];
  expect([background, ink]).toEqual(["rgb(255, 255, 255)", "rgb(17, 17, 17)"]);
  // Finder patterns in three corners, and enough modules for so long a text.
  const drawn = await code.evaluate((svg) => ({ size: Number(svg.getAttribute("viewBox")?.split(" ")[2]), squares: svg.querySelector("path")!.getAttribute("d")! }));
  expect(drawn.size).toBeGreaterThan(33);
  for (const [x, y] of [[4, 4], [drawn.size - 5, 4], [4, drawn.size - 5]]) expect(drawn.squares).toContain(`M${x} ${y}h`);
});

test("details stand beside a thread where there is room, the list is drawn wider, and the date stays while one scrolls", async ({ club, member }) => {
  const { ada, boris } = await letters(club, member, 1);
  const { page } = ada;
  await page.setViewportSize({ width: 1600, height: 900 });
  await page.locator("[data-row]").first().click();
  await page.getByRole("button", { name: "Who reads this thread" }).click();
  const details = page.getByRole("complementary", { name: "Details" });
  expect((await box(details)).width).toBe(300);
  await expect(details).toContainText(boris.alias);
  await page.reload();
  await expect(details).toBeVisible();
  await page.getByRole("button", { name: "Close the details" }).click();
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("button", { name: "Who reads this thread" }).click();
  await expect(page.getByRole("dialog", { name: "Who reads this" })).toBeVisible();
  await page.keyboard.press("Escape");

  const list = page.locator(".list-pane");
  const handle = page.getByRole("separator", { name: "Width of the list" });
  const at = await box(handle);
  await page.mouse.move(at.x + 4, 400);
  await page.mouse.down();
  await page.mouse.move(at.x + 64, 400);
  await page.mouse.up();
  expect((await box(list)).width).toBe(380);
  await page.reload();
  await expect.poll(async () => (await box(list)).width).toBe(380);
  await handle.press("End");
  expect((await box(list)).width).toBe(440);
  await handle.press("Home");
  expect((await box(list)).width).toBe(264);
  await handle.dblclick();
  expect((await box(list)).width).toBe(320);

  const [thread] = (await boris.command<{ id: number }[]>("threads", {})).map((row) => row.id);
  for (let n = 0; n < 30; n += 1) await boris.write("", "", `Line ${n}`, thread);
  await page.getByRole("button", { name: "Chat" }).click();
  await expect(page.locator("[data-message]")).toHaveCount(31);
  const top = (await box(page.locator("main .scroller"))).y;
  await page.locator("main .scroller").evaluate((one) => one.scrollTo(0, 400));
  // The date itself: its box has a line around it.
  const date = (): Promise<number> =>
    page.locator(".day time").evaluate((time) => {
      const { paddingTop, borderTopWidth } = getComputedStyle(time);
      return time.getBoundingClientRect().top + parseFloat(paddingTop) + parseFloat(borderTopWidth);
    });
  await expect.poll(async () => Math.round((await date()) - top)).toBe(4);
});
