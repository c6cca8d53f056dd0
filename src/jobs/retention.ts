import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { type Database, statement } from "../db/port.ts";
import { closeSilentSessions } from "../meetings/webrtc/sessions.ts";
import { removeOverSubscriptions } from "../subscriptions/store.ts";
import { type Loop, startLoop } from "./loop.ts";
import { sealOldAnswers } from "./sealOldAnswers.ts";

/** Rows removed in one transaction: small enough to hold nobody up. */
const batch = 1_000;
const idleMs = 60_000;

/** Removes at most a batch of the rows of a table that are old. */
const removal = (name: string, table: string, isOld: string) =>
  statement(
    `retention.${name}`,
    `DELETE FROM ${table} WHERE ctid IN (SELECT ctid FROM ${table} WHERE ${isOld} LIMIT ${batch})`,
  );

const before = (column: string, age: string) => `${column} < app_now() - interval '${age}'`;

const removals = [
  // Whoever follows commits reads them within seconds; an hour outlasts every restart.
  removal("commits", "commit_log", before("at", "1 hour")),
  // Windows of limits are a minute long.
  removal("limitedCalls", "limited_calls", before("at", "10 minutes")),
  // A client that was away for longer does not ask what became of its mutations.
  removal("clientMutations", "client_mutations", before("at", "14 days")),
  // A repeat of what a provider told is known for a month.
  removal("notices", "provider_notices", before("received_at", "30 days")),
  // Nobody has been in that room for long.
  removal("providerSessions", "provider_sessions", `NOT is_in AND ${before("said_at", "30 days")}`),
  // What was told long ago, or could not be; with its deliveries.
  removal("webhooks", "webhook_events", before("created_at", "30 days")),
  // A day of figures can be asked for.
  removal("nodeMinutes", "node_minutes", before("minute", "25 hours")),
  removal("callMinutes", "call_minutes", before("minute", "25 hours")),
  // People are told of the present minute alone.
  removal("userMinutes", "user_minutes", before("minute", "10 minutes")),
  // Words that somebody was saying who never finished.
  removal("guesses", "transcripts", `is_interim AND ${before("created_at", "2 minutes")}`),
  // Ended without saying so.
  removal("nodes", "nodes", before("seen_at", "1 hour")),
  // Given up minutes ago.
  removal("signals", "webrtc_signals", before("created_at", "5 minutes")),
  // Whoever was away for longer has given up what they typed; what was carried out is not asked for again.
  removal("noteQueue", "note_queue", before("queued_at", "30 days")),
  removal("notesSynced", "note_queue", `status = 'synced' AND ${before("queued_at", "7 days")}`),
  removal("noteCheckpoints", "note_checkpoints", before("created_at", "30 days")),
  // With their reports.
  removal(
    "peerSessions",
    "webrtc_sessions",
    `state = 'closed' AND ${before("updated_at", "1 day")}`,
  ),
];

/** Removes rows nobody will read again. @returns how many of the kind went of which most did */
export function removeOldRows(db: Database): Promise<number> {
  return db.transaction(async (tx) => {
    let most = 0;
    for (const remove of removals) most = Math.max(most, await tx.run(remove));
    return most;
  });
}

/** Keeps the tables that only grow from growing; on every node, a batch at a time. */
export function startRetentionLoop(services: { db: Database; clock: Clock; log: Log }): Loop {
  const { db, clock, log } = services;
  const work = async () => {
    const silent = await closeSilentSessions(db, batch);
    const over = await removeOverSubscriptions(db, batch);
    const sealed = await sealOldAnswers(db, batch);
    return Math.max(silent, over, sealed, await removeOldRows(db)) === batch;
  };
  return startLoop({ name: "retention", idleMs, clock, log, work });
}
