import { expect, it } from "vitest";
import type { User } from "../../../src/auth/identity.ts";
import { administeredOrg } from "../../../src/auth/orgAdmin.ts";
import { type AppError, errorKinds } from "../../../src/core/errors.ts";
import { admit } from "../../../src/core/limits/slidingWindow.ts";
import type { Result } from "../../../src/core/result.ts";
import { draftMeeting } from "../../../src/meetings/lifecycle/draft.ts";
import { mayCancel, mayStart, requireActive } from "../../../src/meetings/states.ts";
import { mayRecord, type RecordableMeeting } from "../../../src/recordings/rules.ts";
import { ApiError, type ApiErrorCode, type ApiErrorMetadata } from "../api/apiError.ts";
import { explain, retryWords } from "./refusals.ts";

const meeting: RecordableMeeting = {
  id: "meeting_1",
  state: "active",
  tier: "paid",
  recordingPermitted: true,
};

/** The server's own error as it arrives here. */
function received({ code, message, statusCode, metadata }: AppError): ApiError {
  return new ApiError(code, message, statusCode, metadata as ApiErrorMetadata | undefined);
}

function refusalOf(result: Result<unknown>): ApiError {
  if (result.ok) throw new Error("nothing was refused");
  return received(result.error);
}

it("every code of the server has words that do not fall back on the server's own", () => {
  for (const code of Object.keys(errorKinds) as ApiErrorCode[]) {
    if (code === "VALIDATION_ERROR" || code === "CONFLICT") continue;
    const { text } = explain(new ApiError(code, "technical detail", 400));
    expect(text, code).toMatch(/^[A-Z].*\.$/);
    expect(text, code).not.toContain("technical");
  }
});

it.each<[string, Result<unknown>, RegExp]>([
  ["free tier", mayRecord({ ...meeting, tier: "free" }), /paid plan/],
  ["no recording", mayRecord({ ...meeting, recordingPermitted: false }), /without recording/],
  ["not started", mayRecord({ ...meeting, state: "scheduled" }), /not started/],
  ["ended", requireActive({ id: "m", state: "concluded" }), /has ended/],
  ["cancelled", mayStart({ id: "m", state: "cancelled" }), /was cancelled/],
  ["running", mayCancel({ id: "m", state: "active" }), /running already/],
  [
    "a field",
    draftMeeting({ title: " " }, { tier: "paid", roomLimit: 10, now: 0 }),
    /^The title must not be empty\.$/,
  ],
])("%s is said as a person would", (_, result, words) => {
  expect(explain(refusalOf(result)).text).toMatch(words);
});

it("the fourth start in a minute says how many are allowed and when the next may be", () => {
  const refusal = explain(
    refusalOf(admit("recording_start", [50_000, 40_000, 30_000], 3, 60_000, 60_000)),
  );
  expect(refusal.text).toBe("You have started 3 recordings within a minute, and that is the most.");
  expect(refusal.retryAfterMs).toBe(30_000);
});

it.each<[string, ApiErrorCode, ApiErrorMetadata, RegExp]>([
  [
    "recorded by somebody else",
    "CONFLICT",
    { recordingId: "r", state: "recording", startedBy: "u" },
    /recorded already/,
  ],
  ["still stopping", "CONFLICT", { recordingId: "r", state: "stopping" }, /still being closed/],
  ["not host", "INSUFFICIENT_PERMISSIONS", { requiredRole: "host" }, /Only a host/],
  ["off", "CONFLICT", { reason: "admin" }, /The endpoint is off/],
  ["off by its receiver", "CONFLICT", { reason: "gone" }, /wants nothing any more/],
  ["too many", "CONFLICT", { reason: "too_many_endpoints", limit: 20 }, /has 20 endpoints/],
  [
    "disk full",
    "STREAM_ERROR",
    { reason: "disk_reserve", retryAfterMs: 60_000 },
    /disk is nearly full/,
  ],
  ["provider away", "EXTERNAL_SERVICE_TIMEOUT", { breaker: "open" }, /is away/],
  ["not confirmed", "EXTERNAL_SERVICE_TIMEOUT", { timeoutMs: 10_000 }, /not confirmed yet/],
  ["full", "VALIDATION_ERROR", { reason: "meeting_full", limit: 4 }, /takes 4 people/],
  ["offline", "OFFLINE", {}, /cannot be reached/],
])("%s", (_, code, metadata, words) => {
  expect(explain(new ApiError(code, "technical", 400, metadata)).text).toMatch(words);
});

it("counts down in words", () => {
  expect([retryWords(17), retryWords(1), retryWords(0)]).toEqual([
    "You can try again in 17 seconds.",
    "You can try again in 1 second.",
    "You can try again now.",
  ]);
});

it.each<[string, Partial<User>, RegExp]>([
  ["without an organisation", {}, /without one/],
  [
    "without the role",
    { orgId: "org_1", orgRole: "member" },
    /administrators of your organisation/,
  ],
])("whoever is %s is told what it takes to administer one", (_, user, words) => {
  expect(explain(refusalOf(administeredOrg(user as User, undefined))).text).toMatch(words);
});

it("what is no refusal of the server is a fault of the page", () => {
  expect(explain(new TypeError("x is undefined")).text).toMatch(/Reload/);
});
