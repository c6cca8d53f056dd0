import { type ReadTx, statement } from "../db/port.ts";
import { readVector } from "../embeddings/embedding.ts";
import { type Candidate, declineHolds, shortestMeetingMs } from "./match.ts";

/** Somebody who waits. */
export interface Waiting extends Candidate {
  entryId: string;
  availableFrom: number;
  availableTo: number;
  /** How long, ms. */
  waitedMs: number;
}

/** Entries `e` of users `u` that may be matched at all: of active people whose profile is not hidden. */
const waiting = (e: string, u: string) =>
  `${e}.status = 'waiting' AND ${u}.is_active AND NOT EXISTS (
     SELECT 1 FROM user_settings s WHERE s.user_id = ${u}.id AND NOT s.profile_visibility)`;

/** Whether entries `e` and `o` of users `u` and `v` may be brought together, whatever they have in common. */
const mayMeet = `o.user_id <> e.user_id
  AND least(e.available_to, o.available_to) - greatest(e.available_from, o.available_from, app_now())
    >= interval '${shortestMeetingMs} milliseconds'
  AND (NOT (e.own_org OR o.own_org) OR u.org_id = v.org_id)
  AND NOT EXISTS (
    SELECT 1 FROM match_people p JOIN matches m ON m.id = p.match_id
      JOIN match_people q ON q.match_id = m.id AND q.user_id = o.user_id
    WHERE p.user_id = e.user_id AND m.state = 'declined' AND m.settled_at > app_now() - interval '${declineHolds}')`;

const pairs = `matching_queue e JOIN users u ON u.id = e.user_id,
  matching_queue o JOIN users v ON v.id = o.user_id`;

/** Of the model in use alone: vectors of two models are never compared. The profile's comes before the user's. */
const profileVector = `(SELECT b.vector FROM embeddings b
    WHERE b.user_id = u.id AND b.source_type IN ('profile', 'user')
      AND b.model = (SELECT name FROM vector_indexes WHERE is_active ORDER BY updated_at DESC LIMIT 1)
    ORDER BY b.source_type LIMIT 1)`;

const person = `u.id AS "userId", coalesce(f.display_name, u.display_name) AS name, u.org_id AS "orgId", f.field,
  f.experience, coalesce(f.languages, '{}') AS languages, ${profileVector} AS "profileVector"`;

const columns = `e.id AS "entryId", ${person}, e.own_org AS "isOwnOrgOnly", e.roles,
  e.available_from AS "availableFrom", e.available_to AS "availableTo",
  (extract(epoch FROM app_now() - e.created_at) * 1000)::bigint AS "waitedMs",
  ARRAY(SELECT coalesce(i.label, n.name) FROM unnest(e.interests) WITH ORDINALITY n (name, place)
    LEFT JOIN interests i ON i.key = n.name ORDER BY n.place) AS interests`;

const source = `matching_queue e JOIN users u ON u.id = e.user_id LEFT JOIN profiles f ON f.user_id = u.id`;

/** As it is read. */
type Stored<T> = Omit<T, "profileVector"> & { profileVector: Buffer | null };

const listWaiting = statement<Stored<Waiting>>(
  "matching.waiting",
  `SELECT ${columns} FROM ${source} WHERE ${waiting("e", "u")} ORDER BY e.created_at, e.id`,
);

const findWaiting = statement<Stored<Waiting>>(
  "matching.waitingOf",
  `SELECT ${columns} FROM ${source} WHERE e.id = ANY($1::text[]) AND ${waiting("e", "u")} ORDER BY e.created_at, e.id`,
);

const partnersOf = statement<{ entryId: string }>(
  "matching.partners",
  `SELECT o.id AS "entryId" FROM ${pairs}
   WHERE e.id = $1 AND ${waiting("e", "u")} AND ${waiting("o", "v")} AND ${mayMeet}`,
);

const isPartner = statement<{ found: number }>(
  "matching.isPartner",
  `SELECT 1 AS found FROM ${pairs}
   WHERE e.id = $1 AND o.id = $2 AND ${waiting("e", "u")} AND ${waiting("o", "v")} AND ${mayMeet}`,
);

const countPartners = statement<{ partners: number }>(
  "matching.countPartners",
  `SELECT count(*) AS partners FROM ${pairs}
   WHERE e.id = $1 AND ${waiting("e", "u")} AND ${waiting("o", "v")} AND ${mayMeet}`,
);

/** Somebody who is compared, with what they are compared by beside what is said of them. */
interface Person extends Omit<Candidate, "interests" | "roles" | "isOwnOrgOnly"> {
  isShown: boolean;
}

const peopleOf = statement<Stored<Person>>(
  "matching.people",
  `SELECT ${person}, e.available_from AS "availableFrom", e.available_to AS "availableTo",
     u.is_active AND coalesce(s.profile_visibility, true) AS "isShown"
   FROM users u LEFT JOIN profiles f ON f.user_id = u.id LEFT JOIN user_settings s ON s.user_id = u.id
     LEFT JOIN matching_queue e ON e.user_id = u.id AND e.status = 'waiting'
   WHERE u.id = ANY($1::text[])`,
);

/** All who wait, by their place. */
export const allWaiting = async (tx: ReadTx): Promise<Waiting[]> =>
  (await tx.all(listWaiting)).map(withVector);

/** Those of these entries that still wait, by their place. */
export const stillWaiting = async (tx: ReadTx, entryIds: readonly string[]): Promise<Waiting[]> =>
  (await tx.all(findWaiting, [entryIds])).map(withVector);

/** The entries that one may be brought together with. */
export async function partners(tx: ReadTx, entryId: string): Promise<string[]> {
  return (await tx.all(partnersOf, [entryId])).map((row) => row.entryId);
}

export async function mayBeMatched(tx: ReadTx, one: string, other: string): Promise<boolean> {
  return (await tx.first(isPartner, [one, other])) !== undefined;
}

/** How many one may be brought together with. */
export async function partnersCount(tx: ReadTx, entryId: string): Promise<number> {
  return (await tx.first(countPartners, [entryId]))?.partners ?? 0;
}

/** What is known of people, whether they wait or not. */
export const peopleById = async (tx: ReadTx, userIds: readonly string[]): Promise<Person[]> =>
  (await tx.all(peopleOf, [userIds])).map(withVector);

const withVector = <T extends { profileVector: Buffer | null }>(row: T) => ({
  ...row,
  profileVector: row.profileVector && readVector(row.profileVector),
});
