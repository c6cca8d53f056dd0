import { execFile } from "node:child_process";
import { chown, lchown, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { isMissing } from "../../core/errorCode.ts";
import { syncFolder } from "../../files/durable.ts";
import { EmbeddedPostgresError } from "../errors.ts";
import type { Account, Ids } from "./account.ts";

const run = promisify(execFile);

/** Major version the binaries have; a data folder of another one cannot be opened. */
const majorVersion = "18";

export interface ClusterOptions {
  readonly dataDir: string;
  readonly initdb: string;
  readonly account: Account;
  readonly env: NodeJS.ProcessEnv;
}

/** Owner of an existing data folder. */
export async function clusterOwner(dataDir: string): Promise<Ids | undefined> {
  const info = await stat(path.join(dataDir, "PG_VERSION")).catch(() => undefined);
  return info && { uid: info.uid, gid: info.gid };
}

/**
 * Makes the data folder when there is none; several processes may do so at once.
 * @throws EmbeddedPostgresError when the folder holds something else, or a database of another major version.
 */
export async function ensureCluster(options: ClusterOptions): Promise<void> {
  await removeAbandoned(options.dataDir);
  const version = await readVersion(options.dataDir);
  if (version === undefined) return createCluster(options);
  if (version !== majorVersion)
    throw new EmbeddedPostgresError(
      `${options.dataDir} was made by PostgreSQL ${version}, this is ${majorVersion}; restore a backup into a new folder`,
    );
}

/** Gives all files of the data folder to the account PostgreSQL runs as; only while no postmaster runs. */
export async function ensureOwner(dataDir: string, account: Account): Promise<void> {
  const { owner } = account;
  const current = await clusterOwner(dataDir);
  if (!owner || !current || (current.uid === owner.uid && current.gid === owner.gid)) return;
  const entries = await readdir(dataDir, { recursive: true });
  for (const entry of entries) await lchown(path.join(dataDir, entry), owner.uid, owner.gid);
  await chown(dataDir, owner.uid, owner.gid);
}

async function readVersion(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(path.join(dataDir, "PG_VERSION"), "utf8")).trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new EmbeddedPostgresError(`${dataDir} cannot be read`, error);
  }
}

/** Made beside and renamed, so that a killed initdb leaves no half database behind. */
async function createCluster(options: ClusterOptions): Promise<void> {
  const { dataDir, account } = options;
  const present = await readdir(dataDir).catch(() => []);
  if (present.length > 0)
    throw new EmbeddedPostgresError(`${dataDir} is not empty and not a database`);
  const fresh = await mkdtemp(`${dataDir}.initdb-`);
  try {
    if (account.owner) await chown(fresh, account.owner.uid, account.owner.gid);
    await initialise(options, fresh);
    await moveInto(fresh, dataDir);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Sorting and case are PostgreSQL's own: no upgrade of the system's libraries can make an index wrong. */
const locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];

async function initialise({ initdb, account, env }: ClusterOptions, folder: string): Promise<void> {
  const args = ["-D", folder, "-E", "UTF8", "--auth=trust", "-U", "postgres"];
  const {
    file,
    args: argv,
    ...ids
  } = account.command(initdb, [...args, ...locale, "--data-checksums"]);
  try {
    await run(file, argv, { cwd: "/", env, ...ids });
  } catch (error) {
    throw new EmbeddedPostgresError(`initdb failed: ${lastLine(error)}`, error);
  }
}

async function moveInto(fresh: string, dataDir: string): Promise<void> {
  try {
    await rename(fresh, dataDir);
  } catch (error) {
    // Another process was faster.
    if ((await readVersion(dataDir)) !== majorVersion)
      throw new EmbeddedPostgresError(`${dataDir} cannot be made`, error);
  }
  await syncFolder(path.dirname(dataDir));
}

/** Removes what an initdb killed more than ten minutes ago left behind. */
async function removeAbandoned(dataDir: string): Promise<void> {
  const parent = path.dirname(dataDir);
  const prefix = `${path.basename(dataDir)}.initdb-`;
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const info = await stat(path.join(parent, name)).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > 600_000)
      await rm(path.join(parent, name), { recursive: true, force: true });
  }
}

/** The last line a failed program wrote: what it gave as its reason. */
function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  const text = stderr?.trim() || message || String(error);
  return text.split("\n").at(-1) ?? text;
}
