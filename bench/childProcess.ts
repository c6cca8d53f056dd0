import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { processEntry } from "../src/config/paths.ts";

/** A program of ours that runs beside. */
export interface Child {
  readonly pid: number;
  /** Asks it to end and waits; after 20 s it is killed. */
  stop(): Promise<void>;
}

/** A child together with what its announcing line said. */
export interface Announced<T> extends Child {
  readonly said: T;
}

/** This program, for children that are baselines or take a measurement by themselves. */
export const benchProgram = path.join(path.dirname(processEntry("roomProcess")), "bench.js");

const stopBudgetMs = 20_000;

/**
 * Starts `node …args` and waits for the line of its output that `read` makes something of.
 * @throws Error with the end of its output when it ends before.
 */
export async function startChild<T>(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  read: (line: string) => T | undefined,
): Promise<Announced<T>> {
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const { pid, stdout, stderr } = child;
  if (pid === undefined) throw new Error("node could not be started");
  // Should we end without having stopped it.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  const output: string[] = [];
  stderr.setEncoding("utf8").on("data", (text: string) => output.push(text));
  const said = await new Promise<T>((resolve, reject) => {
    createInterface({ input: stdout }).on("line", (line) => {
      const found = read(line);
      if (found !== undefined) resolve(found);
      else output.push(`${line}\n`);
    });
    child.once("exit", () => reject(new Error(`ended early: ${output.join("").slice(-2000)}`)));
    child.once("error", reject);
  });
  return { pid, said, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopBudgetMs);
  await ended.finally(() => clearTimeout(timer));
}

/** What a child may see of our environment: none of the operator's settings. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, NODE_ENV } = process.env;
  const wanted = { PATH, HOME, TMPDIR, NODE_ENV };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
}
