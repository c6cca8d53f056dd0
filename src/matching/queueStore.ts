import { newId } from "../core/ids.ts";
import { namedStatement, type ReadTx, statement, type Tx } from "../db/port.ts";
import { type EntryStatus, shortestMeetingMs } from "./match.ts";
import type { CheckedConstraints, EntryRequest } from "./rules.ts";

/** An entry as stored; times are epoch ms. */
export interface Entry {
  id: string;
  userId: string;
  availableFrom: number;
  availableTo: number;
  interests: string[];
  roles: string[];
  orgConstraints: string | null;
  status: EntryStatus;
  createdAt: number;
  updatedAt: number;
  /** Whom it was matched with last. */
  matchedWith: string | null;
}

/** Too little is left for a meeting. */
const isOver = `available_to < app_now() + interval '${shortestMeetingMs} milliseconds'`;

const columns = `e.id, e.user_id AS "userId", e.available_from AS "availableFrom", e.available_to AS "availableTo",
  e.interests, e.roles, e.org_constraints AS "orgConstraints",
  CASE WHEN e.status = 'waiting' AND ${isOver} THEN 'expired' ELSE e.status END AS status,
  e.created_at AS "createdAt", e.updated_at AS "updatedAt",
  CASE WHEN e.status = 'matched' THEN (
    SELECT q.user_id FROM match_people p JOIN match_people q ON q.match_id = p.match_id AND q.user_id <> p.user_id
    WHERE p.entry_id = e.id ORDER BY p.match_id DESC LIMIT 1) END AS "matchedWith"`;

const latestOf = statement<Entry>(
  "matchingQueue.latest",
  `SELECT ${columns} FROM matching_queue e WHERE e.user_id = $1 ORDER BY e.created_at DESC, e.id DESC LIMIT 1`,
);

const findById = statement<Entry>(
  "matchingQueue.find",
  `SELECT ${columns} FROM matching_queue e WHERE e.id = $1`,
);

const listWaiting = statement<Entry>(
  "matchingQueue.list",
  `SELECT ${columns} FROM matching_queue e JOIN users u ON u.id = e.user_id
   WHERE e.status = 'waiting' AND NOT ${isOver} AND ($1::text IS NULL OR u.org_id = $1)
     AND e.available_from <= app_now() + $2 * interval '1 millisecond'
   ORDER BY e.created_at, e.id LIMIT $3`,
);

const placeOf = statement<{ place: number }>(
  "matchingQueue.place",
  `SELECT count(*) AS place FROM matching_queue e JOIN users u ON u.id = e.user_id AND u.is_active, matching_queue own
   WHERE own.id = $1 AND e.status = 'waiting' AND NOT e.${isOver} AND (e.created_at, e.id) <= (own.created_at, own.id)`,
);

const put = namedStatement<
  { id: string },
  Omit<CheckedConstraints, "isOwnOrgOnly"> & {
    id: string;
    userId: string;
    availableFrom: number;
    availableTo: number;
    orgConstraints: string | null;
    ownOrg: boolean;
  }
>(
  "matchingQueue.put",
  `INSERT INTO matching_queue AS e (id, user_id, available_from, available_to, interests, roles, org_constraints, own_org)
   VALUES (:id, :userId, to_timestamp(:availableFrom::double precision / 1000),
     to_timestamp(:availableTo::double precision / 1000), :interests, :roles, :orgConstraints, :ownOrg)
   ON CONFLICT (user_id) WHERE status = 'waiting' DO UPDATE SET available_from = EXCLUDED.available_from,
     available_to = EXCLUDED.available_to, interests = EXCLUDED.interests, roles = EXCLUDED.roles,
     org_constraints = EXCLUDED.org_constraints, own_org = EXCLUDED.own_org, is_new = true,
     created_at = app_now(), updated_at = app_now()
   RETURNING e.id`,
);

const lockOf = statement<{ id: string; status: EntryStatus }>(
  "matchingQueue.lockOf",
  `SELECT id, status FROM matching_queue WHERE user_id = $1 AND ($2::text IS NULL AND status = 'waiting' OR id = $2)
   FOR UPDATE`,
);

const lockById = statement<{ id: string; userId: string; status: EntryStatus }>(
  "matchingQueue.lock",
  `SELECT id, user_id AS "userId", status FROM matching_queue WHERE id = $1 FOR UPDATE`,
);

const move = statement(
  "matchingQueue.move",
  "UPDATE matching_queue SET status = $2, updated_at = app_now() WHERE id = $1",
);

/** Back to its place, unless its time is over. */
const putBack = statement<{ status: EntryStatus }>(
  "matchingQueue.putBack",
  `UPDATE matching_queue SET status = CASE WHEN ${isOver} THEN 'expired' ELSE 'waiting' END, is_new = true,
     updated_at = app_now()
   WHERE id = $1 RETURNING status`,
);

const expire = statement<{ id: string; userId: string }>(
  "matchingQueue.expire",
  `UPDATE matching_queue SET status = 'expired', updated_at = app_now() WHERE id IN (
     SELECT id FROM matching_queue WHERE status = 'waiting' AND ${isOver}
     ORDER BY available_to LIMIT $1 FOR UPDATE SKIP LOCKED)
   RETURNING id, user_id AS "userId"`,
);

const forget = statement(
  "matchingQueue.forget",
  `DELETE FROM matching_queue WHERE id IN (
     SELECT e.id FROM matching_queue e
     WHERE e.status IN ('expired', 'cancelled') AND e.updated_at < app_now() - interval '30 days'
       AND NOT EXISTS (SELECT 1 FROM match_people p WHERE p.entry_id = e.id)
     LIMIT $1 FOR UPDATE SKIP LOCKED)`,
);

/** Who watches their place is told that somebody has come or gone. */
export function tellQueue(tx: Tx, ...userIds: readonly string[]): void {
  tx.writes("matching:queue", ...userIds.map((id) => `matching:${id}` as const));
}

/** What somebody entered last. */
export function latestEntry(tx: ReadTx, userId: string): Promise<Entry | undefined> {
  tx.reads(`matching:${userId}`);
  return tx.first(latestOf, [userId]);
}

export const findEntry = (tx: ReadTx, id: string): Promise<Entry | undefined> =>
  tx.first(findById, [id]);

/** Who waits, of one organisation or of all, and is free within so many ms; by their place. */
export function waitingEntries(
  tx: ReadTx,
  { orgId, withinMs, limit }: { orgId: string | null; withinMs: number; limit: number },
): Promise<Entry[]> {
  tx.reads("matching:queue");
  return tx.all(listWaiting, [orgId, withinMs, limit]);
}

/** Which place a waiting entry has, from 1. */
export async function placeInQueue(tx: ReadTx, entryId: string): Promise<number> {
  return (await tx.first(placeOf, [entryId]))?.place ?? 0;
}

/** Makes this somebody's one waiting entry, at the end of the queue; returns its id. */
export async function putEntry(
  tx: Tx,
  userId: string,
  request: EntryRequest,
  { isOwnOrgOnly, ...words }: CheckedConstraints,
): Promise<string> {
  const { availableFrom, availableTo, constraints } = request;
  const row = await tx.first(
    put,
    put.bind({
      ...words,
      id: newId("matchingQueue"),
      userId,
      availableFrom,
      availableTo,
      orgConstraints: constraints.orgConstraints ?? null,
      ownOrg: isOwnOrgOnly,
    }),
  );
  if (!row) throw new Error("an upsert returned no row");
  tellQueue(tx, userId);
  return row.id;
}

/** Somebody's entry of that id, or the one that waits; nobody changes it until the transaction ends. */
export const lockOwnEntry = (tx: Tx, userId: string, id: string | undefined) =>
  tx.first(lockOf, [userId, id ?? null]);

export const lockEntry = (tx: Tx, id: string) => tx.first(lockById, [id]);

/** Moves a locked entry. */
export async function moveEntry(
  tx: Tx,
  { id, userId }: { id: string; userId: string },
  status: EntryStatus,
): Promise<void> {
  await tx.run(move, [id, status]);
  tellQueue(tx, userId);
}

/** Gives a locked entry its place again; `expired` where its time is over. */
export async function returnEntry(
  tx: Tx,
  { id, userId }: { id: string; userId: string },
): Promise<EntryStatus> {
  const row = await tx.first(putBack, [id]);
  if (!row) throw new Error("an update returned no row");
  tellQueue(tx, userId);
  return row.status;
}

/** Ends entries whose time is over. @returns them, `limit` at most */
export async function expireEntries(tx: Tx, limit: number) {
  const ended = await tx.all(expire, [limit]);
  if (ended.length > 0) tellQueue(tx, ...ended.map(({ userId }) => userId));
  return ended;
}

/** Removes entries that came to nothing long ago. */
export async function forgetEntries(tx: Tx, limit: number): Promise<void> {
  await tx.run(forget, [limit]);
}
