import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { openDatabase } from "../../../src/db/pool.ts";
import { keepSubscription, removeOverSubscriptions } from "../../../src/subscriptions/store.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { KeyWatch } from "../support/declaredKeys.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  nobody,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

interface Established {
  success: boolean;
  subscriptionId: string;
  permissions: string[];
  rateLimited: boolean;
  validUntil: number;
}

interface Validity {
  valid: boolean;
  permissions: string[];
  reason?: string;
  shouldReconnect: boolean;
  validUntil?: number;
  resourceId: string;
  resourceType: string;
}

const manager = "realtime/subscriptionManager";
const hour = 3_600_000;
let test: TestDatabase;
let stage: MeetingStage;
let host: UserIdentity;
let guest: UserIdentity;
let guestId: string;
let meetingId: string;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());
beforeEach(async () => {
  host = person();
  meetingId = await meetingOf(stage, host);
  ({ identity: guest, userId: guestId } = await guestOf(stage, host, meetingId));
});

/** The same calls at a node with connections of its own. */
async function anotherNode() {
  const db = await openDatabase({
    ...{ connection: test.connection, poolSize: 2, namedStatements: true, log: silentLog },
  });
  return { elsewhere: meetingStage({ ...test, db }), close: () => db.close() };
}

const establish = (who: UserIdentity, change: object = {}, at = stage) =>
  at.call<Established>(who, `${manager}:establishSubscription`, {
    ...{ subscriptionId: "window", resourceType: "participants", resourceId: meetingId, ...change },
  });
const validate = (who: UserIdentity, subscriptionId = "window", at = stage) =>
  at.call<Validity>(who, `${manager}:validateAndUpdateSubscription`, {
    ...{ subscriptionId, lastValidated: 0 },
  });
const terminate = (who: UserIdentity, args: object = {}, at = stage) =>
  at.call(who, `${manager}:terminateSubscription`, { subscriptionId: "window", ...args });
const end = () => stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
const removeGuest = () =>
  stage.call(host, "meetings/lifecycle:removeParticipant", { meetingId, userId: guestId });
const audited = async (userId: string) =>
  (
    await test.sql<{ entry: object }>(
      `SELECT json_build_object('action', action, 'id', resource_id, 'meetingId', meeting_id, 'facts', metadata) AS entry
       FROM audit_logs WHERE actor_user_id = $1 AND resource_type = 'subscription' ORDER BY at, id`,
      [userId],
    )
  ).map(({ entry }) => entry);

describe("an established subscription", () => {
  it("lasts an hour from when it was established last, on every node", async () => {
    await test.stopTime();
    const { elsewhere, close } = await anotherNode();
    const first = await establish(guest);
    expect(first).toMatchObject({ success: true, subscriptionId: "window", rateLimited: false });
    expect(first.permissions).toEqual(["read"]);
    await test.advanceTime(hour / 2);
    const again = await establish(guest, {}, elsewhere);
    expect(again.validUntil - first.validUntil).toBe(hour / 2);
    await test.advanceTime(hour - 1);
    expect(await validate(guest)).toEqual({
      ...{ valid: true, permissions: ["read"], shouldReconnect: false, rateLimited: false },
      ...{ resourceType: "participants", resourceId: meetingId, validUntil: again.validUntil },
    });
    await test.advanceTime(1);
    expect(await validate(guest, "window", elsewhere)).toMatchObject({
      ...{ valid: false, permissions: [], shouldReconnect: true, resourceId: meetingId },
      reason: "The subscription is not established any more",
    });
    await close();
  });

  it("is in the audit log once, and so is its end", async () => {
    await establish(guest, { priority: "high" });
    await establish(guest, { priority: "low" });
    await terminate(guest, { reason: "The page was closed" });
    await terminate(guest);
    const entry = { id: "window", meetingId };
    const facts = { resourceType: "participants", success: true };
    expect(await audited(guestId)).toEqual([
      {
        ...{ ...entry, action: "subscription_established" },
        facts: { ...facts, priority: "high" },
      },
      {
        ...{ ...entry, action: "subscription_terminated" },
        facts: { ...facts, reason: "The page was closed" },
      },
    ]);
  });

  it("is to what was asked for last under its name", async () => {
    await establish(guest);
    await establish(guest, { resourceType: "meetingNotes" });
    expect(await validate(guest)).toMatchObject({
      ...{ valid: true, resourceType: "meetingNotes", permissions: ["read", "write"] },
    });
    expect(await audited(guestId)).toHaveLength(2);
  });

  it("is nobody else's, whatever they call theirs", async () => {
    await establish(guest);
    expect(await validate(host)).toMatchObject({ valid: false, resourceId: "" });
    await terminate(host);
    await establish(host, { resourceType: "transcripts" });
    expect(await validate(guest)).toMatchObject({ valid: true, resourceType: "participants" });
  });

  it("ends with its owner's place in the meeting", async () => {
    await establish(guest);
    await removeGuest();
    expect(await validate(guest)).toMatchObject({
      ...{ valid: false, permissions: [], shouldReconnect: false, reason: "Meeting not found" },
    });
  });

  it("to a transcript is valid while the meeting runs", async () => {
    await establish(guest, { resourceType: "transcripts" });
    expect(await validate(guest)).toMatchObject({ valid: true });
    await end();
    expect(await validate(guest)).toMatchObject({
      ...{ valid: false, permissions: ["read"], shouldReconnect: false },
      reason: "The meeting has ended",
    });
  });

  it("gives way to a hundred younger ones", async () => {
    await test.stopTime();
    for (let n = 0; n <= 100; n++) {
      await test.advanceTime(1);
      await establish(guest, { subscriptionId: `window${n}` });
    }
    expect(await validate(guest, "window0")).toMatchObject({ valid: false });
    expect(await validate(guest, "window1")).toMatchObject({ valid: true });
    expect(await validate(guest, "window100")).toMatchObject({ valid: true });
  });

  it("may be made and ended by two nodes at once", async () => {
    const { elsewhere, close } = await anotherNode();
    const many = Array.from({ length: 6 }, (_, n) =>
      n % 2 ? terminate(guest, {}, elsewhere) : establish(guest),
    );
    await Promise.all(many);
    await establish(guest);
    expect(await validate(guest, "window", elsewhere)).toMatchObject({ valid: true });
    await close();
  });

  it("is there though another node ends it at the moment it is made to last longer", async () => {
    const { elsewhere, close } = await anotherNode();
    await establish(guest);
    let ended = 0;
    const kept = await test.db.transaction((tx) =>
      keepSubscription(
        {
          ...{ all: tx.all.bind(tx), run: tx.run.bind(tx) },
          ...{ reads: tx.reads.bind(tx), writes: tx.writes.bind(tx) },
          afterCommit: tx.afterCommit.bind(tx),
          first: async (statement, values) => {
            if (ended++ === 0) await terminate(guest, {}, elsewhere);
            return tx.first(statement, values);
          },
        },
        {
          ...{ userId: guestId, subscriptionId: "window", meetingId },
          ...{ resourceType: "participants", priority: "normal" },
        },
      ),
    );
    expect(kept.isNew).toBe(true);
    expect(await validate(guest)).toMatchObject({ valid: true, validUntil: kept.validUntil });
    await close();
  });
});

describe("establishing is refused", () => {
  it.each([
    ["a type that no meeting has", { resourceType: "users" }, "VALIDATION_ERROR", "resourceType"],
    ["no name", { subscriptionId: "" }, "VALIDATION_ERROR", "subscriptionId"],
    ["a long name", { subscriptionId: "x".repeat(129) }, "VALIDATION_ERROR", "subscriptionId"],
    ["a name with a space", { subscriptionId: "a b" }, "VALIDATION_ERROR", "subscriptionId"],
    ["no meeting", { resourceId: "meeting_none" }, "NOT_FOUND", undefined],
    ["what is no id", { resourceId: "no id!" }, "NOT_FOUND", undefined],
    ["a priority there is not", { priority: "urgent" }, "VALIDATION_ERROR", "priority"],
  ])("with %s", async (_, change, code, field) => {
    const name = `${manager}:establishSubscription`;
    const args = { subscriptionId: "w", resourceType: "transcripts", resourceId: meetingId };
    const refused = await stage.refusal(guest, name, { ...args, ...change });
    expect(refused).toMatchObject({ code, ...(field && { metadata: { field } }) });
    expect(await audited(guestId)).toEqual([]);
  });

  it("to whoever is not in the meeting, and to a transcript of one that is over", async () => {
    const name = `${manager}:establishSubscription`;
    const args = { subscriptionId: "w", resourceType: "transcripts", resourceId: meetingId };
    expect(await stage.refusal(person(), name, args)).toMatchObject({ code: "NOT_FOUND" });
    expect(await stage.refusal(nobody, name, args)).toMatchObject({ code: "UNAUTHORIZED" });
    await end();
    expect(await stage.refusal(guest, name, args)).toMatchObject({ code: "MEETING_NOT_ACTIVE" });
  });

  it("beyond 120 a minute", async () => {
    const fresh = meetingStage(test);
    fresh.services.clock = { ...systemClock, now: () => 0 };
    for (let n = 0; n < 120; n++) await establish(guest, {}, fresh);
    const args = { subscriptionId: "w", resourceType: "participants", resourceId: meetingId };
    expect(await fresh.refusal(guest, `${manager}:establishSubscription`, args)).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      metadata: { limit: 120, retryAfterMs: expect.any(Number) },
    });
  });
});

it.each(["", "x".repeat(201), "a\u0007"])(
  "refuses %j as a reason, and ends nothing",
  async (reason) => {
    await establish(guest);
    const args = { subscriptionId: "window", reason };
    expect(await stage.refusal(guest, `${manager}:terminateSubscription`, args)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "reason" },
    });
    expect(await validate(guest)).toMatchObject({ valid: true });
  },
);

describe("validateSubscription", () => {
  const look = (who: UserIdentity, resourceType: string, subscriptionId = "window") =>
    stage.call<Validity>(who, "realtime/subscriptions:validateSubscription", {
      ...{ resourceType, subscriptionId, resourceId: meetingId, lastValidated: 0 },
    });

  it("tells of what was never established too", async () => {
    expect(await look(host, "participants")).toEqual({
      ...{ valid: true, permissions: ["read", "invite", "remove", "manage"] },
      shouldReconnect: false,
    });
    expect(await look(person(), "participants")).toMatchObject({
      ...{ valid: false, reason: "Meeting not found", shouldReconnect: false },
    });
    expect(await look(host, "users", "not a name")).toMatchObject({ valid: false });
    const planned = await meetingOf(stage, host, { start: false });
    const args = { resourceType: "transcripts", subscriptionId: "x", lastValidated: 0 };
    expect(
      await stage.call(host, "realtime/subscriptions:validateSubscription", {
        ...{ ...args, resourceId: planned },
      }),
    ).toMatchObject({ valid: false, shouldReconnect: true });
  });

  it("tells that an established one has run out", async () => {
    await test.stopTime();
    const { validUntil } = await establish(guest);
    expect(await look(guest, "participants")).toMatchObject({ valid: true, validUntil });
    expect(await look(guest, "meetingNotes")).not.toHaveProperty("validUntil");
    await test.advanceTime(hour);
    expect(await look(guest, "participants")).toMatchObject({
      ...{ valid: false, shouldReconnect: true, validUntil },
    });
    expect(await look(guest, "meetingNotes")).toMatchObject({ valid: true });
  });
});

it("notes in the audit log that a subscription is not valid, and nothing of one that is", async () => {
  const log = (subscriptionId: string) =>
    stage.call<Validity>(guest, "realtime/subscriptionActions:validateAndLogSubscription", {
      ...{ subscriptionId, lastValidated: 0 },
    });
  await establish(guest);
  expect(await log("window")).toMatchObject({ valid: true, permissions: ["read"] });
  expect(await log("other")).toMatchObject({ valid: false, shouldReconnect: true });
  await removeGuest();
  expect(await log("window")).toMatchObject({ valid: false, reason: "Meeting not found" });
  expect(await log("no name")).toMatchObject({ valid: false });
  expect(await audited(guestId)).toMatchObject([
    { action: "subscription_established" },
    {
      ...{ action: "subscription_validation_failed", id: "other", meetingId: null },
      facts: { success: false, reason: "The subscription is not established any more" },
    },
    {
      ...{ action: "subscription_validation_failed", id: "window", meetingId },
      facts: { success: false, reason: "Meeting not found", resourceType: "participants" },
    },
  ]);
});

describe("the people of a meeting, followed", () => {
  interface Followed {
    participants: {
      userId: string;
      role: string;
      presence: string;
      user: { email: string; displayName?: string };
    }[];
    permissions: string[];
    subscriptionValid: boolean;
  }
  const follow = (who: UserIdentity, args: object = {}) =>
    stage.call<Followed>(who, "realtime/subscriptions:subscribeMeetingParticipants", {
      ...{ meetingId, ...args },
    });

  it("are told with their presence, in order", async () => {
    await stage.call(guest, "meetings/lifecycle:joinMeeting", { meetingId });
    const { participants, permissions, subscriptionValid } = await follow(guest, {
      subscriptionId: "window",
    });
    expect(participants).toMatchObject([
      { role: "host", presence: "invited" },
      { userId: guestId, role: "participant", presence: "joined", joinedAt: expect.any(Number) },
    ]);
    expect({ permissions, subscriptionValid }).toEqual({
      ...{ permissions: ["read"], subscriptionValid: true },
    });
    expect((await follow(host)).permissions).toContain("manage");
  });

  it("have addresses for themselves and administrators of their organisation alone", async () => {
    const orgId = `org_${meetingId}`;
    const owner = person({ orgId, orgRole: "admin", email: "owner@example.test" });
    const member = person({ orgId, email: "member@example.test" });
    const outsider = person({ email: "outsider@example.test" });
    meetingId = await meetingOf(stage, owner);
    for (const one of [member, outsider])
      await stage.call(owner, "meetings/lifecycle:addParticipant", {
        ...{ meetingId, userId: await userIdOf(stage, one), role: "participant" },
      });
    const addresses = async (who: UserIdentity) =>
      (await follow(who)).participants.map(({ user }) => user.email);
    expect(await addresses(owner)).toEqual(["owner@example.test", "member@example.test", ""]);
    expect(await addresses(member)).toEqual(["", "member@example.test", ""]);
    expect(await addresses(outsider)).toEqual(["", "", "outsider@example.test"]);
  });

  it("are told to nobody who is not among them", async () => {
    const name = "realtime/subscriptions:subscribeMeetingParticipants";
    expect(await stage.refusal(person(), name, { meetingId })).toMatchObject({ code: "NOT_FOUND" });
    await removeGuest();
    expect(await stage.refusal(guest, name, { meetingId })).toMatchObject({ code: "NOT_FOUND" });
  });
});

it("tells whoever watches their subscriptions of every change", async () => {
  const watch = new KeyWatch(test, stage);
  const asked = { subscriptionId: "window", lastValidated: 0 };
  watch.watch("guest", guest, {
    [`${manager}:validateAndUpdateSubscription`]: asked,
    "realtime/subscriptions:validateSubscription": {
      ...{ ...asked, resourceType: "participants", resourceId: meetingId },
    },
    "realtime/subscriptions:subscribeMeetingParticipants": { meetingId },
  });
  await test.stopTime();
  const runOut = async () => {
    await establish(guest);
    await test.advanceTime(hour);
    expect(await removeOverSubscriptions(test.db, 1000)).toBeGreaterThan(0);
  };
  const changes: Record<string, () => Promise<unknown>> = {
    establish: () => establish(guest),
    "establish again": async () => {
      await test.advanceTime(1);
      await establish(guest);
    },
    terminate: () => terminate(guest),
    "establish once more": () => establish(guest),
    join: () => stage.call(guest, "meetings/lifecycle:joinMeeting", { meetingId }),
    removal: removeGuest,
  };
  for (const [what, work] of Object.entries(changes)) {
    const { stale, changed } = await watch.stale(work);
    expect(stale, what).toEqual([]);
    expect(changed, what).toBeGreaterThan(0);
  }
  await stage.call(host, "meetings/lifecycle:addParticipant", {
    ...{ meetingId, userId: guestId, role: "participant" },
  });
  await establish(guest);
  expect((await watch.stale(runOut)).stale).toEqual([]);
  expect(await removeOverSubscriptions(test.db, 1000)).toBe(0);
});
