import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { settleHosts } from "../../../src/meetings/lifecycle/settleHosts.ts";
import { settleRooms } from "../../../src/meetings/lifecycle/settleRooms.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  admin,
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  nobody,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

const deactivate = "users/mutations:deactivateUser";
const lifecycle = (name: string) => `meetings/lifecycle:${name}`;

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
});
beforeEach(() => {
  stage = meetingStage(test);
});
afterAll(() => test.close());

async function deactivated(who: UserIdentity): Promise<string> {
  const userId = await userIdOf(stage, who);
  expect(await stage.call(who, deactivate, { userId })).toBeNull();
  return userId;
}

const stateOf = async (meetingId: string) =>
  (await test.sql<{ state: string }>("SELECT state FROM meetings WHERE id = $1", [meetingId]))[0]
    ?.state;

describe("deactivateUser", () => {
  it("refuses whatever they call from then on", async () => {
    const alice = person();
    const userId = await deactivated(alice);
    for (const name of ["users/queries:getCurrentUser", "users/queries:getOnboardingState"])
      expect(await stage.refusal(alice, name)).toMatchObject({ code: "FORBIDDEN" });
    expect(await stage.refusal(alice, deactivate, { userId })).toMatchObject({ code: "FORBIDDEN" });
  });

  it("is for the user, their administrators and the administration key, once", async () => {
    const org = { orgId: "org_deactivation" };
    const alice = person(org);
    const userId = await userIdOf(stage, alice);
    for (const other of [
      person(org),
      person({ orgId: "org_b", orgRole: "admin" }),
      person({ orgRole: "admin" }),
    ])
      expect(await stage.refusal(other, deactivate, { userId })).toMatchObject({
        code: "FORBIDDEN",
      });
    expect(await stage.refusal(nobody, deactivate, { userId })).toMatchObject({
      code: "UNAUTHORIZED",
    });
    const boss = person({ ...org, orgRole: "admin" });
    await stage.call(boss, deactivate, { userId });
    expect(await stage.refusal(boss, deactivate, { userId })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "userId", reason: "already_inactive" },
    });
    const another = await userIdOf(stage, person());
    expect(await stage.call(admin, deactivate, { userId: another })).toBeNull();
    expect(await stage.refusal(admin, deactivate, { userId: "user_nobody" })).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("is done once when asked twice at once", async () => {
    const userId = await userIdOf(stage, person());
    const results = await Promise.allSettled(
      [1, 2].map(() => stage.call(admin, deactivate, { userId })),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const audits = await test.sql(
      "SELECT 1 FROM audit_logs WHERE resource_id = $1 AND action = 'user.deactivate'",
      [userId],
    );
    expect(audits).toHaveLength(1);
  });

  it("ends their media and takes them out of the list of the organisation", async () => {
    const host = person({ orgId: "org_media", orgRole: "admin" });
    const meetingId = await meetingOf(stage, host);
    const guest = await guestOf(stage, host, meetingId);
    await stage.call(guest.identity, lifecycle("joinMeeting"), { meetingId });
    await deactivated(guest.identity);
    await settleRooms(stage.services);
    expect(stage.video.rooms).toContainEqual(["removeParticipant", guest.userId]);
    const people = await stage.call<{ userId: string; presence: string }[]>(
      host,
      "meetings/queries:listMeetingParticipants",
      { meetingId },
    );
    expect(people.find(({ userId }) => userId === guest.userId)?.presence).toBe("left");
  });

  it("makes their invites worthless, and no others", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const second = await guestOf(stage, host, meetingId, "host");
    const invite = (by: UserIdentity) =>
      stage.call<{ secret: string }>(by, "meetings/invites:createInvite", { meetingId });
    const [kept, lost] = [await invite(host), await invite(second.identity)];
    await deactivated(second.identity);
    const accept = "meetings/invites:acceptInvite";
    const refused = await stage.refusal(person(), accept, { secret: lost.secret });
    expect(refused).toMatchObject({ code: "NOT_FOUND" });
    await stage.call(person(), accept, { secret: kept.secret });
  });
});

describe("a meeting whose hosts are all deactivated", () => {
  it("is cancelled when it has not started, and ended with its recording when it runs", async () => {
    const host = person();
    const planned = await meetingOf(stage, host, { start: false });
    const running = await meetingOf(stage, host);
    const { identity } = await guestOf(stage, host, running);
    await stage.call(identity, lifecycle("joinMeeting"), { meetingId: running });
    await stage.call(host, "meetings/stream/index:startRecording", { meetingId: running });
    await deactivated(host);
    await settleHosts(stage.services);
    expect([await stateOf(planned), await stateOf(running)]).toEqual(["cancelled", "concluded"]);
    const [recording] = await test.sql("SELECT stop_reason FROM recordings WHERE meeting_id = $1", [
      running,
    ]);
    expect(recording).toMatchObject({ stop_reason: "meeting_ended" });
    expect(stage.video.rooms).toContainEqual(["closeRoom", running]);
    expect(await settleHosts(stage.services)).toBe(0);
  });

  it("goes on while there is another host, until they are deactivated too", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const second = await guestOf(stage, host, meetingId, "host");
    await deactivated(host);
    await settleHosts(stage.services);
    expect(await stateOf(meetingId)).toBe("active");
    // The one who is left is the last who can end it.
    const args = { meetingId, userId: second.userId };
    expect(
      await stage.refusal(second.identity, lifecycle("removeParticipant"), args),
    ).toMatchObject({ metadata: { reason: "last_host" } });
    const first = { meetingId, userId: await hostIdOf(meetingId, second.userId) };
    expect(await stage.call(second.identity, lifecycle("removeParticipant"), first)).toBeNull();
    await deactivated(second.identity);
    await settleHosts(stage.services);
    expect(await stateOf(meetingId)).toBe("concluded");
  });

  it("is looked after by another server when the first dies over it, once", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    await deactivated(host);
    stage.services.db = {
      ...test.db,
      read: (work) => test.db.read(work),
      transaction: dyingAfter(1, (work) => test.db.transaction(work)),
    } as typeof test.db;
    await settleHosts(stage.services);
    expect(await stateOf(meetingId)).toBe("active");
    stage = meetingStage(test);
    expect(await settleHosts(stage.services)).toBe(0);
    await test.advanceTime(31_000);
    await Promise.all([settleHosts(stage.services), settleHosts(stage.services)]);
    expect(await stateOf(meetingId)).toBe("concluded");
    const ended = await test.sql(
      "SELECT 1 FROM meeting_events WHERE meeting_id = $1 AND type = 'meeting_ended'",
      [meetingId],
    );
    expect(ended).toHaveLength(1);
  });
});

async function hostIdOf(meetingId: string, otherThan: string): Promise<string> {
  const rows = await test.sql<{ user_id: string }>(
    "SELECT user_id FROM meeting_participants WHERE meeting_id = $1 AND role = 'host' AND user_id <> $2",
    [meetingId, otherThan],
  );
  return rows[0]?.user_id ?? "";
}

/** Does `count` of them and fails all others, as a server does that is killed. */
function dyingAfter<A, R>(count: number, work: (argument: A) => Promise<R>) {
  let done = 0;
  return async (argument: A): Promise<R> => {
    done += 1;
    if (done > count) throw new Error("killed");
    return work(argument);
  };
}
