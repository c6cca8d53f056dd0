import { known } from "../../core/known.ts";
import { orThrow } from "../../core/result.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { type ReadTx, statement, type Tx } from "../../db/port.ts";
import { type ChosenInterest, mostInterests } from "./rules.ts";

interface CatalogueRow {
  key: string;
  label: string;
  category: string;
  iconName: string | null;
  usageCount: number;
}

const list = statement<CatalogueRow>(
  "interests.list",
  `SELECT key, label, category, icon_name AS "iconName", usage_count AS "usageCount" FROM interests
   WHERE $1::text IS NULL OR category = $1 ORDER BY created_at DESC, key LIMIT $2`,
);

const findKeys = statement<{ key: string }>(
  "interests.findKeys",
  "SELECT key FROM interests WHERE key = ANY($1::text[])",
);

const findOwn = statement<ChosenInterest>(
  "interests.findOwn",
  `SELECT interest_key AS key, label, icon_name AS "iconName" FROM user_interests
   WHERE user_id = $1 AND label IS NOT NULL LIMIT ${mostInterests}`,
);

const listChosen = statement<Omit<CatalogueRow, "usageCount">>(
  "interests.listChosen",
  `SELECT chosen.interest_key AS key, coalesce(listed.label, chosen.label) AS label,
     coalesce(listed.category, 'personal') AS category, coalesce(listed.icon_name, chosen.icon_name) AS "iconName"
   FROM user_interests chosen LEFT JOIN interests listed ON listed.key = chosen.interest_key
   WHERE chosen.user_id = $1 ORDER BY label, key LIMIT ${mostInterests}`,
);

const removeOthers = statement<{ key: string }>(
  "interests.removeOthers",
  `DELETE FROM user_interests WHERE user_id = $1 AND NOT interest_key = ANY($2::text[])
   RETURNING interest_key AS key`,
);

const insert = statement<{ key: string }>(
  "interests.insert",
  `INSERT INTO user_interests (user_id, interest_key, label, icon_name)
   SELECT $1, chosen.key, chosen.label, chosen."iconName"
   FROM jsonb_to_recordset($2::jsonb) AS chosen (key text, label text, "iconName" text)
   ON CONFLICT (user_id, interest_key) DO NOTHING RETURNING interest_key AS key`,
);

/** In the order of their keys, so that two who choose the same ones never wait for each other. */
const lockKeys = statement(
  "interests.lockKeys",
  "SELECT key FROM interests WHERE key = ANY($1::text[]) ORDER BY key FOR NO KEY UPDATE",
);

const countUses = statement(
  "interests.countUses",
  `UPDATE interests SET usage_count = greatest(0, usage_count + CASE WHEN key = ANY($1::text[]) THEN 1 ELSE -1 END)
   WHERE key = ANY($1::text[]) OR key = ANY($2::text[])`,
);

const mostListed = 200;

/** The catalogue, newest first, optionally of one category. @throws AppError VALIDATION_ERROR for a limit outside 1…200 */
export async function catalogueView(
  tx: ReadTx,
  { category, limit }: { category?: string | undefined; limit?: number | undefined },
) {
  const length = orThrow(wholeNumber("limit", limit ?? mostListed, { max: mostListed }));
  tx.reads("catalog:interests");
  const rows = await tx.all(list, [category ?? null, length]);
  return rows.map(({ iconName, ...row }) => ({ ...row, ...known({ iconName }) }));
}

/** What a user has chosen, by label; those that are not in the catalogue are personal. */
export async function chosenView(tx: ReadTx, userId: string) {
  tx.reads(`user:${userId}`, "catalog:interests");
  const rows = await tx.all(listChosen, [userId]);
  return rows.map(({ iconName, ...row }) => ({ ...row, ...known({ iconName }) }));
}

/** Which of these keys the catalogue has. */
export async function catalogueKeys(tx: ReadTx, keys: readonly string[]): Promise<Set<string>> {
  tx.reads("catalog:interests");
  const rows = await tx.all(findKeys, [keys]);
  return new Set(rows.map(({ key }) => key));
}

/** A user's own interests, those that are not in the catalogue, by key. */
export async function ownInterests(
  tx: ReadTx,
  userId: string,
): Promise<Map<string, ChosenInterest>> {
  tx.reads(`user:${userId}`);
  const rows = await tx.all(findOwn, [userId]);
  return new Map(rows.map((row) => [row.key, row]));
}

/** Makes these the interests of a user whose row is locked, and counts who uses what. */
export async function replaceInterests(
  tx: Tx,
  userId: string,
  chosen: readonly ChosenInterest[],
): Promise<void> {
  const keys = chosen.map(({ key }) => key);
  const removed = (await tx.all(removeOthers, [userId, keys])).map(({ key }) => key);
  const added = (await tx.all(insert, [userId, JSON.stringify(chosen)])).map(({ key }) => key);
  tx.writes(`user:${userId}`);
  if (added.length + removed.length === 0) return;
  await tx.run(lockKeys, [[...added, ...removed]]);
  await tx.run(countUses, [added, removed]);
  tx.writes("catalog:interests");
}
