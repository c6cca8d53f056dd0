import { v } from "convex/values";
import { auditEntries } from "../../audit/entries.ts";
import { can } from "../../auth/can.ts";
import { query } from "../../runtime/builders.ts";

export const getAuditLogs = query({
  permission: can.auditReader,
  summary: "getAuditLogs",
  description:
    "Who did what to which thing, and when, newest first: entries that meet all that is given, 50 unless `limit` (1 to 100) " +
    "says otherwise. Administrators read what concerns their organisation, its users, meetings and recordings; a host reads what " +
    "was done to the meeting, or to a participant, invite or recording of it, that `resourceType` and `resourceId` name. " +
    "`actorUserId` is absent where the server itself or the administration key acted; `metadata.meetingId` names the meeting. " +
    "Everybody else is refused with INSUFFICIENT_PERMISSIONS, strangers to the meeting with NOT_FOUND. Extensions: " +
    "`continueCursor`, where there are more, is the `cursor` of the next page; `orgId` is needed with the administration " +
    "key only.",
  args: {
    action: v.optional(v.string()),
    actorUserId: v.optional(v.id("users")),
    cursor: v.optional(v.string()),
    limit: v.optional(v.number()),
    orgId: v.optional(v.string()),
    resourceId: v.optional(v.string()),
    resourceType: v.optional(v.string()),
  },
  returns: v.object({
    continueCursor: v.optional(v.string()),
    logs: v.array(
      v.object({
        _creationTime: v.number(),
        _id: v.id("auditLogs"),
        action: v.string(),
        actorUserId: v.optional(v.id("users")),
        metadata: v.record(v.string(), v.union(v.string(), v.number(), v.boolean())),
        resourceId: v.string(),
        resourceType: v.string(),
        timestamp: v.number(),
      }),
    ),
  }),
  handler: ({ tx, grant }, { orgId: _, ...asked }) => auditEntries(tx, grant.log, asked),
});
