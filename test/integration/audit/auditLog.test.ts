import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Identity, UserIdentity } from "../../../src/auth/identity.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  admin,
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

interface Entry {
  _id: string;
  _creationTime: number;
  action: string;
  actorUserId?: string;
  metadata: Record<string, unknown>;
  resourceId: string;
  resourceType: string;
  timestamp: number;
}

const name = "audit/logging:getAuditLogs";
let test: TestDatabase;
let stage: MeetingStage;
let orgId: string;
let orgAdmin: UserIdentity;
let host: UserIdentity;
let hostId: string;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());
beforeEach(async () => {
  orgId = `org_${randomUUID()}`;
  orgAdmin = person({ orgId, orgRole: "admin" });
  host = person({ orgId });
  hostId = await userIdOf(stage, host);
});

const read = (who: Identity, args: object = {}) =>
  stage.call<{ logs: Entry[]; continueCursor?: string }>(who, name, args);
const actions = async (who: Identity, args: object = {}) =>
  (await read(who, args)).logs.map(({ action }) => action);
const ofMeeting = (meetingId: string) => ({ resourceType: "meeting", resourceId: meetingId });

it("names actor, action, target and time", async () => {
  const before = Date.now() - 1000;
  const meetingId = await meetingOf(stage, host);
  const { userId } = await guestOf(stage, host, meetingId, "observer");
  const { logs } = await read(orgAdmin, { action: "participant.added" });
  expect(logs).toMatchObject([
    {
      action: "participant.added",
      actorUserId: hostId,
      metadata: { meetingId, userId, role: "observer" },
      resourceType: "participant",
    },
  ]);
  const [entry] = logs;
  expect(entry?.timestamp).toBe(entry?._creationTime);
  expect(entry?.timestamp).toBeGreaterThan(before);
  expect(entry?.timestamp).toBeLessThan(Date.now() + 1000);
});

it("tells an administrator of everything in the organisation, newest first, and of nothing else", async () => {
  const meetingId = await meetingOf(stage, host);
  await stage.call(host, "meetings/stream/index:startRecording", { meetingId });
  await meetingOf(stage, person());
  await meetingOf(stage, person({ orgId: `${orgId}_other` }));
  await stage.call(admin, "users/mutations:setPlan", { orgId, plan: "paid" });
  await stage.call(orgAdmin, "webhooks/mutations:createEndpoint", { url: "https://example.org/" });
  await stage.call(orgAdmin, "users/mutations:deactivateUser", { userId: hostId });
  expect(await actions(orgAdmin)).toEqual([
    "user.deactivate",
    "webhook.create",
    "plan.set",
    "recording.started",
    "recording.start",
    "meeting.started",
    "meeting.created",
  ]);
  expect(await actions(admin, { orgId })).toEqual(await actions(orgAdmin));
});

it("gives what meets all that is asked", async () => {
  const meetingId = await meetingOf(stage, host);
  const { userId, identity } = await guestOf(stage, host, meetingId);
  await stage.call(identity, "meetings/lifecycle:joinMeeting", { meetingId });
  await stage.call(identity, "meetings/lifecycle:leaveMeeting", { meetingId });
  expect(await actions(orgAdmin, { actorUserId: userId })).toEqual([
    "participant.left",
    "participant.joined",
  ]);
  const joined = { actorUserId: userId, action: "participant.joined" };
  expect(await actions(orgAdmin, joined)).toEqual(["participant.joined"]);
  expect(await actions(orgAdmin, { ...joined, ...ofMeeting(meetingId) })).toEqual([]);
  expect(await actions(orgAdmin, { resourceType: "meeting" })).toHaveLength(2);
  expect(await actions(orgAdmin, { resourceId: meetingId })).toHaveLength(2);
  expect(await actions(orgAdmin, { action: "meeting.created" })).toHaveLength(1);
});

describe("a host", () => {
  it("reads what was done to their meeting and to what is in it, of no organisation too", async () => {
    const alone = person();
    const meetingId = await meetingOf(stage, alone);
    const { userId } = await guestOf(stage, alone, meetingId);
    await stage.call(alone, "meetings/lifecycle:removeParticipant", { meetingId, userId });
    expect(await actions(alone, ofMeeting(meetingId))).toEqual([
      "meeting.started",
      "meeting.created",
    ]);
    const [added] = await test.sql<{ id: string }>(
      "SELECT resource_id AS id FROM audit_logs WHERE meeting_id = $1 AND action = 'participant.added'",
      [meetingId],
    );
    const ofGuest = { resourceType: "participant", resourceId: added?.id };
    expect(await actions(alone, ofGuest)).toEqual(["participant.removed", "participant.added"]);
    const { recordingId } = await stage.call<{ recordingId: string }>(
      alone,
      "meetings/stream/index:startRecording",
      { meetingId },
    );
    const ofRecording = { resourceType: "recording", resourceId: recordingId };
    expect(await actions(alone, ofRecording)).toEqual(["recording.started", "recording.start"]);
  });

  it("who administers another organisation reads both logs", async () => {
    const both = person({ orgId: `${orgId}_other`, orgRole: "admin" });
    const meetingId = await meetingOf(stage, host);
    const { userId } = await guestOf(stage, host, meetingId);
    await userIdOf(stage, both);
    const bothId = await userIdOf(stage, both);
    await stage.call(host, "meetings/lifecycle:addParticipant", {
      ...{ meetingId, userId: bothId, role: "host" },
    });
    expect(userId).not.toBe(bothId);
    expect(await actions(both, ofMeeting(meetingId))).toHaveLength(2);
    expect(await actions(both)).toEqual([]);
  });
});

describe("is refused", () => {
  it.each([
    ["a member who names nothing", () => person({ orgId }), {}, "INSUFFICIENT_PERMISSIONS"],
    ["a host who names nothing", () => host, {}, "INSUFFICIENT_PERMISSIONS"],
    ["somebody of no organisation", () => person(), { action: "x" }, "INSUFFICIENT_PERMISSIONS"],
    [
      "a user about users",
      () => host,
      { resourceType: "user", resourceId: "user_x" },
      "INSUFFICIENT_PERMISSIONS",
    ],
    ["the administration key for no organisation", () => admin, {}, "VALIDATION_ERROR"],
    ["an administrator for another organisation", () => orgAdmin, { orgId: "org_x" }, "NOT_FOUND"],
  ] as const)("%s", async (_, who, args, code) => {
    expect(await stage.refusal(who(), name, args)).toMatchObject({ code });
  });

  it("a participant, and whoever is not in the meeting", async () => {
    const meetingId = await meetingOf(stage, host);
    const guest = await guestOf(stage, host, meetingId);
    const asked = ofMeeting(meetingId);
    expect(await stage.refusal(guest.identity, name, asked)).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
    });
    expect(await stage.refusal(person(), name, asked)).toMatchObject({ code: "NOT_FOUND" });
    expect(await stage.refusal(person(), name, ofMeeting("meeting_none"))).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it.each([0, -1, 1.5, 101])("a length of %s", async (limit) => {
    expect(await stage.refusal(orgAdmin, name, { limit })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "limit" },
    });
  });
});

describe("page by page", () => {
  it("gives every entry once, those of one moment too", async () => {
    await meetingOf(stage, host, { start: false });
    for (let n = 0; n < 4; n++)
      await test.sql(
        `INSERT INTO audit_logs (id, org_id, resource_type, resource_id, action, at)
         VALUES ($1, $2, 'meeting', 'meeting_x', 'meeting.started', '2020-01-01')`,
        [`audit_${orgId}_${n}`.slice(0, 60), orgId],
      );
    const all = (await read(orgAdmin)).logs;
    expect(all).toHaveLength(5);
    const seen: Entry[] = [];
    let cursor: string | undefined;
    do {
      const page = await read(orgAdmin, { limit: 2, ...(cursor && { cursor }) });
      expect(page.logs.length).toBeLessThanOrEqual(2);
      seen.push(...page.logs);
      cursor = page.continueCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(all);
  });

  it("refuses a cursor of another question", async () => {
    await meetingOf(stage, host);
    const { continueCursor: cursor } = await read(orgAdmin, { limit: 1 });
    expect(cursor).toBeDefined();
    for (const [who, args] of [
      [orgAdmin, { cursor, action: "meeting.started" }],
      [orgAdmin, { cursor: "nonsense" }],
      [admin, { cursor, orgId: "org_x" }],
    ] as const)
      expect(await stage.refusal(who, name, args)).toMatchObject({
        code: "VALIDATION_ERROR",
        metadata: { field: "cursor", reason: "InvalidCursor" },
      });
  });
});
