import { v } from "convex/values";
import { can } from "../../../src/auth/can.ts";
import { AppError } from "../../../src/core/errors.ts";
import { DatabaseUnavailableError } from "../../../src/db/errors.ts";
import { statement } from "../../../src/db/port.ts";
import { action, mutation, query } from "../../../src/runtime/builders.ts";
import type { FunctionModules } from "../../../src/runtime/registry.ts";

/** What the sample functions write to, through the fake database's transactions. */
export const addToCounter = statement<{ total: number }>("samples.add", "add $1");
export const readCounter = statement<{ total: number }>("samples.read", "read");

const anyone = { permission: can.anyone, summary: "A sample" } as const;

const list = query({
  ...anyone,
  args: { limit: v.optional(v.number()) },
  returns: v.array(v.string()),
  handler: (_ctx, { limit }) => ["a", "b", "c"].slice(0, limit),
});

const echo = query({
  ...anyone,
  args: { value: v.any() },
  returns: v.any(),
  handler: (_ctx, { value }) => value,
});

/** The one that declares that it needs long arguments. */
const count = query({
  ...anyone,
  args: { text: v.string() },
  returns: v.number(),
  maxArgsBytes: 16 * 2 ** 20,
  handler: (_ctx, { text }) => text.length,
});

const me = query({
  permission: can.user,
  summary: "The caller",
  args: {},
  returns: v.object({ id: v.id("users"), email: v.string() }),
  handler: (ctx) => ({ id: ctx.grant.user.id, email: ctx.grant.user.email }),
});

const adminOnly = query({
  permission: can.admin,
  summary: "For administration",
  args: {},
  returns: v.null(),
  handler: () => null,
});

const add = mutation({
  callsPerMinute: Number.POSITIVE_INFINITY,
  ...anyone,
  args: { by: v.number(), after: v.optional(v.union(v.literal("refuse"), v.literal("lie"))) },
  returns: v.object({ total: v.number() }),
  handler: async ({ tx }, { by, after }) => {
    const row = await tx.first(addToCounter, [by]);
    if (after === "refuse") throw new AppError("CONFLICT", "Changed your mind", { by });
    if (after === "lie") return { total: "secret" as unknown as number };
    return { total: row?.total ?? 0 };
  },
});

const total = query({
  ...anyone,
  args: {},
  returns: v.number(),
  handler: async ({ tx }) => (await tx.first(readCounter))?.total ?? 0,
});

const recordingConfig = v.object({
  mode: v.optional(v.union(v.literal("available"), v.literal("disabled"))),
  audioOnly: v.optional(v.boolean()),
  quality: v.optional(v.union(v.literal("360p"), v.literal("720p"), v.literal("1080p"))),
  layout: v.optional(
    v.union(v.literal("grid"), v.literal("spotlight"), v.literal("single-participant")),
  ),
});

/** The published operation's shape, without what it does. */
const startRecording = action({
  permission: can.user,
  summary: "Start recording a meeting",
  description: "Records the meeting in the given layout and quality.",
  args: { meetingId: v.id("meetings"), recordingConfig: v.optional(recordingConfig) },
  returns: v.object({
    recordingId: v.string(),
    recordingUrl: v.optional(v.string()),
    success: v.boolean(),
  }),
  examples: {
    args: {
      meetingId: "meeting_123example",
      recordingConfig: { mode: "available", audioOnly: false, quality: "720p", layout: "grid" },
    },
    value: {
      recordingId: "recording_1704067200000",
      recordingUrl: "https://stream-recordings.example.com/recording_1704067200000.mp4",
      success: true,
    },
  },
  handler: (_ctx, { meetingId }) => {
    throw new AppError("NOT_FOUND", "Meeting not found", { id: meetingId });
  },
});

/** Runs until its signal aborts, then says so. */
const wait = action({
  ...anyone,
  args: {},
  returns: v.string(),
  handler: ({ signal, log }) =>
    new Promise<string>((resolve) => {
      log.info({}, "waiting");
      const aborted = () => resolve("aborted");
      if (signal.aborted) aborted();
      else signal.addEventListener("abort", aborted, { once: true });
    }),
});

const failures: Record<string, () => Error> = {
  unknown: () => new Error("password=hunter2"),
  internal: () => new AppError("INTERNAL_ERROR", "password=hunter2"),
  provider: () => new AppError("STREAM_ERROR", "Stream is down", { operation: "start" }),
  limit: () => new AppError("RATE_LIMIT_EXCEEDED", "Too many", { retryAfterMs: 1500 }),
  database: () => new DatabaseUnavailableError("connect ECONNREFUSED /secret/path"),
  conflict: () => Object.assign(new Error("could not serialize access"), { code: "40001" }),
};

const fail = query({
  ...anyone,
  args: { how: v.string() },
  returns: v.null(),
  handler: (_ctx, { how }) => {
    throw failures[how]?.() ?? new Error("unexpected");
  },
});

const big = query({
  ...anyone,
  args: { bytes: v.number() },
  returns: v.string(),
  handler: (_ctx, { bytes }) => "x".repeat(bytes),
});

export const sampleModules: FunctionModules = {
  messages: { list, default: list, helper: () => undefined },
  samples: { echo, count, fail, big, adminOnly, wait },
  counter: { add, total },
  "users/queries": { me },
  "meetings/stream/index": { startRecording },
};
