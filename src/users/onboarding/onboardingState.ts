import { type ReadTx, statement } from "../../db/port.ts";

interface Row {
  onboardingComplete: boolean;
  completedAt: number | null;
  profileId: string | null;
}

const findState = statement<Row>(
  "users.onboardingState",
  `SELECT u.onboarding_complete AS "onboardingComplete", u.onboarding_completed_at AS "completedAt",
     p.id AS "profileId"
   FROM users u LEFT JOIN profiles p ON p.user_id = u.id WHERE u.id = $1`,
);

/** How far a user has come with telling who they are. */
export async function onboardingState(tx: ReadTx, userId: string) {
  tx.reads(`user:${userId}`);
  const row = await tx.first(findState, [userId]);
  if (!row) throw new Error("a signed-in user has no row");
  const { onboardingComplete, completedAt, profileId } = row;
  return {
    userId,
    onboardingComplete,
    profileExists: profileId !== null,
    ...(profileId !== null && { profileId }),
    ...(completedAt !== null && { completedAt }),
  };
}
