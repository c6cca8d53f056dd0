import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { ownSubscriptions } from "../../monitoring/subscriptionFigures.ts";
import { mutation, query } from "../../runtime/builders.ts";
import { establish, established, terminate } from "../../subscriptions/subscriptions.ts";
import { establishedValidity, priority } from "../../subscriptions/validators.ts";

export const establishSubscription = mutation({
  permission: can.user,
  callsPerMinute: 120,
  summary: "establishSubscription",
  description:
    "Establishes a subscription of the caller's, under a name of the client's own (1 to 128 visible ASCII characters), to a " +
    "part of a meeting, `resourceId`: `meetingNotes`, `transcripts`, `meetingParticipants` or `participants`. It lasts until " +
    "`validUntil`, an hour; again under the same name makes it last longer, or replaces what it was to. Of more than 100 the " +
    "one established longest ago ends. Live queries need none. `rateLimited` is false: whoever follows is told of every " +
    "change. Fails with VALIDATION_ERROR for any other type, NOT_FOUND where the caller is not in the meeting, and " +
    "MEETING_NOT_ACTIVE for a transcript while the meeting does not run. 120 a minute.",
  args: {
    priority: v.optional(priority),
    resourceId: v.string(),
    resourceType: v.string(),
    subscriptionId: v.string(),
  },
  returns: v.object({
    permissions: v.array(v.string()),
    rateLimited: v.boolean(),
    subscriptionId: v.string(),
    success: v.boolean(),
    validUntil: v.optional(v.number()),
  }),
  handler: ({ tx, grant }, wish) => establish(tx, grant.user, wish),
});

export const validateAndUpdateSubscription = query({
  permission: can.user,
  summary: "validateAndUpdateSubscription",
  description:
    "How things stand with a subscription that the caller has established: what they may do with it now, and until when it " +
    "lasts. One that has run out, was ended, never was, or is somebody else's, is not valid and says that establishing it " +
    "again may help; its `resourceType` and `resourceId` may be empty. `lastValidated` makes no difference.",
  args: { lastValidated: v.number(), subscriptionId: v.string() },
  returns: establishedValidity,
  handler: ({ tx, grant }, { subscriptionId }) => established(tx, grant.user, subscriptionId),
});

export const terminateSubscription = mutation({
  permission: can.user,
  summary: "terminateSubscription",
  description:
    "Ends a subscription that the caller has established; what is not there, or is somebody else's, is no change. `reason` has " +
    "200 characters at most, for the audit log.",
  args: { reason: v.optional(v.string()), subscriptionId: v.string() },
  returns: v.null(),
  handler: async ({ tx, grant }, asked) => {
    await terminate(tx, grant.user, asked);
    return null;
  },
});

export const getSubscriptionStats = query({
  permission: can.user,
  callsPerMinute: 120,
  summary: "getSubscriptionStats",
  description:
    "The subscriptions that the caller has established and that have not run out, by priority and type of resource, and what was told " +
    "of each since: changes of live queries of `realtime/subscriptions` that name it as their `subscriptionId`, at all nodes, a few " +
    "seconds ago. `avgLatency` is the time from a commit until it was sent, in ms; `sloCompliant`: 95 % within 150 ms. " +
    "`lastUpdate` is when it was established where nothing has changed. 120 a minute.",
  args: {},
  returns: v.object({
    byPriority: v.record(v.string(), v.number()),
    byResourceType: v.record(v.string(), v.number()),
    performanceStats: v.array(
      v.object({
        stats: v.object({
          avgLatency: v.number(),
          durationMs: v.number(),
          errors: v.number(),
          lastUpdate: v.number(),
          sloCompliant: v.boolean(),
          updateCount: v.number(),
          updatesPerSecond: v.number(),
        }),
        subscriptionId: v.string(),
      }),
    ),
    totalActive: v.number(),
  }),
  handler: ({ tx, grant }) => ownSubscriptions(tx, grant.user),
});
