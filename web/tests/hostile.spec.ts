// A hostile message that tries to load, run, cover the page's own marks, or look like somebody else's. The fixture
// fails the test when any request leaves the app.
import { expect, introduce, test } from "./fixture";

const OUTSIDE = "https://tracker.example";

const LETTER = `
# Quarterly report

![pixel](${OUTSIDE}/pixel.png) ![relative](/api/attachments/1) ![data](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)
<img src="${OUTSIDE}/raw.png" onerror="alert(1)" srcset="${OUTSIDE}/raw2.png 2x">
<script>alert(1)</script>
<style>body{display:none} @import url(${OUTSIDE}/x.css);</style>
<link rel="stylesheet" href="${OUTSIDE}/y.css"><link rel="prefetch" href="${OUTSIDE}/z">
<meta http-equiv="refresh" content="0;url=${OUTSIDE}/refresh">
<base href="${OUTSIDE}/">
<svg onload="alert(2)"><image href="${OUTSIDE}/s.png"/><use href="${OUTSIDE}/s.svg#a"/></svg>
<iframe src="${OUTSIDE}/frame" srcdoc="<script>alert(3)</script>"></iframe>
<object data="${OUTSIDE}/o"></object><embed src="${OUTSIDE}/e">
<video src="${OUTSIDE}/v.mp4" poster="${OUTSIDE}/p.png" autoplay></video><audio src="${OUTSIDE}/a.mp3" autoplay></audio>
<form action="${OUTSIDE}/f"><input name="q" autofocus onfocus="alert(4)"><button>Go</button></form>
<div style="position:fixed;inset:0;background:url(${OUTSIDE}/bg.png);z-index:99999" class="mark place-mark" id="main">In your address book</div>
<p onclick="alert(5)" onmouseover="alert(6)">hover</p>
<math><mtext><img src=x onerror=alert(7)></mtext></math>

[script](javascript:alert(8)) [script](JaVaScRiPt:alert(8)) [data](data:text/html,<script>alert(9)</script>)
[file](file:///etc/passwd) [vb](vbscript:msgbox) [blob](blob:https://x/y) [tmtp](tmtp://join)
[outside](${OUTSIDE}/landing?who=you) <${OUTSIDE}/auto> ${OUTSIDE}/bare
[look](https://www.аpple.com/) [mail](mailto:a@b.example)

\u202Egnp.exe\u202C and a right-to-left override.

| a | b |
|---|---|
| <img src=${OUTSIDE}/cell.png> | \`<script>alert(10)</script>\` |
`;

test("hostile letter stays in its box and makes no request", async ({ club, member }) => {
  const victim = await (await member("Victim")).join(club);
  // The first letter is a Cyrillic А: it looks like "Anna".
  const crook = await (await member("\u0410nna")).join(club);
  await introduce(crook, victim);
  await crook.run("send", "--to", victim.alias, "--subject", "\u202EYou are a member ✓ Test Club", LETTER);

  const { page } = victim;
  await page.getByRole("link", { name: new RegExp(crook.alias) }).first().click();
  const body = page.locator(".prose").first();
  await expect(body).toContainText("Quarterly report");

  await test.step("nothing that could act is in the page", async () => {
    await expect(body.locator("script, style, link, meta, base, svg, math, iframe, object, embed, video, audio, form, button, input:not([type=checkbox])")).toHaveCount(0);
    await expect(body.locator("[style], [class], [id], [onclick], [onload], [onerror], [href], [srcset]")).toHaveCount(0);
    for (const source of await body.locator("img").evaluateAll((all) => all.map((img) => img.getAttribute("src") ?? ""))) {
      expect(source).toMatch(/^\/api\/attachments\/\d+\?inline=1$/);
    }
  });

  await test.step("names stand apart in what is read out, so that they turn nothing around", async () => {
    await expect(page.locator("[data-key='reply']")).toHaveAttribute("aria-label", `Reply to \u2068${crook.alias}\u2069`);
    await expect(page.getByText("New letter from")).toHaveText(`New letter from \u2068${crook.alias}\u2069 on \u2068Test Club\u2069`);
  });

  await test.step("the marks are on top, drawn by the page, outside of the letter", async () => {
    const article = page.locator("[data-message]").first();
    const mark = article.locator(".mark", { hasText: "Mixed alphabets" });
    await expect(mark).toBeVisible();
    expect(await mark.evaluate((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      const hit = document.elementFromPoint(left + width / 2, top + height / 2);
      return hit !== null && element.contains(hit) && !element.closest(".prose");
    })).toBe(true);
    // Whose id the service vouches for, and which service this is.
    await expect(article.locator(".name")).toHaveAttribute("title", /Test Club.* vouches/);
    await expect(page.locator(".place-bar .service")).toHaveText("Test Club");
  });

  await test.step("a link asks first and shows where it leads", async () => {
    const before = page.url();
    await body.getByText("outside", { exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "This link leads outside" });
    await expect(dialog.locator(".address")).toHaveText(`${OUTSIDE}/landing?who=you`);
    await expect(dialog.locator(".address strong")).toHaveText("tracker.example");
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    await body.getByText("look", { exact: true }).click();
    await expect(dialog).toContainText("xn--");
    await page.keyboard.press("Escape");
    await body.getByText("outside", { exact: true }).click({ button: "middle" });
    await body.getByText("outside", { exact: true }).click({ modifiers: ["Control"] });
    await page.keyboard.press("Escape");
    expect(page.url()).toBe(before);
    expect(page.context().pages()).toHaveLength(1);
  });

  await test.step("odd schemes lead nowhere", async () => {
    for (const name of ["script", "data", "file", "vb", "blob"]) {
      for (const link of await body.getByText(name, { exact: true }).all()) {
        await link.click();
        const dialog = page.getByRole("dialog");
        if ((await dialog.count()) > 0) {
          await expect(dialog.getByRole("button", { name: "Open in a new tab" })).toHaveCount(0);
          await page.keyboard.press("Escape");
        }
      }
    }
    expect(page.context().pages()).toHaveLength(1);
  });

  await test.step("as chat and in the search it is as tame", async () => {
    await page.keyboard.press("v");
    await expect(page.locator(".prose").first()).toContainText("Quarterly report");
    await page.getByRole("searchbox").fill("quarterly");
    await expect(page.locator(".list-pane mark").first()).toBeVisible();
    await expect(page.locator(".list-pane .snippet *:not(mark)")).toHaveCount(0);
  });

  await test.step("the preview of the same text is as tame", async () => {
    await page.keyboard.press("Escape");
    await page.keyboard.press("c");
    await page.getByRole("textbox", { name: "Letter" }).fill(LETTER);
    await page.getByRole("button", { name: "Preview" }).click();
    await expect(page.getByRole("region", { name: "Preview" }).locator(".prose")).toContainText("Quarterly report");
    await expect(page.getByRole("region", { name: "Preview" }).locator("script, style, iframe, [href], [onclick]")).toHaveCount(0);
  });
});
