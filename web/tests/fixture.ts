// A service per worker and members with real apps and pages. Every request of every page is
// recorded; a test fails when one leaves its app, when the console shows an error, or when the
// Content-Security-Policy had to step in.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Browser, type BrowserContext, type Page, test as base } from "@playwright/test";

import { MNM, mnm, Running, TMTPD } from "./process";

/** The service of a worker. It can be killed and comes back on the same address. */
export class Club {
  #running: Running | undefined;
  #listen = "127.0.0.1:0";
  address = "";

  constructor(
    private readonly data: string,
    private name = "Test Club",
  ) {}

  async start(): Promise<void> {
    this.#running = await Running.start(
      TMTPD,
      ["serve", "--data", this.data, "--listen", this.#listen, "--name", this.name, "--log-level", "error"],
      /([=+]([^\s#]+:\d+)\S*)/,
    );
    this.address = this.#running.said[1] ?? "";
    this.#listen = this.#running.said[2] ?? this.#listen;
  }

  async kill(): Promise<void> {
    await this.#running?.kill();
  }

  /** Comes back on the same data with another certificate. */
  async renew(): Promise<void> {
    await this.kill();
    await rm(join(this.data, "tls"), { recursive: true });
    await this.start();
  }

  /** Comes back under another name. */
  async rename(name: string): Promise<void> {
    await this.kill();
    this.name = name;
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
  }
}

/** A member: a home directory, the running app, and its page. */
export class Member {
  page!: Page;
  #context!: BrowserContext;
  #app!: Running;
  /** What the page did that it must not do. */
  readonly misdeeds: string[] = [];
  #forgiven: RegExp[] = [];
  #allowed: string[] = [];
  #leaves = false;
  #url = "";
  /** Addresses of all requests of the page. */
  readonly requests: string[] = [];

  private constructor(
    readonly alias: string,
    readonly home: string,
  ) {}

  static async start(browser: Browser, alias: string, options: Parameters<Browser["newContext"]>[0] = {}): Promise<Member> {
    const home = await mkdtemp(join(tmpdir(), "mnm-web-"));
    const member = new Member(alias, home);
    member.#app = await startApp(home);
    member.#context = await browser.newContext(options);
    const url = member.#app.said[0];
    member.#url = url;
    member.#watch(new URL(url).origin);
    member.page = await member.#context.newPage();
    await member.page.goto(url);
    // Let in: a page that is left before has agreed on no key, and does not get in again.
    await member.page.locator(".frame").waitFor();
    return member;
  }

  #watch(origin: string): void {
    this.#context.on("request", (request) => {
      const url = request.url();
      this.requests.push(url);
      if (/^(data|blob):/.test(url)) return;
      if (new URL(url).origin !== origin && !this.#allowed.includes(new URL(url).origin)) this.misdeeds.push(`a request left the app: ${url}`);
    });
    this.#context.on("console", (message) => {
      if (this.#forgiven.some((pattern) => pattern.test(message.text()))) return;
      if (message.type() === "error" || /Content.Security.Policy/i.test(message.text())) {
        this.misdeeds.push(`the console says: ${message.text()}`);
      }
    });
    this.#context.on("weberror", (error) => this.misdeeds.push(`the page failed: ${error.error().stack ?? error.error().message}`));
    this.#context.on("dialog", (dialog) => {
      if (this.#leaves && dialog.type() === "beforeunload") return void dialog.accept();
      this.misdeeds.push(`the page opened a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  /** Where the app's pages are. */
  get origin(): string {
    return new URL(this.#url).origin;
  }

  /** The app's process. */
  get pid(): number {
    return this.#app.pid;
  }

  /** Lets the pages go to another origin. */
  allow(origin: string): void {
    this.#allowed.push(origin);
  }

  /** Leaves pages from now on that ask whether to stay. */
  leave(): void {
    this.#leaves = true;
  }

  /** Ends the app; the pages stay open. */
  async stopApp(): Promise<void> {
    await this.#app.stop();
  }

  /** Ends the app as a power cut would. */
  async killApp(): Promise<void> {
    await this.#app.kill();
  }

  /** Halts the app, so that it neither answers nor ends, or lets it go on. */
  haltApp(halted: boolean): void {
    this.#app.signal(halted ? "SIGSTOP" : "SIGCONT");
  }

  /** Opens a page of the app as it runs now, with a browser that it does not know yet. */
  async openPage(): Promise<Page> {
    const page = await this.#context.newPage();
    this.allow(new URL(this.#app.said[0]).origin);
    await page.goto(this.#app.said[0]);
    return page;
  }

  /** Starts the app again on its home. */
  async startApp(): Promise<void> {
    this.#app = await startApp(this.home);
  }

  /** Lets the console say what the test brings about. */
  forgive(pattern: RegExp): void {
    this.#forgiven.push(pattern);
  }

  /** Runs a command of the app's command line, which goes through the running app. */
  async run(...args: string[]): Promise<unknown> {
    return mnm(this.home, ...args);
  }

  /** Has the running app do something, as its command line does, without a process for each. */
  async command<T = unknown>(cmd: string, args: object = {}): Promise<T> {
    const { port, token } = JSON.parse(await readFile(join(this.home, "app.json"), "utf8")) as { port: number; token: string };
    const response = await fetch(`http://127.0.0.1:${port}/api/command`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ cmd, ...args }),
    });
    const answer = (await response.json()) as { ok?: { value: T }; error?: { message: string } };
    if (!answer.ok) throw new Error(answer.error?.message);
    return answer.ok.value;
  }

  /** Queues a letter, or a reply in a thread; gives back the thread. */
  async write(to: string, subject: string, text: string, thread?: number): Promise<number> {
    const draft = await this.command<{ id: number }>("save_draft", { account: 1, to: thread === undefined ? [to] : [], subject: thread === undefined ? subject : "", text, thread });
    return (await this.command<{ thread: number }>("send", { draft: draft.id })).thread;
  }

  /** Unread messages, as the app counts them. */
  async unread(): Promise<number> {
    const state = await this.command<{ accounts: { unread: number }[] }>("state");
    return state.accounts.reduce((sum, account) => sum + account.unread, 0);
  }

  /** Joins by the command line. */
  async join(club: Club): Promise<this> {
    await this.run("join", club.address, "--alias", this.alias);
    return this;
  }

  async stop(): Promise<void> {
    await this.#context.close();
    await this.#app.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

function startApp(home: string): Promise<Running> {
  return Running.start(MNM, ["--home", home, "--no-open"], /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/);
}

/** Makes two members acquainted, by the command line. */
export async function introduce(one: Member, other: Member): Promise<void> {
  await one.run("ping", other.alias, `It is ${one.alias}`.slice(0, 120));
  await base.expect(async () => {
    const pings = (await other.run("pings")) as { id: number; from: string; incoming: boolean }[];
    const ping = pings.find((p) => p.incoming && p.from === one.alias);
    base.expect(ping).toBeDefined();
    await other.run("accept", String(ping?.id));
  }).toPass({ timeout: 20_000 });
  await base.expect(async () => {
    const contacts = (await one.run("contacts")) as { alias: string }[];
    base.expect(contacts.map((c) => c.alias)).toContain(other.alias);
  }).toPass({ timeout: 20_000 });
}

let count = 0;

interface TestFixtures {
  /** Starts a member's app and page; the alias is made unique. */
  member: (name: string, options?: Parameters<Browser["newContext"]>[0]) => Promise<Member>;
}

interface WorkerFixtures {
  club: Club;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  club: [
    async ({}, use) => {
      const data = await mkdtemp(join(tmpdir(), "tmtpd-web-"));
      const club = new Club(data);
      await club.start();
      await use(club);
      await club.stop();
      await rm(data, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],

  member: async ({ browser }, use, info) => {
    const members: Member[] = [];
    await use(async (name, options) => {
      count += 1;
      const member = await Member.start(browser, `${name} Member ${info.workerIndex}-${count}`, options);
      members.push(member);
      return member;
    });
    await Promise.all(members.map((member) => member.stop()));
    base.expect(members.flatMap((member) => member.misdeeds)).toEqual([]);
  },
});

export const expect = base.expect;
