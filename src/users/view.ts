import type { User } from "../auth/identity.ts";
import { administers, isColleague } from "../auth/ownUser.ts";
import { known } from "../core/known.ts";
import { type ReadTx, statement } from "../db/port.ts";

interface Row {
  id: string;
  subject: string;
  email: string;
  displayName: string | null;
  avatarUrl: string | null;
  orgId: string | null;
  orgRole: string | null;
  isActive: boolean;
  lastSeenAt: number | null;
  onboardingComplete: boolean;
  onboardingStartedAt: number | null;
  onboardingCompletedAt: number | null;
  createdAt: number;
  updatedAt: number;
}

const findRow = statement<Row>(
  "users.view",
  `SELECT id, subject, email, display_name AS "displayName", avatar_url AS "avatarUrl",
     org_id AS "orgId", org_role AS "orgRole", is_active AS "isActive",
     last_seen_at AS "lastSeenAt", onboarding_complete AS "onboardingComplete",
     onboarding_started_at AS "onboardingStartedAt",
     onboarding_completed_at AS "onboardingCompletedAt",
     created_at AS "createdAt", updated_at AS "updatedAt"
   FROM users WHERE id = $1`,
);

/** A user as they see themselves: everything but their plan, which is the organisation's business. */
export async function ownView(tx: ReadTx, userId: string) {
  tx.reads(`user:${userId}`);
  const row = await tx.first(findRow, [userId]);
  if (!row) throw new Error("a signed-in user has no row");
  return fullRow(row);
}

/**
 * A user as `viewer` may see them: all of the row for themselves and their organisation's administrators; for colleagues
 * without address and subject, which are empty, and without what tells of their habits; null for everybody else, as for
 * whoever does not exist.
 */
export async function viewFor(tx: ReadTx, viewer: User, userId: string) {
  const row = await findRowById(tx, userId);
  if (!row) return null;
  if (row.id === viewer.id || administers(viewer, row)) return fullRow(row);
  return isColleague(viewer, row) ? colleagueRow(row) : null;
}

/** A user's card: who they are, and their organisation and role there for colleagues; null for whoever does not exist. */
export async function cardFor(tx: ReadTx, viewer: User, userId: string) {
  const row = await findRowById(tx, userId);
  if (!row) return null;
  const { id, isActive, displayName, avatarUrl, orgId, orgRole } = row;
  const isClose = id === viewer.id || isColleague(viewer, row);
  const shown = { displayName, avatarUrl, ...(isClose && { orgId, orgRole }) };
  return { _id: id, isActive, ...known(shown) };
}

async function findRowById(tx: ReadTx, userId: string): Promise<Row | undefined> {
  if (!/^[\w-]{1,64}$/.test(userId)) return undefined;
  tx.reads(`user:${userId}`);
  return tx.first(findRow, [userId]);
}

function fullRow(row: Row) {
  const { id, subject, createdAt, email, isActive, updatedAt, onboardingComplete, ...rest } = row;
  return {
    _id: id,
    _creationTime: createdAt,
    workosUserId: subject,
    createdAt,
    email,
    isActive,
    updatedAt,
    onboardingComplete,
    ...known(rest),
  };
}

function colleagueRow({ id, createdAt, updatedAt, isActive, ...rest }: Row) {
  const { displayName, avatarUrl, orgId, orgRole } = rest;
  return {
    _id: id,
    _creationTime: createdAt,
    workosUserId: "",
    createdAt,
    email: "",
    isActive,
    updatedAt,
    ...known({ displayName, avatarUrl, orgId, orgRole }),
  };
}
