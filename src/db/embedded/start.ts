import { mkdir, realpath, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { EmbeddedPostgresError } from "../errors.ts";
import { type Account, type AccountSystem, chooseAccount } from "./account.ts";
import { clusterOwner, ensureCluster } from "./cluster.ts";
import type { EmbeddedPostgres } from "./embeddedPostgres.ts";
import { findInstallation, type Installation, linkLibraries } from "./installation.ts";
import { ensureSocketDir, socketDirOf } from "./socketDir.ts";
import { Supervisor } from "./supervisor.ts";

export type { EmbeddedPostgres, SocketConnection } from "./embeddedPostgres.ts";

export interface EmbeddedOptions {
  /** Folder of the database files, e.g. `<CONNVO_DATA_DIR>/postgres`; made when absent. */
  readonly dataDir: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Ends the start when it aborts: a database that replays its log may take minutes. */
  readonly stopWanted?: AbortSignal | undefined;
  /** Finds the entry file of a package; default: as Node does. */
  readonly resolvePackage?: (name: string) => string;
  /** What the operating system allows; default: asked. */
  readonly accountSystem?: AccountSystem;
}

/**
 * Runs PostgreSQL from the npm packages over `dataDir`, or adopts the one already running there, and keeps it running:
 * a postmaster that dies is started again. It outlives a killed server process.
 * @throws EmbeddedPostgresError where it cannot run, saying why and naming DATABASE_URL.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { log, clock } = options;
  const dataDir = await canonical(options.dataDir);
  const installation = await findInstallation(options.resolvePackage);
  const socketDir = socketDirOf(dataDir);
  const account = await accountFor(options, dataDir, socketDir, installation);
  try {
    await ensureSocketDir(socketDir, account);
    const env = await environment(installation, socketDir);
    await ensureCluster({ dataDir, initdb: installation.initdb, account, env });
    log.debug({ dataDir, account: account.kind }, "embedded PostgreSQL starting");
    const { postgres } = installation;
    options.stopWanted?.throwIfAborted();
    const supervisor = new Supervisor({ dataDir, socketDir, postgres, account, env, log, clock });
    return await supervisor.start(options.stopWanted);
  } catch (error) {
    // Only when it is empty: another process may be using it.
    await rmdir(socketDir).catch(() => undefined);
    throw error;
  }
}

/** The same folder has one name, so that all processes find the same socket. */
async function canonical(dataDir: string): Promise<string> {
  const parent = path.dirname(path.resolve(dataDir));
  // Others may pass through but not look: PostgreSQL's account has to reach the folder inside.
  try {
    await mkdir(parent, { recursive: true, mode: 0o711 });
    return path.join(await realpath(parent), path.basename(dataDir));
  } catch (error) {
    throw new EmbeddedPostgresError(`${parent} cannot be made`, error);
  }
}

async function accountFor(
  options: EmbeddedOptions,
  dataDir: string,
  socketDir: string,
  installation: Installation,
): Promise<Account> {
  const request = {
    uid: process.getuid?.() ?? 0,
    paths: [dataDir, await realpath(installation.postgres), socketDir],
    currentOwner: await clusterOwner(dataDir),
  };
  return chooseAccount(request, options.accountSystem);
}

/** Nothing of ours is passed on: no secret of the server can show up in the database's process. */
async function environment(
  installation: Installation,
  socketDir: string,
): Promise<NodeJS.ProcessEnv> {
  const base = { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
  if (installation.missingLinks.length === 0) return base;
  const folder = path.join(socketDir, "lib");
  await rm(folder, { recursive: true, force: true });
  await linkLibraries(installation.missingLinks, folder);
  // The libraries look for each other beside themselves, which a link hides: so both folders.
  const libraries = path.join(installation.root, "native", "lib");
  return { ...base, LD_LIBRARY_PATH: `${folder}:${libraries}` };
}
