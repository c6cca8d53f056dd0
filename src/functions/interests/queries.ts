import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { query } from "../../runtime/builders.ts";
import { catalogueView, chosenView } from "../../users/interests/store.ts";
import { listedInterest } from "../../users/validators.ts";

export const listCatalog = query({
  permission: can.user,
  summary: "listCatalog",
  description:
    "The interests that everybody can choose from, newest first, optionally of one category (academic, industry, skill, " +
    "personal); 200 unless `limit` (1 to 200) says otherwise. `usageCount` = how many users have chosen it. Interests " +
    "that users have named themselves are theirs alone and not in it.",
  args: { category: v.optional(v.string()), limit: v.optional(v.number()) },
  returns: v.array(listedInterest),
  handler: ({ tx }, args) => catalogueView(tx, args),
});

export const getCurrentUserInterests = query({
  permission: can.user,
  summary: "getCurrentUserInterests",
  description:
    "Extension, not in the published API. The interests that the caller has chosen, by name; of category personal are those " +
    "they have named themselves.",
  tags: ["Users"],
  args: {},
  returns: v.array(listedInterest),
  handler: ({ tx, grant }) => chosenView(tx, grant.user.id),
});
