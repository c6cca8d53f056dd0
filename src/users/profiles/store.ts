import { newId } from "../../core/ids.ts";
import { orThrow } from "../../core/result.ts";
import { namedStatement, type ReadTx, statement, type Tx } from "../../db/port.ts";
import type { Profile, ProfileChange, ProfileContent } from "./profile.ts";
import { changedProfile } from "./rules.ts";

const findOf = statement<Profile>(
  "profiles.find",
  `SELECT id, user_id AS "userId", display_name AS "displayName", bio, goals, languages, experience, age, gender,
     field, job_title AS "jobTitle", company, linkedin_url AS "linkedinUrl", created_at AS "createdAt",
     updated_at AS "updatedAt"
   FROM profiles WHERE user_id = $1`,
);

const lockUser = statement("users.lock", "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE");

const upsert = namedStatement<{ id: string }, ProfileContent & { id: string; userId: string }>(
  "profiles.upsert",
  `INSERT INTO profiles AS p (id, user_id, display_name, bio, goals, languages, experience, age, gender, field,
     job_title, company, linkedin_url)
   VALUES (:id, :userId, :displayName, :bio, :goals, :languages, :experience, :age, :gender, :field, :jobTitle,
     :company, :linkedinUrl)
   ON CONFLICT (user_id) DO UPDATE SET display_name = EXCLUDED.display_name, bio = EXCLUDED.bio,
     goals = EXCLUDED.goals, languages = EXCLUDED.languages, experience = EXCLUDED.experience, age = EXCLUDED.age,
     gender = EXCLUDED.gender, field = EXCLUDED.field, job_title = EXCLUDED.job_title, company = EXCLUDED.company,
     linkedin_url = EXCLUDED.linkedin_url, updated_at = app_now()
   RETURNING id`,
);

const insertDefault = statement(
  "profiles.insertDefault",
  `INSERT INTO profiles (id, user_id, display_name) VALUES ($1, $2, $3) ON CONFLICT (user_id) DO NOTHING`,
);

/** The profile of a user, if they have one. */
export async function findProfile(tx: ReadTx, userId: string): Promise<Profile | undefined> {
  tx.reads(`user:${userId}`);
  return tx.first(findOf, [userId]);
}

/** Keeps others from changing what belongs to a user until the transaction ends. */
export async function lockUserRow(tx: Tx, userId: string): Promise<void> {
  await tx.run(lockUser, [userId]);
}

/**
 * Changes a user's profile, or makes their first one; returns its id. A first profile is called `name` unless the change says.
 * @throws AppError VALIDATION_ERROR with `field`
 */
export async function saveProfile(
  tx: Tx,
  userId: string,
  change: ProfileChange,
  name?: string,
): Promise<string> {
  await lockUserRow(tx, userId);
  const stored = await findProfile(tx, userId);
  const named = stored === undefined && name !== undefined ? { displayName: name } : {};
  const content = orThrow(changedProfile(stored, { ...named, ...change }));
  const row = await tx.first(upsert, upsert.bind({ ...content, id: newId("profiles"), userId }));
  if (!row) throw new Error("an upsert returned no row");
  tx.writes(`user:${userId}`);
  return row.id;
}

/** Gives a user a profile with nothing but a name, unless they have one. */
export async function ensureProfile(tx: Tx, userId: string, name: string): Promise<void> {
  const inserted = await tx.run(insertDefault, [newId("profiles"), userId, name]);
  if (inserted > 0) tx.writes(`user:${userId}`);
}
