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

/** What all projects of a run share, made by the first and removed with the last that uses it. */
interface Shared {
  program: string;
  database: { folder: string; remove(): Promise<void> };
  trusted: Trusted;
  users: number;
}

const key = Symbol.for("connvo.acceptance");
const run = globalThis as unknown as { [key]?: Promise<Shared> };

/** Builds the server; `CONNVO_TEST_PROGRAM` names another one to test, which is then taken as it is. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  run[key] ??= prepare();
  const shared = await run[key];
  shared.users++;
  project.provide("serverProgram", shared.program);
  project.provide("usedDatabase", shared.database.folder);
  project.provide("certificates", shared.trusted.pairs);
  // Node trusts one file of authorities, read when it starts; the workers that run the tests are started after this.
  process.env["NODE_EXTRA_CA_CERTS"] = shared.trusted.file;
  return async () => {
    shared.users--;
    if (shared.users > 0) return;
    delete run[key];
    await rm(path.dirname(shared.trusted.file), { recursive: true, force: true });
    await shared.database.remove();
  };
}

async function prepare(): Promise<Shared> {
  await removeAbandoned();
  const given = process.env["CONNVO_TEST_PROGRAM"];
  if (given === undefined)
    await promisify(execFile)(process.execPath, [path.join(root, "scripts/build.mjs")]);
  const program = given ?? path.join(root, "dist/main.js");
  return {
    program,
    database: await usedDatabase(program),
    trusted: await newAuthority(),
    users: 0,
  };
}

/** Starts the server on nothing and stops it: its database is what the sites of the tests begin with. */
async function usedDatabase(program: string) {
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

interface Trusted {
  pairs: readonly [TlsPair, TlsPair];
  /** PEM of the authority. */
  file: string;
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
