import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Clock } from "../../core/clock.ts";
import { DemoError } from "./demoError.ts";
import { poll } from "./waiting.ts";

/** The environment a server of ours is started with; looked at by the server's configuration only. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface OwnServerOptions {
  /** The built `main.js`. */
  program: string;
  environment: Environment;
  /** Settings that win over the environment; undefined takes a variable away. */
  settings: Environment;
  clock: Clock;
  signal: AbortSignal;
}

/** The first start makes a database. */
const startTimeoutMs = 120_000;
const stopTimeoutMs = 20_000;

/** Lines of the server's output that are shown when it fails. */
const rememberedLines = 15;

/** A server for the time of the demo, on a free port of this machine. */
export class OwnServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #temporaryDir: string;
  readonly #output: string[] = [];
  readonly #exited: Promise<unknown>;

  private constructor(url: string, child: ChildProcess, temporaryDir: string) {
    this.url = url;
    this.#child = child;
    this.#temporaryDir = temporaryDir;
    // Closed, it has said its last words as well. A program that cannot be started reports an error instead.
    this.#exited = once(child, "close").catch(() => undefined);
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => this.#remember(text));
  }

  /** Starts a server and waits until it can serve. @throws DemoError with its last words */
  static async start(options: OwnServerOptions): Promise<OwnServer> {
    const { program, environment, settings } = options;
    const temporaryDir = await mkdtemp(path.join(tmpdir(), "connvo-demo-"));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const fallbacks = { CONNVO_DATA_DIR: temporaryDir, CONNVO_RTC_PORT: "0" };
    const own = { HOST: "127.0.0.1", PORT: String(port), CONNVO_PUBLIC_URL: url };
    // In a process group of its own, so that Ctrl-C reaches the demo alone, which then stops the server in order.
    const child = spawn(process.execPath, [program], {
      env: { ...fallbacks, ...environment, ...own, ...settings },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const server = new OwnServer(url, child, temporaryDir);
    try {
      await server.#ready(options);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Ends the server in order, by force after 20 s, and removes what it kept for the demo only. */
  async stop(): Promise<void> {
    if (this.#isRunning) {
      const force = setTimeout(() => this.#child.kill("SIGKILL"), stopTimeoutMs);
      this.#child.kill("SIGTERM");
      await this.#exited;
      clearTimeout(force);
    }
    await rm(this.#temporaryDir, { recursive: true, force: true });
  }

  get #isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  async #ready({ clock, signal }: OwnServerOptions): Promise<void> {
    const state = await poll(async () => (this.#isRunning ? this.#isReady(signal) : "exited"), {
      clock,
      signal,
      everyMs: 100,
      forMs: startTimeoutMs,
    });
    if (state === "exited") await this.#exited;
    if (state !== "ready") throw new DemoError(this.#lastWords(state));
  }

  async #isReady(signal: AbortSignal): Promise<"ready" | undefined> {
    const answer = await fetch(`${this.url}/readyz`, { signal }).catch(() => undefined);
    return answer?.ok ? "ready" : undefined;
  }

  #lastWords(state: "exited" | undefined): string {
    const what = state === "exited" ? "ended while starting" : "was not ready in time";
    return [`The server ${what}. It said:`, ...this.#output.map((line) => `  ${line}`)].join("\n");
  }

  #remember(text: string): void {
    this.#output.push(...text.split("\n").filter((line) => line !== ""));
    this.#output.splice(0, this.#output.length - rememberedLines);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new DemoError("There is no free port");
  return address.port;
}
