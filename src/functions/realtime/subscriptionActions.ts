import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { action } from "../../runtime/builders.ts";
import { validateAndLog } from "../../subscriptions/subscriptions.ts";
import { establishedValidity } from "../../subscriptions/validators.ts";

export const validateAndLogSubscription = action({
  permission: can.user,
  callsPerMinute: 60,
  summary: "validateAndLogSubscription",
  description:
    "As validateAndUpdateSubscription; that a subscription is not valid goes into the audit log. Sixty a minute.",
  args: { lastValidated: v.number(), subscriptionId: v.string() },
  returns: establishedValidity,
  handler: ({ services, grant }, { subscriptionId }) =>
    validateAndLog(services.db, grant.user, subscriptionId),
});
