import pg from "pg";
import { MigrationError } from "../errors.ts";
import type { BackupHeader, TableHeader } from "./format.ts";

/** What the database says about itself; all within the caller's transaction. */
interface TableRow {
  name: string;
  columns: string[];
  /** Tables its foreign keys refer to. */
  parents: string[];
}

const tablesQuery = `
  SELECT c.relname AS name,
         (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
         ARRAY(SELECT DISTINCT p.relname::text FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid
           WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid) AS parents
    FROM pg_class c
   WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
   ORDER BY c.relname`;

const migrationsTable = "schema_migrations";

/**
 * Not copied: the applied migrations are described by the header, the numbers of transactions mean nothing in another
 * database, what nodes have told of themselves is of the nodes that were, and what a provider said of its rate and when people
 * are compared next are of the moment.
 */
const leftOut: ReadonlySet<string> = new Set([
  migrationsTable,
  "commit_log",
  "nodes",
  "node_minutes",
  "call_minutes",
  "user_minutes",
  "figures_told",
  "breaker_resets",
  "provider_rates",
  "matching_schedule",
]);

/** Filled by migrations: rows in them alone are no data of anybody's. */
export const seeded: ReadonlySet<string> = new Set(["interests"]);

/** Our tables with their row counts, parents before the tables that refer to them. */
export async function describeTables(client: pg.Client): Promise<TableHeader[]> {
  const { rows } = await client.query<TableRow>(tablesQuery);
  const tables = inLoadOrder(rows.filter(({ name }) => !leftOut.has(name)));
  const described: TableHeader[] = [];
  for (const { name, columns } of tables) {
    described.push({ name, columns, rows: await countRows(client, name) });
  }
  return described;
}

/** Rows of a table, in the caller's snapshot. */
export async function countRows(client: pg.Client, table: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `SELECT count(*) AS count FROM ${pg.escapeIdentifier(table)}`,
  );
  return Number(rows[0]?.count);
}

/** The migrations the database has seen; empty for a database that is not ours yet. */
export async function appliedMigrations(client: pg.Client): Promise<BackupHeader["migrations"]> {
  const { rows } = await client.query<{ found: string | null }>(
    `SELECT to_regclass('${migrationsTable}')::text AS found`,
  );
  if (!rows[0]?.found) return [];
  const applied = await client.query<{ name: string; checksum: string }>(
    `SELECT name, checksum FROM ${migrationsTable} ORDER BY name`,
  );
  return applied.rows;
}

/** Drops everything the migrations made, and nothing that belongs to an extension. */
export async function dropEverything(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(`
    SELECT format('DROP TABLE %s CASCADE', c.oid::regclass) AS statement FROM pg_class c
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    UNION ALL
    SELECT format('DROP ROUTINE %s CASCADE', p.oid::regprocedure) FROM pg_proc p
     WHERE p.pronamespace = current_schema()::regnamespace
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`);
  for (const { statement } of rows) await client.query(statement);
}

function inLoadOrder(tables: readonly TableRow[]): TableRow[] {
  const ordered: TableRow[] = [];
  const waiting = new Set(tables);
  while (waiting.size > 0) {
    const names = new Set([...waiting].map((table) => table.name));
    const ready = [...waiting].filter((table) => !table.parents.some((name) => names.has(name)));
    if (ready.length === 0)
      throw new MigrationError(`tables refer to each other in a circle: ${[...names].join(", ")}`);
    for (const table of ready) waiting.delete(table);
    ordered.push(...ready);
  }
  return ordered;
}
