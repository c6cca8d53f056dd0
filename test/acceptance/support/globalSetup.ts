import { execFile } from "node:child_process";
import { mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import type { TlsPair } from "../../../src/http/tls.ts";
import { createAuthority } from "../../support/certificates.ts";
import { killAll, processesOf } from "./processes.ts";
import { startServer } from "./server.ts";
import { folderPrefix } from "./site.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The built server's program. */
    serverProgram: string;
    /** Database folder of a server that was started once and stopped. */
    usedDatabase: string;
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
  const program = given ?? path.join(root, "dist/main.js");
  project.provide("serverProgram", program);
  const [database, authority] = [await useOnce(program), await trustCertificates(project)];
  project.provide("usedDatabase", database.folder);
  return async () => {
    await authority();
    await database.remove();
  };
}

/** Starts the server on nothing and stops it: its database is what the sites of the tests begin with. */
async function useOnce(program: string) {
  const parent = await mkdtemp(
    path.join(await realpath(os.tmpdir()), `${folderPrefix}${process.pid}-`),
  );
  const dataDir = path.join(parent, "data");
  const server = await startServer({ program, dataDir });
  await server.stop();
  await killAll(await processesOf(dataDir));
  return {
    folder: path.join(dataDir, "postgres"),
    remove: () => rm(parent, { recursive: true, force: true, maxRetries: 5 }),
  };
}

const key = Symbol.for("connvo.authority");
const shared = globalThis as unknown as { [key]?: Promise<Trusted> };

interface Trusted {
  pairs: readonly [TlsPair, TlsPair];
  /** PEM of the authority. */
  file: string;
}

/** Node trusts one file of authorities, read when it starts: all projects of a run share one authority. */
async function trustCertificates(project: TestProject): Promise<() => Promise<void>> {
  shared[key] ??= newAuthority();
  const { pairs, file } = await shared[key];
  project.provide("certificates", pairs);
  // The workers that run the tests are started after this.
  process.env["NODE_EXTRA_CA_CERTS"] = file;
  return () => rm(path.dirname(file), { recursive: true, force: true });
}

async function newAuthority(): Promise<Trusted> {
  const authority = createAuthority();
  const request = { hosts: ["localhost", "127.0.0.1"] };
  const folder = await mkdtemp(path.join(os.tmpdir(), "connvo-authority-"));
  const file = path.join(folder, "authority.pem");
  await writeFile(file, authority.cert);
  return { pairs: [authority.issue(request), authority.issue(request)], file };
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
