import { mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { isRunning } from "../../acceptance/support/processes.ts";
import { endDaemons, isCephInstalled, startGateway } from "./ceph.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Address of Ceph's gateway; empty where it is not installed. */
    s3Endpoint: string;
  }
}

const prefix = "connvo-s3-";

/** One gateway for the whole run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandoned();
  if (!isCephInstalled()) {
    project.provide("s3Endpoint", "");
    return async () => undefined;
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), `${prefix}${process.pid}-`));
  const end = async () => {
    await endDaemons(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    project.provide("s3Endpoint", await startGateway(folder));
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

/** What a killed run left behind: the daemons outlive it. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(os.tmpdir())) {
    const pid = Number(/^connvo-s3-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || (await isRunning(pid))) continue;
    const folder = path.join(os.tmpdir(), name);
    await endDaemons(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
