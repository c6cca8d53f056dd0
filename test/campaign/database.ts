import { randomBytes } from "node:crypto";
import pg from "pg";
import { silentLog } from "../../src/core/log.ts";
import type { SocketConnection } from "../../src/db/embedded/start.ts";
import { openDatabase } from "../../src/db/pool.ts";
import type { Database } from "../../src/db/port.ts";

export type TestSql = <Row extends pg.QueryResultRow>(
  text: string,
  values?: unknown[],
) => Promise<Row[]>;

/** A database whose clock says what it is told; one for all schedules of a process. */
export interface CampaignDatabase {
  db: Database;
  sql: TestSql;
  /** Leaves nothing of the schedule before. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

const clock = `CREATE SEQUENCE campaign_clock MAXVALUE 9000000000000000;
  CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT to_timestamp(last_value / 1000.0) FROM campaign_clock'`;

const tables = [
  ...["webhook_deliveries", "webhook_events", "webhook_endpoints", "provider_files"],
  ...["match_people", "matches", "matching_queue", "provider_rates"],
  ...["provider_notices", "provider_sessions", "renditions", "recordings", "meeting_removals"],
  ...["meeting_events", "audit_logs", "limited_calls", "meeting_invites", "insight_jobs"],
  ...["embedding_jobs", "embedded_meetings", "embeddings"],
  ...[
    "meeting_participants",
    "meetings",
    "users",
    "organizations",
    "commit_log",
    "storage_uploads",
  ],
];
const clear = tables.map((name) => `DELETE FROM ${name}`).join(";");

/** Copies the migrated template. Close it when done. */
export async function campaignDatabase(template: SocketConnection): Promise<CampaignDatabase> {
  const connection = { ...template, database: `campaign_${randomBytes(6).toString("hex")}` };
  await administer(
    template,
    `CREATE DATABASE ${connection.database} TEMPLATE ${template.database}`,
  );
  // Servers die here, the database does not.
  await administer(template, `ALTER DATABASE ${connection.database} SET synchronous_commit = off`);
  const admin = new pg.Pool({ ...connection, max: 1 });
  admin.on("error", () => undefined);
  await admin.query(clock);
  const db = await openDatabase({ connection, poolSize: 8, namedStatements: true, log: silentLog });
  return {
    db,
    sql: async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
      (await admin.query<Row>(text, values)).rows,
    clear: async () => {
      await admin.query(clear);
    },
    close: async () => {
      await Promise.all([db.close(), admin.end()]);
      await administer(template, `DROP DATABASE ${connection.database} WITH (FORCE)`);
    },
  };
}

async function administer(template: SocketConnection, sql: string): Promise<void> {
  const client = new pg.Client({ ...template, database: "postgres" });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}
