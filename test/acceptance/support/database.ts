import { readFile } from "node:fs/promises";
import path from "node:path";
import pg from "pg";

/** Where the embedded database of a data folder listens; `host` is the folder of its Unix socket. */
export async function socketOf(dataDir: string): Promise<{ host: string; port: number }> {
  // Of the postmaster's lock file, the fourth line is the port and the fifth the folder of its socket.
  const lock = await readFile(path.join(dataDir, "postgres/postmaster.pid"), "utf8");
  const [, , , port, host] = lock.split("\n");
  return { host: host ?? "", port: Number(port) };
}

/** Rows from the embedded database of a data folder, as an operator would look at them with psql. */
export async function rowsOf<T extends pg.QueryResultRow>(
  dataDir: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<T[]> {
  const client = new pg.Client(await connectionOf(dataDir));
  await client.connect();
  try {
    const { rows } = await client.query<T>(sql, [...values]);
    return rows;
  } finally {
    await client.end();
  }
}

/** How to connect to the embedded database of a data folder. */
export async function connectionOf(dataDir: string) {
  const { host, port } = await socketOf(dataDir);
  return { host, port, user: "postgres", database: "connvo" };
}
