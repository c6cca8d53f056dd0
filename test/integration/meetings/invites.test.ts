import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  nobody,
  person,
  sha256,
  userIdOf,
} from "../support/meetingCalls.ts";

const create = "meetings/invites:createInvite";
const accept = "meetings/invites:acceptInvite";
const revoke = "meetings/invites:revokeInvite";
const list = "meetings/invites:listInvites";
const dayMs = 86_400_000;

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

interface Invite {
  inviteId: string;
  secret: string;
  expiresAt: number;
  maxUses: number;
}
type Host = ReturnType<typeof person>;

async function invited(terms: object = {}, meeting: object = {}) {
  const host: Host = person();
  const meetingId = await meetingOf(stage, host, meeting);
  const invite = await stage.call<Invite>(host, create, { meetingId, ...terms });
  return { host, meetingId, invite, secret: invite.secret };
}

async function usesOf(inviteId: string): Promise<number> {
  const [row] = await test.sql<{ uses: number }>("SELECT uses FROM meeting_invites WHERE id = $1", [
    inviteId,
  ]);
  return row?.uses ?? -1;
}

/** The one answer for everything that does not let somebody in. */
const unknown = {
  code: "NOT_FOUND",
  message: "This invite does not exist, or it is no longer valid",
};

describe("createInvite", () => {
  it("tells a 128-bit secret once and stores its hash only", async () => {
    const { invite, secret } = await invited();
    expect(invite).toMatchObject({ inviteId: expect.stringMatching(/^invite_/), maxUses: 1 });
    expect(secret).toMatch(/^[\w-]{22}$/);
    const stored = await test.sql<{ secret_hash: string }>(
      "SELECT i.*, to_jsonb(i)::text AS everything FROM meeting_invites i WHERE id = $1",
      [invite.inviteId],
    );
    expect(stored[0]?.secret_hash).toBe(sha256(secret));
    expect(JSON.stringify(stored)).not.toContain(secret);
    const [audit] = await test.sql<{ text: string }>(
      "SELECT to_jsonb(a)::text AS text FROM audit_logs a WHERE resource_id = $1",
      [invite.inviteId],
    );
    expect(audit?.text).toContain("invite.created");
    expect(audit?.text).not.toContain(secret);
  });

  it("lasts a week unless said otherwise", async () => {
    const { invite } = await invited();
    const [row] = await test.sql<{ ms: number }>(
      "SELECT (extract(epoch FROM expires_at - created_at) * 1000)::int AS ms FROM meeting_invites WHERE id = $1",
      [invite.inviteId],
    );
    expect(row?.ms).toBeGreaterThanOrEqual(7 * dayMs - 1_000);
    expect(row?.ms).toBeLessThanOrEqual(7 * dayMs + 1_000);
  });

  it("is the host's, with sensible terms, for a meeting that is not over", async () => {
    const { host, meetingId } = await invited();
    const { identity } = await guestOf(stage, host, meetingId);
    expect(await stage.refusal(identity, create, { meetingId })).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
    });
    expect(await stage.refusal(person(), create, { meetingId })).toMatchObject({
      code: "NOT_FOUND",
    });
    expect(await stage.refusal(host, create, { meetingId, role: "host" })).toMatchObject({
      code: "VALIDATION_ERROR",
    });
    expect(await stage.refusal(host, create, { meetingId, maxUses: 101 })).toMatchObject({
      metadata: { field: "maxUses", limit: 100 },
    });
    await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
    expect(await stage.refusal(host, create, { meetingId })).toMatchObject({
      metadata: { reason: "meeting_concluded" },
    });
  });
});

describe("acceptInvite", () => {
  it.each(["participant", "observer"])("lets its holder in as %s", async (role) => {
    const { invite, meetingId, secret } = await invited({ role });
    const guest = person();
    expect(await stage.call(guest, accept, { secret })).toEqual({
      meetingId,
      participantId: expect.stringMatching(/^participant_/),
      role,
    });
    expect(await usesOf(invite.inviteId)).toBe(1);
    await stage.call(guest, "meetings/lifecycle:joinMeeting", { meetingId });
  });

  it("changes nothing for those who are in it, and uses nothing up", async () => {
    const { host, invite, secret } = await invited();
    const guest = person();
    const first = await stage.call(guest, accept, { secret });
    expect(await stage.call(guest, accept, { secret })).toEqual(first);
    expect(await stage.call(host, accept, { secret })).toMatchObject({ role: "host" });
    expect(await usesOf(invite.inviteId)).toBe(1);
  });

  it("answers alike to unknown, expired, revoked and used up", async () => {
    const guest = person();
    expect(await stage.refusal(guest, accept, { secret: "A".repeat(22) })).toMatchObject(unknown);
    const used = await invited();
    await stage.call(person(), accept, { secret: used.secret });
    const revoked = await invited();
    await stage.call(revoked.host, revoke, { inviteId: revoked.invite.inviteId });
    const expired = await invited({ expiresInMs: 1_000 });
    await test.advanceTime(2_000);
    const answers = await Promise.all(
      [used, revoked, expired].map(({ secret }) => stage.refusal(guest, accept, { secret })),
    );
    for (const answer of answers) expect(answer).toMatchObject(unknown);
    expect(await usesOf(used.invite.inviteId)).toBe(1);
  });

  it("gives the last use to one of several who come at once", async () => {
    const { invite, secret } = await invited({ maxUses: 2 });
    const guests = [person(), person(), person(), person()];
    await Promise.all(guests.map((guest) => userIdOf(stage, guest)));
    const results = await Promise.allSettled(
      guests.map((guest) => stage.call(guest, accept, { secret })),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(2);
    expect(await usesOf(invite.inviteId)).toBe(2);
  });

  it("uses one up when the same person accepts twice at once", async () => {
    const { invite, secret } = await invited({ maxUses: 2 });
    const guest = person();
    await userIdOf(stage, guest);
    const results = await Promise.all(
      [1, 2].map(() => stage.call<{ participantId: string }>(guest, accept, { secret })),
    );
    expect(new Set(results.map((result) => result.participantId)).size).toBe(1);
    expect(await usesOf(invite.inviteId)).toBe(1);
  });

  it("respects the cap, together with addParticipant", async () => {
    const { host, invite, meetingId, secret } = await invited(
      { maxUses: 5 },
      { args: { maxParticipants: 2 } },
    );
    const [guest, rival] = [person(), person()];
    const [, userId] = await Promise.all([userIdOf(stage, guest), userIdOf(stage, rival)]);
    const results = await Promise.allSettled([
      stage.call(guest, accept, { secret }),
      stage.call(host, "meetings/lifecycle:addParticipant", {
        meetingId,
        userId,
        role: "participant",
      }),
    ]);
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await stage.refusal(person(), accept, { secret })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "meeting_full", limit: 2 },
    });
    expect(await usesOf(invite.inviteId)).toBe(results[0]?.status === "fulfilled" ? 1 : 0);
  });

  it("does not let somebody back in who was removed, until there is a new invite", async () => {
    const { host, meetingId, secret } = await invited({ maxUses: 5 });
    const guest = person();
    const userId = await userIdOf(stage, guest);
    await stage.call(guest, accept, { secret });
    await stage.call(host, "meetings/lifecycle:removeParticipant", { meetingId, userId });
    expect(await stage.refusal(guest, accept, { secret })).toMatchObject(unknown);
    const later = await stage.call<Invite>(host, create, { meetingId });
    expect(await stage.call(guest, accept, { secret: later.secret })).toMatchObject({ meetingId });
  });

  it("is over when the meeting is", async () => {
    const { host, meetingId, secret } = await invited();
    await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
    expect(await stage.refusal(person(), accept, { secret })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "meeting_concluded" },
    });
  });

  it("needs somebody who is signed in", async () => {
    const { secret } = await invited();
    expect(await stage.refusal(nobody, accept, { secret })).toMatchObject({ code: "UNAUTHORIZED" });
  });
});

describe("revokeInvite", () => {
  it("is the host's, as often as they like", async () => {
    const { host, invite, meetingId, secret } = await invited();
    const { inviteId } = invite;
    const { identity } = await guestOf(stage, host, meetingId);
    expect(await stage.refusal(identity, revoke, { inviteId })).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
      metadata: { requiredRole: "host", currentRole: "participant" },
    });
    const notFound = { code: "NOT_FOUND", message: "Invite not found" };
    expect(await stage.refusal(person(), revoke, { inviteId })).toMatchObject(notFound);
    for (const other of [newId("meetingInvites"), "no id; --"])
      expect(await stage.refusal(host, revoke, { inviteId: other })).toMatchObject(notFound);
    for (let i = 0; i < 2; i++) expect(await stage.call(host, revoke, { inviteId })).toBeNull();
    expect(await stage.refusal(person(), accept, { secret })).toMatchObject(unknown);
    const entries = await test.sql(
      "SELECT 1 FROM audit_logs WHERE resource_id = $1 AND action = 'invite.revoked'",
      [inviteId],
    );
    expect(entries).toHaveLength(1);
  });
});

describe("listInvites", () => {
  it("has those that still let people in, newest first, and no secret", async () => {
    const { host, invite, meetingId, secret } = await invited({ maxUses: 3 });
    const make = (terms: object) => stage.call<Invite>(host, create, { meetingId, ...terms });
    const watchers = await make({ role: "observer" });
    const [revoked, usedUp, expired] = [await make({}), await make({}), await make({})];
    await stage.call(host, revoke, { inviteId: revoked.inviteId });
    await stage.call(person(), accept, { secret: usedUp.secret });
    await stage.call(person(), accept, { secret });
    await test.sql("UPDATE meeting_invites SET expires_at = app_now() WHERE id = $1", [
      expired.inviteId,
    ]);
    const listed = await stage.call<object[]>(host, list, { meetingId });
    expect(listed).toMatchObject([
      { inviteId: watchers.inviteId, role: "observer", uses: 0, maxUses: 1 },
      { inviteId: invite.inviteId, role: "participant", uses: 1, maxUses: 3 },
    ]);
    expect(listed[0]).toMatchObject({ expiresAt: watchers.expiresAt });
    expect(JSON.stringify(listed)).not.toContain(secret);
  });

  it("is the host's", async () => {
    const { host, meetingId } = await invited();
    const { identity } = await guestOf(stage, host, meetingId);
    expect(await stage.refusal(identity, list, { meetingId })).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
    });
    expect(await stage.refusal(person(), list, { meetingId })).toMatchObject({ code: "NOT_FOUND" });
    expect(await stage.refusal(nobody, list, { meetingId })).toMatchObject({
      code: "UNAUTHORIZED",
    });
  });
});
