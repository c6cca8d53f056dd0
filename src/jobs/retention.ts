import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { type Database, statement } from "../db/port.ts";
import { closeSilentSessions } from "../meetings/webrtc/sessions.ts";
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

/** A client that was away for longer does not ask what became of its mutations. */
const removeOldMutations = statement(
  "retention.clientMutations",
  `DELETE FROM client_mutations WHERE ctid IN (
     SELECT ctid FROM client_mutations WHERE at < app_now() - interval '14 days' LIMIT ${batch})`,
);

/** A repeat of what a provider told is known for a month. */
const removeOldNotices = statement(
  "retention.notices",
  `DELETE FROM provider_notices WHERE id IN (
     SELECT id FROM provider_notices WHERE received_at < app_now() - interval '30 days' LIMIT ${batch})`,
);

/** Nobody has been in that room for long. */
const removeOldSessions = statement(
  "retention.providerSessions",
  `DELETE FROM provider_sessions WHERE ctid IN (
     SELECT ctid FROM provider_sessions WHERE NOT is_in AND said_at < app_now() - interval '30 days' LIMIT ${batch})`,
);

/** What was told long ago, or could not be; with its deliveries. */
const removeOldWebhooks = statement(
  "retention.webhooks",
  `DELETE FROM webhook_events WHERE id IN (
     SELECT id FROM webhook_events WHERE created_at < app_now() - interval '30 days'
     ORDER BY created_at LIMIT ${batch})`,
);

/** Given up minutes ago. */
const removeOldSignals = statement(
  "retention.signals",
  `DELETE FROM webrtc_signals WHERE id IN (
     SELECT id FROM webrtc_signals WHERE created_at < app_now() - interval '5 minutes' LIMIT ${batch})`,
);

/** With their reports. */
const removeOldPeers = statement(
  "retention.peerSessions",
  `DELETE FROM webrtc_sessions WHERE id IN (
     SELECT id FROM webrtc_sessions WHERE state = 'closed' AND updated_at < app_now() - interval '1 day' LIMIT ${batch})`,
);

/** Removes rows nobody will read again. @returns how many of the kind went of which most did */
export function removeOldRows(db: Database): Promise<number> {
  return db.transaction(async (tx) =>
    Math.max(
      await tx.run(removeOldCommits),
      await tx.run(removeOldCalls),
      await tx.run(removeOldMutations),
      await tx.run(removeOldNotices),
      await tx.run(removeOldSessions),
      await tx.run(removeOldWebhooks),
      await tx.run(removeOldSignals),
      await tx.run(removeOldPeers),
    ),
  );
}

/** Keeps the tables that only grow from growing; on every node, a batch at a time. */
export function startRetentionLoop(services: { db: Database; clock: Clock; log: Log }): Loop {
  const { db, clock, log } = services;
  const work = async () => {
    const silent = await closeSilentSessions(db, batch);
    return Math.max(silent, await removeOldRows(db)) === batch;
  };
  return startLoop({ name: "retention", idleMs, clock, log, work });
}
