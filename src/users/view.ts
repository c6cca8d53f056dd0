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

/** Null columns do not exist for a client: absent is absent. */
function known<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], null> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== null);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], null> };
}
