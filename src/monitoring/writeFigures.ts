import { type Database, DatabaseUnavailableError, statement, type Tx } from "../db/port.ts";
import type { BreakerStatus } from "../video/port.ts";
import type { FollowedTotals, MinuteGrowth, NodeFigures } from "./nodeFigures.ts";

/** What live queries of figures depend on. */
type FiguresKey = "figures:nodes" | "figures:day";

/** What is so on a node now. */
export interface NodeGauges {
  /** Live clients, what they watch together, and how many different queries that is. */
  connections: number;
  subscriptions: number;
  queries: number;
  /** Calls under way. */
  calls: number;
  /** Joins and leaves that rooms have told and that are not written yet. */
  presences: number;
  /** Shares of the machine that are taken, 0 to 1. */
  cpu: number;
  memory: number;
}

export interface NodeReport {
  db: Database;
  nodeId: string;
  figures: NodeFigures;
  gauges(): NodeGauges;
  breakers(): BreakerStatus[];
}

/** A crash of the database may lose the last figures. */
const withoutWaiting = statement(
  "figures.withoutWaiting",
  "SELECT set_config('synchronous_commit', 'off', true)",
);

const writeNode = statement<{ now: number }>(
  "figures.writeNode",
  `INSERT INTO nodes (id, gauges, breakers) VALUES ($1, $2::jsonb, $3::jsonb)
   ON CONFLICT (id) DO UPDATE SET seen_at = app_now(), gauges = EXCLUDED.gauges, breakers = EXCLUDED.breakers
   RETURNING seen_at AS now`,
);

const minute = "to_timestamp(r.minute / 1000)";

const writeMinutes = statement(
  "figures.writeMinutes",
  `INSERT INTO node_minutes (minute, node_id, requests, bytes, updates, latencies, examples)
   SELECT ${minute}, $1, r.requests, r.bytes, r.updates, r.latencies, r.examples
   FROM jsonb_to_recordset($2::jsonb) AS r(minute double precision, requests integer, bytes bigint, updates integer,
     latencies integer[], examples jsonb)
   ON CONFLICT (minute, node_id) DO UPDATE SET requests = EXCLUDED.requests, bytes = EXCLUDED.bytes,
     updates = EXCLUDED.updates, latencies = EXCLUDED.latencies, examples = EXCLUDED.examples`,
);

const writeCalls = statement(
  "figures.writeCalls",
  `INSERT INTO call_minutes (minute, node_id, fn, kind, calls, failed, ms, latencies)
   SELECT ${minute}, $1, r.fn, r.kind, r.calls, r.failed, r.ms, r.latencies
   FROM jsonb_to_recordset($2::jsonb) AS r(minute double precision, fn text, kind text, calls integer, failed integer,
     ms double precision, latencies integer[])
   ON CONFLICT (minute, node_id, fn) DO UPDATE SET calls = EXCLUDED.calls, failed = EXCLUDED.failed, ms = EXCLUDED.ms,
     latencies = EXCLUDED.latencies`,
);

const writeUsers = statement(
  "figures.writeUsers",
  `INSERT INTO user_minutes (minute, node_id, user_id, requests, bytes)
   SELECT ${minute}, $1, u.id, r.requests, r.bytes
   FROM jsonb_to_recordset($2::jsonb) AS r(minute double precision, issuer text, subject text, requests integer, bytes bigint)
   JOIN users u ON u.issuer = r.issuer AND u.subject = r.subject
   ON CONFLICT (user_id, minute, node_id) DO UPDATE SET requests = EXCLUDED.requests, bytes = EXCLUDED.bytes`,
);

const addFollowed = statement(
  "figures.addFollowed",
  `UPDATE subscriptions s SET updates = s.updates + r.updates, failures = s.failures + r.failures,
     timed = s.timed + r.timed, latency_ms = s.latency_ms + r."latencyMs", late = s.late + r.late,
     updated_at = GREATEST(s.updated_at, to_timestamp(r.at / 1000))
   FROM jsonb_to_recordset($1::jsonb) AS r(issuer text, subject text, "subscriptionId" text, "meetingId" text,
     updates integer, failures integer, timed integer, "latencyMs" double precision, late integer, at double precision)
   JOIN users u ON u.issuer = r.issuer AND u.subject = r.subject
   WHERE s.user_id = u.id AND s.subscription_id = r."subscriptionId" AND s.meeting_id = r."meetingId"
     AND s.valid_until > app_now()`,
);

/**
 * Each time makes live queries of figures run again: seldom enough to be no load, on however many nodes. What reads the minutes
 * of hours does so more seldom.
 */
const tell = statement<{ key: FiguresKey }>(
  "figures.tell",
  `INSERT INTO figures_told (key, at) VALUES ('figures:day', app_now()), ('figures:nodes', app_now())
   ON CONFLICT (key) DO UPDATE SET at = EXCLUDED.at
   WHERE figures_told.at NOT BETWEEN
     EXCLUDED.at - CASE EXCLUDED.key WHEN 'figures:day' THEN interval '1 minute' ELSE interval '4 seconds' END AND EXCLUDED.at
   RETURNING key`,
);

const remove = statement("figures.removeNode", "DELETE FROM nodes WHERE id = $1");

/**
 * Writes what a node has to tell.
 * @throws DatabaseUnavailableError; what it has to tell is then kept for the next time
 */
export async function writeFigures({ db, nodeId, figures, ...now }: NodeReport): Promise<void> {
  const state = [nodeId, now.gauges(), JSON.stringify(now.breakers())];
  const growth = figures.take();
  // Written as they are now: a transaction that has to be repeated tells the same.
  const minutes = rowsOf(growth.minutes, ({ node }) => node);
  const calls = rowsOf(growth.minutes, (grown) => grown.calls);
  const users = rowsOf(growth.minutes, (grown) => grown.users);
  const followed = sorted(growth.followed);
  const write = async (tx: Tx) => {
    await tx.all(withoutWaiting);
    const seen = await tx.first(writeNode, state);
    if (minutes !== "[]") await tx.run(writeMinutes, [nodeId, minutes]);
    if (calls !== "[]") await tx.run(writeCalls, [nodeId, calls]);
    if (users !== "[]") await tx.run(writeUsers, [nodeId, users]);
    if (followed !== "[]") await tx.run(addFollowed, [followed]);
    tx.writes(...(await tx.all(tell)).map(({ key }) => key));
    return seen?.now ?? figures.now();
  };
  try {
    figures.written(await db.transaction(write));
  } catch (error) {
    const ambiguous = error instanceof DatabaseUnavailableError && error.ambiguous;
    figures.notWritten(growth, { ambiguous });
    throw error;
  }
}

/** The node stops: it is not waited for. */
export async function leaveFigures(db: Database, nodeId: string): Promise<void> {
  await db.transaction((tx) => tx.run(remove, [nodeId]));
}

function rowsOf(grown: readonly MinuteGrowth[], totals: (one: MinuteGrowth) => object[]): string {
  return JSON.stringify(
    grown.flatMap((one) => totals(one).map((row) => ({ minute: one.minute, ...row }))),
  );
}

/** In one order on all nodes, so that none waits for another in a circle. */
function sorted(followed: readonly FollowedTotals[]): string {
  const name = (one: FollowedTotals) =>
    JSON.stringify([one.issuer, one.subject, one.subscriptionId]);
  return JSON.stringify(followed.toSorted((a, b) => (name(a) < name(b) ? -1 : 1)));
}
