import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { freePort } from "../../support/freePort.ts";
import { until } from "./until.ts";

export { freePort };

const root = path.resolve(import.meta.dirname, "../../..");

/** What `Authorization: Convex <key>` takes on the servers of these tests. */
export const adminKey = "acceptance-administration-key";

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  readonly process: ChildProcess;
  /** What the process wrote so far. */
  output(): string;
  /** As an operator would: SIGTERM, and waits for the exit. Resolves with the exit code. */
  stop(): Promise<number | null>;
  /** For an update: SIGUSR2, and waits for the exit. Rooms in use stay. */
  handOver(): Promise<number | null>;
  /** As a power cut would: this process only; its children live on. */
  kill(): Promise<void>;
}

export interface ServerOptions {
  /** The built server. */
  program: string;
  dataDir: string;
  env?: Record<string, string>;
  port?: number;
}

/** The built server as its own process, just begun. */
export function spawnServer({ program, dataDir, env, port }: ServerOptions & { port: number }) {
  return spawn(process.execPath, ["--enable-source-maps", program], {
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      PORT: String(port),
      CONNVO_DATA_DIR: dataDir,
      CONNVO_ADMIN_KEY: adminKey,
      CONNVO_RTC_PORT: "0",
      CONNVO_DISK_RESERVE_BYTES: "1000000",
      CONNVO_DISK_FLOOR_BYTES: "500000",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Starts the built server and waits until it is ready. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { env, port: chosen = await freePort() } = options;
  const child = spawnServer({ ...options, port: chosen });
  // Closed: gone, and all it wrote has been read.
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const output = collect(child);
  const url = `${env?.["CONNVO_TLS_CERT"] ? "https" : "http"}://127.0.0.1:${chosen}`;
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  try {
    await untilReady(url, child, output);
  } catch (error) {
    const code = await end("SIGKILL");
    if (code === null) throw error;
    throw new Error(`the server has exited with ${code}:\n${output()}`);
  }
  return {
    url,
    pid: child.pid ?? 0,
    process: child,
    output,
    stop: () => end("SIGTERM"),
    handOver: () => end("SIGUSR2"),
    kill: async () => {
      await end("SIGKILL");
    },
  };
}

function collect(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  }
  return () => text;
}

async function untilReady(url: string, child: ChildProcess, output: () => string): Promise<void> {
  await until("the server is ready", 90_000, async () => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("it has ended");
    // Another server may answer at that address.
    if (!output().includes('"msg":"ready"')) return false;
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    return answer?.ok === true;
  });
}
