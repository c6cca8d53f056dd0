import type { FunctionArgs } from "convex/server";
import type { functions } from "../api/functions.ts";
import type { Interest } from "../words/profile.ts";

type Requested = FunctionArgs<typeof functions.users.mutations.saveOnboarding>["interests"][number];

const categories: readonly string[] = ["academic", "industry", "skill", "personal"];

/** Interests as the onboarding takes them: those of the catalogue count by their keys, all others are personal. */
export function requestedInterests(interests: readonly Interest[]): Requested[] {
  return interests.map(({ key, label, category, iconName }) => ({
    id: key,
    name: label,
    category: (categories.includes(category) ? category : "personal") as Requested["category"],
    ...(iconName === undefined ? {} : { iconName }),
  }));
}
