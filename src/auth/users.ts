import { hash } from "node:crypto";
import { AppError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { type Database, namedStatement, type ReadTx, statement, type Tx } from "../db/port.ts";
import type { Plan, User, UserIdentity } from "./identity.ts";
import { toUser, type UserRow, userColumns } from "./userRow.ts";

interface KnownUser {
  user: User;
  /** Undefined when the organisation has no row yet, null when nobody has said. */
  orgPlan: Plan | null | undefined;
  claimedPlan: Plan | null;
  emailVerified: boolean;
  /** `last_seen_at` is a minute old or more. */
  unseen: boolean;
}

const isUnseen = "(u.last_seen_at IS NULL OR u.last_seen_at <= app_now() - interval '1 minute')";

interface KnownRow extends UserRow {
  org_plan: Plan | null;
  org_known: boolean;
  claimed_plan: Plan | null;
  unseen: boolean;
  email_verified: boolean;
}

const selectByIdentity = `SELECT ${userColumns}, u.email_verified, u.claimed_plan, o.plan AS org_plan, o.id IS NOT NULL AS org_known, ${isUnseen} AS unseen
   FROM users u LEFT JOIN organizations o ON o.id = u.org_id
   WHERE u.issuer = $1 AND u.subject = $2`;

const findByIdentity = statement<KnownRow>("auth.findUser", selectByIdentity);

/** The weakest lock there is: only `deactivateUser` waits for it, and is waited for. */
const holdByIdentity = statement<KnownRow>(
  "auth.holdUser",
  `${selectByIdentity} FOR KEY SHARE OF u`,
);

const selectById = `SELECT ${userColumns} FROM users u WHERE u.id = $1`;

const findById = statement<UserRow>("auth.findUserById", selectById);

const holdById = statement<UserRow>("auth.holdUserById", `${selectById} FOR KEY SHARE`);

const upsertUser = namedStatement<
  UserRow,
  Record<"id" | "issuer" | "subject" | "placeholder", string> &
    Record<
      "email" | "name" | "pictureUrl" | "orgId" | "orgRole" | "plan" | "claimedPlan",
      string | null
    > &
    Record<"emailVerified" | "saysOrg", boolean>
>(
  "auth.upsertUser",
  `INSERT INTO users AS u
     (id, issuer, subject, email, display_name, avatar_url, org_id, org_role, plan, last_seen_at,
      email_verified, claimed_plan)
   VALUES (:id, :issuer, :subject, COALESCE(:email::text, :placeholder), :name, :pictureUrl, :orgId,
     :orgRole, :plan, app_now(), :emailVerified, :claimedPlan)
   ON CONFLICT (issuer, subject) DO UPDATE SET
     email = COALESCE(:email, u.email),
     email_verified = CASE WHEN COALESCE(lower(:email), lower(u.email)) = lower(u.email)
       THEN u.email_verified OR :emailVerified ELSE :emailVerified END,
     display_name = COALESCE(:name, u.display_name),
     avatar_url = COALESCE(:pictureUrl, u.avatar_url),
     org_id = CASE WHEN :saysOrg THEN :orgId ELSE u.org_id END,
     org_role = CASE WHEN :saysOrg THEN :orgRole ELSE u.org_role END,
     claimed_plan = :claimedPlan,
     last_seen_at = app_now(),
     updated_at = app_now()
   RETURNING ${userColumns}`,
);

const upsertOrganization = statement(
  "auth.upsertOrganization",
  `INSERT INTO organizations AS o (id, plan) VALUES ($1, $2::text)
   ON CONFLICT (id) DO UPDATE SET plan = $2, updated_at = app_now()
   WHERE $2 IS NOT NULL AND o.plan IS DISTINCT FROM $2`,
);

const touchUser = statement(
  "auth.touchUser",
  `UPDATE users u SET last_seen_at = app_now() WHERE u.id = $1 AND ${isUnseen}`,
);

/**
 * The row of a token's user, or undefined before the first request.
 * @param held in a transaction that writes: nobody deactivates them until it is over
 */
export async function findUser(
  tx: ReadTx,
  identity: UserIdentity,
  held = false,
): Promise<User | undefined> {
  return (await findKnown(tx, identity, held))?.user;
}

/** The row of a user by its key. */
export async function findUserById(tx: ReadTx, id: string): Promise<User | undefined> {
  const row = await tx.first(findById, [id]);
  tx.reads(`user:${id}`);
  return row && toUser(row);
}

/** The row of a user by its key; nobody deactivates them until the transaction is over. */
export async function holdUserById(tx: Tx, id: string): Promise<User | undefined> {
  const row = await tx.first(holdById, [id]);
  return row && toUser(row);
}

/**
 * The row of a token's user when there is nothing to write down: undefined when it is missing, differs from
 * the claims or was last seen a minute ago. One statement, for the hot path; otherwise `provisionUser`.
 * @param held as for `findUser`
 */
export async function findCurrentUser(
  tx: ReadTx,
  identity: UserIdentity,
  held = false,
): Promise<User | undefined> {
  const known = await findKnown(tx, identity, held);
  return known && isCurrent(known, identity) && !isDue(known) ? known.user : undefined;
}

/**
 * The row of a token's user, made by the first request and kept equal to what later tokens claim. Absent
 * claims change nothing, save the organisation where the issuer always states it. A user's own plan is taken
 * from the claims once and belongs to the administrator from then on; an organisation's follows its entitlement, and
 * `claimedPlan` is what the latest token said, or did not say.
 */
export async function provisionUser(db: Database, identity: UserIdentity): Promise<User> {
  const known = await db.read((tx) => findKnown(tx, identity, false));
  if (known === undefined || !isCurrent(known, identity)) {
    return db.transaction((tx) => writeUser(tx, identity));
  }
  if (isDue(known)) await db.transaction((tx) => tx.run(touchUser, [known.user.id]));
  return known.user;
}

/** What a deactivated user is told, whatever they ask. */
export function inactiveUser(): AppError {
  return new AppError("FORBIDDEN", "This user has been deactivated");
}

async function findKnown(
  tx: ReadTx,
  { issuer, subject }: UserIdentity,
  held: boolean,
): Promise<KnownUser | undefined> {
  const row = await tx.first(held ? holdByIdentity : findByIdentity, [issuer, subject]);
  if (row === undefined) return undefined;
  const user = toUser(row);
  tx.reads(`user:${user.id}`);
  if (user.orgId !== undefined) tx.reads(`org:${user.orgId}`);
  return {
    user,
    orgPlan: row.org_known ? row.org_plan : undefined,
    claimedPlan: row.claimed_plan,
    unseen: row.unseen,
    emailVerified: row.email_verified,
  };
}

async function writeUser(tx: Tx, identity: UserIdentity): Promise<User> {
  const { issuer, subject, orgId } = identity;
  if (orgId !== undefined) {
    await tx.run(upsertOrganization, [orgId, identity.plan ?? null]);
    tx.writes(`org:${orgId}`);
  }
  const values = upsertUser.bind({
    id: newId("users"),
    issuer,
    subject,
    email: identity.email ?? null,
    placeholder: placeholderEmail(identity),
    name: identity.name ?? null,
    pictureUrl: identity.pictureUrl ?? null,
    orgId: orgId ?? null,
    orgRole: identity.orgRole ?? null,
    plan: orgId === undefined ? (identity.plan ?? null) : null,
    saysOrg: saysOrg(identity),
    emailVerified: identity.emailVerified === true,
    claimedPlan: identity.claimedPlan ?? null,
  });
  const row = await tx.first(upsertUser, values);
  if (row === undefined) throw new Error("an upsert returned no row");
  tx.writes(`user:${row.id}`);
  return toUser(row);
}

/** Whether the row says what the claims say. A deactivated user's row is left alone. */
function isCurrent(known: KnownUser, identity: UserIdentity): boolean {
  const { user, orgPlan } = known;
  return (
    !user.isActive || (isPersonCurrent(known, identity) && isOrgCurrent(user, orgPlan, identity))
  );
}

function isPersonCurrent(known: KnownUser, identity: UserIdentity): boolean {
  const { user } = known;
  const { email, emailVerified = false, name, pictureUrl } = identity;
  return (
    (email ?? user.email) === user.email &&
    (known.emailVerified || !emailVerified) &&
    known.claimedPlan === (identity.claimedPlan ?? null) &&
    (name ?? user.displayName) === user.displayName &&
    (pictureUrl ?? user.avatarUrl) === user.avatarUrl
  );
}

function isOrgCurrent(
  user: User,
  orgPlan: Plan | null | undefined,
  identity: UserIdentity,
): boolean {
  if (!saysOrg(identity)) return true;
  if (user.orgId !== identity.orgId || user.orgRole !== identity.orgRole) return false;
  return (
    identity.orgId === undefined ||
    (orgPlan !== undefined && orgPlan === (identity.plan ?? orgPlan))
  );
}

function saysOrg({ orgId, statesOrg }: UserIdentity): boolean {
  return orgId !== undefined || statesOrg === true;
}

function isDue({ user, unseen }: KnownUser): boolean {
  return user.isActive && unseen;
}

/** Tokens may carry no address (WorkOS's do only by template) and the column is never empty: one nobody can own. */
function placeholderEmail({ issuer, subject }: UserIdentity): string {
  return `${hash("sha256", `${issuer}|${subject}`, "hex").slice(0, 24)}@unknown.invalid`;
}
