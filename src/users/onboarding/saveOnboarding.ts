import { recordAudit } from "../../audit/record.ts";
import type { User } from "../../auth/identity.ts";
import { orThrow } from "../../core/result.ts";
import { statement, type Tx } from "../../db/port.ts";
import { onceForKey } from "../idempotency.ts";
import { chosenInterests, mostInterests } from "../interests/rules.ts";
import { catalogueKeys, replaceInterests } from "../interests/store.ts";
import { defaultName } from "../profiles/rules.ts";
import { saveProfile } from "../profiles/store.ts";
import { type OnboardingRequest, onboardingProfile } from "./rules.ts";

/** When it was first completed stays, however often it is saved. */
const complete = statement(
  "users.completeOnboarding",
  `UPDATE users SET onboarding_complete = true,
     onboarding_started_at = coalesce(onboarding_started_at, app_now()),
     onboarding_completed_at = coalesce(onboarding_completed_at, app_now()), updated_at = app_now()
   WHERE id = $1`,
);

/**
 * Stores a new user's profile and interests and notes that they are done. Saved again it replaces what was saved; a repeat under
 * the same key within 24 hours changes nothing.
 * @throws AppError VALIDATION_ERROR with `field`, CONFLICT (the key came with other arguments before)
 */
export async function saveOnboarding(
  tx: Tx,
  user: User,
  { idempotencyKey: key, ...request }: OnboardingRequest & { idempotencyKey?: string | undefined },
) {
  if (key === undefined) return save(tx, user, request);
  const call = { userId: user.id, scope: "users.onboarding.saveOnboarding", key, request };
  return onceForKey(tx, call, () => save(tx, user, request));
}

async function save(tx: Tx, user: User, request: OnboardingRequest) {
  const change = orThrow(onboardingProfile(request));
  const profileId = await saveProfile(tx, user.id, change, defaultName(user));
  const asked = request.interests.slice(0, mostInterests + 1).map(({ id }) => id);
  const chosen = orThrow(chosenInterests(request.interests, await catalogueKeys(tx, asked)));
  await replaceInterests(tx, user.id, chosen);
  await tx.run(complete, [user.id]);
  const interestsCount = chosen.length;
  await recordAudit(tx, {
    actorUserId: user.id,
    resourceType: "user",
    resourceId: user.id,
    action: "onboarding.save",
    metadata: { interestsCount },
  });
  return { userId: user.id, profileId, interestsCount, onboardingCompleted: true };
}
