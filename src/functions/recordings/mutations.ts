import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { deleteRecording as remove } from "../../recordings/lifecycle/deleteRecording.ts";
import { mutation } from "../../runtime/builders.ts";

export const deleteRecording = mutation({
  permission: can.recordingHost("recordingId"),
  summary: "deleteRecording",
  description:
    "Deletes a stopped recording with everything captured and composed. It is out of reach at once and its files are " +
    "removed soon after. Deleting it again changes nothing. Fails with CONFLICT while it runs. For the host.",
  tags: ["Meetings"],
  args: { recordingId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    await remove(ctx.tx, args.recordingId, ctx.grant.user.id);
    return null;
  },
});
