import { execFile } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { killAll, processesOf } from "./processes.ts";
import { folderPrefix } from "./site.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The built server's program. */
    serverProgram: string;
  }
}

const root = path.resolve(import.meta.dirname, "../../..");

/** Builds the server; `CONNVO_TEST_PROGRAM` names another one to test, which is then taken as it is. */
export async function setup(project: TestProject): Promise<void> {
  await removeAbandoned();
  const given = process.env["CONNVO_TEST_PROGRAM"];
  if (given === undefined)
    await promisify(execFile)(process.execPath, [path.join(root, "scripts/build.mjs")]);
  project.provide("serverProgram", given ?? path.join(root, "dist/main.js"));
}

/** What a killed run left behind: rooms and databases outlive their server by design. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(os.tmpdir())) {
    if (!name.startsWith(folderPrefix)) continue;
    const pid = Number(name.slice(folderPrefix.length).split("-")[0]);
    if (isRunning(pid)) continue;
    const folder = path.join(os.tmpdir(), name);
    await killAll(await processesOf(path.join(folder, "data")));
    await rm(folder, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
