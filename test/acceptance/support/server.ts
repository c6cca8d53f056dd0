import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";

const root = path.resolve(import.meta.dirname, "../../..");

export interface ServerProcess {
  readonly url: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** What the process wrote so far. */
  readonly output: () => string;
  /** As an operator would: SIGTERM, and waits for the exit. */
  stop(): Promise<void>;
  /** As a power cut would: this process only; its children live on. */
  kill(): Promise<void>;
}

export interface ServerOptions {
  dataDir: string;
  env?: Record<string, string>;
  port?: number;
}

/** Starts the built server as its own process and waits until it is ready. */
export async function startServer({ dataDir, env, port }: ServerOptions): Promise<ServerProcess> {
  const chosen = port ?? (await freePort());
  const child = spawn(process.execPath, ["--enable-source-maps", path.join(root, "dist/main.js")], {
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      PORT: String(chosen),
      CONNVO_DATA_DIR: dataDir,
      CONNVO_RTC_PORT: "0",
      CONNVO_LOG_LEVEL: "info",
      CONNVO_DISK_RESERVE_BYTES: "1000000",
      CONNVO_DISK_FLOOR_BYTES: "500000",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const log = createWriteStream(path.join(dataDir, "..", `${path.basename(dataDir)}.log`), {
    flags: "a",
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
      log.write(text);
    });
  }
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${chosen}`;
  await untilReady(url, child, () => output);
  return {
    url,
    dataDir,
    process: child,
    output: () => output,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function untilReady(url: string, child: ChildProcess, output: () => string): Promise<void> {
  await until("the server is ready", 60_000, async () => {
    if (child.exitCode !== null) throw new Error(`the server has exited:\n${output()}`);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    return answer?.ok === true;
  });
}

/** Polls until `condition` holds; fails with what was waited for. */
export async function until(
  what: string,
  timeoutMs: number,
  condition: () => Promise<boolean> | boolean,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A fresh data folder, and how to remove it. */
export async function temporaryFolder(): Promise<{ dataDir: string; remove(): Promise<void> }> {
  const parent = await mkdtemp(path.join(tmpdir(), "connvo-test-"));
  return {
    dataDir: path.join(parent, "data"),
    remove: () => rm(parent, { recursive: true, force: true }),
  };
}

export type Args = Record<string, unknown>;

/** A signed-in person with the official client. */
export interface Person {
  readonly name: string;
  readonly token: string;
  query<T>(fn: string, args?: Args): Promise<T>;
  mutation<T>(fn: string, args?: Args): Promise<T>;
  action<T>(fn: string, args?: Args): Promise<T>;
}

export async function signIn(url: string, name: string): Promise<Person> {
  const answer = await fetch(`${url}/auth/local/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  if (!answer.ok) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`);
  const { token } = (await answer.json()) as { token: string };
  const client = new ConvexHttpClient(url, { skipConvexDeploymentUrlCheck: true, logger: false });
  client.setAuth(token);
  return {
    name,
    token,
    query: <T>(fn: string, args: Args = {}) =>
      client.query(makeFunctionReference<"query", Args, T>(fn), args),
    mutation: <T>(fn: string, args: Args = {}) =>
      client.mutation(makeFunctionReference<"mutation", Args, T>(fn), args),
    action: <T>(fn: string, args: Args = {}) =>
      client.action(makeFunctionReference<"action", Args, T>(fn), args),
  };
}
