import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import {
  acceptInvite as accept,
  createInvite as create,
  listInvites as list,
  revokeInvite as revoke,
} from "../../meetings/people/invites.ts";
import { inviteRole, participantRole } from "../../meetings/validators.ts";
import { mutation, query } from "../../runtime/builders.ts";

export const createInvite = mutation({
  permission: can.host("meetingId"),
  callsPerMinute: 60,
  summary: "createInvite",
  description:
    "Extension, not in the published API. Makes an invite to a meeting that is not over. Its secret is told here and " +
    "never again; whoever holds it can come in, as participant or observer, until it has expired (7 days unless " +
    "said otherwise, 30 at most) or been used `maxUses` times (1 unless said otherwise, 100 at most). For the host.",
  args: {
    expiresInMs: v.optional(v.number()),
    maxUses: v.optional(v.number()),
    meetingId: v.id("meetings"),
    role: v.optional(inviteRole),
  },
  returns: v.object({
    expiresAt: v.number(),
    inviteId: v.id("meetingInvites"),
    maxUses: v.number(),
    secret: v.string(),
  }),
  handler: ({ tx, grant }, { meetingId, ...request }) =>
    create(tx, meetingId, grant.user.id, request),
});

export const acceptInvite = mutation({
  permission: can.user,
  summary: "acceptInvite",
  description:
    "Extension, not in the published API. Lets the caller into the meeting of the invite with this secret. Whoever " +
    "is in it already keeps their place and role, and uses nothing up. An invite that is unknown, expired, revoked, " +
    "used up, or older than the caller's removal from the meeting fails with the same NOT_FOUND; a meeting that is " +
    "over or full (`limit`) with VALIDATION_ERROR.",
  args: { secret: v.string() },
  returns: v.object({
    meetingId: v.id("meetings"),
    participantId: v.id("meetingParticipants"),
    role: participantRole,
  }),
  handler: ({ tx, grant }, { secret }) => accept(tx, grant.user.id, secret),
});

export const listInvites = query({
  permission: can.host("meetingId"),
  summary: "listInvites",
  description:
    "Extension, not in the published API. The invites of a meeting that still let people in, newest first, 100 at most: " +
    "not the expired, revoked and used up ones, and never their secrets. For the host.",
  args: { meetingId: v.id("meetings") },
  returns: v.array(
    v.object({
      createdAt: v.number(),
      createdByName: v.union(v.string(), v.null()),
      expiresAt: v.number(),
      inviteId: v.id("meetingInvites"),
      maxUses: v.number(),
      role: inviteRole,
      uses: v.number(),
    }),
  ),
  handler: ({ tx }, { meetingId }) => list(tx, meetingId),
});

export const revokeInvite = mutation({
  permission: can.inviteHost("inviteId"),
  summary: "revokeInvite",
  description:
    "Extension, not in the published API. Makes an invite worthless; again is no change. Who has come in by it " +
    "stays. For the host of its meeting.",
  args: { inviteId: v.id("meetingInvites") },
  returns: v.null(),
  handler: async ({ tx, grant }, { inviteId }) => {
    await revoke(tx, grant.participant, inviteId);
    return null;
  },
});
