import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { type Database, statement } from "../db/port.ts";
import { type Loop, startLoop } from "./loop.ts";

/** Rows removed in one transaction: small enough to hold nobody up. */
const batch = 1_000;
const idleMs = 60_000;

/** Whoever follows commits reads them within seconds; an hour outlasts every restart. */
const removeOldCommits = statement(
  "retention.commits",
  `DELETE FROM commit_log WHERE id IN (
     SELECT id FROM commit_log WHERE at < app_now() - interval '1 hour' ORDER BY at LIMIT ${batch})`,
);

/** Windows of limits are a minute long. */
const removeOldCalls = statement(
  "retention.limitedCalls",
  `DELETE FROM limited_calls WHERE ctid IN (
     SELECT ctid FROM limited_calls WHERE at < app_now() - interval '10 minutes' LIMIT ${batch})`,
);

/** Removes rows nobody will read again. @returns how many of the larger kind went */
export function removeOldRows(db: Database): Promise<number> {
  return db.transaction(async (tx) =>
    Math.max(await tx.run(removeOldCommits), await tx.run(removeOldCalls)),
  );
}

/** Keeps the tables that only grow from growing; on every node, a batch at a time. */
export function startRetentionLoop(services: { db: Database; clock: Clock; log: Log }): Loop {
  const { db, clock, log } = services;
  const work = async () => (await removeOldRows(db)) === batch;
  return startLoop({ name: "retention", idleMs, clock, log, work });
}
