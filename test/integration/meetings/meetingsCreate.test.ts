import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { newId } from "../../../src/core/ids.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  admin,
  type MeetingStage,
  meetingStage,
  nobody,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

const create = "meetings/lifecycle:createMeeting";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

interface Created {
  meetingId: string;
  videoProvider: string;
  webrtcReady: boolean;
  features: { recording: boolean; transcription: boolean; maxParticipants: number };
}
const createAs = (identity: Parameters<MeetingStage["call"]>[0], args: object = {}) =>
  stage.call<Created>(identity, create, { title: "Planning", ...args });

async function count(table: string): Promise<number> {
  const [row] = await test.sql<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
  return row?.n ?? 0;
}

async function participantsOf(meetingId: string) {
  return test.sql<{ user_id: string; role: string; presence: string }>(
    `SELECT user_id, role, presence FROM meeting_participants WHERE meeting_id = $1 ORDER BY role, user_id`,
    [meetingId],
  );
}

describe("createMeeting on the paid tier", () => {
  it("gives a server room, recording permitted, and makes the caller its host", async () => {
    const alice = person();
    const { meetingId, ...rest } = await createAs(alice);
    expect(meetingId).toMatch(/^meeting_/);
    expect(rest).toEqual({
      videoProvider: "getstream",
      webrtcReady: false,
      features: { recording: true, transcription: true, maxParticipants: 8 },
    });
    const user_id = await userIdOf(stage, alice);
    expect(await participantsOf(meetingId)).toEqual([
      { user_id, role: "host", presence: "invited" },
    ]);
  });

  it("keeps recording off when asked to", async () => {
    const { features } = await createAs(person(), { recordingEnabled: false });
    expect(features.recording).toBe(false);
  });

  it("refuses more people than the provider takes, naming the limit", async () => {
    const refused = await stage.refusal(person(), create, { title: "Big", maxParticipants: 9 });
    expect(refused).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "maxParticipants", limit: 8 },
    });
  });

  it("leaves an event and an audit entry behind", async () => {
    const alice = person();
    const { meetingId } = await createAs(alice);
    const actor = await userIdOf(stage, alice);
    expect(
      await test.sql("SELECT type FROM meeting_events WHERE meeting_id = $1", [meetingId]),
    ).toEqual([{ type: "meeting_created" }]);
    expect(
      await test.sql(
        "SELECT action, actor_user_id, resource_id FROM audit_logs WHERE meeting_id = $1",
        [meetingId],
      ),
    ).toEqual([{ action: "meeting.created", actor_user_id: actor, resource_id: meetingId }]);
  });
});

describe("createMeeting on the free tier", () => {
  it("connects four people peer to peer and never records", async () => {
    const { meetingId: _, ...rest } = await createAs(person({ plan: "free" }), {
      recordingEnabled: true,
      meetingType: "webinar",
    });
    expect(rest).toEqual({
      videoProvider: "webrtc",
      webrtcReady: true,
      features: { recording: false, transcription: true, maxParticipants: 4 },
    });
  });

  it("is not left by being an organisation's admin", async () => {
    const orgId = newId("organizations");
    const boss = person({ orgId, orgRole: "admin", plan: "free" });
    expect((await createAs(boss)).videoProvider).toBe("webrtc");
  });

  it("becomes paid for later meetings only", async () => {
    const alice = person({ plan: "free" });
    const before = await createAs(alice);
    const userId = await userIdOf(stage, alice);
    await stage.call(admin, "users/mutations:setPlan", { userId, plan: "paid" });
    expect((await createAs(alice)).videoProvider).toBe("getstream");
    const [row] = await test.sql("SELECT tier FROM meetings WHERE id = $1", [before.meetingId]);
    expect(row).toEqual({ tier: "free" });
  });
});

describe("createMeeting for whom", () => {
  it("is refused to somebody who is not signed in", async () => {
    expect(await stage.refusal(nobody, create, { title: "x" })).toMatchObject({
      code: "UNAUTHORIZED",
    });
  });

  it("is refused in another's name", async () => {
    const organizerId = await userIdOf(stage, person());
    expect(await stage.refusal(person(), create, { title: "x", organizerId })).toMatchObject({
      code: "FORBIDDEN",
    });
  });

  it("is possible in anybody's name for the administrator", async () => {
    const organizerId = await userIdOf(stage, person());
    const { meetingId } = await createAs(admin, { organizerId });
    expect(await participantsOf(meetingId)).toMatchObject([{ user_id: organizerId }]);
    const [entry] = await test.sql("SELECT actor_user_id FROM audit_logs WHERE meeting_id = $1", [
      meetingId,
    ]);
    expect(entry).toEqual({ actor_user_id: null });
  });

  it("has to be said by the administrator, of a user there is", async () => {
    expect(await stage.refusal(admin, create, { title: "x" })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "organizerId" },
    });
    for (const organizerId of [newId("users"), "no id; --"])
      expect(await stage.refusal(admin, create, { title: "x", organizerId })).toMatchObject({
        code: "NOT_FOUND",
      });
  });
});

describe("a refused createMeeting", () => {
  it("says what is wrong and stores nothing", async () => {
    const alice = person();
    await userIdOf(stage, alice);
    const before = [await count("meetings"), await count("audit_logs")];
    for (const [field, args] of [
      ["title", { title: "  " }],
      ["scheduledAt", { title: "x", scheduledAt: Date.now() - 120_000 }],
      ["maxParticipants", { title: "x", maxParticipants: 0 }],
    ] as const) {
      expect(await stage.refusal(alice, create, args)).toMatchObject({ metadata: { field } });
    }
    expect([await count("meetings"), await count("audit_logs")]).toEqual(before);
  });
});

describe("a server whose people are paid by default", () => {
  it("makes meetings that can be recorded for whoever comes with any issuer's token", async () => {
    const { plan: _none, ...newcomer } = person();
    const paid = meetingStage(test, { CONNVO_DEFAULT_PLAN: "paid" });
    const [there, here] = [paid, stage].map((on) => on.call(newcomer, create, { title: "x" }));
    expect(await there).toMatchObject({ features: { recording: true } });
    expect(await here).toMatchObject({ features: { recording: false } });
  });
});

describe("one user's meetings", () => {
  it("are sixty a minute at most; others and the administrator are not held up", async () => {
    const still = meetingStage(test);
    still.services.clock = { ...systemClock, now: () => 0 };
    const [eager, other] = [person(), person()];
    const organizerId = await userIdOf(still, eager);
    const many = await Promise.allSettled(
      Array.from({ length: 100 }, () => still.call(eager, create, { title: "x" })),
    );
    expect(many.filter(({ status }) => status === "fulfilled")).toHaveLength(60);
    expect(await still.refusal(eager, create, { title: "x" })).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      metadata: { action: create, limit: 60, retryAfterMs: 1000 },
    });
    await still.call(other, create, { title: "x" });
    await still.call(admin, create, { title: "x", organizerId });
  });
});

describe("participantEmails", () => {
  const orgId = newId("organizations");
  const colleague = () => person({ orgId, plan: "paid", email: `${crypto.randomUUID()}@Org.test` });

  it("adds colleagues, whatever the case, and ignores everybody else", async () => {
    const [alice, bob, stranger] = [colleague(), colleague(), person({ email: "eve@org.test" })];
    const bobId = await userIdOf(stage, bob);
    const participantEmails = [
      bob.email?.toUpperCase(),
      alice.email,
      stranger.email,
      "unknown@org.test",
    ];
    await userIdOf(stage, stranger);
    const { meetingId } = await createAs(alice, { participantEmails });
    expect(await participantsOf(meetingId)).toMatchObject([
      { role: "host" },
      { user_id: bobId, role: "participant", presence: "invited" },
    ]);
  });

  it("adds nobody for an address two colleagues claim", async () => {
    const bob = colleague();
    const twin = person({ orgId, plan: "paid", ...(bob.email ? { email: bob.email } : {}) });
    await Promise.all([userIdOf(stage, bob), userIdOf(stage, twin)]);
    const { meetingId } = await createAs(colleague(), { participantEmails: [bob.email] });
    expect(await participantsOf(meetingId)).toHaveLength(1);
  });

  it("adds nobody for an address that is only claimed, and the claim keeps nobody else out", async () => {
    const boss = colleague();
    const { email: _none, emailVerified: _no, ...eve } = colleague();
    const { emailVerified: _unverified, ...mallory } = {
      ...colleague(),
      ...(boss.email ? { email: boss.email } : {}),
    };
    const address = `new-${crypto.randomUUID()}@org.test`;
    for (const email of [address, boss.email ?? ""])
      await stage.call(eve, "users/mutations:upsertUser", { workosUserId: eve.subject, email });
    await stage.call(eve, "users/mutations:upsertUser", {
      workosUserId: eve.subject,
      email: address,
    });
    await userIdOf(stage, mallory);
    const bossId = await userIdOf(stage, boss);
    const { meetingId } = await createAs(colleague(), { participantEmails: [address, boss.email] });
    expect((await participantsOf(meetingId)).slice(1)).toMatchObject([{ user_id: bossId }]);
    // Once the issuer says it, it counts, and whoever goes on saying the same keeps it.
    const verified = { ...eve, email: address, emailVerified: true as const };
    const eveId = await userIdOf(stage, verified);
    await stage.call(eve, "users/mutations:upsertUser", {
      workosUserId: eve.subject,
      email: address,
    });
    const later = await createAs(colleague(), { participantEmails: [address] });
    expect((await participantsOf(later.meetingId)).slice(1)).toMatchObject([{ user_id: eveId }]);
    // Another address is a claim again.
    const other = `other-${crypto.randomUUID()}@org.test`;
    await stage.call(eve, "users/mutations:upsertUser", {
      workosUserId: eve.subject,
      email: other,
    });
    const last = await createAs(colleague(), { participantEmails: [address, other] });
    expect(await participantsOf(last.meetingId)).toHaveLength(1);
  });

  it("adds nobody for organisers whose issuer others share", async () => {
    const bob = person({ email: "bob@shared.test" });
    await userIdOf(stage, bob);
    const { meetingId } = await createAs(person(), { participantEmails: ["bob@shared.test"] });
    expect(await participantsOf(meetingId)).toHaveLength(1);
  });

  it("adds people of this server's own issuer", async () => {
    const issuer = "https://connvo.local.invalid";
    await userIdOf(stage, person({ issuer, email: "bob@local.invalid" }));
    const { meetingId } = await createAs(person({ issuer }), {
      participantEmails: ["bob@local.invalid"],
    });
    expect(await participantsOf(meetingId)).toHaveLength(2);
  });

  it("is refused when not all of them fit", async () => {
    const [bob, carol] = [colleague(), colleague()];
    await Promise.all([userIdOf(stage, bob), userIdOf(stage, carol)]);
    const refused = await stage.refusal(colleague(), create, {
      title: "x",
      maxParticipants: 2,
      participantEmails: [bob.email, carol.email],
    });
    expect(refused).toMatchObject({ metadata: { field: "participantEmails", limit: 2 } });
  });
});
