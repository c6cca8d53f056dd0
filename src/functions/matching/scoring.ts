import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { compatibility } from "../../matching/compare.ts";
import { constraints, customWeights, features } from "../../matching/validators.ts";
import { action } from "../../runtime/builders.ts";

export const calculateCompatibilityScore = action({
  permission: can.oneOfOrOrgAdmin("user1Id", "user2Id"),
  summary: "calculateCompatibilityScore",
  description:
    "How well two people fit who ask for these constraints: 0 to 1, the features it is made of, and in words what they share. What is not known " +
    "of one of them does not count and is 0 among the features. `timezoneCompatibility` is how much of the time that they are free, " +
    "by the queue, they share, `vectorSimilarity` the cosine of the embeddings of both profiles, where both have one. Weights are " +
    "those in force, or `customWeights` (0 to 1000 each). NOT_FOUND for a profile that is hidden. For each of " +
    "the two, and administrators of the organisation of both.",
  args: {
    customWeights: v.optional(customWeights),
    user1Constraints: constraints,
    user1Id: v.id("users"),
    user2Constraints: constraints,
    user2Id: v.id("users"),
  },
  returns: v.object({ explanation: v.array(v.string()), features, score: v.number() }),
  handler: ({ services, grant }, wish) =>
    services.db.read((tx) => compatibility(tx, grant.user, wish)),
});
