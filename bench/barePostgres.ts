import { once } from "node:events";
import { realpath } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { chooseAccount } from "../src/db/embedded/account.ts";
import { clusterOwner, ensureCluster } from "../src/db/embedded/cluster.ts";
import { findInstallation } from "../src/db/embedded/installation.ts";
import { type PostmasterOptions, spawnPostmaster } from "../src/db/embedded/postmaster.ts";
import { ensureSocketDir, socketDirOf } from "../src/db/embedded/socketDir.ts";

/** The same PostgreSQL with the same settings, started by hand: nobody watches it. */
export interface BarePostgres {
  readonly pid: number;
  readonly connection: { host: string; port: number; user: string; database: string };
  /** Fast shutdown. */
  stop(): Promise<void>;
}

/** Starts it over `dataDir`, after initdb when that is empty; resolves once it answers. */
export async function startBarePostgres(dataDir: string): Promise<BarePostgres> {
  const options = await settle(dataDir);
  await ensureSocketDir(options.socketDir, options.account);
  await ensureCluster(options);
  const child = await spawnPostmaster(options);
  child.ref();
  const { pid } = child;
  if (pid === undefined) throw new Error("postgres cannot be executed");
  const ended = once(child, "exit");
  ended.catch(() => undefined);
  const user = "postgres";
  const connection = { host: options.socketDir, port: 5432, user, database: user };
  await answering(connection);
  const stop = async () => {
    child.kill("SIGINT");
    await ended;
  };
  return { pid, connection, stop };
}

async function settle(dataDir: string): Promise<PostmasterOptions & { initdb: string }> {
  const { initdb, postgres } = await findInstallation();
  const socketDir = socketDirOf(dataDir);
  const account = await chooseAccount({
    uid: process.getuid?.() ?? 0,
    paths: [dataDir, await realpath(postgres), socketDir],
    currentOwner: await clusterOwner(dataDir),
  });
  const env = { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
  return { dataDir, socketDir, initdb, postgres, account, env };
}

async function answering(connection: pg.ClientConfig): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client(connection);
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      await client.end().catch(() => undefined);
      if (attempt === 5000) throw error;
      await sleep(5);
    }
  }
}
