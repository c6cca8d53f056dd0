import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import type { SocketConnection } from "../../../src/db/embedded.ts";
import { openDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/port.ts";

/** An isolated, migrated database of one test file. */
export interface TestDatabase {
  readonly db: Database;
  /** For opening further pools on it: another node, another process. */
  readonly connection: SocketConnection;
  /** The same as a `postgres://` URL, for `DATABASE_URL` of a child process. */
  readonly url: string;
  /** Runs any SQL outside of the pool under test; `timestamptz` arrives as Date, `int8` as string. */
  sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Moves `app_now()` forward by `ms`, on top of earlier moves; for every connection at once. */
  advanceTime(ms: number): Promise<void>;
  /** Closes the pool and drops the database. */
  close(): Promise<void>;
}

/** Copies the migrated template: call once per test file, in `beforeAll`. */
export async function testDatabase(): Promise<TestDatabase> {
  const template = inject("templateDatabase");
  const connection = { ...template, database: `test_${randomBytes(6).toString("hex")}` };
  await administer(
    template,
    `CREATE DATABASE ${connection.database} TEMPLATE ${template.database}`,
  );
  const db = await openDatabase({ connection, poolSize: 8, namedStatements: true, log: silentLog });
  const admin = new pg.Pool({ ...connection, max: 2 });
  admin.on("error", () => undefined);
  let offsetMs = 0;
  return {
    db,
    connection,
    url: urlOf(connection),
    sql: async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
      (await admin.query<Row>(text, values)).rows,
    advanceTime: async (ms) => {
      offsetMs += ms;
      await admin.query(nowWithOffset(offsetMs));
    },
    close: async () => {
      await Promise.all([db.close(), admin.end()]);
      await administer(template, `DROP DATABASE ${connection.database} WITH (FORCE)`);
    },
  };
}

function urlOf({ host, port, user, database }: SocketConnection): string {
  return `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}&port=${port}`;
}

const nowWithOffset = (ms: number) =>
  `CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql VOLATILE
   AS 'SELECT clock_timestamp() + interval ''${Math.round(ms)} milliseconds'''`;

async function administer(template: SocketConnection, sql: string): Promise<void> {
  const client = new pg.Client({ ...template, database: "postgres" });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}
