import { v } from "convex/values";

/** The shapes of subscriptions on the wire. */
export const resourcePermission = v.union(
  v.literal("read"),
  v.literal("write"),
  v.literal("manage"),
  v.literal("export"),
  v.literal("invite"),
  v.literal("remove"),
);
