// Starting, stopping and killing the real programs.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);
const built = (name: string): string => resolve(import.meta.dirname, "../../target/debug", name);

export const TMTPD = process.env["TMTPD_BIN"] ?? built("tmtpd");
export const MNM = process.env["MNM_BIN"] ?? built("mnm");

/** A program that has said on its standard output where it can be reached. */
export class Running {
  private constructor(
    private readonly child: ChildProcess,
    /** What the pattern matched. */
    readonly said: RegExpExecArray,
  ) {}

  /** Starts a program and waits for a line of its output that matches. */
  static async start(program: string, args: string[], pattern: RegExp): Promise<Running> {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      // Nothing is shown on the desktop of whoever runs the tests.
      env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent/bus" },
    });
    let errors = "";
    child.stderr.on("data", (data: Buffer) => (errors = (errors + data.toString()).slice(-4000)));
    for await (const line of createInterface({ input: child.stdout })) {
      const said = pattern.exec(line);
      if (!said) continue;
      child.stdout.resume();
      return new Running(child, said);
    }
    throw new Error(`${program} ended before it was ready:\n${errors}`);
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill(signal);
    // One that is halted hears of it once it goes on.
    this.child.kill("SIGCONT");
    await ended;
  }
}

/** Runs `mnm` once and gives back its JSON. */
export async function mnm(home: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await run(MNM, ["--home", home, "--json", ...args], { timeout: 60_000 });
  return stdout.trim() ? (JSON.parse(stdout) as unknown) : undefined;
}
