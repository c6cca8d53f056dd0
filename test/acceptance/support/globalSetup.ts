import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import type { TlsPair } from "../../../src/http/tls.ts";
import { createAuthority } from "../../support/certificates.ts";
import { killAll, processesOf } from "./processes.ts";
import { folderPrefix } from "./site.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The built server's program. */
    serverProgram: string;
    /** Two certificates for this machine, of an authority that the tests' own clients trust. */
    certificates: readonly [TlsPair, TlsPair];
  }
}

const root = path.resolve(import.meta.dirname, "../../..");

/** Builds the server; `CONNVO_TEST_PROGRAM` names another one to test, which is then taken as it is. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandoned();
  const given = process.env["CONNVO_TEST_PROGRAM"];
  if (given === undefined)
    await promisify(execFile)(process.execPath, [path.join(root, "scripts/build.mjs")]);
  project.provide("serverProgram", given ?? path.join(root, "dist/main.js"));
  return trustCertificates(project);
}

/**
 * Node reads the trusted authorities when it starts: the workers that run the tests are started after this. Those trusted
 * already stay so: another project of the same run may have an authority too.
 */
async function trustCertificates(project: TestProject): Promise<() => Promise<void>> {
  const authority = createAuthority();
  const request = { hosts: ["localhost", "127.0.0.1"] };
  project.provide("certificates", [authority.issue(request), authority.issue(request)]);
  const folder = await mkdtemp(path.join(os.tmpdir(), "connvo-authority-"));
  const file = path.join(folder, "authority.pem");
  const trusted = process.env["NODE_EXTRA_CA_CERTS"];
  const others = trusted === undefined ? "" : await readFile(trusted, "utf8");
  await writeFile(file, `${others}\n${authority.cert}`);
  process.env["NODE_EXTRA_CA_CERTS"] = file;
  return () => rm(folder, { recursive: true });
}

/** What a killed run left behind: rooms and databases outlive their server by design. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(os.tmpdir())) {
    if (!name.startsWith(folderPrefix)) continue;
    const pid = Number(name.slice(folderPrefix.length).split("-")[0]);
    if (isRunning(pid)) continue;
    const folder = path.join(os.tmpdir(), name);
    await killAll(await processesOf(path.join(folder, "data")));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
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
