import { writeFile } from "node:fs/promises";
import path from "node:path";
import pg from "pg";

/** More of a table is no help to anybody. */
const dumpedRows = 1000;
/** For one statement, ms: the server may be stopped. */
const answerMs = 10_000;

/** Writes all tables of a database into `folder`, one line of JSON a row. */
export async function dumpTables(connection: pg.ClientConfig, folder: string): Promise<void> {
  const limits = { connectionTimeoutMillis: answerMs, query_timeout: answerMs };
  const client = new pg.Client({ ...connection, ...limits });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    );
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(
        `SELECT row_to_json(t)::text AS row FROM ${pg.escapeIdentifier(name)} t LIMIT ${dumpedRows}`,
      );
      await writeFile(path.join(folder, `${name}.jsonl`), rows.map(({ row }) => row).join("\n"));
    }
  } finally {
    await client.end();
  }
}
