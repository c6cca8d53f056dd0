import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  nobody,
  person,
} from "../support/meetingCalls.ts";

interface Granted {
  granted: boolean;
  permissions: string[];
  metadata: { error?: string };
}

interface Refreshed {
  valid: boolean;
  updatedPermissions: string[];
  reason?: string;
}

let test: TestDatabase;
let stage: MeetingStage;
let host: UserIdentity;
let participant: UserIdentity;
let observer: UserIdentity;
let meetingId: string;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());
beforeEach(async () => {
  host = person();
  meetingId = await meetingOf(stage, host);
  participant = (await guestOf(stage, host, meetingId)).identity;
  observer = (await guestOf(stage, host, meetingId, "observer")).identity;
});

const validate = (who: UserIdentity, resourceType: string, requiredPermissions: string[] = []) =>
  stage.call<Granted>(who, "auth/permissions:validateSubscriptionPermissions", {
    ...{ resourceType, resourceId: meetingId, requiredPermissions },
  });
const refresh = (who: UserIdentity, subscriptions: object[]) =>
  stage.call<Refreshed[]>(who, "auth/permissions:refreshSubscriptionPermissions", {
    subscriptions,
  });
const had = (resourceType: string, permissions: string[], resourceId = meetingId) => ({
  ...{ resourceType, resourceId, permissions, lastValidated: 0 },
});

describe("what everybody may do", () => {
  it.each([
    ["meetingNotes", "host", ["read", "write", "manage", "export"]],
    ["meetingNotes", "participant", ["read", "write"]],
    ["meetingNotes", "observer", ["read"]],
    ["transcripts", "host", ["read", "export", "manage"]],
    ["transcripts", "participant", ["read"]],
    ["transcripts", "observer", ["read"]],
    ["participants", "host", ["read", "invite", "remove", "manage"]],
    ["meetingParticipants", "host", ["read", "invite", "remove", "manage"]],
    ["meetingParticipants", "participant", ["read"]],
    ["meetingParticipants", "observer", ["read"]],
  ])("with %s as %s: %j", async (type, role, permissions) => {
    const who = { host, participant, observer }[role] ?? host;
    expect(await validate(who, type, permissions)).toEqual({
      ...{ granted: true, permissions, metadata: {} },
    });
  });

  it("is not granted where one of what is required is missing", async () => {
    expect(await validate(observer, "meetingNotes", ["read", "write"])).toEqual({
      ...{ granted: false, permissions: ["read"], metadata: {} },
    });
  });
});

it("grants nothing to whoever is not in the meeting, of what no meeting has, or of no meeting", async () => {
  expect(await validate(person(), "transcripts")).toEqual({
    ...{ granted: false, permissions: [], metadata: { error: "Meeting not found" } },
  });
  expect(await validate(host, "users")).toMatchObject({
    granted: false,
    permissions: [],
    metadata: { error: expect.stringContaining("resourceType must be one of meetingNotes") },
  });
  for (const resourceId of ["meeting_none", "x".repeat(100), "no id!"])
    expect(
      await stage.call(host, "auth/permissions:validateSubscriptionPermissions", {
        ...{ resourceType: "transcripts", resourceId, requiredPermissions: [] },
      }),
    ).toMatchObject({ granted: false });
});

it("refuses whoever is not signed in, and other permissions", async () => {
  const name = "auth/permissions:validateSubscriptionPermissions";
  const args = { resourceType: "transcripts", resourceId: meetingId, requiredPermissions: [] };
  expect(await stage.refusal(nobody, name, args)).toMatchObject({ code: "UNAUTHORIZED" });
  const wrong = { ...args, requiredPermissions: ["delete"] };
  expect(await stage.refusal(host, name, wrong)).toMatchObject({ code: "VALIDATION_ERROR" });
});

describe("refreshed permissions", () => {
  it("are told in order, with what has changed and why", async () => {
    const other = await meetingOf(stage, person());
    const asked = [
      had("meetingNotes", ["write", "read"]),
      had("participants", ["read", "manage"]),
      had("transcripts", ["read"]),
      had("transcripts", ["read"], other),
      had("users", []),
    ];
    const ids = { resourceId: meetingId };
    expect(await refresh(participant, asked)).toEqual([
      {
        ...{ ...ids, resourceType: "meetingNotes", valid: true },
        updatedPermissions: ["read", "write"],
      },
      {
        ...{ ...ids, resourceType: "participants", valid: true, updatedPermissions: ["read"] },
        reason: "Permissions have changed",
      },
      { ...ids, resourceType: "transcripts", valid: true, updatedPermissions: ["read"] },
      {
        ...{ resourceId: other, resourceType: "transcripts", valid: false },
        ...{ updatedPermissions: [], reason: "Meeting not found" },
      },
      {
        ...{ ...ids, resourceType: "users", valid: false, updatedPermissions: [] },
        reason: expect.stringContaining("resourceType"),
      },
    ]);
  });

  it("of a transcript are those of a valid subscription while the meeting runs", async () => {
    await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
    const scheduled = await meetingOf(stage, host, { start: false });
    const asked = [
      had("transcripts", ["read", "export", "manage"]),
      had("transcripts", ["read", "export", "manage"], scheduled),
      had("meetingNotes", ["read", "write", "manage", "export"]),
    ];
    expect(await refresh(host, asked)).toMatchObject([
      { valid: false, reason: "The meeting has ended" },
      { valid: false, reason: "The meeting has not started yet" },
      { valid: true },
    ]);
  });

  it("are none after a removal", async () => {
    const [{ userId } = { userId: "" }] = await test.sql<{ userId: string }>(
      `SELECT id AS "userId" FROM users WHERE subject = $1`,
      [participant.subject],
    );
    await stage.call(host, "meetings/lifecycle:removeParticipant", { meetingId, userId });
    expect(await refresh(participant, [had("meetingNotes", ["read"])])).toMatchObject([
      { valid: false, updatedPermissions: [], reason: "Meeting not found" },
    ]);
  });

  it("are looked up for 100 at most", async () => {
    const many = (count: number) => Array.from({ length: count }, () => had("participants", []));
    expect(await refresh(participant, many(100))).toHaveLength(100);
    expect(await refresh(participant, [])).toEqual([]);
    const name = "auth/permissions:refreshSubscriptionPermissions";
    expect(await stage.refusal(participant, name, { subscriptions: many(101) })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "subscriptions", limit: 100 },
    });
  });
});
