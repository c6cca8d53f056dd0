import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { keepOutput } from "../../support/evidence/processOutput.ts";
import { isRunning } from "./processes.ts";
import { until } from "./until.ts";

const root = path.resolve(import.meta.dirname, "../../..");

/** A server as an operator starts it, by any command. */
export interface Launched {
  readonly launcher: ChildProcess;
  output(): string;
  /** The processes that belong to it besides the launcher: those with its environment (Linux). */
  processes(): Promise<{ pid: number; command: string }[]>;
  /** Resolves once the server is ready. */
  ready(): Promise<void>;
}

/** Runs a command in a process group of its own, as a shell would. */
export function launch(
  [program = "", ...args]: string[],
  dataDir: string,
  env: Record<string, string> = {},
): Launched {
  const launcher = spawn(program, args, {
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      TERM: "dumb",
      PORT: "0",
      CONNVO_DATA_DIR: dataDir,
      CONNVO_RTC_PORT: "0",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const output = keepOutput("launched server", launcher);
  return {
    launcher,
    output,
    processes: () => withEnvironment(`CONNVO_DATA_DIR=${dataDir}`, launcher.pid),
    ready: () =>
      until("the server is ready", 90_000, () => {
        if (launcher.exitCode !== null) throw new Error(`it has ended: ${output()}`);
        return output().includes('"msg":"ready"');
      }),
  };
}

async function withEnvironment(entry: string, besides: number | undefined) {
  const found: { pid: number; command: string }[] = [];
  for (const name of await readdir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === besides) continue;
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    if (!environment.split("\0").includes(entry) || !(await isRunning(pid))) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    found.push({ pid, command: command.replaceAll("\0", " ").trim() });
  }
  return found;
}
