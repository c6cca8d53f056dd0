import { randomBytes } from "node:crypto";
import pg from "pg";
import { expect, inject, onTestFinished, vi } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import type { SocketConnection } from "../../../src/db/embedded/start.ts";
import { openDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/port.ts";
import { dumpTables } from "../../support/evidence/dumpTables.ts";
import { addEvidence } from "../../support/evidence/scope.ts";
import { patience } from "../../support/patience.ts";

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
  /** From now on `app_now()` moves by `advanceTime` alone, until the test is over: nothing becomes due by itself. */
  stopTime(): Promise<void>;
  /** Closes the pool. Resolves once the server has let go of its connections too, which takes a moment. */
  closePool(): Promise<void>;
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
  addEvidence({
    name: connection.database,
    collect: (folder) => dumpTables(connection, folder),
  });
  let offsetMs = 0;
  let stoppedAt: number | undefined;
  const tellTime = () => {
    const now = stoppedAt === undefined ? "clock_timestamp()" : `to_timestamp(${stoppedAt / 1000})`;
    return admin.query(nowWithOffset(now, offsetMs));
  };
  const sql = async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
    (await admin.query<Row>(text, values)).rows;
  return {
    db,
    connection,
    url: urlOf(connection),
    sql,
    advanceTime: async (ms) => {
      offsetMs += ms;
      await tellTime();
    },
    stopTime: async () => {
      stoppedAt = Date.now();
      await tellTime();
      onTestFinished(async () => {
        stoppedAt = undefined;
        await tellTime();
      });
    },
    closePool: async () => {
      await db.close();
      await vi.waitFor(async () => expect(await sql(others)).toEqual([]), patience);
    },
    close: async () => {
      await Promise.all([db.close(), admin.end()]);
      await administer(template, `DROP DATABASE ${connection.database} WITH (FORCE)`);
    },
  };
}

const others = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'connvo'`;

function urlOf({ host, port, user, database }: SocketConnection): string {
  return `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}&port=${port}`;
}

const nowWithOffset = (now: string, ms: number) =>
  `CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql VOLATILE
   AS 'SELECT ${now} + interval ''${Math.round(ms)} milliseconds'''`;

async function administer(template: SocketConnection, sql: string): Promise<void> {
  const client = new pg.Client({ ...template, database: "postgres" });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}
